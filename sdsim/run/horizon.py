"""When a run starts, ends and saves: the control variables, checked; and what is said of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Grid, Members
from sdsim.base import limits, names
from sdsim.base.errors import ModelError, ModelWarning, UnsupportedError, one_line
from sdsim.base.version import __version__
from sdsim.overrides import Overrides
from sdsim.run.methods import Adaptive, Method
from sdsim.run.system import System

#: How often a FINAL TIME that changes may move on.
MOVES = 100


@dataclass(frozen=True)
class Horizon:
    """When a run starts and ends, its step, and when it saves, all in model time."""

    start: float
    stop: float
    step: float
    saveper: float

    def grid(self) -> Grid:
        """The grid of steps: never beyond ``stop``."""
        steps = int(np.floor((self.stop - self.start) / self.step * (1 + 1e-12) + 1e-9))
        each = max(self.saveper / self.step, 1e-9)
        count = int(np.floor((self.stop - self.start) / self.saveper * (1 + 1e-12) + 1e-9)) + 1
        at = np.unique(np.minimum(np.rint(np.arange(count) * each).astype(np.int64), steps))
        return Grid(self.start, self.step, steps, tuple(int(k) for k in at))


def horizon_of(
    system: System, vector: NDArray[np.float64], method: Method, alone: bool = False,
    changes: Overrides | None = None,
) -> Horizon:  # fmt: skip
    """The run's times from the control variables; ``vector`` gets the method's own step put in.

    alone : a run of one member, whose FINAL TIME may depend on the model: it ends at the first step
        that is not before it.
    changes : what the run changes, for the places of values that make no sense.

    Raises
    ------
    ModelError : a control variable is missing or senseless.
    UnsupportedError : one changes during the run where that cannot be followed.
    """
    program, place = system.program, {w: i for i, w in enumerate(system.program.param_cells)}
    file = system.model.file or None

    def fault(
        what: str, remedy: str, *about: str, kind: type[ModelError] = ModelError
    ) -> ModelError:
        """An error with the place of the first of these that the run changes, or the model's."""
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
                how = "an adaptive run" if isinstance(method, Adaptive) else "many runs at once"
                remedy = f"{how} cannot follow that: give it a number"
                if isinstance(method, Adaptive):
                    remedy += " (-F), or use --method euler or rk4"
            what = f"{name.upper()} changes during the run"
            raise fault(what, remedy, name, kind=UnsupportedError)
        kernel = system.kernel([value])
        states, fixed = kernel.start(members)
        at = start if program.dynamic[value] else 0.0
        return float(kernel.observe(at, at, 0, states, fixed, members)[0, 0])

    members = Members(vector[:, None], np.zeros(1, dtype=np.int64))

    def moving(name: str) -> bool:
        """Whether it is a FINAL TIME that the model decides."""
        stepped = alone and not isinstance(method, Adaptive)
        return name == names.FINAL_TIME and stepped and name in system.places and (
            program.dynamic[system.places[name][0][1]]
        )  # fmt: skip

    step_of_method = None if isinstance(method, Adaptive) else method.dt
    if step_of_method is not None and (names.TIME_STEP, 0) in place:
        vector[place[names.TIME_STEP, 0]] = step_of_method
    start = control(names.INITIAL_TIME)
    stop = control(names.FINAL_TIME)
    step = step_of_method or control(names.TIME_STEP)
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
        what = f"TIME STEP {step:g} is lost beside times of {max(abs(start), abs(stop)):g}"
        remedy = "use a larger TIME STEP or count time from another start"
        raise fault(what, remedy, names.TIME_STEP, names.FINAL_TIME)
    points = (stop - start) / (saveper if isinstance(method, Adaptive) else max(saveper, step)) + 1
    if points > limits.SAVED_POINTS:
        what = f"saves at {points:.3g} times; at most {limits.SAVED_POINTS:,}"
        remedy = f"use a larger SAVEPER, {limits.TRUSTED}"
        raise fault(what, remedy, names.SAVEPER, names.FINAL_TIME)
    if isinstance(method, Adaptive):  # it saves at any time and ends where it is told
        return Horizon(start, stop, step, saveper)
    if moving(names.FINAL_TIME) and not isinstance(method, Adaptive):
        value = system.places[names.FINAL_TIME][0][1]
        stop = _reached(system, value, members, Horizon(start, stop, step, step), method.stages)
    _warn_about(start, stop, step, saveper, file)
    return Horizon(start, stop, step, max(saveper, step if step_of_method is None else 0.0))


