"""Programs too large for machine code to pay off in a short run: NumPy, with the bits of LLVM.

NumPy does operations of one kind in one call and needs no compiling. Its plain arithmetic gives the
same bits as machine code; its exp, log, pow and trigonometry do not, so those come from tiny
kernels of machine code, one per function.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from sdsim.backends.base import Floats, Grid, Kernel, March, Members
from sdsim.backends.llvm.rules import LIBRARY, POWERS
from sdsim.backends.numpy import NumpyKernel, RowGroup, RowPlan
from sdsim.ir.program import Op, Program

#: Operations for which NumPy gives other bits.
APART = ("exp", "log", "pow", *LIBRARY)
#: Doubles of working memory; more members than fit are marched in blocks.
_ROOM = 8_000_000
#: Seconds per NumPy call, per operation of a member, and to make machine code for an operation.
_CALL, _EACH, _MADE = 8e-6, 1e-8, 4e-5

_AT_ONCE = Grid(0.0, 1.0, 0, (0,))


def function_program(code: str) -> tuple[Program, int]:
    """A program with one operation on parameters, and the operation's number."""
    arity = 2 if code == "pow" else 1
    names = tuple("xy"[:arity])
    params = tuple(Op("param", (), float(k)) for k in range(arity))
    ops = (*params, Op(code, tuple(range(arity))))
    return Program(ops, names, (1.0,) * arity, (), ()), arity


class BulkKernel(NumpyKernel):
    """A kernel for one set of wanted values; ``function`` makes the tiny kernels."""

    def __init__(
        self, program: Program, wanted: Sequence[int], function: Callable[[str], Kernel]
    ) -> None:
        super().__init__(program, wanted)
        self._function = function
        self._functions: dict[str, Kernel] = {}
        self._known = {
            r: program.ops[v].data for v, r in self.row_of.items() if program.ops[v].code == "const"
        }

    def spent(self, members: int, evaluations: int) -> float:
        """The approximate time of a number of evaluations, in seconds."""
        return evaluations * (len(self.moving.groups) * _CALL + self.rows * members * _EACH)

    def run_plan(self, plan: RowPlan, v: Floats, members: Members) -> None:
        """See `NumpyKernel.run_plan`."""
        for apart, groups in groupby(plan.groups, lambda g: g.code in APART):
            if apart:
                for g in groups:
                    v[g.start : g.stop] = self._apart(g, v)
            else:
                part = copy.copy(plan)
                part.groups = list(groups)
                super().run_plan(part, v, members)

    def _apart(self, g: RowGroup, v: Floats) -> Floats:
        args = [v[a] for a in g.args]
        if g.code != "pow":
            return self._called(g.code, args)
        out = np.empty_like(args[0])
        known = np.array([self._known.get(int(r), np.nan) for r in g.args[1]])
        rest = np.ones(len(known), dtype=bool)
        for exponent in POWERS:
            at = known == exponent
            if at.any():
                out[at] = _power(args[0][at], exponent)
                rest &= ~at
        if rest.any():
            out[rest] = self._called("pow", [a[rest] for a in args])
        return out

    def _called(self, code: str, args: Sequence[Floats]) -> Floats:
        if code not in self._functions:
            self._functions[code] = self._function(code)
        params = np.stack([a.ravel() for a in args])
        given = Members(params, np.zeros(params.shape[1], dtype=np.int64))
        values = self._functions[code].march(given, _AT_ONCE, 1).values
        out: Floats = values[0, 0].reshape(args[0].shape)
        return out

    def march(self, members: Members, grid: Grid, stages: int) -> March:
        """See `Kernel.march`."""
        size = max(_ROOM // max(self.rows, 1), 1)
        if members.count <= size:
            return super().march(members, grid, stages)
        values = np.empty((len(grid.saved), len(self.wanted), members.count))
        stopped = np.empty(members.count, dtype=np.int64)
        for first in range(0, members.count, size):
            block = slice(first, first + size)
            own = members.some(block)
            part = super().march(own, grid, stages)
            values[..., block], stopped[block] = part.values, part.stopped
        return March(values, stopped)


def making(operations: int) -> float:
    """The approximate time to make machine code for a number of operations, in seconds."""
    return operations * _MADE


def _power(x: Floats, exponent: float) -> Floats:
    """The same powers as `sdsim.backends.llvm.rules.POWERS` writes."""
    if exponent == 1.0:
        return x
    if exponent == -1.0:
        out: Floats = 1.0 / x
        return out
    return x * x if exponent == 2.0 else (x * x) * x
