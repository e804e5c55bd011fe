"""Claims decided: `run_claims(system, claims, ...)` -> results, one a claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.check.claims import BASE, Changes, Claim
from sdsim.check.draws import Drawn, Share
from sdsim.check.findings import SPREADS, Ablation, Result, Robust, Side
from sdsim.check.links import link_of
from sdsim.check.loops import Loop, held_links
from sdsim.check.reading import Read, read_checks
from sdsim.check.worlds import Worlds
from sdsim.errors import ModelError
from sdsim.expr import Binary, Call, Expr, Ref, children, to_text
from sdsim.methods import Method
from sdsim.model import Model
from sdsim.outcomes.evaluate import Batch, Evaluator
from sdsim.outcomes.meaning import Cell, Kind, Scope, fixed_in, runs_of
from sdsim.outcomes.values import OutsideError, Series
from sdsim.overrides import Overrides
from sdsim.system import System

#: A claim is supported above this margin.
LEAST_MARGIN = 0.05
#: Members run at once under draws.
CHUNK = 250
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Null:
    """What stands against the claims: a toy, and the model's declared loops; either may lack."""

    toy: System | None = None
    loops: tuple[Loop, ...] = ()


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
    """Decide claims, in the order given.

    Parameters
    ----------
    overrides : put on every run, such as a preset.
    method : `Euler` (default) or `RK4`.
    null : what the claims are also put to; None leaves the null control out.
    drawn, draws : the constants to draw and how often, at each of `SPREADS`.
    progress : called now and then with how many runs are done, of how many.

    Raises
    ------
    ModelError : a claim that does not fit the model; file and key are named.
    """
    reads = read_checks(system.model, claims, overrides)
    links = _links(system.model, claims, null.loops if null else ())
    worlds = Worlds(system, overrides, method, links, seed=seed)
    court = _Court(worlds, reads, progress or (lambda done, of: None))
    court.summon(ablations, len(null.loops) if null else 0, draws if drawn else 0)
    results = court.base(ablations)
    if null is not None:
        results = court.against_loops(results, null.loops)
        if null.toy is not None:
            toy = Worlds(null.toy, overrides, method, seed=seed, lenient=True)
            results = _against_toy(toy, reads, results)
    if drawn is not None and draws:
        results = court.drawn(results, drawn, draws, seed)
    return tuple(results)


def _links(model: Model, claims: Sequence[Claim], loops: Sequence[Loop]) -> list[Any]:
    out = []
    for c in claims:
        tables = {"base": c.base}
        tables |= {f"runs.{k}": v for k, v in c.runs.items()}
        tables |= {f"ablations.{k}": v for k, v in c.ablations.items()}
        for key, changes in tables.items():
            for text in changes.hold:
                try:
                    out.append(link_of(text, model))
                except ModelError as e:
                    raise e.at(file=c.file, variable=f"{key}.hold") from None
    for loop in loops:
        try:
            out += held_links(model, loop)
        except ModelError as e:
            raise e.at(file="loops.toml", variable=loop.name) from None
    return out


