"""Evaluates GET XLS and GET DIRECT calls: constants, lookups, data series, subscript elements.

``CONSTANTS(file, tab, cell)`` reads a block that starts at the cell, with rows and columns in the
order of the subscripts on the left-hand side; ``cell*`` reads it transposed. ``LOOKUPS`` and
``DATA(file, tab, x, cell)`` take x from a row (given by number) or a column (given by letter),
starting level with the cell, with one series per row or column. Cells may also be named ranges.

Blank values are skipped, which amounts to interpolating them. GET DIRECT reads x up to the first
cell without a number; cells beyond it belong to another table. GET XLS, for which Vensim asks
Excel, continues past a single such cell, as Vensim's own output shows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from sdsim.base import limits
from sdsim.base.errors import ModelError, nearest
from sdsim.ir.expr import Lookup
from sdsim.readers.folder import Folder
from sdsim.readers.sheets import Area, Sheet, column, sheet
from sdsim.tables.dat import decoded, element, exported

_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_CELL = re.compile(r"([A-Za-z]{1,3})([1-9]\d{0,6})")


class External:
    """The tables in one model's folder; `notes` lists what was skipped."""

    def __init__(self, folder: Folder, exported: Sequence[str] = ()) -> None:
        """``exported``: files of exported data that may exist."""
        self.folder, self._wanted = folder, exported
        self.notes: list[str] = []
        self._sheets: dict[tuple[str, str], Sheet] = {}

    def sheet(self, file: str, tab: str) -> Sheet:
        """A sheet; each is read once."""
        if (file, tab) not in self._sheets:
            self._sheets[file, tab] = sheet(self.folder.meant(file), self.folder.read(file), tab)
        return self._sheets[file, tab]

    @cached_property
    def exported(self) -> dict[tuple[str, ...], Lookup]:
        """The series in the files of exported data, by canonical name and elements; the first file
        with a series wins."""
        out: dict[tuple[str, ...], Lookup] = {}
        for file in self._wanted:
            columns = exported(decoded(self.folder.find(file) or b"")) or {}
            for name, values in columns.items():
                times = sorted(t for t, v in values.items() if math.isfinite(t + v))
                if times:
                    series = Lookup(tuple(times), tuple(values[t] for t in times))
                    out.setdefault(element(name), series)
        return out

    def constants(self, arguments: Sequence[str], sizes: Sequence[int]) -> list[float]:
        """The block at ``(file, tab, cell)``, row-major in ``sizes`` (at most two above 1)."""
        file, tab, cell = self._three(arguments, 3, "CONSTANTS", "file, tab and cell")
        wide = [n for n in sizes if n > 1]
        if len(wide) > 2:
            raise ModelError(
                f"reads {len(wide)} dimensions from '{file}' at once, at most 2",
                remedy="write one equation for each element of the others",
            )
        rows, columns = [1, 1, *wide][-2:]
        across = cell.endswith("*") and rows * columns > 1
        height, width = (columns, rows) if across else (rows, columns)
        page = self.sheet(file, tab)
        top, left = self._corner(page, cell.rstrip("*"), file, (height, width))
        at = [
            (top + (c if across else r), left + (r if across else c))
            for r in range(rows)
            for c in range(columns)
        ]
        values = []
        for r, c in at:
            value = page.number(r, c)
            if value is None:
                got = page.text(r, c)
                what = f"expected a number in cell {_name(r, c)} of '{file}', got "
                raise ModelError(what + (f"'{got[:40]}'" if got else "a blank"), remedy="fill it")
            values.append(value)
        return values

    def series(
        self,
        arguments: Sequence[str],
        count: int,
        kind: str,
        *,
        lookup: bool = False,
        excel: bool = False,
    ) -> list[Lookup]:
        """The ``count`` series at ``(file, tab, x row or column, cell)``.

        x must increase. That of a ``lookup`` may fall: it is read from its end, as in Vensim.

        excel : whether single cells without a number are skipped, as by GET XLS.
        """
        file, tab, axis, cell = self._three(arguments, 4, "DATA", "file, tab, row or column, cell")
        page = self.sheet(file, tab)
        cell = cell.rstrip("*")
        at = _CELL.fullmatch(cell)
        if axis.isdecimal() and at:
            top, left = int(at[2]) - 1, column(at[1])
            xs = [(int(axis) - 1, c) for c in range(left, page.columns)]
            xs = self._table(page, file, xs, f"row {axis}", excel)
            steps, place = (1, 0), f"row {axis}"
            first = (top, left)
        elif at and axis.isalpha() and len(axis) <= 3 and axis.lower() not in page.named:
            top, left = int(at[2]) - 1, column(at[1])
            xs = [(r, column(axis)) for r in range(top, page.rows)]
            xs = self._table(page, file, xs, f"column {axis}", excel)
            steps, place = (0, 1), f"column {axis}"
            first = (top, left)
        else:
            x_area, area = self._named(page, axis, file), self._named(page, cell, file)
            xs = [(r, c) for r in range(x_area[0], x_area[2]) for c in range(x_area[1], x_area[3])]
            upright = x_area[3] - x_area[1] == 1
            shape = (area[2] - area[0], area[3] - area[1])
            if shape != ((len(xs), count) if upright else (count, len(xs))):
                what = f"range '{cell}' of '{file}' is {shape[0]} x {shape[1]}"
                raise ModelError(what, remedy=f"expected {count} series of {len(xs)} points")
            steps, place = (0, 1) if upright else (1, 0), f"range '{axis}'"
            first = (area[0], area[1])
        kept = self._along(page, file, xs, place, lookup)
        return self._points(page, file, kept, first, steps, count, kind, place)

    def _table(
        self, page: Sheet, file: str, xs: list[tuple[int, int]], place: str, excel: bool
    ) -> list[tuple[int, int]]:
        """The cells in ``xs`` that belong to the table that begins at the first one."""
        numbers = [page.number(r, c) for r, c in xs]
        end, last, direction = 0, math.nan, 0.0
        while end < len(xs):
            gap = numbers[end] is None
            here = end + (gap and excel)
            x = numbers[here] if here < len(xs) else None
            if x is None or (gap and direction * (x - last) < 0):
                break
            direction, last, end = direction or (x - last if end else 0.0), x, here + 1
        if any(x is not None for x in numbers[end:]):
            at = _name(*xs[end])
            self.notes.append(
                f"'{file}': {place} is read up to cell {at}, which has no number; numbers "
                "beyond it are not read"
            )
        return xs[:end]

    def _along(
        self, page: Sheet, file: str, xs: Sequence[tuple[int, int]], place: str, lookup: bool
    ) -> list[tuple[int, float]]:
        """The numbers in the cells ``xs`` in increasing order, each with its position."""
        read = ((i, self._number(page, file, r, c)) for i, (r, c) in enumerate(xs))
        kept = [(i, x) for i, x in read if x is not None]
        if lookup and len(kept) > 1 and all(a > b for (_, a), (_, b) in pairwise(kept)):
            kept.reverse()
        for (_, a), (i, b) in pairwise(kept):
            if b <= a:
                raise ModelError(
                    f"{place} of '{file}' does not increase: {b:g} after {a:g}",
                    remedy=f"sort it (cell {_name(*xs[i])})",
                )
        return kept

    def _points(
        self,
        page: Sheet,
        file: str,
        kept: Sequence[tuple[int, float]],
        first: tuple[int, int],
        steps: tuple[int, int],
        count: int,
        kind: str,
        place: str,
    ) -> list[Lookup]:
        """The points of the series; number k starts ``k * steps`` from ``first``, along x."""
        along = (1 - steps[0], 1 - steps[1])
        tables = []
        for k in range(count):
            top, left = first[0] + k * steps[0], first[1] + k * steps[1]
            pairs = [
                (x, self._number(page, file, top + i * along[0], left + i * along[1]))
                for i, x in kept
            ]
            filled = [(x, y) for x, y in pairs if y is not None]
            if not filled:
                what = f"no numbers at {_name(top, left)} of '{file}' along {place}"
                raise ModelError(what, remedy="check row, column and cell")
            tables.append(Lookup(tuple(x for x, _ in filled), tuple(y for _, y in filled), kind))
        return tables

    def _number(self, page: Sheet, file: str, row: int, column: int) -> float | None:
        """The number in a cell; None for a blank, or for text, which is noted."""
        value, word = page.number(row, column), page.text(row, column)
        if _NOT_FINITE.fullmatch(word):
            raise ModelError(
                f"'{file}' {_name(row, column)} is '{word}': expected a number",
                remedy="leave the cell blank where nothing is known",
            )
        if value is None and word:
            self.notes.append(f"'{file}' {_name(row, column)}: '{word[:40]}' is no number: skipped")
        return value

    def subscripts(self, arguments: Sequence[str]) -> list[str]:
        """The elements from the first to the last cell, row by row, each with the prefix."""
        file, tab, start, end, *rest = arguments
        page = self.sheet(file, tab)
        at = _CELL.fullmatch(start)
        if at is None:
            top, left, bottom, right = self._named(page, start, file)
        else:
            top, left, bottom, right = int(at[2]) - 1, column(at[1]), page.rows, page.columns
            last = re.fullmatch(r"([A-Za-z]{0,3})(\d{0,7})", end.strip())
            if last is None:
                raise ModelError(f"'{end}' is not a cell of '{file}'", remedy="write it as B12")
            bottom = int(last[2]) if last[2] else bottom
            right = column(last[1]) + 1 if last[1] else right
        inside = sorted((r, c) for r, c in page.cells if top <= r < bottom and left <= c < right)
        if not inside or len(inside) > limits.RANGE:
            found = f"{len(inside)} elements" if inside else "no elements"
            raise ModelError(f"{found} at {start} of '{file}'", remedy="check first and last cell")
        return [(rest[0] if rest else "") + page.text(r, c) for r, c in inside]

    def _three(self, arguments: Sequence[str], n: int, what: str, wanted: str) -> list[str]:
        if len(arguments) != n:
            raise ModelError(f"GET {what} with {len(arguments)} arguments", remedy=f"give {wanted}")
        return [a.strip() if i != 1 else a for i, a in enumerate(arguments)]

    def _named(self, page: Sheet, name: str, file: str) -> Area:
        area = page.named.get(name.lower())
        if area is None:
            what = f"'{name}' is neither a cell nor a named range of '{file}'"
            raise ModelError(what, remedy=nearest(name, page.named) or "write a cell such as B2")
        return area

    def _corner(self, page: Sheet, cell: str, file: str, shape: tuple[int, int]) -> tuple[int, int]:
        if at := _CELL.fullmatch(cell):
            return int(at[2]) - 1, column(at[1])
        top, left, bottom, right = self._named(page, cell, file)
        if (bottom - top, right - left) != shape:
            what = f"range '{cell}' of '{file}' is {bottom - top} x {right - left}"
            raise ModelError(what, remedy=f"expected {shape[0]} x {shape[1]}")
        return top, left


def _name(row: int, col: int) -> str:
    """The name of a cell: ``B2`` for (1, 1)."""
    letters, n = "", col + 1
    while n:
        n, rest = divmod(n - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
