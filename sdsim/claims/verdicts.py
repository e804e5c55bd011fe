"""Decides claims: `run_claims(system, claims, ...)` -> one result per claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.claims.active_loops import closed_in
from sdsim.claims.claim_runs import Worlds
from sdsim.claims.claims import BASE, MAX_MADE, MAX_MODELS, Changes, Claim
from sdsim.claims.draws import Drawn
from sdsim.claims.expressions import Read, read_checks
from sdsim.claims.findings import Ablation, Result, Robust, plain_margin
from sdsim.claims.links import link_of
from sdsim.claims.loops import Loop, held_links
from sdsim.claims.margins import (
    curve_of,
    drawn_values,
    margin_of,
    reported_of,
    robust_of,
    sides_of,
    status_of,
)  # fmt: skip
from sdsim.claims.null import Null, against_toy
from sdsim.ir.model import Model
from sdsim.outcomes.evaluate import Batch, Evaluator
from sdsim.outcomes.meaning import Cell
from sdsim.overrides import Overrides
from sdsim.run.methods import Method
from sdsim.run.system import System

#: Members run at once under draws.
CHUNK = 250
Progress = Callable[[int, int], None]


# --- deciding ---------------------------------------------------------------------------------


def run_claims(
    system: System,
    claims: Sequence[Claim],
    *,
    overrides: Overrides | None = None,
    method: Method | None = None,
    ablations: bool = True,
    null: Null | None = None,
    drawn: Drawn | None = None,
    draws: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Result, ...]:
    """Decide claims; results come in the order of the claims.

    Parameters
    ----------
    overrides : put on every run, such as a preset.
    method : `Euler` (default) or `RK4`.
    null : the null models to test as well; None leaves the null control out.
    drawn, draws : the constants to draw, and the number of draws at each of its spreads; of a
        posterior at most as many as it has.
    progress : called now and then with the number of runs done and the total.

    Raises
    ------
    ModelError : a claim that does not fit the model; file and key are named.
    """
    reads = read_checks(system.model, claims, overrides)
    links = _links(system.model, claims, null.loops if null else ())
    worlds = Worlds(system, overrides, method, links, seed=seed)
    court = _Court(worlds, reads, progress or (lambda done, of: None))
    draws = drawn.most(draws) if drawn else 0
    court.summon(
        ablations, len(null.loops) if null else 0, draws * len(drawn.spreads) if drawn else 0
    )
    results = court.base(ablations)
    if null is not None:
        if null.loops:
            closed = closed_in(system, null.loops, court.runs(), overrides, method, links, seed)
            results = court.against_loops(results, null.loops, closed)
        if null.toy is not None:
            toy = Worlds(null.toy, overrides, method, seed=seed, lenient=True)
            results = against_toy(toy, reads, results)
    if drawn is not None and draws:
        results = court.drawn(results, drawn, draws, seed)
    return tuple(results)


def _links(model: Model, claims: Sequence[Claim], loops: Sequence[Loop]) -> list[Any]:
    out = []
    for c in claims:
        tables: dict[tuple[str, ...], Changes] = {(BASE,): c.base}
        tables |= {("runs", k): v for k, v in c.runs.items()}
        tables |= {("ablations", k): v for k, v in c.ablations.items()}
        for keys, changes in tables.items():
            for text in changes.hold:
                try:
                    out.append(link_of(text, model))
                except ModelError as e:
                    raise c.placed(e, *keys, "hold") from None
    for loop in loops:
        try:
            out += held_links(model, loop)
        except ModelError as e:
            raise e.at(file="loops.toml", line=loop.line, variable=loop.name) from None
    return out


def _bounded(r: Read, ablations: bool) -> None:
    """Refuse a claim that needs too many runs.

    Raises
    ------
    ModelError : too many runs times ablations, or too many of them change the equations.
    """
    made = [
        {run: c for run, c in r.claim.settings(a).items() if run in r.needs}
        for a in (None, *(r.claim.ablations if ablations else ()))
    ]
    models = sum(bool(c.overrides.lookups or c.overrides.series) for m in made for c in m.values())
    for count, most, what in (
        (sum(map(len, made)), MAX_MADE, "runs, ablations times runs"),
        (models, MAX_MODELS, "runs with series or lookups of their own, ablations times runs"),
    ):
        if count > most:
            raise ModelError(
                f"{count:,} {what}; at most {most:,}", file=r.claim.file, remedy="split the claim"
            )


class _Court:
    """Makes the runs that the claims need and decides the claims."""

    def __init__(self, worlds: Worlds, reads: Sequence[Read], progress: Progress) -> None:
        self._worlds, self._reads, self._progress = worlds, reads, progress
        self._done = self._of = 0
        self._notes: dict[str, dict[str, str]] = {}

    def _ran(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._of)

    def summon(self, ablations: bool, loops: int, draws: int) -> None:
        """Prepare every run, so that misfits are found before anything runs."""
        own, all_ = set[str](), set[str]()
        for r in self._reads:
            _bounded(r, ablations)
            for ablation in (None, *(r.claim.ablations if ablations else ())):
                for run, changes in r.claim.settings(ablation).items():
                    try:
                        self._worlds.need(changes, r.needs.get(run, ()))
                        if run in r.needs:
                            self._look(r.claim, run, changes, ablation)
                            (own if ablation is None else all_).add(changes.key)
                    except ModelError as e:
                        keys = (BASE,) if run == BASE else ("runs", run)
                        keys = keys if ablation is None else ("ablations", ablation)
                        raise r.claim.placed(e, *keys) from None
        held = (loops + 1) * len(own) if loops else 0
        self._of = len(own | all_) + held + draws * len(own)

    def _look(self, claim: Claim, run: str, changes: Changes, ablation: str | None) -> None:
        """Note constants that a run sets outside their declared ranges."""
        place = f"run '{run}'" if ablation is None else f"ablation '{ablation}'"
        notes = self._notes.setdefault(claim.id, {})
        for said in self._worlds.outside(changes):
            notes.setdefault(said, place)

    def _noted(self, r: Read) -> tuple[str, ...]:
        unread = [k for k in r.claim.runs if names.canonical(k) not in r.needs]
        return (
            *(f"{place} sets {said}" for said, place in self._notes.get(r.claim.id, {}).items()),
            *(f"no expression reads run '{k}'" for k in unread if r.check is not None),
        )

    def _settled(
        self, r: Read, ablation: str | None, held: tuple[str, ...] = ()
    ) -> dict[str, Changes]:
        extra = Changes(hold=held)
        return {
            run: changes | extra
            for run, changes in r.claim.settings(ablation).items()
            if run in r.needs
        }

    def _outcomes(
        self, wanted: Sequence[tuple[Read, str | None, tuple[str, ...]]]
    ) -> list[dict[str, Batch]]:
        """The outcomes of each claim's runs, under an ablation and with links held."""
        runs: dict[str, Changes] = {}
        needs: dict[str, dict[Cell, None]] = {}
        keys = []
        for r, ablation, held in wanted:
            mine = self._settled(r, ablation, held)
            for run, changes in mine.items():
                runs[changes.key] = changes
                needs.setdefault(changes.key, {}).update(dict.fromkeys(r.needs[run]))
                if held:
                    self._worlds.need(changes, r.needs[run])
            keys.append({run: changes.key for run, changes in mine.items()})
        found = self._worlds.each(runs, needs)
        self._ran(len(runs))
        return [{run: found[k] for run, k in mine.items()} for mine in keys]

    # --- the model as it is -------------------------------------------------------------------

    def base(self, ablations: bool) -> list[Result]:
        """Status, margin, ablations."""
        cases: list[tuple[Read, str | None, tuple[str, ...]]] = []
        for r in self._reads:
            if r.check is not None:
                tried = r.claim.ablations if ablations else ()
                cases += [(r, a, ()) for a in (None, *tried)]
        outcomes = self._outcomes(cases)
        found = {(r.claim.id, a): o for (r, a, _), o in zip(cases, outcomes, strict=True)}
        return [self._result(r, found, ablations) for r in self._reads]

    def _result(
        self, r: Read, found: Mapping[tuple[str, str | None], dict[str, Batch]], ablations: bool
    ) -> Result:
        claim = r.claim
        if r.check is None:
            return Result(claim, "not testable", reason=claim.missing)
        evaluator = Evaluator(r.scope, found[claim.id, None])
        margin, why = margin_of(evaluator, r.check)
        status, reason = status_of(margin)
        if status == "ERROR":
            reason = self._blame(r, None) or why or "a value that is not finite"
        sides = tuple(s for text, part in r.parts.items() for s in sides_of(evaluator, part, text))
        if reason and status != "ERROR" and len(sides) > 1:
            reason += f": {next(s.text for s in sides if s.margin == margin)}"
        broken = []
        for name in claim.ablations if ablations else ():
            broken.append(self._ablation(r, name, found[claim.id, name], status))
        return Result(
            claim, status, margin, reason,
            sides,
            {label: reported_of(evaluator, e, k) for label, (e, k) in r.report.items()},
            {text: curve_of(evaluator, e) for text, e in r.plot.items()}, tuple(broken),
            notes=self._noted(r),
        )  # fmt: skip

    def _ablation(self, r: Read, name: str, outcomes: dict[str, Batch], status: str) -> Ablation:
        assert r.check is not None
        margin, why = margin_of(Evaluator(r.scope, outcomes), r.check)
        if margin is None:
            reason = self._blame(r, name) or why or "a value that is not finite"
            return Ablation(name, None, None, f"ERROR: {reason}")
        if status != "supported":
            return Ablation(
                name, None, plain_margin(margin), "does not count: the check is not supported"
            )
        return Ablation(name, margin <= 0, plain_margin(margin))

    def _blame(self, r: Read, ablation: str | None) -> str:
        for run, changes in self._settled(r, ablation).items():
            message = self._worlds.blame(changes)
            if message:
                return f"run '{run}': {message}"
        return ""

    # --- against null models ------------------------------------------------------------------

    def against_loops(
        self, results: list[Result], loops: Sequence[Loop], closed: Mapping[str, frozenset[str]]
    ) -> list[Result]:
        """Decide each check with each of its closed loops held in turn, and with all of them held.

        closed : the loops that are closed in each run, by the run's key.
        """
        tested = [r for r in self._reads if r.check is not None]
        mine = {
            r.claim.id: frozenset().union(*(closed[c.key] for c in self._settled(r, None).values()))
            for r in tested
        }
        base = {x.claim.id: x.margin for x in results}
        needs: dict[str, list[str]] = {r.claim.id: [] for r in tested}
        felt: dict[str, list[str]] = {r.claim.id: [] for r in tested}
        bare = [r for r in tested if not self._settled(r, None)]  # uses no output of any run
        held = {r.claim.id: (base[r.claim.id] or 0) > 0 for r in bare}
        for loop in (*loops, None):
            planned = self._done + len(self.runs())
            cases = []
            for r in tested:
                r.scope.spent = 0
                taken = [x for x in loops if x.name in mine[r.claim.id] and loop in (x, None)]
                if taken:
                    cases.append((r, None, tuple(dict.fromkeys(t for x in taken for t in x.hold))))
            for (r, _, _), outcomes in zip(cases, self._outcomes(cases), strict=True):
                assert r.check is not None
                margin, _ = margin_of(Evaluator(r.scope, outcomes), r.check)
                if loop is None:
                    held[r.claim.id] = margin is not None and margin > 0
                    continue
                if margin != base[r.claim.id]:
                    felt[r.claim.id].append(loop.name)
                if margin is not None and margin <= 0:
                    needs[r.claim.id].append(loop.name)
            self._ran(max(planned - self._done, 0))  # open loops are not run
        return [
            replace(
                x, held=held.get(x.claim.id), felt=tuple(felt[x.claim.id]),
                closed=tuple(p.name for p in loops if p.name in mine[x.claim.id]),
                open=tuple(p.name for p in loops if p.name not in mine[x.claim.id]),
                needs=tuple(needs[x.claim.id]) if x.status == "supported" else None,
            ) if x.claim.id in mine else x
            for x in results
        ]  # fmt: skip

    def runs(self) -> dict[str, Changes]:
        """Every run of every check by its key, without ablations."""
        tested = [r for r in self._reads if r.check is not None]
        return {c.key: c for r in tested for c in self._settled(r, None).values()}

    # --- under draws --------------------------------------------------------------------------

    def drawn(self, results: list[Result], drawn: Drawn, draws: int, seed: int) -> list[Result]:
        """Shares of draws; each run is made once per draw and spread."""
        tested = [r for r in self._reads if r.check is not None]
        runs: dict[str, Changes] = {}
        needs: dict[str, dict[Cell, None]] = {}
        for r in tested:
            for run, changes in self._settled(r, None).items():
                runs[changes.key] = changes
                needs.setdefault(changes.key, {}).update(dict.fromkeys(r.needs[run]))
        robust: dict[str, list[Robust]] = {r.claim.id: [] for r in tested}
        for spread in drawn.spreads:
            kept: dict[str, list[dict[str, NDArray[np.float64]]]] = {r.claim.id: [] for r in tested}
            for first in range(0, draws, CHUNK):
                some = drawn.draws(min(CHUNK, draws - first), spread, first, seed)
                outcomes = {}
                for key, changes in runs.items():
                    outcomes[key] = self._worlds.drawn(changes, needs[key], some, first)
                    self._ran(some.values.shape[1])
                for r in tested:
                    mine = {run: outcomes[c.key] for run, c in self._settled(r, None).items()}
                    kept[r.claim.id].append(drawn_values(r, mine, some.values.shape[1]))
            for r in tested:
                parts = kept[r.claim.id]
                joined = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
                robust[r.claim.id].append(robust_of(r, spread, joined))
        return [replace(x, robust=tuple(robust.get(x.claim.id, ()))) for x in results]
