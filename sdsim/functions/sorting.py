"""Builtins for order along the last subscript: ranks, sort orders, picking by position, and
allocation by priority. They expand to sums of comparisons, so all back ends agree on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sdsim.base.errors import ModelError
from sdsim.functions.base import Maker, Stateful
from sdsim.ir.expr import NA, Binary, Call, Expr, Num, joined

VENSIM = "Vensim Reference Manual, Functions"
MOST = 64
Args = tuple[Expr, ...]


def _where(test: Expr, yes: Expr, no: Expr = Num(0.0)) -> Expr:  # noqa: B008
    return Call("if then else", (test, yes, no))


def _along(m: Maker, x: Expr, what: str) -> tuple[list[Expr], list[Expr]]:
    """``x`` at each element of its last subscript, and whether that is the equation's element."""
    values, own = m.along(x, what)
    if len(values) > MOST:
        raise ModelError(
            f"{what} over {len(values)} elements; the limit is {MOST}", remedy="use a coarser range"
        )
    return values, own


def _place(own: Sequence[Expr]) -> Expr:
    """The position, from 0, of the equation's element."""
    return joined("+", [_where(o, Num(float(k))) for k, o in enumerate(own)])


def _before(a: Expr, b: Expr, first: Expr, op: str) -> Expr:
    """Whether ``a`` comes before ``b``; ``first`` decides ties."""
    return Binary("or", Binary(op, a, b), Binary("and", Binary("=", a, b), first))


def _either(direction: Expr, write: Callable[[str], Expr]) -> Expr:
    """Ascending order if the direction is above 0, else descending."""
    if isinstance(direction, Num):
        return write("<" if direction.value > 0 else ">")
    return _where(Binary(">", direction, Num(0.0)), write("<"), write(">"))


def _rank(m: Maker, a: Args) -> Expr:
    values, own = _along(m, a[0], "VECTOR RANK")
    place = m.add(_place(own))

    def write(op: str) -> Expr:
        before = [
            _where(_before(v, a[0], Binary("<", Num(float(k)), place), op), Num(1.0))
            for k, v in enumerate(values)
        ]
        return Binary("+", Num(1.0), joined("+", before))

    return _either(a[1], write)


def _sort_order(m: Maker, a: Args) -> Expr:
    """The position, from 0, of the k-th smallest value, at the k-th element."""
    values, own = _along(m, a[0], "VECTOR SORT ORDER")
    place = m.add(_place(own))

    def write(op: str) -> Expr:
        found = []
        for j, v in enumerate(values):
            rank = m.add(joined("+", [
                _where(_before(u, v, Num(float(i < j)), op), Num(1.0))
                for i, u in enumerate(values) if i != j
            ] or [Num(0.0)]))  # fmt: skip
            found.append(_where(Binary("=", rank, place), Num(float(j))))
        return joined("+", found)

    return _either(a[1], write)


def _reorder(m: Maker, a: Args) -> Expr:
    values, _ = _along(m, a[0], "VECTOR REORDER")
    return _picked(values, a[1], Binary("/", Num(0.0), Num(0.0)))


def _elm_map(m: Maker, a: Args) -> Expr:
    """The value a given number of places after the named element; :NA: outside the range."""
    values, own = _along(m, a[0], "VECTOR ELM MAP")
    return _picked(values, m.add(Binary("+", _place(own), a[1])), Num(NA))


def _picked(values: Sequence[Expr], place: Expr, out: Expr) -> Expr:
    """The value at a position from 0; ``out`` if the position is outside."""
    for k, v in enumerate(values):
        out = _where(Binary("=", place, Num(float(k))), v, out)
    return out


def _by_priority(m: Maker, a: Args) -> Expr:
    """Allocation by priority: each demand is a rectangle of ``width`` around its priority, and a
    level falls from the top until the area above it equals the supply.

    The area as a function of the level is piecewise linear, so the level is found exactly, between
    the two rectangle ends whose areas enclose the supply.
    """
    demand, priority, _, width, supply = a
    demands, _ = _along(m, demand, "ALLOCATE BY PRIORITY")
    priorities, _ = _along(m, priority, "ALLOCATE BY PRIORITY")
    if len(demands) != len(priorities):
        raise ModelError(
            "ALLOCATE BY PRIORITY: as many priorities as demands are needed",
            remedy="give both the same range",
        )
    half = m.add(Binary("/", width, Num(2.0)))
    whole = m.add(width)

    def over(d: Expr, p: Expr, level: Expr) -> Expr:
        share = Binary("/", Binary("-", Binary("+", p, half), level), whole)
        return Binary("*", d, Call("max", (Num(0.0), Call("min", (Num(1.0), share)))))

    asked = m.add(joined("+", demands))
    given = m.add(Call("max", (Num(0.0), Call("min", (supply, asked)))))
    ends, sums = [], []
    for p in priorities:
        for op in "+-":
            end = m.add(Binary(op, p, half))
            ends.append(end)
            both = zip(demands, priorities, strict=True)
            sums.append(m.add(joined("+", [over(d, q, end) for d, q in both])))

    def best(op: str, pick: str, values: Sequence[Expr], none: float) -> Expr:
        kept = [
            _where(Binary(op, s, given), v, Num(none)) for s, v in zip(sums, values, strict=True)
        ]
        return m.add(Call(pick, tuple(kept)))

    low, high = best(">=", "max", ends, -1e300), best("<=", "min", ends, 1e300)
    more, less = best(">=", "min", sums, 1e300), best("<=", "max", sums, -1e300)
    gap = Binary("-", more, less)
    share = _where(Binary(">", gap, Num(0.0)), Binary("/", Binary("-", more, given), gap))
    level = m.add(Binary("+", low, Binary("*", Binary("-", high, low), share)))
    return over(demand, priority, level)


ROWS = (
    Stateful("vector rank", (2, 2), _rank, "any", VENSIM),
    Stateful("vector sort order", (2, 2), _sort_order, "any", VENSIM),
    Stateful("vector reorder", (2, 2), _reorder, "first", VENSIM),
    Stateful("vector elm map", (2, 2), _elm_map, "first", VENSIM),
    Stateful("allocate by priority", (5, 5), _by_priority, "first", VENSIM),
)
