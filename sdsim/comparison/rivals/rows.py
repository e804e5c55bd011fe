"""The rivals by their names in specs. A new one is a new file and a row here."""

from __future__ import annotations

from typing import Any

from sdsim.comparison.rivals.autoregression import Autoregression, TrendAutoregression
from sdsim.comparison.rivals.gravity import Gravity
from sdsim.comparison.rivals.last_growth import LastGrowth
from sdsim.comparison.rivals.last_value import LastValue
from sdsim.comparison.rivals.linear import Linear
from sdsim.comparison.rivals.mean import Mean
from sdsim.comparison.rivals.trend import Trend

RIVALS: dict[str, type[Any]] = {
    row.kind: row
    for row in (
        LastValue, LastGrowth, Mean, Trend, Autoregression, TrendAutoregression, Gravity, Linear,
    )
}  # fmt: skip
#: Those that need drivers.
WITH_DRIVERS = (Gravity.kind, Linear.kind)
