"""Changes to a model for a run: from what the user gives to values of its parameters."""

from sdsim.overrides.applied import apply, parameter_vector, values_for
from sdsim.overrides.changes import Overrides, sorted_out
from sdsim.overrides.filled import data_series, labels, lacking
from sdsim.overrides.places import is_parameter, locate
from sdsim.overrides.together import Together, in_case, together
from sdsim.overrides.values import Points, checked_seed, many_numbers, mapping, number

__all__ = [
    "Overrides", "Points", "Together", "apply", "checked_seed", "data_series", "in_case",
    "is_parameter", "labels", "lacking", "locate", "many_numbers", "mapping", "number",
    "parameter_vector", "sorted_out", "together", "values_for",
]  # fmt: skip
