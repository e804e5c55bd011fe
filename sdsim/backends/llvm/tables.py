"""Lookups as IR: find the index of the last point not right of a value, then use its numbers.

The index comes from a multiplication if that is proved to be right for every double; otherwise
from comparisons: with every point if there are few, by a branchless binary search if many. The
points' numbers come from registers (16 points or fewer, 512-bit vectors) or from memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.text import Body, Comparison, Lanes, literal
from sdsim.ir.program import Table

_VERY_FEW = 3
_FEW = 12
_IN_REGISTERS = 16
#: Number of lanes in a 512-bit register; and the instruction's code for rounding down.
_REGISTER, _DOWN = 8, 9


def slopes(table: Table) -> list[float]:
    """Rise over run between neighbours, as NumPy would compute it."""
    x, y = table.x, table.y
    return [_ratio(y[i + 1] - y[i], x[i + 1] - x[i]) for i in range(len(x) - 1)]


def _ratio(a: float, b: float) -> float:
    return a / b if b else math.nan


@dataclass
class Reader:
    """Writes lookups into function bodies and collects the constants they read.

    Each distinct array becomes one global constant, named by its order.
    """

    machine: Machine

    def __post_init__(self) -> None:
        self._arrays: dict[tuple[float, ...], str] = {}

    def constants(self) -> str:
        """The arrays in memory used by the lookups written so far."""
        lines = []
        for values, name in self._arrays.items():
            numbers = ", ".join(f"double {literal(v)}" for v in values)
            kind = f"[{len(values)} x double]"
            lines.append(f"{name} = private unnamed_addr constant {kind} [{numbers}], align 64")
        return "\n".join(lines) + "\n"

    def read(self, b: Body, table: Table, v: str) -> str:
        """The table at ``v``; see `sdsim.ir.program.Table`."""
        if len(table.x) == 1:
            return _unless_nan(b, v, b.number(table.y[0]))
        wide = self.machine.wide and b.lanes.width > _REGISTER
        if wide and len(table.x) <= _IN_REGISTERS:
            return self._by_register(b, table, v)
        if table.kind in ("hold_backward", "look_forward"):
            i = self._index(b, table, v)
            return _unless_nan(b, v, self._fetch(b, table.y, i))
        if table.kind == "extrapolate":
            return self._line(b, table, slopes(table), v)
        if _gentle(table):
            return self._line(b, table, [*slopes(table), 0.0], _held(b, table, v))
        return self._careful(b, table, v)

    def _by_register(self, b: Body, table: Table, v: str) -> str:
        """The same, for as many lanes at a time as fit in one register."""
        lanes, parts = b.lanes, []
        for start in range(0, lanes.width, _REGISTER):
            picked = ", ".join(f"i32 {k}" for k in range(start, start + _REGISTER))
            f = lanes.floats
            part = b.let(f"shufflevector {f} {v}, {f} poison, <{_REGISTER} x i32> <{picked}>")
            b.lanes = Lanes(_REGISTER)
            parts.append(self.read(b, table, part))
            b.lanes = lanes
        return b.joined(parts, _REGISTER)

    def _line(self, b: Body, table: Table, slope: Sequence[float], v: str) -> str:
        """``y[i] + slope[i] * (v - x[i])``, with as many points as there are slopes."""
        n = len(slope)
        i = self._index(b, Table(table.x[:n], table.y[:n]), v)
        columns = (table.x[:n], table.y[:n], tuple(slope))
        if self._in_registers(b, n) or b.lanes.width < 4:
            x, y, s = (self._fetch(b, c, i) for c in columns)
        else:
            x, y, s = self._rows(b, columns, i)
        return b.add(y, b.mul(s, b.sub(v, x)))

    def _careful(self, b: Body, table: Table, v: str) -> str:
        """Interpolation in which the end values must not pass through arithmetic."""
        line = self._line(b, table, slopes(table), v)
        x, y = table.x, table.y
        line = b.choose(b.compare("ole", v, b.number(x[0])), b.number(y[0]), line)
        line = b.choose(b.compare("oge", v, b.number(x[-1])), b.number(y[-1]), line)
        return _unless_nan(b, v, line)

    # --- the index ----------------------------------------------------------------------------

    def _index(self, b: Body, table: Table, v: str) -> str:
        """64-bit index of the last point not right of ``v``; for look_forward, the first not left.

        0 if ``v`` is left of all points or NaN; the last index if it is right of all.
        """
        n = len(table.x)
        if n == 1:
            return b.whole(0)
        if table.kind == "look_forward":
            return self._search(b, (-math.inf, *table.x[:-1]), "ogt", v)
        found = direct_scale(table.x) if n > _VERY_FEW else None
        if found is None:
            return self._search(b, table.x, "oge", v)
        scale, sure = found
        if self._in_registers(b, n) and (table.x[-1] - table.x[0]) * scale < _IN_REGISTERS:
            i, sure = _floored(b, table.x, scale, sure, _held(b, table, v))
        else:
            i = self._scaled(b, table.x[0], scale, n - 1, v)
        if sure:
            return i
        beyond = b.compare("olt", v, self._fetch(b, (-math.inf, *table.x[1:]), i))
        return _where(b, beyond, b.integer("sub", i, b.whole(1)), i)

    def _scaled(self, b: Body, first: float, scale: float, last: int, v: str) -> str:
        t = b.mul(b.sub(v, b.number(first)), b.number(scale))
        t = b.choose(b.compare("ogt", t, b.number(0.0)), t, b.number(0.0))
        top = b.number(float(last))
        t = b.choose(b.compare("olt", t, top), t, top)
        f, i = b.lanes.floats, b.lanes.ints
        if self.machine.wide or b.lanes.width == 1:
            return b.let(f"fptosi {f} {t} to {i}")
        narrow = b.lanes.of("i32")
        return b.let(f"zext {narrow} {b.let(f'fptosi {f} {t} to {narrow}')} to {i}")

    def _search(self, b: Body, x: Sequence[float], how: Comparison, v: str) -> str:
        """The last ``i`` with ``v how x[i]``, or 0 if there is none."""
        within = self._in_registers(b, len(x))
        if len(x) <= (_VERY_FEW + 1 if within else _FEW) and b.lanes.width > 1:
            return _counted(b, x, how, v)
        i, room = b.whole(0), 1 << (len(x) - 1).bit_length()
        stride = room
        while stride > 1:
            stride //= 2
            ahead = (*x[stride:], *[math.nan] * (room - len(x) + stride))
            if stride == room // 2:
                point = b.number(ahead[0])
            else:
                point = (self._fetch if within else self._from_memory)(b, ahead, i)
            i = _where(b, b.compare(how, v, point), b.integer("add", i, b.whole(stride)), i)
        return i

    # --- the numbers --------------------------------------------------------------------------

    def _fetch(self, b: Body, values: Sequence[float], i: str) -> str:
        if len(set(map(literal, values))) == 1:
            return b.number(values[0])
        if self._in_registers(b, len(values)):
            return _from_registers(b, values, i)
        return self._from_memory(b, values, i)

    def _in_registers(self, b: Body, points: int) -> bool:
        return self.machine.wide and b.lanes.width == _REGISTER and points <= _IN_REGISTERS

    def _rows(self, b: Body, columns: Sequence[Sequence[float]], i: str) -> list[str]:
        """Three columns at once: four numbers per point are stored together and then transposed."""
        flat = [c for row in zip(*columns, strict=True) for c in (*row, 0.0)]
        name = self._arrays.setdefault(tuple(flat), f"@table{len(self._arrays)}")
        quads: list[list[str]] = [[], [], []]
        for start in range(0, b.lanes.width, 4):
            rows = []
            for k in range(start, start + 4):
                at = b.let(f"shl i64 {b.lane(i, k, 'i64')}, 2")
                rows.append(b.load("<4 x double>", b.at(name, at, "double"), 32))
            for quad, column in zip(quads, _transposed(b, rows), strict=True):
                quad.append(column)
        return [b.joined(quad, 4) for quad in quads]

    def _from_memory(self, b: Body, values: Sequence[float], i: str) -> str:
        name = self._arrays.setdefault(tuple(values), f"@table{len(self._arrays)}")
        w = b.lanes.width
        if w == 1:
            return b.load("double", b.at(name, i, "double"))
        addresses = b.let(f"getelementptr inbounds double, ptr {name}, {b.lanes.ints} {i}")
        full = f"@llvm.masked.gather.v{w}f64.v{w}p0"
        p, m, f = b.lanes.of("ptr"), b.lanes.masks, b.lanes.floats
        b.declared.setdefault(full, f"declare {f} {full}({p}, {m}, {f})")
        every = b.lanes.whole(1, "i1")
        return b.let(f"call {f} {full}({p} align 8 {addresses}, {m} {every}, {f} poison)")


def _unless_nan(b: Body, v: str, value: str) -> str:
    return b.choose(b.compare("uno", v, v), v, value)


def _gentle(table: Table) -> bool:
    """Whether an end value survives ``y + 0 * 0``: not if it is -0.0 or has an infinite slope."""
    ends = (table.y[0], table.y[-1])
    return all(map(math.isfinite, (*slopes(table), *ends))) and not any(
        y == 0.0 and math.copysign(1.0, y) < 0.0 for y in ends
    )


def _held(b: Body, table: Table, v: str) -> str:
    """``v`` limited to the range of the points; NaN stays NaN."""
    low, high = b.number(table.x[0]), b.number(table.x[-1])
    v = b.choose(b.compare("olt", high, v), high, v)
    return b.choose(b.compare("ogt", low, v), low, v)


def _where(b: Body, mask: str, yes: str, no: str) -> str:
    i = b.lanes.ints
    return b.let(f"select {b.lanes.masks} {mask}, {i} {yes}, {i} {no}")


def _counted(b: Body, x: Sequence[float], how: Comparison, v: str) -> str:
    """The number of later points that satisfy the comparison, as an index: x is increasing."""
    total = b.whole(0)
    for point in x[1:]:
        yes = b.compare(how, v, b.number(point))
        total = _where(b, yes, b.integer("add", total, b.whole(1)), total)
    return total


def _from_registers(b: Body, values: Sequence[float], i: str) -> str:
    """Permute one register or two; only the low bits of ``i`` matter."""
    size = 8 if len(values) <= 8 else 16
    filled = [*values, *[0.0] * (size - len(values))]
    halves = [
        "<" + ", ".join(f"double {literal(v)}" for v in filled[k : k + 8]) + ">"
        for k in range(0, size, 8)
    ]
    f, n = b.lanes.floats, b.lanes.ints
    if size == 8:
        return b.call("@llvm.x86.avx512.permvar.df.512", f, [(f, halves[0]), (n, i)])
    args = [(f, halves[0]), (n, i), (f, halves[1])]
    return b.call("@llvm.x86.avx512.vpermi2var.pd.512", f, args)


def _floored(b: Body, x: tuple[float, ...], scale: float, sure: bool, v: str) -> tuple[str, bool]:
    """The index of ``v``, a value inside the points, in the low bits of each lane; and whether
    it is certainly right or may be one too high.

    Adding 2^52 and rounding down leaves the integer part there.
    """
    f, down, base = b.lanes.floats, ("i32", str(_DOWN)), b.number(2.0**52)
    fma = "@llvm.x86.avx512.vfmadd.pd.512"
    if x[0] != 0.0:
        v = b.sub(v, b.number(x[0]))
    high, low = factors(x)
    if high and not low:
        t = b.call(fma, f, [(f, v), (f, b.number(high)), (f, base), down])
        return b.to_bits(t), True
    if high and not sure:
        rest = b.mul(v, b.number(low))
        t = b.call(fma, f, [(f, v), (f, b.number(high)), (f, rest), down])
        sure = True
    else:
        t = b.mul(v, b.number(scale))
    return b.to_bits(b.call("@llvm.x86.avx512.add.pd.512", f, [(f, t), (f, base), down])), sure


def _transposed(b: Body, rows: Sequence[str]) -> list[str]:
    """The first three columns of four rows of four."""

    def mixed(x: str, y: str, picked: str) -> str:
        order = ", ".join(f"i32 {k}" for k in picked)
        kind = "<4 x double>"
        return b.let(f"shufflevector {kind} {x}, {kind} {y}, <4 x i32> <{order}>")

    (a, b_), (c, d) = (
        [mixed(rows[k], rows[k + 1], picked) for k in (0, 2)] for picked in ("0426", "1537")
    )
    return [mixed(a, b_, "0145"), mixed(c, d, "0145"), mixed(a, b_, "2367")]


@lru_cache(4096)
def direct_scale(x: tuple[float, ...]) -> tuple[float, bool] | None:
    """A factor such that ``trunc((v - x[0]) * factor)`` is the last point not right of v.

    The expression increases with ``v`` whatever the rounding, so it is right everywhere if it is
    right at each point and at the double just left of it. The second result says whether it is
    right, or may be one too high; None if no factor works.
    """
    last = len(x) - 1
    span = x[-1] - x[0]
    if not (math.isfinite(span) and span > 0.0 and last < 2**31):
        return None
    guess = last / span
    above = guess * (1.0 + 2.0**-48)
    for factor in (guess, math.nextafter(guess, math.inf), math.nextafter(guess, 0.0), above):
        if not math.isfinite(factor):
            continue
        at = [int((p - x[0]) * factor) for p in x]
        before = [int((math.nextafter(p, -math.inf) - x[0]) * factor) for p in x[1:]]
        if all(k == i for i, k in enumerate(at)) and all(k == i for i, k in enumerate(before)):
            return factor, True
        if (
            all(k - i in (0, 1) for i, k in enumerate(at[:-1]))
            and at[-1] >= last
            and all(k - i in (0, 1) for i, k in enumerate(before))
        ):
            return factor, False
    return None


@lru_cache(4096)
def factors(x: tuple[float, ...]) -> tuple[float, float]:
    """A factor ``high + low`` such that ``floor(d * high + d * low)`` is the index of the last
    point not right of v, with ``d = v - x[0]``; (0, 0) if there is none.

    Only ``d * low`` is rounded before the floor. The factor lies between two bounds for each
    point: large enough for the point, too small for the double just left of it. The sum increases
    with ``d``, so if it is right there, it is right everywhere.
    """
    at = [Fraction(p - x[0]) for p in x]
    before = [Fraction(math.nextafter(p, -math.inf) - x[0]) for p in x[1:]]
    least = max(i / at[i] for i in range(1, len(x)))
    most = min([i / d for i, d in enumerate(before, 1) if d > 0], default=2 * least)
    above = float(least)
    if above < least:
        above = math.nextafter(above, math.inf)
    middle = (least + most) / 2
    high = float(middle)
    for pair in ((above, 0.0), (high, float(middle - Fraction(high)))):
        if _right(at, before, *pair):
            return pair
    return 0.0, 0.0


def _right(at: Sequence[Fraction], before: Sequence[Fraction], high: float, low: float) -> bool:
    def index(d: Fraction) -> int:
        return math.floor(d * Fraction(high) + Fraction(float(d) * low))

    return all(index(d) == i for i, d in enumerate(at)) and all(
        index(d) == i for i, d in enumerate(before)
    )
