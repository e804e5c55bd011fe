"""Equations element by element, for formats without mappings, subranges or exceptions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import product

from sdsim.base.errors import ModelError
from sdsim.ir.expr import Array, Call, Expr, Num, Ref, rewrite, walk
from sdsim.ir.model import Equation, Model, Variable

#: The most nodes written for one equation.
MAX_NODES = 500_000


def whole(model: Model, variable: Variable, equation: Equation) -> bool:
    """Whether an equation holds for all elements, or one, and reads others at the same ones."""
    dims = model.dimensions
    ranges = [s for s in equation.subs if s in dims]
    if isinstance(equation.expr, Array) or equation.excepts or len(set(ranges)) < len(ranges):
        return False
    if ranges and equation.subs != variable.dims:
        return False
    for node in walk(equation.expr):
        if isinstance(node, Ref | Call):
            used = [s for s in node.subs if s in dims]
            if node.name in dims and node.name not in model.variables:
                used.append(node.name)
            if any(s not in ranges for s in used) or len(set(used)) < len(used):
                return False
    return True


def by_cell(model: Model, variable: Variable, equation: Equation) -> Iterator[Equation]:
    """One equation for each element that it covers.

    Raises
    ------
    ModelError : too many elements, or a subscript that has no place in what is read.
    """
    dims = model.dimensions
    axes = [dims[s].elements if s in dims else (s,) for s in equation.subs]
    if math.prod(map(len, axes)) * sum(1 for _ in walk(equation.expr)) > MAX_NODES:
        raise ModelError("too large an equation to be written element by element")
    values = iter(equation.expr.values) if isinstance(equation.expr, Array) else None
    for cell in product(*axes):
        value = Num(next(values)) if values is not None else None
        if any(_within(model, cell, group) for group in equation.excepts):
            continue
        bound = dict(zip(equation.subs, cell, strict=True))
        expr = value or rewrite(equation.expr, partial(_placed, model, bound))
        yield replace(equation, expr=expr, subs=cell, excepts=())


def _within(model: Model, cell: tuple[str, ...], group: tuple[str, ...]) -> bool:
    return all(
        c == g or (g in model.dimensions and c in model.dimensions[g].elements)
        for c, g in zip(cell, group, strict=False)
    )


def _placed(model: Model, bound: Mapping[str, str], node: Expr) -> Expr:
    if not isinstance(node, Ref | Call):
        return node
    variable = model.variables.get(node.name)
    if variable is None:
        return _number(model, bound, node) if node.name in model.dimensions else node
    subs = tuple(
        s if s.endswith("!") else _element(model, s, d, bound)
        for s, d in zip(node.subs, variable.dims, strict=True)
    )
    return replace(node, subs=subs)


def _number(model: Model, bound: Mapping[str, str], node: Expr) -> Expr:
    """A dimension used as a number, its place in the range; see `sdsim.compile.subscripts`."""
    assert isinstance(node, Ref | Call)
    if node.name in bound:
        return Num(model.widest(node.name).elements.index(bound[node.name]) + 1.0)
    for one, at in bound.items():
        found = model.mapped(one, node.name).get(at) if one in model.dimensions else None
        if found is not None:
            return Num(model.dimensions[node.name].elements.index(found) + 1.0)
    return node


def _element(model: Model, sub: str, dim: str, bound: Mapping[str, str]) -> str:
    """The element of ``dim`` that a subscript means where the left side has these elements."""
    dims, element = model.dimensions, bound.get(sub)
    if element is None and sub not in dims:
        return sub
    if element is None:
        for one, at in bound.items():
            if one in dims and (found := model.mapped(one, sub).get(at)):
                element = found
                break
    if element is not None and element not in dims[dim].elements:
        element = model.mapped(sub, dim).get(element)
    if element is None:
        raise ModelError(f"subscript '{sub}' has no place in '{dims[dim].name}'")
    return element
