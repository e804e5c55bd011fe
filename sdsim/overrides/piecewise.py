"""Paths: a variable made of straight lines between knots, whose heights are constants.

A time series given as an override becomes part of the equations, so each new series would need new
machine code. The knots of a path are constants of the model: a design can vary them like any
other, and a whole generation of paths runs as one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref
from sdsim.ir.model import Equation, Model, Variable, shape_of
from sdsim.overrides import is_parameter, number


def knot(variable: str, time: float) -> str:
    """The name of the constant that holds a path's height at a knot."""
    return f"{variable} in {time:g}"


def with_path(model: Model, name: str, times: Sequence[float]) -> Model:
    """The model with a path in place of a variable's equation.

    The knots are new constants, `knot(name, time)`, with the variable's units and limits. They
    start at its value if it is a constant, otherwise at 0. The path is flat before the first knot
    and after the last.

    Raises
    ------
    ModelError : an unknown variable, a subscripted one, a stock or a table; no knots, or times
        that do not increase.
    """
    variable = model.find(name)
    if shape_of(model, variable):
        raise ModelError(
            "has subscripts; a path is for a variable without",
            variable=variable.name,
            remedy="name one without",
        )
    if variable.role == "lookup" or names.canonical(variable.name) in names.CONTROL:
        raise ModelError(
            "cannot follow a path", variable=variable.name, remedy="name a variable that changes"
        )
    at = [number(t, f"knots of {variable.name}") for t in times]
    if not at:
        raise ModelError(
            "a path needs at least one knot",
            variable=variable.name,
            remedy="write times = [2000, 2020]",
        )
    for a, b in pairwise(at):
        if b <= a:
            raise ModelError(
                f"knots must increase, got {b:g} after {a:g}",
                variable=variable.name,
                remedy="sort them, each once",
            )
    height: Expr = variable.equations[0].expr if is_parameter(variable) else Num(0.0)
    keys = [names.canonical(knot(variable.name, t)) for t in at]
    taken = [k for k in keys if k in model.variables]
    if taken:
        raise ModelError(
            f"'{model.display(taken[0])}' already exists", variable=variable.name,
            remedy="rename that, or choose other times",
        )  # fmt: skip
    made: dict[str, Variable] = {
        key: replace(
            variable, name=knot(variable.name, t), role="equation",
            equations=(Equation(height, (), (), variable.line),),
            doc=f"Height of the path of {variable.name} at {t:g}.",
        )
        for key, t in zip(keys, at, strict=True)
    }  # fmt: skip
    path = Equation(_along(at, [Ref(k) for k in keys]), (), (), variable.line)
    made[names.canonical(variable.name)] = replace(variable, equations=(path,), role="equation")
    return model.replacing(made)


def _along(at: Sequence[float], heights: Sequence[Expr]) -> Expr:
    """The path as an expression of Time: its straight pieces, flat outside the knots."""
    out = heights[0]
    time = Ref(names.TIME)
    for (a, b), (low, high) in zip(pairwise(at), pairwise(heights), strict=True):
        share = Binary("/", Binary("-", time, Num(a)), Num(b - a))
        piece = Binary("+", low, Binary("*", Binary("-", high, low), share))
        out = Call("if then else", (Binary(">=", time, Num(a)), piece, out))
    if len(at) > 1:
        out = Call("if then else", (Binary(">=", time, Num(at[-1])), heights[-1], out))
    return out
