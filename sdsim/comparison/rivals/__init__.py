"""Rivals without theory, to be beaten: one file each, and a row in `RIVALS`.

They are fitted to the same data as the models, on the same scale of errors, and their predictive
densities are exact.

>>> fitted = RIVALS["trend"]().fit(train)
>>> fitted.predict(test).log_density(test.values)
"""

from sdsim.comparison.rivals.autoregression import Autoregression, TrendAutoregression
from sdsim.comparison.rivals.base import Fitted, Rival
from sdsim.comparison.rivals.gravity import Gravity
from sdsim.comparison.rivals.last_growth import LastGrowth
from sdsim.comparison.rivals.last_value import LastValue
from sdsim.comparison.rivals.linear import Linear
from sdsim.comparison.rivals.mean import Mean
from sdsim.comparison.rivals.per_group import PerGroup
from sdsim.comparison.rivals.plain import from_data
from sdsim.comparison.rivals.predictive import Predictive
from sdsim.comparison.rivals.rows import RIVALS, WITH_DRIVERS
from sdsim.comparison.rivals.trend import Trend

__all__ = [
    "RIVALS", "WITH_DRIVERS", "Autoregression", "Fitted", "Gravity", "LastGrowth", "LastValue",
    "Linear", "Mean", "PerGroup", "Predictive", "Rival", "Trend", "TrendAutoregression",
    "from_data",
]  # fmt: skip
