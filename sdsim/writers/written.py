"""The text of a new model file, and the check that reading it gives the intended model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sdsim.base import names
from sdsim.base.errors import ModelError, counted
from sdsim.base.numerals import listed
from sdsim.ir.model import Equation, Model, Variable
from sdsim.writers.notation import plain

#: How a variable that a macro's call stands for is called; see `sdsim.readers.macros`.
_MACRO = re.compile(r"#(.+?) \d+>")


@dataclass(frozen=True)
class Written:
    """The text of a file.

    model : what it says, in the words of its dialect.
    notes : what is not as it was in the model, one line each.
    """

    text: str
    model: Model
    notes: tuple[str, ...] = ()


def flattened(model: Model) -> Iterator[str]:
    """What of a model's own structure is equations alone once it is written, by name."""
    macros: dict[str, int] = {}
    parts: list[str] = []
    modules: dict[str, None] = {}
    for variable in model.variables.values():
        macro = _MACRO.match(variable.name) if variable.hidden else None
        if macro:
            macros[macro[1]] = macros.get(macro[1], 0) + 1
        elif variable.hidden:
            parts.append(variable.name)
        elif variable.group and variable.name.startswith(f"{variable.group}."):
            modules[variable.group] = None
    if macros:
        size = counted(sum(macros.values()), "variable")
        yield f"macros are written out, as {size}: {listed(list(macros))}"
    if parts:
        size = counted(len(parts), "variable")
        yield f"flows cut at 0 and conveyors are written out, with {size} more: {listed(parts)}"
    if modules:
        yield f"modules become groups of variables called module.variable: {listed(list(modules))}"


def differing(meant: Model, again: Model) -> ModelError | None:
    """The first difference between a model and the one read back from its file, if any.

    Dimensions with their elements and mappings, and every equation, subscripts and all, must be
    the same; a minus before a number may be a part of it.
    """
    for kind, old, new in (
        ("dimension", meant.dimensions, again.dimensions),
        ("variable", meant.variables, again.variables),
    ):
        for key in {**old, **new}:
            if key not in old or key not in new:
                there = "is lost" if key in old else "appears"
                return ModelError(f"{kind} '{key}' {there} when the file is read again")
    checks, found = ([(r.name, r.subs, r.condition, r.implies) for r in m.reality]
                     for m in (meant, again))  # fmt: skip
    for said in dict.fromkeys((*checks, *found)):
        if checks.count(said) != found.count(said):
            return ModelError(
                "has another reality check when the file is read again",
                variable=names.display(said[0]),
            )
    if meant.method != again.method:
        return ModelError("asks for another method when the file is read again")
    for key, dim in meant.dimensions.items():
        other = again.dimensions[key]
        if (dim.elements, dict(dim.maps)) != (other.elements, dict(other.maps)):
            return ModelError("is another range when the file is read again", variable=dim.name)
    for key, variable in meant.variables.items():
        if _said(variable) != _said(again.variables[key]):
            return ModelError(
                "has another equation when the file is read again", variable=variable.name
            )
    return None


def _said(variable: Variable) -> tuple[tuple[str, ...], list[Equation]]:
    made = [Equation(plain(e.expr), e.subs, e.excepts) for e in variable.equations]
    return variable.dims, made
