"""Tables inside an equation: WITH LOOKUP, and XMILE's <gf> of a variable with an <eqn>."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Call, Expr, Lookup, Ref, rewrite, walk
from sdsim.ir.model import Equation, Variable
from sdsim.overrides.values import Points


def has_table(variable: Variable) -> bool:
    """Whether each of the variable's equations reads a table of its own."""
    return bool(variable.equations) and all(_tables(e.expr) == 1 for e in variable.equations)


def over_time(variable: Variable) -> bool:
    """Whether those tables are read at Time, so that their points are values over time."""
    calls = (n for e in variable.equations for n in walk(e.expr) if isinstance(n, Call))
    return all(c.args[0] == Ref(names.TIME) for c in calls if c.name == "with lookup")


def with_table(
    variable: Variable, cells: Sequence[tuple[str, ...]] | None, points: Points
) -> Variable:
    """The variable with new points in the tables of its equations.

    cells : the elements whose tables are changed; None for all.

    Raises
    ------
    ModelError : an element without an equation of its own.
    """
    asked = None if cells is None else set(cells)
    met: set[tuple[str, ...]] = set()
    made = []
    for equation in variable.equations:
        mine = asked is None or equation.subs in asked
        if mine:
            met.add(equation.subs)
        made.append(_changed(equation, points) if mine else equation)
    if asked is not None and met != asked:
        raise ModelError(
            "several elements share a table in one equation", variable=variable.name,
            remedy=f"give the points to all of {variable.name}",
        )  # fmt: skip
    return replace(variable, equations=tuple(made))


def _changed(equation: Equation, points: Points) -> Equation:
    table = Lookup(tuple(points.x), tuple(points.y), points.kind)

    def change(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name == "with lookup":
            return Call(node.name, (node.args[0], table))
        return node

    return replace(equation, expr=rewrite(equation.expr, change))


def _tables(expr: Expr) -> int:
    calls = (n for n in walk(expr) if isinstance(n, Call) and n.name == "with lookup")
    return sum(isinstance(c.args[-1], Lookup) for c in calls)
