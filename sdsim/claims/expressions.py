"""Reads the expressions of claims and checks that they make sense for a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdsim.base import names
from sdsim.base.errors import ModelError, each
from sdsim.claims.claims import Claim
from sdsim.ir.expr import Binary, Expr
from sdsim.ir.model import Model
from sdsim.outcomes.formula import Place, parse_each
from sdsim.outcomes.meaning import Cell, Kind, Scope, fixed_in
from sdsim.overrides import Overrides

#: The most steps a claim's expressions may take: about ten seconds. Held loops, and each batch of
#: draws, get the same allowance again.
MAX_STEPS = 1_000_000


@dataclass(frozen=True)
class Read:
    """A claim whose expressions have been read and checked.

    check : one condition.   parts : its comparisons, as written.
    needs : the elements that each of its runs must keep.
    """

    claim: Claim
    check: Expr | None
    parts: Mapping[str, Expr]
    report: Mapping[str, tuple[Expr, Kind]]
    plot: Mapping[str, Expr]
    scope: Scope
    needs: Mapping[str, tuple[Cell, ...]]


def read_checks(
    model: Model, claims: Sequence[Claim], overrides: Overrides | None = None
) -> list[Read]:
    """Read every expression and look up every name.

    overrides : applied to every run; a constant that they give a series is no longer a constant.

    Raises
    ------
    ModelError : an expression that cannot be read or makes no sense for this model; file and
        key are named. Faults of other claims are its notes.
    """
    found = {(c.file, k): t for c in claims for k, t in c.expressions().items()}
    trees = parse_each(found)
    fixed = fixed_in(model) - _moved(overrides)
    return each(lambda c: _read(model, fixed, c, _trees(c, trees)), claims)


def _trees(claim: Claim, trees: Mapping[Place, Expr | ModelError]) -> dict[str, Expr]:
    found = {}
    for key in claim.expressions():
        tree = trees[claim.file, key]
        if isinstance(tree, ModelError):
            raise claim.placed(tree, *key.split(".", 1))
        found[key] = tree
    return found


def _moved(overrides: Overrides | None) -> set[str]:
    """Variables that the overrides give a series."""
    series = overrides.series if overrides else {}
    return {names.canonical(name.split("[")[0]) for name in series}


def _read(model: Model, fixed: frozenset[str], claim: Claim, trees: Mapping[str, Expr]) -> Read:
    given = [claim.base, *claim.runs.values(), *claim.ablations.values()]
    moved = set[str]().union(*(_moved(c.overrides) for c in given))
    scope = Scope(model, fixed - moved, tuple(claim.settings()), most=MAX_STEPS, file=claim.file)
    kinds: dict[str, Kind] = {}
    key = "variables"
    try:
        for name in claim.variables:
            try:
                model.find(name.split("[")[0])
            except ModelError as e:
                raise ModelError(e.what, remedy=e.remedy) from None
        for key, tree in trees.items():
            kinds[key] = scope.kind(tree)
            _suits(key, kinds[key])
    except ModelError as e:
        raise claim.placed(e, *key.split(".", 1)) from None
    checks = [t for k, t in trees.items() if k.split(" ")[0] == "check"]
    whole = None
    for t in checks:
        whole = t if whole is None else Binary("and", whole, t)
    labels = {k: t for k, t in trees.items() if k.startswith("report.")}
    return Read(
        claim, whole, dict(zip(claim.check, checks, strict=True)),
        {k.removeprefix("report."): (t, kinds[k]) for k, t in labels.items()},
        {text: trees[f"plot {i}"] for i, text in enumerate(claim.plot, start=1)},
        scope, {run: tuple(cells) for run, cells in scope.needs.items()},
    )  # fmt: skip


def _suits(key: str, kind: Kind) -> None:
    """Whether the kind fits the key: a condition, a number, either of them, or values over time."""
    if kind.marks:
        what = " and ".join(sorted(kind.marks))
        raise ModelError(f"still runs over {what}", remedy="ALL(...), SUM(...), PEAK(...)")
    if key.startswith("plot"):
        if kind.condition or not kind.timed:
            raise ModelError("has no values over time", remedy="name a variable that changes")
        return
    if kind.timed:
        raise ModelError("has values over time", remedy="reduce them: FINAL, AT, ALWAYS, ...")
    if key.startswith("check") and not kind.condition:
        raise ModelError("is a number, expected a condition", remedy="compare it with something")
