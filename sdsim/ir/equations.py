"""A variable's equations and range as text."""

from __future__ import annotations

from dataclasses import replace

from sdsim.base import names
from sdsim.ir.expr import Call, Expr, Ref, rewrite, to_text
from sdsim.ir.model import Model, Variable


def equation_text(model: Model, variable: Variable) -> str:
    """The right-hand side; one line per equation, with its subscripts if there are several. Empty
    if there is none (missing data)."""

    def written(node: Expr) -> Expr:
        if isinstance(node, Ref | Call) and node.subs:
            return replace(node, subs=tuple(subscript(model, s) for s in node.subs))
        return node

    lines = []
    for equation in variable.equations:
        text = to_text(rewrite(equation.expr, written), lambda n: spelled(model, n))
        if len(variable.equations) > 1 and equation.subs:
            text = f"[{','.join(subscript(model, s) for s in equation.subs)}] = {text}"
        lines.append(text)
    return "\n".join(lines)


def spelled(model: Model, name: str) -> str:
    """The modeller's spelling of a variable; functions are in capitals."""
    if name in model.variables:
        return model.variables[name].name
    return "Time" if name == names.TIME else name.upper()


def subscript(model: Model, name: str) -> str:
    """The modeller's spelling of a range or an element; ``!`` after it stays."""
    if name.endswith("!"):
        return f"{subscript(model, name[:-1])}!"
    if name in model.dimensions:
        return model.dimensions[name].name
    for d in model.dimensions.values():
        if name in d.elements:
            return d.labels[d.elements.index(name)]
    return name


def range_text(variable: Variable) -> str:
    """The declared range: ``0 to 1``, ``from 0``, ``up to 1``; empty if there is none."""
    low, high = variable.limits
    if low is None and high is None:
        return ""
    if high is None:
        return f"from {low:g}"
    return f"up to {high:g}" if low is None else f"{low:g} to {high:g}"