def _reached(system: System, value: int, members: Members, horizon: Horizon, stages: int) -> float:
    """The first step that is not before a FINAL TIME that changes, which ``value`` holds."""
    kernel = system.kernel([value])
    for _ in range(MOVES):
        if (horizon.stop - horizon.start) / horizon.step > limits.SAVED_POINTS:
            break
        grid = horizon.grid()
        grid = Grid(grid.start, grid.step, grid.steps, tuple(range(grid.steps + 1)))
        final = kernel.march(members, grid, stages).values[:, 0, 0]
        time = np.array([grid.time(k) for k in grid.saved])
        over = np.flatnonzero(time >= final - 1e-9 * horizon.step)
        if over.size:
            return float(time[over[0]])
        if not np.isfinite(final[-1]) or (final[-1] - horizon.start) / horizon.step > limits.STEPS:
            break
        further = max(float(final[-1]), float(time[-1]) + horizon.step)
        horizon = replace(horizon, stop=further)
    line = system.model.variables[names.FINAL_TIME].line or None
    raise ModelError(
        "FINAL TIME moves on and is never reached", file=system.model.file or None, line=line,
        remedy="let it stand still, or give it a number (-F)",
    )  # fmt: skip


def attributes_of(
    system: System, method: Method, horizon: Horizon, changes: Overrides, seed: int
) -> dict[str, Any]:
    """What a reader needs to make the run again."""
    given: dict[str, Any] = {**changes.constants}
    given |= {f"initial {k}": v for k, v in changes.initial.items()}
    given |= {f"table {k}": "changed" for k in (*changes.lookups, *changes.series)}
    return {
        "model": system.model.name,
        "model_file": system.model.file,
        "model_hash": system.model.hash,
        "sdsim_version": __version__,
        "numpy_version": np.__version__,
        "backend": system.backend.name,
        "method": str(method),
        "initial_time": horizon.start,
        "final_time": horizon.stop,
        "time_step": horizon.step,
        "saveper": horizon.saveper,
        "seed": seed,
        "parameters": "; ".join(f"{k} = {_said(v)}" for k, v in sorted(given.items())),
    }


def _said(value: Any) -> str:
    """A value in one line; a labelled array without its labels."""
    return one_line(str(np.asarray(value) if hasattr(value, "dtype") else value))


def _warn_about(start: float, stop: float, step: float, saveper: float, file: str | None) -> None:
    def uneven(length: float) -> bool:
        return abs(length / step - round(length / step)) > 1e-6 * max(1.0, length / step)

    where = f"{file}: " if file else ""
    if uneven(stop - start):
        warnings.warn(
            f"{where}TIME STEP {step:g} does not divide the run from {start:g} to {stop:g}; "
            "the run ends at the last whole step", ModelWarning, stacklevel=5,
        )  # fmt: skip
    if saveper < step * (1 - 1e-9):
        warnings.warn(
            f"{where}SAVEPER {saveper:g} is below TIME STEP {step:g}; every step is saved",
            ModelWarning, stacklevel=5,
        )  # fmt: skip
    elif uneven(saveper):
        warnings.warn(
            f"{where}SAVEPER {saveper:g} is no multiple of TIME STEP {step:g}; "
            "the nearest steps are saved", ModelWarning, stacklevel=5,
        )  # fmt: skip
