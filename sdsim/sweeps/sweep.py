"""A sweep: a model, a design, outcomes, fixed parameters, and what to save."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sdsim.backends import compiler_version, machine_class
from sdsim.base import cache, names
from sdsim.base.errors import ModelError, said
from sdsim.base.toml import Section
from sdsim.base.version import __version__
from sdsim.design import Design, design_to_data, fit
from sdsim.design.base import check_design
from sdsim.overrides import Overrides, locate
from sdsim.run.cases import cases_to_data
from sdsim.run.methods import Method, in_batches
from sdsim.run.prepared import Prepared, prepare
from sdsim.run.prepared_cases import prepare_cases
from sdsim.run.ranges import outside_set, outside_varied
from sdsim.run.saved import saved_of
from sdsim.run.system import System
from sdsim.sweeps.manifest import CHANGED, FORMAT
from sdsim.sweeps.outcome import Outcome
from sdsim.sweeps.task import Series, Task, checked_task

#: Target size of a chunk, in operations times steps: about a second of one core.
WORK = 2e10
#: Fewest and most members of a chunk.
CHUNK = (64, 65_536)
#: The most members of a sweep.
MAX_MEMBERS = 10_000_000_000
#: The rooms of the library whose code a member's numbers depend on.
ROOMS = (
    "base", "ir", "tables", "functions", "readers", "compile", "backends", "overrides", "run",
    "design", "outcomes", "sweeps",
)  # fmt: skip


@dataclass(frozen=True)
class Sweep:
    """Many runs of one model, each with its own values of what the design varies.

    params : the same for all members (a preset's overrides, constants).
    save : variables whose whole series are saved, or elements of them; none by default.
    times : the times at which they are saved, in model time; None means every saved time.
    seed : seed of the model's random functions; the design has its own.
    chunk : number of members that are run and written together; None chooses by size.
    timeout : seconds of silence after which a worker is stopped.
    about : free text for the store: a title, the preset's name.
    spec : the file that this sweep was read from, so that errors can name its lines.
    cases : several sets of changes by name, as in `sdsim.simulate_many`: the whole design runs in
        each, and its members are numbered case by case.

    Raises
    ------
    ModelError : an argument of the wrong kind. What does not fit the model is found by `task`.

    Examples
    --------
    >>> factors = (sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),)
    >>> sweep = sdsim.Sweep(
    ...     sdsim.load("sir.mdl"), sdsim.LatinHypercube(factors, 200),
    ...     (sdsim.Outcome("cases", "PEAK(Infectious)"),),
    ... )
    >>> sdsim.sweep(sweep)["outcomes"].shape
    (200, 1)
    """

    system: System
    design: Design
    outcomes: tuple[Outcome, ...]
    params: Overrides = field(default_factory=Overrides)
    method: Method | None = None
    save: tuple[str, ...] = ()
    times: tuple[float, ...] | None = None
    seed: int = 0
    chunk: int | None = None
    timeout: float = 600.0
    about: Mapping[str, str] = field(default_factory=dict)
    spec: Section | None = field(default=None, compare=False, repr=False)
    cases: Mapping[str, Overrides] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def expect(fits: bool, what: str, got: object, remedy: str) -> None:
            if not fits:
                raise ModelError(f"a sweep: expected {what}, got {said(got)}", remedy=remedy)

        expect(isinstance(self.system, System), "a model", self.system, 'write sdsim.load("x.mdl")')
        check_design(self.design, "a sweep: expected")
        remedy = 'write (sdsim.Outcome("end", "FINAL(x)"),)'
        listed = isinstance(self.outcomes, list | tuple)
        expect(listed, "a tuple of outcomes", self.outcomes, remedy)
        for outcome in self.outcomes:
            expect(isinstance(outcome, Outcome), "outcomes", outcome, remedy)
        plain = 'write sdsim.Overrides({"Name": value})'
        expect(isinstance(self.params, Overrides), "params as Overrides", self.params, plain)

    def task(self) -> Task:
        """The sweep as a task, tested on one member.

        Raises
        ------
        ModelError : a factor, outcome or series that does not fit the model.
        """
        try:
            return self._task()
        except ModelError as e:
            raise (e if self.spec is None else self.spec.traced(e)) from None

    @property
    def count(self) -> int:
        """The number of members: those of the design, in each case."""
        return self.design.count * max(1, len(self.cases))

    def _task(self) -> Task:
        if not 1 <= self.count <= MAX_MEMBERS:
            raise ModelError(
                f"{self.count:,} members, expected 1 to {MAX_MEMBERS:,}",
                variable="members",
                remedy="write fewer or more members",
            )
        if not self.outcomes and not self.save:
            raise ModelError(
                "nothing to keep of each run", remedy="name outcomes, or variables to save"
            )
        if self.chunk is not None and self.chunk < 1:
            raise ModelError(
                f"chunk is {self.chunk}, expected at least 1 member",
                remedy="write chunk = 100 or so",
            )
        if not self.timeout > 0:
            what = f"timeout is {self.timeout:g}, expected seconds above 0"
            raise ModelError(what, variable="timeout", remedy="write timeout = 600 or so")
        fit(self.design.factors, self.system.model)
        if self.cases:
            run = prepare_cases(self.system, self.cases, self.params, self.method, seed=self.seed)
        else:
            run = prepare(self.system, self.params, self.method, seed=self.seed)
        in_batches(run.method, "a sweep runs")
        changes = [self.params, *(getattr(c, "overrides", c) for c in self.cases.values())]
        given = {n for each in changes for n in each.series}
        series = {names.canonical(locate(run.system.model, n)[0].name) for n in given}
        moving = tuple(sorted(series))
        kept = self._series(run)
        size = self._chunk(run)
        return checked_task(Task(run, self.design, self.outcomes, kept, size, moving))

    def outside(self) -> list[str]:
        """A line for each constant and each factor that leaves the range declared in the model;
        what does not fit the model is left to `task`."""
        out: list[str] = []
        model = self.system.model
        with suppress(ModelError):
            out += outside_set(model, self.params)
        for f in self.design.factors:
            low, high = f.distribution.low, f.distribution.high
            place = (None, None) if self.spec is None else self.spec.place_of(f.name)
            with suppress(ModelError):
                out += outside_varied(model, f.name, low, high, place)
        return out

    def _series(self, run: Prepared) -> Series:
        if not self.save:
            return Series()
        chosen = {k: tuple(sorted(c)) for k, c in saved_of(run.system, self.save).cells.items()}
        grid = run.grid
        known = grid.times
        if self.times is None:
            return Series(chosen, grid.saved)
        out = []
        for t in self.times:
            i = int(np.argmin(np.abs(known - t)))
            if abs(known[i] - t) > 1e-6 * max(1.0, abs(t)):
                remedy = (
                    f"saved times run from {known[0]:g} to {known[-1]:g}; the next is {known[i]:g}"
                )
                raise ModelError(f"time {t:g} is not saved", remedy=remedy, variable="times")
            out.append(grid.saved[i])
        return Series(chosen, tuple(sorted(set(out))))

    def _chunk(self, run: Prepared) -> int:
        """Members per chunk; the same on every machine."""
        if self.chunk is not None:
            return min(self.chunk, self.count)
        by_work = WORK / ((run.grid.steps + 1) * max(len(run.system.program.ops), 1))
        size = min(by_work, self.count / 16, CHUNK[1])
        return int(max(size // CHUNK[0] * CHUNK[0], CHUNK[0]))

    def header(self, task: Task) -> dict[str, Any]:
        """The header of the manifest; `sdsim.sweeps.manifest.differences` compares ``asked``."""
        run = task.run
        h = run.horizon
        return {
            "sdsim sweep": FORMAT,
            "about": dict(self.about),
            "members": task.count,
            "chunk": task.chunk,
            "chunks": task.chunks,
            "machine": machine_class(),
            "asked": {
                "the model": self.system.model.hash,
                "the model file": self.system.model.file,
                CHANGED: _digest(run.system.model.hash, run.vector.tolist(), sorted(task.moving),
                                 *([cases_to_data(run.cases)] if run.cases else [])),
                "the method": f"{run.method}",
                "the times": [h.start, h.stop, h.step, h.saveper],
                "the design": design_to_data(task.design),
                "the outcomes": [[o.name, o.expression, o.units, o.better] for o in task.asked],
                "the saved series": task.series.to_data(),
                "the seed": self.seed,
                "the chunk size": task.chunk,
                "the versions": versions(),
                **({"the cases": list(run.cases.names)} if run.cases else {}),
            },
        }  # fmt: skip


def versions(*more: str) -> dict[str, str]:
    """Versions that may affect the bits of a result.

    more : rooms of the library, besides `ROOMS`, that it depends on.
    """
    return {
        "sdsim": f"{__version__}+{cache.source_digest(*ROOMS, *more)[:12]}",
        "numpy": np.__version__,
        "llvmlite": compiler_version(),
    }


def _digest(*what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
