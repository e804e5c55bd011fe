"""What a run changes in a model: constants, lookups, time series, initial values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sdsim import names
from sdsim.errors import ModelError, counted, nearest
from sdsim.expand import is_constant
from sdsim.expr import Call, Expr, Lookup, Num, Ref
from sdsim.ground import shape_of
from sdsim.model import Equation, Model, Variable
from sdsim.program import Program

_ELEMENT = re.compile(r"^(?P<name>.*?)\s*\[(?P<subs>[^\]]*)\]\s*$", re.S)
_KINDS = ("interpolate", "hold_backward", "look_forward", "extrapolate")


@dataclass(frozen=True)
class Points:
    """A table of points: for a lookup x and y, for a time series times and values.

    x : strictly increasing, model units (for a series: model time).
    kind : see `sdsim.expr.Lookup`.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: str = "interpolate"

    @classmethod
    def of(
        cls, x: Sequence[float], y: Sequence[float], what: str, kind: str = "interpolate"
    ) -> Points:
        """Checked points.

        Raises
        ------
        ModelError : no points, lengths that differ, values that are not finite, x not increasing.
        """
        xs, ys = (tuple(number(v, what) for v in side) for side in (x, y))
        if len(xs) != len(ys) or not xs:
            raise ModelError(f"{len(xs)} x and {len(ys)} y values", variable=what)
        for a, b in pairwise(xs):
            if b <= a:
                raise ModelError(f"x must increase, got {b:g} after {a:g}", variable=what)
        if kind not in _KINDS:
            raise ModelError(
                f"unknown kind '{kind}'", remedy=f"one of {', '.join(_KINDS)}", variable=what
            )
        return cls(xs, ys, kind)


@dataclass(frozen=True)
class Overrides:
    """Changes to a model, by name as a person writes them.

    constants : numbers, for ``Name``, ``Name[a,b]`` (a range or ``*`` in place of an element means
        all of its elements), or arrays in the shape of the variable. A labelled array goes by its
        labels, whatever their order: an `xarray.DataArray` by the names of its dimensions and the
        labels along them, a pandas Series by the elements of the variable's one dimension.
    lookups : tables that take the place of a lookup.
    series : time series that take the place of any variable's equation.
    initial : start values of stocks, as numbers or arrays.
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    lookups: Mapping[str, Points] = field(default_factory=dict)
    series: Mapping[str, Points] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)

    def __or__(self, other: Overrides) -> Overrides:
        """Both; where they meet, ``other`` holds."""
        return Overrides(*(
            {**getattr(self, k), **getattr(other, k)}
            for k in ("constants", "lookups", "series", "initial")
        ))  # fmt: skip

    def __bool__(self) -> bool:
        return any((self.constants, self.lookups, self.series, self.initial))


def number(value: Any, what: str) -> float:
    """``value`` as a finite float.

    Raises
    ------
    ModelError : it is something else.
    """
    if isinstance(value, bool | str | bytes | complex | np.complexfloating) or value is None:
        raise ModelError(f"expected a number, got {value!r}", variable=what)
    try:
        out = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(f"expected a number, got {type(value).__name__}", variable=what) from None
    if not math.isfinite(out):
        raise ModelError(f"expected a finite number, got {out}", variable=what)
    return out


def checked_seed(seed: object) -> int:
    """``seed`` where it is a whole number.

    Raises
    ------
    ModelError : it is something else.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise ModelError(f"the seed must be a whole number, got {seed!r}")
    return int(seed)


