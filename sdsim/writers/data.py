"""Data equations for formats without them, rewritten as expressions over tables of the data.

See `sdsim.compile.series` for their meaning, which is expressed here in terms of time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.compile.expand import expand
from sdsim.compile.series import DEEPEST, named
from sdsim.functions import inputs
from sdsim.functions.tables import COMPUTED, SLACK
from sdsim.ir.expr import (
    NA,
    Binary,
    Call,
    Expr,
    Lookup,
    Num,
    Ref,
    minus,
    plus,
    rewrite,
    times,
    walk,
)
from sdsim.ir.model import Equation, Model, Variable
from sdsim.writers.cells import by_cell

_TIME = Ref(names.TIME)
_EVENTS = frozenset(row.name for row in inputs.ROWS)
Cell = tuple[str, tuple[str, ...]]
#: The numbers at all times of a data equation, in order -> the one that is meant.
Chosen = Callable[[Sequence[float]], Expr]


def of_data(variable: Variable) -> bool:
    """Whether a variable has a data equation."""
    return any(isinstance(e.expr, Call) and e.expr.name in COMPUTED for e in variable.equations)


def without_data_equations(model: Model) -> Model:
    """The model with each data equation as an equation of time, or as data where it is a copy.

    Raises
    ------
    ModelError : one that reads what changes at times of its own (STEP and its like).
    """
    if not any(map(of_data, model.variables.values())):
        return model
    return _Writer(model).run()


@dataclass(frozen=True)
class _Series:
    """A data equation of one element: its times, what it says, what holds between them."""

    x: tuple[float, ...]
    body: Expr
    kind: str


class _Writer:
    def __init__(self, model: Model) -> None:
        self._model, wide = model, expand(model)  # with sums written out
        self._said: dict[Cell, Equation] = {}
        self._made: dict[Cell, Lookup | _Series | None] = {}
        for key, variable in wide.variables.items():
            if key in model.variables and (variable.role == "data" or of_data(variable)):
                for equation in variable.equations:
                    for one in by_cell(wide, variable, equation):
                        self._said[key, one.subs] = one

    def run(self) -> Model:
        changed: dict[str, Variable] = {}
        for key, variable in self._model.variables.items():
            if not of_data(variable):
                continue
            mine = {c: e for c, e in self._said.items() if c[0] == key}
            exprs = {c: self._over_time(c, e) for c, e in mine.items()}
            role = "data" if all(isinstance(x, Lookup) for x in exprs.values()) else "equation"
            if role == "equation":
                exprs = {
                    c: Call("with lookup", (_TIME, x)) if isinstance(x, Lookup) else x
                    for c, x in exprs.items()
                }
            made = tuple(replace(e, expr=exprs[c]) for c, e in mine.items())
            changed[key] = replace(variable, equations=made, role=role)
        return self._model.replacing(changed)

    def _over_time(self, cell: Cell, equation: Equation) -> Expr:
        try:
            series = self._series(cell)
            if series is None:
                expr = equation.expr
                return expr.args[0] if isinstance(expr, Call) and expr.name in COMPUTED else expr
            return series if isinstance(series, Lookup) else self._read(series)
        except ModelError as error:
            name = self._model.variables[cell[0]].name
            raise error.at(file=self._model.file, line=equation.line, variable=name) from None

    def _series(self, cell: Cell, depth: int = 0) -> Lookup | _Series | None:
        """The data of an element; None where it has none."""
        if cell not in self._said or cell in self._made:
            return self._made.get(cell)
        if depth > DEEPEST:
            raise ModelError("too many data equations, one on the other")
        expr = self._said[cell].expr
        if isinstance(expr, Lookup):
            self._made[cell] = expr
            return expr
        if not isinstance(expr, Call) or expr.name not in COMPUTED:
            return None
        kind, body = COMPUTED[expr.name], expr.args[0]
        refs = [n for n in walk(body) if isinstance(n, Ref) and not named(body, n)]
        found = [self._series((n.name, n.subs), depth + 1) for n in refs]
        data = [one for one in found if one is not None]
        made: Lookup | _Series | None = None
        if data:
            x = tuple(sorted(set.intersection(*map(_times, data))))
            made = _Series(x, body, kind)
            if not x:
                made = Lookup((0.0,), (NA,), kind)
            elif isinstance(body, Ref) and isinstance(data[0], Lookup):
                made = Lookup(x, tuple(_at(data[0], x)), kind)
        self._made[cell] = made
        return made

    def _read(self, series: _Series) -> Expr:
        """The value at the time of the run."""
        if series.kind == "raw":
            slack = times(Num(SLACK), Ref(names.TIME_STEP))
            x, y = self._held(series, "hold_backward", plus(_TIME, slack))
            here = Binary("<=", Call("abs", (minus(x, _TIME),)), slack)
            return Call("if then else", (here, y, Num(NA)))
        if series.kind != "interpolate":
            return self._held(series, series.kind, _TIME)[1]
        (x0, y0), (x1, y1) = (
            self._held(series, kind, _TIME) for kind in ("hold_backward", "look_forward")
        )
        slope = Call("zidz", (minus(y1, y0), minus(x1, x0)))
        return plus(y0, times(slope, minus(_TIME, x0)))

    def _held(self, series: _Series, kind: str, at: Expr) -> tuple[Expr, Expr]:
        """(time, value) of the data point that applies at a time."""

        def chosen(y: Sequence[float]) -> Expr:
            return Call("with lookup", (at, Lookup(series.x, tuple(y), kind)))

        return chosen(series.x), self._there(series.body, series.x, chosen)

    def _there(self, body: Expr, x: tuple[float, ...], chosen: Chosen) -> Expr:
        """An expression at one of a data equation's times."""

        def change(node: Expr) -> Expr:
            if node == _TIME:
                return chosen(x)
            if isinstance(node, Call) and node.name in _EVENTS:
                raise UnsupportedError(f"{node.name.upper()} in a data equation")
            if not isinstance(node, Ref):
                return node
            series = self._series((node.name, node.subs))
            if isinstance(series, Lookup):
                return chosen(_at(series, x))
            return node if series is None else self._there(series.body, x, chosen)

        return rewrite(body, change)


def _times(series: Lookup | _Series) -> set[float]:
    if isinstance(series, Lookup):
        return {x for x, y in zip(series.x, series.y, strict=True) if y != NA}
    return set(series.x)


def _at(series: Lookup, x: Sequence[float]) -> list[float]:
    value = dict(zip(series.x, series.y, strict=True))
    return [value.get(t, NA) for t in x]
