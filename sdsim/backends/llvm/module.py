"""A complete IR module: units, the functions that call them in order, and their helpers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdsim.backends.llvm import buffers as past
from sdsim.backends.llvm import cursors, draws, maths
from sdsim.backends.llvm.buffers import kept_rows
from sdsim.backends.llvm.cursors import SEEK
from sdsim.backends.llvm.environment import WORDS, word
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.plan import Plan, Unit
from sdsim.backends.llvm.tables import Reader
from sdsim.backends.llvm.text import Body, Lanes
from sdsim.backends.llvm.units import AREAS, UnitWriter

#: A march of at most this weight becomes one function that keeps its rows in registers, unless its
#: start values and outputs make that function long: compile time grows with the square of length.
WHOLE, WHOLE_SIZE = 256, 1024

_MATHS = re.compile(r"@(exp|log|pow)_(\d+)$")
_DRAWS = re.compile(r"@draw_(\d+)$")


@dataclass(frozen=True)
class Sizes:
    """The memory that a caller must provide: rows by area, and words for lags.

    kept_each, kept_more : rows stored by buffers, per step and in addition.
    cursors : readings of given tables.
    """

    fixed: int
    state: int
    scratch: int
    tape: int
    buffers: int
    kept_each: int
    kept_more: int
    cursors: int

    @property
    def frame(self) -> int:
        """Rows of one thread's working memory."""
        return self.fixed + 3 * self.state + self.scratch

    @staticmethod
    def of(plan: Plan) -> Sizes:
        """The sizes of a plan."""
        s = plan.sizes
        return Sizes(
            s["fixed"], len(plan.states), s["scratch"], s["tape"], len(plan.buffers),
            *kept_rows(plan, len(plan.buffers)), len(plan.cursors),
        )  # fmt: skip

    def kept(self, steps: int) -> int:
        """Rows stored by the buffers in one march."""
        return self.kept_each * steps + self.kept_more


