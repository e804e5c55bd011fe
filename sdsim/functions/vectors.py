"""Builtins over the elements of a dimension; each call is expanded element by element."""

from __future__ import annotations

from collections.abc import Sequence

from sdsim.base.errors import ModelError
from sdsim.functions.base import Vector
from sdsim.ir.expr import Binary, Call, Expr, Num, joined

VENSIM = "Vensim Reference Manual, Functions"
Terms = Sequence[tuple[Expr, ...]]


def _join(op: str) -> Vector:
    def combine(terms: Terms) -> Expr:
        return joined(op, [t[0] for t in terms])

    name, units = ("sum", "same") if op == "+" else ("prod", "any")
    return Vector(name, (1, 1), combine, units, VENSIM)


def _extreme(name: str, code: str) -> Vector:
    return Vector(
        name, (1, 1), lambda terms: Call(code, tuple(t[0] for t in terms)), "same", VENSIM
    )


def _nan() -> Expr:
    return Binary("/", Num(0.0), Num(0.0))


def _select(terms: Terms) -> Expr:
    """VECTOR SELECT: the values with a weight other than zero, reduced to one number.

    The fourth argument says how: 0 to 4 are the sum, product, minimum, maximum and mean of weight
    times value, 5 is the product of value to the power of weight, and 6 to 10 are the first five
    again for the values alone. The fifth argument says when the result is NaN: 1 if nothing is
    selected, 2 if more than one element is, 3 in either case.
    """
    _, _, missing, action, errors = terms[0]
    flags = [Binary("<>", t[0], Num(0.0)) for t in terms]

    def kept(values: Sequence[Expr], none: float) -> list[Expr]:
        pairs = zip(flags, values, strict=True)
        return [Call("if then else", (f, v, Num(none))) for f, v in pairs]

    def over(op: str, values: Sequence[Expr], none: float) -> Expr:
        return joined(op, kept(values, none))

    count = over("+", [Num(1.0)] * len(terms), 0.0)
    plain = [t[1] for t in terms]
    weighted = [Binary("*", t[0], t[1]) for t in terms]

    def five(values: Sequence[Expr]) -> list[Expr]:
        total = over("+", values, 0.0)
        least, most = (
            Call(code, tuple(kept(values, none)))
            for code, none in (("min", 1e300), ("max", -1e300))
        )
        return [total, over("*", values, 1.0), least, most, Binary("/", total, count)]

    raised = over("*", [Binary("^", t[1], t[0]) for t in terms], 1.0)
    ways = [*five(weighted), raised, *five(plain)]
    if isinstance(action, Num):
        if action.value not in range(len(ways)):
            raise ModelError(
                f"VECTOR SELECT: action {action.value:g}, expected 0 to 10",
                remedy="write one of these",
            )
        out = ways[int(action.value)]
    else:
        out = _nan()
        for k, way in enumerate(ways):
            out = Call("if then else", (Binary("=", action, Num(float(k))), way, out))
    out = Call("if then else", (Binary("=", count, Num(0.0)), missing, out))
    if isinstance(errors, Num) and errors.value == 0:
        return out
    none = Binary("and", Binary("=", count, Num(0.0)), _among(errors, (1.0, 3.0)))
    many = Binary("and", Binary(">", count, Num(1.0)), _among(errors, (2.0, 3.0)))
    return Call("if then else", (Binary("or", none, many), _nan(), out))


def _among(x: Expr, values: Sequence[float]) -> Expr:
    return joined("or", [Binary("=", x, Num(v)) for v in values])


ROWS = (
    _join("+"), _join("*"), _extreme("vmin", "min"), _extreme("vmax", "max"),
    Vector("vector select", (5, 5), _select, "any", VENSIM),
)  # fmt: skip
