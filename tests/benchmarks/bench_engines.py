"""The same ensemble in sdsim and in pysimlin: model, parameters, outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

import sdsim
from sdsim.backends.base import Floats, Grid, Kernel, Members
from sdsim.backends.llvm import Llvm
from sdsim.base import names
from sdsim.overrides.preset import read_preset
from sdsim.run.prepared import Prepared, prepare


@dataclass(frozen=True)
class Ensemble:
    """Members of one model that differ in some constants; outcomes at the end of the run.

    drawn : names of scalar constants.   outcomes : canonical names of scalar variables.
    """

    path: Path
    drawn: Sequence[str]
    outcomes: Sequence[str]
    preset: Path | None = None

    @cached_property
    def ready(self) -> Prepared:
        """The model, prepared."""
        changes = read_preset(self.preset).overrides if self.preset else None
        return prepare(sdsim.load(self.path), changes, sdsim.Euler())

    @cached_property
    def wanted(self) -> list[int]:
        """The outcomes' values in the program."""
        return self.ready.wanted(self.outcomes)

    def values(self, count: int) -> list[Floats]:
        """(count,) values within a tenth of the default, for each constant drawn."""
        rng = np.random.default_rng(1)
        own = self.ready.vector[[rows[0] for rows in self.ready.rows(self.drawn)]]
        return [v * rng.uniform(0.9, 1.1, count) for v in own]

    def members(self, count: int) -> Members:
        """That many members."""
        rows = self.ready.rows(self.drawn)
        return self.ready.members(rows, self.values(count), np.arange(count, dtype=np.int64))

    def kernel(self, backend: Llvm) -> Kernel:
        """The program compiled for the outcomes."""
        return backend.compile(self.ready.system.program, self.wanted)

    @cached_property
    def grid(self) -> Grid:
        """All steps, the last saved."""
        grid = self.ready.grid
        return replace(grid, saved=(grid.steps,))

    def march(self, kernel: Kernel, members: Members) -> Floats:
        """(n_outcome, n_member) outcomes at the end."""
        out: Floats = kernel.march(members, self.grid, 1).values[0]
        return out


class Simlin:
    """pysimlin on the same file, compiled once and reset between runs."""

    def __init__(self, ensemble: Ensemble) -> None:
        import simlin

        self.ensemble = ensemble
        self._sim = simlin.load(str(ensemble.path)).simulate()
        self._drawn = [names.canonical(n).replace(" ", "_") for n in ensemble.drawn]
        self._outcomes = [n.replace(" ", "_") for n in ensemble.outcomes]

    def march(self, few: int, count: int) -> Floats:
        """The outcomes of the first ``few`` of ``count`` members."""
        columns = np.array(self.ensemble.values(count)).T[:few]
        out = np.empty((len(self._outcomes), few))
        for k, row in enumerate(columns):
            self._sim.reset()
            for name, value in zip(self._drawn, row, strict=True):
                self._sim.set_value(name, float(value))
            self._sim.run_to_end()
            out[:, k] = [self._sim.get_value(name) for name in self._outcomes]
        return out