def many_numbers(values: Sequence[float], what: str) -> NDArray[np.float64]:
    """(n,) finite floats; the same refusals as `number`, at the speed of arrays where it can."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.ndim == 1:
        if np.isfinite(values).all():
            return values
        values = values[~np.isfinite(values)][:1]
    return np.array([number(v, what) for v in values], dtype=np.float64)


def sorted_out(
    model: Model, params: Mapping[str, Any], initial: Mapping[str, Any] | None = None
) -> Overrides:
    """Plain values put where they belong, by the kind of the variable and of the value.

    A number or array changes a constant, a labelled array by its labels (see `Overrides`);
    `Points`, or a pandas Series indexed by time, is the new table of a lookup or, for any other
    variable, a time series. A Series for a whole subscripted constant is taken for a time series
    only where its index is called ``time``.

    Raises
    ------
    ModelError : no such variable, labels that do not fit.
    """
    constants: dict[str, Any] = {}
    lookups: dict[str, Points] = {}
    series: dict[str, Points] = {}
    said: dict[str, str] = {}
    for name, value in mapping(params, "params").items():
        variable, cells = locate(model, name)
        if (earlier := said.setdefault(names.canonical(name), name)) != name:
            raise ModelError(f"given twice, first as '{earlier}'", remedy="give one", variable=name)
        value = _plain(model, variable, cells, value, name)
        if isinstance(value, pd.Series):
            value = Points.of(list(value.index), list(value.to_numpy()), name)
        if isinstance(value, Points):
            (lookups if variable.role == "lookup" else series)[name] = value
        else:
            constants[name] = value
    begun = {}
    for name, value in mapping(initial or {}, "initial").items():
        begun[name] = _plain(model, *locate(model, name), value, name)
    return Overrides(constants, lookups, series, begun)


def _plain(
    model: Model, variable: Variable, cells: Sequence[int] | None, value: Any, name: str
) -> Any:
    """A labelled array as a plain one in the shape of the variable; other values as they are.

    A pandas Series over time stays one.
    """
    if isinstance(value, pd.DataFrame):
        raise ModelError(
            "expected a number, an array or a Series, got a DataFrame",
            remedy="give an array, or an xarray.DataArray with the names of its dimensions",
            variable=name,
        )
    if isinstance(value, xr.DataArray):
        if cells is None:
            return _aligned(model, variable, value, name)
        return value.item() if value.size == 1 else value.to_numpy()
    if not isinstance(value, pd.Series) or cells is not None or not variable.dims:
        return value
    labels = [names.canonical(str(v)) for v in value.index]
    known = [set(model.dimensions[d].elements) for d in variable.dims]
    numeric = pd.api.types.is_numeric_dtype(value.index)
    if len(known) == 1 and (not numeric or set(labels) <= known[0]):
        at = {variable.dims[0]: ("_", list(map(str, value.index)))}
        array = xr.DataArray(value.to_numpy(), dims="_", coords=at).swap_dims(
            {"_": variable.dims[0]}
        )
        return _aligned(model, variable, array, name)
    meant = names.canonical(str(value.index.name)) == names.TIME
    if is_parameter(variable) and not meant:
        over = ", ".join(model.dimensions[d].name for d in variable.dims)
        raise ModelError(
            "a Series whose index is read as time, for a constant over " + over,
            remedy=f"index it by the elements of {over}, or call the index 'time' for a series"
            if len(known) == 1 else "give an array, or call the index 'time' for a series",
            variable=name,
        )  # fmt: skip
    return value


def _aligned(model: Model, variable: Variable, array: xr.DataArray, name: str) -> Any:
    """The values of ``array`` in the variable's own order of dimensions and elements."""
    if not array.ndim:
        return array.item()
    wanted: list[str] = []  # as results call them: a range that occurs twice gets a mark
    for d in variable.dims:
        label = names.canonical(model.dimensions[d].name)
        wanted.append(f"{label}'" if label in wanted else label)
    by_name = {names.canonical(str(d)): d for d in array.dims}
    if sorted(by_name) != sorted(wanted) or len(by_name) != array.ndim:
        expected = ", ".join(model.dimensions[d].name for d in variable.dims) or "none"
        got = ", ".join(map(str, array.dims))
        remedy = "a time series is given as Points or as a pandas Series"
        raise ModelError(
            f"expected dimensions {expected}, got {got}",
            remedy=remedy if names.TIME in by_name else f"rename them to {expected}",
            variable=name,
        )
    for dim, key in zip(variable.dims, wanted, strict=True):
        axis, own = by_name[key], model.dimensions[dim]
        if axis not in array.coords:
            continue
        place: dict[str, int] = {}
        for i, label in enumerate(array[axis].values.tolist()):
            element = names.canonical(str(label))
            if element not in own.elements:
                raise ModelError(
                    f"'{label}' is no element of '{own.name}'",
                    remedy=nearest(str(label), own.labels),
                    variable=name,
                )
            if element in place:
                raise ModelError(f"'{label}' comes twice along '{own.name}'", variable=name)
            place[element] = i
        lacking = [s for e, s in zip(own.elements, own.labels, strict=True) if e not in place]
        if lacking:
            raise ModelError(
                f"has no value for '{lacking[0]}' of '{own.name}'",
                remedy=f"give all of them, or single ones as {variable.name}[{lacking[0]}]",
                variable=name,
            )
        array = array.isel({axis: [place[e] for e in own.elements]})
    return array.transpose(*(by_name[k] for k in wanted)).to_numpy()


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """``value`` where it gives values by name; a pandas Series or DataFrame does by its labels.

    Raises
    ------
    ModelError : it is something else, or a name is no text.
    """
    found = value
    if isinstance(value, pd.DataFrame):
        found = {c: value[c].to_numpy() for c in value.columns}
        if len(found) != value.shape[1]:
            raise ModelError(f"{what}: two columns of one name")
    elif isinstance(value, pd.Series):
        found = value.to_dict()
    if not isinstance(found, Mapping):
        remedy = "read_preset(path).overrides" if isinstance(value, str | Path) else ""
        if hasattr(value, "overrides"):
            remedy = "give its .overrides"
        raise ModelError(
            f"{what}: expected values by name, got {type(value).__name__}",
            remedy=remedy or "write {'Name': value}",
        )
    for name in found:
        if not isinstance(name, str):
            raise ModelError(f"{what}: expected a name, got {name!r}")
    return found


