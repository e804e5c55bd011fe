"""Search for policies: settings or paths of levers that are Pareto-optimal in two or three
outcomes, each evaluated on the same draws of the uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.pareto import Front, optimise
from sdsim.base.errors import ModelError, nearest, warn
from sdsim.design import Crossed, Design, Factor, LatinHypercube, Lever, Posterior, Table
from sdsim.design.posterior import taken
from sdsim.sweeps import Sweep, run_sweep

Floats = NDArray[np.float64]


def search(
    sweep: Sweep, outcomes: Sequence[str], *, draws: int = 16, population: int = 48,
    generations: int = 24, seed: int = 0,
) -> Front:  # fmt: skip
    """Search for the Pareto front of a sweep's levers; a generation with its draws is one sweep.

    It runs in this process, with as many threads as the model's back end uses.

    Parameters
    ----------
    sweep : its design gives the levers (including knots of paths) and the uncertainties; its
        members are not used otherwise.
    outcomes : two or three of the sweep's outcomes, each with its ``better``.
    draws : number of draws of the uncertainties, a Latin hypercube, the same for every policy; an
        outcome is their mean. A policy with a failed draw has no outcome.

    Raises
    ------
    ModelError : no levers, an unknown outcome, or an outcome without ``better``.

    Examples
    --------
    >>> from dataclasses import replace
    >>> sweep = sdsim.read_sweep("trade.toml")
    >>> front = sdsim.search(sweep, ["cases", "contacts"], draws=2, population=8, generations=2)
    >>> front.levers, front.outcomes
    (('Contact Infectivity',), ('cases', 'contacts'))
    """
    levers = [f for f in sweep.design.factors if isinstance(f, Lever)]
    if not levers:
        raise ModelError("the sweep has no levers", remedy="name some under [levers] or [paths]")
    if not 2 <= len(outcomes) <= 3:
        raise ModelError(f"{len(outcomes)} outcomes, expected 2 or 3", remedy="name two or three")
    known = {o.name: o for o in sweep.outcomes}
    for name in outcomes:
        if name not in known:
            remedy = nearest(name, known) or f"there are {', '.join(known)}"
            raise ModelError(f"no outcome '{name}'", remedy=remedy)
        if not known[name].better:
            raise ModelError(
                f"outcome '{name}' has no direction", remedy='write better = "high" or "low"'
            )
    for text in sweep.outside():
        warn(text)
    chosen = tuple(known[name] for name in outcomes)
    asked = replace(sweep, outcomes=chosen, save=())
    low, high = zip(*((f.distribution.low, f.distribution.high) for f in levers), strict=True)
    return optimise(
        lambda x: np.asarray(judged(asked, x, draws=draws, seed=seed).mean(axis=1)),
        [f.name for f in levers], low, high, outcomes,
        [o.better for o in chosen], population=population, generations=generations, seed=seed,
    )  # fmt: skip


def judged(sweep: Sweep, x: Floats, *, draws: int = 16, seed: int = 0) -> Floats:
    """(n_policy, n_draw, n_outcome) all outcomes of a sweep, NaN where a run failed.

    x : (n_policy, n_lever) values of the levers, in the order of the design; the draws of the
        uncertainties are the same for every policy, and for every call with the same seed.
    """
    levers = tuple(f for f in sweep.design.factors if isinstance(f, Lever))
    doubts = tuple(f for f in sweep.design.factors if not isinstance(f, Lever))
    sample = _sample(sweep.design, doubts, draws, seed)
    n = len(sample)
    rows = np.hstack([np.repeat(x, n, axis=0), np.tile(sample, (len(x), 1))])
    found = run_sweep(replace(sweep, design=Table((*levers, *doubts), rows)))
    return np.asarray(found["outcomes"].values.reshape(len(x), n, -1))


def _sample(design: Design, doubts: tuple[Factor, ...], draws: int, seed: int) -> Floats:
    """(n_draw, n_uncertainty) draws: of a posterior its own, since they depend on each other."""
    given = design.draws if isinstance(design, Crossed) else design
    if isinstance(given, Posterior):
        which = taken(given.count, draws, seed, replace=draws > given.count)
        return given.values(0, given.count)[which]
    return LatinHypercube(doubts, draws, seed).values(0, draws) if doubts else np.empty((1, 0))
