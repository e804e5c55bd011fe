"""Kernels: machine code made on first use, and the memory it is run with."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim import cache
from sdsim.backends.base import Floats, Grid, Ints, March, Members
from sdsim.backends.llvm import compiler
from sdsim.backends.llvm.bulk import BulkKernel, function_program, making
from sdsim.backends.llvm.digest import digest, own_digest
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.module import ModuleWriter, Sizes
from sdsim.backends.llvm.outputs import Outputs
from sdsim.backends.llvm.plan import for_march, for_points
from sdsim.backends.llvm.settings import Settings
from sdsim.backends.llvm.units import WORDS
from sdsim.program import Program

#: Steps of one member after which code that is worked on hard (`BEST`) has repaid its making; the
#: making and what each step gains both grow with the program, so that its size hardly matters.
REPAID = 3_000_000
#: From so many operations and outputs on NumPy does what is done before machine code is there.
LARGE = 80_000
#: How many saved numbers are filled in at once.
SMALL = 1 << 20
#: The room of the cache that holds machine code.
ROOM = "code"
QUICK, BEST = 0, 2
#: Below this many rows to compute a march stays in one thread.
_WORTH_THREADS = 200_000

_PROTOTYPES = {
    "march": ctypes.CFUNCTYPE(None, ctypes.c_void_p),
    "tape": ctypes.CFUNCTYPE(
        None, ctypes.c_double, ctypes.c_double, ctypes.c_int64, ctypes.c_void_p
    ),
    "start": ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3),
    "rates": ctypes.CFUNCTYPE(None, *[ctypes.c_double] * 3, *[ctypes.c_void_p] * 4),
}
_PROTOTYPES["observe"] = _PROTOTYPES["rates"]
_EXPORTS = {"march": ("march", "tape"), "points": ("start", "rates", "observe")}


@dataclass(frozen=True)
class _Code:
    """One compiled module, ready to be called."""

    sizes: Sizes
    width: int
    level: int
    call: Mapping[str, Callable[..., None]]
    keep: object


class LlvmKernel:
    """A program for one set of wanted values; see `sdsim.backends.base.Kernel`."""

    def __init__(self, program: Program, wanted: Sequence[int], settings: Settings) -> None:
        self.program, self.wanted, self.settings = program, tuple(wanted), settings
        self._codes: dict[tuple[str, int], _Code] = {}
        self._work: dict[str, int] = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._spent = 0.0

    # --- code ---------------------------------------------------------------------------------

    @property
    def machine(self) -> Machine:
        """The processor the code is made for."""
        return compiler.machine(self.settings.features)

    @cached_property
    def width(self) -> int:
        """Members side by side in a march: more of them for a small program."""
        if self.settings.width is not None:
            return self.settings.width
        size = len(self.program.ops)
        width = 64 if size <= 30 else 32 if size <= 120 else 16 if size <= 600 else 8
        return width if self.machine.wide else max(width // 2, 8)

    def ir(self, purpose: str = "march1", width: int | None = None) -> str:
        """The kernel as text: ``march1`` (Euler), ``march4`` (Runge-Kutta) or ``points``."""
        return self._written(purpose, width or self.width)[0]

    def _written(self, purpose: str, width: int) -> tuple[str, Sizes]:
        chunk = self.settings.chunk
        if purpose == "points":
            plan = for_points(self.program, self._outputs, chunk)
            writer = ModuleWriter(plan, width, self.machine)
            return writer.points(), writer.sizes
        stages = int(purpose.removeprefix("march"))
        plan = for_march(self.program, self._outputs, stages, chunk)
        writer = ModuleWriter(plan, width, self.machine)
        return writer.march(stages), writer.sizes

    @cached_property
    def _outputs(self) -> Outputs:
        return Outputs(self.program, self.wanted)

    @cached_property
    def _digest(self) -> bytes:
        return digest(self.program)

    def _key(self, purpose: str, width: int, level: int) -> str:
        settings = (compiler.version(), self.machine, purpose, width, level, self.settings.chunk)
        known = own_digest() + self._digest + repr((settings, self.wanted)).encode()
        return hashlib.sha256(known).hexdigest()

    def _code(self, purpose: str, width: int, work: int = 0) -> _Code:
        """The code to use for ``work`` more steps of a member: the better, the more there is."""
        with self._lock:
            self._work[purpose] = self._work.get(purpose, 0) + work
            found = self._codes.get((purpose, width))
            if found is None or found.level < self._level(purpose):
                found = self._codes[purpose, width] = self._made(purpose, width)
            return found

    def _level(self, purpose: str) -> int:
        if self.settings.optimise is not None:
            return self.settings.optimise
        return BEST if self._work[purpose] >= REPAID else QUICK

    def _made(self, purpose: str, width: int) -> _Code:
        """Code of the level that is due, or of a higher one if that lies in the cache."""
        due = self._level(purpose)
        for level in (BEST, due) if self.settings.optimise is None else (due,):
            code = self._kept(purpose, width, level)
            if code is not None:
                return code
        ir, sizes = self._written(purpose, width)
        binary = compiler.compile_object(ir, self.machine, due)
        if self.settings.cache:
            header = json.dumps(asdict(sizes)).encode()
            cache.store(ROOM, self._key(purpose, width, due), header + b"\n" + binary)
        return self._loaded(purpose, width, due, sizes, binary)

    def _kept(self, purpose: str, width: int, level: int) -> _Code | None:
        """Code from the cache."""
        entry = cache.load(ROOM, self._key(purpose, width, level)) if self.settings.cache else None
        if entry is None:
            return None
        header, _, binary = entry.partition(b"\n")
        return self._loaded(purpose, width, level, Sizes(**json.loads(header)), binary)

    def _loaded(self, purpose: str, width: int, level: int, sizes: Sizes, binary: bytes) -> _Code:
        names = _EXPORTS[purpose.rstrip("14")]
        loaded = compiler.load(binary, names)
        call = {name: _PROTOTYPES[name](loaded[name]) for name in names}
        return _Code(sizes, width, level, call, loaded)

    # --- large programs -----------------------------------------------------------------------

    @cached_property
    def size(self) -> int:
        """About how many operations the code has."""
        ops = self.program.ops
        made = [ops[v].code for v in self.program.needed(self.wanted)]
        moves = 2 * made.count("state")
        return len(made) - made.count("const") + moves + len(self._outputs.shown)

    @cached_property
    def _bulk(self) -> BulkKernel | None:
        """What stands in for machine code of a large program; its bits are the same."""
        most = len(self.program.ops) + 2 * len(self.program.states) + len(self.wanted)
        if self.settings.optimise is not None or most < LARGE or self.size < LARGE:
            return None

        def function(code: str) -> LlvmKernel:
            program, value = function_program(code)
            return LlvmKernel(program, [value], replace(self.settings, optimise=QUICK))

        return BulkKernel(self.program, self.wanted, function)

    def _stand_in(self, members: int, grid: Grid, stages: int) -> BulkKernel | None:
        """The same for a march, until as much was spent on marches as the code's making costs."""
        bulk = self._bulk
        if bulk is None or (f"march{stages}", self.width) in self._codes:
            return None
        spent = bulk.spent(members, (grid.steps + 1) * stages)
        with self._lock:
            if self._spent + spent > making(self.size):
                return None
            self._spent += spent
        return bulk

    # --- single evaluations -------------------------------------------------------------------

    def _points(self, width: int) -> _Points:
        """This thread's memory for single evaluations of ``width`` members."""
        known: dict[int, _Points] = self._local.__dict__.setdefault("points", {})
        found = known.get(width)
        if found is None:
            found = known[width] = _Points(self._code("points", width))
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
            own = Members(members.params[:, block], members.numbers[block], members.seed)
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
        count = max(members.count, self.width)
        code = self._code(f"march{stages}", self.width, count * grid.steps * stages)
        values = np.empty((len(grid.saved), len(self.wanted), count))
        stopped = np.full(count, -1, dtype=np.int64)
        if members.count:
            job = _Job(code, _padded(members, count), grid, stages, values, stopped)
            job.run(self.settings.threads or os.cpu_count() or 1)
            self._complete(values[..., : members.count], stopped[: members.count], members, grid)
        if count > members.count:
            return March(values[..., : members.count].copy(), stopped[: members.count])
        return March(values, stopped)

    def _complete(self, values: Floats, stopped: Ints, members: Members, grid: Grid) -> None:
        """Fill the rows the code left out; what is not finite there stops a member too."""
        for part in (values,) if values.size <= SMALL else values:  # copies take memory
            self._outputs.fill(part, members.params)
        if grid.saved:
            bad = self._outputs.bad(members.params)
            stopped[bad & ((stopped < 0) | (stopped > grid.saved[0]))] = grid.saved[0]


