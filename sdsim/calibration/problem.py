"""A calibration as a target of inference: densities and residuals for batches of points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sdsim.calibration.calibration import Calibration
from sdsim.calibration.part import Part
from sdsim.calibration.prediction import Predictor
from sdsim.calibration.runs import Predicted, Runs
from sdsim.calibration.space import Space

Floats = NDArray[np.float64]
#: Makes runs for values of the parameters.
Run = Callable[[Runs, Mapping[str, Floats]], Predicted]


def here(runs: Runs, values: Mapping[str, Floats]) -> Predicted:
    """Make them in this process, with the back end's threads."""
    return runs.predict(values)


@dataclass(frozen=True, eq=False)
class Problem:
    """A calibration as a `sdsim.inference.target.Target`.

    fitted : whether it covers the rows that are fitted, or all of them.
    run : how the model is run; see `sdsim.calibration.executors`.
    """

    calibration: Calibration
    run: Run = here
    fitted: bool = True
    space: Space = field(init=False)
    predictor: Predictor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", self.calibration.space)
        object.__setattr__(self, "predictor", Predictor(self.calibration, self.fitted))

    # --- the target ---------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """See `sdsim.inference.target.Target`; likewise below."""
        return self.space.names

    @property
    def low(self) -> Floats:
        return self.space.low

    @property
    def high(self) -> Floats:
        return self.space.high

    def prior_draws(self, n: int, rng: np.random.Generator) -> Floats:
        return self.space.drawn(rng.random((n, len(self.names))))

    def log_prior(self, points: Floats) -> Floats:
        return self.space.log_prior(points)

    def log_likelihood(self, points: Floats) -> Floats:
        found = self.pointwise(points)
        return np.where(np.isnan(found).any(axis=1), -np.inf, np.nan_to_num(found).sum(axis=1))

    def residuals(self, points: Floats) -> Floats:
        out, fits = self._residuals(points)
        out[~fits | ~np.isfinite(out).all(axis=1)] = np.nan
        return out

    def _residuals(self, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        values = self.space.values(points)
        predicted = self.run(self.predictor.runs, values)
        columns = [self.space.prior_residuals(points)]
        for part, means in self._parted(values, predicted):
            columns.append(part.errors.residuals(part.observed, means, *part.settings(values)))
        return np.concatenate(columns, axis=1), predicted.fits

    # --- groups, see `sdsim.inference.groups.Grouped` -----------------------------------------

    @property
    def axis_group(self) -> NDArray[np.int64]:
        return np.array([a.group for a in self.space.axes], dtype=np.int64)

    @cached_property
    def column_group(self) -> NDArray[np.int64]:
        number = {label: g for g, label in enumerate(self.calibration.labels)}
        one = self.prior_draws(1, np.random.default_rng(0))
        values = self.space.values(one)
        out = [self.axis_group]
        for part in self.parts:
            shape = part.errors.residuals(
                part.observed, part.observed[None], *part.settings(values)
            ).shape[1]
            rows = [number[g] for g in part.group]
            out.append(np.array(rows + [-1] * (shape - len(rows)), dtype=np.int64))
        return np.concatenate(out)

    @property
    def separable(self) -> bool:
        """Whether each residual depends on one group's numbers: not where errors differ by group in
        what one residual counts for all rows."""
        own = {p.label for p in self.calibration.parameters if p.per}
        asked = {word for d in self.calibration.data for word in d.words}
        return not own & asked

    def shared_log_prior(self, points: Floats) -> Floats:
        axes = [(i, a) for i, a in enumerate(self.space.axes) if a.group < 0]
        return np.asarray(sum((a.log_prior(points[:, i]) for i, a in axes), np.zeros(len(points))))

    def grouped_residuals(self, points: Floats) -> Floats:
        return self._residuals(points)[0]

    # --- row by row ---------------------------------------------------------------------------

    def pointwise(self, points: Floats) -> Floats:
        """(n, m) logarithm of the density of each row, of rows held out as a forecast from those
        that are fitted; NaN where a run failed, and -inf where the
        row is impossible."""
        values = self.space.values(points)
        return self.densities(values, self.run(self.predictor.runs, values))

    def densities(self, values: Mapping[str, Floats], predicted: Predicted) -> Floats:
        """(n, m) the same, for predictions that are there already."""
        columns = [
            part.log_density(means, values) for part, means in self._parted(values, predicted)
        ]
        out = np.concatenate(columns, axis=1)
        out[~predicted.fits] = np.nan
        return out

    def means(self, values: Mapping[str, Floats], predicted: Predicted) -> Floats:
        """(n, m) what the model says of each row, coverage included."""
        return np.concatenate([means for _, means in self._parted(values, predicted)], axis=1)

    def draw(
        self, values: Mapping[str, Floats], predicted: Predicted, rng: np.random.Generator
    ) -> Floats:
        """(n, m) new observations, with their errors: of rows held out, as forecasts of the last
        rows that are fitted."""
        return np.concatenate(
            [part.draw(means, values, rng) for part, means in self._parted(values, predicted)],
            axis=1,
        )

    @cached_property
    def parts(self) -> list[Part]:
        """The data sets with rows here."""
        out, first = [], 0
        for d, mask in zip(self.calibration.data, self.predictor.masks, strict=True):
            if rows := np.flatnonzero(mask).tolist():
                at = slice(first, first + len(rows))
                known = self.calibration.fitted(d)[rows]
                out.append(Part(d, tuple(rows), at, self.calibration.labels, known))
                first = at.stop
        return out

    def _parted(
        self, values: Mapping[str, Floats], predicted: Predicted
    ) -> Iterator[tuple[Part, Floats]]:
        """Each data set with the model's values of its rows, coverage included."""
        for part in self.parts:
            yield part, part.covered(predicted.values[:, part.at], values)

    @cached_property
    def observed(self) -> Floats:
        """(m,) observed values."""
        return np.concatenate([part.observed for part in self.parts])
