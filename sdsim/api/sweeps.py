"""Sweeps of a model, and the sensitivity of their outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path as _Path
from typing import Any

import pandas as pd
import xarray as xr

from sdsim.api.models import system_of
from sdsim.base.errors import ModelError, said, warn
from sdsim.design import Design, Table
from sdsim.overrides import Overrides, sorted_out
from sdsim.run.methods import Method
from sdsim.run.system import System
from sdsim.study.study import Bootstrap, Study, check_sweep, study, time_unit_of
from sdsim.sweeps import Outcome, Progress, Sweep, failed, read_sweep, run_sweep

Path = str | PathLike[str]
Outcomes = str | Outcome | Mapping[str, str] | Iterable[str | Outcome]


def sweep(
    model: Path | System | Sweep,
    design: Design | pd.DataFrame | None = None,
    outcomes: Outcomes = (),
    *,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] = (),
    times: Iterable[float] | None = None,
    seed: int = 0,
    store: Path | None = None,
    resume: bool = False,
    jobs: int | None = None,
    dask: str | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a model many times, varying its factors, and keep a few numbers from each run.

    Parameters
    ----------
    model : the path of a model, or a loaded model; or the path of a spec (``.toml``), or a
        `Sweep`, which already contain everything down to ``seed``.
    design : what varies and how, for example ``LatinHypercube(factors, 1000)``; or a data frame
        with a column for each constant and a row for each run.
    outcomes : expressions that reduce a run to a number (``"FINAL(Stock)"``, ``"PEAK(x)"``), by
        name: ``{"cases": "PEAK(Infectious)"}``; or a list of expressions, which name themselves.
    params : the same in all runs; see `sdsim.simulate`.
    save : variables whose whole series are saved, or elements of them (``Stock[north]``).
    times : the times at which they are saved; every saved time by default.
    seed : seed of the model's random functions; the design has its own.
    store : a folder to write, so that nothing is lost on interruption; in memory by default.
        resume : run only what is missing from the store.
    jobs : number of worker processes when a store is written; one per processor by default.
    dask : address of a Dask scheduler, or ``local``.
    progress : called as runs finish, with a `sdsim.sweeps.State`.

    Returns
    -------
    Dataset with ``outcomes (member, outcome)``, ``factors (member, factor)``, ``status (member)``
    and each variable of ``save``; see `sdsim.read_store`.

    Raises
    ------
    ModelError : a name, outcome or design that does not fit the model; a store that exists.

    Warns
    -----
    ModelWarning : a factor or constant that leaves the range declared in the model; members that
        failed, and of what.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> found = sdsim.sweep(
    ...     "sir.mdl", sdsim.LatinHypercube(factors, 64), {"cases": "PEAK(Infectious)"}
    ... )
    >>> found["outcomes"].sizes
    Frozen({'member': 64, 'outcome': 1})
    >>> bool(found["outcomes"].min() > 0)
    True
    """
    ready = sweep_of(model, design, outcomes, params, method, save, times, seed)
    for text in ready.outside():
        warn(text)
    found = run_sweep(
        ready, None if store is None else _Path(store), jobs=jobs, resume=resume, dask=dask,
        progress=progress,
    )  # fmt: skip
    if text := failed(found):
        warn(text)
    return found


def sweep_of(
    model: Path | System | Sweep,
    design: Design | pd.DataFrame | None = None,
    outcomes: Outcomes = (),
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] = (),
    times: Iterable[float] | None = None,
    seed: int = 0,
) -> Sweep:
    """The `Sweep` made from these arguments; see `sweep`.

    Raises
    ------
    ModelError : an unusable spec; settings given together with a spec; no design.
    """
    spec = isinstance(model, str | PathLike) and _Path(model).suffix.lower() == ".toml"
    if spec or isinstance(model, Sweep):
        given = {
            "design": design is not None, "outcomes": bool(outcomes), "params": params is not None,
            "method": method is not None, "save": bool(save), "times": times is not None,
            "seed": bool(seed),
        }  # fmt: skip
        if beside := [k for k, there in given.items() if there]:
            what = (
                f"{', '.join(beside)} given with {'a spec' if spec else 'a Sweep'}, which sets them"
            )
            raise ModelError(what, remedy="leave them out, or give the model's path")
        return model if isinstance(model, Sweep) else read_sweep(_Path(str(model)))
    assert not isinstance(model, Sweep)
    system = system_of(model)
    if design is None:
        remedy = "give one, such as sdsim.LatinHypercube(factors, 1000)"
        raise ModelError("a sweep needs a design", remedy=remedy)
    changes = params if isinstance(params, Overrides) else sorted_out(system.model, params or {})
    return Sweep(
        system, Table.of(design) if isinstance(design, pd.DataFrame) else design,
        tuple(_outcomes(outcomes)), changes, method,
        (save,) if isinstance(save, str) else tuple(save),
        None if times is None else tuple(times), seed,
    )  # fmt: skip


def _outcomes(given: Outcomes) -> Iterable[Outcome]:
    if isinstance(given, Mapping):
        for name, expression in given.items():
            yield from _outcome(expression, name)
        return
    for one in (given,) if isinstance(given, str | Outcome) else given:
        yield from _outcome(one)


def _outcome(given: object, name: str | None = None) -> Iterable[Outcome]:
    if isinstance(given, Outcome):
        yield given if name is None else replace(given, name=name)
    elif isinstance(given, str):
        yield Outcome(given if name is None else name, given)
    else:
        raise ModelError(
            f"expected an expression, got {said(given)}", variable=name, remedy='write "FINAL(x)"'
        )


def sensitivity(
    model: Path | System | Sweep,
    design: Design | pd.DataFrame | None = None,
    outcomes: Outcomes = (),
    *,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] = (),
    seed: int = 0,
    store: Path | None = None,
    resume: bool = False,
    jobs: int | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    common: bool = False,
    progress: Progress | None = None,
) -> Study:
    """Run a sweep and analyse what its outcomes depend on; the design decides the method.

    `Saltelli` gives Sobol indices, `Morris` a screening, `OneAtATime` a tornado, `Crossed` a
    ranking of policies, and any other sample gives PAWN distances and boxes.

    Parameters
    ----------
    model : the path of a spec (``.toml``) or a `Sweep`; or a model, with ``design``, ``outcomes``
        and the other arguments as in `sdsim.sweep`.
    resamples : number of bootstrap resamples.   level : level of the intervals.
    common : use only members with a value for every outcome, so that all outcomes are compared
        over the same part of the space; otherwise each uses every member with a value for it.

    Returns
    -------
    A `Study`; ``print`` shows it as `sdsim sensitivity` does.

    Raises
    ------
    ModelError : as in `sdsim.sweep`; too few members for the method.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> found = sdsim.sensitivity(
    ...     "sir.mdl", sdsim.Saltelli(factors, 64), {"cases": "PEAK(Infectious)"}, resamples=100
    ... )
    >>> found.results["sobol"][""].factors
    ('Contact Infectivity', 'Duration')
    """
    settings = Bootstrap(resamples, level)
    ready = sweep_of(model, design, outcomes, params, method, save, None, seed)
    check_sweep(ready)
    found = sweep(ready, store=store, resume=resume, jobs=jobs, progress=progress)
    return analysed(ready, found, settings, common)


def analysed(ready: Sweep, found: xr.Dataset, settings: Bootstrap, common: bool = False) -> Study:
    """The analysis of a finished sweep; for ``common`` see `sdsim.study.study.study`."""
    asked = replace(settings, seed=ready.seed)
    return study(found, ready.design, asked, time_unit=time_unit_of(ready), common=common)
