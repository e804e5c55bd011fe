"""Tables over time against the times of a run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from sdsim.base import names
from sdsim.base.errors import ModelError, ModelWarning, some
from sdsim.overrides import parameter_vector
from sdsim.presets.case import points_of
from sdsim.presets.findings import PresetFinding
from sdsim.presets.given import Given
from sdsim.run.control import horizon_of
from sdsim.run.methods import method_named
from sdsim.run.system import System


def beyond_the_horizon(given: Given) -> Iterator[PresetFinding]:
    """Series, and tables read at Time, that do not reach the run's start or end."""
    try:
        start, stop = times_of(given)
    except ModelError as e:
        yield PresetFinding.of("horizon", e)
        return
    slack = 1e-9 * max(abs(start), abs(stop), 1.0)
    timed = {v.key for v in given.case.values if v.timed}
    for table in ("lookups", "series"):
        for name, (key, _) in given.cells[table].items():
            points = getattr(given.preset.overrides, table)[name]
            if points.kind == "extrapolate" or (table == "lookups" and key not in timed):
                continue
            first, last = points.x[0], points.x[-1]
            ends = [
                *([f"{start:g}"] if first > start + slack else []),
                *([f"{stop:g}"] if last < stop - slack else []),
            ]
            if ends:
                what = f"goes from {first:g} to {last:g}, the run from {start:g} to {stop:g}"
                remedy = f"give it at {' and '.join(ends)}, too; the end value again if it holds"
                yield given.fault("horizon", name, what, remedy)
    yield from _own_tables(given, timed, (start, stop), slack)


def times_of(given: Given) -> tuple[float, float]:
    """When a run with the preset's constants starts and ends.

    Raises
    ------
    ModelError : no run can have these times.
    """
    system = _runnable(given)
    vector = parameter_vector(system.program, given.numbers)
    with warnings.catch_warnings():  # a run says what there is to say of its steps
        warnings.simplefilter("ignore", ModelWarning)
        found = horizon_of(
            system, vector, method_named(system.model.method or "euler"), alone=True,
            changes=given.preset.overrides,
        )  # fmt: skip
    return found.start, found.stop


def _runnable(given: Given) -> System:
    """The constants alone if the times follow from them, otherwise the whole model."""
    try:
        if given.case.times.program:
            return given.case.times
    except ModelError:
        pass
    return System(given.model).overridden(given.preset.overrides)[0]


def _own_tables(
    given: Given, timed: set[str], times: tuple[float, float], slack: float
) -> Iterator[PresetFinding]:
    """A note on tables of the model's own that a preset which moves the run's ends outruns."""
    moved = [k for k in (names.INITIAL_TIME, names.FINAL_TIME) if k in given.numbers]
    short = [
        v.name for k, v in given.model.variables.items()
        if moved and k in timed and k not in given.elements
        and any(p.x[0] > times[0] + slack or p.x[-1] < times[1] - slack for _, p in points_of(v))
    ]  # fmt: skip
    if short:
        what = f"moves the ends of the run beyond tables that it does not give: {some(short)}"
        yield given.fault("horizon", given.name_of(moved[0]), what, "give them, too", False)
