"""The Program: a model as a flat list of scalar operations that people can print and read.

Every back end reads this list and nothing else. A value is identified by the number of its
operation; operands come before the operations that use them. All numbers are IEEE doubles: true is
1.0 and false is 0.0. Back ends must not reorder, contract or approximate arithmetic.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

#: Leaves. ``data`` is the value, the index of the parameter, or the index of the state.
#: ``time`` is the time at which an expression is evaluated. ``event`` is the time that STEP, PULSE
#: and similar functions see: half a step later on a grid, so that rounding cannot miss a step.
#: ``step`` is the number of the grid step as a float, 0 at the start, -1 before it.
LEAVES = ("const", "param", "state", "time", "event", "step")

#: Operations by arity. ``and or not select`` treat anything but 0.0 as true; comparisons with NaN
#: are false (``ne`` is true). ``min`` is ``a < b ? a : b`` and ``max`` is ``a > b ? a : b``, so a
#: NaN in the first operand gives the second, and a NaN in the second operand is kept.
#: ``trunc`` rounds towards zero. ``pow`` is that of C: NaN for a negative base and a fraction.
UNARY = (
    "neg", "abs", "sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "floor", "trunc", "not",
)  # fmt: skip
BINARY = (
    "add", "sub", "mul", "div", "pow", "min", "max",
    "lt", "le", "gt", "ge", "eq", "ne", "and", "or",
)  # fmt: skip
TERNARY = ("select",)

#: ``table``: args (x,), data = index into `Program.tables`.
#: ``given``: args (x,), data = the number of a table whose points come with each member.
#: ``random``: args (step,), data = stream number: a uniform draw in (0, 1) that depends only on
#:   seed, member, stream and step (`sdsim.backends.philox`).
#: ``delayed``: args (), data = index into `Program.buffers`, of any kind.
SPECIAL = ("table", "given", "random", "delayed")


class Op(NamedTuple):
    """One operation: its code, the values it reads, and a number with a meaning set by the code."""

    code: str
    args: tuple[int, ...] = ()
    data: float = 0.0


class State(NamedTuple):
    """A number carried from step to step.

    initial : value at the start (depends only on parameters).
    change : for an integral, its rate of change per unit of time; for a held state
        (``held`` true), its value after each grid step.
    """

    label: str
    initial: int
    change: int
    held: bool = False


#: The rows that a buffer of each kind stores: the number per grid step, and the number in addition.
ROWS = {"fixed": (1, 1), "material": (1, 2), "information": (1, 2), "belt": (2, 9)}


class Buffer(NamedTuple):
    """A memory of past values. Numbers of steps are rounded, halves up, and are at least 1.

    start : values that depend only on parameters: the initial output, then what the kind needs.
    push : values read at the end of each grid step.
    kind : ``fixed``: start (initial, steps), push (input,): the value of the input that many steps
        ago, or the initial value before that.
        ``material``: start (initial, steps), push (input, steps, missing): the sum of all that
        arrives, each input its number of steps after it entered; ``missing`` if nothing arrives.
        The initial value arrives at each of the first steps.
        ``information``: start (initial, steps), push (input, steps): of all inputs that arrive, the
        last to enter; the previous output if nothing arrives.
        ``belt``: start (initial, room), push (amount, width, room, keep): a belt of length 1, empty
        at the start, less its first ``room``. ``amount`` is put on the ``width`` that became
        free, then all amounts are multiplied by ``keep`` (0 to 1), then whatever is on the first
        ``room`` is taken off and becomes the output. Part of a width carries that part of its
        amount.
    """

    label: str
    start: tuple[int, ...]
    push: tuple[int, ...]
    kind: str = "fixed"


#: Added to a number of steps before it is truncated: n + 1/2 steps, which a division may miss in
#: the last bits, become n + 1, as in Vensim's stored output of SDXorg's test delay_pipeline.
HALF = 0.5 + 1e-6
#: The part of a step's room that may be due to rounding; the next step makes up for it.
NEAR = 1e-6
#: When a belt keeps less than this share, its amounts are multiplied out; the second time, zeroed.
SCALED = 1e-150


class Table(NamedTuple):
    """The points of a lookup, at least one, with x strictly increasing.

    kind : ``interpolate``: ``y[i] + slope[i] * (v - x[i])`` with ``i`` the last point not right of
        ``v`` and ``slope[i] = (y[i+1] - y[i]) / (x[i+1] - x[i])``; end values hold beyond the ends.
        ``extrapolate``: the same, but the end slopes continue.   ``hold_backward``: ``y[i]``.
        ``look_forward``: y of the first point not left of ``v``.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: str = "interpolate"


