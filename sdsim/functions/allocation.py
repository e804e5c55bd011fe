"""Allocation of a scarce supply, and market-clearing prices, by priority curves.

A curve falls from 1 to 0 as the priority (or price) rises past its middle; its height at a level is
the share still demanded there. Kinds: 0 fixed, always 1; 1 rectangular and 2 triangular, with a
width; 3 normal, where the width is the standard deviation; 4 exponential, symmetric, where the
width is its scale. Supply rises where demand falls. The level is found by bisecting the span of all
curves, and finally on the straight line between the last two ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.functions.base import Builder, Function, Maker, Stateful
from sdsim.functions.random import normal_tail
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, joined

VENSIM = "Vensim Reference Manual, Allocation"
KINDS = (0, 1, 2, 3, 4)
#: How many widths a curve of each kind extends from its middle; and how far Vensim's search for a
#: price goes, as its own output shows when nothing is demanded.
_REACH = {0: 0.5, 1: 0.5, 2: 0.5, 3: 9.0, 4: 40.0}
_SEARCHED = {0: 0.5, 1: 0.5, 2: 0.5, 3: 5.0, 4: 10.0}
_HALVINGS = 48
#: The most demanders and suppliers in one market.
MOST = 64
Args = tuple[Expr, ...]


# --- curves as scalar operations --------------------------------------------------------------


def left(b: Builder, kinds: Sequence[int], kind: int, middle: int, width: int, at: int) -> int:
    """The height of a curve at a level: 1 far below, 0 far above, NaN for an unknown kind."""
    z = b.op("div", b.op("sub", at, middle), width)
    zero, one, half = b.const(0.0), b.const(1.0), b.const(0.5)
    within = b.op("max", b.const(-0.5), b.op("min", half, z))
    out = b.const(float("nan"))
    for k in kinds:
        if k == 0:
            share = one
        elif k == 1:
            share = b.op("sub", half, within)
        elif k == 2:
            rest = b.op("sub", half, b.op("abs", within))
            tail = b.op("mul", b.const(2.0), b.op("mul", rest, rest))
            share = b.op("select", b.op("gt", within, zero), tail, b.op("sub", one, tail))
        else:
            tail = (
                normal_tail(b, b.op("abs", z)) if k == 3
                else b.op("mul", half, b.op("exp", b.op("neg", b.op("abs", z))))
            )  # fmt: skip
            share = b.op("select", b.op("gt", z, zero), tail, b.op("sub", one, tail))
        out = b.op("select", b.op("eq", kind, b.const(float(k))), share, out)
    return out


def _left(kinds: Sequence[int], b: Builder, a: Sequence[int]) -> int:
    kind, middle, width, at = a
    return left(b, kinds, kind, middle, width, at)


def _level(kinds: Sequence[int], span: Mapping[int, float], b: Builder, a: Sequence[int]) -> int:
    """The level at which the curves, each times its quantity, add up to the first argument."""
    curves = [a[i : i + 4] for i in range(1, len(a), 4)]

    def reach(kind: int) -> int:
        out = b.const(span[kinds[-1]])
        for k in kinds[:-1]:
            out = b.op("select", b.op("eq", kind, b.const(float(k))), b.const(span[k]), out)
        return out

    def chain(code: str, values: Sequence[int]) -> int:
        out = values[0]
        for v in values[1:]:
            out = b.op(code, out, v)
        return out

    def total(at: int) -> int:
        return chain(
            "add", [b.op("mul", c[0], left(b, kinds, c[1], c[2], c[3], at)) for c in curves]
        )

    spans = [b.op("mul", reach(c[1]), c[3]) for c in curves]
    low = chain("min", [b.op("sub", c[2], s) for c, s in zip(curves, spans, strict=True)])
    high = chain("max", [b.op("add", c[2], s) for c, s in zip(curves, spans, strict=True)])
    more, less = total(low), total(high)
    wanted = b.op("max", less, b.op("min", more, a[0]))
    for _ in range(_HALVINGS):
        middle = b.op("mul", b.const(0.5), b.op("add", low, high))
        found = total(middle)
        enough = b.op("ge", found, wanted)
        low, high = b.op("select", enough, middle, low), b.op("select", enough, high, middle)
        more, less = b.op("select", enough, found, more), b.op("select", enough, less, found)
    gap = b.op("sub", more, less)
    share = b.op("div", b.op("sub", more, wanted), gap)
    share = b.op("select", b.op("gt", gap, b.const(0.0)), share, b.const(0.0))
    return b.op("add", low, b.op("mul", share, b.op("sub", high, low)))


def _word(name: str, kinds: Sequence[int]) -> str:
    """The internal name of a call for a set of curve kinds; no file can contain it."""
    return f"{names.PART} {name} of {''.join(map(str, kinds))}"


_MANY = (5, 1 + 8 * MOST)
_SETS = [tuple(k for k in KINDS if n & 1 << k) for n in range(1, 1 << len(KINDS))]
ROWS = tuple(
    row
    for kinds in _SETS
    for row in (
        Function(_word("level", kinds), _MANY, partial(_level, kinds, _REACH), "any", VENSIM),
        Function(_word("price", kinds), _MANY, partial(_level, kinds, _SEARCHED), "any", VENSIM),
        Function(_word("left", kinds), (4, 4), partial(_left, kinds), "any", VENSIM),
    )
)


# --- the builtins -----------------------------------------------------------------------------


class _Curves:
    """The curves of a profile such as ``priority[branch, ptype]``."""

    def __init__(self, m: Maker, quantity: Expr, profile: Expr, what: str) -> None:
        if not isinstance(profile, Ref) or len(profile.subs) < 2:
            raise ModelError(
                f"{what} expects a profile with two subscripts",
                remedy="write priority[branch, ptype]",
            )
        self.profile = profile
        self.parts = m.elements(profile, 1, what)[:3]
        if len(self.parts) < 3:
            raise ModelError(
                f"{what}: a profile needs a type, a priority and a width",
                remedy="give its last subscript the elements ptype, ppriority, pwidth, pextra",
            )
        self.quantities, _ = m.along(quantity, what)
        self.places = m.elements(profile, 2, what)
        if len(self.quantities) > MOST:
            raise ModelError(
                f"{what} over {len(self.quantities)} elements; the limit is {MOST}",
                remedy="use a coarser range",
            )
        if len(self.places) != len(self.quantities):
            raise ModelError(
                f"{what}: as many profiles as quantities are needed",
                remedy="give both the same range",
            )
        met = m.met(profile.name, self.parts[0])
        self.kinds = set(KINDS if met is None else met)
        if strange := self.kinds - set(KINDS):
            raise UnsupportedError(
                f"{what} with a profile of type {min(strange):g} is not supported in this version",
                remedy="use 0 fixed, 1 rectangular, 2 triangular, 3 normal or 4 exponential",
            )

    def all(self) -> list[Expr]:
        """Quantity, type, middle and width of each curve, in one list."""
        out: list[Expr] = []
        for quantity, place in zip(self.quantities, self.places, strict=True):
            head = (*self.profile.subs[:-2], place)
            out += [quantity, *(Ref(self.profile.name, (*head, p)) for p in self.parts)]
        return out

    def own(self, level: Expr) -> Expr:
        """The height, at a level, of the curve of the element that the equation is for."""
        parts = [Ref(self.profile.name, (*self.profile.subs[:-1], p)) for p in self.parts]
        return Call(_word("left", sorted(int(k) for k in self.kinds)), (*parts, level))


def _meeting(word: str, wanted: Expr, *sides: _Curves) -> Expr:
    kinds = sorted({int(k) for side in sides for k in side.kinds})
    curves = [x for side in sides for x in side.all()]
    return Call(_word(word, kinds), (wanted, *curves))


def _fixed(kind: Expr) -> Expr:
    return Binary("=", kind, Num(0.0))


def _available(m: Maker, a: Args) -> Expr:
    """Fixed requests take precedence; if they alone exceed the supply, each gets its share."""
    curves = _Curves(m, a[0], a[1], "ALLOCATE AVAILABLE")
    share = curves.own(m.shared(_meeting("level", a[2], curves)))
    if 0 in curves.kinds:
        four = curves.all()
        pairs = zip(four[::4], four[1::4], strict=True)
        asked = m.shared(joined("+", [Binary("*", q, _fixed(k)) for q, k in pairs]))
        part = Call("xidz", (Call("max", (a[2], Num(0.0))), asked, Num(1.0)))
        own = Ref(curves.profile.name, (*curves.profile.subs[:-1], curves.parts[0]))
        given = m.shared(Call("min", (Num(1.0), part)))
        share = Call("if then else", (_fixed(own), given, share))
    return Binary("*", a[0], share)


def _market(m: Maker, a: Args) -> Expr:
    """Demand minus supply: all curves together minus the largest possible supply; a fixed supply
    is available at any price."""
    demand, supply = (_Curves(m, a[i], a[i + 1], "FIND MARKET PRICE") for i in (0, 2))
    four = supply.all()
    most = [
        Binary("*", q, Binary("+", Num(1.0), _fixed(k)))
        for q, k in zip(four[::4], four[1::4], strict=True)
    ]
    return _meeting("price", joined("+", most), demand, supply)


def _demanded(m: Maker, a: Args) -> Expr:
    return Binary("*", a[0], _Curves(m, a[0], a[1], "DEMAND AT PRICE").own(a[2]))


def _supplied(m: Maker, a: Args) -> Expr:
    curves = _Curves(m, a[0], a[1], "SUPPLY AT PRICE")
    kind = Ref(curves.profile.name, (*curves.profile.subs[:-1], curves.parts[0]))
    share = Binary("-", Num(1.0), curves.own(a[2]))
    return Binary("*", a[0], Call("if then else", (_fixed(kind), Num(1.0), share)))


def _market_priority(m: Maker, a: Args) -> Expr:
    """MARKETP: the price, the first half of an older form of ALLOCATE BY PRIORITY."""
    quantities, _ = m.along(a[0], "MARKETP")
    priorities, _ = m.along(a[1], "MARKETP")
    if not len(quantities) == len(priorities) <= MOST:
        raise ModelError(
            f"MARKETP needs a priority for each request, at most {MOST}",
            remedy="give both the same range",
        )
    pairs = zip(quantities, priorities, strict=True)
    curves = [x for q, p in pairs for x in (q, Num(1.0), p, a[3])]
    return Call(_word("level", (1,)), (a[4], *curves))


def _at_priority(m: Maker, a: Args) -> Expr:
    """ALLOC P: the share at a price, the second half."""
    return Binary("*", a[0], Call(_word("left", (1,)), (Num(1.0), a[1], a[2], a[3])))


MARKETS = (
    Stateful("allocate available", (3, 3), _available, "first", VENSIM),
    Stateful("find market price", (4, 4), _market, "any", VENSIM),
    Stateful("demand at price", (3, 3), _demanded, "first", VENSIM),
    Stateful("supply at price", (3, 3), _supplied, "first", VENSIM),
    Stateful("marketp", (5, 5), _market_priority, "any", VENSIM),
    Stateful("alloc p", (4, 4), _at_priority, "first", VENSIM),
)
