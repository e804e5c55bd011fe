"""Properties of expressions: the dimensions they range over, and their value if it is obvious."""

from __future__ import annotations

import math
from collections.abc import Callable

from sdsim.functions import VECTOR
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, fold


def marked_in(expr: Expr) -> dict[str, None]:
    """The dimensions marked ``!`` that no inner call reduces over, in order."""

    def visit(node: Expr, parts: list[dict[str, None]]) -> dict[str, None]:
        if isinstance(node, Call) and node.name in VECTOR:
            return {}
        found = {d: None for p in parts for d in p}
        if isinstance(node, Ref | Call):
            found |= {s[:-1]: None for s in node.subs if s.endswith("!")}
        return found

    return fold(expr, visit)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
}


def value_of(expr: Expr) -> float | None:
    """The value of arithmetic with numbers; None for anything else."""

    def visit(node: Expr, parts: list[float | None]) -> float | None:
        if isinstance(node, Num):
            return node.value
        if any(p is None for p in parts):
            return None
        if isinstance(node, Unary) and node.op == "-":
            return -(parts[0] or 0.0)
        if isinstance(node, Binary) and node.op in _ARITHMETIC:
            found = _ARITHMETIC[node.op](parts[0] or 0.0, parts[1] or 0.0)
            return found if math.isfinite(found) else None
        if isinstance(node, Call) and node.name == "int":
            return float(math.floor(parts[0] or 0.0))
        return None

    return fold(expr, visit)