class _Court:
    """Runs what the claims need and decides them."""

    def __init__(self, worlds: Worlds, reads: Sequence[Read], progress: Progress) -> None:
        self._worlds, self._reads, self._progress = worlds, reads, progress
        self._done = self._of = 0

    def _ran(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._of)

    def summon(self, ablations: bool, loops: int, draws: int) -> None:
        """Make every run ready, so that what does not fit is found before anything runs."""
        own, all_ = set[str](), set[str]()
        for r in self._reads:
            for ablation in (None, *(r.claim.ablations if ablations else ())):
                for run, changes in r.claim.settings(ablation).items():
                    try:
                        self._worlds.need(changes, r.needs.get(run, ()))
                        if run in r.needs:
                            (own if ablation is None else all_).add(changes.key)
                    except ModelError as e:
                        key = BASE if run == BASE else f"runs.{run}"
                        key = key if ablation is None else f"ablations.{ablation}"
                        what = f"'{e.variable}': {e.what}" if e.variable else e.what
                        raise ModelError(
                            what, remedy=e.remedy, file=r.claim.file, variable=key
                        ) from None
        held = (loops + 1) * len(own) if loops else 0
        self._of = len(own | all_) + held + len(SPREADS) * draws * len(own)

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
        self, wanted: Sequence[tuple[Read, str | None]], held: tuple[str, ...] = ()
    ) -> list[dict[str, Batch]]:
        """For each claim under each ablation, the outcomes of its runs; all in few batches."""
        runs: dict[str, Changes] = {}
        needs: dict[str, dict[Cell, None]] = {}
        keys = []
        for r, ablation in wanted:
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
        cases: list[tuple[Read, str | None]] = []
        for r in self._reads:
            if r.check is not None:
                tried = r.claim.ablations if ablations else ()
                cases += [(r, None), *((r, a) for a in tried)]
        found = {(r.claim.id, a): o for (r, a), o in zip(cases, self._outcomes(cases), strict=True)}
        return [self._result(r, found, ablations) for r in self._reads]

    def _result(
        self, r: Read, found: Mapping[tuple[str, str | None], dict[str, Batch]], ablations: bool
    ) -> Result:
        claim = r.claim
        if r.check is None:
            return Result(claim, "not testable", reason=claim.missing)
        evaluator = Evaluator(r.scope, found[claim.id, None])
        margin, why = margin_of(evaluator, r.check)
        status, reason = _status(margin)
        if status == "ERROR":
            reason = self._blame(r, None) or why or "a value that is not finite"
        sides = tuple(s for text, part in r.parts.items() for s in _sides(evaluator, part, text))
        if reason and status != "ERROR" and len(sides) > 1:
            reason += f": {next(s.text for s in sides if s.margin == margin)}"
        broken = []
        for name in claim.ablations if ablations else ():
            broken.append(self._ablation(r, name, found[claim.id, name], status))
        return Result(
            claim, status, margin, reason,
            sides,
            {label: _reported(evaluator, e, k) for label, (e, k) in r.report.items()},
            {text: _curve(evaluator, e) for text, e in r.plot.items()}, tuple(broken),
        )  # fmt: skip

    def _ablation(self, r: Read, name: str, outcomes: dict[str, Batch], status: str) -> Ablation:
        assert r.check is not None
        margin, why = margin_of(Evaluator(r.scope, outcomes), r.check)
        if margin is None:
            reason = self._blame(r, name) or why or "a value that is not finite"
            return Ablation(name, None, None, f"ERROR: {reason}")
        if status != "supported":
            return Ablation(name, None, margin, "does not count: the check is not supported")
        return Ablation(name, margin <= 0, margin)

    def _blame(self, r: Read, ablation: str | None) -> str:
        for run, changes in self._settled(r, ablation).items():
            message = self._worlds.blame(changes)
            if message:
                return f"run '{run}': {message}"
        return ""

    # --- against null models ------------------------------------------------------------------

    def against_loops(self, results: list[Result], loops: Sequence[Loop]) -> list[Result]:
        """Each check with each loop held, and with all of them."""
        if not loops:
            return results
        tested = [(r, None) for r in self._reads if r.check is not None]
        needs: dict[str, list[str]] = {r.claim.id: [] for r, _ in tested}
        held: dict[str, bool] = {}
        everything = tuple(dict.fromkeys(t for loop in loops for t in loop.hold))
        for name, hold in [*((loop.name, loop.hold) for loop in loops), ("", everything)]:
            for (r, _), outcomes in zip(tested, self._outcomes(tested, hold), strict=True):
                assert r.check is not None
                margin, _ = margin_of(Evaluator(r.scope, outcomes), r.check)
                if not name:
                    held[r.claim.id] = margin is not None and margin > 0
                elif margin is not None and margin <= 0:
                    needs[r.claim.id].append(name)
        return [
            replace(
                x, held=held[x.claim.id],
                needs=tuple(needs[x.claim.id]) if x.status == "supported" else None,
            ) if x.claim.id in held else x
            for x in results
        ]  # fmt: skip

    # --- under draws --------------------------------------------------------------------------

    def drawn(self, results: list[Result], drawn: Drawn, draws: int, seed: int) -> list[Result]:
        """Shares of draws; every run is made once for each draw and spread."""
        tested = [r for r in self._reads if r.check is not None]
        runs: dict[str, Changes] = {}
        needs: dict[str, dict[Cell, None]] = {}
        for r in tested:
            for run, changes in self._settled(r, None).items():
                runs[changes.key] = changes
                needs.setdefault(changes.key, {}).update(dict.fromkeys(r.needs[run]))
        robust: dict[str, list[Robust]] = {r.claim.id: [] for r in tested}
        for spread in SPREADS:
            kept: dict[str, list[dict[str, NDArray[np.float64]]]] = {r.claim.id: [] for r in tested}
            for first in range(0, draws, CHUNK):
                some = drawn.draws(min(CHUNK, draws - first), spread, first, seed)
                outcomes = {}
                for key, changes in runs.items():
                    outcomes[key] = self._worlds.drawn(changes, needs[key], some, first)
                    self._ran(some.values.shape[1])
                for r in tested:
                    mine = {run: outcomes[c.key] for run, c in self._settled(r, None).items()}
                    kept[r.claim.id].append(_drawn_values(r, mine, some.values.shape[1]))
            for r in tested:
                parts = kept[r.claim.id]
                joined = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
                robust[r.claim.id].append(_robust(r, spread, joined))
        return [replace(x, robust=tuple(robust.get(x.claim.id, ()))) for x in results]


