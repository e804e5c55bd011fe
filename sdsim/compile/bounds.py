"""Bounds on an expression that hold throughout any run, given the constants' defaults."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from sdsim.base import names
from sdsim.ir.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, Unary, fold
from sdsim.ir.model import Model, Variable, constant_value

Bounds = tuple[float, float]
ANY: Bounds = (-math.inf, math.inf)
#: How many references in a row are followed.
_DEEPEST = 8


def bounds(model: Model, expr: Expr, depth: int = _DEEPEST) -> Bounds:
    """(minimum, maximum) of an expression; infinite if nothing is known."""

    def visit(node: Expr, parts: Sequence[Bounds]) -> Bounds:
        match node:
            case Num(v):
                return (v, v) if v == v else ANY
            case Array(values, _):
                return min(values), max(values)
            case Lookup(_, y, kind):
                return (min(y), max(y)) if kind != "extrapolate" else ANY
            case Unary("-", _):
                return -parts[0][1], -parts[0][0]
            case Unary():
                return 0.0, 1.0
            case Binary(op, _, _):
                return _binary(op, *parts)
            case Ref():
                return _named(model, node.name, depth)
            case Call():
                return _call(model, node, parts, depth)
        return ANY

    return fold(expr, visit)


def _hull(all_: Iterable[Bounds]) -> Bounds:
    both = list(all_)
    return (min(b[0] for b in both), max(b[1] for b in both)) if both else ANY


def _named(model: Model, name: str, depth: int) -> Bounds:
    if name == names.TIME:
        ends = [constant_value(model, Ref(k)) for k in (names.INITIAL_TIME, names.FINAL_TIME)]
        return (ends[0], ends[1]) if None not in ends else ANY  # type: ignore[return-value]
    variable: Variable | None = model.variables.get(name)
    if variable is None or not depth:
        return ANY
    return _hull(bounds(model, e.expr, depth - 1) for e in variable.equations)


def _call(model: Model, call: Call, parts: Sequence[Bounds], depth: int) -> Bounds:
    variable = model.variables.get(call.name)
    if variable is not None and variable.role in ("lookup", "data"):
        return _named(model, call.name, depth)
    match call.name, len(parts):
        case "if then else", 3:
            return _hull(parts[1:])
        case "with lookup", 2:
            return parts[1]
        case "min", 2:
            return min(p[0] for p in parts), min(p[1] for p in parts)
        case "max", 2:
            return max(p[0] for p in parts), max(p[1] for p in parts)
        case "step", 2:
            return min(0.0, parts[0][0]), max(0.0, parts[0][1])
        case "integer", 1:
            return min(0.0, parts[0][0]) if parts[0][0] < 1 else 0.0, max(0.0, parts[0][1])
        case ("pulse", 2) | ("pulse train", 4):
            return 0.0, 1.0
        case ("initial", 1) | ("active initial", 2):
            return _hull(parts)
    return ANY


def _binary(op: str, a: Bounds, b: Bounds) -> Bounds:
    match op:
        case "+":
            return a[0] + b[0], a[1] + b[1]
        case "-":
            return a[0] - b[1], a[1] - b[0]
        case "*" | "/":
            if op == "/":
                if b[0] <= 0.0 <= b[1]:
                    return ANY
                b = (1.0 / b[1], 1.0 / b[0])
            corners = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
            return min(corners), max(corners)
        case "^":
            return ANY
    return 0.0, 1.0  # comparisons
