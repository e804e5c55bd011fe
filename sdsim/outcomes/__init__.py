"""Outcomes: expressions in the model's own notation, brought down to a number for each run.

    text -> formula (tree) -> meaning (does it make sense for this model?) -> evaluate (numbers)

The rows of `sdsim.outcomes.measures` are what brings values over time down to a number.
"""

from sdsim.outcomes.evaluate import Batch, Evaluator
from sdsim.outcomes.formula import parse
from sdsim.outcomes.meaning import Cell, Kind, Scope, fixed_in
from sdsim.outcomes.measures import MEASURES, Measure
from sdsim.outcomes.values import Numbers, OutsideError, Series

__all__ = [
    "MEASURES", "Batch", "Cell", "Evaluator", "Kind", "Measure", "Numbers", "OutsideError", "Scope",
    "Series", "fixed_in", "parse",
]  # fmt: skip