class _Points:
    """Memory for single evaluations; for one thread."""

    def __init__(self, code: _Code) -> None:
        self.code = code
        self._scratch = _aligned(code.sizes.scratch * code.width)
        self._tape = _aligned(code.sizes.tape)
        self._env = np.zeros(len(WORDS), dtype=np.int64)
        self._set("frame", _address(self._scratch))
        self._set("tape", _address(self._tape))
        self._set("stride", 8 * code.width)
        self._at = _address(self._env)
        self._members: Members | None = None
        self._kept: tuple[Any, ...] = ()

    def _set(self, name: str, value: int) -> None:
        self._env[WORDS.index(name)] = value

    def _meet(self, members: Members) -> None:
        """Point at the members' parameters and numbers."""
        params = np.ascontiguousarray(members.params, dtype=np.float64)
        numbers = np.ascontiguousarray(members.numbers, dtype=np.int64)
        self._kept = (params, numbers)
        self._set("params", _address(params))
        self._set("numbers", _address(numbers))
        self._set("seed", _signed(members.seed))
        self._members = members

    def start(self, members: Members, block: slice) -> tuple[Floats, Floats]:
        """Initial states and invariants of a block."""
        self._meet(Members(members.params[:, block], members.numbers[block], members.seed))
        states = np.empty((self.code.sizes.state, self.code.width))
        fixed = np.empty((self.code.sizes.fixed, self.code.width))
        self.code.call["start"](_address(fixed), _address(states), self._at)
        return states, fixed

    def evaluate(
        self, name: str, when: tuple[float, float, int],
        states: Floats, fixed: Floats, out: Floats, members: Members,
    ) -> None:  # fmt: skip
        """Fill ``out`` with rates or wanted values."""
        if members is not self._members:
            self._meet(members)
        states, fixed = _dense(states), _dense(fixed)
        self.code.call[name](*when, _address(states), _address(fixed), _address(out), self._at)


