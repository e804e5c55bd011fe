"""Observations of a model's variables: a table of values with their sources and confidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdsim.base import files, limits
from sdsim.base.errors import ModelError

#: Columns that a file must have; any others are available by name.
COLUMNS = ("variable", "year", "value", "unit", "source", "confidence", "use")


@dataclass(frozen=True)
class Observation:
    """One observed value.

    variable : the name in the model.   year : model time.   value : in ``unit``.
    confidence : how the value is known, such as CONFIDENT (read in the source), MEMORY
        (recalled), DERIVED (computed).   use : its purpose, such as ``fit`` or ``show only``.
    more : the file's other columns, as text.
    """

    variable: str
    year: float
    value: float
    unit: str
    source: str
    confidence: str
    use: str
    more: Mapping[str, str]

    def number(self, column: str, otherwise: float) -> float:
        """The value of another column as a number; ``otherwise`` if it is empty."""
        return float(self.more[column] or otherwise)


def read_observations(path: str | Path) -> tuple[Observation, ...]:
    """The rows of a CSV file with the columns `COLUMNS`.

    Raises
    ------
    ModelError : a missing column, or a year or value that is not a number; the line is named.
    """
    path = Path(path)
    rows = csv.DictReader(io.StringIO(files.read_text(path, limits.DATA_BYTES)))
    missing = [c for c in COLUMNS if c not in (rows.fieldnames or ())]
    if missing:
        what = f"has no column {missing[0]}"
        raise ModelError(what, remedy=f"it needs {', '.join(COLUMNS)}", file=path.name, line=1)
    return tuple(_observation(row, path.name, rows.line_num) for row in rows)


def _observation(row: Mapping[str, str], file: str, line: int) -> Observation:
    numbers = []
    for column in ("year", "value"):
        try:
            numbers.append(float(row[column]))
        except (TypeError, ValueError):
            what = f"column {column}: expected a number, got '{row[column]}'"
            raise ModelError(what, remedy="write one such as 1990", file=file, line=line) from None
    more = {k: v or "" for k, v in row.items() if k not in COLUMNS and isinstance(k, str)}
    return Observation(
        row["variable"], numbers[0], numbers[1], row["unit"], row["source"], row["confidence"],
        row["use"], more,
    )  # fmt: skip
