"""The data files of presets: CSV files in the preset's folder or the model's, each read once."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, one_line, suggested
from sdsim.base.toml import Section

#: A row of a CSV file: its cells by column.
Row = Mapping[str, str]


@dataclass
class DataFiles:
    """The CSV files that a preset or template may read.

    preset : path of the file that names them. They are looked for first in its folder, then in the
        model's folder, which is its parent; nothing outside that is read.
    """

    preset: Path
    _rows: dict[Path, list[Row]] = field(default_factory=dict)
    _found: dict[tuple[Path, tuple[str, ...]], dict[tuple[str, ...], list[int]]] = field(
        default_factory=dict
    )

    def path(self, own: Section, key: str = "file") -> Path:
        """The file that a key of a section names.

        Raises
        ------
        ModelError : there is none, or it is outside the model's folder.
        """
        named = own.words(key)
        inside = self.preset.resolve().parent.parent
        file = (self.preset.parent / named).resolve()
        if not file.is_file():
            file = (inside / named).resolve()
        if inside not in file.parents or not file.is_file():
            raise own.fault(
                f"no file '{named}' in the model's folder; looked in "
                f"{self.preset.resolve().parent} and {inside}",
                remedy="give its path from one of them; a file outside is not read",
            )
        return file

    def rows(self, own: Section, file: Path) -> list[Row]:
        """The rows of a file; the first is on line 2.

        Raises
        ------
        ModelError : it cannot be read as CSV; at the place of the section that names it.
        """
        if file not in self._rows:
            try:
                text = files.read_text(file, limits.DATA_BYTES)
                self._rows[file] = list(csv.DictReader(text.splitlines()))
            except csv.Error as e:
                what = f"{file.name} cannot be read as CSV: {e}"
                raise own.fault(what, remedy="save it as CSV again") from None
            except ModelError as e:
                raise own.fault(f"{file.name} {e.what}", remedy=e.remedy) from None
        return self._rows[file]

    def columns(self, own: Section) -> tuple[list[float], list[float]]:
        """Two columns of the rows that a section wants: its ``file``, ``time``, ``column`` and
        ``where``.

        Raises
        ------
        ModelError : no such file, column or row, or a cell that is not a number.
        """
        file = self.path(own)
        time, column = own.words("time", "time"), own.words("column", "value")
        where = {k: str(v) for k, v in own.section("where").data.items()}
        rows = self.rows(own, file)
        check_columns(own, file.name, rows, (time, column, *where))
        x, y = [], []
        for n in self._fitting(file, rows, where):
            row = rows[n]
            try:
                x.append(float(row[time]))
                y.append(float(row[column]))
            except (TypeError, ValueError):
                got = f"'{one_line(str(row[time]), 40)}' and '{one_line(str(row[column]), 40)}'"
                what = f"{file.name}:{n + 2}: expected numbers, got {got}"
                raise own.fault(what, remedy=f"correct '{time}' and '{column}' there") from None
        if not x:
            raise _nothing_found(own, file.name, rows, where)
        return x, y

    def _fitting(self, file: Path, rows: Sequence[Row], where: Mapping[str, str]) -> Sequence[int]:
        """The numbers of the rows with the wanted values; hundreds of presets ask one file."""
        if not where:
            return range(len(rows))
        key = (file, tuple(where))
        if key not in self._found:
            found = self._found[key] = {}
            for n, row in enumerate(rows):
                found.setdefault(tuple(row[k] for k in where), []).append(n)
        return self._found[key].get(tuple(where.values()), ())


def check_columns(own: Section, file: str, rows: Sequence[Row], wanted: Sequence[str]) -> None:
    """Refuse a column that a file does not have.

    Raises
    ------
    ModelError : at the place of the section that names the file.
    """
    for name in wanted:
        if rows and name not in rows[0]:
            what = f"{file} has no column '{name}'"
            raise own.fault(what, remedy=suggested(name, [k for k in rows[0] if k]))


def _nothing_found(
    own: Section, file: str, rows: Sequence[Row], where: Mapping[str, str]
) -> ModelError:
    """The error for a data file of which no row is wanted; names the nearest value of the first
    column that leaves none."""
    if not rows:
        return own.fault(f"{file} has no rows", remedy="put the data below its first line")
    left, met = list(rows), []
    for column, value in where.items():
        values = list(dict.fromkeys(one_line(str(r[column]), 60) for r in left))
        said = f"{column} = '{one_line(value, 60)}'"
        left = [r for r in left if r[column] == value]
        if not left:
            break
        met.append(said)
    among = f" with {' and '.join(met)}" if met else ""
    return own.fault(f"no row of {file}{among} has {said}", "where", suggested(value, values))
