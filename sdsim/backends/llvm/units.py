"""Units as IR functions: each computes its values and then does its tasks with them.

All units have the same arguments: the memory areas and the environment. An area consists of rows
with one double per lane; the tape has one scalar per row.
"""

from __future__ import annotations

from collections.abc import Callable

from sdsim.backends.llvm import buffers as past
from sdsim.backends.llvm import cursors, draws
from sdsim.backends.llvm.environment import word
from sdsim.backends.llvm.plan import Plan, Unit
from sdsim.backends.llvm.rules import apply, quotient
from sdsim.backends.llvm.specialize import NUMBERS
from sdsim.backends.llvm.tables import Reader
from sdsim.backends.llvm.text import Body, Lanes

#: Areas passed to every unit. ``slope``: the sum of rates over the stages of Runge-Kutta.
AREAS = ("tape", "fixed", "state", "work", "slope", "scratch")
ARGUMENTS = ", ".join(f"ptr noalias %{a}" for a in (*AREAS, "env"))
#: Groups of sections between which cursors last: those of the steps of a march.
LASTING = ("step", "late")
SCALARS = "double %time, double %event, double %now, ptr noalias %tape"


class UnitWriter:
    """Writes the functions of one plan for a given number of lanes."""

    def __init__(self, plan: Plan, width: int, reader: Reader, declared: dict[str, str]) -> None:
        self.plan, self.lanes, self.reader = plan, Lanes(width), reader
        self.declared = declared
        self._piece = reader.machine.piece

    def function(self, unit: Unit, attributes: str) -> str:
        """The IR of a unit that works on members."""
        return self._written(_Varying(self, unit), unit, ARGUMENTS, attributes)

    def scalar_function(self, unit: Unit, attributes: str) -> str:
        """The IR of a unit that works on uniform values."""
        return self._written(_Uniform(self, unit), unit, SCALARS, attributes)

    def _written(self, writer: _Writer, unit: Unit, arguments: str, attributes: str) -> str:
        lines = "\n".join(writer.lines())
        return f"define internal void @{unit.name}({arguments}) {attributes} {{\n{lines}\n}}\n"


class _Writer:
    """The body of one unit."""

    def __init__(self, owner: UnitWriter, unit: Unit, lanes: Lanes) -> None:
        self.owner, self.plan, self.unit = owner, owner.plan, unit
        self.body = Body(lanes, owner.declared)
        self.made: dict[int, str] = {}

    def lines(self) -> list[str]:
        """The whole body."""
        for v in self.unit.values:
            self.made[v] = self.make(v)
            place = self.plan.row(self.unit, v)
            if place is not None:
                self.put(*place, self.made[v])
        for task in self.unit.tasks:
            TASKS[task.kind](self, task.at, *map(self.read_kept, task.values))
        self.body.do("ret void")
        return self.body.lines

    def make(self, v: int) -> str:
        """Write operation ``v`` and return its value."""
        op, b = self.plan.program.ops[v], self.body
        if op.code in _LEAVES:
            return _LEAVES[op.code](self, int(op.data))
        args = [self.read(a) for a in op.args]
        if op.code == "table":
            return self.owner.reader.read(b, self.plan.program.tables[int(op.data)], args[0])
        if op.code == "given":
            lasting = self.unit.group in LASTING
            return cursors.read(b, self.plan.cursors[v], int(op.data), args[0], lasting)
        if op.code == "random":
            return draws.draw(b, args[0], int(op.data), word(b, "seed"), word(b, "numbers", "ptr"))
        last = self.plan.program.ops[op.args[-1]]
        if op.code == "div" and last.code in NUMBERS and self.owner.reader.machine.vectors:
            return quotient(b, args[0], last.data)
        known = last.data if last.code == "const" else None
        return apply(b, op.code, args, known, self.owner._piece)

    def read(self, v: int) -> str:
        """The value of ``v``, from wherever it is stored."""
        v = self.plan.alias.get(v, v)
        op = self.plan.program.ops[v]
        if op.code in NUMBERS:
            return self.body.number(op.data)
        if v not in self.made:
            self.made[v] = self.load(v)
        return self.made[v]

    def read_kept(self, v: int) -> str:
        """The same for a task: the copy of a state, if there is one."""
        v = self.plan.alias.get(v, v)
        copy = self.plan.row(self.unit, v)
        if copy is None or v in self.made or self.plan.uniform[v]:
            return self.read(v)
        return self.row(*copy)

    def load(self, v: int) -> str:
        """A value made by another unit."""
        raise NotImplementedError

    def kept(self, v: int) -> tuple[str, int]:
        """The place of a value in memory: area and row."""
        place = self.plan.row(self.unit, v)
        assert place is not None, f"value {v} is not kept for {self.unit.name}"
        return place

    def address(self, area: str, row: int) -> str:
        """The address of a row."""
        return self.body.at(f"%{area}", str(row), self.body.lanes.floats)

    def row(self, area: str, row: int) -> str:
        """The content of a row."""
        return self.body.load(self.body.lanes.floats, self.address(area, row))

    def put(self, area: str, row: int, value: str) -> None:
        """Store a value in a row."""
        self.body.store(self.body.lanes.floats, value, self.address(area, row))


