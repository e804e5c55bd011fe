"""Overrides applied to a model: as new equations if necessary, else as parameter values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, said
from sdsim.ir.expr import Call, Expr, Lookup, Num, Ref
from sdsim.ir.model import Equation, Model, Variable, shape_of
from sdsim.ir.program import Program
from sdsim.overrides.changes import Overrides
from sdsim.overrides.labelled import plain
from sdsim.overrides.places import is_parameter, locate
from sdsim.overrides.tables import has_table, with_table
from sdsim.overrides.values import Points, number


def values_for(
    model: Model,
    constants: Mapping[str, Any],
    placed: Callable[[ModelError, str], ModelError] = lambda error, name: error,
) -> dict[str, dict[int, float]]:
    """Checked numbers: canonical name -> flat position -> value.

    placed : adds the place of a name to an error about its value.
    """
    out: dict[str, dict[int, float]] = {}
    for name, value in constants.items():
        try:
            variable, values = _values_of(model, name, value)
        except ModelError as e:
            raise placed(e, name) from None
        out.setdefault(names.canonical(variable.name), {}).update(values)
    return out


def _values_of(model: Model, name: str, value: Any) -> tuple[Variable, dict[int, float]]:
    """The variable that a name refers to, and its numbers by flat position."""
    variable, cells = locate(model, name)
    shape = shape_of(model, variable)
    value = plain(model, variable, cells, value, name)
    if cells is not None:
        return variable, dict.fromkeys(cells, number(value, name))
    given = np.asarray(value, dtype=object)
    if given.ndim and given.shape != shape:
        over = ", ".join(model.dimensions[d].name for d in variable.dims)
        wanted = f"{_sized(shape)} (over {over})" if shape else "a single number"
        remedy = "give one for each element, or one number for all" if shape else "give one"
        what = f"expected {wanted}, got {_sized(given.shape)}"
        raise ModelError(what, remedy=remedy, variable=name)
    flat = np.broadcast_to(given, shape).reshape(-1) if shape else given.reshape(-1)[:1]
    return variable, {i: number(v, name) for i, v in enumerate(flat)}


def _sized(shape: Sequence[int]) -> str:
    """A size as text: ``3 values``, ``2 x 3 values``."""
    if len(shape) == 1:
        return counted(shape[0], "value")
    return f"{' x '.join(map(str, shape))} values"


def apply(model: Model, overrides: Overrides) -> tuple[Model, dict[str, dict[int, float]]]:
    """The model with all structural changes made, and the remaining values for its parameters.

    Raises
    ------
    ModelError : an unknown name, a value that is not a finite number, a stock given as a constant.
    """
    changed, parameters = without_starts(model, overrides)
    for key, values in starts(model, overrides).items():
        variable = changed.get(key, model.variables[key])
        changed |= started(model, variable, values)
    return (model.replacing(changed) if changed else model), parameters


def without_starts(
    model: Model, overrides: Overrides
) -> tuple[dict[str, Variable], dict[str, dict[int, float]]]:
    """The variables (canonical names) with other equations, and the values of parameters; initial
    values are left out.

    Raises
    ------
    ModelError : as `apply`.
    """
    changed: dict[str, Variable] = {}
    parameters: dict[str, dict[int, float]] = {}
    placed = overrides.placed
    _without_lookups(model, overrides)
    for key, values in values_for(model, overrides.constants, placed).items():
        variable = model.variables[key]
        if is_parameter(variable):
            parameters[key] = values
            continue
        if variable.is_stock:
            remedy = "give its start value with initial"
            raise placed(
                ModelError("is a stock", remedy=remedy, variable=variable.name),
                _named(model, overrides.constants, key),
            )
        changed[key] = replaced(model, variable, {i: Num(v) for i, v in values.items()})
    for role, tables in (("lookup", overrides.lookups), ("series", overrides.series)):
        for name, points in tables.items():
            try:
                variable, cells = _for_table(model, name, points, role)
            except ModelError as e:
                raise placed(e, name) from None
            key = names.canonical(variable.name)
            variable = changed.get(key, variable)
            if role == "lookup" and variable.role == "equation":
                where = None if cells is None else [elements_of(model, variable, c) for c in cells]
                try:
                    changed[key] = with_table(variable, where, points)
                except ModelError as e:
                    raise placed(e, name) from None
            else:
                changed[key] = _tabled(model, variable, cells, points, role)
    return changed, parameters


def starts(model: Model, overrides: Overrides) -> dict[str, dict[int, float]]:
    """Checked initial values: canonical name of a stock -> flat position -> value.

    Raises
    ------
    ModelError : not a number, or not a stock.
    """
    out = values_for(model, overrides.initial, overrides.placed)
    for key in out:
        variable = model.variables[key]
        if not variable.is_stock:
            remedy = "give its value among the constants"
            what = "is not a stock and has no initial value"
            raise overrides.placed(
                ModelError(what, remedy=remedy, variable=variable.name),
                _named(model, overrides.initial, key),
            )
    return out


def _without_lookups(model: Model, overrides: Overrides) -> None:
    """Refuse a lookup among the constants, whatever is given for it."""
    for name in overrides.constants:
        try:
            variable, _ = locate(model, name)
            if variable.role == "lookup":
                remedy = "give a table of points: Points(x, y), or [lookups] in a preset"
                raise ModelError("is a lookup", remedy=remedy, variable=variable.name)
        except ModelError as e:
            raise overrides.placed(e, name) from None


def _for_table(
    model: Model, name: str, points: object, role: str
) -> tuple[Variable, list[int] | None]:
    """The variable, and those of its elements, that a table or series applies to."""
    variable, cells = locate(model, name)
    if not isinstance(points, Points):
        remedy = "write sdsim.Points(x, y)"
        raise ModelError(
            f"expected Points, got {said(points)}", remedy=remedy, variable=variable.name
        )
    if role == "lookup" and variable.role != "lookup" and not has_table(variable):
        remedy = "give it a number or a series"
        raise ModelError("is not a lookup", remedy=remedy, variable=variable.name)
    if role == "series" and variable.is_stock:
        remedy = "give the series to one of its flows"
        raise ModelError("is a stock and cannot be a series", remedy=remedy, variable=variable.name)
    return variable, cells


def _named(model: Model, given: Mapping[str, Any], key: str) -> str:
    """The name under which the user gave values for a variable."""
    return next(n for n in given if names.canonical(locate(model, n)[0].name) == key)


def elements_of(model: Model, variable: Variable, cell: int) -> tuple[str, ...]:
    """The elements (canonical) of a variable's flat position."""
    shape = shape_of(model, variable)
    at = np.unravel_index(cell, shape) if shape else ()
    return tuple(
        model.dimensions[d].elements[int(i)] for d, i in zip(variable.dims, at, strict=True)
    )


