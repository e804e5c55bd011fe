"""A regression of gravity: logarithms on logarithms of drivers, such as sizes and distance.

Anderson, J. E. (2011). The gravity model. Annual Review of Economics 3, 133-160.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import Fitted, checked
from sdsim.comparison.rivals.lagged import regress_on_last
from sdsim.comparison.rivals.regression import regress


@dataclass(frozen=True)
class Gravity:
    """The outcome's logarithm is linear in the logarithms of drivers.

    drivers : names; by default, all that the data have.
    lagged : whether the outcome's own value one step before is a driver, too, as of a stock.
    persistent : whether errors may be autocorrelated; with ``lagged``, they are not.
    """

    drivers: tuple[str, ...] = ()
    lagged: bool = False
    persistent: bool = True

    kind: ClassVar[str] = "gravity"

    @property
    def name(self) -> str:
        """See `Rival`."""
        if self.lagged:
            return "gravity with last stock"
        return "gravity" if self.persistent else "gravity, independent errors"

    def fit(self, train: Panel) -> Fitted:
        """See `Rival`."""
        if train.scale != "log":
            what = f"gravity: data on the scale '{train.scale}'"
            raise ModelError(what, remedy="it needs values above 0 and the scale 'log'")
        names = self.drivers or tuple(train.drivers)

        def columns(panel: Panel) -> NDArray[np.float64]:
            made = [_log(panel, name) for name in names]
            return np.array(made).reshape(len(names), len(panel)).T

        train = checked(train, 4 if self.lagged else 3, self.name)
        if self.lagged:
            return regress_on_last(train, columns)
        return regress(train, columns, persistent=self.persistent)


def _log(panel: Panel, name: str) -> NDArray[np.float64]:
    """(m,) logarithms of a driver."""
    column = panel.driver(name)
    if not (column > 0).all():
        at = int(np.flatnonzero(~(column > 0))[0])
        what = f"gravity: driver '{name}' is {column[at]:g} at time {panel.times[at]:g}"
        raise ModelError(what, remedy="gravity needs drivers above 0; leave it out")
    return np.asarray(np.log(column))
