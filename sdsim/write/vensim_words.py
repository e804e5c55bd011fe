"""What Vensim spells otherwise, a row each; all other calls have the name that they have here.

Source: Vensim Reference Manual, Functions.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sdsim import names
from sdsim.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, rewrite
from sdsim.model import Equation, Model
from sdsim.write.adding import Adder, Args, Place, Row, rewritten, translated

#: Tables that are not read along straight lines, by the function that reads them so.
TABLES = {"extrapolate": "lookup extrapolate", "hold_backward": "lookup backward",
          "look_forward": "lookup forward"}  # fmt: skip


def _floor(place: Place, args: Args) -> Expr:
    """INTEGER cuts towards zero; the whole number below is one less for a negative fraction."""
    x = place.once(args[0])
    cut = Call("integer", (x,))
    return Binary("-", cut, Call("if then else", (Binary("<", x, cut), Num(1.0), Num(0.0))))


ROWS: dict[str, Row] = {
    "int": _floor,
    "log10": lambda _, a: Call("log", (a[0], Num(10.0))),
    "pi": lambda _, a: Num(math.pi),
}


def in_vensim(model: Model) -> tuple[Model, tuple[str, ...]]:
    """The model in Vensim's words, and what is not as it was.

    Raises
    ------
    ModelError : what Vensim cannot say, with file, line and variable.
    """
    adder = Adder(model)
    return replace(model, variables=rewritten(model, adder, _equation)), tuple(adder.notes)


def _equation(place: Place) -> Equation:
    expr = place.equation.expr
    if isinstance(expr, Lookup) and place.variable.role != "lookup":
        place.note("its data are written as a table over time")
        expr = Call("with lookup", (Ref(names.TIME), expr))
    if isinstance(expr, Lookup | Array):
        return replace(place.equation, expr=_straight(expr))
    expr = rewrite(rewrite(expr, lambda node: _looked_up(place, node)), _straight)
    return replace(place.equation, expr=translated(place, expr, ROWS))


def _straight(node: Expr) -> Expr:
    """A table in Vensim does not say how it is read: the function does."""
    return replace(node, kind="interpolate") if isinstance(node, Lookup) else node


def _looked_up(place: Place, node: Expr) -> Expr:
    """A table that is not read along straight lines goes through the function that does it."""
    if not isinstance(node, Call):
        return node
    if node.name == "with lookup" and len(node.args) == 2 and isinstance(node.args[1], Lookup):
        table = node.args[1]
        if table.kind in TABLES:
            at = place.apart(_straight(table), "table", "lookup")
            return Call(TABLES[table.kind], (at, node.args[0]))
    owner = place.model.variables.get(node.name)
    if owner is not None:
        kinds = {e.expr.kind for e in owner.equations if isinstance(e.expr, Lookup)} & {*TABLES}
        if kinds:
            return Call(TABLES[kinds.pop()], (Ref(node.name, node.subs), *node.args))
    return node
