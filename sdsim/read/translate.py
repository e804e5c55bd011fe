"""Right-hand sides as expressions, names canonical, in the vocabulary of `sdsim.functions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sdsim import names
from sdsim.errors import ModelError, one_line
from sdsim.expr import Array, Expr, Lookup, from_data, walk
from sdsim.read import child, worker
from sdsim.read.scan import Entry


@dataclass
class Spelling:
    """How names in expressions were written, by canonical name; the first spelling counts."""

    seen: dict[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        """The canonical name, its spelling remembered."""
        key = names.canonical(name)
        self.seen.setdefault(key, names.display(name))
        return key

    def subscript(self, name: str) -> str:
        """The same for a subscript, whose ``!`` stays."""
        bang = "!" if name.endswith("!") else ""
        return self.canonical(name.removesuffix("!")) + bang


def translate(entries: Sequence[Entry], file: str, spelling: Spelling) -> list[Expr]:
    """The expression of each entry. Numbers and tables are read here, the rest by the child.

    Raises
    ------
    ModelError : an expression that cannot be read; a lookup whose x does not increase.
    """
    rows: list[worker.Rows | child.Fault | None] = [_literal(entry) for entry in entries]
    asked = [i for i, row in enumerate(rows) if row is None]
    answers = child.parse([_body(entries[i]) for i in asked])
    for i, answer in zip(asked, answers, strict=True):
        rows[i] = answer
    result = []
    for entry, answer in zip(entries, rows, strict=True):
        if not isinstance(answer, list):
            raise _unreadable(entry, answer or child.Fault("no answer"), file)
        expr = from_data(list(_canonical(answer, spelling)))
        for node in walk(expr):
            if isinstance(node, Lookup):
                _check_points(node, entry, file)
        result.append(expr)
    return result


def _body(entry: Entry) -> str:
    """What the child is asked: a lookup stands in parentheses of its own."""
    return entry.text[1:-1].strip() if entry.kind == "lookup" else entry.text


def _literal(entry: Entry) -> worker.Rows | child.Fault | None:
    """The rows of a number, a table or a lookup; `None` for anything that has to be parsed."""
    text = entry.text
    try:
        if entry.kind == "lookup":
            body = text[1:-1].strip()
            if "'" in body:
                return None
            x, y = _points(body)
            return [["Lookup", x, y, "interpolate"]]
        if "," in text or ";" in text:
            values, count = worker.table(text)
            return [["Array", values, [count, len(values) // count]]]
        return [["Num", worker.number(text)]]
    except worker.Unreadable as error:
        is_table = not any(c.isalpha() and c not in "eE" for c in text) and "(" not in text
        return child.Fault(str(error)) if entry.kind == "lookup" or is_table and (
            "," in text or ";" in text) else None  # fmt: skip


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
        else:
            yield row


def _check_points(lookup: Lookup, entry: Entry, file: str) -> None:
    for before, after in zip(lookup.x, lookup.x[1:], strict=False):
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


def shaped(table: Array, sizes: Sequence[int]) -> Array:
    """The table in the shape of the subscripts on the left.

    Raises
    ------
    ModelError : it has another number of values, or rows of another length.
    """
    wanted = [n for n in sizes if n > 1] or [1]
    total = 1
    for n in sizes:
        total *= n
    rows, columns = (*table.shape, 1)[:2] if len(table.shape) > 1 else (1, table.shape[0])
    got, by = len(table.values), " x ".join(map(str, wanted))
    if got != total:
        raise ModelError(
            f"{got} values for {by} elements" if total > 1 else f"{got} values for one element",
            remedy=f"give {total}" if total > 1 else "give one, or subscripts",
        )
    if len(wanted) > 1 and rows > 1 and columns != wanted[-1]:
        what = f"{rows} rows of {columns} values for {by} elements"
        raise ModelError(what, remedy=f"give rows of {wanted[-1]}")
    return Array(table.values, tuple(sizes))