def _against_toy(toy: Worlds, reads: Sequence[Read], results: list[Result]) -> list[Result]:
    """Each check on the toy, where it has the outputs."""
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


# --- values -----------------------------------------------------------------------------------


def margin_of(evaluator: Evaluator, check: Expr) -> tuple[float | None, str]:
    """The margin of a condition in a single run, or None and what has no value."""
    try:
        margin = float(np.broadcast_to(evaluator.number(check), (1,))[0])
    except OutsideError as e:
        return None, str(e)
    return (margin, "") if np.isfinite(margin) else (None, _without_value(evaluator, check))


def _without_value(evaluator: Evaluator, expr: Expr) -> str:
    """The innermost measure that has no value, in words; empty where none is found."""
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


def _status(margin: float | None) -> tuple[str, str]:
    if margin is None:
        return "ERROR", ""
    if margin > LEAST_MARGIN:
        return "supported", ""
    return "not supported", "too close" if margin > 0 else "fails"


def _sides(evaluator: Evaluator, part: Expr, text: str) -> list[Side]:
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


def _reported(evaluator: Evaluator, expr: Expr, kind: Kind) -> float | bool | None:
    value = _number(evaluator, expr)
    return value if value is None or not kind.condition else value > 0


def _curve(evaluator: Evaluator, expr: Expr) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value = evaluator.value(expr)
    assert isinstance(value, Series)
    return value.axis, value.values[:, 0]


def _drawn_values(
    r: Read, outcomes: Mapping[str, Batch], count: int
) -> dict[str, NDArray[np.float64]]:
    """The margin, under the empty label, and what is reported, for each member."""
    evaluator = Evaluator(r.scope, outcomes)
    assert r.check is not None
    out = {}
    for label, expr in {"": r.check, **{k: e for k, (e, _) in r.report.items()}}.items():
        try:
            out[label] = np.broadcast_to(evaluator.number(expr), (count,)).copy()
        except OutsideError:
            out[label] = np.full(count, np.nan)
    return out


def _robust(r: Read, spread: float, values: Mapping[str, NDArray[np.float64]]) -> Robust:
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
