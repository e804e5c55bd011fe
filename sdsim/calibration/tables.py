"""Rows of data from CSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, one_line, suggested
from sdsim.base.toml import Section

Floats = NDArray[np.float64]
#: A column's name in an expression, replaced by the row's entry.
_FIELD = re.compile(r"\{([^{}]+)\}")
_YES, _NO = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class Rows:
    """Rows of data.

    values, times : (m,), times None for numbers of whole runs.   group : (m,) names, or none.
    columns : (m,) numbers by name.   held_out : (m,) or None.   texts : (m,) all entries by column.
    """

    values: Floats
    times: Floats | None
    group: tuple[str, ...]
    columns: Mapping[str, Floats]
    held_out: NDArray[np.bool_] | None
    texts: Sequence[Mapping[str, str]]

    def filled(self, expression: str) -> str | tuple[str, ...]:
        """An expression with ``{column}`` replaced by each row's entry.

        Raises
        ------
        ModelError : a column that is not there.
        """
        fields = _FIELD.findall(expression)
        if not fields:
            return expression
        if not self.texts:
            what = f"{{{fields[0]}}} in an expression, and no file with columns"
            raise ModelError(what, remedy="name a file")
        for f in fields:
            if f not in self.texts[0]:
                raise ModelError(f"no column '{f}'", remedy=suggested(f, self.texts[0]))
        return tuple(_filled(expression, row) for row in self.texts)


def _filled(expression: str, row: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda found: row[found[1]], expression)


def read_rows(own: Section, folder: Path) -> Rows:
    """The rows that a data set's table names: ``file``, ``where``, ``time``, ``value``, ``group``,
    ``columns``, ``held_out``.

    Raises
    ------
    ModelError : no such file or column, no row that matches, or an entry that is no number; the
        file's line is named.
    """
    file = own.words("file")
    rows = _matching(own, file, _entries(own, folder / file, file))
    value, time = own.words("value", "value"), own.words("time", "time")
    timed = own.has("time") or time in rows[0][1]
    columns = own.texts("columns", ())
    group, held = own.words("group", ""), own.words("held_out", "")
    asked = [("value", value), *(("columns", c) for c in columns)]
    asked += [(k, c) for k, c in (("group", group), ("held_out", held)) if c]
    for key, name in [*asked, *([("time", time)] if timed else [])]:
        if name not in rows[0][1]:
            what = f"{file} has no column '{name}'"
            raise own.fault(what, key, suggested(name, rows[0][1]))
    return Rows(
        _numbers(own, file, rows, value),
        _numbers(own, file, rows, time) if timed else None,
        tuple(row[group] for _, row in rows) if group else (),
        {c: _numbers(own, file, rows, c) for c in columns},
        np.array([_flag(own, file, n, held, row[held]) for n, row in rows]) if held else None,
        [row for _, row in rows],
    )


def _entries(own: Section, path: Path, file: str) -> list[tuple[int, dict[str, str]]]:
    """(line, entries by column) of every row."""
    try:
        reader = csv.DictReader(files.read_text(path, limits.DATA_BYTES).splitlines())
        rows = [
            (reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in reader
        ]
    except csv.Error as e:
        raise own.fault(
            f"{file} cannot be read as CSV: {e}", "file", "save it as CSV again"
        ) from None
    except ModelError as e:
        raise own.fault(f"{file}: {e.what}", "file", e.remedy) from None
    if not rows:
        raise own.fault(f"{file} has no rows", "file", "is it the right file?")
    return rows


def _matching(
    own: Section, file: str, rows: list[tuple[int, dict[str, str]]]
) -> list[tuple[int, dict[str, str]]]:
    """The rows whose columns have the entries of ``where``: a text or number, or a list of them."""
    section = own.section("where")
    for column, wanted in section.data.items():
        if column not in rows[0][1]:
            raise section.fault(f"{file} has no column", column, suggested(column, rows[0][1]))
        accepted = {str(w) for w in (wanted if isinstance(wanted, list) else [wanted])}
        kept = [(n, row) for n, row in rows if row[column] in accepted]
        if not kept:
            there = list(dict.fromkeys(row[column] for _, row in rows))
            what = f"no row of {file} has {column} = {', '.join(sorted(accepted))}"
            raise section.fault(what, column, suggested(min(accepted), there))
        rows = kept
    return rows


def _numbers(
    own: Section, file: str, rows: list[tuple[int, dict[str, str]]], column: str
) -> Floats:
    out = []
    for n, row in rows:
        try:
            out.append(float(row[column]))
        except ValueError:
            got = one_line(row[column], 40)
            what = f"{file}:{n}: column {column}: expected a number, got '{got}'"
            raise own.fault(what, remedy="correct it, or leave the row out with where") from None
    return np.array(out)


def _flag(own: Section, file: str, line: int, column: str, text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        what = f"{file}:{line}: column {column}: expected yes or no, got '{one_line(text, 40)}'"
        raise own.fault(what, remedy="write 1 or 0")
    return text.lower() in _YES
