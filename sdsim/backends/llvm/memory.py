"""Memory for running machine code: for whole marches, and for single evaluations."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Grid, Ints, Members, given_with, keepable
from sdsim.backends.llvm.code import Code
from sdsim.backends.llvm.cursors import ROWS
from sdsim.backends.llvm.environment import WORDS

#: A march with fewer rows to compute than this stays in one thread.
_WORTH_THREADS = 200_000
#: Larger than any number of blocks.
_NEVER = 1 << 62
#: Seconds of a march between two checks for better code.
_PORTION = 0.02


class Points:
    """Memory for single evaluations, used by one thread."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self._scratch = _aligned(code.sizes.scratch * code.width)
        self._tape = _aligned(code.sizes.tape)
        self._cursors = _aligned(code.sizes.cursors * ROWS * code.width)
        self._env = np.zeros(len(WORDS), dtype=np.int64)
        self._set("frame", _address(self._scratch))
        self._set("tape", _address(self._tape))
        self._set("cursors", _address(self._cursors))
        self._set("stride", 8 * code.width)
        self._at = _address(self._env)
        self._members: Members | None = None
        self._kept: tuple[Any, ...] = ()

    def _set(self, name: str, value: int) -> None:
        self._env[WORDS.index(name)] = value

    def _meet(self, members: Members) -> None:
        """Use the parameters and numbers of these members."""
        params = np.ascontiguousarray(members.params, dtype=np.float64)
        numbers = np.ascontiguousarray(members.numbers, dtype=np.int64)
        given = _given(self.code, members)
        self._kept = (params, numbers, given, members.tables)
        self._set("given", _address(given))
        self._set("params", _address(params))
        self._set("numbers", _address(numbers))
        self._set("seed", _signed(members.seed))
        self._members = members

    def start(self, members: Members, block: slice) -> tuple[Floats, Floats]:
        """Initial states and invariants of a block."""
        self._meet(members.some(block))
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


class Place:
    """The memory in which one thread runs some code."""

    def __init__(self, code: Code, tape: Floats, steps: int) -> None:
        sizes, width = code.sizes, code.width
        self.code = code
        self._arrays: dict[str, NDArray[Any]] = {
            "tape": tape,
            "frame": _aligned(sizes.frame * width),
            "ring": np.empty((sizes.kept(steps), width)),
            "lags": np.empty((sizes.buffers, width + 2), dtype=np.int64),
            "cursors": _aligned(sizes.cursors * ROWS * width),
        }

    def march(self, env: Ints) -> None:
        """Run the code with an environment, completed with this memory."""
        for name, array in self._arrays.items():
            env[WORDS.index(name)] = _address(array)
        self.code.call["march"](_address(env))