def locate(model: Model, name: str) -> tuple[Variable, list[int] | None]:
    """The variable a name means, and the flat positions in it where the name has subscripts.

    A subscript is an element, or a range or ``*``, which mean each of their elements.

    Raises
    ------
    ModelError : no such variable or element; the nearest is proposed.
    """
    if names.canonical(name) in model.variables:
        return model.find(name), None
    match = _ELEMENT.match(name)
    if not match:
        raise model.unknown(name)
    variable = model.find(match["name"])
    subs = [names.canonical(s) for s in match["subs"].split(",")]
    if len(subs) != len(variable.dims):
        wanted = counted(len(variable.dims), "subscript")
        raise ModelError(f"'{variable.name}' has {wanted}, got {len(subs)}")
    at = []
    for sub, dim in zip(subs, variable.dims, strict=True):
        elements = model.dimensions[dim].elements
        inside: tuple[str, ...] = (sub,)
        if sub == "*":
            inside = elements
        elif sub not in elements and sub in model.dimensions:
            inside = model.dimensions[sub].elements
        for element in inside:
            if element not in elements:
                raise ModelError(
                    f"'{element}' is no element of '{dim}'",
                    remedy=nearest(element, model.labels(dim)),
                    variable=variable.name,
                )
        at.append([elements.index(e) for e in inside])
    if not at:
        return variable, None
    grid = np.meshgrid(*at, indexing="ij")
    return variable, np.ravel_multi_index(grid, shape_of(model, variable)).reshape(-1).tolist()


def is_parameter(variable: Variable) -> bool:
    """Whether a variable is a constant in every element, changed without a new program."""
    return variable.role == "equation" and bool(variable.equations) and all(
        is_constant(e.expr) for e in variable.equations
    )  # fmt: skip


def values_for(model: Model, constants: Mapping[str, Any]) -> dict[str, dict[int, float]]:
    """Checked numbers: canonical name -> flat position -> value."""
    out: dict[str, dict[int, float]] = {}
    for name, value in constants.items():
        variable, cells = locate(model, name)
        shape = shape_of(model, variable)
        mine = out.setdefault(names.canonical(variable.name), {})
        value = _plain(model, variable, cells, value, name)
        if cells is not None:
            mine.update(dict.fromkeys(cells, number(value, name)))
            continue
        given = np.asarray(value, dtype=object)
        if given.ndim and given.shape != shape:
            raise ModelError(f"expected shape {shape}, got {given.shape}", variable=name)
        flat = np.broadcast_to(given, shape).reshape(-1) if shape else given.reshape(-1)[:1]
        for i, v in enumerate(flat):
            mine[i] = number(v, name)
    return out


