"""A single run: `simulate(system, params, method, save)` -> `Run`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sdsim.backends.base import Floats
from sdsim.base import limits, names
from sdsim.base.errors import ModelError, warn
from sdsim.ir.program import Matrix, Reading
from sdsim.overrides import Overrides
from sdsim.run.driver import march
from sdsim.run.final_time import followed
from sdsim.run.matrices import doubtful, said
from sdsim.run.methods import Method
from sdsim.run.nonfinite import LOOK_FOR, Cause, causes
from sdsim.run.prepared import Prepared, prepare
from sdsim.run.ranges import outside_computed, outside_set
from sdsim.run.result import Run, assemble
from sdsim.run.saved import saved_of
from sdsim.run.system import System

#: How many table readings a run checks for leaving their range.
MAX_READINGS = 2000


def simulate(
    system: System,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] | None = None,
    *,
    initial: Mapping[str, Any] | None = None,
    seed: int = 0,
    initial_time: float | None = None,
    final_time: float | None = None,
    time_step: float | None = None,
    saveper: float | None = None,
) -> Run:
    """Run a model once; ``system`` is not changed.

    Parameters
    ----------
    params : new values by name: numbers or arrays for constants, `Points` or a pandas Series for
        lookups and time series; or an `Overrides` object (from a preset).
    method : `Euler`, `RK4` or `Adaptive`; None uses the file's method, else Euler.
    save : names of the variables to save, or a single name; None saves all that the modeller wrote.
        Of ``Stock[north]`` that element alone is saved, under this name.
    initial : initial values of stocks.
    seed : of the random functions; 0 is a valid seed.
    initial_time, final_time, time_step, saveper : INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER
        of this run, model time; None keeps the values from the model and ``params``.

    Raises
    ------
    ModelError : a name or value that does not fit, or an impossible step or horizon.

    Warns
    -----
    ModelWarning : the run stopped at a value that is not finite; a value outside the range that
        the model declares; a lookup read beyond its points.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, {"Room Temperature": 60}, sdsim.RK4())
    >>> round(float(run["Teacup Temperature"].sel(time=10)), 2)
    104.15
    >>> float(sdsim.simulate(model, final_time=12).time[-1])
    12.0
    """
    control = (initial_time, final_time, time_step, saveper)
    run = simulated(system, params, method, save, initial=initial, seed=seed, control=control)
    if run.message:
        warn(run.message)
    return run


def simulated(
    system: System,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] | None = None,
    *,
    initial: Mapping[str, Any] | None = None,
    seed: int = 0,
    control: Sequence[float | None] = (),
) -> Run:
    """`simulate` for callers who report themselves that a run stopped: it gives no warning of that.

    control : INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER; None keeps the model's value.
    """
    run = followed(
        prepare(system, params, method, initial=initial, control=control, seed=seed, alone=True)
    )
    system = run.system
    saved = saved_of(system, save)
    wanted = saved.values
    members = run.member()
    readings = _bounded(run, len(wanted))
    matrices = _inverted(run, wanted, len(wanted) + len(readings))
    looked = [*(r.at for r in readings), *(c for m in matrices for c in m.cells)]
    marched = march(run, members, [*wanted, *looked])
    kept = int(marched.kept[0])
    values, time = marched.values[:kept, :, 0], marched.time[:kept]
    message = "".join(_told(system, cause) for cause in causes(run, members, marched))
    at = len(wanted) + len(readings)
    _warn_about_tables(system, readings, values[:, len(wanted) : at])
    _warn_about_matrices(system, doubtful(matrices, values[:, at:], time))
    values = values[:, : len(wanted)]
    for text in (*outside_set(system.model, run.changes), *outside_computed(run, saved, values)):
        warn(text)
    attributes = run.attributes()
    attributes["status"] = "nonfinite" if message else "ok"
    if message:
        attributes["message"] = message
    dataset = assemble(system.model, saved, values, time, attributes)
    return Run(dataset, attributes["status"], message)


def _bounded(run: Prepared, wanted: int) -> tuple[Reading, ...]:
    """The table readings to check; refuses a run beyond the limits on size.

    Raises
    ------
    ModelError : too much to compute or to store.
    """
    h, file = run.horizon, run.system.model.file or None
    program = run.system.program
    if run.method.on_grid:
        work = (h.stop - h.start) / h.step * run.method.stages * len(program.ops)
        if work > limits.WORK:
            raise ModelError(
                f"{work:.3g} operations in all; at most {limits.WORK:.3g}",
                remedy=f"use a larger TIME STEP or an earlier FINAL TIME, {limits.TRUSTED}",
                file=file,
            )
    points = int((h.stop - h.start) / h.saveper) + 1
    if points * wanted > limits.SAVED_NUMBERS:
        raise ModelError(
            f"saves {wanted:,} values at {points:,} times; at most {limits.SAVED_NUMBERS:,} in all",
            remedy=f"save fewer variables or use a larger SAVEPER, {limits.TRUSTED}", file=file,
        )  # fmt: skip
    return program.readings[: min(MAX_READINGS, limits.SAVED_NUMBERS // points - wanted)]


def _inverted(run: Prepared, wanted: Sequence[int], kept: int) -> tuple[Matrix, ...]:
    """The matrices inverted in the run, as far as there is room to check them."""
    program, h = run.system.program, run.horizon
    if not program.matrices:
        return ()
    needed = set(program.needed(wanted))
    room = limits.SAVED_NUMBERS // (int((h.stop - h.start) / h.saveper) + 1) - kept
    out = []
    for matrix in program.matrices:
        room -= len(matrix.cells)
        if room >= 0 and not needed.isdisjoint(matrix.inverse):
            out.append(matrix)
    return tuple(out)


def _told(system: System, cause: Cause) -> str:
    """One line that says why a run stopped."""
    return (
        f"{_place(system, cause.label)} {cause.what} at time {cause.time:.10g}; the run stopped "
        f"there, what came before is kept: {LOOK_FOR}"
    )


def _place(system: System, label: str) -> str:
    """``file: 'variable'``, the start of a message."""
    file = f"{system.model.file}: " if system.model.file else ""
    return f"{file}'{names.spoken(label)}'"


def _warn_about_tables(system: System, readings: Sequence[Reading], values: Floats) -> None:
    """Warn once about all tables that were read beyond their ends, naming the first."""
    outside = []
    for reading, read in zip(readings, values.T, strict=True):
        x = system.program.tables[reading.table].x
        if read.size and (np.nanmin(read) < x[0] or np.nanmax(read) > x[-1]):
            outside.append((reading.label, x[0], x[-1], np.nanmin(read), np.nanmax(read)))
    if outside:
        label, low, high, least, most = outside[0]
        more = f" (and {len(outside) - 1} more)" if len(outside) > 1 else ""
        warn(
            f"{_place(system, label)} reads a lookup out of range: at {least:g} to {most:g}, "
            f"points from {low:g} to {high:g}{more}; the end values hold"
        )


def _warn_about_matrices(system: System, found: Sequence[tuple[str, float, float]]) -> None:
    """Warn once about all inverses spoilt by rounding, naming the worst."""
    if found:
        label, number, at = max(found, key=lambda f: f[1])
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        warn(
            f"{_place(system, label)} inverts a matrix with the condition number {number:.2g} at "
            f"time {at:.10g}{more}: {said(number)}; look for rows or columns that depend on each "
            "other"
        )
