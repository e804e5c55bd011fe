"""What is off its level, or off its trend, returns there: AR(1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import checked
from sdsim.comparison.rivals.regression import Regression, regress
from sdsim.comparison.rivals.trend import times


@dataclass(frozen=True)
class Autoregression:
    """A first-order autoregression around a level, on the scale of the data; times may be uneven.

    Groups share all but their levels, which are partially pooled.
    """

    kind: ClassVar[str] = "ar1"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "AR(1)"

    def fit(self, train: Panel) -> Regression:
        """See `Rival`."""
        train = checked(train, 3, self.name)
        return regress(train, lambda panel: np.empty((len(panel), 0)), persistent=True)


@dataclass(frozen=True)
class TrendAutoregression:
    """The same around a straight line in time, whose slope groups share."""

    kind: ClassVar[str] = "ar1_trend"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "AR(1) around a trend"

    def fit(self, train: Panel) -> Regression:
        """See `Rival`."""
        return regress(checked(train, 4, self.name), times, persistent=True)
