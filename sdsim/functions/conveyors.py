"""Vensim's conveyor: a belt with a variable speed that leaks along its whole length.

At the end of each time step the belt, of length 1, moves on by TIME STEP / conveyance time (at most
all of it). Whatever is then on its last stretch is the output of the next step; the input of the
step fills the stretch that became free; and of everything on the belt, including the new input, the
share ``leak * TIME STEP`` is lost (limited to between none and all). So with a conveyance time of
n steps, the output is the input of n steps ago, times ``1 - leak * TIME STEP`` for each step.

At the start the belt holds an amount distributed like a lookup, whose ends are the ends of the
belt: what is at the left leaves first. The first output is what was on a stretch of TIME STEP / the
initial conveyance time; with a flat profile, the amount divided by that time (Vensim Reference
Manual, DELAY CONVEYOR; Modeling Guide, chapter 9, Initialization of Conveyors and Material in
Conveyors).
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.functions.base import Builder, Maker, Stateful
from sdsim.functions.root_forms import BELT, VENSIM
from sdsim.functions.tables import OfTable, area, areas
from sdsim.ir.expr import Binary, Call, Expr, Lookup, Num, Ref, minus, over, plus, times
from sdsim.ir.program import NEAR

_DT, _ONE, _ZERO = Ref(names.TIME_STEP), Num(1.0), Num(0.0)
#: The share of a profile's area between two places, 0 to 1; no file can contain this name.
_SHARE = f"{names.PART} share"


def _stretch(time: Expr) -> Expr:
    """How much of the belt passes in one step; NaN if the time is not a number."""
    return over(_DT, Call("max", (_DT, time)))


def _conveyor(m: Maker, a: tuple[Expr, ...]) -> Expr:
    x, time, leak, profile, total, first = a
    m.lookup(profile, "initial profile")
    room = m.add(_stretch(m.nonzero(time, "conveyance time")))
    width = m.held(_stretch(m.nonzero(first, "initial conveyance time")), lambda _: room)
    loss = Call("max", (_ZERO, times(leak, _DT)))
    keep = m.add(minus(_ONE, Call("min", (_ONE, loss))))

    def until(place: Expr) -> Expr:
        end = plus(place, width)
        last = Binary(">", end, minus(_ONE, times(Num(NEAR), width)))
        return Call("if then else", (last, _ONE, end))

    passed = m.held(_ZERO, lambda me: m.add(until(me)))
    early = times(m.add(Call("initial", (total,))), Call(_SHARE, (profile, passed, until(passed))))
    if leak != _ZERO:
        early = times(early, m.held(_ONE, lambda me: times(me, keep)))
    belt = m.add(Call(BELT, (_ZERO, m.add(x), width, room, keep)))
    return plus(over(early, _DT), belt)


def _share(b: Builder, points: Lookup, a: Sequence[int]) -> int:
    low, high = points.x[0], points.x[-1]
    if any(y < 0.0 for y in points.y):
        raise ModelError("the initial profile is below 0", remedy="give it no negative values")
    whole = areas(points)[-1]
    if low < high and not whole > 0.0:
        raise ModelError("the initial profile is 0 everywhere", remedy="give it a positive value")
    if low == high:
        return b.op("sub", a[1], a[0])
    ends = [b.op("add", b.const(low), b.op("mul", v, b.const(high - low))) for v in a]
    return b.op("div", area(b, points, ends), b.const(whole))


ROWS = (Stateful("delay conveyor", (6, 6), _conveyor, "conveyor", VENSIM),)
PROFILES = (OfTable(_SHARE, (3, 3), _share),)
