"""Data equations: series computed from data, with values at the times that all the data share.

``y :RAW: := a * b`` is computed only at the times of both a and b; the keyword says what holds
between them. A run may change constants in it, so the values are not known in advance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sdsim.base.errors import ModelError
from sdsim.compile.subscripts import Block
from sdsim.functions import TABLES
from sdsim.functions.base import Builder
from sdsim.functions.tables import COMPUTED, Numbers, Series, only_at
from sdsim.ir.expr import NA, Call, Expr, Given, Lookup, Ref, walk
from sdsim.ir.model import Model

#: How deeply data equations may depend on each other.
DEEPEST = 50


@dataclass(frozen=True)
class Point:
    """A time at which a data equation is evaluated.

    x : all times of the equation.   value : from numbers at these times, selects the current one.
    made : values already computed there, by variable and element.
    """

    x: tuple[float, ...]
    value: Callable[[Sequence[float]], int]
    made: dict[tuple[str, int], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Computed:
    """The series of one element of a data equation; a `sdsim.functions.tables.Series`.

    at_point : the equation's value at one of the times ``x``.
    """

    builder: Builder
    x: tuple[float, ...]
    kind: str
    at_point: Callable[[Point], int]

    def read(self, kind: str, at: int, shifted: bool = False) -> int:
        """See `sdsim.functions.tables.Series.read`."""
        b = self.builder
        if kind == "raw":
            return only_at(b, self, at)
        if kind != "interpolate":
            return self._held(kind, at, shifted)[1]
        (x0, y0), (x1, y1) = (self._held(k, at, shifted) for k in ("hold_backward", "look_forward"))
        width = b.op("sub", x1, x0)
        apart = b.op("gt", width, b.const(0.0))
        slope = b.op("div", b.op("sub", y1, y0), b.op("select", apart, width, b.const(1.0)))
        between = b.op("add", y0, b.op("mul", slope, b.op("sub", at, x0)))
        return b.op("select", apart, between, y0)

    def values(self) -> list[int]:
        """See `sdsim.functions.tables.Series.values`."""

        def one(k: int) -> int:
            return self.at_point(Point(self.x, lambda y: self.builder.const(y[k])))

        return [one(k) for k in range(len(self.x))]

    def _held(self, kind: str, at: int, shifted: bool) -> tuple[int, int]:
        """(time, value) of the point in effect at ``at``."""
        keys = self.x[1:] if shifted else self.x

        def value(y: Sequence[float]) -> int:
            table = Lookup(keys, tuple(y[:-1] if shifted else y), kind)
            return self.builder.table(table, at, watched=False)

        return value(self.x), self.at_point(Point(self.x, value))


def named(root: Expr, ref: Ref) -> bool:
    """Whether a table is used by name: as the first argument of a builtin that takes one."""
    calls = (n for n in walk(root) if isinstance(n, Call) and n.name in TABLES)
    return any(ref is head for call in calls for head in call.args[:1])


def times(series: Series) -> set[float]:
    """The times with data; :NA: does not count."""
    if isinstance(series, Numbers):
        pairs = zip(series.points.x, series.points.y, strict=True)
        return {x for x, y in pairs if y != NA}
    return set(series.x)


class Lowering(Builder, Protocol):
    """What data equations need from the program under construction, beyond `Builder`."""

    def work_out(self, block: Block, index: int, expr: Expr, at_start: bool) -> int:
        """The value of an expression for one element of a block, at the point in effect."""

    def read(self, table: Expr, at: int) -> int:
        """The value of a table, a `Lookup` or one that is `Given`, at ``at``."""

    def current(self, name: str, cell: int, at_start: bool) -> int | None:
        """The value of an element that is constant during a run; None for any other."""


class DataEquations:
    """The data of a model, element by element in order of evaluation.

    point : where a data equation is being evaluated; None outside data equations.
    """

    def __init__(self, lowering: Lowering, model: Model) -> None:
        self._lowering, self._model = lowering, model
        self._series: dict[tuple[str, int], Numbers | Computed] = {}
        self.point: Point | None = None
        self._depth = 0

    def series(self, name: str, cell: int) -> Numbers | Computed | None:
        """The data of an element, if it has any."""
        return self._series.get((name, cell))

    def value(self, block: Block, index: int, cell: int, at_start: bool) -> int:
        """The value of a data element at the current time."""
        expr, b = block.equation.expr, self._lowering
        if isinstance(expr, Given):
            return b.read(expr, b.time())
        series = self._made(block, index, at_start)
        if series is None:  # a data equation without data in it
            assert isinstance(expr, Call)
            return b.work_out(block, index, expr.args[0], at_start)
        self._series[block.variable, cell] = series
        if isinstance(series, Numbers):
            return b.table(series.points, b.time())
        return series.read(series.kind, b.time())

    def _made(self, block: Block, index: int, at_start: bool) -> Numbers | Computed | None:
        expr, b = block.equation.expr, self._lowering
        if isinstance(expr, Lookup):
            return Numbers(b, expr)
        if not isinstance(expr, Call) or expr.name not in COMPUTED:
            raise ModelError("expected a table of points", remedy="write ((0,0),(1,1)) or so")
        kind, body = COMPUTED[expr.name], expr.args[0]
        data = [
            one
            for n in walk(body)
            if isinstance(n, Ref) and n.name in self._model.variables and not named(body, n)
            and (one := self.series(n.name, int(block.at[id(n)][index])))
        ]  # fmt: skip
        if not data:
            return None
        x = tuple(sorted(set.intersection(*map(times, data))))
        if not x:
            return Numbers(b, Lookup((0.0,), (NA,), kind))
        if isinstance(body, Ref) and isinstance(data[0], Numbers):
            return Numbers(b, Lookup(x, tuple(_at(data[0], x)), kind))

        def at_point(point: Point) -> int:
            before, self.point = self.point, point
            try:
                return b.work_out(block, index, body, at_start)
            finally:
                self.point = before

        return Computed(b, x, kind, at_point)

    def there(self, point: Point, name: str, cell: int, at_start: bool) -> int:
        """The value of an element at a data equation's point.

        Raises
        ------
        ModelError : it changes during the run and is not data; or data equations nest too deeply.
        """
        series = self.series(name, cell)
        if isinstance(series, Numbers):
            return point.value(_at(series, point.x))
        if series is not None:
            if (name, cell) not in point.made:
                self._depth += 1
                if self._depth > DEEPEST:
                    what = f"more than {DEEPEST} data equations, one on the other"
                    raise ModelError(what, remedy="put some of them into one")
                point.made[name, cell] = series.at_point(point)
                self._depth -= 1
            return point.made[name, cell]
        value = self._lowering.current(name, cell, at_start)
        if value is None:
            what = f"a data equation uses '{self._model.display(name)}', which changes over time"
            raise ModelError(what, remedy="write = in place of :=, or use data and constants")
        return value


def _at(series: Numbers, x: Sequence[float]) -> list[float]:
    """The values of a series at given times."""
    value = dict(zip(series.points.x, series.points.y, strict=True))
    return [value.get(t, NA) for t in x]
