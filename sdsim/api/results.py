"""Functions on results: comparison, and tables of values over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path as _Path
from typing import Any

import pandas as pd
import xarray as xr

from sdsim.base.errors import ModelError
from sdsim.readers.source import XMILE
from sdsim.run.result import Run
from sdsim.run.simulate import simulate
from sdsim.run.system import System, load
from sdsim.tables.compare import Column, tolerable
from sdsim.tables.compare import compare as compare_tables
from sdsim.tables.compare import passed as all_passed
from sdsim.tables.results import read_table, table

Path = str | PathLike[str]
#: Anything that has values over time, or can be run to get them.
Series = Path | System | Run | xr.Dataset | pd.DataFrame


@dataclass(frozen=True)
class Comparison:
    """The comparison of two results, with a `Column` for each column of the second.

    passed : whether every column is within the tolerance.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> found = sdsim.compare(sdsim.simulate(model, {"Room Temperature": 60}), model, rtol=0.01)
    >>> found.passed
    False
    >>> print(found)
    Teacup Temperature: off by 0.0528 of its range at time 30
    Room Temperature: off by 0.143 of its range at time 0
    Heat Loss to Room: off by 0.0909 of its range at time 0
    1 of 4 columns within rtol 0.01, atol 1e-08
    """

    columns: tuple[Column, ...]
    rtol: float
    atol: float

    @property
    def passed(self) -> bool:
        """Whether every column is within the tolerance."""
        return all_passed(self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, place: int) -> Column:
        return self.columns[place]

    def __str__(self) -> str:
        compared = [c for c in self.columns if c.values or not c.ok]
        if not compared:
            return "nothing to compare: the reference has no values"
        lines = [
            f"{c.name}: {c.problem or f'off by {c.worst:.3g} of its range at time {c.at:g}'}"
            for c in compared if not c.ok
        ]  # fmt: skip
        good = sum(c.ok for c in compared)
        within = f"rtol {self.rtol:g}, atol {self.atol:g}"
        return "\n".join([*lines, f"{good} of {len(compared)} columns within {within}"])

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        rows = [c.__dict__ | {"worst": _finite(c.worst), "at": _finite(c.at)} for c in self.columns]
        return {"passed": self.passed, "rtol": self.rtol, "atol": self.atol, "columns": rows}


def _finite(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None


def compare(
    result: Series, reference: Series, rtol: float = 1e-5, atol: float = 1e-8
) -> Comparison:
    """Compare a result with a reference, in every column of the reference at all of its times.

    Two values agree if |a - b| <= atol + rtol * max|b|, the maximum over the reference's column.
    Blank cells of the reference are not compared; a column or time that the result lacks fails.

    Parameters
    ----------
    result, reference : the path of a model (which is run) or of a table of results (CSV, tab,
        Parquet, netCDF, Vensim's ``.dat``); a `System`, which is run; a `Run`, its dataset, or a
        data frame over time.
    rtol : relative to the largest value of a column.   atol : in the column's own units.

    Raises
    ------
    ModelError : a file that cannot be used, a tolerance below 0, text among the reference's cells.

    Examples
    --------
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"))
    >>> run.save("teacup.csv").name
    'teacup.csv'
    >>> print(sdsim.compare("teacup.mdl", "teacup.csv"))
    4 of 4 columns within rtol 1e-05, atol 1e-08
    """
    tolerable(rtol, atol)
    mine, known = table_of(result), table_of(reference)
    return Comparison(tuple(compare_tables(mine, known, rtol, atol)), rtol, atol)


def is_model(path: Path) -> bool:
    """Whether a path is a model file, judging by its suffix."""
    return _Path(path).suffix.lower() in (".mdl", *XMILE)


def table_of(what: Series) -> pd.DataFrame:
    """A table of values with a row per time and a column per element.

    Raises
    ------
    ModelError : it has no values over time.
    """
    if isinstance(what, pd.DataFrame):
        return what
    if isinstance(what, str | PathLike):
        if not is_model(what):
            return read_table(_Path(what))
        what = load(what)
    if isinstance(what, System):
        what = simulate(what)
    if isinstance(what, Run):
        what = what.dataset
    if isinstance(what, xr.Dataset):
        return table(what)
    got = type(what).__name__
    raise ModelError(f"expected a result, got {got}", remedy="give a path, a Run or a data frame")