class _Job:
    """One march: its memory, and the threads that take blocks of members from one counter."""

    def __init__(
        self, code: _Code, members: Members, grid: Grid, stages: int, values: Floats, stopped: Ints
    ) -> None:
        self.code, self.blocks = code, -(-members.count // code.width)
        self._steps, sizes = grid.steps, code.sizes
        rows = (grid.steps + 1) * (1 if stages == 1 else 3)
        tape = _aligned(rows * sizes.tape)
        saved = np.array([*grid.saved, -1], dtype=np.int64)
        self._counter = np.zeros(1, dtype=np.int64)
        params = np.ascontiguousarray(members.params, dtype=np.float64)
        numbers = np.ascontiguousarray(members.numbers, dtype=np.int64)
        self._kept = (tape, saved, params, numbers, values, stopped)
        self._words: dict[str, int | float] = {
            "params": _address(params), "stride": 8 * members.count, "numbers": _address(numbers),
            "seed": _signed(members.seed), "steps": grid.steps, "saved": _address(saved),
            "step": float(grid.step), "half": 0.5 * grid.step, "sixth": grid.step / 6.0,
            "tape": _address(tape), "out": _address(values), "count": members.count,
            "stopped": _address(stopped), "counter": _address(self._counter),
            "blocks": self.blocks, "last": members.count - code.width,
        }  # fmt: skip
        if sizes.tape:
            code.call["tape"](float(grid.start), float(grid.step), grid.steps, _address(tape))

    def run(self, threads: int) -> None:
        """March all blocks, in ``threads`` threads if that pays."""
        work = self.blocks * (self._steps + 1) * self.code.sizes.frame
        threads = min(threads, self.blocks)
        if work < _WORTH_THREADS:
            self._march()
            return
        workers = [threading.Thread(target=self._march, daemon=True) for _ in range(threads)]
        for w in workers:
            w.start()
        try:
            for w in workers:
                w.join()
        except BaseException:
            self._counter[0] = self.blocks
            for w in workers:
                w.join()
            raise

    def _march(self) -> None:
        sizes, width = self.code.sizes, self.code.width
        frame = _aligned(sizes.frame * width)
        ring = np.empty((sizes.buffers * (self._steps + 1), width))
        lags = np.empty((sizes.buffers, width + 2), dtype=np.int64)
        own = {"frame": _address(frame), "ring": _address(ring), "lags": _address(lags)}
        env = np.zeros(len(WORDS), dtype=np.int64)
        for name, value in (self._words | own).items():
            target = env.view(np.float64) if isinstance(value, float) else env
            target[WORDS.index(name)] = value
        self.code.call["march"](_address(env))


def _blocks(count: int, width: int) -> Iterator[slice]:
    """Blocks of ``width`` members; the last one overlaps its neighbour rather than stick out."""
    for first in range(0, count, width):
        start = min(first, count - width)
        yield slice(start, start + width)


def _padded(members: Members, count: int) -> Members:
    """At least ``count`` members: the last one repeated."""
    missing = count - members.count
    if missing <= 0:
        return members
    params = np.pad(members.params, ((0, 0), (0, missing)), mode="edge")
    return Members(params, np.pad(members.numbers, (0, missing), mode="edge"), members.seed)


def _aligned(count: int) -> Floats:
    """So many doubles, not set, beginning at a multiple of 64 bytes."""
    room = np.empty(count + 8)
    start = -_address(room) % 64 // 8
    return room[start : start + count]


def _dense(a: Floats) -> Floats:
    if a.dtype == np.float64 and a.flags.c_contiguous:
        return a
    return np.ascontiguousarray(a, dtype=np.float64)


def _address(a: NDArray[Any]) -> int:
    return int(a.__array_interface__["data"][0])


def _signed(word: int) -> int:
    """The low 64 bits as a signed integer."""
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word
