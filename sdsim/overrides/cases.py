"""Case tables: hundreds of presets from one template and a row of numbers for each.

A template is a preset in which a number may stand in a ``column`` of the case table, and in which
``{column}`` within a text is the case's own text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdsim.base import limits
from sdsim.base.errors import ModelError, one_line, suggested
from sdsim.base.toml import Section, read_toml
from sdsim.overrides.data_files import DataFiles, Row, check_columns
from sdsim.overrides.preset import TABLES, Preset, untitled
from sdsim.overrides.values import number

_FIELD = re.compile(r"\{([^{}]*)\}")
#: Tables of a template in which a number may stand in a column.
_NUMBERS = tuple(table for table, axes in TABLES.items() if axes is None)


def read_cases(path: str | Path) -> dict[str, Preset]:
    """Read a template and its case table: a preset for each case, in the table's order.

    The template has ``[cases]`` with ``file``, the table (CSV, a row for each case), and
    ``name``, the column with the names of the cases (``case`` by default). The rest is as in a
    preset (`read_preset`), and ``Name = {column = "gdp", scale = 1e-3}`` takes the case's number
    from a column; with ``optional = true`` an empty cell leaves the model's own value. ``{column}``
    in a text is the case's text in that column, so that ``where = {country = "{code}"}`` or
    ``file = "{code}.csv"`` finds the case's own data. The table and data files are looked for as a
    preset's data files are.

    Raises
    ------
    ModelError : what `read_preset` raises; no such column; a cell that is empty or not a number; a
        case without a name or twice. File, line and column are named.

    Examples
    --------
    ``rooms.toml``, beside a table with the columns ``case`` and ``degrees``::

        [cases]
        file = "rooms.csv"

        [constants]
        "Room Temperature" = {column = "degrees", source = "thermometer"}

    >>> cases = sdsim.read_cases("rooms.toml")
    >>> many = sdsim.simulate_many(sdsim.load("teacup.mdl"), {}, cases=cases)
    >>> many["Room Temperature"].isel(time=0).squeeze().to_series().to_dict()
    {'kitchen': 70.0, 'cellar': 55.0}
    """
    path = Path(path)
    top = read_toml(path, limits.TOML_BYTES)
    top.only("title", "about", "cases", *TABLES)
    own = top.section("cases")
    if not top.has("cases"):
        raise top.fault("'cases' is missing", remedy='write [cases] file = "cases.csv"')
    own.only("file", "name")
    data = DataFiles(path)
    file = data.path(own)
    rows, column = data.rows(own, file), own.words("name", "case")
    if not rows:
        raise own.fault(f"{file.name} has no rows", "file", "write a row for each case")
    check_columns(own, file.name, rows, [column])
    out: dict[str, Preset] = {}
    for line, row in enumerate(rows, start=2):
        case = _Case(file.name, line, row)
        name = case.cell(column).strip()
        if not name:
            raise case.fault(column, "is empty", "name the case, or delete the row")
        if name in out:
            raise case.fault(column, f"'{one_line(name, 60)}' comes twice", "name each case once")
        out[name] = _preset(top, data, case, name)
    return out


def _preset(top: Section, data: DataFiles, case: _Case, name: str) -> Preset:
    """The preset of one case."""
    known: dict[str, Any] = {}
    for key, value in top.data.items():
        if key in _NUMBERS:
            section = top.section(key)
            filled = {k: case.number(section, k) for k in section.data}
            known[key] = {k: v for k, v in filled.items() if v is not None}
        elif key != "cases":
            known[key] = case.filled(top, key, value)
    mine = replace(top, data=known)
    try:
        found = untitled(mine, data)
    except ModelError as e:
        raise case.about(e, name) from None
    about = {k: str(v) for k, v in mine.section("about").data.items()}
    return replace(found, title=mine.words("title", name), about=about)


@dataclass(frozen=True)
class _Case:
    """A row of the case table.

    file, line : its place.
    """

    file: str
    line: int
    row: Row

    def cell(self, column: str) -> str:
        """The text in a column; empty in a row that is too short."""
        return self.row[column] or ""

    def fault(self, column: str, what: str, remedy: str) -> ModelError:
        """An error about a cell."""
        return ModelError(
            f"column '{column}': {what}", remedy=remedy, file=self.file, line=self.line
        )

    def about(self, error: ModelError, name: str) -> ModelError:
        """An error in the template that this case leads to."""
        return type(error)(
            f"case '{one_line(name, 60)}' ({self.file}:{self.line}): {error.what}",
            remedy=error.remedy, file=error.file, line=error.line, variable=error.variable,
        )  # fmt: skip

    def number(self, section: Section, key: str) -> Any:
        """The value of a constant: the case's number if it stands in a column; None if the model
        keeps its own."""
        value = section.data[key]
        if not isinstance(value, dict) or "column" not in value:
            return self.filled(section, key, value)
        own = section.section(key)
        own.only("column", "scale", "optional", "source", "units")
        column, scale = own.words("column"), own.number("scale", 1.0)
        self._check(own, "column", column)
        text = self.cell(column).strip()
        if not text and own.flag("optional", False):
            return None
        try:
            found = number(float(text), "") * scale
        except (ModelError, ValueError):
            if text:
                raise self.fault(
                    column, f"expected a number, got '{one_line(text, 40)}'", "correct it"
                ) from None
            remedy = "fill it, or write optional = true beside the column to keep the model's value"
            raise self.fault(column, f"is empty, and '{key}' is read there", remedy) from None
        said = {k: self.filled(own, k, own.words(k)) for k in ("source", "units") if own.has(k)}
        return {"value": found, **said}

    def filled(self, section: Section, key: str, value: Any) -> Any:
        """A value of the template with the case's texts in it."""
        if isinstance(value, dict):
            inner = section.section(key)
            return {k: self.filled(inner, k, v) for k, v in value.items()}
        if not isinstance(value, str) or "{" not in value:
            return value

        def text(match: re.Match[str]) -> str:
            self._check(section, key, match[1])
            return self.cell(match[1]).strip()

        return _FIELD.sub(text, value)

    def _check(self, section: Section, key: str, column: str) -> None:
        """Refuse a column that the table does not have."""
        if column not in self.row:
            what = f"{self.file} has no column '{one_line(column, 60)}'"
            raise section.fault(what, key, suggested(column, [k for k in self.row if k]))
