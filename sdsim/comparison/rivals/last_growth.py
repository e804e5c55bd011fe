"""The last growth rate goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import PRIOR_FREEDOM, checked, variance
from sdsim.comparison.rivals.neighbours import neighbours, steps
from sdsim.comparison.rivals.predictive import Predictive

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LastGrowth:
    """The last growth rate goes on (on the level, the last change), and itself walks at random.

    Growth changes by normal steps, so that h steps ahead the variance is h (h + 1) (2h + 1) / 6
    times that of one step; this is exact at even times, and taken over to uneven ones with the
    typical (median) step as the unit. All groups share it.
    """

    kind: ClassVar[str] = "last_growth"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "last growth rate"

    def fit(self, train: Panel) -> FittedGrowth:
        """See `Rival`."""
        train = checked(train, 3, self.name)
        rows, gaps = steps(train)
        growth = np.full(len(train), np.nan)
        growth[rows] = (train.scaled[rows] - train.scaled[rows - 1]) / gaps
        step = float(np.median(gaps)) if len(gaps) else 1.0
        known = np.isfinite(growth[rows - 1])
        surprise = ((growth[rows] - growth[rows - 1]) * gaps)[known]
        squares = float((surprise**2 / _spread(gaps[known] / step)).sum())
        return FittedGrowth(train, growth, step, *variance(squares, len(surprise), train))


@dataclass(frozen=True)
class FittedGrowth:
    """Growth that goes on.

    growth : (n,) rates up to each datum, per unit of time; NaN without one.   step : the typical
    one.   variance : one step ahead.   freedom : of the variance.
    """

    train: Panel
    growth: Floats
    step: float
    variance: float
    freedom: float
    parameters: ClassVar[int] = 1

    @property
    def informed(self) -> float:
        """See `Fitted`."""
        return 1 - PRIOR_FREEDOM / self.freedom

    def predict(self, test: Panel) -> Predictive:
        """See `Fitted`."""
        near = neighbours(self.train, test)
        growth = np.where(np.isfinite(near.since), self.growth[near.before], np.nan)
        if np.isnan(growth).any():
            at = int(np.flatnonzero(np.isnan(growth))[0])
            of = f"of group '{test.groups[at]}' " if test.groups[at] else ""
            what = f"last growth rate: no two data {of}before time {test.times[at]:g}"
            raise ModelError(what, remedy="hold out later times")
        ahead = near.since
        location = self.train.scaled[near.before] + growth * ahead
        width = np.sqrt(self.variance * np.maximum(_spread(ahead / self.step), 1e-24))
        one = np.ones(1)
        return Predictive.of(one, location[None], width[None], self.freedom, test.scale)


def _spread(h: Floats) -> Floats:
    """The variance h steps ahead, in that of one step."""
    return h * (h + 1) * (2 * h + 1) / 6
