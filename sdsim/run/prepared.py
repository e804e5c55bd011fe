"""A prepared run: the model with its changes applied, its parameters, times and method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sdsim.backends import Numpy
from sdsim.backends.base import Floats, Grid, Ints, Members
from sdsim.base import limits, names
from sdsim.base.errors import ModelError, one_line
from sdsim.base.version import __version__
from sdsim.ir.model import label_of, shape_of
from sdsim.overrides import Overrides, checked_seed, locate, parameter_vector, sorted_out
from sdsim.run.cases import Cases, with_rows
from sdsim.run.control import horizon_of
from sdsim.run.horizon import Horizon
from sdsim.run.methods import Method, checked_method, method_named
from sdsim.run.system import System, checked_system


@dataclass(frozen=True)
class Prepared:
    """What a single run and an ensemble have in common.

    system : the model with the structural changes applied.
    vector : (n_param,) values of the program's parameters, model units; of the first case.
    cases : for a run of several cases (`sdsim.run.prepared_cases`); ``changes`` are then those
        common to all.
    """

    system: System
    changes: Overrides
    vector: Floats
    horizon: Horizon
    method: Method
    seed: int
    cases: Cases | None = None

    @cached_property
    def grid(self) -> Grid:
        """The time grid of the run."""
        return self.horizon.grid()

    def wanted(self, chosen: Iterable[str]) -> list[int]:
        """The numbers, in the program, of all elements of variables (canonical names), in order."""
        return [v for key in chosen for _, v in self.system.places[key]]

    def attributes(self) -> dict[str, Any]:
        """The attributes a reader needs to repeat the run."""
        changes, model, horizon = self.changes, self.system.model, self.horizon
        given: dict[str, Any] = {**changes.constants}
        given |= {f"initial {k}": v for k, v in changes.initial.items()}
        given |= {f"table {k}": "changed" for k in (*changes.lookups, *changes.series)}
        return {
            "model": model.name,
            "model_file": model.file,
            "model_hash": model.hash,
            "sdsim_version": __version__,
            "numpy_version": np.__version__,
            "backend": self.system.backend.name,
            "method": str(self.method),
            "initial_time": horizon.start,
            "final_time": horizon.stop,
            "time_step": horizon.step,
            "saveper": horizon.saveper,
            "seed": self.seed,
            "parameters": "; ".join(f"{k} = {_said(v)}" for k, v in sorted(given.items())),
        }

    def member(self) -> Members:
        """The run as a batch of one member, of the first case."""
        if self.cases is not None:
            return self.members((), (), np.zeros(1, dtype=np.int64))
        return Members(self.vector[:, None], np.zeros(1, dtype=np.int64), self.seed)

    def members(
        self, rows: Sequence[Sequence[int]], values: Sequence[Floats], numbers: Ints,
        of: Ints | None = None,
    ) -> Members:  # fmt: skip
        """A batch in which each member has its own values of the parameters ``rows``.

        values : for each of ``rows``, (n_member,).   numbers : (n_member,) of the members.
        of : (n_member,) the case of each, by its number; the first by default.
        """
        if self.cases is not None:
            of = np.zeros(len(numbers), dtype=np.int64) if of is None else of
            return with_rows(self.cases.members(of, numbers, self.seed), rows, values)
        matrix = np.repeat(self.vector[:, None], len(numbers), axis=1)
        return with_rows(Members(matrix, numbers, self.seed), rows, values)

    def rows(self, drawn: Iterable[str]) -> list[list[int]]:
        """The parameters that each name sets.

        Raises
        ------
        ModelError : an unknown name, one that is not a constant, or an element named twice.
        """
        owner: dict[int, str] = {}
        out = []
        for name in drawn:
            found = self._rows(name)
            for row in found:
                if row in owner:
                    key, cell = self.system.program.param_cells[row]
                    twice = label_of(self.system.model, self.system.model.variables[key], cell)
                    what = f"'{twice}' is drawn twice, by '{owner[row]}' and '{name}'"
                    raise ModelError(what, remedy="give each element once")
                owner[row] = name
            out.append(found)
        return out

    def _rows(self, name: str) -> list[int]:
        model, place = self.system.model, self.system.program.param_places
        variable, given = locate(model, name)
        key = names.canonical(variable.name)
        if key in names.CONTROL:
            raise ModelError(
                "is the same for all members",
                variable=variable.name,
                remedy="set it for all, or run each alone",
            )
        cells = range(int(np.prod(shape_of(model, variable)))) if given is None else given
        found = [place[key, c] for c in cells if (key, c) in place]
        if not found:
            raise ModelError(
                "is not a constant and cannot vary between members",
                variable=variable.name,
                remedy="name a constant",
            )
        return found


def prepare(
    system: System,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    *,
    initial: Mapping[str, Any] | None = None,
    control: Sequence[Any] = (),
    seed: int = 0,
    alone: bool = False,
) -> Prepared:
    """Prepare a run; see `sdsim.run.simulate.simulate` for the arguments.

    control : values of `sdsim.base.names.CONTROL`, in that order; None keeps the model's value.
    alone : see `sdsim.run.control.horizon_of`.

    Raises
    ------
    ModelError : a name or value that does not fit, or an impossible step or horizon.
    """
    system, seed = checked_system(system), checked_seed(seed)
    method = method_of(system) if method is None else checked_method(method)
    changes = changes_of(system, params)
    if initial:
        changes = changes | Overrides(initial=initial)
    if any(value is not None for value in control):
        changes |= controls_of(system, method, params, control)
    ready, parameters = system.overridden(changes)
    vector = parameter_vector(ready.program, parameters)
    if ready.program.buffers:
        members = Members(vector[:, None], np.zeros(1, dtype=np.int64), seed)
        refuse_long_delays(ready, members)
    return Prepared(
        ready, changes, vector, horizon_of(ready, vector, method, alone, changes), method, seed
    )


def changes_of(system: System, params: Mapping[str, Any] | Overrides | None) -> Overrides:
    """What ``params`` change; see `sdsim.overrides.sorted_out`."""
    return params if isinstance(params, Overrides) else sorted_out(system.model, params or {})


def method_of(system: System) -> Method:
    """The integration method named in the model's file, otherwise Euler."""
    return method_named(system.model.method or "euler")


