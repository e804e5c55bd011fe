"""Rewrites a model for a dialect: translates every expression and adds variables if needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.functions import TABLES
from sdsim.functions.tables import SLACK
from sdsim.ir.expr import (
    NA,
    Binary,
    Call,
    Expr,
    Lookup,
    Num,
    Ref,
    fold,
    rewrite,
    walk,
    with_children,
)
from sdsim.ir.model import Equation, Model, Variable

Args = tuple[Expr, ...]


@dataclass
class Adder:
    """Collects extra variables that a dialect needs; `notes` says what changed."""

    model: Model
    added: dict[str, Variable] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def name(self, wanted: str) -> str:
        """``wanted``, or the first of ``wanted 2``, ``wanted 3``, ... that is not taken."""
        taken = {*self.model.variables, *self.added, *self.model.dimensions, names.TIME}
        taken |= {e for d in self.model.dimensions.values() for e in d.elements}
        name, k = wanted, 1
        while names.canonical(name) in taken:
            k += 1
            name = f"{wanted} {k}"
        return name

    def add(
        self, beside: Variable, equation: Equation, wanted: str, role: str = "equation",
        units: str = "",
    ) -> Ref:  # fmt: skip
        """A reference to a new variable that stands beside another and has its subscripts."""
        name = self.name(wanted)
        doc = f"Part of the equation of {beside.name}."
        made = Variable(name, (equation,), units, doc, dims=beside.dims, group=beside.group,
                        role=role)  # fmt: skip
        self.added[names.canonical(name)] = made
        return Ref(names.canonical(name), equation.subs)


@dataclass(frozen=True)
class Place:
    """The place of an expression, with what a row of a dialect's table may need."""

    adder: Adder
    variable: Variable
    equation: Equation

    @property
    def model(self) -> Model:
        """The model being written."""
        return self.adder.model

    def note(self, text: str) -> None:
        """Note a change from the original."""
        self.adder.notes.append(f"'{self.variable.name}': {text}")

    def apart(self, expr: Expr, what: str, role: str = "equation") -> Ref:
        """``expr`` as a separate variable, named after this one."""
        equation = replace(self.equation, expr=expr)
        return self.adder.add(self.variable, equation, f"{self.variable.name} {what}", role)

    def once(self, expr: Expr) -> Expr:
        """``expr`` in a form that can be repeated cheaply."""
        return expr if isinstance(expr, Num | Ref) else self.apart(expr, "part")


#: What a call becomes in a dialect.
Row = Callable[[Place, Args], Expr]


def rewritten(
    model: Model, adder: Adder, equation: Callable[[Place], Equation]
) -> Mapping[str, Variable]:
    """The model's variables, each equation as ``equation`` has it, and those added after theirs.

    Raises
    ------
    ModelError : whatever ``equation`` refuses, with file, line and variable.
    """
    out: dict[str, Variable] = {}
    for key, own in model.variables.items():
        variable = _spread(own)
        if variable is not own:
            adder.notes.append(f"'{own.name}': its data are written as tables over time")
        made = []
        for one in variable.equations:
            try:
                _self_contained(model, one)
                made.append(equation(Place(adder, variable, one)))
            except ModelError as error:
                raise error.at(file=model.file, line=one.line, variable=variable.name) from None
        out[key] = replace(variable, equations=tuple(made))
        for new in [k for k in adder.added if k not in out]:
            out[new] = adder.added[new]
    return out


def _spread(variable: Variable) -> Variable:
    """A variable of ``:RAW:`` data, which no other format has, in functions that all have."""

    def spread(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name == "with lookup":
            table = node.args[1]
            return only_at(table, node.args[0]) if _is_raw(table) else node
        return node

    def whole(expr: Expr) -> Expr:
        if isinstance(expr, Lookup) and _is_raw(expr) and variable.role == "data":
            return only_at(expr, Ref(names.TIME))
        return rewrite(expr, spread)

    made = tuple(replace(e, expr=whole(e.expr)) for e in variable.equations)
    if all(a.expr is b.expr for a, b in zip(made, variable.equations, strict=True)):
        return variable
    role = "equation" if variable.role == "data" else variable.role
    return replace(variable, equations=made, role=role)


def _is_raw(expr: Expr) -> bool:
    return isinstance(expr, Lookup) and expr.kind == "raw"


def only_at(table: Expr, time: Expr) -> Expr:
    """What `sdsim.functions.tables.only_at` says, as an expression."""
    assert isinstance(table, Lookup)
    slack = Binary("*", Num(SLACK), Ref(names.TIME_STEP))
    late = Binary("+", time, slack)
    x, y = (
        Call("with lookup", (late, Lookup(table.x, side, "hold_backward")))
        for side in (table.x, table.y)
    )
    here = Binary("<=", Call("abs", (Binary("-", x, time),)), slack)
    return Call("if then else", (here, y, Num(NA)))


def _self_contained(model: Model, equation: Equation) -> None:
    """
    Raises
    ------
    UnsupportedError : a function that only takes data from another file.
    """
    for node in walk(equation.expr):
        row = TABLES.get(node.name) if isinstance(node, Call) else None
        given = node.args[0] if row and row.data and isinstance(node, Call) and node.args else None
        owner = model.variables.get(given.name) if isinstance(given, Ref) else None
        if row and owner and owner.role == "data" and owner.equations:
            raise UnsupportedError(
                f"{row.name.upper()} takes data from another file, and what is written is one file",
                remedy=f"keep the file as it is with the data of '{owner.name}' beside it",
            )


def translated(place: Place, expr: Expr, rows: Mapping[str, Row]) -> Expr:
    """``expr`` with each call that has a row as the row says; the calls inside it first."""

    def visit(node: Expr, parts: list[Expr]) -> Expr:
        node = with_children(node, parts)
        if isinstance(node, Call) and node.name not in place.model.variables:
            row = rows.get(node.name)
            return row(place, node.args) if row else node
        return node

    return fold(expr, visit)
