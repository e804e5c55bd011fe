"""Builtins over the elements of a dimension: the call is written out element by element."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from sdsim.expr import Binary, Call, Expr
from sdsim.functions.base import Vector

VENSIM = "Vensim Reference Manual, Functions"
Terms = Sequence[tuple[Expr, ...]]


def _join(op: str) -> Vector:
    def combine(terms: Terms) -> Expr:
        return reduce(lambda a, b: Binary(op, a, b), (t[0] for t in terms))

    name, units = ("sum", "same") if op == "+" else ("prod", "any")
    return Vector(name, (1, 1), combine, units, VENSIM)


def _extreme(name: str, code: str) -> Vector:
    return Vector(
        name, (1, 1), lambda terms: Call(code, tuple(t[0] for t in terms)), "same", VENSIM
    )


ROWS = (_join("+"), _join("*"), _extreme("vmin", "min"), _extreme("vmax", "max"))
