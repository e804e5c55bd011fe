"""A linear model with the same inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import checked
from sdsim.comparison.rivals.regression import Regression, regress


@dataclass(frozen=True)
class Linear:
    """The outcome, on its scale, is linear in the drivers as they are.

    drivers : names; by default, all that the data have.   persistent : whether errors may be
        autocorrelated.
    """

    drivers: tuple[str, ...] = ()
    persistent: bool = True

    kind: ClassVar[str] = "linear"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return "linear in the inputs" + ("" if self.persistent else ", independent errors")

    def fit(self, train: Panel) -> Regression:
        """See `Rival`."""
        names = self.drivers or tuple(train.drivers)

        def columns(panel: Panel) -> NDArray[np.float64]:
            made = [panel.driver(name) for name in names]
            return np.array(made).reshape(len(names), len(panel)).T

        return regress(checked(train, 3, self.name), columns, persistent=self.persistent)
