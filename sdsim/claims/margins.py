"""Reduces conditions to margins, statuses and shares of draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdsim.claims.draws import Share
from sdsim.claims.expressions import Read
from sdsim.claims.findings import Robust, Side
from sdsim.ir.expr import Binary, Call, Expr, Ref, children, to_text
from sdsim.outcomes.evaluate import Batch, Evaluator
from sdsim.outcomes.meaning import Kind, runs_of
from sdsim.outcomes.values import OutsideError, Series

#: A claim is supported above this margin.
LEAST_MARGIN = 0.05


def margin_of(evaluator: Evaluator, check: Expr) -> tuple[float | None, str]:
    """The margin of a condition in a single run, or None and the measure that has no value."""
    try:
        margin = float(np.broadcast_to(evaluator.number(check), (1,))[0])
    except OutsideError as e:
        return None, str(e)
    return (margin, "") if np.isfinite(margin) else (None, _without_value(evaluator, check))


def _without_value(evaluator: Evaluator, expr: Expr) -> str:
    """The innermost measure without a value, in words; empty if there is none."""
    if isinstance(expr, Call) and expr.name == "in":
        (run,), inner = runs_of(expr)
        return _without_value(replace(evaluator, run=run), inner)
    for part in children(expr):
        if not isinstance(part, Ref) and (found := _without_value(evaluator, part)):
            return found
    kind = evaluator.scope.kind(expr, evaluator.run)
    if isinstance(expr, Call) and not kind.marks and not kind.timed:
        with suppress(OutsideError):
            if not np.isfinite(evaluator.number(expr)).all():
                known = evaluator.scope.model.variables
                shown = to_text(expr, lambda n: known[n].name if n in known else n.upper())
                return f"{shown} has no value"
    return ""


def status_of(margin: float | None) -> tuple[str, str]:
    if margin is None:
        return "ERROR", ""
    if margin > LEAST_MARGIN:
        return "supported", ""
    return "not supported", "too close" if margin > 0 else "fails"


def sides_of(evaluator: Evaluator, part: Expr, text: str) -> list[Side]:
    margin, _ = margin_of(evaluator, part)
    if isinstance(part, Binary) and part.op in ("<", "<=", ">", ">="):
        left, right = (_number(evaluator, e) for e in (part.left, part.right))
        return [Side(text, margin, left, right)]
    return [Side(text, margin)]


def _number(evaluator: Evaluator, expr: Expr) -> float | None:
    try:
        value = float(np.broadcast_to(evaluator.number(expr), (1,))[0])
    except OutsideError:
        return None
    return value if np.isfinite(value) else None


def reported_of(evaluator: Evaluator, expr: Expr, kind: Kind) -> float | bool | None:
    value = _number(evaluator, expr)
    return value if value is None or not kind.condition else value > 0


def curve_of(evaluator: Evaluator, expr: Expr) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value = evaluator.value(expr)
    assert isinstance(value, Series)
    return value.axis, value.values[:, 0]


def drawn_values(
    r: Read, outcomes: Mapping[str, Batch], count: int
) -> dict[str, NDArray[np.float64]]:
    """For each member, the margin (under the empty label) and the reported values."""
    evaluator = Evaluator(r.scope, outcomes)
    assert r.check is not None
    out = {}
    r.scope.spent = 0
    for label, expr in {"": r.check, **{k: e for k, (e, _) in r.report.items()}}.items():
        try:
            out[label] = np.broadcast_to(evaluator.number(expr), (count,)).copy()
        except OutsideError:  # for some members only, or because their axes differ
            out[label] = np.array([_alone(r, outcomes, expr, i) for i in range(count)])
    return out


def _alone(r: Read, outcomes: Mapping[str, Batch], expr: Expr, member: int) -> float:
    """The value for one member; NaN if it has none."""
    part = slice(member, member + 1)
    own = {
        run: Batch(b.time, {cell: v[:, part] for cell, v in b.values.items()})
        for run, b in outcomes.items()
    }
    r.scope.spent = 0
    try:
        return float(np.broadcast_to(Evaluator(r.scope, own).number(expr), (1,))[0])
    except OutsideError:
        return math.nan


def robust_of(r: Read, spread: float | None, values: Mapping[str, NDArray[np.float64]]) -> Robust:
    reported: dict[str, Share | tuple[float, float, float]] = {}
    for label, (_, kind) in r.report.items():
        v = values[label]
        if kind.condition:
            reported[label] = _counted(v)
        elif np.isfinite(v).any():
            low, middle, high = np.quantile(v[np.isfinite(v)], (0.05, 0.5, 0.95))
            reported[label] = (float(low), float(middle), float(high))
    return Robust(spread, _counted(values[""]), reported)


def _counted(margins: NDArray[np.float64]) -> Share:
    return Share(int((margins > 0).sum()), margins.size, int(np.isnan(margins).sum()))
