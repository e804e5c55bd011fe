"""Data that a model lacks, taken from a table of results: one model's output feeds another."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from sdsim.ir.model import Model, Variable, label_of, shape_of
from sdsim.tables.compare import column_key


def lacking(model: Model) -> list[Variable]:
    """The data variables for which the model has no values."""
    return [v for v in model.variables.values() if v.role == "data" and not v.equations]


def labels(model: Model, variable: Variable, cells: Iterable[int] | None = None) -> list[str]:
    """``Name[a,b]`` of the elements at the given flat positions; of all elements by default."""
    every = range(math.prod(shape_of(model, variable)))
    return [label_of(model, variable, cell) for cell in (every if cells is None else cells)]


def data_series(model: Model, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Time series, by element, for the data variables for which the model has no values.

    Parameters
    ----------
    table : (n_time, n_column) over time, with columns ``Name[a,b]`` as
        `sdsim.tables.results.read_table` returns them; spellings may differ, and NaN cells are
        left out.
    """
    columns = {column_key(c): c for c in map(str, table.columns)}
    return {
        label: table[column].dropna()
        for variable in lacking(model)
        for label in labels(model, variable)
        if (column := columns.get(column_key(label))) is not None
    }
