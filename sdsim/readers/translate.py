"""Translates right-hand sides to expressions with canonical names and `sdsim.functions` calls."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sdsim.base import names
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.expr import Array, Expr, Lookup, Num, distinct, from_data, walk
from sdsim.readers import child, worker
from sdsim.readers.scan import Entry

_TABLE = re.compile(r"[\d\s.eE+-]+[,;][\d\s.eE+,;-]*")
_DIGITS = re.compile(r"\s*[+-]?\s*[\d.]+(?:[eE][+-]?\d+)?\s*")


@dataclass
class Spelling:
    """The spelling of names in expressions, by canonical name; the first one counts."""

    seen: dict[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        """The canonical name; its spelling is remembered."""
        key = names.canonical(name)
        self.seen.setdefault(key, names.display(name))
        return key

    def subscript(self, name: str) -> str:
        """The same for a subscript; its ``!`` is kept."""
        bang = "!" if name.endswith("!") else ""
        return self.canonical(name.removesuffix("!")) + bang


def expressions(entries: Sequence[Entry], file: str, spelling: Spelling) -> list[Expr]:
    """The expression of each entry. Numbers and tables are parsed here, the rest by the child.

    An entry without a right-hand side (data still to be supplied) gets a zero that is never used.

    Raises
    ------
    ModelError : an expression that cannot be read; a lookup whose x does not increase.
    """
    literal = [_literal(entry) for entry in entries]
    asked = [e for e, rows in zip(entries, literal, strict=True) if rows is None]
    answers = iter(child.parse([_body(entry) for entry in asked]))
    result = []
    for entry, rows in zip(entries, literal, strict=True):
        answer = next(answers) if rows is None else rows
        if isinstance(answer, child.Fault):
            raise _unreadable(entry, answer, file)
        expr = from_data(list(_canonical(answer, spelling)))
        for node in walk(expr):
            if isinstance(node, Lookup):
                _check_points(node, entry, file)
        result.append(expr)
    return result


def _body(entry: Entry) -> str:
    """The text for the child; a lookup gets its own parentheses."""
    return entry.text[1:-1].strip() if entry.kind == "lookup" else entry.text


def _literal(entry: Entry) -> worker.Rows | child.Fault | None:
    """The rows of a number, a table or a lookup; `None` for anything else, which must be parsed."""
    text = entry.text
    try:
        if not text:
            return [["Num", 0.0]]
        if entry.kind == "lookup":
            if "'" in text or not text.endswith(")"):
                return None
            x, y = _points(text[1:-1].strip())
            return [["Lookup", x, y, "interpolate"]]
        if _TABLE.fullmatch(text):
            values, count = worker.table(text)
            return [["Array", values, [count, len(values) // count]]]
        return [["Num", worker.number(text)]] if _DIGITS.fullmatch(text) else None
    except worker.Unreadable as error:
        return child.Fault(str(error))


def _points(body: str) -> tuple[list[float], list[float]]:
    """``[limits],(x,y),...``, or the older ``x1,x2,...,y1,y2,...``."""
    if body.startswith("["):
        end = body.find("]")
        body = body[end + 1 :].strip().removeprefix(",").strip()
    if not body.startswith("("):
        values, count = worker.table(body)
        if count > 1 or len(values) % 2:
            raise worker.Unreadable("a lookup needs points (x,y)")
        return values[: len(values) // 2], values[len(values) // 2 :]
    return worker.points(body)


def _canonical(rows: worker.Rows, spelling: Spelling) -> Iterable[list[object]]:
    for row in rows:
        if row[0] == "Ref":
            yield ["Ref", spelling.canonical(row[1]), [spelling.subscript(s) for s in row[2]]]
        elif row[0] == "Call":
            subs = [spelling.subscript(s) for s in row[3]]
            yield ["Call", spelling.canonical(row[1]), row[2], subs]
        elif row[0] == "Lookup":
            x, y = distinct(row[1], row[2])
            falls = all(a > b for a, b in pairwise(x))  # written from right to left
            yield ["Lookup", x[::-1], y[::-1], row[3]] if falls else ["Lookup", x, y, row[3]]
        else:
            yield row


def _check_points(lookup: Lookup, entry: Entry, file: str) -> None:
    for before, after in pairwise(lookup.x):
        if after <= before:
            raise ModelError(
                f"lookup x not increasing: {after:g} after {before:g}",
                remedy="sort the points and keep each x once",
                file=file,
                line=entry.line,
                variable=entry.label,
            )


def _unreadable(entry: Entry, fault: child.Fault, file: str) -> ModelError:
    what = fault.what
    if not what:
        near = one_line(fault.near, 40)
        what = f"cannot be read near '{near}'" if near else "the equation ends too early"
    return ModelError(
        what,
        remedy="check operators, commas and parentheses",
        file=file,
        line=entry.line,
        variable=entry.label,
    )


def shaped(table: Array, sizes: Sequence[int]) -> Array | Num:
    """The table in the shape of the subscripts on the left-hand side.

    Raises
    ------
    ModelError : wrong number of values, or of values in a row.
    """
    total = math.prod(sizes)
    if len(table.values) != total:
        by = " x ".join(str(n) for n in sizes if n > 1)
        what = f"{len(table.values)} values for " + (f"{by} elements" if by else "one element")
        raise ModelError(what, remedy=f"give {total}")
    if not sizes:
        return Num(table.values[0])
    columns = table.shape[-1]
    last = next((n for n in reversed(sizes) if n > 1), 1)
    if len(table.shape) == 2 and table.shape[0] > 1 and columns not in (last, 1):
        what = f"rows of {columns} values for {last} elements of the last subscript"
        raise ModelError(what, remedy=f"give rows of {last}")
    return Array(table.values, tuple(sizes))
