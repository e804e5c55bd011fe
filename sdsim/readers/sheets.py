"""Reads tables of cells from text and Excel files alike: numbers, texts, blanks.

Text is read with the standard library; ``.xlsx`` with openpyxl, because it knows the named ranges
of a book and of a sheet; ``.xls`` with xlrd, the only reader of that format that also does. Nothing
here opens a file: content comes in as bytes.
"""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sdsim.base import limits
from sdsim.base.errors import ModelError, UnsupportedError, nearest, some
from sdsim.base.extras import extra
from sdsim.readers.worker import Unreadable, number

Cell = float | str
Area = tuple[int, int, int, int]  # first row, first column, end row, end column, from 0


@dataclass(frozen=True)
class Sheet:
    """The filled cells of one sheet by (row, column), from 0; `named` are its named ranges."""

    cells: dict[tuple[int, int], Cell]
    named: dict[str, Area] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The number of rows: one more than the last filled row."""
        return max((r for r, _ in self.cells), default=-1) + 1

    @property
    def columns(self) -> int:
        """The number of columns: one more than the last filled column."""
        return max((c for _, c in self.cells), default=-1) + 1

    def number(self, row: int, column: int) -> float | None:
        """The number in a cell; ``None`` for a blank or a text that is not a number."""
        value = self.cells.get((row, column))
        if not isinstance(value, str):
            return value
        try:
            return number(value)
        except Unreadable:
            return None

    def text(self, row: int, column: int) -> str:
        """The text of a cell, empty for a blank; 3.0 gives ``3``."""
        value = self.cells.get((row, column), "")
        return value if isinstance(value, str) else f"{value:.15g}"


def sheet(name: str, data: bytes, tab: str) -> Sheet:
    """The sheet ``tab`` of a workbook, or a text file, for which ``tab`` may be the separator.

    Raises
    ------
    UnsupportedError : an unsupported spreadsheet format.
    ModelError : a broken or oversized file, no such sheet.
    """
    suffix = os.path.splitext(name)[1].lower()
    if suffix in (".xlsb", ".ods", ".odf", ".odt"):
        raise UnsupportedError(f"external file '{name}' is {suffix}", remedy="save it as .xlsx")
    reader: Callable[[bytes, str, str], Sheet] = {
        ".xlsx": _xlsx, ".xlsm": _xlsx, ".xls": _xls,
    }.get(suffix, _text)  # fmt: skip
    try:
        return reader(data, tab, name)
    except (ModelError, MemoryError):
        raise
    except Exception as error:
        what = f"external file '{name}' is broken ({type(error).__name__})"
        raise ModelError(what, remedy="save it again") from None


def _text(data: bytes, tab: str, name: str) -> Sheet:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    usual = "," if name.lower().endswith(".csv") else "\t"
    separator = {"\\t": "\t"}.get(tab, tab)
    separator = separator if separator and not separator[0].isalnum() else usual
    if len(separator) > 1 and separator.strip():
        raise ModelError(f"the separator '{tab}' of '{name}'", remedy="use one character")
    if "\0" in text:
        raise ModelError(f"external file '{name}' is not text", remedy="save it as .csv or .xlsx")
    cells: dict[tuple[int, int], Cell] = {}
    for r, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator[0])):
        for c, word in enumerate(row):
            if word.strip():
                cells[r, c] = word.strip()
        _check(cells, name)
    return Sheet(cells)


def _check(cells: dict[tuple[int, int], Cell], name: str) -> None:
    if len(cells) > limits.CELLS:
        what = f"external file '{name}' has more than {limits.CELLS:,} cells"
        raise ModelError(what, remedy="keep only the cells the model reads")


def _pick(tab: str, known: Iterable[str], name: str) -> str:
    known = list(known)
    for sheet_name in known:
        if sheet_name.lower() == tab.lower():
            return sheet_name
    if not known:
        what = f"external file '{name}' has no sheets"
        raise ModelError(what, remedy="save it again, with a sheet")
    remedy = nearest(tab, known) or f"it has {some(known)}"
    raise ModelError(f"external file '{name}' has no sheet '{tab}'", remedy=remedy)


def _xlsx(data: bytes, tab: str, name: str) -> Sheet:
    _refuse_bomb(data, name)
    with extra("excel", f"external file '{name}'"):
        openpyxl = import_module("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        title = _pick(tab, book.sheetnames, name)
        page = book[title]
        page.reset_dimensions()
        cells: dict[tuple[int, int], Cell] = {}
        walked = 0  # empty rows and cells cost time, too
        for r, row in enumerate(page.iter_rows(values_only=True)):
            walked += len(row) + 10
            if r >= limits.ROWS or walked > limits.WALKED:
                what = f"external file '{name}' has cells too far from its first"
                raise ModelError(what, remedy="keep only the cells the model reads, side by side")
            if len(row) > limits.COLUMNS:
                raise ModelError(f"external file '{name}' has {len(row)} columns", remedy="trim it")
            for c, value in enumerate(row):
                cell = _value(value)
                if cell is not None:
                    cells[r, c] = cell
            _check(cells, name)
        named = {}
        for defined in (book.defined_names, page.defined_names):
            for key, area in defined.items():
                found = _area(area.attr_text or "", title)
                if found:
                    named[key.lower()] = found
        return Sheet(cells, named)
    finally:
        book.close()


def _refuse_bomb(data: bytes, name: str) -> None:
    """Refuse an .xlsx (a zip of XML) that unpacks to too much or whose XML is not plain."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        total = sum(m.file_size for m in members)
        if total > limits.UNPACKED_BYTES or len(members) > limits.UNPACKED_FILES:
            what = f"external file '{name}' expands to {total >> 20} MB in {len(members)} parts"
            remedy = (
                f"at most {limits.UNPACKED_BYTES >> 20} MB: keep only the cells the model reads"
            )
            raise ModelError(what, remedy=remedy)
        for member in members:
            if not member.filename.lower().endswith((".xml", ".rels")):
                continue
            content = archive.read(member)
            if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content[:200]:
                raise ModelError(f"external file '{name}' holds a DTD", remedy="save it again")


