"""Puts test inputs into a model: a variable gets a new equation, and its own is kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError, counted
from sdsim.claims.trajectories import is_path, path_of, refuse_paths
from sdsim.ir.expr import Binary, Call, Expr, Ref, rewrite
from sdsim.ir.model import Equation, Model, Variable
from sdsim.overrides import Overrides


@dataclass(frozen=True)
class Input:
    """A test input ``variable[subs] op expression`` that is to be made true.

    op : ``=``, or a comparison, which changes the variable only where it does not hold.
    """

    target: str
    subs: tuple[str, ...]
    op: str
    expr: Expr


def own(name: str) -> str:
    """The name of the variable that keeps another variable's original equation."""
    return names.part(name, "own")


def put_in(model: Model, inputs: Iterable[Input]) -> Model:
    """The model with each input replacing its variable's equation, from the start.

    Everything that reads the variable, including a stock's own flows, reads the new value. In the
    input itself the variable's name means its original value, as in Vensim.

    Raises
    ------
    ModelError : a lookup or control variable, subscripts that do not fit.
    """
    by_target: dict[str, list[Input]] = {}
    for i in inputs:
        by_target.setdefault(i.target, []).append(i)
    changed: dict[str, Variable] = {}
    for key, mine in by_target.items():
        variable = model.variables[key]
        if variable.role == "lookup" or key in names.CONTROL:
            what = "a lookup" if variable.role == "lookup" else "a control variable"
            raise UnsupportedError(f"'{variable.name}' is {what} and cannot be a test input")
        if any(len(i.subs) != len(variable.dims) for i in mine):
            wanted = counted(len(variable.dims), "subscript")
            raise ModelError(f"'{variable.name}' has {wanted}, got {len(mine[0].subs)}")
        kept = names.canonical(own(variable.name))
        changed[kept] = replace(variable, name=own(variable.name), hidden=True)
        equations = [Equation(_followed(model, i, kept), i.subs, (), variable.line) for i in mine]
        if not any(_whole(model, variable, i) for i in mine):
            rest = tuple(i.subs for i in mine)
            equations.append(Equation(Ref(kept, variable.dims), variable.dims, rest, variable.line))
        changed[key] = replace(variable, equations=tuple(equations), role="equation")
    return model.replacing(changed)


def _whole(model: Model, variable: Variable, i: Input) -> bool:
    """Whether an input covers every element of its variable."""
    return all(
        s in model.dimensions and set(model.dimensions[s].elements) >= set(elements)
        for s, elements in zip(i.subs, model.elements(variable.dims), strict=True)
    )


def _followed(model: Model, i: Input, kept: str) -> Expr:
    def named(node: Expr) -> Expr:
        return replace(node, name=kept) if isinstance(node, Ref) and node.name == i.target else node

    before, expr = Ref(kept, i.subs), rewrite(i.expr, named)
    if isinstance(expr, Call) and is_path(expr):
        for argument in expr.args:
            refuse_paths(argument)
        path = path_of(expr, model)
        expr = Call("if then else", (path.inside, path.value, before))
    else:
        refuse_paths(expr)
    if i.op == "=":
        return expr
    return Call("if then else", (Binary(i.op, before, expr), before, expr))


def moved(overrides: Overrides, inputs: Iterable[Input], model: Model) -> Overrides:
    """Redirect overrides of a variable with an input to its original equation."""
    targets = {i.target for i in inputs}

    def rename(values: Mapping[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in values.items():
            head, bracket, tail = name, "", ""
            if names.canonical(name) not in model.variables:
                head, bracket, tail = name.partition("[")
            mine = names.canonical(head) in targets
            out[own(head.strip()) + bracket + tail if mine else name] = value
        return out

    return Overrides(
        rename(overrides.constants), overrides.lookups,
        rename(overrides.series), rename(overrides.initial),
    )  # fmt: skip
