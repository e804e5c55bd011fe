"""A sweep as plain data, ready to run anywhere: `Task.part(first, stop)` runs some of its members.

A task travels as JSON. It holds the changed model, its parameters, the design, the outcomes and
series; each worker compiles its own machine code from it and gets the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Members
from sdsim.base.errors import ModelError, one_line
from sdsim.design import Design, design_from_data, design_to_data
from sdsim.outcomes import Batch
from sdsim.run import plain
from sdsim.run.driver import at_once, march
from sdsim.run.methods import Marched
from sdsim.run.nonfinite import causes
from sdsim.run.prepared import Prepared
from sdsim.sweeps import faults
from sdsim.sweeps.outcome import Outcome, Outcomes, read_outcomes

#: The most numbers that a block of members may keep while it runs (16 megabytes).
ROOM = 2_000_000
#: The fewest members that run together: enough to fill the lanes of a kernel.
FEWEST = 64

OK = "ok"
#: Called with the members (first, stop) that are about to run.
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Series:
    """The whole series to save.

    cells : for each variable (canonical), the flat positions of the elements saved, in order.
    saved : indices of the saved steps, in order.
    """

    cells: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    saved: tuple[int, ...] = ()

    def to_data(self) -> list[Any]:
        """As JSON takes it."""
        return [[[name, list(cells)] for name, cells in self.cells.items()], list(self.saved)]

    @classmethod
    def from_data(cls, data: list[Any]) -> Series:
        """The inverse of `to_data`."""
        cells, saved = data
        return cls({name: tuple(some) for name, some in cells}, tuple(saved))


@dataclass(frozen=True)
class Part:
    """The results of some members.

    values : (n, n_outcome), NaN for members that failed; for a member that stopped at a value
        that was not finite, NaN only for outcomes that depend on it.
    failed : how each failed member failed, by its number: ``nonfinite@t (variable)``,
        ``timeout``, ``worker-died``, ``raised: ...``.
    series : for each saved variable (canonical), (n, n_saved, n_element); NaN likewise.
    """

    first: int
    values: Floats
    failed: Mapping[int, str] = field(default_factory=dict)
    series: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Apart:
    """Outcomes and series that can be computed from a subset of the values that a task keeps.

    rows : that subset.   outcomes : by number.   series : by variable (canonical).
    """

    rows: tuple[int, ...]
    outcomes: list[tuple[int, Outcomes]] = field(default_factory=list)
    series: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Task:
    """A sweep as plain data; see the module. `sdsim.sweeps.sweep.Sweep.task` makes one."""

    run: Prepared
    design: Design
    asked: tuple[Outcome, ...]
    series: Series
    chunk: int
    moving: tuple[str, ...] = ()

    # --- data ---------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The task as JSON text."""
        return json.dumps({
            "run": plain.to_data(self.run),
            "design": design_to_data(self.design),
            "outcomes": [[o.name, o.expression, o.units, o.better] for o in self.asked],
            "series": self.series.to_data(),
            "chunk": self.chunk,
            "moving": list(self.moving),
        })  # fmt: skip

    @classmethod
    def from_json(cls, text: str, threads: int | None = None) -> Task:
        """The inverse of `to_json`.

        threads : number of threads that a kernel may use.
        """
        d = json.loads(text)
        run = plain.from_data(d["run"], threads)
        kept = Series.from_data(d["series"])
        asked = tuple(Outcome(*o) for o in d["outcomes"])
        design = design_from_data(d["design"])
        return cls(run, design, asked, kept, d["chunk"], tuple(d["moving"]))

    # --- chunks -------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """The number of members: those of the design, in each case."""
        return self.design.count * (self.run.cases.count if self.run.cases else 1)

    @property
    def chunks(self) -> int:
        """The number of chunks."""
        return -(-self.count // self.chunk)

    def bounds(self, chunk: int) -> tuple[int, int]:
        """The members of a chunk, from first to stop - 1: (first, stop)."""
        return chunk * self.chunk, min((chunk + 1) * self.chunk, self.count)

    # --- running ------------------------------------------------------------------------------

    @cached_property
    def outcomes(self) -> Outcomes:
        """The outcomes, parsed."""
        return read_outcomes(self.run.system.model, self.asked, self.moving)

    @cached_property
    def _wanted(self) -> tuple[list[int], dict[tuple[str, int], int], dict[str, list[int]]]:
        """The values to keep, the row of each element in the outcomes, the rows of each series."""
        system = self.run.system
        places = {name: dict(cells) for name, cells in system.places.items()}
        wanted: dict[int, int] = {}

        def row(name: str, cell: int) -> int:
            if cell not in places.get(name, {}):
                raise ModelError(
                    "has no values over time",
                    variable=system.model.display(name),
                    remedy="name a variable that has",
                )
            return wanted.setdefault(places[name][cell], len(wanted))

        read = {cell: row(*cell) for cell in self.outcomes.cells}
        kept = {n: [row(n, c) for c in cells] for n, cells in self.series.cells.items()}
        return list(wanted), read, kept

    @cached_property
    def apart(self) -> tuple[Apart, ...]:
        """Groups of outcomes and series that use the same values; after a stop each runs alone."""
        wanted, read, kept = self._wanted
        groups: dict[frozenset[int], Apart] = {}
        for k in range(len(self.asked)):
            one = self.outcomes.only(k)
            rows = frozenset(read[c] for c in one.cells)
            groups.setdefault(rows, Apart(tuple(sorted(rows)))).outcomes.append((k, one))
        for name, at in kept.items():
            groups.setdefault(frozenset(at), Apart(tuple(sorted(at)))).series.append(name)
        return tuple(g for rows, g in groups.items() if 0 < len(rows) < len(wanted))

    @cached_property
    def _rows(self) -> list[list[int]]:
        return self.run.rows(f.name for f in self.design.factors)

    @cached_property
    def _kept_steps(self) -> NDArray[np.int64]:
        return np.searchsorted(self.run.grid.saved, self.series.saved)

    @property
    def block(self) -> int:
        """The number of members that run together; no result depends on it."""
        most = at_once(self.run, len(self._wanted[0]), ROOM)
        return min(max(most // FEWEST * FEWEST, FEWEST), self.chunk)

    def part(
        self, first: int, stop: int, *, skip: Mapping[int, str] | None = None,
        singly: tuple[int, int] = (0, 0), told: Told | None = None,
    ) -> Part:  # fmt: skip
        """Run members ``first`` to ``stop - 1``.

        skip : members that are not run, and the failure they are known to have.
        singly : members (first, stop) to run one by one, to find one that crashes the process.
        told : called before each group of members runs.
        """
        out = _Making(self, first, stop, dict(skip or {}))
        at = first
        while at < stop:
            alone = singly[0] <= at < singly[1]
            end = min(at + (1 if alone else self.block), stop)
            if not alone and at < singly[0]:
                end = min(end, singly[0])
            if told is not None:
                told(at, end)
            out.run(at, end)
            at = end
        return out.part()

    def members(self, first: int, stop: int) -> Members:
        """A batch of members with the design's values."""
        each = self.design.count
        of, own = np.divmod(np.arange(first, stop, dtype=np.int64), each)
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        parts = [
            self.design.values(int(own[a]), int(own[b - 1]) + 1)
            for a, b in pairwise((*starts.tolist(), stop - first))
        ]
        values = np.ascontiguousarray(np.concatenate(parts).T)
        return self.run.members(self._rows, list(values), own // self.design.alike, of)

    def ran(self, members: Members) -> tuple[Marched, Floats]:
        """Run a batch: all values, and its outcomes (n, n_outcome)."""
        wanted, read, _ = self._wanted
        marched = march(self.run, members, wanted)
        batch = Batch(marched.time, {cell: marched.values[:, row] for cell, row in read.items()})
        return marched, self.outcomes.of(batch, members.count)


class _Making:
    """A part in the making."""

    def __init__(self, task: Task, first: int, stop: int, skip: dict[int, str]) -> None:
        self.task, self.first, self.failed = task, first, skip
        n = stop - first
        self.values = np.full((n, len(task.asked)), np.nan)
        steps = len(task.series.saved)
        self.series = {
            name: np.full((n, steps, len(rows)), np.nan) for name, rows in task._wanted[2].items()
        }

    def part(self) -> Part:
        return Part(self.first, self.values, self.failed, self.series)

    def run(self, first: int, stop: int) -> None:
        """Run some members together; if that raises, one by one."""
        if all(m in self.failed for m in range(first, stop)):
            return
        try:
            self._march(first, stop)
        except OSError:
            raise
        except Exception as e:
            if stop - first == 1:
                self.failed[first] = f"raised: {type(e).__name__}: {one_line(str(e), 200)}"
                return
            for m in range(first, stop):
                self.run(m, m + 1)

    def _march(self, first: int, stop: int) -> None:
        task = self.task
        faults.members(first, stop, self.failed)
        members = task.members(first, stop)
        marched, values = task.ran(members)
        bad = ~np.isnan(marched.stopped)
        known = np.array([m in self.failed for m in range(first, stop)])
        at = np.flatnonzero(bad & ~known)
        for i, found in zip(at, causes(task.run, members, marched, at), strict=True):
            self.failed[first + int(i)] = f"nonfinite@{found.time:.10g} ({found.label})"
        values[bad | known] = np.nan
        where = slice(first - self.first, stop - self.first)
        self.values[where] = values
        for name, rows in task._wanted[2].items():
            block = marched.values[task._kept_steps[:, None], np.array(rows)].transpose(2, 0, 1)
            self.series[name][where] = np.where((bad | known)[:, None, None], np.nan, block)
        if (bad & ~known).any():
            self._rescue(first - self.first, members, np.flatnonzero(bad & ~known))

    def _rescue(self, first: int, members: Members, at: NDArray[np.int64]) -> None:
        """For stopped members ``at`` of a batch: what does not depend on the non-finite value.

        Each group of outcomes and series runs without the others; one that stops again stays NaN.
        """
        task = self.task
        wanted, read, kept = task._wanted
        own = members.some(at)
        for group in task.apart:
            marched = march(task.run, own, [wanted[r] for r in group.rows])
            good = np.isnan(marched.stopped)
            if not good.any():
                continue
            places = {row: i for i, row in enumerate(group.rows)}
            rows = first + at[good]
            for k, one in group.outcomes:
                batch = Batch(marched.time, {
                    c: marched.values[:, places[read[c]]][:, good] for c in one.cells
                })  # fmt: skip
                self.values[rows, k] = one.of(batch, int(good.sum()))[:, 0]
            for name in group.series:
                cells = [places[r] for r in kept[name]]
                block = marched.values[task._kept_steps[:, None], np.array(cells)]
                self.series[name][rows] = block.transpose(2, 0, 1)[good]


def checked_task(task: Task) -> Task:
    """Check ``task`` by running one member and return it.

    Raises
    ------
    ModelError : an outcome, series or factor that does not fit.
    """
    task.ran(task.members(0, 1))
    return task