def replaced(model: Model, variable: Variable, exprs: Mapping[int, Expr]) -> Variable:
    """``variable``, with equations of their own for single elements."""
    cells = [elements_of(model, variable, i) for i in exprs]
    size = int(np.prod(shape_of(model, variable)))
    new = [Equation(e, c, (), variable.line) for c, e in zip(cells, exprs.values(), strict=True)]
    if len(new) == size:
        return variable.with_equations(new, "equation")
    kept = [Equation(e.expr, e.subs, (*e.excepts, *cells), e.line) for e in variable.equations]
    return variable.with_equations([*kept, *new], "equation")


def _tabled(
    model: Model, variable: Variable, cells: Sequence[int] | None, points: Points, role: str
) -> Variable:
    table = Lookup(tuple(points.x), tuple(points.y), points.kind)
    role = role if role == "lookup" or variable.role != "data" else "data"
    kept = role in ("lookup", "data")
    made: Expr = table if kept else Call("with lookup", (Ref(names.TIME), table))
    if cells is None:
        equation = Equation(made, variable.dims, (), variable.line)
        return variable.with_equations([equation], role if kept else "equation")
    out = replaced(model, variable, dict.fromkeys(cells, made))
    return out.with_equations(out.equations, role if kept else "equation")


def started(model: Model, variable: Variable, values: Mapping[int, float]) -> dict[str, Variable]:
    """The stock with a hidden constant as its initial value, so that it stays a parameter."""
    name = names.part(variable.name, "start")
    key = names.canonical(name)
    given = {i: elements_of(model, variable, i) for i in values}
    start = [Equation(Num(v), given[i]) for i, v in values.items()]
    stock = []
    for e in variable.equations:
        if not (isinstance(e.expr, Call) and e.expr.name == "integ"):
            stock.append(e)
            continue
        net, before = e.expr.args
        start.append(Equation(before, e.subs, (*e.excepts, *given.values()), e.line))
        stock.append(Equation(Call("integ", (net, Ref(key, e.subs))), e.subs, e.excepts, e.line))
    if not variable.dims:
        start = start[:1]
    constant = Variable(
        name, tuple(start), variable.units, f"Start value of {variable.name}.",
        dims=variable.dims, hidden=True,
    )  # fmt: skip
    return {key: constant, names.canonical(variable.name): variable.with_equations(stock)}


def parameter_vector(
    program: Program, parameters: Mapping[str, Mapping[int, float]]
) -> NDArray[np.float64]:
    """(n_param,) the program's default parameters with the given values filled in."""
    out = np.array(program.defaults, dtype=np.float64)
    place = program.param_places
    for key, values in parameters.items():
        for cell, value in values.items():
            if (key, cell) in place:
                out[place[key, cell]] = value
    return out
