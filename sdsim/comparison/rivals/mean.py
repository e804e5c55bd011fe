"""No change, but for noise: a mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import checked
from sdsim.comparison.rivals.regression import Regression, regress


@dataclass(frozen=True)
class Mean:
    """Each group has its own mean, partially pooled, with independent errors."""

    kind: ClassVar[str] = "mean"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "mean"

    def fit(self, train: Panel) -> Regression:
        """See `Rival`."""
        train = checked(train, 2, self.name)
        return regress(train, lambda panel: np.empty((len(panel), 0)), persistent=False)