class ModuleWriter:
    """Writes the IR of one plan for one machine and lane width."""

    def __init__(self, plan: Plan, width: int, machine: Machine) -> None:
        self.plan, self.width, self.machine = plan, width, machine
        self.lanes, self.sizes = Lanes(width), Sizes.of(plan)
        self.declared: dict[str, str] = {}
        self.reader = Reader(machine)
        self.units = UnitWriter(plan, width, self.reader, self.declared)
        self.parts: list[str] = []

    def march(self, stages: int) -> str:
        """A module with ``tape`` and ``march``."""
        whole = self.plan.weight <= WHOLE and self.plan.size <= WHOLE_SIZE
        self._units("alwaysinline" if whole else "noinline")
        self._uniform()
        self.parts.append(_tape(self.sizes.tape, stages, self.machine.attributes))
        self.parts.append(self._march(stages, whole))
        return self._text()

    def points(self) -> str:
        """A module with ``start``, ``rates`` and ``observe``."""
        self._units("noinline")
        self._uniform()
        self.parts.append(self._start())
        self.parts += [self._point(name) for name in ("rates", "observe")]
        return self._text()

    # --- parts --------------------------------------------------------------------------------

    def _units(self, inline: str) -> None:
        attributes = f"{inline} {self.machine.attributes}"
        for name, units in self.plan.sections.items():
            write = self.units.scalar_function if name == "uniform" else self.units.function
            own = f"noinline {self.machine.attributes}" if name == "uniform" else attributes
            self.parts += [write(unit, own) for unit in units]

    def _uniform(self) -> None:
        given = "double %time, double %event, double %now, ptr %tape"
        calls = "".join(
            f"  call void @{u.name}({given})\n" for u in self.plan.sections.get("uniform", ())
        )
        attributes = self.machine.attributes
        self.parts.append(
            f"define internal void @uniform({given}) {attributes} {{\n{calls}  ret void\n}}\n"
        )

    def _calls(self, section: str, tape: str = "%tape") -> str:
        return "".join(f"  {_call(u, tape)}\n" for u in self.plan.sections.get(section, ()))

    def _start(self) -> str:
        return f"""define void @start(ptr %fixed, ptr %state, ptr %env) {self.machine.attributes} {{
{self._point_areas()}  call void @uniform(double 0.0, double 0.0, double -1.0, ptr %tape)
{_unused("work", "slope")}{self._calls("start")}  ret void
}}
"""

    def _point(self, name: str) -> str:
        scalars = "double %time, double %event, double %now"
        return f"""define void @{name}({scalars}, ptr %state, ptr %fixed, ptr %work, ptr %env) \
{self.machine.attributes} {{
{self._point_areas()}  call void @uniform({scalars}, ptr %tape)
{_unused("slope")}{self._calls(name)}  ret void
}}
"""

    def _point_areas(self) -> str:
        b = Body(self.lanes, self.declared)
        for name, source in (("tape", "tape"), ("scratch", "frame")):
            b.do(f"%{name} = getelementptr inbounds i8, ptr {word(b, source, 'ptr')}, i64 0")
        return "\n".join(b.lines) + "\n"

    def _march(self, stages: int, whole: bool) -> str:
        w, n = self.width, self.sizes
        i64, f = self.lanes.ints, self.lanes.floats
        rows = 1 if stages == 1 else 3
        areas = self._whole_areas() if whole else self._frame_areas()
        arrays = ("params", "numbers", "out", "stopped", *(("given",) if n.cursors else ()))
        bad, some = self._newly_bad()
        return f"""define void @march(ptr noalias %job) {self.machine.attributes} {{
entry:
  %env = alloca [{len(WORDS)} x i64], align 64
  call void @llvm.memcpy.p0.p0.i64(ptr %env, ptr %job, i64 {8 * len(WORDS)}, i1 false)
  %stop = alloca {i64}, align 64
{areas}{_words(*arrays, "saved", "counter", "tape")}\
{_words("steps", "count", "blocks", "last", kind="i64")}\
  %wide = mul i64 %count_0, {8 * self.plan.shown}
  br label %next
next:
  %block = atomicrmw add ptr %counter_0, i64 1 monotonic
  %more = icmp slt i64 %block, %blocks_0
  br i1 %more, label %begin, label %leave
begin:
  %plain = mul i64 %block, {w}
  %over = icmp sgt i64 %plain, %last_0
  %member = select i1 %over, i64 %last_0, i64 %plain
  %bytes = mul i64 %member, 8
{_moved(*arrays)}\
  store {f} {self.lanes.number(0.0)}, ptr %scratch, align 8
  store {i64} {self.lanes.whole(-1)}, ptr %stop, align 8
{self._calls("start", "%tape_0")}  br label %step
step:
  %k = phi i64 [ 0, %begin ], [ %k_next, %advance ]
  %s = phi i64 [ 0, %begin ], [ %s_next, %advance ]
  %offset = mul i64 %k, {8 * n.tape * rows}
  %tape = getelementptr inbounds i8, ptr %tape_0, i64 %offset
{self._calls("first")}\
  %saved_at = getelementptr inbounds i64, ptr %saved_0, i64 %s
  %wanted = load i64, ptr %saved_at, align 8
  %save = icmp eq i64 %wanted, %k
  br i1 %save, label %look, label %check
look:
{self._calls("look")}\
  %out_now = load ptr, ptr %out_slot, align 8
  %out_then = getelementptr inbounds i8, ptr %out_now, i64 %wide
  store ptr %out_then, ptr %out_slot, align 8
  %s_more = add i64 %s, 1
  br label %check
check:
  %s_next = phi i64 [ %s, %step ], [ %s_more, %look ]
{bad}  br i1 {some}, label %note, label %go
note:
  %was = load {i64}, ptr %stop, align 8
  %unset = icmp slt {i64} %was, {self.lanes.whole(0)}
  %new = and {self.lanes.masks} %unset, %bad
{_spread_k(self.lanes)}  %is = select {self.lanes.masks} %new, {i64} %k_all, {i64} %was
  store {i64} %is, ptr %stop, align 8
  br label %go
go:
  %k_next = add i64 %k, 1
  %end = icmp eq i64 %k, %steps_0
  br i1 %end, label %finish, label %advance
advance:
{self._calls("keep")}{self._moves(stages)}{self._calls("settle")}  br label %step
finish:
  %result = load {i64}, ptr %stop, align 8
  %stopped_now = load ptr, ptr %stopped_slot, align 8
  store {i64} %result, ptr %stopped_now, align 8
  br label %next
leave:
  ret void
}}
"""

    def _moves(self, stages: int) -> str:
        if stages == 1:
            return self._calls("euler")
        size = 8 * self.sizes.tape
        middle, end = (
            f"  %tape_{k} = getelementptr inbounds i8, ptr %tape, i64 {k * size}\n" for k in (1, 2)
        )
        parts = [
            self._calls("rk1"),
            middle,
            self._calls("again", "%tape_1"),
            self._calls("rk2", "%tape_1"),
        ]
        parts += [self._calls("again", "%tape_1"), self._calls("rk3", "%tape_1"), end]
        parts += [self._calls("again", "%tape_2"), self._calls("rk4", "%tape_2")]
        return "".join(parts)

    def _newly_bad(self) -> tuple[str, str]:
        """Lines that find lanes whose watch is NaN, and a bit that is set if there are any."""
        b = Body(self.lanes, self.declared, first=1000)
        b.do(f"%watch = load {self.lanes.floats}, ptr %scratch, align 8")
        b.do(f"%bad = fcmp uno {self.lanes.floats} %watch, %watch")
        some = b.anywhere("%bad")
        return "\n".join(b.lines) + "\n", some

    def _whole_areas(self) -> str:
        """Rows on the stack, which the optimiser turns into registers."""
        f = self.lanes.floats
        return "".join(
            f"  %{name} = alloca [{max(size, 1)} x {f}], align 64\n"
            for name, size in self._area_sizes()
        )

    def _frame_areas(self) -> str:
        """Rows in the thread's working memory."""
        lines = _words("frame")
        at = 0
        for name, size in self._area_sizes():
            lines += f"  %{name} = getelementptr inbounds i8, ptr %frame_0, i64 {at}\n"
            at += 8 * self.width * size
        return lines

    def _area_sizes(self) -> list[tuple[str, int]]:
        n = self.sizes
        return [("fixed", n.fixed), ("state", n.state), ("work", n.state), ("slope", n.state),
                ("scratch", n.scratch)]  # fmt: skip

    def _text(self) -> str:
        attributes = f"noinline {self.machine.attributes}"
        pure = f"{attributes} willreturn memory(none)"
        for name in sorted(self.declared):
            if found := _MATHS.match(name):
                width = int(found[2])
                self.parts.append(maths.definition(found[1], width, pure, self.declared))
            elif found := _DRAWS.match(name):
                reading = f"{attributes} willreturn memory(argmem: read)"
                self.parts.append(draws.definition(int(found[1]), reading, self.declared))
            elif name in past.DEFINITIONS:
                self.parts.append(past.DEFINITIONS[name](self.lanes, attributes))
            elif name == SEEK:
                self.parts.append(cursors.definition(self.lanes, attributes))
        self.declared.setdefault(
            "@llvm.memcpy.p0.p0.i64", "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
        )
        outside = "\n".join(d for n, d in sorted(self.declared.items()) if d and not _own(n))
        return "\n".join([self.reader.constants(), *self.parts, outside, ""])


