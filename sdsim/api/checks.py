"""A model held to what is claimed of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path as _Path
from typing import Any

from sdsim.api.models import system_of
from sdsim.base import names
from sdsim.base.errors import ModelError, suggested
from sdsim.claims import (
    Claim,
    Folder,
    Result,
    Verdict,
    choose,
    constraints,
    run_claims,
    run_realities,
)
from sdsim.claims.report import claim_lines, reality_lines
from sdsim.ir.model import Reality
from sdsim.overrides import Overrides, sorted_out
from sdsim.run.methods import Method
from sdsim.run.system import System

Path = str | PathLike[str]


@dataclass(frozen=True)
class Checks:
    """What became of a model's claims and reality checks; ``print`` shows it as `sdsim check` does.

    claims : in the order of their files.   reality : in the order of the model's file.
    drawn : how many constants were drawn.

    Examples
    --------
    >>> found = sdsim.check("checked.mdl")
    >>> [(v.name, v.status) for v in found.reality]
    [('no tea no heat', 'holds')]
    >>> found.passed
    True
    """

    claims: tuple[Result, ...] = ()
    reality: tuple[Verdict, ...] = ()
    drawn: int = 0

    @property
    def passed(self) -> bool:
        """Whether every claim came out as it expects, and no reality check fails."""
        failed = any(v.status == "fails" for v in self.reality)
        return all(r.as_expected for r in self.claims) and not failed

    @property
    def order(self) -> list[Result]:
        """The claims, those that a null model satisfies first."""
        return sorted(self.claims, key=lambda r: r.evidence is not False)

    def to_data(self) -> list[dict[str, Any]]:
        """As plain data, a row for each claim and each reality check."""
        return [*(r.to_data() for r in self.order), *(v.to_data() for v in self.reality)]

    def __str__(self) -> str:
        claims = claim_lines(self.order, self.drawn) if self.claims else []
        reality = reality_lines(self.reality) if self.reality else []
        return "\n".join([*claims, *([""] if claims and reality else []), *reality])


def check(
    model: Path | System,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    *,
    folder: Path | None = None,
    draws: int = 1000,
    ids: Collection[str] = (),
    tier: int | None = None,
    kind: str | None = None,
    ablations: bool = True,
    null: bool = True,
    force: bool = False,
    seed: int = 0,
    data_folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Checks:
    """Decide the claims in a model's folder, and the reality checks in its file.

    Parameters
    ----------
    model : the path of a model with a folder ``claims`` beside it, or of a Vensim file with reality
        checks; or a model that is loaded, with its ``folder``.
    params : put on every run, such as a preset's overrides.
    method : `Euler` or `RK4`; the file's by default.
    draws : of the model's constants, to see how far each claim survives other values; 0 for none.
    ids, tier, kind : these claims only.
    ablations : whether claims are also run without what they say they need.
    null : whether they are also put to the toy and to the model with its loops held.
    force : whether inequalities in conditions of reality checks are made true, as Vensim does.
    seed : of the draws and of the random functions.
    data_folder : where external data may lie; the model's own folder by default.
    progress : called now and then with how many runs are done, of how many.

    Raises
    ------
    ModelError : a claim that does not fit the model, or cannot be read; no claim is left.

    Examples
    --------
    >>> print(sdsim.check("checked.mdl"))
    no tea no heat  holds          with Teacup Temperature = Room Temperature
    1 reality checks, 1 hold
    """
    if draws < 0 or draws > 1_000_000:
        raise ModelError(f"draws is {draws}", remedy="0 to 1,000,000")
    if isinstance(model, System) and folder is None:
        remedy = "give the model's path, or folder="
        raise ModelError("a loaded model does not say where its claims are", remedy=remedy)
    system = system_of(model, data_folder)
    where = Folder.of(str(model)) if folder is None else Folder(_Path(folder).resolve())
    overrides = params if isinstance(params, Overrides) else sorted_out(system.model, params or {})
    realities = () if tier is not None or kind is not None else _realities(system, ids)
    found = _claims(where, system, realities, ids)
    claims = _chosen(found, realities, ids, tier, kind)
    drawn = choose(system, overrides, where.choice()) if draws and claims else None
    results = run_claims(
        system, claims, overrides=overrides, method=method, draws=draws, ablations=ablations,
        null=where.null(system) if null and claims else None,
        drawn=drawn, seed=seed, progress=progress,
    )  # fmt: skip
    decided = run_realities(system, overrides, method, chosen=realities, force=force, seed=seed)
    return Checks(results, decided, len(drawn.cells) if drawn else 0)


def _claims(
    where: Folder, system: System, realities: Sequence[Reality], ids: Collection[str]
) -> Sequence[Claim]:
    """The claims there are; those alone that are asked for by name, where they are all there."""
    real = {names.canonical(r.name) for r in realities}
    wanted = [i for i in ids if names.canonical(i) not in real]
    if (ids and not wanted) or (system.model.reality and not where.has_claims()):
        return ()
    return where.claims(wanted)


def _realities(system: System, ids: Collection[str]) -> Sequence[Reality]:
    """The reality checks that are asked for; they have no tier and no kind."""
    wanted = {names.canonical(i) for i in ids}
    return [r for r in constraints(system.model) if not wanted or names.canonical(r.name) in wanted]


def _chosen(
    claims: Sequence[Claim], realities: Sequence[Reality], ids: Collection[str], tier: int | None,
    kind: str | None,
) -> list[Claim]:  # fmt: skip
    known = [c.id for c in claims]
    real = {names.canonical(r.name) for r in realities}
    for wanted in ids:
        if wanted not in known and names.canonical(wanted) not in real:
            raise ModelError(f"no claim '{wanted}'", remedy=suggested(wanted, known))
    found = [
        c for c in claims
        if (not ids or c.id in ids) and tier in (None, c.tier) and kind in (None, c.kind)
    ]  # fmt: skip
    if not found and not realities:
        raise ModelError("no claim is left", remedy="--id, --tier and --kind leave none")
    return found
