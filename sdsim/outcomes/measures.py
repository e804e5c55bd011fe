"""Measures: one row each, reducing values along an axis to a number or a condition.

A condition is represented by its margin and holds if the margin is above zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sdsim.outcomes.modes import mode
from sdsim.outcomes.values import Numbers, OutsideError, Series, together

_NOTHING = Series(np.zeros(0), np.zeros((0, 0)))


@dataclass(frozen=True)
class Measure:
    """A measure.

    takes, gives : ``number`` or ``condition``.
    compute : (series, second series or an empty one, further numbers) -> (n_member,).
    series : number of series it takes, 1 or 2.
    numbers : fewest and most further numbers.
    window : whether ``from, to`` may follow them.
    size : typical size of such a number, for margins against zero; None uses its own size.
    """

    name: str
    compute: Callable[[Series, Series, list[Numbers]], Numbers]
    takes: str = "number"
    gives: str = "number"
    series: int = 1
    numbers: tuple[int, int] = (0, 0)
    window: bool = True
    size: Callable[[Series], Numbers] | None = None

    def __call__(self, given: list[Series], further: list[Numbers]) -> Numbers:
        """(n_member,) the value for each member.

        Raises
        ------
        OutsideError : a time or place outside the data.
        """
        one, two = given[0], _NOTHING
        if len(given) > 1:
            one, two = together(given[0], given[1])
        most = self.numbers[1]
        window = further[most:] if self.window else []
        if len(window) == 1:
            window = [window[0], np.array(one.axis[-1])]
        bounds = [w if w.size == 1 or not np.ptp(w) else None for w in window]
        if any(w is None for w in bounds) and one.values.shape[1] > 1:  # windows differ by member
            return np.array([
                self(
                    [s.member(i) for s in ((one, two) if self.series == 2 else (one,))],
                    [np.broadcast_to(f, one.values.shape[1:])[i : i + 1] for f in further],
                )[0]
                for i in range(one.values.shape[1])
            ])  # fmt: skip
        if window:
            start, stop = (float(np.asarray(w).reshape(-1)[0]) for w in window)
            if not (np.isfinite(start) and np.isfinite(stop)):
                return np.full(one.values.shape[1], np.nan)
            one = one.between(start, stop)
            two = two.between(start, stop) if self.series == 2 else two
        return self.compute(one, two, further[:most])


# --- numbers ----------------------------------------------------------------------------------


def _total(s: Series) -> Numbers:
    return np.asarray(np.trapezoid(s.values, s.axis, axis=0))


def _mean(s: Series) -> Numbers:
    if len(s.axis) == 1:
        return np.asarray(s.values[0])
    return np.asarray(_total(s) / (s.axis[-1] - s.axis[0]))


def _at_extreme(s: Series, pick: Callable[..., Numbers]) -> Numbers:
    whole = np.isfinite(s.values).all(axis=0)
    return np.where(whole, s.axis[pick(s.values, axis=0)], np.nan)


def _slope(s: Series) -> Numbers:
    if len(s.axis) < 2:
        raise OutsideError("a slope needs two points")
    x = s.axis - s.axis.mean()
    return np.asarray(x @ s.values / (x @ x))


def _slope_size(s: Series) -> Numbers:
    return np.asarray(np.abs(s.values).mean(axis=0) / max(s.axis[-1] - s.axis[0], 1e-300))


def _correlation(a: Series, b: Series) -> Numbers:
    if len(a.axis) < 3:
        raise OutsideError("a correlation needs three points")
    x, y = (v - v.mean(axis=0) for v in (a.values, b.values))
    n = max(x.shape[1], y.shape[1])
    with np.errstate(all="ignore"):
        out = (x * y).sum(axis=0) / np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
    return np.broadcast_to(out, (n,))


def _crossing(up: bool, down: bool) -> Callable[[Series, Series, list[Numbers]], Numbers]:
    def first(s: Series, _: Series, further: list[Numbers]) -> Numbers:
        d = s.values - further[0]
        before, after = d[:-1], d[1:]
        met = np.zeros(before.shape, dtype=bool)
        if up:
            met |= (before < 0) & (after >= 0)
        if down:
            met |= (before > 0) & (after <= 0)
        n = d.shape[1]
        at = np.argmax(met, axis=0) if len(met) else np.zeros(n, dtype=np.int64)
        out = np.full(n, np.nan)
        if len(met):
            member = np.arange(n)
            a, b = before[at, member], after[at, member]
            with np.errstate(all="ignore"):
                share = a / (a - b)
            where = s.axis[at] + share * (s.axis[at + 1] - s.axis[at])
            out = np.where(met.any(axis=0), where, np.nan)
        if up and down:
            out = np.where(d[0] == 0, s.axis[0], out)
        if len(further) > 1:
            out = np.where(np.isnan(out), further[1], out)
        return np.where(np.isfinite(d).all(axis=0), out, np.nan)

    return first


# --- conditions -------------------------------------------------------------------------------


def over(difference: Numbers, threshold: Numbers, size: Numbers) -> Numbers:
    """A margin relative to the threshold, or to ``size`` if that is zero; zero over zero is zero.

    A non-finite value gives NaN, so that neither a maximum nor a minimum hides it.
    """
    below = np.where(threshold == 0, np.abs(size), np.abs(threshold))
    with np.errstate(all="ignore"):
        out = np.where((below == 0) & (difference == 0), 0.0, difference / below)
    return np.where(np.isfinite(out), out, np.nan)


def _goes(s: Series, way: int, against: int = 0) -> Numbers:
    """The margin of only rising (``way`` 1) or falling (-1); ``against``: the end compared with."""
    v = s.values
    size = np.abs(v).max(axis=0)
    if len(v) < 2:
        return np.zeros(v.shape[1])
    gain = over(way * (v[-1] - v[0]), v[against], size)
    best = (np.maximum if way > 0 else np.minimum).accumulate(v, axis=0)
    back = way * (best - v)
    back = np.where(back <= 1e-9 * size, 0.0, back)
    with np.errstate(all="ignore"):
        share = np.where(back > 0, back / np.where(best == 0, size, np.abs(best)), 0.0)
    worst = share.max(axis=0)
    return np.where(np.isnan(gain), np.nan, np.where(worst > 0, -worst, gain))


def _turns(s: Series, way: int) -> Numbers:
    """The margin of rising to one interior peak, then falling; with ``way`` -1, the reverse."""
    n = s.values.shape[1]
    out = np.full(n, np.nan)
    peaks = np.argmax(way * s.values, axis=0)
    for i in range(n):
        mine, k = s.member(i), int(peaks[i])
        if not np.isfinite(mine.values).all():
            continue
        rise = Series(mine.axis[: k + 1], mine.values[: k + 1])
        fall = Series(mine.axis[k:], mine.values[k:])
        if k == 0 or k == len(mine.axis) - 1:
            whole = _goes(mine, way if k == 0 else -way)[0]  # how far it is from rising at all
            out[i] = min(whole, 0.0)
        else:
            out[i] = min(_goes(rise, way)[0], _goes(fall, -way, -1)[0])
    return out


def _interior(s: Series, way: int) -> Numbers:
    v = way * s.values
    best = v.max(axis=0)
    return np.minimum(*(
        over(best - v[end], s.values[end], np.abs(s.values).max(axis=0)) for end in (0, -1)
    ))  # fmt: skip


def _share(s: Series) -> Numbers:
    return np.where(np.isfinite(s.values).all(axis=0), (s.values > 0).mean(axis=0), np.nan)


ROWS = (
    Measure("initial value", lambda s, _, f: s.values[0], window=False),
    Measure("final", lambda s, _, f: s.values[-1], window=False),
    Measure("at", lambda s, _, f: s.at(f[0]), numbers=(1, 1), window=False),
    Measure("peak", lambda s, _, f: s.values.max(axis=0)),
    Measure("trough", lambda s, _, f: s.values.min(axis=0)),
    Measure("time of peak", lambda s, _, f: _at_extreme(s, np.argmax)),
    Measure("time of trough", lambda s, _, f: _at_extreme(s, np.argmin)),
    Measure("mean", lambda s, _, f: _mean(s)),
    Measure("total", lambda s, _, f: _total(s)),
    Measure("slope", lambda s, _, f: _slope(s), size=_slope_size),
    Measure(
        "correlation", lambda a, b, f: _correlation(a, b), series=2,
        size=lambda s: np.ones(s.values.shape[1]),
    ),
    Measure("crossing", _crossing(True, True), numbers=(1, 2)),
    Measure("upward crossing", _crossing(True, False), numbers=(1, 2)),
    Measure("downward crossing", _crossing(False, True), numbers=(1, 2)),
    Measure("mode", lambda s, _, f: mode(s)),
    Measure("share of time", lambda s, _, f: _share(s), takes="condition"),
    Measure("always", lambda s, _, f: s.values.min(axis=0), "condition", "condition"),
    Measure("ever", lambda s, _, f: s.values.max(axis=0), "condition", "condition"),
    Measure("rises", lambda s, _, f: _goes(s, 1), gives="condition"),
    Measure("falls", lambda s, _, f: _goes(s, -1), gives="condition"),
    Measure("rises then falls", lambda s, _, f: _turns(s, 1), gives="condition"),
    Measure("falls then rises", lambda s, _, f: _turns(s, -1), gives="condition"),
    Measure("interior peak", lambda s, _, f: _interior(s, 1), gives="condition"),
    Measure("interior trough", lambda s, _, f: _interior(s, -1), gives="condition"),
)  # fmt: skip
MEASURES = {row.name: row for row in ROWS}
