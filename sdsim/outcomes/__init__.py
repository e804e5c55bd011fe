"""Outcomes: expressions in the model's own notation, reduced to one number per run.

    text -> formula (tree) -> meaning (does it make sense for this model?) -> evaluate (numbers)

The measures that reduce values over time to a number are the rows of `sdsim.outcomes.measures`.
"""

from sdsim.outcomes.evaluate import Batch, Evaluator
from sdsim.outcomes.formula import parse_expressions
from sdsim.outcomes.meaning import Cell, Kind, Scope, fixed_in
from sdsim.outcomes.measures import MEASURES, Measure
from sdsim.outcomes.values import Numbers, OutsideError, Series

__all__ = [
    "MEASURES", "Batch", "Cell", "Evaluator", "Kind", "Measure", "Numbers", "OutsideError", "Scope",
    "Series", "fixed_in", "parse_expressions",
]  # fmt: skip