class Job:
    """One march: its memory, and the threads that take blocks of members from one counter.

    better : given the current code, the code to take over from it: itself if there will be none
        better, None if that is not known yet.
    """

    def __init__(
        self, code: Code, members: Members, grid: Grid, stages: int, values: Floats, stopped: Ints,
        better: Callable[[Code], Code | None],
    ) -> None:  # fmt: skip
        self.better = better
        self.code, self.blocks = code, -(-members.count // code.width)
        self._grid, self._rows = grid, (grid.steps + 1) * (1 if stages == 1 else 3)
        self._tapes: dict[int, Floats] = {}
        self._tape(code)
        saved = np.array([*grid.saved, -1], dtype=np.int64)
        self._counter = np.zeros(1, dtype=np.int64)
        self._lock, self._final = threading.Lock(), False
        params = np.ascontiguousarray(members.params, dtype=np.float64)
        numbers = np.ascontiguousarray(members.numbers, dtype=np.int64)
        given = _given(code, members)
        self._kept = (saved, params, numbers, values, stopped, given, members.tables)
        self._words: dict[str, int | float] = {
            "params": _address(params), "stride": 8 * members.count, "numbers": _address(numbers),
            "seed": _signed(members.seed), "steps": grid.steps, "saved": _address(saved),
            "step": float(grid.step), "half": 0.5 * grid.step, "sixth": grid.step / 6.0,
            "out": _address(values), "count": members.count,
            "stopped": _address(stopped), "counter": _address(self._counter),
            "blocks": self.blocks, "last": members.count - code.width,
            "given": _address(given),
        }  # fmt: skip

    def _tape(self, code: Code) -> Floats:
        """The uniform values at all steps, in the layout of the code; one thread at a time."""
        found = self._tapes.get(id(code))
        if found is None:
            grid, sizes = self._grid, code.sizes
            rings = sizes.kept(grid.steps) * code.width
            keepable(self._rows * sizes.tape + rings, grid.steps)
            found = self._tapes[id(code)] = _aligned(self._rows * sizes.tape)
            if sizes.tape:
                start, step = float(grid.start), float(grid.step)
                code.call["tape"](start, step, grid.steps, _address(found))
        return found

    def _place(self, code: Code) -> Place:
        """Memory for this thread to run the code in."""
        with self._lock:
            tape = self._tape(code)
        return Place(code, tape, self._grid.steps)

    def run(self, threads: int) -> None:
        """March all blocks, in ``threads`` threads if that pays off."""
        work = self.blocks * (self._grid.steps + 1) * self.code.sizes.frame
        threads = min(threads, self.blocks)
        if work < _WORTH_THREADS:
            self._march()
            return
        faults: list[BaseException] = []

        def march() -> None:
            try:
                self._march()
            except BaseException as e:  # anything that ends a thread must end the run
                faults.append(e)
                self._stop()

        workers = [threading.Thread(target=march, daemon=True) for _ in range(threads)]
        for w in workers:
            w.start()
        try:
            for w in workers:
                w.join()
        except BaseException:
            self._stop()
            for w in workers:
                w.join()
            raise
        if faults:
            raise faults[0]

    def _stop(self) -> None:
        """Leave no blocks for other threads to take."""
        with self._lock:
            self.blocks = 0
            self._counter[0] = _NEVER

    def _march(self) -> None:
        env = np.zeros(len(WORDS), dtype=np.int64)
        for name, value in self._words.items():
            target = env.view(np.float64) if isinstance(value, float) else env
            target[WORDS.index(name)] = value
        self._march_portions(env.copy())
        self._place(self.code).march(env)

    def _march_portions(self, env: Ints) -> None:
        """March with the current code until it is clear which code will do the rest.

        Blocks come in portions of about `_PORTION` seconds. Once any thread has found the better
        code, all remaining blocks come from the counter that the threads share.
        """
        counter, size = np.zeros(1, dtype=np.int64), 1
        place: Place | None = None
        env[WORDS.index("counter")] = _address(counter)
        while True:
            with self._lock:
                if not self._final:
                    better = self.better(self.code)
                    self._final = better is not None
                    self.code = better or self.code
                code, first = self.code, int(self._counter[0])
                if self._final or first >= self.blocks:
                    return
                end = min(first + size, self.blocks)
                self._counter[0] = end
            if place is None or place.code is not code:
                place = self._place(code)
            counter[0], env[WORDS.index("blocks")] = first, end
            began = time.perf_counter()
            place.march(env)
            spent = time.perf_counter() - began
            size = max(1, min(2 * size, int(size * _PORTION / max(spent, 1e-9))))


def padded(members: Members, count: int) -> Members:
    """The members, with the last one repeated until there are at least ``count``."""
    missing = count - members.count
    if missing <= 0:
        return members
    params = np.pad(members.params, ((0, 0), (0, missing)), mode="edge")
    numbers = np.pad(members.numbers, (0, missing), mode="edge")
    tables = members.tables
    if tables is not None:
        tables = replace(tables, of=np.pad(tables.of, ((0, 0), (0, missing)), mode="edge"))
    return replace(members, params=params, numbers=numbers, tables=tables)


def _given(code: Code, members: Members) -> Ints:
    """(n_given, n_member) the addresses of the given tables of each member."""
    if not code.sizes.cursors:
        return np.empty((0, members.count), dtype=np.int64)
    tables = given_with(members)
    at = np.array([_address(p) for p in tables.points], dtype=np.int64)
    return np.ascontiguousarray(at[tables.of])


def _aligned(count: int) -> Floats:
    """An uninitialised array of doubles that begins at a multiple of 64 bytes."""
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
