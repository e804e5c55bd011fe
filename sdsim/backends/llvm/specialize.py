"""A Program for members that agree in some parameters: these and what follows from them are fixed.

A sweep moves ten parameters of a hundred. Code that knows the others divides by them without the
divider, leaves out what a switch rules out, and keeps no rows for them. Only operations whose
result every machine rounds alike are done here, with the bits the code would give.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from sdsim.backends.base import Members
from sdsim.backends.numpy import RULES
from sdsim.ir.program import Op, Program

#: A number that the code at hand knows. It is not a ``const``, which all code of a program knows:
#: `sdsim.backends.llvm.rules.power` may take another way for those.
FIXED = "fixed"
#: Leaves that are numbers.
NUMBERS = ("const", FIXED)
#: What an operation costs, where it is more than the simplest do.
_COSTS = {"div": 8, "sqrt": 8, "table": 8, "exp": 20, "log": 20, "pow": 40}
#: The least part of a step's cost that special code must save to repay its making.
GAIN = 0.1
_EXACT = (
    "neg", "abs", "sqrt", "floor", "trunc", "not", "add", "sub", "mul", "div", "min", "max",
    "lt", "le", "gt", "ge", "eq", "ne", "and", "or",
)  # fmt: skip


#: Parameters and their values, as bytes: none of them is a key like any other.
Known = bytes


def known_of(members: Members) -> Known:
    """The parameters in which members do not differ."""
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
    special.__dict__["gaps"] = program.gaps  # what is known changes nothing of what may stop a run
    return special


def _value(code: str, args: list[float]) -> float:
    with np.errstate(all="ignore"):
        return float(RULES[code](*map(np.float64, args)))


def pays(program: Program, special: Program, wanted: Iterable[int]) -> bool:
    """Whether the special code is much cheaper to run than the general."""
    wanted = tuple(wanted)
    return _cost(special, wanted) <= (1.0 - GAIN) * _cost(program, wanted)


def _cost(program: Program, wanted: Iterable[int]) -> int:
    """Of a step, by what moves in a run."""
    total, ops, moving = 0, program.ops, program.dynamic
    for v in program.needed(wanted):
        op = ops[v]
        if moving[v] and op.args:
            cheap = op.code == "div" and ops[op.args[1]].code in NUMBERS
            total += 2 if cheap else _COSTS.get(op.code, 1)
    return total
