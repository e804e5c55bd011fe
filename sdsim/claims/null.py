"""Null models for claims: a toy model, and the model itself with its loops held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sdsim.base.errors import ModelError
from sdsim.claims.claim_runs import Worlds
from sdsim.claims.expressions import Read
from sdsim.claims.findings import Result
from sdsim.claims.loops import Loop
from sdsim.claims.margins import margin_of
from sdsim.outcomes.evaluate import Evaluator
from sdsim.outcomes.meaning import Cell, Scope, fixed_in
from sdsim.run.system import System


@dataclass(frozen=True)
class Null:
    """The null models: a toy, and the model's declared loops to hold; either may be missing."""

    toy: System | None = None
    loops: tuple[Loop, ...] = ()


def against_toy(toy: Worlds, reads: Sequence[Read], results: list[Result]) -> list[Result]:
    """Run each check on the toy, if the toy has the outputs."""
    model = toy.system.model
    fixed = fixed_in(model)
    passed: dict[str, bool] = {}
    for r in reads:
        if r.check is None:
            continue
        scope = Scope(model, fixed, r.scope.runs)
        try:
            scope.kind(r.check)
        except ModelError:
            continue  # the toy has no such output
        runs = {run: c for run, c in r.claim.settings().items() if run in scope.needs}
        needs: dict[str, list[Cell]] = {}
        try:
            for run, changes in runs.items():
                toy.need(changes, scope.needs[run])
                needs.setdefault(changes.key, []).extend(scope.needs[run])
            found = toy.each({c.key: c for c in runs.values()}, needs)
        except ModelError as e:
            raise e.at(file=f"{model.file} ({r.claim.file})") from None
        outcomes = {run: found[c.key] for run, c in runs.items()}
        margin, _ = margin_of(Evaluator(scope, outcomes), r.check)
        passed[r.claim.id] = margin is not None and margin > 0
    return [replace(x, toy=passed.get(x.claim.id)) for x in results]
