"""Data that a model lacks, from a table of results: what one model worked out feeds another."""

from __future__ import annotations

import math

import pandas as pd

from sdsim.compare import column_key
from sdsim.ground import label_of, shape_of
from sdsim.model import Model


def data_series(model: Model, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Time series for the data variables for which the model has no values, by element.

    Parameters
    ----------
    table : (n_time, n_column) over time, with columns ``Name[a,b]`` as `sdsim.results.read_table`
        gives them; spellings need not agree, and cells that are NaN are left out.
    """
    columns = {column_key(c): c for c in map(str, table.columns)}
    out = {}
    for variable in model.variables.values():
        if variable.role != "data" or variable.equations:
            continue
        for cell in range(math.prod(shape_of(model, variable))):
            label = label_of(model, variable, cell)
            if (column := columns.get(column_key(label))) is not None:
                out[label] = table[column].dropna()
    return out