def _value(value: Any) -> Cell | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)):
        return float(import_module("openpyxl.utils.datetime").to_excel(value))
    return str(value).strip()


_CELLS = re.compile(r"(?:'((?:[^']|'')*)'|([^'!]+))!\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")


def _area(reference: str, title: str) -> Area | None:
    """The area of ``'Sheet'!$A$1:$B$2`` if it is on the sheet ``title``."""
    match = _CELLS.fullmatch(reference)
    if match is None:
        return None
    quoted, plain, left, top, right, bottom = match.groups()
    if (quoted.replace("''", "'") if quoted is not None else plain).lower() != title.lower():
        return None
    first_row, first_column = int(top) - 1, column(left)
    end_row = int(bottom) if bottom else first_row + 1
    end_column = column(right) + 1 if right else first_column + 1
    return first_row, first_column, end_row, end_column


def column(letters: str) -> int:
    """The number of a column, from 0: A is 0, AA is 26."""
    value = 0
    for letter in letters.upper():
        value = value * 26 + ord(letter) - 64
    return value - 1


def _xls(data: bytes, tab: str, name: str) -> Sheet:
    with extra("excel", f"external file '{name}'"):
        xlrd = import_module("xlrd")
    book = xlrd.open_workbook(file_contents=data, on_demand=True, logfile=io.StringIO())
    title = _pick(tab, book.sheet_names(), name)
    page = book.sheet_by_name(title)
    cells: dict[tuple[int, int], Cell] = {}
    for r in range(page.nrows):
        for c, cell in enumerate(page.row(r)):
            if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE, xlrd.XL_CELL_BOOLEAN):
                cells[r, c] = float(cell.value)
            elif cell.ctype == xlrd.XL_CELL_TEXT and str(cell.value).strip():
                cells[r, c] = str(cell.value).strip()
        _check(cells, name)
    named = {}
    for defined in book.name_obj_list:
        try:
            page_of, top, bottom, left, right = defined.area2d()
        except (xlrd.XLRDError, AssertionError, AttributeError, ValueError):
            continue
        if page_of.name.lower() == title.lower():
            named[str(defined.name).lower()] = (top, left, bottom, right)
    return Sheet(cells, named)
