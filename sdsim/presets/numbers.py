"""Numbers of a preset against what the model declares: ranges, units, shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.model import Variable, label_of
from sdsim.overrides import is_parameter, values_for
from sdsim.presets.findings import PresetFinding
from sdsim.presets.given import Given
from sdsim.run.ranges import left
from sdsim.unitcheck import DIMENSIONLESS
from sdsim.unitcheck.book import UnitBook

#: How far a sum of shares may be from one: shares are often rounded, but people are not lost.
SLACK = 1e-6


def out_of_range(given: Given) -> Iterator[PresetFinding]:
    """Numbers outside the range that the model declares for their variable."""
    for table, entries in given.cells.items():
        for name, (key, _) in entries.items():
            variable, numbers = given.variable(key), _numbers(given, table, name)
            for where, value in numbers:
                if said := left(variable.limits, value, value):
                    place = f"{given.model.file}:{variable.line}" if variable.line else "the model"
                    remedy = f"correct it, or the range in {place}"
                    yield given.fault("range", name, f"{value:g}{where} is {said}", remedy)
                    break


def _numbers(given: Given, table: str, name: str) -> Iterable[tuple[str, float]]:
    """(where, value) of each number of an entry."""
    entry = getattr(given.preset.overrides, table)[name]
    if table in ("lookups", "series"):
        axis = "x" if table == "lookups" else "time"
        return [(f" at {axis} {x:g}", y) for x, y in zip(entry.x, entry.y, strict=True)]
    ((key, values),) = values_for(given.model, {name: entry}).items()
    variable = given.variable(key)
    alone = len(values) == 1
    return [
        ("" if alone else f" for '{label_of(given.model, variable, cell)}'", v)
        for cell, v in values.items()
    ]  # fmt: skip


def wrong_units(given: Given) -> Iterator[PresetFinding]:
    """Units that are not those of the model; nothing is said of variables without units."""
    book = UnitBook(given.model.unit_names)
    for entries in given.cells.values():
        for name, (key, _) in entries.items():
            said, own = given.preset.units.get(name, ""), given.variable(key).units
            if not said or not own.strip():
                continue
            try:
                if book.parse(said) == book.parse(own):
                    continue
                what, remedy = f"is given in {said}, the model has {own}", f"convert it to {own}"
            except ModelError as e:
                what, remedy = e.what, f"write {own}, if that is what it is given in"
            yield given.fault("units", name, what, remedy)


def wrong_sums(given: Given) -> Iterator[PresetFinding]:
    """Shares that do not sum to one; only those of which the preset gives some."""
    model, case = given.model, given.case
    for title, summed in case.sums.items():
        if isinstance(summed, str):
            key = names.canonical(title)
            axis = model.variables[key].dims.index(names.canonical(summed))
            yield from _off(given, key, axis)
            continue
        keys = [names.canonical(n) for n in summed]
        touched = [k for k in keys if k in given.numbers]
        total = float(sum(given.of(k) for k in keys))
        if touched and abs(total - 1) > SLACK:
            what = f"{' + '.join(summed)} is {total:.7g}, expected 1"
            yield given.fault("shares", given.name_of(touched[0]), what, "correct the shares")
    declared = {names.canonical(t) for t in case.sums}
    for key in given.numbers:
        over = None if key in declared else shares_over(given, given.variable(key))
        if over is not None:
            yield from _off(given, key, over)


def _off(given: Given, key: str, axis: int) -> Iterator[PresetFinding]:
    """The first sum over a subscript that is not one."""
    if key not in given.numbers:
        return
    variable, model = given.variable(key), given.model
    sums = given.of(key).sum(axis=axis)
    off = np.argwhere(np.abs(sums - 1) > SLACK)
    if not len(off):
        return
    at = tuple(off[0])
    rest = [d for n, d in enumerate(variable.dims) if n != axis]
    where = ",".join(model.labels(d)[i] for d, i in zip(rest, at, strict=True))
    over = model.dimensions[variable.dims[axis]].name
    what = f"the shares over {over}{f' of {where}' if where else ''} sum to {sums[at]:.7g}"
    yield given.fault("shares", given.name_of(key), f"{what}, expected 1", "correct the shares")


def shares_over(given: Given, variable: Variable) -> int | None:
    """The subscript over which a constant's own values are shares of one, None if they are not.

    They are without dimension, from 0 to 1 and sum to one; ones and zeros alone are flags.
    """
    if not variable.dims or not is_parameter(variable):
        return None
    try:
        unit = UnitBook(given.model.unit_names).parse(variable.units or "Dmnl")
    except ModelError:
        return None
    home: NDArray[np.float64] = np.asarray(given.case.constants.value(variable.name))
    if unit != DIMENSIONLESS or not ((home >= 0) & (home <= 1)).all() or (home % 1 == 0).all():
        return None
    axes = range(home.ndim)
    return next((a for a in axes if (np.abs(home.sum(axis=a) - 1) <= SLACK).all()), None)