def controls_of(
    system: System,
    method: Method,
    params: Mapping[str, Any] | Overrides | None,
    control: Sequence[Any],
) -> Overrides:
    """The control variables given to a run as keyword arguments.

    Raises
    ------
    ModelError : one is not a number, or is also set by ``params`` or the method.
    """
    told = {
        system.model.display(key): value
        for key, value in zip(names.CONTROL, control, strict=False)
        if value is not None
    }
    elsewhere: Iterable[Any] = () if isinstance(params, Overrides) else params or ()
    for name in told:
        word = names.canonical(name).replace(" ", "_")
        if any(names.canonical(str(k)) == names.canonical(name) for k in elsewhere):
            what = f"given twice, in params and as {word}="
            raise ModelError(what, remedy="give one", variable=name)
        if word == "time_step" and method.dt is not None:
            what = f"time_step= beside {method}, which has a step of its own"
            raise ModelError(what, remedy="give one")
    return sorted_out(system.model, told)


def _said(value: Any) -> str:
    """A value in one line; a labelled array is shown without its labels."""
    return one_line(str(np.asarray(value) if hasattr(value, "dtype") else value))


def refuse_long_delays(system: System, members: Members) -> None:
    """Refuse delays too long to store.

    Raises
    ------
    ModelError : a fixed delay of more steps than may be stored; no run would reach its end.
    """
    program = system.program
    lags = [(b.label, b.start[1]) for b in program.buffers if b.kind != "belt"]
    steps = [value for _, value in lags]
    kernel = Numpy().compile(replace(program, states=(), buffers=()), steps)
    states, fixed = kernel.start(members)
    lags_asked = kernel.observe(0.0, 0.0, 0, states, fixed, members)
    asked = dict(zip(steps, np.fmax.reduce(lags_asked, axis=1), strict=True))
    for label, value in lags:
        if asked[value] > limits.KEPT_NUMBERS:
            variable = names.spoken(label)
            found = system.model.variables.get(names.canonical(variable.partition("[")[0]))
            raise ModelError(
                f"a fixed delay of {asked[value]:.3g} time steps; at most "
                f"{limits.KEPT_NUMBERS:,}", variable=variable, file=system.model.file or None,
                line=(found.line or None) if found else None,
                remedy=f"use a shorter delay or a larger TIME STEP, {limits.TRUSTED}",
            )  # fmt: skip
