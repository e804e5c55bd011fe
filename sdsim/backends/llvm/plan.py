"""The plan of the machine code: a Program divided into sections, units and memory rows.

A value is *uniform* if it depends on time alone: it is the same in all members, computed once, as a
scalar, and kept on a tape with one row per step and stage. Any other value has one of three phases:
computed once a run, once a step, or once a stage. A section is what runs at one moment of a march;
a unit is a part of it that becomes one function. Only a value read by a unit other than the one
that makes it has a row in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from sdsim.backends.llvm.order import LONG, ordered, urgent_first
from sdsim.backends.llvm.outputs import Outputs
from sdsim.backends.llvm.specialize import NUMBERS
from sdsim.ir.program import Program

#: The kinds of task that update a state.
MOVES = ("euler", "rk1", "rk2", "rk3", "rk4")
#: The amount of code for an operation, if it is more than an instruction or two.
_WEIGHT = {"table": 8, "given": 16, "random": 4, "delayed": 6, "pow": 2, "exp": 2, "log": 2}


class Phase(IntEnum):
    """How often a value changes."""

    RUN = 0
    STEP = 1
    STAGE = 2


class Task(NamedTuple):
    """What a unit does with values once it has them; `sdsim.backends.llvm.units` carries it out.

    at : the row, output or buffer (by its number in the program) that it concerns.
    """

    kind: str
    at: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class Unit:
    """One function: the values it computes, in order, then its tasks.

    group : sections that run one after another and may pass values on. In ``late``, the later
        stages of a step, states are read as they are at the stage, not as the step began.
    """

    name: str
    group: str
    values: tuple[int, ...] = ()
    tasks: tuple[Task, ...] = ()


class Life(NamedTuple):
    """Numbers of the units that make a value (-1 for none in the group) and read it last."""

    made: int
    read: int


@dataclass(frozen=True)
class Plan:
    """The division of one program for one purpose.

    sections : units in order, by section.
    rows : area and row in memory, by group and value; group "" serves all.
    sizes : rows by area.
    states, buffers : row of each one that is used, by its number in the program.
    cursors : for each reading of a given table, by its value, the cursor it keeps.
    alias : values replaced by another value.
    shown : rows of a saved step, whether or not the code fills them.
    """

    program: Program
    uniform: tuple[bool, ...]
    sections: dict[str, list[Unit]]
    rows: dict[tuple[str, int], tuple[str, int]]
    sizes: dict[str, int]
    states: dict[int, int]
    buffers: dict[int, int]
    alias: dict[int, int]
    shown: int
    cursors: dict[int, int]

    def row(self, unit: Unit, v: int) -> tuple[str, int] | None:
        """Where a unit finds or stores a value, if it has a place in memory."""
        return self.rows.get(("", v)) or self.rows.get((unit.group, v))

    @property
    def weight(self) -> int:
        """The approximate number of instructions per step."""
        return sum(
            _weight(self.program, v)
            for name in ("first", "again")
            for unit in self.sections.get(name, ())
            for v in unit.values
        )

    @property
    def size(self) -> int:
        """The approximate number of instructions in all sections, counted once each."""
        units = [u for name, us in self.sections.items() if name != "uniform" for u in us]
        made = sum(_weight(self.program, v) for u in units for v in u.values)
        return made + sum(len(u.tasks) for u in units)


def _packed(lives: Iterable[tuple[int, int, int]], base: int) -> tuple[dict[int, int], int]:
    """Rows from ``base`` on for (made, read last, value), and the first row not used."""
    given: dict[int, int] = {}
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    end = base
    for made, read, v in sorted(lives):
        while busy and busy[0][0] < made:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            row = heapq.heappop(free)
        else:
            row, end = end, end + 1
        given[v] = row
        heapq.heappush(busy, (read, row))
    return given, end


def _weight(program: Program, v: int) -> int:
    return _WEIGHT.get(program.ops[v].code, 1)


class _Natures:
    """The phase of every value, and whether it differs between members.

    alias : for a value, the one used in its place: without a past, a delayed value is its buffer's
        initial value.
    """

    def __init__(self, program: Program, past: bool) -> None:
        self.phase: list[Phase] = []
        self.varying: list[bool] = []
        self.alias: dict[int, int] = {}
        for v, op in enumerate(program.ops):
            phase, varying = Phase.RUN, False
            if op.code == "param":
                varying = True
            elif op.code == "state":
                held = program.states[int(op.data)].held
                phase, varying = Phase.STEP if held else Phase.STAGE, True
            elif op.code == "time":
                phase = Phase.STAGE
            elif op.code in ("event", "step"):
                phase = Phase.STEP
            elif op.code == "delayed":
                phase, varying = Phase.STEP, True
                if not past:
                    self.alias[v] = program.buffers[int(op.data)].start[0]
            else:
                phase = max((self.phase[a] for a in op.args), default=Phase.RUN)
                varying = op.code in ("random", "given") or any(self.varying[a] for a in op.args)
            self.phase.append(phase)
            self.varying.append(varying)


class _Planner:
    """Collects sections, then gives rows to the values that cross between units."""

    def __init__(self, program: Program, past: bool, chunk: int) -> None:
        self.program, self.chunk, self.past = program, chunk, past
        self.natures = _Natures(program, past)
        self.sections: dict[str, list[Unit]] = {}

    def within(self, targets: Iterable[int]) -> set[int]:
        """The values ``targets`` depend on in one evaluation: through operands but not states."""
        found: set[int] = set()
        stack = list(targets)
        while stack:
            v = stack.pop()
            v = self.natures.alias.get(v, v)
            if v not in found:
                found.add(v)
                stack.extend(self.program.ops[v].args)
        return found

    def varying(self, values: Iterable[int], *phases: Phase) -> list[int]:
        """Values that differ between members and have one of the phases; states are only read."""
        n = self.natures
        return sorted(
            v
            for v in values
            if n.varying[v] and n.phase[v] in phases and self.program.ops[v].code != "state"
        )

    def section(
        self,
        name: str,
        group: str,
        values: Iterable[int],
        tasks: Sequence[Task] = (),
        targets: Iterable[int] = (),
    ) -> None:
        """Divide values, in an order that suits ``targets`` and tasks, and the tasks into units."""
        wanted = [*targets, *(v for t in tasks for v in t.values)]
        pieces: list[tuple[tuple[int, ...], tuple[Task, ...]]] = [
            (tuple(vs), ()) for vs in self._cut(ordered(self.program.ops, values, wanted))
        ]
        for start in range(0, len(tasks), self.chunk):
            pieces.append(((), tuple(tasks[start : start + self.chunk])))
        if len(pieces) == 2 and pieces[0][0] and pieces[1][1]:
            pieces = [(pieces[0][0], pieces[1][1])]
        self.sections[name] = [
            Unit(f"{name}_{k}", group, vs, ts) for k, (vs, ts) in enumerate(pieces)
        ]

    def _cut(self, values: Sequence[int]) -> Iterator[Sequence[int]]:
        piece: list[int] = []
        weight = 0
        long = len(values) >= LONG
        for v in values:
            piece.append(v)
            weight += _weight(self.program, v)
            if weight >= self.chunk or v == values[-1]:
                yield urgent_first(self.program.ops, piece) if long else piece
                piece, weight = [], 0

    def uniform_section(self, everything: Iterable[int]) -> None:
        """A section with the uniform values that anything depends on."""
        n, ops = self.natures, self.program.ops
        values = [v for v in everything if not n.varying[v] and ops[v].code not in NUMBERS]
        self.section("uniform", "uniform", values)

    def rows(self) -> tuple[dict[tuple[str, int], tuple[str, int]], dict[str, int]]:
        """A row for every value that crosses between units; rows are reused when free."""
        rows: dict[tuple[str, int], tuple[str, int]] = {}
        lives = self._lives()
        areas = {"tape": 0, "fixed": 0, "scratch": 1}  # the first row is the watch
        shared = sorted({v for (group, v) in lives if self._serves_all(v, group, lives)})
        for v in shared:
            area = self._area(v)
            rows["", v] = (area, areas[area])
            areas[area] += 1
        base = most = areas["scratch"]
        for group in {u.group for units in self.sections.values() for u in units}:
            own = [
                (*life, v) for (g, v), life in lives.items() if g == group and ("", v) not in rows
            ]
            given, end = _packed(own, base)
            rows.update({(group, v): ("scratch", row) for v, row in given.items()})
            most = max(most, end)
        areas["scratch"] = most
        return rows, areas

    def _area(self, v: int) -> str:
        n = self.natures
        if not n.varying[v]:
            return "tape"
        return "fixed" if n.phase[v] is Phase.RUN else "scratch"

    def _serves_all(self, v: int, group: str, lives: dict[tuple[str, int], Life]) -> bool:
        """Whether all groups share one row: not if each group that reads a value also makes it."""
        return self._area(v) != "scratch" or lives[group, v].made < 0

    def _lives(self) -> dict[tuple[str, int], Life]:
        """For each group, when the values that cross between its units are made and last read.

        States have their own rows; a state that is itself a rate of change is copied, since the
        states are updated one after another.
        """
        ops, n = self.program.ops, self.natures
        made: dict[tuple[str, int], int] = {}
        lives: dict[tuple[str, int], Life] = {}
        for at, unit in enumerate(u for units in self.sections.values() for u in units):
            here, group = set(unit.values), unit.group
            made.update({(group, v): at for v in unit.values})
            read = [a for v in unit.values for a in ops[v].args]
            read += [v for task in unit.tasks for v in task.values]
            apart = {v for t in unit.tasks if t.kind in MOVES for v in t.values}
            for v in (n.alias.get(v, v) for v in read):
                if ops[v].code in NUMBERS or (ops[v].code == "state" and v not in apart):
                    continue
                if v not in here or (group != "uniform" and not n.varying[v]):
                    lives[group, v] = Life(made.get((group, v), -1), at)
        return lives

    def plan(self, states: dict[int, int], buffers: dict[int, int], shown: int) -> Plan:
        """The plan of all sections collected."""
        rows, sizes = self.rows()
        uniform = tuple(not v for v in self.natures.varying)
        alias, cursors = self.natures.alias, self.cursors()
        return Plan(
            self.program, uniform, self.sections, rows, sizes, states, buffers, alias, shown,
            cursors,
        )  # fmt: skip

    def cursors(self) -> dict[int, int]:
        """A cursor for each reading of a given table in any section."""
        units = (u for units in self.sections.values() for u in units)
        read = {v for u in units for v in u.values if self.program.ops[v].code == "given"}
        return {v: k for k, v in enumerate(sorted(read))}


def for_march(
    program: Program, outputs: Outputs, stages: int, chunk: int, watched: Iterable[int] = ()
) -> Plan:
    """The plan for whole runs; ``stages`` is 1 for Euler, 4 for Runge-Kutta.

    watched : states that can stop a run, whether or not wanted values depend on them.
    """
    p = _Planner(program, True, chunk)
    wanted, ops = [v for _, v in outputs.shown], program.ops
    also = [v for s in watched for v in (program.states[s].initial, program.states[s].change)]
    needed = program.needed([*wanted, *also])
    numbers = sorted({*(int(ops[v].data) for v in needed if ops[v].code == "state"), *watched})
    states = {s: row for row, s in enumerate(numbers)}
    buffers = sorted({int(ops[v].data) for v in needed if ops[v].code == "delayed"})
    change = {s: program.states[s].change for s in states}
    moving = [s for s in states if not program.states[s].held]
    holding = [s for s in states if program.states[s].held]

    rates = p.within(change[s] for s in moving)
    pushed = {k: program.buffers[k].push for k in buffers}
    entering = [v for values in pushed.values() for v in values]
    ends = p.within([*(change[s] for s in holding), *entering]) - rates
    shown = p.within(wanted) - rates - ends
    copied = {change[s] for s in moving if ops[change[s]].code == "state"}
    both = (Phase.STEP, Phase.STAGE)

    p.uniform_section(needed)
    lags = [Task("lag", k, program.buffers[k].start) for k in buffers]
    lags += [Task("forget", v, ()) for v in needed if ops[v].code == "given"]
    begin = [Task("begin", row, (program.states[s].initial,)) for s, row in states.items()]
    p.section("start", "start", p.varying(needed, Phase.RUN), begin + lags)
    moves = {
        kind: [Task(kind, states[s], (change[s],)) for s in moving]
        for kind in (MOVES[:1] if stages == 1 else MOVES[1:])
    }
    keep = [Task("hold", states[s], (change[s],)) for s in holding]
    keep += [Task("push", k, pushed[k]) for k in buffers]
    targets = [*(change[s] for s in (*moving, *holding)), *entering]
    first = {*p.varying(rates | ends, *both), *copied}
    p.section("first", "step", first, targets=targets)
    gaps = program.gaps
    show = [Task("gap" if v in gaps else "show", k, (v,)) for k, v in outputs.shown]
    p.section("look", "step", p.varying(shown, *both), show)
    p.section("keep", "step", (), keep)
    early, *later = moves.items()
    p.section(early[0], "step", (), early[1])
    if stages == 4:
        again = {*p.varying(rates, Phase.STAGE), *copied}
        p.section("again", "late", again, targets=targets)
    for kind, tasks in later:
        p.section(kind, "late", (), tasks)
    p.section("settle", "step", (), [Task("settle", states[s], ()) for s in holding])
    return p.plan(states, {k: i for i, k in enumerate(buffers)}, outputs.count)


def for_points(program: Program, outputs: Outputs, chunk: int) -> Plan:
    """The plan for single evaluations: initial states and invariants, rates, wanted values."""
    p = _Planner(program, False, chunk)
    wanted = [v for _, v in outputs.shown]
    states = {s: s for s in range(len(program.states))}
    changes = [s.change for s in program.states]
    initials = [s.initial for s in program.states]
    both = (Phase.STEP, Phase.STAGE)
    everything = p.within([*changes, *initials, *wanted])
    p.uniform_section(everything)
    begin = [Task("begin", s, (v,)) for s, v in enumerate(initials)]
    p.section("start", "start", p.varying(everything, Phase.RUN), begin)
    rate = [Task("rate", s, (v,)) for s, v in enumerate(changes)]
    p.section("rates", "rates", p.varying(p.within(changes), *both), rate)
    show = [Task("wanted", k, (v,)) for k, v in outputs.shown]
    p.section("observe", "observe", p.varying(p.within(wanted), *both), show)
    return p.plan(states, {}, outputs.count)