def _own(name: str) -> bool:
    return bool(_MATHS.match(name) or _DRAWS.match(name))


def _call(unit: Unit, tape: str) -> str:
    given = ", ".join(f"ptr {tape if a == 'tape' else f'%{a}'}" for a in (*AREAS, "env"))
    return f"call void @{unit.name}({given})"


def _unused(*areas: str) -> str:
    return "".join(f"  %{a} = getelementptr i8, ptr null, i64 0\n" for a in areas)


def _words(*names: str, kind: str = "ptr") -> str:
    """Slots of the environment and their initial values: ``%name_slot``, ``%name_0``."""
    return "".join(
        f"  %{n}_slot = getelementptr inbounds i64, ptr %env, i64 {WORDS.index(n)}\n"
        f"  %{n}_0 = load {kind}, ptr %{n}_slot, align 8\n"
        for n in names
    )


def _moved(*names: str) -> str:
    """The addresses of arrays, advanced to the block's first member."""
    return "".join(
        f"  %{n}_b = getelementptr inbounds i8, ptr %{n}_0, i64 %bytes\n"
        f"  store ptr %{n}_b, ptr %{n}_slot, align 8\n"
        for n in names
    )


def _spread_k(lanes: Lanes) -> str:
    """The step number in every lane."""
    w = lanes.width
    if w == 1:
        return "  %k_all = add i64 %k, 0\n"
    return (
        f"  %k_one = insertelement <{w} x i64> poison, i64 %k, i64 0\n"
        f"  %k_all = shufflevector <{w} x i64> %k_one, <{w} x i64> poison,"
        f" <{w} x i32> zeroinitializer\n"
    )


def _tape(size: int, stages: int, attributes: str) -> str:
    """Uniform values at every step; for Runge-Kutta also at its middle and end."""
    late = ""
    if stages == 4:
        late = f"""
  %middle_row = getelementptr inbounds i8, ptr %row, i64 {8 * size}
  call void @uniform(double %event, double %event, double %now, ptr %middle_row)
  %end = fadd double %time, %step
  %end_row = getelementptr inbounds i8, ptr %row, i64 {16 * size}
  call void @uniform(double %end, double %event, double %now, ptr %end_row)"""
    rows = 1 if stages == 1 else 3
    return f"""define void @tape(double %start, double %step, i64 %steps, ptr %tape) {attributes} {{
entry:
  %half = fmul double %step, 0.5
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
  %now = sitofp i64 %k to double
  %passed = fmul double %now, %step
  %time = fadd double %start, %passed
  %event = fadd double %time, %half
  %offset = mul i64 %k, {8 * size * rows}
  %row = getelementptr inbounds i8, ptr %tape, i64 %offset
  call void @uniform(double %time, double %event, double %now, ptr %row){late}
  %next = add i64 %k, 1
  %more = icmp sle i64 %next, %steps
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""
