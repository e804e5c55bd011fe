"""The last value goes on: a random walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import PRIOR_FREEDOM, checked, variance
from sdsim.comparison.rivals.neighbours import neighbours, steps
from sdsim.comparison.rivals.predictive import Predictive


@dataclass(frozen=True)
class LastValue:
    """The last value goes on, with steps that are normal on the scale of the data.

    The variance of a change grows with the time between and has a scaled inverse chi-square prior,
    so that predictions are Student's. All groups share it. Between two known values, it is a
    bridge.
    """

    kind: ClassVar[str] = "last_value"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "last value"

    def fit(self, train: Panel) -> FittedWalk:
        """See `Rival`."""
        train = checked(train, 2, self.name)
        rows, gaps = steps(train)
        change = train.scaled[rows] - train.scaled[rows - 1]
        typical = float(np.median(gaps)) if len(gaps) else 1.0
        squares = float((change**2 / (gaps / typical)).sum())
        found, freedom = variance(squares, len(rows), train)
        return FittedWalk(train, found / typical, freedom)


@dataclass(frozen=True)
class FittedWalk:
    """A random walk. variance : of its change in one unit of time.   freedom : of the variance."""

    train: Panel
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
        with np.errstate(divide="ignore"):
            before, after = 1 / near.since, 1 / near.until
            lost = np.flatnonzero((before == 0) & (after == 0))
            if len(lost):
                what = f"last value: no data of group '{test.groups[lost[0]]}' to go on from"
                raise ModelError(what, remedy="hold out times in place of whole groups")
            share = np.where(np.isinf(before), 1.0, before / (before + after))
        z = self.train.scaled
        location = share * z[near.before] + (1 - share) * z[near.after]
        width = np.sqrt(self.variance / (before + after))
        width = np.maximum(width, 1e-12 * np.sqrt(self.variance))
        one = np.ones(1)
        return Predictive.of(one, location[None], width[None], self.freedom, test.scale)