class _Uniform(_Writer):
    """Scalars; values that cross between units are on the tape."""

    def __init__(self, owner: UnitWriter, unit: Unit) -> None:
        super().__init__(owner, unit, Lanes(1))

    def load(self, v: int) -> str:
        return self.row(*self.kept(v))


class _Varying(_Writer):
    """One double for each lane."""

    def __init__(self, owner: UnitWriter, unit: Unit) -> None:
        super().__init__(owner, unit, owner.lanes)

    def load(self, v: int) -> str:
        b, op = self.body, self.plan.program.ops[v]
        if op.code == "state":
            return _state(self, int(op.data))
        area, row = self.kept(v)
        if area == "tape":
            return b.spread(b.load("double", b.at("%tape", str(row), "double")))
        return self.row(area, row)


# --- leaves ---------------------------------------------------------------------------------------


def _state(w: _Writer, number: int) -> str:
    held = w.plan.program.states[number].held
    area = "work" if w.unit.group == "late" and not held else "state"
    return w.row(area, w.plan.states[number])


def _param(w: _Writer, number: int) -> str:
    b = w.body
    offset = b.let(f"mul i64 {word(b, 'stride')}, {number}")
    return b.load(b.lanes.floats, b.at(word(b, "params", "ptr"), offset))


_LEAVES: dict[str, Callable[[_Writer, int], str]] = {
    "state": _state,
    "param": _param,
    "delayed": lambda w, k: past.given(w.body, w.plan, k),
    "time": lambda w, _: "%time",
    "event": lambda w, _: "%event",
    "step": lambda w, _: "%now",
}


# --- tasks ----------------------------------------------------------------------------------------


def _watch(w: _Writer, value: str) -> None:
    """Make scratch row 0 NaN, permanently, if the value is not finite."""
    b, so_far, zero = w.body, w.row("scratch", 0), w.body.number(0.0)
    fused = w.owner.reader.machine.vectors  # the result is 0 or NaN either way
    w.put("scratch", 0, b.fma(value, zero, so_far) if fused else b.add(so_far, b.mul(value, zero)))


def _begin(w: _Writer, row: int, value: str) -> None:
    w.put("state", row, value)
    _watch(w, value)


def _gap(w: _Writer, k: int, value: str) -> None:
    b = w.body
    offset = b.let(f"mul i64 {word(b, 'count')}, {k}")
    b.store(b.lanes.floats, value, b.at(word(b, "out", "ptr"), offset, "double"))


def _show(w: _Writer, k: int, value: str) -> None:
    _gap(w, k, value)
    _watch(w, value)


def _result(w: _Writer, row: int, value: str) -> None:
    w.put("work", row, value)


def _hold(w: _Writer, row: int, value: str) -> None:
    w.put("work", row, value)


def _settle(w: _Writer, row: int) -> None:
    value = w.row("work", row)
    w.put("state", row, value)
    _watch(w, value)


def _times(w: _Writer, name: str, value: str) -> str:
    b = w.body
    return b.mul(b.spread(word(b, name, "double")), value)


def _arrive(w: _Writer, row: int, change: str) -> None:
    value = w.body.add(w.row("state", row), change)
    w.put("state", row, value)
    _watch(w, value)


def _euler(w: _Writer, row: int, rate: str) -> None:
    _arrive(w, row, _times(w, "step", rate))


def _try(w: _Writer, row: int, rate: str, ahead: str) -> None:
    w.put("work", row, w.body.add(w.row("state", row), _times(w, ahead, rate)))


def _rk1(w: _Writer, row: int, rate: str) -> None:
    w.put("slope", row, rate)
    _try(w, row, rate, "half")


def _rk_middle(ahead: str) -> Callable[[_Writer, int, str], None]:
    def task(w: _Writer, row: int, rate: str) -> None:
        twice = w.body.mul(w.body.number(2.0), rate)
        w.put("slope", row, w.body.add(w.row("slope", row), twice))
        _try(w, row, rate, ahead)

    return task


def _rk4(w: _Writer, row: int, rate: str) -> None:
    _arrive(w, row, _times(w, "sixth", w.body.add(w.row("slope", row), rate)))


TASKS: dict[str, Callable[..., None]] = {
    "begin": _begin,
    "lag": lambda w, k, *values: past.begin(w.body, w.plan, k, *values),
    "show": _show,
    "gap": _gap,
    "rate": _result,
    "wanted": _result,
    "hold": _hold,
    "push": lambda w, k, *values: past.push(w.body, w.plan, k, *values),
    "forget": lambda w, v: cursors.forget(w.body, w.plan.cursors[v]),
    "settle": _settle,
    "euler": _euler,
    "rk1": _rk1,
    "rk2": _rk_middle("half"),
    "rk3": _rk_middle("step"),
    "rk4": _rk4,
}
