"""Values outside the ranges that a model declares. They are used as they are, and noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats
from sdsim.base import names
from sdsim.ir.model import Model, label_of
from sdsim.overrides import Overrides, locate, values_for
from sdsim.run.prepared import Prepared
from sdsim.run.saved import Saved

Ends = tuple[float | None, float | None]
#: A file and a line in it, where known.
Place = tuple[str | None, int | None]
#: A computed value may be this share of its range's larger end beyond it.
ROUNDING = 1e-9


def left(ends: Ends, low: float, high: float) -> str:
    """``outside its range 0 to 5`` if values from ``low`` to ``high`` leave the range ``ends``,
    otherwise empty."""
    least, most = ends
    if least is not None and most is not None and least > most:
        return ""  # no range
    if not ((least is not None and low < least) or (most is not None and high > most)):
        return ""
    if most is None:
        return f"outside its range, {least:g} or more"
    if least is None:
        return f"outside its range, {most:g} or less"
    return f"outside its range {least:g} to {most:g}"


def outside_set(model: Model, changes: Overrides) -> Iterator[str]:
    """A line for each constant that a run sets outside its declared range."""
    for name in changes.constants:
        (key, values), *_ = values_for(model, {name: changes.constants[name]}).items()
        low, high = min(values.values()), max(values.values())
        if said := left(model.variables[key].limits, low, high):
            how = f"is set to {'' if low == high else 'values from '}{_span(low, high)}"
            yield f"{_place(model, changes.places.get(name))}'{name}' {how}, {said}"


def outside_in_cases(run: Prepared) -> Iterator[str]:
    """A line for each constant that cases set outside its declared range."""
    for key, (cell, values) in _changed_in_cases(run).items():
        variable, (low, high) = run.system.model.variables[key], _extent(values)
        if said := left(variable.limits, low, high):
            label = label_of(run.system.model, variable, cell)
            how = f"is set to {'' if low == high else 'values from '}{_span(low, high)}"
            yield f"{_place(run.system.model)}'{label}' {how} in the cases, {said}"


def _changed_in_cases(run: Prepared) -> dict[str, tuple[int, Floats]]:
    """The constants that cases change: the first element that leaves its range, or the first of
    all, and its values (n_case,)."""
    out: dict[str, tuple[int, Floats]] = {}
    if run.cases is None:
        return out
    program, variables = run.system.program, run.system.model.variables
    other = run.cases.vectors != np.array(program.defaults)[:, None]
    for row in np.flatnonzero(other.any(axis=1)).tolist():
        key, cell = program.param_cells[row]
        values = run.cases.vectors[row, other[row]]
        if key not in out or left(variables[key].limits, *_extent(values)):
            out[key] = (cell, values)
    return out


def outside_drawn(model: Model, drawn: Mapping[str, Floats]) -> Iterator[str]:
    """A line for each constant with values outside its declared range in an ensemble."""
    for name, values in drawn.items():
        if values.size:
            yield from outside_varied(model, name, float(values.min()), float(values.max()))


def outside_varied(
    model: Model, name: str, low: float, high: float, place: Place | None = None
) -> Iterator[str]:
    """A line if a constant varies outside its declared range.

    place : the file and line that say how it varies; the model's file by default.
    """
    if said := left(locate(model, name)[0].limits, low, high):
        how = "is" if low == high else "varies from"
        yield f"{_place(model, place)}'{name}' {how} {_span(low, high)}, {said}"


def outside_computed(
    run: Prepared, saved: Saved, values: Floats, given: Iterable[str] = ()
) -> Iterator[str]:
    """At most one line about saved variables that leave their declared ranges, naming the first.

    Constants that the run sets are left out, and those ``given`` otherwise. In XMILE a range is
    for what is put in, so there nothing is said of what is computed.

    Parameters
    ----------
    values : (n_saved, n_wanted) or with further axes, of what is ``saved``.
    """
    model, found, stop = run.system.model, [], 0
    if model.file and not model.file.casefold().endswith(".mdl"):
        return
    known = {
        names.canonical(locate(model, name)[0].name) for name in (*run.changes.constants, *given)
    }
    known |= _changed_in_cases(run).keys()
    for key, cells in saved.cells.items():
        start, stop = stop, stop + len(cells)
        ends = model.variables[key].limits
        if ends == (None, None) or key in known:
            continue
        low, high = _extent(values[:, start:stop])
        slack = ROUNDING * max(abs(e) for e in ends if e is not None)
        if said := left(ends, low + slack, high - slack):
            how = "is" if low == high else "takes values from"
            found.append(f"'{model.variables[key].name}' {how} {_span(low, high)}, {said}")
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield f"{_place(model)}{found[0]}{more}"


def _extent(values: NDArray[np.float64]) -> tuple[float, float]:
    """The least and the largest value; NaN does not count."""
    return (
        float(np.fmin.reduce(values, axis=None, initial=np.nan)),
        float(np.fmax.reduce(values, axis=None, initial=np.nan)),
    )


def _span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _place(model: Model, place: Place | None = None) -> str:
    """The start of a line: the file, and the line in it if known."""
    file, line = place if place and place[0] else (model.file, None)
    return f"{file}:{line}: " if line else f"{file}: " if file else ""