def apply(model: Model, overrides: Overrides) -> tuple[Model, dict[str, dict[int, float]]]:
    """The model with everything structural put in, and the values left for its parameters.

    Raises
    ------
    ModelError : an unknown name, a value that is no finite number, a stock given as a constant.
    """
    changed: dict[str, Variable] = {}
    parameters: dict[str, dict[int, float]] = {}
    for key, values in values_for(model, overrides.constants).items():
        variable = model.variables[key]
        if is_parameter(variable):
            parameters[key] = values
        elif _is_stock(variable):
            raise ModelError(
                "is a stock", remedy="give its start value with initial", variable=variable.name
            )
        elif variable.role == "lookup":
            raise ModelError("is a lookup", remedy="give a table of points", variable=variable.name)
        else:
            changed[key] = _replaced(model, variable, {i: Num(v) for i, v in values.items()})
    for name, points in overrides.lookups.items():
        variable, cells = locate(model, name)
        if variable.role != "lookup":
            raise ModelError("is no lookup", variable=variable.name)
        key = names.canonical(variable.name)
        changed[key] = _tabled(model, changed.get(key, variable), cells, points, "lookup")
    for name, points in overrides.series.items():
        variable, cells = locate(model, name)
        if _is_stock(variable):
            raise ModelError("is a stock and cannot be a series", variable=variable.name)
        key = names.canonical(variable.name)
        changed[key] = _tabled(model, changed.get(key, variable), cells, points, "series")
    for key, values in values_for(model, overrides.initial).items():
        variable = model.variables[key]
        if not _is_stock(variable):
            raise ModelError("is no stock and has no start value", variable=variable.name)
        for hidden_key, v in _started(model, variable, values).items():
            changed[hidden_key] = v
    return (model.replacing(changed) if changed else model), parameters


def _is_stock(variable: Variable) -> bool:
    return any(isinstance(e.expr, Call) and e.expr.name == "integ" for e in variable.equations)


def _elements(model: Model, variable: Variable, cell: int) -> tuple[str, ...]:
    shape = shape_of(model, variable)
    at = np.unravel_index(cell, shape) if shape else ()
    return tuple(
        model.dimensions[d].elements[int(i)] for d, i in zip(variable.dims, at, strict=True)
    )


def _with_equations(
    variable: Variable, equations: Sequence[Equation], role: str | None = None
) -> Variable:
    return Variable(
        variable.name, tuple(equations), variable.units, variable.doc, variable.limits,
        variable.dims, variable.group, role or variable.role, variable.hidden,
    )  # fmt: skip


def _replaced(model: Model, variable: Variable, exprs: Mapping[int, Expr]) -> Variable:
    """``variable`` with single elements given equations of their own."""
    cells = [_elements(model, variable, i) for i in exprs]
    size = int(np.prod(shape_of(model, variable)))
    new = [Equation(e, c, (), variable.line) for c, e in zip(cells, exprs.values(), strict=True)]
    if len(new) == size:
        return _with_equations(variable, new, "equation")
    kept = [Equation(e.expr, e.subs, (*e.excepts, *cells), e.line) for e in variable.equations]
    return _with_equations(variable, [*kept, *new], "equation")


def _tabled(
    model: Model, variable: Variable, cells: Sequence[int] | None, points: Points, role: str
) -> Variable:
    table = Lookup(points.x, points.y, points.kind)
    role = role if role == "lookup" or variable.role != "data" else "data"
    kept = role in ("lookup", "data")
    made: Expr = table if kept else Call("with lookup", (Ref(names.TIME), table))
    if cells is None:
        equation = Equation(made, variable.dims, (), variable.line)
        return _with_equations(variable, [equation], role if kept else "equation")
    out = _replaced(model, variable, dict.fromkeys(cells, made))
    return _with_equations(out, out.equations, role if kept else "equation")


def _started(model: Model, variable: Variable, values: Mapping[int, float]) -> dict[str, Variable]:
    """The stock with a hidden constant for its start value, so that it stays a parameter."""
    name = f"{variable.name} · start"
    key = names.canonical(name)
    given = {i: _elements(model, variable, i) for i in values}
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
    return {key: constant, names.canonical(variable.name): _with_equations(variable, stock)}


def parameter_vector(
    program: Program, parameters: Mapping[str, Mapping[int, float]]
) -> NDArray[np.float64]:
    """(n_param,) the program's defaults with the given values put in."""
    out = np.array(program.defaults, dtype=np.float64)
    place = {where: i for i, where in enumerate(program.param_cells)}
    for key, values in parameters.items():
        for cell, value in values.items():
            if (key, cell) in place:
                out[place[key, cell]] = value
    return out
