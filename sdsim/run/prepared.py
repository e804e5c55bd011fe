"""A run made ready: the model with its changes put in, its parameters, its times, its method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sdsim.backends import Numpy
from sdsim.backends.base import Floats, Grid, Ints, Members
from sdsim.base import limits, names
from sdsim.base.errors import ModelError
from sdsim.ir.model import label_of, shape_of
from sdsim.overrides import Overrides, checked_seed, locate, parameter_vector, sorted_out
from sdsim.run.horizon import Horizon, attributes_of, horizon_of
from sdsim.run.methods import Method, asked_for, checked
from sdsim.run.system import System
from sdsim.run.system import checked as system_checked


@dataclass(frozen=True)
class Prepared:
    """What one run and many runs have in common.

    system : the model with the structural changes in.
    vector : (n_param,) values of the program's parameters, model units.
    """

    system: System
    changes: Overrides
    vector: Floats
    horizon: Horizon
    method: Method
    seed: int

    @cached_property
    def grid(self) -> Grid:
        """The grid of steps."""
        return self.horizon.grid()

    def wanted(self, chosen: Iterable[str]) -> list[int]:
        """The values in the program of the elements of variables (canonical names), in order."""
        return [v for key in chosen for _, v in self.system.places[key]]

    def attributes(self) -> dict[str, Any]:
        """What a reader needs to make the run again."""
        return attributes_of(self.system, self.method, self.horizon, self.changes, self.seed)

    def member(self) -> Members:
        """The run as a batch of one."""
        return Members(self.vector[:, None], np.zeros(1, dtype=np.int64), self.seed)

    def members(
        self, rows: Sequence[Sequence[int]], values: Sequence[Floats], numbers: Ints
    ) -> Members:
        """A batch in which the parameters at each of ``rows`` take a member's own values.

        values : for each of ``rows``, (n_member,).   numbers : (n_member,).
        """
        matrix = np.repeat(self.vector[:, None], len(numbers), axis=1)
        for where, own in zip(rows, values, strict=True):
            matrix[list(where)] = own
        return Members(matrix, numbers, self.seed, frozenset(r for where in rows for r in where))

    def rows(self, drawn: Iterable[str]) -> list[list[int]]:
        """The parameters that each name sets.

        Raises
        ------
        ModelError : an unknown name, one that is no constant, an element named twice.
        """
        place = {where: i for i, where in enumerate(self.system.program.param_cells)}
        owner: dict[int, str] = {}
        out = []
        for name in drawn:
            found = self._rows(place, name)
            for row in found:
                if row in owner:
                    key, cell = self.system.program.param_cells[row]
                    twice = label_of(self.system.model, self.system.model.variables[key], cell)
                    what = f"'{twice}' is drawn twice, by '{owner[row]}' and '{name}'"
                    raise ModelError(what, remedy="give each element once")
                owner[row] = name
            out.append(found)
        return out

    def _rows(self, place: Mapping[tuple[str, int], int], name: str) -> list[int]:
        model = self.system.model
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
                "is no constant and cannot vary between members",
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
    seed: int = 0,
    alone: bool = False,
) -> Prepared:
    """Make a run ready; see `sdsim.run.simulate.simulate` for what is given.

    alone : see `sdsim.run.horizon.horizon_of`.

    Raises
    ------
    ModelError : a name or value that does not fit, a step or horizon that makes no sense.
    """
    system, seed = system_checked(system), checked_seed(seed)
    method = asked_for(system.model.method) if method is None else checked(method)
    changes = params if isinstance(params, Overrides) else sorted_out(system.model, params or {})
    if initial:
        changes = changes | Overrides(initial=initial)
    ready, parameters = system.overridden(changes)
    vector = parameter_vector(ready.program, parameters)
    if ready.program.buffers:
        _refuse_long_delays(ready, vector, seed)
    return Prepared(
        ready, changes, vector, horizon_of(ready, vector, method, alone, changes), method, seed
    )


def _refuse_long_delays(system: System, vector: Floats, seed: int) -> None:
    """
    Raises
    ------
    ModelError : a fixed delay of more steps than may be kept, which no run would see the end of.
    """
    program = system.program
    lags = [(b.label, b.start[1]) for b in program.buffers if b.kind != "belt"]
    steps = [value for _, value in lags]
    kernel = Numpy().compile(replace(program, states=(), buffers=()), steps)
    members = Members(vector[:, None], np.zeros(1, dtype=np.int64), seed)
    states, fixed = kernel.start(members)
    asked = dict(zip(steps, kernel.observe(0.0, 0.0, 0, states, fixed, members)[:, 0], strict=True))
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
