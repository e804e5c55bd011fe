"""Designs given as a table: a column per factor, a row per member."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, counted, one_line, said
from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Floats, check_factors
from sdsim.design.distributions import Uniform
from sdsim.design.factors import Factor, Uncertainty
from sdsim.tables.results import read_parquet


@dataclass(frozen=True, eq=False)
class Table:
    """A design whose members are listed one by one.

    rows : (n_member, n_factor), model units.

    Raises
    ------
    ModelError : rows that are not a table of finite numbers, or do not fit the factors.

    Examples
    --------
    >>> import pandas as pd
    >>> sdsim.Table.of(pd.DataFrame({"Duration": [5.0, 7.0, 9.0]})).count
    3
    """

    kind: ClassVar[str] = "table"
    alike: ClassVar[int] = 1
    factors: tuple[Factor, ...]
    rows: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", _cells(self.rows))
        check_factors(self.factors, len(self.rows))
        if self.rows.shape[1] != len(self.factors):
            raise ModelError(
                f"a table of shape {self.rows.shape} for {len(self.factors)} factors",
                remedy="give a column for each factor",
            )
        if not np.isfinite(self.rows).all():
            row, column = np.argwhere(~np.isfinite(self.rows))[0]
            raise ModelError(
                f"row {row + 1}: expected a finite number, got {self.rows[row, column]}",
                variable=self.factors[column].name,
                remedy="correct it",
            )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Table)
            and self.factors == other.factors
            and np.array_equal(self.rows, other.rows)
        )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Table:
        """A design from a data frame, whose columns are the names."""
        if not isinstance(rows, pd.DataFrame):
            what = f"expected a data frame, got {said(rows)}"
            raise ModelError(what, remedy='write pandas.DataFrame({"Duration": [5.0, 7.0]})')
        out = numbers_in(rows)
        ends = zip(out.min(axis=0), out.max(axis=0), strict=True)
        return cls(tuple(
            Uncertainty(str(name), Uniform(float(low), float(high)))
            if np.isfinite(low) and np.isfinite(high) else Uncertainty(str(name), Uniform(0, 0))
            for name, (low, high) in zip(rows.columns, ends, strict=True)
        ), out)  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read a design from a CSV (``.csv``, ``.tab``) or Parquet file.

        Raises
        ------
        ModelError : it cannot be read, or holds anything but numbers.
        """
        try:
            if path.suffix == ".parquet":
                return cls.of(read_parquet(path))
            separator = "\t" if path.suffix in (".tab", ".tsv") else ","
            text = files.read_text(path, limits.TABLE_BYTES)
            return cls.of(read_rows(text, separator))
        except ModelError as e:
            raise e.at(file=path.name) from None
        except OSError as e:
            raise ModelError(
                f"cannot be read: {e.strerror or e}", file=path.name, remedy="check the path"
            ) from None

    @property
    def count(self) -> int:
        """How many members."""
        return len(self.rows)

    def unit(self, first: int, stop: int) -> Floats:
        """Positions between the least and the largest value of each column."""
        low, high = self.rows.min(axis=0), self.rows.max(axis=0)
        size = np.where(high > low, high - low, 1.0)
        return np.asarray((self.rows[first:stop] - low) / size)

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return self.rows[first:stop]

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"rows": self.rows.tolist()}


def _cells(rows: Any) -> Floats:
    """(n_member, n_factor) the rows as an array."""
    try:
        found = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 2:
        what = f"rows: expected a row of numbers for each member, got {said(rows)}"
        raise ModelError(what, remedy="write [[1, 2], [3, 4]], a column for each factor")
    return found


def numbers_in(frame: pd.DataFrame) -> Floats:
    """(n_row, n_column) the numbers in a data frame.

    Raises
    ------
    ModelError : anything but finite numbers; no rows.
    """
    out = np.empty(frame.shape)
    for k, name in enumerate(frame.columns):
        column = frame.iloc[:, k]
        numbers = pd.to_numeric(column, errors="coerce")
        strange = ~np.isfinite(numbers.to_numpy(np.float64)) | (column.dtype == np.bool_)
        if strange.any():
            row = int(np.argmax(strange))
            what = f"row {row + 1}: expected a finite number, got {column.iloc[row]}"
            raise ModelError(what, variable=str(name), remedy="correct it")
        out[:, k] = numbers
    if not len(frame):
        raise ModelError("the table has no rows", remedy="write one for each member")
    return out


def read_rows(text: str, separator: str) -> pd.DataFrame:
    """Read a text table as pandas does: a name for each column, a row for each line.

    Raises
    ------
    ModelError : it is not a table; rows with more cells than there are names.
    """
    try:
        found = pd.read_csv(io.StringIO(text), sep=separator)
    except (ValueError, pd.errors.ParserError) as e:
        raise ModelError(
            f"not a table: {one_line(str(e), 200)}", remedy="save it as CSV again"
        ) from None
    if not isinstance(
        found.index, pd.RangeIndex
    ):  # pandas would call the first cells names of rows
        names_given = f"{len(found.columns)} names"
        raise ModelError(f"rows have more cells than the {names_given} above", remedy="name each")
    return found


def _made(factors: tuple[Factor, ...], s: Section) -> Table:
    s.only("rows")
    rows = s.items("rows")
    try:
        return Table(factors, np.array(rows, dtype=np.float64).reshape(-1, len(factors)))
    except (ValueError, TypeError) as e:
        if isinstance(e, ModelError):
            raise
        what = f"expected rows of {counted(len(factors), 'number')}"
        raise s.fault(what, "rows", "write one for each factor, or name a file") from None


DESIGNS[Table.kind] = _made
