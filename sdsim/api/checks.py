"""Checks of a model against its claims and reality checks."""

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
    Choice,
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
    """Results of a model's claims and reality checks; ``print`` shows them as `sdsim check` does.

    claims : in the order of their files.   reality : in the order of the model's file.
    drawn : number of constants drawn.

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
        """Whether every claim has its expected status and no reality check fails."""
        failed = any(v.status == "fails" for v in self.reality)
        return all(r.as_expected for r in self.claims) and not failed

    @property
    def order(self) -> list[Result]:
        """The claims, with those that a null model satisfies first."""
        return sorted(self.claims, key=lambda r: r.evidence is not False)

    def to_data(self) -> list[dict[str, Any]]:
        """As plain data, one row per claim and per reality check."""
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
    posterior: Path | None = None,
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
        checks; or a loaded model, with its ``folder``.
    params : applied to every run, for example a preset's overrides.
    method : `Euler` or `RK4`; the file's by default.
    draws : number of draws of the model's constants, to test how robust each claim is; 0 for none.
    posterior : the folder of a posterior, whose draws are taken in place of those that the model's
        folder describes.
    ids, tier, kind : only these claims.
    ablations : whether claims are also run without the mechanisms they should need.
    null : whether claims are also tested on the toy and on the model with its loops held.
    force : whether inequalities in conditions of reality checks are made true, as in Vensim.
    seed : seed of the draws and of the random functions.
    data_folder : folder of external data; the model's own folder by default.
    progress : called now and then with the number of runs done and the total.

    Raises
    ------
    ModelError : a claim that does not fit the model or cannot be read; no claim to decide.

    Examples
    --------
    >>> print(sdsim.check("checked.mdl"))
    no tea no heat  holds          with Teacup Temperature = Room Temperature
    1 reality check, 1 hold
    """
    if draws < 0 or draws > 1_000_000:
        raise ModelError(f"draws is {draws}", remedy="write a number from 0 to 1,000,000")
    if isinstance(model, System) and folder is None:
        remedy = "give the model's path, or folder="
        raise ModelError("a loaded model does not say where its claims are", remedy=remedy)
    system = system_of(model, data_folder)
    where = Folder.of(str(model)) if folder is None else Folder(_Path(folder).resolve())
    overrides = params if isinstance(params, Overrides) else sorted_out(system.model, params or {})
    realities = () if tier is not None or kind is not None else _realities(system, ids)
    found = _claims(where, system, realities, ids)
    claims = _chosen(found, realities, ids, tier, kind)
    choice = where.choice() if posterior is None else Choice(posterior=_Path(posterior))
    drawn = choose(system, overrides, choice) if draws and claims else None
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
    """The claims in the folder; only the chosen ones, if all of those exist."""
    real = {names.canonical(r.name) for r in realities}
    wanted = [i for i in ids if names.canonical(i) not in real]
    if (ids and not wanted) or (system.model.reality and not where.has_claims()):
        return ()
    return where.claims(wanted)


def _realities(system: System, ids: Collection[str]) -> Sequence[Reality]:
    """The chosen reality checks; they have no tier and no kind."""
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
        raise ModelError("no claim is chosen", remedy="change --id, --tier or --kind")
    return found
