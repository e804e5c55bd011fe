"""Names that a file can spell for what reading adds: bodies of macros, cut flows, conveyors.

Their own names cannot stand in a file, so that no file can speak of them by accident. Written
out they are variables like any other: ``#BLEND 1>inner#`` becomes ``BLEND 1 inner``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from sdsim.base import names
from sdsim.ir.expr import Call, Expr, Ref, rewrite
from sdsim.ir.model import Equation, Model, Variable

_MARKS = re.compile(r"[#>]+")


def spelled(model: Model) -> Model:
    """``model`` with a plain name for every hidden variable that a file cannot spell."""
    new = _new_names(model)
    if not new:
        return model

    def change(node: Expr) -> Expr:
        if isinstance(node, Ref | Call) and node.name in new:
            return replace(node, name=names.canonical(new[node.name]))
        return node

    def renamed(variable: Variable, key: str) -> Variable:
        equations = tuple(
            Equation(rewrite(e.expr, change), e.subs, e.excepts, e.line) for e in variable.equations
        )
        return replace(variable, name=new.get(key, variable.name), equations=equations)

    variables = {
        names.canonical(new.get(k, v.name)) if k in new else k: renamed(v, k)
        for k, v in model.variables.items()
    }
    return replace(model, variables=variables)


def _new_names(model: Model) -> Mapping[str, str]:
    """By canonical name, what each such variable is called in a file."""
    taken = {*model.variables, *model.dimensions}
    taken |= {e for d in model.dimensions.values() for e in d.elements}
    out: dict[str, str] = {}
    for key, variable in model.variables.items():
        if not variable.hidden or not variable.name.endswith("#") or ">" not in variable.name:
            continue
        plain = names.display(_MARKS.sub(" ", variable.name))
        name, count = plain, 1
        while names.canonical(name) in taken:
            count += 1
            name = f"{plain} {count}"
        taken.add(names.canonical(name))
        out[key] = name
    return out
