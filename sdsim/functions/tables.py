"""Builtins that take a lookup or data variable by name: read differently, inverted or summed.

The tables are known before the run, so each call becomes other tables read in the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import accumulate, pairwise
from typing import Any, Protocol

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.functions.base import Builder
from sdsim.ir.expr import NA, Lookup

VENSIM = "Vensim Reference Manual, Functions"
STELLA = "Stella's help, Graphical builtins"
#: The part of a TIME STEP by which a time may differ from the time of raw data and still match.
SLACK = 1e-6
#: The largest number of points in a series that GET DATA MEAN and similar functions go through.
MOST = 1000


#: The root forms of data equations, by interpolation kind. No file can contain these names.
COMPUTED = {
    f"{names.PART} {kind}": kind for kind in ("interpolate", "hold_backward", "look_forward", "raw")
}


class Series(Protocol):
    """Data at their own times, either numbers or computed from other data."""

    @property
    def x(self) -> tuple[float, ...]:
        """The times of the data."""

    @property
    def kind(self) -> str:
        """The interpolation between the times, as in `sdsim.ir.expr.Lookup`."""

    def read(self, kind: str, at: int, shifted: bool = False) -> int:
        """The value at a time, for an interpolation kind. ``shifted``: each point has the value of
        the point before it, and the first point is dropped."""

    def values(self) -> list[int]:
        """The value at each of the times."""


@dataclass(frozen=True)
class Numbers:
    """A `Series` of numbers."""

    builder: Builder
    points: Lookup

    @property
    def x(self) -> tuple[float, ...]:
        """See `Series`."""
        return self.points.x

    @property
    def kind(self) -> str:
        """See `Series`."""
        return self.points.kind

    def read(self, kind: str, at: int, shifted: bool = False) -> int:
        """See `Series.read`."""
        x, y = self.points.x, self.points.y
        table = Lookup(x[1:], y[:-1], kind) if shifted else Lookup(x, y, kind)
        return self.builder.table(table, at, watched=False)

    def values(self) -> list[int]:
        """See `Series.values`."""
        return [self.builder.const(y) for y in self.points.y]


@dataclass(frozen=True)
class OfTable:
    """A builtin whose first argument is a lookup or data variable.

    arity : fewest and most arguments, including the table.
    lower : (builder, points of the table, values of the other arguments) -> value; for data, the
        `Series` instead of the points.
    data : whether only data variables are allowed.   units, source : as in
        `sdsim.functions.base.Function`.
    """

    name: str
    arity: tuple[int, int]
    lower: Callable[[Builder, Any, Sequence[int]], int]
    data: bool = False
    units: str = "first"
    source: str = VENSIM


def _as(kind: str, b: Builder, points: Lookup, a: Sequence[int]) -> int:
    return b.table(Lookup(points.x, points.y, kind), a[0])


def only_at(b: Builder, points: Series, at: int) -> int:
    """``:RAW:`` data: the value of a point at its own time, :NA: at all other times (Vensim
    Reference Manual, Data Equations)."""
    slack = b.op("mul", b.const(SLACK), b.dt())
    late = b.op("add", at, slack)
    x = b.table(Lookup(points.x, points.x, "hold_backward"), late, watched=False)
    y = points.read("hold_backward", late)
    here = b.op("le", b.op("abs", b.op("sub", x, at)), slack)
    return b.op("select", here, y, b.const(NA))


# --- lookups -----------------------------------------------------------------------------------


def _invert(b: Builder, points: Lookup, a: Sequence[int]) -> int:
    """The x at which the lookup has a given value; the end point if it is out of range."""
    x, y = points.x, points.y
    if len(y) > 1 and y[0] > y[-1]:
        x, y = x[::-1], y[::-1]
    if any(p >= q for p, q in pairwise(y)):
        raise ModelError(
            "LOOKUP INVERT expects a lookup that rises or falls all the way",
            remedy="give it no equal values in a row and no turn",
        )
    return b.table(Lookup(y, x), a[0])


def _inverse(b: Builder, points: Lookup, a: Sequence[int]) -> int:
    """Stella's LOOKUPINV: the first x that gives a value, even if the graph is not monotonic.

    For values outside a monotonic graph: its first or last x, or an extrapolation if the graph is
    of that kind. A graph that is not monotonic has no such x and gives NaN.
    """
    x, y = points.x, points.y
    if points.kind not in ("interpolate", "extrapolate"):
        raise ModelError(
            "LOOKUPINV of a graph in steps, which has a range of x for each value",
            remedy="make the graph continuous",
        )
    falls = y[0] > y[-1]
    ups = [p < q for p, q in pairwise(y)]
    if all(ups) or not any(p <= q for p, q in pairwise(y)):
        turned = Lookup(y[::-1], x[::-1], points.kind) if falls else Lookup(y, x, points.kind)
        return b.table(turned, a[0], watched=False)
    if len(x) > MOST:
        raise ModelError(
            f"LOOKUPINV of a graph of {len(x)} points that turns or is flat; the limit is {MOST}",
            remedy="use a coarser graph",
        )
    steady = not any(ups) or all(p <= q for p, q in pairwise(y))
    if steady and points.kind == "interpolate":
        low, high = (x[-1], x[0]) if falls else (x[0], x[-1])
        out = b.op("select", b.op("lt", a[0], b.const(min(y))), b.const(low), b.const(high))
    else:
        out = b.op("div", b.const(0.0), b.const(0.0))  # a fault, unlike a NAN written in the model
    for (x0, y0), (x1, y1) in reversed([*pairwise(zip(x, y, strict=True))]):
        ends = b.const(min(y0, y1)), b.const(max(y0, y1))
        inside = b.op("and", b.op("ge", a[0], ends[0]), b.op("le", a[0], ends[1]))
        share = b.op("div", b.op("sub", a[0], b.const(y0)), b.const(y1 - y0 if y1 != y0 else 1.0))
        here = b.op("add", b.const(x0), b.op("mul", b.const(x1 - x0), share))
        out = b.op("select", inside, here, out)
    return out


def areas(points: Lookup, steps: bool = False) -> tuple[float, ...]:
    """The area under a lookup from its first point to each point; between two points along a
    straight line, or with ``steps`` at the height of the first."""
    sides = pairwise(zip(points.x, points.y, strict=True))
    pieces = [(q[0] - p[0]) * (p[1] if steps else (p[1] + q[1]) / 2.0) for p, q in sides]
    return tuple(accumulate(pieces, initial=0.0))


def area(b: Builder, points: Lookup, a: Sequence[int]) -> int:
    """The area under a lookup from one x to another; the end values hold beyond the ends."""
    straight = Lookup(points.x, points.y)
    return b.op("sub", _up_to(b, straight, a[1]), _up_to(b, straight, a[0]))


def _up_to(b: Builder, points: Lookup, v: int) -> int:
    """The area from the first point to ``v``."""
    x, y = points.x, points.y
    steps = points.kind == "hold_backward"

    def at_left(values: Sequence[float]) -> int:
        return b.table(Lookup(x, tuple(values), "hold_backward"), v)

    along, height = b.op("sub", v, at_left(x)), at_left(y)
    if not steps:
        here = b.table(points, v, watched=False)
        height = b.op("mul", b.const(0.5), b.op("add", height, here))
    return b.op("add", at_left(areas(points, steps)), b.op("mul", along, height))


def _covered(b: Builder, points: Lookup, a: Sequence[int]) -> int:
    """Stella's LOOKUPAREA(graph, to, from): as `area`, with the limits swapped. The area beyond
    the ends is zero unless the graph is extrapolated."""
    first, last = b.const(points.x[0]), b.const(points.x[-1])
    to, start = (*a, *(last, first)[len(a) :])

    def within(v: int) -> int:
        return v if points.kind == "extrapolate" else b.op("min", b.op("max", v, first), last)

    low, high = within(b.op("min", to, start)), within(b.op("max", to, start))
    return b.op("sub", _up_to(b, points, high), _up_to(b, points, low))


# --- data --------------------------------------------------------------------------------------


def _among(b: Builder, points: Series, t: int, value: int) -> int:
    """The value; :NA: before the first point and after the last."""
    early, late = b.op("lt", t, b.const(points.x[0])), b.op("gt", t, b.const(points.x[-1]))
    return b.op("select", b.op("or", early, late), b.const(NA), value)


def _between(b: Builder, points: Series, a: Sequence[int]) -> int:
    """Straight lines (mode 0), the next point (1) or the previous point (-1).

    Vensim's manual compares mode -1 to :HOLD BACKWARD:, yet its output gives the previous point
    even at the time of a point, and truncates times to whole numbers in both modes; so does sdsim.
    """
    t, mode = a
    whole = b.op("floor", t)
    straight = points.read("interpolate", t)
    after = points.read("look_forward", whole)
    before = points.read("look_forward", whole, shifted=True) if len(points.x) > 1 else straight
    out = b.op("select", b.op("ge", mode, b.const(1.0)), after, straight)
    out = b.op("select", b.op("le", mode, b.const(-1.0)), before, out)
    return _among(b, points, t, out)


def _at(b: Builder, points: Series, a: Sequence[int]) -> int:
    return _among(b, points, a[0], points.read(points.kind, a[0]))


def _end(place: int, b: Builder, points: Series, _: Sequence[int]) -> int:
    return b.const(points.x[place])


def _through(what: str, b: Builder, points: Series, a: Sequence[int]) -> int:
    """A statistic of the points from one time to another, inclusive; :NA: if there are none."""
    if len(points.x) > MOST:
        raise ModelError(
            f"GET DATA {what} over {len(points.x)} points; the limit is {MOST}",
            remedy="use a coarser series",
        )
    first, last = a
    zero, one, na = b.const(0.0), b.const(1.0), b.const(NA)
    inside = [
        b.op("and", b.op("ge", b.const(x), first), b.op("le", b.const(x), last)) for x in points.x
    ]

    def total(values: Sequence[int], none: int = zero, code: str = "add") -> int:
        kept = [b.op("select", i, v, none) for i, v in zip(inside, values, strict=True)]
        return reduce(partial(b.op, code), kept)

    values = points.values()
    count = total([one] * len(values))
    if what in ("MIN", "MAX"):
        out = total(values, b.const(1e300 if what == "MIN" else -1e300), what.lower())
    else:
        out = b.op("div", total(values), count)
    return b.op("select", b.op("gt", count, zero), out, na)


ROWS = (
    OfTable("lookup forward", (2, 2), partial(_as, "look_forward")),
    OfTable("lookup backward", (2, 2), partial(_as, "hold_backward")),
    OfTable("lookup extrapolate", (2, 2), partial(_as, "extrapolate")),
    OfTable("lookup invert", (2, 2), _invert, units="any"),
    OfTable("lookup area", (3, 3), area, units="any"),
    OfTable("lookupinv", (2, 2), _inverse, units="any", source=STELLA),
    OfTable("lookuparea", (1, 3), _covered, units="any", source=STELLA),
    OfTable("get data between times", (3, 3), _between, data=True),
    OfTable("get data at time", (2, 2), _at, data=True),
    OfTable("get data first time", (1, 1), partial(_end, 0), data=True, units="any"),
    OfTable("get data last time", (1, 1), partial(_end, -1), data=True, units="any"),
    *(
        OfTable(f"get data {what.lower()}", (3, 3), partial(_through, what), data=True)
        for what in ("MIN", "MAX", "MEAN")
    ),
)
