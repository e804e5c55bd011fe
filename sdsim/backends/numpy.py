"""The reference back end: NumPy, members along the last axis. Needs no compiler.

Operations at the same level (with all their operands ready) and with the same code are done in one
call, so a model of thousands of scalar equations costs only hundreds of array operations a step.
Values are renumbered so that each such group is one contiguous slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.backends import philox
from sdsim.backends.base import Floats, Grid, March, Members, given_with
from sdsim.backends.buffers import Past
from sdsim.backends.pieces import read_given
from sdsim.ir.program import LEAVES, Op, Program, Table

Rule = Callable[..., Any]


def _truth(f: Callable[..., NDArray[np.bool_]]) -> Rule:
    return lambda *a: f(*a).astype(np.float64)


RULES: dict[str, Rule] = {
    "neg": np.negative, "abs": np.abs, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "floor": np.floor, "trunc": np.trunc,
    "not": _truth(lambda a: a == 0.0),
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power,
    "min": lambda a, b: np.where(a < b, a, b),
    "max": lambda a, b: np.where(a > b, a, b),
    "lt": _truth(np.less), "le": _truth(np.less_equal), "gt": _truth(np.greater),
    "ge": _truth(np.greater_equal), "eq": _truth(np.equal), "ne": _truth(np.not_equal),
    "and": _truth(lambda a, b: (a != 0.0) & (b != 0.0)),
    "or": _truth(lambda a, b: (a != 0.0) | (b != 0.0)),
    "select": lambda c, a, b: np.where(c != 0.0, a, b),
}  # fmt: skip


def read_table(table: Table, v: NDArray[np.float64]) -> NDArray[np.float64]:
    """The table at ``v``, any shape; see `sdsim.ir.program.Table`."""
    x, y = np.asarray(table.x), np.asarray(table.y)
    last = len(x) - 1
    if last == 0:
        only: NDArray[np.float64] = np.where(np.isnan(v), v, y[0])
        return only
    i = np.clip(np.searchsorted(x, v, side="right") - 1, 0, last - 1)
    slope = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    line = y[i] + slope[i] * (v - x[i])
    if table.kind == "extrapolate":
        beyond: NDArray[np.float64] = line
        return beyond
    if table.kind == "hold_backward":
        line = y[i]
    elif table.kind == "look_forward":
        line = np.where(v <= x[i], y[i], y[i + 1])
    inside = np.where(v >= x[last], y[last], np.where(v <= x[0], y[0], line))
    out: NDArray[np.float64] = np.where(np.isnan(v), v, inside)
    return out


@dataclass(frozen=True)
class RowGroup:
    """Operations done in one call: rows ``start:stop``, computed from the rows ``args``."""

    code: str
    start: int
    stop: int
    args: tuple[NDArray[np.intp], ...]
    data: NDArray[np.float64]


class RowPlan:
    """Operations ordered by level and code; each group is one contiguous slice of rows."""

    def __init__(self, program: Program, values: Sequence[int], row: dict[int, int], first: int):
        level: dict[int, int] = {}
        grouped: dict[tuple[int, str, float], list[int]] = {}
        for v in values:
            if v in row:
                continue
            op = program.ops[v]
            level[v] = 1 + max((level.get(a, 0) for a in op.args), default=0)
            apart = op.data if op.code in ("table", "given") else 0.0
            grouped.setdefault((level[v], op.code, apart), []).append(v)
        numbers = count(first)
        self.groups: list[RowGroup] = []
        for (_, code, _), members in sorted(grouped.items()):
            row.update((v, next(numbers)) for v in members)
            ops: list[Op] = [program.ops[v] for v in members]
            args = tuple(
                np.array([row[op.args[k]] for op in ops], dtype=np.intp)
                for k in range(len(ops[0].args))
            )
            start = row[members[0]]
            data = np.array([op.data for op in ops])
            self.groups.append(RowGroup(code, start, start + len(ops), args, data))
        self.end = first + sum(g.stop - g.start for g in self.groups)


class NumpyKernel:
    """A program for one set of wanted values; see `sdsim.backends.base.Kernel`.

    moving : the plan of every evaluation.   rows : number of rows.
    row_of : for each value of the program, its row.
    """

    def __init__(self, program: Program, wanted: Sequence[int]) -> None:
        self.program, self.wanted = program, tuple(wanted)
        seeds = list(self.wanted)
        for s in program.states:
            seeds += [s.initial, s.change]
        for b in program.buffers:
            seeds += [*b.start, *b.push]
        live = program.needed(seeds)
        moving = program.dynamic
        row: dict[int, int] = {}
        fixed_leaves = [v for v in live if not moving[v] and program.ops[v].code in LEAVES]
        for v in fixed_leaves:
            row[v] = len(row)
        self._leaves = fixed_leaves
        self._fixed = RowPlan(program, [v for v in live if not moving[v]], row, len(row))
        self._n_fixed = self._fixed.end
        self._inputs = [
            v for v in live if moving[v] and program.ops[v].code in (*LEAVES, "delayed")
        ]
        for v in self._inputs:
            row[v] = len(row)
        self.moving = RowPlan(program, [v for v in live if moving[v]], row, len(row))
        self.rows = self.moving.end
        self.row_of = row
        at = np.array([row[v] for v in self.wanted], dtype=np.intp)
        self._at_wanted = at
        self._at_change = np.array([row[s.change] for s in program.states], dtype=np.intp)
        self._at_initial = np.array([row[s.initial] for s in program.states], dtype=np.intp)
        self._held = np.array([s.held for s in program.states], dtype=bool)
        needed = [program.ops[v] for v in program.needed(self.wanted)]
        self._watched = [int(op.data) for op in needed if op.code == "state"]

    # --- evaluation ---------------------------------------------------------------------------

    def run_plan(self, plan: RowPlan, v: Floats, members: Members) -> None:
        """Compute the rows of ``v``, (row, member), that belong to a plan."""
        for g in plan.groups:
            out = v[g.start : g.stop]
            if g.code == "table":
                out[:] = read_table(self.program.tables[int(g.data[0])], v[g.args[0]])
            elif g.code == "given":
                out[:] = read_given(given_with(members), int(g.data[0]), v[g.args[0]])
            elif g.code == "random":
                streams = g.data.astype(np.uint64)[:, None]
                out[:] = philox.uniform(members.seed, members.numbers, streams, v[g.args[0]])
            else:
                out[:] = RULES[g.code](*(v[a] for a in g.args))

    def start(self, members: Members) -> tuple[Floats, Floats]:
        """Initial states and invariants; see `Kernel.start`."""
        fixed = np.empty((self._n_fixed, members.count))
        for r, v in enumerate(self._leaves):
            op = self.program.ops[v]
            fixed[r] = op.data if op.code == "const" else members.params[int(op.data)]
        with np.errstate(all="ignore"):
            self.run_plan(self._fixed, fixed, members)
        return fixed[self._at_initial], fixed

    def _evaluate(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats,
        members: Members, past: Past | None,
    ) -> Floats:  # fmt: skip
        v = np.empty((self.rows, members.count))
        v[: self._n_fixed] = fixed
        for value in self._inputs:
            op, r = self.program.ops[value], self.row_of[value]
            if op.code == "state":
                v[r] = states[int(op.data)]
            elif op.code == "delayed":
                v[r] = (
                    past.read(int(op.data))
                    if past
                    else fixed[self.row_of[self.program.buffers[int(op.data)].start[0]]]
                )
            else:
                v[r] = {"time": time, "event": event, "step": float(step)}[op.code]
        with np.errstate(all="ignore"):
            self.run_plan(self.moving, v, members)
        return v

    def rates(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats, members: Members
    ) -> Floats:
        """See `Kernel.rates`."""
        return self._evaluate(time, event, step, states, fixed, members, None)[self._at_change]

    def observe(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats, members: Members
    ) -> Floats:
        """See `Kernel.observe`."""
        return self._evaluate(time, event, step, states, fixed, members, None)[self._at_wanted]

    def march(self, members: Members, grid: Grid, stages: int) -> March:
        """See `Kernel.march`."""
        states, fixed = self.start(members)
        buffers = self.program.buffers
        past = Past(buffers, self.row_of.__getitem__, fixed, grid.steps) if buffers else None
        values = np.empty((len(grid.saved), len(self.wanted), members.count))
        stopped = np.full(members.count, -1, dtype=np.int64)
        saved = {k: i for i, k in enumerate(grid.saved)}
        dt, held = grid.step, self._held[:, None]
        whole = np.array([v not in self.program.gaps for v in self.wanted], dtype=bool)
        for k in range(grid.steps + 1):
            time = grid.time(k)
            event = time + 0.5 * dt
            v = self._evaluate(time, event, k, states, fixed, members, past)
            fine = np.isfinite(states[self._watched]).all(axis=0)
            if k in saved:
                values[saved[k]] = v[self._at_wanted]
                fine &= np.isfinite(values[saved[k]][whole]).all(axis=0)
            stopped[(stopped < 0) & ~fine] = k
            if k == grid.steps or (stopped >= 0).all():
                break
            k1 = v[self._at_change]
            ending = v

            def slope(span: float, k: Floats, at: tuple[float, float, int, Floats]) -> Floats:
                time, event, number, before = at
                y = np.where(held, before, before + span * k)
                v = self._evaluate(time + span, event, number, y, fixed, members, past)
                return v[self._at_change]

            at = (time, event, k, states)
            with np.errstate(all="ignore"):
                if stages == 1:
                    after = states + dt * k1
                else:
                    k2 = slope(0.5 * dt, k1, at)
                    k3 = slope(0.5 * dt, k2, at)
                    k4 = slope(dt, k3, at)
                    after = states + (dt / 6.0) * (((k1 + 2.0 * k2) + 2.0 * k3) + k4)
            after = np.where(held, k1, after)
            if past:
                past.push(ending)
            states = after
        return March(values, stopped)


@dataclass(frozen=True)
class Numpy:
    """The NumPy back end; it has no settings."""

    name: str = "numpy"

    def compile(self, program: Program, wanted: Sequence[int]) -> NumpyKernel:
        """See `Backend.compile`."""
        return NumpyKernel(program, wanted)
