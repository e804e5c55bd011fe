"""Writes a variable's ranges so that a reader can infer them when its equations do not show them.

Vensim declares no dimensions: a variable that is defined element by element has the smallest range
that holds its elements, which need not be the one that was meant where ranges share elements.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

from sdsim.ir.expr import Array, Call, Lookup, Num, Ref, walk
from sdsim.ir.model import Equation, Holding, Model, Variable


def ranged(model: Model) -> Model:
    """The model with one equation of such a variable over its ranges, all else excepted; plain
    numbers as one table."""
    holding = Holding(model.dimensions)
    changed = {}
    for key, variable in model.variables.items():
        if variable.equations and not _said(holding, variable.dims, variable.equations):
            changed[key] = _ranged(model, holding, variable)
    return model.replacing(changed) if changed else model


def _said(holding: Holding, dims: tuple[str, ...], equations: tuple[Equation, ...]) -> bool:
    """Whether the equations read as over these dimensions."""
    return all(holding.meant(e.subs[i] for e in equations)[0] == dim for i, dim in enumerate(dims))


def _ranged(model: Model, holding: Holding, variable: Variable) -> Variable:
    if table := _table(model, variable):
        return replace(variable, equations=(table,))
    for i, equation in enumerate(variable.equations):
        if wide := _widened(model, variable, equation):
            before, after = variable.equations[:i], variable.equations[i + 1 :]
            made = (*before, wide, *after)
            if _said(holding, variable.dims, made):
                return replace(variable, equations=made)
    return variable


def _table(model: Model, variable: Variable) -> Equation | None:
    """All numbers in one table, where each element has one and there are one or two ranges."""
    shape = tuple(len(model.dimensions[d].elements) for d in variable.dims)
    numbers = {
        e.subs: e.expr.value
        for e in variable.equations
        if isinstance(e.expr, Num) and math.isfinite(e.expr.value) and not e.excepts
    }
    if len(shape) > 2 or not len(numbers) == len(variable.equations) == math.prod(shape):
        return None
    cells = product(*(model.dimensions[d].elements for d in variable.dims))
    values = tuple(numbers.get(cell, math.nan) for cell in cells)
    if any(map(math.isnan, values)):
        return None
    return replace(variable.equations[0], expr=Array(values, shape), subs=variable.dims)


def _widened(model: Model, variable: Variable, equation: Equation) -> Equation | None:
    """An equation for some elements as one for all of its ranges but the others."""
    dims, expr = model.dimensions, equation.expr
    if isinstance(expr, Array):
        return None
    if not isinstance(expr, Lookup):
        # A range that now stands on the left would bind what was bound by a mapping.
        for node in walk(expr):
            used = (node.name, *node.subs) if isinstance(node, Ref | Call) else ()
            if any(u in dims and u not in equation.subs for u in used):
                return None
    others = []
    for i, (sub, dim) in enumerate(zip(equation.subs, variable.dims, strict=True)):
        kept = dims[sub].elements if sub in dims else (sub,)
        rest = [e for e in dims[dim].elements if e not in kept]
        others += [(*variable.dims[:i], e, *variable.dims[i + 1 :]) for e in rest]
    return replace(equation, subs=variable.dims, excepts=(*equation.excepts, *others))
