"""The control variables of a run, read and checked: FINAL TIME, TIME STEP and so on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Members, Tables
from sdsim.base import limits, names
from sdsim.base.errors import ModelError, UnsupportedError, warn
from sdsim.overrides import Overrides
from sdsim.run.horizon import Horizon
from sdsim.run.methods import Method
from sdsim.run.system import System


def moving_end(system: System) -> int | None:
    """The value, in the program, of a FINAL TIME that changes during the run; otherwise None."""
    (_, value), *_ = system.places.get(names.FINAL_TIME, [(0, -1)])
    return value if value >= 0 and system.program.dynamic[value] else None


def horizon_of(
    system: System, vector: NDArray[np.float64], method: Method, alone: bool = False,
    changes: Overrides | None = None, tables: Tables | None = None,
) -> Horizon:  # fmt: skip
    """The run's times from the control variables; the method's own step is put into ``vector``.

    alone : whether the run has one member. Its FINAL TIME may then depend on the model, and its
        value at the start is used; see `sdsim.run.final_time`.
    changes : the changes made by the run, to locate impossible values.
    tables : the given tables of the run, if it has any.

    Raises
    ------
    ModelError : a control variable is missing or impossible.
    UnsupportedError : one changes during the run in a way that is not supported.
    """
    program, place = system.program, system.program.param_places
    file = system.model.file or None

    def fault(
        what: str, remedy: str, *about: str, kind: type[ModelError] = ModelError
    ) -> ModelError:
        """An error with the place of the first of these names the run changes, or the model's."""
        places = [p for name in about if changes and (p := changes.place_of(name))]
        variable = system.model.variables.get(about[0])
        here = (file, (variable and variable.line) or None)
        found = next((p for p in places if p[0]), (file, None) if places else here)
        return kind(what, remedy=remedy, file=found[0], line=found[1])

    def control(name: str) -> float:
        if (name, 0) in place:
            return float(vector[place[name, 0]])
        if name not in system.places:
            raise fault(f"{name.upper()} is missing", "every model needs one", name)
        value = system.places[name][0][1]
        if program.dynamic[value] and not moving(name):
            remedy = "give it a number that holds for the whole run"
            if name == names.FINAL_TIME:
                how = "many runs at once" if method.on_grid else "an adaptive run"
                remedy = f"{how} cannot follow that: give it a number"
                if not method.on_grid:
                    remedy += " (-F), or use --method euler or rk4"
            what = f"{name.upper()} changes during the run"
            raise fault(what, remedy, name, kind=UnsupportedError)
        kernel = system.kernel([value])
        states, fixed = kernel.start(members)
        at = start if program.dynamic[value] else 0.0
        return float(kernel.observe(at, at, 0, states, fixed, members)[0, 0])

    members = Members(vector[:, None], np.zeros(1, dtype=np.int64), tables=tables)

    def moving(name: str) -> bool:
        """Whether the name is a FINAL TIME that the model computes."""
        followed = alone and method.on_grid
        return name == names.FINAL_TIME and followed and moving_end(system) is not None

    if method.dt is not None and (names.TIME_STEP, 0) in place:
        vector[place[names.TIME_STEP, 0]] = method.dt
    start = control(names.INITIAL_TIME)
    stop = control(names.FINAL_TIME)
    step = method.dt or control(names.TIME_STEP)
    saveper = control(names.SAVEPER) if names.SAVEPER in system.places else step
    for label, value in (("TIME STEP", step), ("SAVEPER", saveper)):
        if not 0 < value < np.inf:
            what = f"{label} must be > 0, got {value:g}"
            raise fault(what, "give it a time above 0", label.lower())
    if not (np.isfinite(start) and np.isfinite(stop) and stop >= start):
        what = f"FINAL TIME {stop:g} comes before INITIAL TIME {start:g}"
        remedy = "let the run end later, or begin earlier"
        raise fault(what, remedy, names.FINAL_TIME, names.INITIAL_TIME)
    if (stop - start) / step > limits.STEPS:
        what = f"{(stop - start) / step:.3g} time steps; at most {limits.STEPS:,}"
        remedy = "use a larger TIME STEP, or an earlier FINAL TIME"
        raise fault(what, remedy, names.TIME_STEP, names.FINAL_TIME)
    if max(abs(start), abs(stop)) + step / 2 == max(abs(start), abs(stop)):
        what = f"TIME STEP {step:g} is too small beside times of {max(abs(start), abs(stop)):g}"
        remedy = "use a larger TIME STEP or count time from another start"
        raise fault(what, remedy, names.TIME_STEP, names.FINAL_TIME)
    points = (stop - start) / (max(saveper, step) if method.on_grid else saveper) + 1
    if points > limits.SAVED_POINTS:
        what = f"saves at {points:.3g} times; at most {limits.SAVED_POINTS:,}"
        remedy = f"use a larger SAVEPER, {limits.TRUSTED}"
        raise fault(what, remedy, names.SAVEPER, names.FINAL_TIME)
    if not method.on_grid:  # it can save and end at any time
        _warn_about_last(start, stop, saveper, file)
        return Horizon(start, stop, step, saveper)
    if not moving(names.FINAL_TIME):
        _warn_about_end(start, stop, step, file)
        if not _uneven(stop - start, step) and saveper > step:
            _warn_about_last(start, stop, saveper, file)
    _warn_about_saving(step, saveper, file)
    return Horizon(start, stop, step, max(saveper, step if method.dt is None else 0.0))


def _uneven(length: float, step: float) -> bool:
    return abs(length / step - round(length / step)) > 1e-6 * max(1.0, length / step)


def _warn_about_end(start: float, stop: float, step: float, file: str | None) -> None:
    if _uneven(stop - start, step):
        warn(
            f"{file + ': ' if file else ''}TIME STEP {step:g} does not divide the run from "
            f"{start:g} to {stop:g}; the run ends at the last whole step"
        )


def _warn_about_last(start: float, stop: float, saveper: float, file: str | None) -> None:
    if _uneven(stop - start, saveper):
        warn(
            f"{file + ': ' if file else ''}SAVEPER {saveper:g} does not divide the run from "
            f"{start:g} to {stop:g}; FINAL TIME is not saved"
        )


def _warn_about_saving(step: float, saveper: float, file: str | None) -> None:
    where = f"{file}: " if file else ""
    if saveper < step * (1 - 1e-9):
        warn(f"{where}SAVEPER {saveper:g} is below TIME STEP {step:g}; every step is saved")
    elif _uneven(saveper, step):
        warn(
            f"{where}SAVEPER {saveper:g} is not a multiple of TIME STEP {step:g}; "
            "the nearest steps are saved"
        )
