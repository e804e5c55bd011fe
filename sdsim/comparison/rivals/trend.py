"""A trend: on the scale of logarithms, steady growth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import checked
from sdsim.comparison.rivals.regression import Regression, regress


@dataclass(frozen=True)
class Trend:
    """A straight line in time on the scale of the data; log-linear on that of logarithms.

    Groups share the slope and have their own levels, partially pooled.
    """

    kind: ClassVar[str] = "trend"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "trend"

    def fit(self, train: Panel) -> Regression:
        """See `Rival`."""
        return regress(checked(train, 3, self.name), times, persistent=False)


def times(panel: Panel) -> NDArray[np.float64]:
    """(m, 1) the column of a trend."""
    return panel.times[:, None]