class Reading(NamedTuple):
    """One reading of a lookup: the value it is read at, the table, and the reading variable."""

    at: int
    table: int
    label: str


class Matrix(NamedTuple):
    """A square matrix and its inverse, row by row, and the variable whose equation inverts it."""

    cells: tuple[int, ...]
    inverse: tuple[int, ...]
    label: str


class Event(NamedTuple):
    """Times at which the right-hand side may jump or bend: first, first + period, ... < end.

    All three are values that depend only on parameters; period and end are -1 for a single time.
    """

    first: int
    period: int = -1
    end: int = -1


class Output(NamedTuple):
    """One element of a variable: canonical name, position in the flattened array, value."""

    name: str
    cell: int
    value: int


@dataclass(frozen=True)
class Program:
    """A lowered model.

    params, defaults, param_cells : label, default and (canonical name, flat position) of each
        parameter; there is one for each element of each constant.
    ops : the operations; the number of an operation identifies its value.
    outputs : every element of every variable, in order of evaluation.
    readings : where tables are read, so that a run can report leaving a table's range.
    matrices : matrices that are inverted, so that a run can report inverses spoilt by rounding.
    given : the number of tables whose points come with the members.
    """

    ops: tuple[Op, ...]
    params: tuple[str, ...]
    defaults: tuple[float, ...]
    states: tuple[State, ...]
    outputs: tuple[Output, ...]
    tables: tuple[Table, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    events: tuple[Event, ...] = ()
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    param_cells: tuple[tuple[str, int], ...] = ()
    readings: tuple[Reading, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    given: int = 0

    @cached_property
    def param_places(self) -> Mapping[tuple[str, int], int]:
        """The parameter of each element of a constant, by (canonical name, flat position)."""
        return {where: i for i, where in enumerate(self.param_cells)}

    @cached_property
    def dynamic(self) -> tuple[bool, ...]:
        """For each value, whether it changes during a run or depends only on parameters."""
        out: list[bool] = []
        for op in self.ops:
            moving = op.code in ("state", "time", "event", "step", "delayed")
            out.append(moving or any(out[a] for a in op.args))
        return tuple(out)

    @cached_property
    def gaps(self) -> frozenset[int]:
        """Values that the model itself allows not to be finite: values computed from a NAN at the
        same time, and values that are INF or may select it. They do not stop a run."""
        out = {
            i for i, op in enumerate(self.ops)
            if (op.code == "const" and not math.isfinite(op.data))
            or (op.code == "param" and not math.isfinite(self.defaults[int(op.data)]))
        }  # fmt: skip
        if not out:  # as in most models
            return frozenset()
        nan = {i for i in out if self.ops[i].code == "const" and math.isnan(self.ops[i].data)}
        for i, op in enumerate(self.ops):
            if op.code == "select" and not out.isdisjoint(op.args[1:]):
                out.add(i)
            if not nan.isdisjoint(op.args):
                nan.add(i)
        return frozenset(nan | out)

    @property
    def gridded(self) -> bool:
        """Whether anything in the program depends on the grid of time steps."""
        return (
            bool(self.buffers)
            or any(s.held for s in self.states)
            or any(op.code == "random" and self.dynamic[i] for i, op in enumerate(self.ops))
        )

    def needed(self, wanted: Iterable[int]) -> list[int]:
        """The values on which ``wanted`` depend, including themselves, in order."""
        keep = bytearray(len(self.ops))
        stack = list(wanted)
        while stack:
            v = stack.pop()
            if not keep[v]:
                keep[v] = 1
                op = self.ops[v]
                stack.extend(op.args)
                if op.code == "delayed":
                    buffer = self.buffers[int(op.data)]
                    stack.extend((*buffer.start, *buffer.push))
                elif op.code == "state":
                    state = self.states[int(op.data)]
                    stack.extend((state.initial, state.change))
        return [i for i, k in enumerate(keep) if k]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, values: Sequence[int] | None = None) -> list[str]:
        """The program as text, one operation per line; ``values`` limits it to some of them."""
        named: dict[int, str] = {}
        for o in self.outputs:
            named.setdefault(
                o.value, f"  ; {o.name}" + (f"[{o.cell}]" if self.shapes.get(o.name) else "")
            )
        out = []
        for i in values if values is not None else range(len(self.ops)):
            code, args, data = self.ops[i]
            if code == "const":
                body = f"{data!r}"
            elif code == "param":
                body = f"param {self.params[int(data)]}"
            elif code == "state":
                body = f"state {self.states[int(data)].label}"
            else:
                extra = [f"#{int(data)}"] if code in SPECIAL else []
                body = " ".join([code, *extra, *(f"%{a}" for a in args)])
            out.append(f"%{i} = {body}{named.get(i, '')}")
        for s in self.states:
            verb = "becomes" if s.held else "changes by"
            out.append(f"state {s.label}: starts at %{s.initial}, {verb} %{s.change}")
        return out


def exact(code: str, x: Sequence[float]) -> float | None:
    """The result of an operation whose bits are the same in every back end; None for any other."""
    match code:
        case "neg":
            return -x[0]
        case "add":
            return x[0] + x[1]
        case "sub":
            return x[0] - x[1]
        case "mul":
            return x[0] * x[1]
        case "div" if x[1] != 0.0:
            return x[0] / x[1]
        case "eq":
            return float(x[0] == x[1])
    return None


# --- plain data -------------------------------------------------------------------------------

_CODES = (*LEAVES, *UNARY, *BINARY, *TERNARY, *SPECIAL)


def to_bytes(program: Program) -> bytes:
    """The program as JSON."""
    place = {code: i for i, code in enumerate(_CODES)}
    data = {
        "codes": [place[op.code] for op in program.ops],
        "args": [op.args for op in program.ops],
        "data": [op.data for op in program.ops],
        "params": program.params,
        "defaults": program.defaults,
        "cells": program.param_cells,
        "states": program.states,
        "outputs": program.outputs,
        "tables": program.tables,
        "buffers": program.buffers,
        "events": program.events,
        "shapes": program.shapes,
        "readings": program.readings,
        "matrices": program.matrices,
        "given": program.given,
    }
    return json.dumps(data, separators=(",", ":")).encode()


def from_bytes(body: bytes) -> Program:
    """The inverse of `to_bytes`; `ValueError`, `KeyError` or `TypeError` on anything else."""
    d = json.loads(body)
    return Program(
        ops=tuple(
            Op(_CODES[c], tuple(a), x)
            for c, a, x in zip(d["codes"], d["args"], d["data"], strict=True)
        ),
        params=tuple(d["params"]),
        defaults=tuple(d["defaults"]),
        states=tuple(State(*s) for s in d["states"]),
        outputs=tuple(Output(*o) for o in d["outputs"]),
        tables=tuple(Table(tuple(x), tuple(y), k) for x, y, k in d["tables"]),
        buffers=tuple(Buffer(n, tuple(s), tuple(p), k) for n, s, p, k in d["buffers"]),
        events=tuple(Event(*e) for e in d["events"]),
        shapes={k: tuple(v) for k, v in d["shapes"].items()},
        param_cells=tuple((n, c) for n, c in d["cells"]),
        readings=tuple(Reading(*r) for r in d["readings"]),
        matrices=tuple(Matrix(tuple(c), tuple(i), n) for c, i, n in d["matrices"]),
        given=int(d["given"]),
    )
