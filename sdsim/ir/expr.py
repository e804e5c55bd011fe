"""Equations as plain frozen trees, the same for every file format.

A tree may be thousands of terms deep (a sum of 5,000 terms is a chain of 5,000 `Binary`), so
nothing here is recursive: `fold` visits children first with an explicit stack, and everything else
builds on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, TypeVar

T = TypeVar("T")

#: The number that stands for Vensim's ``:NA:``.
NA = -(2.0**109)


@dataclass(frozen=True, slots=True)
class Num:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal: an argument such as a file or sheet name."""

    value: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A variable, by canonical name.

    ``subs`` are canonical names of elements or dimensions; a trailing ``!`` marks the dimension
    over which an enclosing SUM, VMAX, ... runs.
    """

    name: str
    subs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unary:
    """``op`` is ``-`` or ``not``."""

    op: str
    x: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """``op`` is one of ``+ - * / ^ = <> < <= > >= and or``."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """A builtin or a lookup variable applied to arguments; ``name`` is canonical.

    ``subs`` are the subscripts of a subscripted lookup variable.
    """

    name: str
    args: tuple[Expr, ...]
    subs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table of points, x strictly increasing; the end values hold beyond the ends.

    ``kind``: ``interpolate`` (straight lines), ``hold_backward`` (the last value),
    ``look_forward`` (the next value), ``extrapolate`` (the end slopes continue), ``raw`` (a value
    only at the points, :NA: between them).
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: str = "interpolate"


@dataclass(frozen=True, slots=True)
class Given:
    """A table whose points come with each member of a batch: the ``number``-th of those tables.

    No file contains one; `sdsim.overrides.together` writes it, so that runs whose tables differ
    have the same equations.
    """

    number: int


def distinct(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    """The points of a table, without exact repetitions in a row, which many models contain."""
    points = list(zip(x, y, strict=True))
    kept = [p for k, p in enumerate(points) if not k or p != points[k - 1]]
    return [p[0] for p in kept], [p[1] for p in kept]


@dataclass(frozen=True, slots=True)
class Array:
    """A literal table of numbers, row-major in the shape of the left-hand subscripts."""

    values: tuple[float, ...]
    shape: tuple[int, ...]


Expr = Num | Text | Ref | Unary | Binary | Call | Lookup | Given | Array


def plus(a: Expr, b: Expr) -> Expr:
    """a + b."""
    return Binary("+", a, b)


def minus(a: Expr, b: Expr) -> Expr:
    """a - b."""
    return Binary("-", a, b)


def times(a: Expr, b: Expr) -> Expr:
    """a * b."""
    return Binary("*", a, b)


def over(a: Expr, b: Expr) -> Expr:
    """a / b."""
    return Binary("/", a, b)


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct children of ``node``."""
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Call):
        return node.args
    if isinstance(node, Unary):
        return (node.x,)
    return ()


def with_children(node: Expr, parts: Sequence[Expr]) -> Expr:
    """``node`` with its children replaced; the same object if nothing changed."""
    if all(a is b for a, b in zip(children(node), parts, strict=True)):
        return node
    if isinstance(node, Binary):
        return Binary(node.op, parts[0], parts[1])
    if isinstance(node, Call):
        return replace(node, args=tuple(parts))
    if isinstance(node, Unary):
        return Unary(node.op, parts[0])
    return node


def fold(root: Expr, visit: Callable[[Expr, list[T]], T]) -> T:
    """``visit(node, results of its children)``, from the leaves up; returns the root's result."""
    results: list[T] = []
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, seen = stack.pop()
        parts = children(node)
        if not parts:
            results.append(visit(node, []))
        elif seen:
            n = len(parts)
            mine = results[-n:]
            del results[-n:]
            results.append(visit(node, mine))
        else:
            stack.append((node, True))
            stack.extend((p, False) for p in reversed(parts))
    return results[0]


