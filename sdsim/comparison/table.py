"""One row per contestant: scores on the same held-out data, and what the data can rule out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, nearest
from sdsim.comparison.contestants import Contestant
from sdsim.comparison.panel import SCALES
from sdsim.comparison.stacking import stacking
from sdsim.inference.paired import Difference, difference
from sdsim.inference.scores import Coverage, coverage, crps, quantiles, ranks

Floats = NDArray[np.float64]
#: Where errors are measured if some draw has no place on a scale: counts of 0, shares of 0 or 1.
INSTEAD = {"log": "log1p", "logit": "level"}


@dataclass(frozen=True)
class Score:
    """A score of one contestant, with intervals over the data.

    value, low, high : the score and its interval.
    to_best : the sum of its differences from the best contestant's, datum by datum.
    to_base : the same from the base's; None without one.
    """

    value: float
    low: float
    high: float
    to_best: Difference
    to_base: Difference | None


@dataclass(frozen=True)
class Row:
    """How one contestant did.

    log_density : the sum over held-out data; larger is better.
    rms_error : root mean square error of the median, on the scale of the data: about a relative
        error if that is logarithmic; smaller is better. Its differences are of squared errors.
    crps : mean continuous ranked probability score, on the same scale; smaller is better.
    coverage : how many data lie in central intervals.
    weight : in the mixture that predicts best (stacking).
    parameters, informed : see `Contestant`.
    ruled_out : whether the interval of its log density's difference from the best excludes 0.
    surely : whether it still does when widened for the choice of the best among all (Bonferroni,
        over all pairs).
    """

    name: str
    log_density: Score
    rms_error: Score
    crps: Score
    coverage: Coverage
    weight: float
    parameters: float | None
    informed: float | None
    ruled_out: bool
    surely: bool


@dataclass(frozen=True)
class Table:
    """A comparison; rows by log density, the best first.

    n, series : held-out data, and the series they form.
    scale : the key of `SCALES` on which errors were measured.
    level : of all intervals.   base : the contestant that others are compared with, besides the
    best; empty if there is none.
    """

    rows: tuple[Row, ...]
    n: int
    series: int
    scale: str
    level: float
    base: str

    def row(self, name: str) -> Row:
        """The row of a contestant.

        Raises
        ------
        ModelError : there is none of the name.
        """
        rows = {r.name: r for r in self.rows}
        if name not in rows:
            remedy = nearest(name, rows) or f"there are {', '.join(rows)}"
            raise ModelError(f"no contestant '{name}'", remedy=remedy)
        return rows[name]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the data can and cannot rule out, the best first."""
        best = self.rows[0]
        total = f"{best.log_density.value:.1f} over {self.n} held-out data"
        return (f"{best.name} predicts best: log density {total}.",
                *(self._verdict(row) for row in self.rows[1:]))  # fmt: skip

    def _verdict(self, row: Row) -> str:
        gap = row.log_density.to_best
        if gap.total == -np.inf:
            return f"The data rule out {row.name}: it holds some of them for impossible."
        lower = f"its log density is {-gap.total:.1f} lower"
        if not np.isfinite(gap.low):
            return f"The data are too few to judge {row.name}: {lower}."
        within = f"{lower} ({self.level:.0%} interval {-gap.high:.1f} to {-gap.low:.1f})"
        if not row.ruled_out:
            return f"The data cannot rule out {row.name}: {within}."
        chosen = f"the choice of the best among {len(self.rows)}"
        doubt = "" if row.surely else f", though not once {chosen} is allowed for"
        return f"The data rule out {row.name}: {within}{doubt}."

    def to_data(self) -> dict[str, Any]:
        """As plain data for JSON, with the sentences; None in place of what is not finite."""
        return {**_plain(asdict(self)), "sentences": list(self.sentences)}


