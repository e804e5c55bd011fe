"""Evaluates an expression over a set of runs; the value of a condition is its margin."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary
from sdsim.outcomes.meaning import (
    COLLECTORS,
    COMPARISONS,
    PLAIN,
    Cell,
    Kind,
    Scope,
    mark_of,
    runs_of,
)
from sdsim.outcomes.measures import MEASURES, Measure, over
from sdsim.outcomes.values import Numbers, OutsideError, Series, together

Value = Numbers | Series
#: The margin of a comparison of equal values; positive if equality satisfies it.
EQUAL = 5e-324


@dataclass(frozen=True)
class Batch:
    """The saved values of one run, for a batch of members.

    time : (n_saved,).   values : (n_saved, n_member) for each kept element; NaN throughout for
        a member that stopped.
    """

    time: NDArray[np.float64]
    values: Mapping[Cell, NDArray[np.float64]]


@dataclass(frozen=True)
class Evaluator:
    """Evaluates expressions that have passed `Scope.kind`."""

    scope: Scope
    outcomes: Mapping[str, Batch]
    run: str = "base"
    bound: tuple[tuple[str, str], ...] = ()

    def value(self, expr: Expr) -> Value:
        """The value for each member.

        Raises
        ------
        OutsideError : a time or place outside the data.
        """
        self.scope.spend()
        match expr:
            case Num(v):
                return np.array(v)
            case Ref():
                return self._ref(expr)
            case Unary(_, x):
                return _each(np.negative, self.value(x))
            case Binary(op, left, right) if op in COMPARISONS:
                return self._compared(op, left, right)
            case Binary(op, left, right):
                return _pair(_OPERATIONS[op], self.value(left), self.value(right))
            case Call():
                return self._call(expr)
        raise ModelError("a table or text cannot be used here", remedy="name a variable")

    def number(self, expr: Expr) -> Numbers:
        """The value of an expression without an axis."""
        out = self.value(expr)
        assert not isinstance(out, Series)
        return out

    # --- names --------------------------------------------------------------------------------

    def _ref(self, ref: Ref) -> Value:
        outcome = self.outcomes[self.run]
        if ref.name == names.TIME:
            return Series(outcome.time, outcome.time[:, None])
        bound = dict(self.bound)
        subs = tuple(bound[s[:-1]] if s.endswith("!") else s for s in ref.subs)
        values = outcome.values[self.scope.cells(Ref(ref.name, subs))[0]]
        if self.scope.kind(ref, self.run).timed:
            return Series(outcome.time, values)
        return np.asarray(values[0])

    def _binding(self, marks: frozenset[str]) -> list[Evaluator]:
        """An evaluator for each combination of elements (or runs) that the marks run over."""
        known = sorted(marks)
        combinations = itertools.product(*(self.scope.choices(m) for m in known))
        kept = tuple(b for b in self.bound if b[0] not in marks)
        return [replace(self, bound=(*kept, *zip(known, c, strict=True))) for c in combinations]

    def _kind(self, expr: Expr) -> Kind:
        return self.scope.kind(expr, self.run)

    def _row(self, expr: Expr, marks: frozenset[str]) -> NDArray[np.float64]:
        """(n, n_member) the values of an expression along the marks."""
        found = [np.atleast_1d(e.number(expr)) for e in self._binding(marks)]
        return np.stack(np.broadcast_arrays(*found))

    # --- operations ---------------------------------------------------------------------------

    def _compared(self, op: str, left: Expr, right: Expr) -> Value:
        way = 1.0 if op in (">", ">=") else -1.0
        a, b = self.value(left), self.value(right)
        low = b.values if isinstance(b, Series) else b
        if not np.any(low == 0):
            return _pair(lambda x, y: _told(op, over(way * (x - y), y, y)), a, b)
        size = self._size(left)
        if isinstance(a, Series) or isinstance(b, Series) or isinstance(size, Series):
            axis = next(v.axis for v in (a, b, size) if isinstance(v, Series))
            a, b, size = (_along(axis, v) for v in (a, b, size))
            (a, b), (_, size) = together(a, b), together(a, size)
            _, a = together(size, a)
            _, b = together(size, b)
            found = over(way * (a.values - b.values), b.values, size.values)
            return Series(a.axis, _told(op, found))
        return _told(op, over(way * (a - b), b, size))

    def _size(self, expr: Expr) -> Value:
        """The scale of an expression: for a sum, that of its largest term."""
        match expr:
            case Unary(_, x):
                return self._size(x)
            case Binary(op, left, right) if op in "+-":
                return _pair(np.maximum, self._size(left), self._size(right))
            case Binary("*", left, right):
                return _pair(np.multiply, self._size(left), self._size(right))
            case Binary("/", left, right):
                return _pair(_OPERATIONS["/"], self._size(left), _each(np.abs, self.value(right)))
            case Call("in", _):
                (run,), inner = runs_of(expr)
                return replace(self, run=run)._size(inner)
            case Call(name, args) if name in MEASURES and MEASURES[name].size is not None:
                measure = MEASURES[name]
                return self._measured(replace(measure, compute=_sized(measure)), args)
        return _each(np.abs, self.value(expr))

    def _call(self, call: Call) -> Value:
        name, args = call.name, call.args
        if name in MEASURES:
            return self._measured(MEASURES[name], args)
        if name in COLLECTORS:
            join = COLLECTORS[name][1]
            found = [e.value(args[0]) for e in self._binding(self._kind(args[0]).marks)]
            out = found[0]
            for more in found[1:]:
                out = _pair(join, out, more)
            return out
        if name in PLAIN:
            apply = PLAIN[name][1]
            out = self.value(args[0])
            if len(args) == 1:
                return _each(lambda x: apply([x]), out)
            for other in args[1:]:
                out = _pair(lambda x, y: apply([x, y]), out, self.value(other))
            return out
        if name == "in":
            (run,), inner = runs_of(call)
            return replace(self, run=run).value(inner)
        if name == "in each":
            return replace(self, run=dict(self.bound)[mark_of(call)]).value(call.args[-1])
        if name == "along":
            return self._placed(args[0], args[1])
        if name == "between":
            x, low, high = args
            return _pair(np.minimum, self._compared(">", x, low), self._compared("<", x, high))
        return self._chosen(*args)

    def _placed(self, row: Expr, axis: Expr) -> Series:
        marks = self._kind(row).marks
        places = self._row(axis, marks)
        if not (places == places[:, :1]).all():
            raise OutsideError("the axis of ALONG differs between draws")
        if not (np.diff(places[:, 0]) > 0).all():
            raise OutsideError("the axis of ALONG does not increase")
        return Series(places[:, 0], self._row(row, marks))

    def _chosen(self, condition: Expr, yes: Expr, no: Expr) -> Value:
        kept = self.value(condition)
        a = _pair(lambda c, x: np.where(c > 0, x, 0.0), kept, self.value(yes))
        b = _pair(lambda c, x: np.where(c > 0, 0.0, x), kept, self.value(no))
        sure = _each(lambda c: np.where(np.isnan(c), np.nan, 0.0), kept)
        return _pair(np.add, _pair(np.add, a, b), sure)

    def _measured(self, row: Measure, args: tuple[Expr, ...]) -> Numbers:
        given = args[: row.series]
        kinds = [self._kind(a) for a in given]
        further = [self.number(a) for a in args[row.series :]]
        if any(k.timed for k in kinds):
            found = [self.value(a) for a in given]
            axis = next(v.axis for v in found if isinstance(v, Series))
            return row([_along(axis, v) for v in found], further)
        marks = frozenset[str]().union(*(k.marks for k in kinds))
        rows = [self._row(a, marks) for a in given]
        places = np.arange(1.0, len(rows[0]) + 1)
        return row([Series(places, r) for r in rows], further)


def _told(op: str, margin: Numbers) -> Numbers:
    """A zero margin given a sign, so that equal values satisfy ``<=`` and not ``<``."""
    return np.where(margin == 0, EQUAL if op in ("<=", ">=") else -EQUAL, margin)


def _sized(row: Measure) -> Callable[[Series, Series, list[Numbers]], Numbers]:
    size = row.size
    assert size is not None
    return lambda one, two, further: size(one)


def _divided(a: Numbers, b: Numbers) -> Numbers:
    with np.errstate(all="ignore"):
        return np.asarray(a / b)


def _power(a: Numbers, b: Numbers) -> Numbers:
    with np.errstate(all="ignore"):
        return np.asarray(np.power(a, b))


_OPERATIONS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": _divided, "^": _power,
    "and": np.minimum, "or": np.maximum,
}  # fmt: skip


def _each(apply: Callable[[Numbers], Numbers], x: Value) -> Value:
    with np.errstate(all="ignore"):
        return Series(x.axis, apply(x.values)) if isinstance(x, Series) else np.asarray(apply(x))


def _along(axis: NDArray[np.float64], x: Value) -> Series:
    """A number repeated along an axis."""
    if isinstance(x, Series):
        return x
    return Series(axis, np.broadcast_to(np.atleast_1d(x), (len(axis), np.size(x))))


def _pair(apply: Callable[[Numbers, Numbers], Numbers], a: Value, b: Value) -> Value:
    """Two values combined on their common points."""
    with np.errstate(all="ignore"):
        if isinstance(a, Series) and isinstance(b, Series):
            a, b = together(a, b)
            return Series(a.axis, np.asarray(apply(a.values, b.values)))
        if isinstance(a, Series):
            return Series(a.axis, np.asarray(apply(a.values, np.asarray(b))))
        if isinstance(b, Series):
            return Series(b.axis, np.asarray(apply(np.asarray(a), b.values)))
        return np.asarray(apply(a, b))