def walk(root: Expr) -> Iterator[Expr]:
    """Every node, parents before children, left to right."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def rewrite(root: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """A new tree with ``change`` applied to every node, from the leaves up."""
    return fold(root, lambda node, parts: change(with_children(node, parts)))


def joined(op: str, terms: Sequence[Expr]) -> Expr:
    """``a op b op c``, grouped from the left; a single term is returned as it is."""
    return reduce(lambda a, b: Binary(op, a, b), terms)


def depth(root: Expr) -> int:
    """How deeply calls and groups are nested; a left-leaning chain of + or * counts once."""

    def visit(node: Expr, parts: list[int]) -> int:
        if not parts:
            return 0
        if isinstance(node, Binary):
            return max(parts[0], parts[1] + 1)
        return max(parts) + 1

    return fold(root, visit)


_PREC = {"or": 1, "and": 2, "=": 4, "<>": 4, "<": 4, "<=": 4, ">": 4, ">=": 4}
_PREC |= {"+": 5, "-": 5, "*": 6, "/": 6, "^": 8}
_WORDS = {"and": ":AND:", "or": ":OR:"}


def to_text(root: Expr, name: Callable[[str], str] = str) -> str:
    """The expression in the modeller's notation, with as few parentheses as possible.

    ``name`` turns a canonical name into the displayed name.
    """

    def visit(node: Expr, parts: list[tuple[str, int]]) -> tuple[str, int]:
        match node:
            case Num(v):
                return (f"{v:.15g}", 9 if v >= 0 else 7)
            case Text(v):
                return (f"'{v}'", 9)
            case Ref(n, subs):
                return (name(n) + (f"[{','.join(subs)}]" if subs else ""), 9)
            case Unary(op, _):
                text, prec = parts[0]
                body = text if prec >= 7 else f"({text})"
                return ((":NOT: " if op == "not" else "-") + body, 3 if op == "not" else 7)
            case Binary(op, _, _):
                prec = _PREC[op]
                (lt, lp), (rt, rp) = parts
                to_the_left = op != "^"  # Vensim reads a^b^c as a^(b^c)
                left = lt if lp > prec or (lp == prec and to_the_left) else f"({lt})"
                right = rt if rp > prec or (rp == prec and not to_the_left) else f"({rt})"
                return (f"{left} {_WORDS.get(op, op)} {right}", prec)
            case Call(n, _, subs):
                head = name(n) + (f"[{','.join(subs)}]" if subs else "")
                return (f"{head}({', '.join(t for t, _ in parts)})", 9)
            case Lookup(x, y, _):
                return (
                    "(" + ",".join(f"({a:g},{b:g})" for a, b in zip(x, y, strict=True)) + ")",
                    9,
                )
            case Given(number):
                return (f"(given {number})", 9)
            case Array(values, _):
                return (", ".join(f"{v:g}" for v in values), 0)

    return fold(root, visit)[0]


# --- flat plain data, so that depth does not matter -------------------------------------------

_KINDS: dict[str, type[Any]] = {
    c.__name__: c for c in (Num, Text, Ref, Unary, Binary, Call, Lookup, Given, Array)
}


def to_data(root: Expr) -> list[list[Any]]:
    """The tree in postfix order as lists of numbers and strings, for JSON or msgpack."""
    out: list[list[Any]] = []

    def visit(node: Expr, parts: list[None]) -> None:
        match node:
            case Num(v):
                out.append(["Num", v])
            case Text(v):
                out.append(["Text", v])
            case Ref(n, subs):
                out.append(["Ref", n, list(subs)])
            case Unary(op, _):
                out.append(["Unary", op])
            case Binary(op, _, _):
                out.append(["Binary", op])
            case Call(n, args, subs):
                out.append(["Call", n, len(args), list(subs)])
            case Lookup(x, y, kind):
                out.append(["Lookup", list(x), list(y), kind])
            case Given(number):
                out.append(["Given", number])
            case Array(values, shape):
                out.append(["Array", list(values), list(shape)])

    fold(root, visit)
    return out


def from_data(data: Sequence[Sequence[Any]]) -> Expr:
    """The inverse of `to_data`; `ValueError` on anything else."""
    stack: list[Expr] = []
    for row in data:
        kind = row[0]
        if kind == "Num":
            stack.append(Num(float(row[1])))
        elif kind == "Text":
            stack.append(Text(str(row[1])))
        elif kind == "Ref":
            stack.append(Ref(str(row[1]), tuple(map(str, row[2]))))
        elif kind == "Unary":
            stack.append(Unary(str(row[1]), stack.pop()))
        elif kind == "Binary":
            right, left = stack.pop(), stack.pop()
            stack.append(Binary(str(row[1]), left, right))
        elif kind == "Call":
            n = int(row[2])
            args = tuple(stack[len(stack) - n :])
            del stack[len(stack) - n :]
            stack.append(Call(str(row[1]), args, tuple(map(str, row[3]))))
        elif kind == "Lookup":
            x, y = (tuple(float(v) for v in row[i]) for i in (1, 2))
            stack.append(Lookup(x, y, str(row[3])))
        elif kind == "Given":
            stack.append(Given(int(row[1])))
        elif kind == "Array":
            stack.append(Array(tuple(map(float, row[1])), tuple(map(int, row[2]))))
        else:
            raise ValueError(f"unknown node kind {kind!r}")
    if len(stack) != 1:
        raise ValueError("not one expression")
    return stack[0]


def is_constant(expr: Expr) -> bool:
    """Whether an equation is just a number or a table of numbers, and so a model parameter."""
    if isinstance(expr, Unary) and expr.op == "-":
        expr = expr.x
    return isinstance(expr, Num | Array) and not children(expr)
