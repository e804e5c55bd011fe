"""What a name in a model refers to: a variable, or some of its elements."""

from __future__ import annotations

import re

import numpy as np

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, suggested
from sdsim.ir.expr import is_constant
from sdsim.ir.model import Model, Variable, shape_of

_ELEMENT = re.compile(r"^(?P<name>.*?)\s*\[(?P<subs>[^\]]*)\]\s*$", re.S)


def locate(model: Model, name: str) -> tuple[Variable, list[int] | None]:
    """The variable a name refers to, and the flat positions if the name has subscripts.

    A subscript is an element, or a range or ``*``, which stand for all of their elements.

    Raises
    ------
    ModelError : no such variable or element; the nearest name is suggested.
    """
    if names.canonical(name) in model.variables:
        return model.find(name), None
    match = _ELEMENT.match(name)
    if not match:
        raise model.unknown(name)
    variable = model.find(match["name"])
    subs = [names.canonical(s) for s in match["subs"].split(",")]
    if len(subs) != len(variable.dims):
        wanted = counted(len(variable.dims), "subscript")
        raise ModelError(
            f"expected {wanted}, got {len(subs)}",
            remedy=model.spelled(variable),
            variable=variable.name,
        )
    at = []
    for sub, dim in zip(subs, variable.dims, strict=True):
        elements = model.dimensions[dim].elements
        inside: tuple[str, ...] = (sub,)
        if sub == "*":
            inside = elements
        elif sub not in elements and sub in model.dimensions:
            inside = model.dimensions[sub].elements
        for element in inside:
            if element not in elements:
                raise ModelError(
                    f"'{element}' is not an element of '{model.dimensions[dim].name}'",
                    remedy=suggested(element, model.labels(dim)),
                    variable=variable.name,
                )
        at.append([elements.index(e) for e in inside])
    if not at:
        return variable, None
    grid = np.meshgrid(*at, indexing="ij")
    return variable, np.ravel_multi_index(grid, shape_of(model, variable)).reshape(-1).tolist()


def is_parameter(variable: Variable) -> bool:
    """Whether every element of a variable is a constant, changed without a new program."""
    return variable.role == "equation" and bool(variable.equations) and all(
        is_constant(e.expr) for e in variable.equations
    )  # fmt: skip
