"""Functions that Vensim spells differently, one row each; all others keep their name.

Source: Vensim Reference Manual, Functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from sdsim.base import names
from sdsim.base.errors import UnsupportedError
from sdsim.functions import FUNCTIONS, STATEFUL, VECTOR
from sdsim.functions import TABLES as TABLED
from sdsim.functions.history import derived, then
from sdsim.ir.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, rewrite, walk
from sdsim.ir.model import Equation, Model, constant_value
from sdsim.writers.adding import Adder, Args, Place, Row, rewritten, translated
from sdsim.writers.cells import by_cell
from sdsim.writers.data import without_data_equations

#: Tables that are not read along straight lines, by the function that reads them so.
TABLES = {"extrapolate": "lookup extrapolate", "hold_backward": "lookup backward",
          "look_forward": "lookup forward"}  # fmt: skip
_STELLA = frozenset(
    name for rows in (FUNCTIONS, STATEFUL, VECTOR, TABLED) for name, row in rows.items()
    if row.source.startswith("Stella")
)  # fmt: skip


def _floor(place: Place, args: Args) -> Expr:
    """INTEGER cuts towards zero; the whole number below is one less for a negative fraction."""
    x = place.once(args[0])
    cut = Call("integer", (x,))
    return Binary("-", cut, Call("if then else", (Binary("<", x, cut), Num(1.0), Num(0.0))))


def _no_number(place: Place, _: Args) -> Expr:
    place.note("NAN, which Vensim lacks, is written as 0 / 0; a run stops there")
    return Binary("/", Num(0.0), Num(0.0))


def _of_graph(name: str) -> Row:
    """Vensim's tables are all straight lines that end; nothing says how such a call reads them."""

    def row(place: Place, args: Args) -> Expr:
        owner = place.model.variables.get(args[0].name) if isinstance(args[0], Ref) else None
        found = [e.expr for e in owner.equations] if owner else []
        if any(isinstance(x, Lookup) and x.kind in TABLES for x in found):
            raise UnsupportedError(
                f"{name.upper()} of a graph that is extrapolated or in steps, which Vensim lacks",
                remedy="write the model as .xmile",
            )
        return Call(name, args)

    return row


def _known(place: Place) -> Callable[[Expr], float | None]:
    return lambda x: constant_value(place.model, x)


ROWS: dict[str, Row] = {
    "int": _floor,
    "nan": _no_number,
    "lookupinv": _of_graph("lookupinv"),
    "lookuparea": _of_graph("lookuparea"),
    "history": lambda p, a: p.once(then(a, _known(p))),
    "derivn": lambda p, a: derived(a, _known(p), p.once),
    "log10": lambda _, a: Call("log", (a[0], Num(10.0))),
    "pi": lambda _, a: Num(math.pi),
}


def in_vensim(model: Model) -> tuple[Model, tuple[str, ...]]:
    """The model in Vensim's functions, and notes on what changed.

    Raises
    ------
    ModelError : what Vensim cannot say, with file, line and variable.
    """
    model = _one_kind_each(without_data_equations(model))
    adder = Adder(model)
    made = replace(model, variables=rewritten(model, adder, _equation))
    calls = (
        node.name for v in made.variables.values() for e in v.equations for node in walk(e.expr)
        if isinstance(node, Call)
    )  # fmt: skip
    foreign = dict.fromkeys(name.upper() for name in calls if name in _STELLA)
    if foreign:
        which = ", ".join(foreign)
        adder.notes.append(f"functions that Vensim has not, to be read by sdsim alone: {which}")
    return made, tuple(adder.notes)


def _equation(place: Place) -> Equation:
    expr = place.equation.expr
    if isinstance(expr, Lookup) and place.variable.role != "lookup":
        place.note("its data are written as a table over time")
        expr = Call("with lookup", (Ref(names.TIME), expr))
    if isinstance(expr, Lookup | Array):
        return replace(place.equation, expr=_straight(expr))
    expr = rewrite(rewrite(expr, lambda node: _looked_up(place, node)), _in_numbers)
    return replace(place.equation, expr=translated(place, expr, ROWS))


def _straight(node: Expr) -> Expr:
    """A table in Vensim does not say how it is read: the function does."""
    return replace(node, kind="interpolate") if isinstance(node, Lookup) else node


def _in_numbers(node: Expr) -> Expr:
    """The same, also without a word for infinity."""
    if isinstance(node, Num) and math.isinf(node.value):
        return Binary("*", Num(math.copysign(1e308, node.value)), Num(10.0))
    return _straight(node)


def _looked_up(place: Place, node: Expr) -> Expr:
    """A table that is not read along straight lines goes through the function that does it."""
    if not isinstance(node, Call):
        return node
    if node.name == "with lookup" and len(node.args) == 2 and isinstance(node.args[1], Lookup):
        table = node.args[1]
        if table.kind in TABLES:
            at = place.apart(_straight(table), "table", "lookup")
            return Call(TABLES[table.kind], (at, node.args[0]))
    kinds = _kinds(place.model, node)
    if kinds <= {"interpolate"}:
        return node
    if len(kinds) > 1:
        what = "elements whose tables are read in different ways, in one call"
        raise UnsupportedError(what, remedy="give each element an equation of its own")
    return Call(TABLES[kinds.pop()], (Ref(node.name, node.subs), *node.args))


def _kinds(model: Model, call: Call) -> set[str]:
    """The interpolation types of the tables that a call by name may refer to."""
    owner = model.variables.get(call.name)
    if owner is None or owner.role != "lookup":
        return set()
    pairs = list(zip(call.subs, owner.dims, strict=False))
    inside = [_elements(model, s.removesuffix("!"), d) for s, d in pairs]
    return {
        e.expr.kind
        for e in owner.equations
        if isinstance(e.expr, Lookup)
        and not any(
            one.isdisjoint(_elements(model, s, d))
            for one, s, d in zip(inside, e.subs, owner.dims, strict=False)
        )
    }


def _elements(model: Model, sub: str, dim: str) -> set[str]:
    """The elements of a dimension that a subscript may be; all, where a mapping decides."""
    own, all_ = model.dimensions.get(sub), set(model.dimensions[dim].elements)
    if own is None:
        return {sub} if sub in all_ else all_
    inside = set(own.elements)
    return inside if inside <= all_ else all_


def _one_kind_each(model: Model) -> Model:
    """The model with an equation for each element where its calls mean tables that are read in
    different ways, for which Vensim has different functions."""
    changed = {}
    for key, variable in model.variables.items():
        made: list[Equation] = []
        for equation in variable.equations:
            calls = (n for n in walk(equation.expr) if isinstance(n, Call))
            mixed = any(len(_kinds(model, n)) > 1 for n in calls)
            made.extend(by_cell(model, variable, equation) if mixed else [equation])
        if len(made) > len(variable.equations):
            changed[key] = replace(variable, equations=tuple(made))
    return model.replacing(changed) if changed else model
