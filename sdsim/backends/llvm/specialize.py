"""A Program specialised for members that share some parameters: these become constants.

A sweep varies perhaps ten parameters out of a hundred. Code that knows the others can divide by
them without a divide instruction, drop branches that are never taken, and keep no rows for them.
Only operations that every machine rounds alike are done here, with the same bits as in the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from sdsim.backends.base import Members
from sdsim.backends.numpy import RULES
from sdsim.ir.program import Op, Program

#: A number known only to this code. It is not a ``const``, which all code of a program knows:
#: `sdsim.backends.llvm.rules.power` may treat those differently.
FIXED = "fixed"
#: Leaves with a known number.
NUMBERS = ("const", FIXED)
#: The cost of operations that cost more than the simplest.
_COSTS = {"div": 8, "sqrt": 8, "table": 8, "given": 8, "exp": 20, "log": 20, "pow": 40}
#: The smallest share of a step's cost that special code must save to be worth making.
GAIN = 0.1
_EXACT = (
    "neg", "abs", "sqrt", "floor", "trunc", "not", "add", "sub", "mul", "div", "min", "max",
    "lt", "le", "gt", "ge", "eq", "ne", "and", "or",
)  # fmt: skip


#: Parameters and their values, as bytes; the empty set is a valid key.
Known = bytes


def known_of(members: Members) -> Known:
    """The parameters that are the same in all members."""
    if members.moving is None or not members.count:
        return b""
    rows = np.setdiff1d(np.arange(len(members.params)), list(members.moving))
    return rows.astype(np.int64).tobytes() + np.float64(members.params[rows, 0]).tobytes()


def specialised(program: Program, known: Known) -> Program:
    """``program`` with the known parameters fixed; values keep their numbers."""
    half = len(known) // 2
    rows, values = np.frombuffer(known[:half], np.int64), np.frombuffer(known[half:])
    given = dict(zip(rows.tolist(), values.tolist(), strict=True))
    ops: list[Op] = []
    for op in program.ops:
        if op.code == "param" and int(op.data) in given:
            op = Op(FIXED, (), given[int(op.data)])
        elif op.code == "select" and ops[op.args[0]].code in NUMBERS:
            condition, yes, no = op.args
            taken = yes if ops[condition].data != 0.0 else no
            op = (
                ops[taken]
                if ops[taken].code in NUMBERS
                else Op("select", (condition, taken, taken))
            )
        elif op.code in _EXACT and all(ops[a].code in NUMBERS for a in op.args):
            op = Op(FIXED, (), _value(op.code, [ops[a].data for a in op.args]))
        ops.append(op)
    special = replace(program, ops=tuple(ops))
    special.__dict__["gaps"] = program.gaps  # known parameters do not change what may stop a run
    return special


def _value(code: str, args: list[float]) -> float:
    with np.errstate(all="ignore"):
        return float(RULES[code](*map(np.float64, args)))


def pays(program: Program, special: Program, wanted: Iterable[int]) -> bool:
    """Whether the special code is much cheaper to run than the general code."""
    wanted = tuple(wanted)
    return _cost(special, wanted) <= (1.0 - GAIN) * _cost(program, wanted)


def _cost(program: Program, wanted: Iterable[int]) -> int:
    """The cost of a step, counting the values that change during a run."""
    total, ops, moving = 0, program.ops, program.dynamic
    for v in program.needed(wanted):
        op = ops[v]
        if moving[v] and op.args:
            cheap = op.code == "div" and ops[op.args[1]].code in NUMBERS
            total += 2 if cheap else _COSTS.get(op.code, 1)
    return total