def table(
    observed: Floats,
    contestants: Sequence[Contestant],
    *,
    scale: str = "log",
    series: Sequence[object] | None = None,
    base: str = "",
    level: float = 0.95,
) -> Table:
    """Compare contestants on the same held-out data.

    Parameters
    ----------
    observed : (m,) held-out data, model units, in order of time within a series.
    contestants : what each predicted of them.
    scale : a key of `SCALES`: where errors are measured, or the one of `INSTEAD` if a draw has no
        place on it.
    series : (m,) what tells series apart, such as groups; by default all data are one series.
    base : the name of a contestant that all are also compared with.
    level : of the intervals; they are over held-out data (see `sdsim.inference.paired`).

    Raises
    ------
    ModelError : fewer than two contestants, or two of one name; shapes that differ; predictions
        that are not finite; a base that is not there.
    """
    observed = np.asarray(observed, dtype=np.float64)
    scale = _measured(scale, contestants)
    _check(observed, contestants, scale)
    scores = [_each(observed, c, scale) for c in contestants]
    total = [s["log_density"].sum() for s in scores]
    order = np.argsort(total, kind="stable")[::-1]
    best = scores[order[0]]
    names = [c.name for c in contestants]
    if base and base not in names:
        raise ModelError(f"no contestant '{base}'", remedy=nearest(base, names) or "name one")
    against = scores[names.index(base)] if base else None
    weights = stacking(np.array([s["log_density"] for s in scores]))
    strict = 1 - (1 - level) / (len(names) * (len(names) - 1) / 2)

    def score(own: dict[str, Floats], what: str, mean: bool) -> Score:
        alone = difference(own[what], np.zeros_like(observed), series, level=level)
        ends = np.array([alone.total, alone.low, alone.high]) / (alone.n if mean else 1)
        value, low, high = ends.tolist()
        to_best = difference(own[what], best[what], series, level=level)
        to_base = difference(own[what], against[what], series, level=level) if against else None
        return Score(value, low, high, to_best, to_base)

    rows = []
    for at in order:
        one, own = contestants[at], scores[at]
        gap = difference(own["log_density"], best["log_density"], series, level=strict)
        density = score(own, "log_density", False)
        rows.append(Row(
            one.name, density, _root(score(own, "square", True)), score(own, "crps", True),
            coverage(own["rank"]), float(weights[at]), one.parameters, one.informed,
            density.to_best.high < 0, gap.high < 0,
        ))  # fmt: skip
    count = len(set(series)) if series is not None else 1
    return Table(tuple(rows), len(observed), count, scale, level, base)


def _each(observed: Floats, one: Contestant, scale: str) -> dict[str, Floats]:
    """(m,) the scores of each datum."""
    there = SCALES[scale].there
    middle = quantiles(one.draws, [0.5], one.weights)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "log_density": np.asarray(one.log_density, dtype=np.float64),
            "square": (there(middle) - there(observed)) ** 2,
            "crps": crps(there(observed), there(one.draws), one.weights),
            "rank": ranks(observed, one.draws, one.weights),
        }


def _root(square: Score) -> Score:
    """The score of a mean square as that of its root."""
    low, value, high = np.sqrt(np.maximum([square.low, square.value, square.high], 0.0)).tolist()
    return Score(value, low, high, square.to_best, square.to_base)


def _measured(scale: str, contestants: Sequence[Contestant]) -> str:
    """The scale itself, or another if it has no place for some draw that is one of a count or a
    share."""
    if scale not in SCALES:
        remedy = nearest(scale, SCALES) or f"one of {', '.join(SCALES)}"
        raise ModelError(f"unknown scale '{scale}'", remedy=remedy)
    draws = [np.asarray(c.draws) for c in contestants]
    edge = any(((d == 0) | ((d == 1) & (scale == "logit"))).any() for d in draws)
    return INSTEAD.get(scale, scale) if edge else scale


def _check(observed: Floats, contestants: Sequence[Contestant], scale: str) -> None:
    names = [c.name for c in contestants]
    if len(names) < 2 or len(set(names)) < len(names):
        twice = next((n for n in names if names.count(n) > 1), "")
        what = f"two contestants are called '{twice}'" if twice else f"{len(names)} contestants"
        raise ModelError(what, remedy="give two or more, each its own name")
    for one in contestants:
        shapes = np.shape(one.log_density), np.shape(one.draws)[1:]
        if shapes != (observed.shape, observed.shape) or observed.ndim != 1:
            what = f"{one.name}: predictions of shapes {shapes[0]} and {np.shape(one.draws)}"
            raise ModelError(f"{what} for {len(observed)} data", remedy="give one of each datum")
        with np.errstate(divide="ignore", invalid="ignore"):
            placed = np.isfinite(SCALES[scale].there(one.draws)).all()
        if np.isnan(one.log_density).any() or not placed:
            what = f"{one.name}: predictions without a place on the scale '{scale}'"
            remedy = f"it needs {SCALES[scale].takes}: use another scale, or leave out failed runs"
            raise ModelError(what, remedy=remedy)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
