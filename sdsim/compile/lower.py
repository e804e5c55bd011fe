"""Ordered model -> Program: every element of every variable as scalar operations.

Equal values are numbered once, and constants are folded if that cannot change a bit. A plain number
in the model is a parameter of the program, so changing it needs no new program.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence

from sdsim.base import limits, names
from sdsim.base.errors import ModelError
from sdsim.compile.order import Ordered, parts_of
from sdsim.compile.series import DataEquations, named
from sdsim.compile.subscripts import Block
from sdsim.functions import FUNCTIONS, KEPT, TABLES
from sdsim.functions.base import check_arity
from sdsim.functions.tables import COMPUTED, Numbers, only_at
from sdsim.ir.expr import Array, Binary, Call, Expr, Given, Lookup, Num, Ref, Text, Unary, fold
from sdsim.ir.model import label_of
from sdsim.ir.program import (
    Buffer,
    Event,
    Matrix,
    Op,
    Output,
    Program,
    Reading,
    State,
    Table,
    exact,
)

_BINARY = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow", "=": "eq", "<>": "ne"}
_BINARY |= {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "and": "and", "or": "or"}
#: Replaces infinity as the place at which a table is read.
_FAR = 1e300
_COMPARE = ("lt", "le", "gt", "ge", "eq", "ne")


def lower(ordered: Ordered) -> Program:
    """The program of an ordered model.

    Raises
    ------
    ModelError : a wrong number of arguments, or a construct without meaning in its place.
    """
    return _Lowering(ordered).run()


class _Lowering:
    """Lowers one element after another; a `functions.base.Builder`."""

    def __init__(self, ordered: Ordered) -> None:
        self._ordered, self._model = ordered, ordered.model
        self._ops: list[Op] = []
        self._known: dict[Op, int] = {}
        self._moving: list[bool] = []
        self._params: list[str] = []
        self._defaults: list[float] = []
        self._cells: list[tuple[str, int]] = []
        self._readings: dict[Reading, None] = {}
        self._matrices: dict[tuple[int, ...], Matrix] = {}
        self._states: list[State] = []
        self._buffers: list[Buffer] = []
        self._tables: dict[Table, int] = {}
        self._points_in_all = self._asked = self._given = 0
        self._events: dict[Event, None] = {}
        self._values: dict[tuple[str, int, bool], int] = {}
        self._made: dict[object, Sequence[int]] = {}
        self._place = ("", 0)
        self._draws = 0
        self._starting = False
        self._data = DataEquations(self, self._model)

    def run(self) -> Program:
        later: list[tuple[Block, int, int]] = []
        outputs = []
        for number, index, at_start in self._ordered.sequence:
            block = self._ordered.blocks[number]
            cell = int(block.cells[index])
            key = (block.variable, cell, at_start)
            self._place, self._draws, self._starting = (block.variable, cell), 0, at_start
            try:
                value = self._value(block, index, cell, at_start, later)
            except ModelError as e:
                raise self._located(e, block) from None
            self._values[key] = value
            if not at_start and self._model.variables[block.variable].role != "lookup":
                outputs.append(Output(block.variable, cell, value))
        for block, index, slot in later:
            self._close(block, index, slot)
        return Program(
            tuple(self._ops), tuple(self._params), tuple(self._defaults), tuple(self._states),
            tuple(outputs), tuple(self._tables), tuple(self._buffers), tuple(self._events),
            dict(self._ordered.shapes), tuple(self._cells), tuple(self._readings),
            tuple(self._matrices.values()), self._given,
        )  # fmt: skip

    # --- one element --------------------------------------------------------------------------

    def _value(
        self, block: Block, index: int, cell: int, at_start: bool,
        later: list[tuple[Block, int, int]],
    ) -> int:  # fmt: skip
        variable = self._model.variables[block.variable]
        if variable.role == "lookup":
            return -1
        root = block.root
        if variable.role == "data" or root in COMPUTED:
            return self._data.value(block, index, cell, at_start)
        if root == "constant":
            return self._param(block, index, cell)
        if root in ("integ", "sample if true", *KEPT) and not at_start:
            slots = self._buffers if root in KEPT else self._states
            later.append((block, index, len(slots)))
            label = label_of(self._model, variable, cell)
            if root in KEPT:
                self._buffers.append(Buffer(label, (), ()))
                return self.op("delayed", data=float(len(self._buffers) - 1))
            self._states.append(State(label, -1, -1, root == "sample if true"))
            state = self.op("state", data=float(len(self._states) - 1))
            if root == "integ":
                return state
            self._values[block.variable, cell, False] = state  # so it can refer to itself
            condition, taken = (self._lower(block, index, e, s) for e, s in parts_of(block, False))
            return self.op("select", condition, taken, state)
        parts = [self._lower(block, index, e, s) for e, s in parts_of(block, at_start)]
        return parts[-1]

    def _close(self, block: Block, index: int, slot: int) -> None:
        """Set what a state becomes, which is known only once everything else is."""
        cell = int(block.cells[index])
        self._place, self._draws, self._starting = (block.variable, cell), 1000, False
        args = block.equation.expr.args  # type: ignore[union-attr]
        try:
            start = self._values[block.variable, cell, True]
            if block.root == "integ":
                change = self._lower(block, index, args[0], False)
                self._states[slot] = self._states[slot]._replace(initial=start, change=change)
            elif block.root == "sample if true":
                held = self._values[block.variable, cell, False]
                self._states[slot] = self._states[slot]._replace(initial=start, change=held)
            else:
                self._buffers[slot] = self._buffer(block, index, self._buffers[slot].label, start)
        except ModelError as e:
            raise self._located(e, block) from None

    def _buffer(self, block: Block, index: int, label: str, start: int) -> Buffer:
        kept, args = KEPT[block.root], block.equation.expr.args  # type: ignore[union-attr]

        def value(k: int, at_start: bool = False) -> int:
            v = self._lower(block, index, args[k], at_start)
            return self.op("div", v, self.dt()) if k == kept.time else v

        begin = (start, *(value(k, True) for k in kept.start[1:]))
        return Buffer(label, begin, tuple(map(value, kept.push)), kept.kind)

    def _located(self, error: ModelError, block: Block) -> ModelError:
        name = self._model.variables[block.variable].name
        return error.at(file=self._model.file, line=block.equation.line, variable=name)

    def _label(self) -> str:
        variable, cell = self._place
        return label_of(self._model, self._model.variables[variable], cell)

    def _param(self, block: Block, index: int, cell: int) -> int:
        key = (block.variable, cell, False)
        if key in self._values:
            return self._values[key]
        expr, sign = block.equation.expr, 1.0
        if isinstance(expr, Unary):
            expr, sign = expr.x, -1.0
        if isinstance(expr, Array):
            if len(expr.values) != block.width:
                what = f"{len(expr.values)} values for {block.width} elements"
                raise ModelError(what, remedy="give one value for each element")
            value = expr.values[int(block.places[index])]
        else:
            assert isinstance(expr, Num)
            value = expr.value
        self._params.append(label_of(self._model, self._model.variables[block.variable], cell))
        self._defaults.append(sign * value)
        self._cells.append((block.variable, cell))
        made = self.op("param", data=float(len(self._params) - 1))
        self._values[key] = made
        return made

    def _lower(self, block: Block, index: int, expr: Expr, at_start: bool) -> int:
        def visit(node: Expr, parts: list[int]) -> int:
            match node:
                case Num(v):
                    return self.const(v)
                case Ref():
                    return self._ref(block, index, node, at_start)
                case Unary(op, _):
                    return self.op("not" if op == "not" else "neg", parts[0])
                case Binary(op, _, _):
                    return self._binary(_BINARY[op], *parts)
                case Call():
                    return self._call(block, index, node, parts)
                case Lookup() | Given() | Text() | Array():
                    return -1

        before, self._starting = self._starting, at_start
        try:
            return fold(expr, visit)
        finally:
            self._starting = before

    def _ref(self, block: Block, index: int, ref: Ref, at_start: bool) -> int:
        if ref.name not in self._model.variables:
            return (
                self.time()
                if ref.name == names.TIME
                else self.const(float(block.at[id(ref)][index]))
            )
        cell = int(block.at[id(ref)][index])
        if self._data.point is not None:
            return self._data.there(self._data.point, ref.name, cell, at_start)
        value = self._values[ref.name, cell, at_start]
        if value < 0 and not named(block.equation.expr, ref):
            table = self._model.variables[ref.name].name
            raise ModelError(
                f"'{table}' is a lookup and has no value of its own",
                remedy=f"call it with an argument: {table}(Time)",
            )
        return value

    def _call(self, block: Block, index: int, call: Call, parts: Sequence[int]) -> int:
        variable = self._model.variables.get(call.name)
        table = variable is not None and variable.role in ("lookup", "data")
        if table or (variable is not None and call.name not in FUNCTIONS):
            return self._apply(block, index, call, parts)
        if call.name == "with lookup":
            check_arity(call.name, len(parts), (2, 2))
            return self.read(call.args[1], parts[0])
        if call.name in TABLES:
            return self._of_table(block, index, call, parts)
        if (row := FUNCTIONS.get(call.name)) is None:
            raise ModelError(
                f"{call.name.upper()} cannot be used here", remedy="give it a variable"
            )
        check_arity(call.name, len(parts), row.arity)
        return row.lower(self, parts)

    def _apply(self, block: Block, index: int, call: Call, parts: Sequence[int]) -> int:
        """A lookup variable called with an argument."""
        variable = self._model.variables[call.name]
        if variable.role not in ("lookup", "data"):
            what = f"'{variable.name}' is not a lookup and cannot be called"
            raise ModelError(what, remedy="write an operator before the parenthesis")
        check_arity(call.name, len(parts), (1, 1), f"'{variable.name}'")
        computed = self._data.series(call.name, int(block.at[id(call)][index]))
        if computed is not None:
            return computed.read(computed.kind, parts[0])
        return self.read(self._table_of(block, index, call), parts[0])

    def _table_of(self, block: Block, index: int, named: Ref | Call) -> Expr:
        owners, cell = self._ordered.where[named.name][0], int(block.at[id(named)][index])
        if (number := int(owners[cell])) < 0:
            label = label_of(self._model, self._model.variables[named.name], cell)
            raise ModelError(f"'{label}' has no table", remedy="write one, or call another")
        data = self._data.series(named.name, cell)
        if isinstance(data, Numbers):
            return data.points
        return self._ordered.blocks[number].equation.expr

    def _of_table(self, block: Block, index: int, call: Call, parts: Sequence[int]) -> int:
        """A builtin that takes a lookup or data variable by name."""
        row, given = TABLES[call.name], call.args[0] if call.args else None
        check_arity(call.name, len(parts), row.arity)
        variable = self._model.variables.get(given.name) if isinstance(given, Ref) else None
        roles = ("data",) if row.data else ("lookup", "data")
        if not isinstance(given, Ref) or variable is None or variable.role not in roles:
            wanted = "data variable" if row.data else "lookup"
            what = f"{call.name.upper()} expects the name of a {wanted} first"
            raise ModelError(what, remedy=f"give it the name of a {wanted}")
        if row.data and (of := self._data.series(given.name, int(block.at[id(given)][index]))):
            return row.lower(self, of, parts[1:])
        table = self._table_of(block, index, given)
        if isinstance(table, Given):
            raise ModelError(
                f"{call.name.upper()} takes the points of '{variable.name}' into the equations, so "
                "they must be the same in all cases",
                remedy="run the cases one by one, or give them the same table",
            )
        return row.lower(self, self._points(table), parts[1:])

    # --- the interface for data equations -------------------------------------------------------

    def work_out(self, block: Block, index: int, expr: Expr, at_start: bool) -> int:
        """See `series.Lowering.work_out`."""
        return self._lower(block, index, expr, at_start)

    def read(self, table: Expr, at: int) -> int:
        """See `series.Lowering.read`."""
        if isinstance(table, Given):
            self._given = max(self._given, table.number + 1)
            return self.op("given", at, data=float(table.number))
        return self.table(self._points(table), at)

    def current(self, name: str, cell: int, at_start: bool) -> int | None:
        """See `series.Lowering.current`."""
        value = self._values[name, cell, at_start]
        return None if value >= 0 and self._moving[value] else value

    @staticmethod
    def _points(expr: Expr) -> Lookup:
        if not isinstance(expr, Lookup):
            raise ModelError("expected a table of points", remedy="write ((0,0),(1,1)) or so")
        return expr

    def _watched(self, at: int, other: float) -> int:
        """A value checked during the run, made finite so that an unused branch cannot stop the run.

        other : replaces NaN.
        """
        if self._ops[at].code in ("time", "state", "param", "const"):
            return at
        inside = self.op("min", self.op("max", at, self.const(-_FAR)), self.const(_FAR))
        return self.op("select", self.op("eq", at, at), inside, self.const(other))

    # --- the builder --------------------------------------------------------------------------

    def const(self, value: float) -> int:
        """See `functions.base.Builder.const`."""
        return self.op("const", data=value)

    def op(self, code: str, *args: int, data: float = 0.0) -> int:
        """See `functions.base.Builder.op`."""
        folded = self._folded(code, args)
        if folded is not None:
            return folded
        op = Op(code, args, data)
        key = op if code != "const" else Op(code, (), _distinct(data))  # type: ignore[arg-type]
        found = self._known.get(key)
        self._asked += 1  # repeated operations count too: each takes time to find
        if self._asked > 2 * limits.OPERATIONS or len(self._ops) >= limits.OPERATIONS:
            what = f"more than {limits.OPERATIONS:,} operations a step"
            raise ModelError(what, remedy=f"use coarser subscript ranges, {limits.TRUSTED}")
        if found is None:
            found = self._known[key] = len(self._ops)
            self._ops.append(op)
            moving = code in ("state", "time", "event", "step", "delayed")
            self._moving.append(moving or any(self._moving[a] for a in args))
        return found

    def _folded(self, code: str, args: tuple[int, ...]) -> int | None:
        """The value of an operation on constants, if the result is exact in every back end."""
        ops = [self._ops[a] for a in args]
        if code in ("mul", "div") and ops[1].code == "const" and ops[1].data == 1.0:
            return args[0]
        if code == "mul" and ops[0].code == "const" and ops[0].data == 1.0:
            return args[1]
        if code == "select" and ops[0].code == "const":
            return args[1] if ops[0].data != 0.0 else args[2]
        if not ops or any(o.code != "const" for o in ops):
            return None
        numbers = [o.data for o in ops]
        value = exact(code, numbers)
        if value is None or (not math.isfinite(value) and all(map(math.isfinite, numbers))):
            return None  # an overflow is a fault found in the run, not an intended number
        return self.const(value)

    def _binary(self, code: str, a: int, b: int) -> int:
        if code in _COMPARE:
            for x, other in ((a, b), (b, a)):
                if self._ops[x].code == "time" and not self._moving[other]:
                    self.breaks(other)
        return self.op(code, a, b)

    def time(self) -> int:
        """See `functions.base.Builder.time`; INITIAL TIME where a start value is computed."""
        if self._data.point is not None:
            return self._data.point.value(self._data.point.x)
        return self._control(names.INITIAL_TIME) if self._starting else self.op("time")

    def event(self) -> int:
        """See `functions.base.Builder.event`."""
        if not self._starting and self._data.point is None:
            return self.op("event")
        half = self.op("mul", self.const(0.5), self.dt())
        return self.op("add", self.time(), half)

    def dt(self) -> int:
        """See `functions.base.Builder.dt`."""
        return self._control(names.TIME_STEP)

    def _control(self, name: str) -> int:
        value = self._values.get((name, 0, False))
        if value is not None:
            return value
        number, index = (int(a[0]) for a in self._ordered.where[name])
        block = self._ordered.blocks[number]
        if block.root != "constant":
            what = f"{name.upper()} is not a plain number, but is needed as one here"
            raise ModelError(what, remedy=f"write {name.upper()} = 0.25 or so")
        return self._param(block, index, 0)

    def breaks(self, first: int, period: int = -1, end: int = -1) -> None:
        """See `functions.base.Builder.breaks`; times that change during a run are left out."""
        if not any(v >= 0 and self._moving[v] for v in (first, period, end)):
            self._events[Event(first, period, end)] = None

    def table(self, points: Lookup, at: int, watched: bool = True) -> int:
        """See `functions.base.Builder.table`."""
        if points.kind == "raw":
            return only_at(self, Numbers(self, points), at)
        table = Table(points.x, points.y, points.kind)
        before = len(self._tables)
        number = self._tables.setdefault(table, before)
        if number == before:
            self._points_in_all += len(points.x)
            if self._points_in_all > limits.TABLE_POINTS:
                what = f"more than {limits.TABLE_POINTS:,} points in all tables"
                raise ModelError(what, remedy=f"use coarser tables, {limits.TRUSTED}")
        if self._ops[at].code == "time":
            for x in points.x:
                self.breaks(self.const(x))
        watched &= self._model.variables[self._place[0]].role != "data"
        if watched and points.kind == "interpolate":
            self._readings[Reading(self._watched(at, points.x[0]), number, self._label())] = None
        return self.op("table", at, data=float(number))

    def inverted(self, cells: Sequence[int], inverse: Sequence[int]) -> None:
        """See `functions.base.Builder.inverted`."""
        own = tuple(cells)
        if own not in self._matrices and not self._starting:
            watched = tuple(self._watched(c, 0.0) for c in own)
            self._matrices[own] = Matrix(watched, tuple(inverse), self._label())

    def known(self, value: int) -> float | None:
        """See `functions.base.Builder.known`."""
        return self._ops[value].data if self._ops[value].code == "const" else None

    def once(self, key: object, make: Callable[[], Sequence[int]]) -> Sequence[int]:
        """See `functions.base.Builder.once`."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = make()
        return found

    def draw(self) -> int:
        """See `functions.base.Builder.draw`."""
        self._draws += 1
        variable, cell = self._place
        said = variable.replace(names.PART, "·")
        stream = zlib.crc32(f"{said}[{cell}]#{self._draws}".encode())
        step = self.const(-1.0) if self._starting else self.op("step")
        return self.op("random", step, data=float(stream))


def _distinct(value: float) -> object:
    """A key that tells 0.0 from -0.0 and for which NaN equals itself."""
    return (value, math.copysign(1.0, value)) if value == value else "nan"
