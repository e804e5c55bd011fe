"""Kernels, run as machine code or, for short runs of large programs, by NumPy."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from sdsim.backends.base import Floats, Grid, Ints, March, Members
from sdsim.backends.llvm.code import QUICK, Codes, Use
from sdsim.backends.llvm.interpreted import BulkKernel, function_program, making
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.memory import Job, Points, padded
from sdsim.backends.llvm.outputs import Outputs
from sdsim.backends.llvm.settings import LlvmSettings
from sdsim.backends.llvm.specialize import known_of
from sdsim.ir.program import Program

#: Programs with at least this many operations and outputs use NumPy until machine code is ready.
LARGE = 80_000
#: The most saved numbers filled in at once, or kept for lanes without a member.
SMALL = 1 << 20


class LlvmKernel:
    """A program for one set of wanted values; see `sdsim.backends.base.Kernel`."""

    def __init__(self, program: Program, wanted: Sequence[int], settings: LlvmSettings) -> None:
        self.program, self.wanted, self.settings = program, tuple(wanted), settings
        self._lock = threading.Lock()
        self._local = threading.local()
        self._spent = 0.0

    @cached_property
    def codes(self) -> Codes:
        """The machine code."""
        return Codes(self.program, self.wanted, self._outputs, self.settings)

    @property
    def machine(self) -> Machine:
        """The processor the code is made for."""
        return self.codes.machine

    @cached_property
    def width(self) -> int:
        """Members side by side in a march; more for a small program."""
        if self.settings.width is not None:
            return self.settings.width
        size = len(self.program.ops)
        width = 64 if size <= 30 else 32 if size <= 120 else 16 if size <= 1500 else 8
        return width if self.machine.wide else max(width // 2, 8)

    def ir(
        self, purpose: str = "march1", width: int | None = None, of: Machine | None = None
    ) -> str:
        """The kernel as text: ``march1`` (Euler), ``march4`` (Runge-Kutta) or ``points``.

        of : the machine to write for, which need not be this one; the code is not run here.
        """
        return self.codes.written(Use(purpose, width or self.width), of)[0]

    @cached_property
    def _outputs(self) -> Outputs:
        return Outputs(self.program, self.wanted)

    # --- large programs -----------------------------------------------------------------------

    @cached_property
    def size(self) -> int:
        """The approximate number of operations in the code."""
        ops = self.program.ops
        made = [ops[v].code for v in self.program.needed(self.wanted)]
        moves = 2 * made.count("state")
        return len(made) - made.count("const") + moves + len(self._outputs.shown)

    @cached_property
    def _bulk(self) -> BulkKernel | None:
        """The NumPy kernel that replaces machine code of a large program; its bits are the same."""
        most = len(self.program.ops) + 2 * len(self.program.states) + len(self.wanted)
        if self.settings.optimise is not None or most < LARGE or self.size < LARGE:
            return None

        def function(code: str) -> LlvmKernel:
            program, value = function_program(code)
            return LlvmKernel(program, [value], replace(self.settings, optimise=QUICK))

        return BulkKernel(self.program, self.wanted, function)

    def _lanes(self, members: int, saved: int) -> int:
        """Members side by side in a march that saves at a given number of times.

        If there are fewer members than lanes, the last member is copied to fill them, and the
        results of the copies are discarded; if that is too wasteful, each member runs alone.
        """
        waste = members < self.width and saved * len(self.wanted) * self.width > SMALL
        return 1 if waste and self.settings.width is None else self.width

    def _stand_in(self, members: int, grid: Grid, stages: int) -> BulkKernel | None:
        """The same for a march, until marches have taken as long as making the code would."""
        bulk = self._bulk
        lanes = self._lanes(members, len(grid.saved))
        if bulk is None or Use(f"march{stages}", lanes) in self.codes:
            return None
        spent = bulk.spent(members, (grid.steps + 1) * stages)
        with self._lock:
            if self._spent + spent > making(self.size):
                return None
            self._spent += spent
        return bulk

    # --- single evaluations -------------------------------------------------------------------

    def _points(self, width: int) -> Points:
        """This thread's memory for single evaluations of ``width`` members."""
        known: dict[int, Points] = self._local.__dict__.setdefault("points", {})
        found = known.get(width)
        if found is None:
            found = known[width] = Points(self.codes.get(Use("points", width)))
        return found

    def start(self, members: Members) -> tuple[Floats, Floats]:
        """Initial states and invariants; see `Kernel.start`."""
        if self._bulk is not None:
            return self._bulk.start(members)
        width = 1 if members.count < self.width else self.width
        points = self._points(width)
        states = np.empty((len(self.program.states), members.count))
        fixed = np.empty((points.code.sizes.fixed, members.count))
        for block in _blocks(members.count, width):
            states[:, block], fixed[:, block] = points.start(members, block)
        return states, fixed

    def rates(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats, members: Members
    ) -> Floats:
        """See `Kernel.rates`."""
        if self._bulk is not None:
            return self._bulk.rates(time, event, step, states, fixed, members)
        return self._evaluate(
            "rates", len(self.program.states), (time, event, step), states, fixed, members
        )

    def observe(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats, members: Members
    ) -> Floats:
        """See `Kernel.observe`."""
        if self._bulk is not None:
            return self._bulk.observe(time, event, step, states, fixed, members)
        values = self._evaluate(
            "observe", len(self.wanted), (time, event, step), states, fixed, members
        )
        self._outputs.fill(values, members.params)
        return values

    def _evaluate(
        self, name: str, rows: int, when: tuple[float, float, int],
        states: Floats, fixed: Floats, members: Members,
    ) -> Floats:  # fmt: skip
        count = states.shape[1]
        if count == 1:
            out = np.empty((rows, 1))
            self._points(1).evaluate(name, when, states, fixed, out, members)
            return out
        width = 1 if count < self.width else self.width
        points = self._points(width)
        out = np.empty((rows, count))
        part = np.empty((rows, width))
        for block in _blocks(count, width):
            own = members.some(block)
            points.evaluate(name, when, states[:, block], fixed[:, block], part, own)
            out[:, block] = part
        return out

    # --- marches ------------------------------------------------------------------------------

    def march(self, members: Members, grid: Grid, stages: int) -> March:
        """See `Kernel.march`."""
        if stages not in (1, 4):
            raise ValueError(f"a march has 1 or 4 stages, not {stages}")
        stand_in = self._stand_in(members.count, grid, stages)
        if stand_in is not None:
            return stand_in.march(members, grid, stages)
        lanes = self._lanes(members.count, len(grid.saved))
        count = max(members.count, lanes)
        use = Use(f"march{stages}", lanes, known_of(members))
        code = self.codes.get(use, count * grid.steps * stages)
        values = np.empty((len(grid.saved), len(self.wanted), count))
        stopped = np.full(count, -1, dtype=np.int64)
        if members.count:
            better = partial(self.codes.better, use)
            job = Job(code, padded(members, count), grid, stages, values, stopped, better)
            job.run(self.settings.threads or os.cpu_count() or 1)
            self._complete(values[..., : members.count], stopped[: members.count], members, grid)
        if count > members.count:
            return March(values[..., : members.count].copy(), stopped[: members.count])
        return March(values, stopped)

    def _complete(self, values: Floats, stopped: Ints, members: Members, grid: Grid) -> None:
        """Fill the rows the code left out; values there that are not finite also stop a member."""
        for part in (values,) if values.size <= SMALL else values:  # in parts: copies take memory
            self._outputs.fill(part, members.params)
        if grid.saved:
            bad = self._outputs.bad(members.params)
            stopped[bad & ((stopped < 0) | (stopped > grid.saved[0]))] = grid.saved[0]


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Blocks of ``width`` members; the last overlaps its neighbour rather than run past the end."""
    for first in range(0, count, width):
        start = min(first, count - width)
        yield slice(start, start + width)
