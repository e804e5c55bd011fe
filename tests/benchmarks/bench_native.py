"""The march of a Program in C and C++, as a person would write it, through gcc.

One text serves three ways to compute, which differ in the header put in front of it:

scalar : C, one member after another, the C library's functions.
simd : the same with ``omp simd`` over members and fast arithmetic.
vectors : C++ on explicit vectors of members with fast arithmetic, lookups in registers.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sdsim.backends.base import Floats, Grid, Members
from sdsim.ir.program import Op, Program, Table

HEADERS = Path(__file__).parent / "native"
_FAST = ("-O3", "-ffast-math", "-march=native")
#: Without these gcc merges calls into ones of which it knows no vector form.
_VECTOR_CALLS = ("-fno-builtin-exp", "-fno-builtin-log", "-fno-builtin-pow")
WAYS = {
    "scalar": ("gcc", "scalar.h", ("-O3",)),
    "simd": ("gcc", "simd.h", (*_FAST, "-fopenmp-simd", *_VECTOR_CALLS)),
    "vectors": ("g++", "vectors.hpp", (*_FAST, "-x", "c++")),
}
#: Values in one C function: gcc's time grows faster than its length.
_CHUNK = 600


def why_not() -> str:
    """Why there is nothing to compare with; empty if there is a compiler."""
    return "" if shutil.which("gcc") and shutil.which("g++") else "no C compiler"


def _number(x: float) -> str:
    return x.hex() if math.isfinite(x) else "NAN" if x != x else f"{'-' * (x < 0)}INFINITY"


def _array(name: str, values: Iterable[float]) -> str:
    return f"static const double {name}[] = {{{', '.join(map(_number, values))}}};\n"


def _table(k: int, t: Table) -> str:
    """A lookup as arrays of points, slopes and intercepts; even points are indexed directly."""
    n = len(t.x)
    if t.kind != "interpolate" or n < 2:
        raise NotImplementedError(t.kind)
    room = 1 << max(3, (n - 1).bit_length())
    slope = [(t.y[i + 1] - t.y[i]) / (t.x[i + 1] - t.x[i]) for i in range(n - 1)] + [0.0]
    rest = [0.0] * (room - n)
    gap = (t.x[-1] - t.x[0]) / (n - 1)
    even = all(abs(x - t.x[0] - i * gap) < 1e-9 * gap for i, x in enumerate(t.x))
    text = _array(f"tx{k}", [*t.x, *[math.inf] * (room - n)]) + _array(f"ty{k}", [*t.y, *rest])
    text += _array(f"ts{k}", [*slope, *rest])
    text += _array(f"tc{k}", [*(y - s * x for x, y, s in zip(t.x, t.y, slope, strict=True)), *rest])
    how = f"EVEN({k}, {n}, {room}, {_number(1 / gap)})" if even else f"UNEVEN({k}, {n}, {room})"
    return f"{text}{how}\n"


@dataclass(frozen=True)
class _Sorts:
    """Values by what they depend on: time alone, the member alone, or both."""

    uniform: list[int]
    fixed: list[int]
    moving: list[int]

    @staticmethod
    def of(program: Program, wanted: Sequence[int]) -> _Sorts:
        dynamic = program.dynamic
        varying: list[bool] = []
        for op in program.ops:
            if op.code in ("random", "delayed"):
                raise NotImplementedError(op.code)
            varying.append(op.code in ("param", "state") or any(varying[a] for a in op.args))
        made = [v for v in program.needed(wanted) if program.ops[v].code not in ("const", "state")]
        return _Sorts(
            [v for v in made if not varying[v]],
            [v for v in made if varying[v] and not dynamic[v]],
            [v for v in made if varying[v] and dynamic[v]],
        )


class _Text:
    """Writes the source of one program."""

    def __init__(self, program: Program, wanted: Sequence[int]) -> None:
        self.program, self.wanted = program, wanted
        self.sorts = _Sorts.of(program, wanted)
        needed = program.needed(wanted)
        self.states = sorted({int(program.ops[v].data) for v in needed if self.code(v) == "state"})
        self.place: dict[int, str] = {}
        for area, values in (("U", self.sorts.uniform), ("F", self.sorts.fixed)):
            self.place.update({v: f"{area}({i})" for i, v in enumerate(values)})
        self.kept: dict[int, str] = {}

    def code(self, v: int) -> str:
        return self.program.ops[v].code

    def source(self) -> str:
        s, p = self.sorts, self.program
        if any(p.states[k].held for k in self.states):
            raise NotImplementedError("held states")
        tables = {int(p.ops[v].data) for v in p.needed(self.wanted) if self.code(v) == "table"}
        parts = [_table(k, p.tables[k]) for k in sorted(tables)]
        pieces = [s.moving[i : i + _CHUNK] for i in range(0, len(s.moving), _CHUNK)]
        home = {v: i for i, piece in enumerate(pieces) for v in piece}
        across = {a for v in s.moving for a in p.ops[v].args if a in home and home[a] != home[v]}
        across |= {
            v for v in (*self.wanted, *(p.states[k].change for k in self.states)) if v in home
        }
        self.kept = {v: f"X({i})" for i, v in enumerate(sorted(across))}
        parts.append(self._function("uniform", s.uniform, "double", loop=False))
        parts += [self._function(f"fixed{i}", s.fixed[i : i + _CHUNK], "T")
                  for i in range(0, len(s.fixed), _CHUNK)]  # fmt: skip
        parts += [self._function(f"step{i}", piece, "T") for i, piece in enumerate(pieces)]
        rows = {k: i for i, k in enumerate(self.states)}
        begin = "".join(f"  S({i}) = {self.read(p.states[k].initial)};\n" for k, i in rows.items())
        move = "".join(
            f"  S({i}) = S({i}) + dt * ({self.read(p.states[k].change)});\n"
            for k, i in rows.items()
        )
        show = "".join(f"  OUT({i}, {self.read(v)});\n" for i, v in enumerate(self.wanted))
        parts += [self._block("begin", begin), self._block("move", move), self._block("show", show)]
        calls = "".join(f" fixed{i}(ARGS);" for i in range(0, len(s.fixed), _CHUNK))
        steps = "".join(f" step{i}(ARGS);" for i in range(len(pieces)))
        parts.append(
            f"#define FIXED {calls}\n#define STEP {steps}\n"
            f"enum {{ NU = {len(s.uniform) + 1}, NF = {len(s.fixed) + 1}, "
            f"NS = {len(self.states) + 1}, NX = {len(across) + 1}, NO = {len(self.wanted)} }};\n"
            "MARCH\n"
        )
        return "".join(parts)

    def _function(self, name: str, values: Sequence[int], kind: str, loop: bool = True) -> str:
        lines, here = [], set()
        for v in values:
            lines.append(f"  const {kind} v{v} = {self._made(self.program.ops[v], here)};")
            here.add(v)
            place = self.place.get(v) or self.kept.get(v)
            if place:
                lines.append(f"  {place} = v{v};")
        return self._block(name, "\n".join(lines) + "\n", loop)

    def _block(self, name: str, body: str, loop: bool = True) -> str:
        begin, end = ("LOOP {", "}") if loop else ("", "")
        return f"static void {name}(PARAMETERS) {{ {begin}\n{body}{end} }}\n"

    def read(self, v: int, here: Iterable[int] = ()) -> str:
        op = self.program.ops[v]
        if op.code == "const":
            return _number(op.data)
        if op.code == "state":
            return f"S({self.states.index(int(op.data))})"
        return f"v{v}" if v in here else self.place.get(v) or self.kept[v]

    def _made(self, op: Op, here: Iterable[int]) -> str:
        if op.code in ("time", "event", "step"):
            return {"time": "now", "event": "now + 0.5 * dt", "step": "k"}[op.code]
        if op.code == "param":
            return f"P({int(op.data)})"
        args = [self.read(a, here) for a in op.args]
        if op.code in _SIGNS:
            return f"{args[0]} {_SIGNS[op.code]} {args[1]}"
        if op.code == "neg":
            return f"-({args[0]})"
        if op.code == "pow" and self.code(op.args[1]) == "const":
            exponent = self.program.ops[op.args[1]].data
            if exponent in (2.0, -1.0):
                return f"{args[0]} * {args[0]}" if exponent == 2.0 else f"1.0 / {args[0]}"
        name = f"table{int(op.data)}" if op.code == "table" else f"f_{op.code}"
        return f"{name}({', '.join(args)})"


_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


@dataclass(frozen=True)
class Native:
    """A compiled march."""

    call: Callable[..., None]
    outcomes: int

    def march(self, members: Members, grid: Grid) -> Floats:
        """(n_outcome, n_member) outcomes at the end."""
        params = np.ascontiguousarray(members.params)
        out = np.empty((self.outcomes, members.count))
        self.call(
            params.ctypes.data, out.ctypes.data, members.count, grid.start, grid.step, grid.steps
        )
        return out


def compiled(program: Program, wanted: Sequence[int], way: str, folder: Path) -> Native:
    """The program's march, one of `WAYS`; the number of members must be a multiple of 64."""
    compiler, header, flags = WAYS[way]
    text = f'#include "{HEADERS / header}"\n{_Text(program, wanted).source()}'
    stem = folder / f"{way}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    source, library = stem.with_suffix(".c"), stem.with_suffix(".so")
    if not library.exists():
        source.write_text(text)
        command = [compiler, *flags, "-shared", "-fPIC", str(source), "-o", str(library), "-lm"]
        if way == "vectors":
            command.append("-lmvec")
        subprocess.run(command, check=True, capture_output=True)
    call = ctypes.CDLL(str(library)).march
    call.argtypes = (
        [ctypes.c_void_p] * 2 + [ctypes.c_long] + [ctypes.c_double] * 2 + [ctypes.c_long]
    )
    call.restype = None
    return Native(call, len(wanted))
