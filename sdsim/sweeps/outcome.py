"""Outcomes: one number per member, given as an expression in the model's own notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sdsim.base.errors import ModelError, nearest, said
from sdsim.ir.expr import Expr
from sdsim.ir.model import Model
from sdsim.outcomes import (
    Batch,
    Cell,
    Evaluator,
    Kind,
    Numbers,
    OutsideError,
    Scope,
    fixed_in,
    parse_expressions,
)

MAX_LENGTH = 4000  # characters of one expression
MAX_OUTCOMES = 1000
BETTER = ("", "high", "low")


@dataclass(frozen=True)
class Outcome:
    """What a sweep keeps of each run: an expression that gives one number per member.

    expression : Vensim's notation with the measures of `sdsim.outcomes.measures`; a condition
        gives 1 if it holds and 0 if not.
    units : as shown.   better : ``high``, ``low``, or empty if neither is better.

    Raises
    ------
    ModelError : a name that is empty, something else than text, another word for ``better``.

    Examples
    --------
    >>> sdsim.Outcome("cases", "PEAK(Infectious)", "people", better="low").expression
    'PEAK(Infectious)'
    """

    name: str
    expression: str
    units: str = ""
    better: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ModelError(
                f"an outcome: expected a name, got {said(self.name)}",
                remedy='write sdsim.Outcome("cases", "PEAK(Infectious)")',
            )
        for what in ("expression", "units"):
            if not isinstance(text := getattr(self, what), str):
                raise ModelError(
                    f"{what}: expected text, got {said(text)}",
                    remedy="write it in quotes",
                    variable=self.name,
                )
        if not isinstance(self.better, str) or self.better not in BETTER:
            close = nearest(self.better, BETTER[1:]) if isinstance(self.better, str) else ""
            raise ModelError(
                f"better: expected 'high' or 'low', got {said(self.better)}",
                remedy=close or "write one of them, or leave it out",
                variable=self.name,
            )


@dataclass(frozen=True)
class Outcomes:
    """Outcomes that have been checked against a model.

    cells : the elements of variables that they use.
    """

    asked: tuple[Outcome, ...]
    trees: tuple[Expr, ...]
    kinds: tuple[Kind, ...]
    scope: Scope

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The elements that a run must keep."""
        return tuple(self.scope.needs.get("base", {}))

    def only(self, k: int) -> Outcomes:
        """One outcome alone, with the elements that it uses."""
        own = Scope(self.scope.model, self.scope.fixed)
        own.kind(self.trees[k])
        return Outcomes((self.asked[k],), (self.trees[k],), (self.kinds[k],), own)

    def of(self, batch: Batch, count: int) -> Numbers:
        """(n_member, n_outcome); NaN where an outcome does not exist, as for a level never reached.

        Raises
        ------
        ModelError : an outcome refers to a time or place outside the run.
        """
        evaluator = Evaluator(self.scope, {"base": batch})
        out = np.empty((count, len(self.asked)))
        for k, (outcome, tree, kind) in enumerate(
            zip(self.asked, self.trees, self.kinds, strict=True)
        ):
            try:
                value = evaluator.number(tree)
            except OutsideError as e:
                raise ModelError(str(e), variable=outcome.name) from None
            if kind.condition:
                value = np.where(np.isnan(value), np.nan, np.where(value > 0, 1.0, 0.0))
            out[:, k] = np.where(np.isfinite(value), value, np.nan)
        return out


def read_outcomes(model: Model, asked: Sequence[Outcome], moving: Sequence[str] = ()) -> Outcomes:
    """Read every expression and look up every name.

    moving : canonical names of constants that vary over time because they were given a series.

    Raises
    ------
    ModelError : an expression that cannot be read or makes no sense; the outcome is named.
    """
    if len(asked) > MAX_OUTCOMES:
        raise ModelError(
            f"{len(asked):,} outcomes, at most {MAX_OUTCOMES:,}", remedy="leave some out"
        )
    for outcome in asked:
        if len(outcome.expression) > MAX_LENGTH:
            raise ModelError(
                f"longer than {MAX_LENGTH} characters", variable=outcome.name, remedy="shorten it"
            )
    twice = {o.name for o in asked if sum(o.name == p.name for p in asked) > 1}
    if twice:
        raise ModelError(f"two outcomes are called '{min(twice)}'", remedy="give each its own name")
    try:
        trees = parse_expressions({("", o.name): o.expression for o in asked})
    except ModelError as e:
        raise ModelError(e.what, remedy=e.remedy, variable=e.variable) from None
    scope = Scope(model, fixed_in(model) - frozenset(moving))
    kinds = []
    for outcome in asked:
        try:
            kinds.append(_suiting(scope.kind(trees["", outcome.name])))
        except ModelError as e:
            raise ModelError(e.what, remedy=e.remedy, variable=outcome.name) from None
    return Outcomes(tuple(asked), tuple(trees["", o.name] for o in asked), tuple(kinds), scope)


def _suiting(kind: Kind) -> Kind:
    if kind.marks:
        what = f"still runs over {' and '.join(sorted(kind.marks))}"
        raise ModelError(what, remedy="bring it down: SUM(...), ALL(...), PEAK(...)")
    if kind.timed:
        raise ModelError("has values over time", remedy="reduce it: FINAL(...), PEAK(...)")
    return kind
