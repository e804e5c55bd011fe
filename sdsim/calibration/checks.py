"""What can be said of a calibration before it begins: rows, priors, parameters without effect."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import counted, some
from sdsim.calibration.problem import Problem
from sdsim.inference.target import stream

Floats = NDArray[np.float64]
#: Draws from the prior, and how many of them have each parameter moved.
DRAWS, MOVED = 256, 4
#: More failures than this share of the prior's draws are told.
FAILURES = 0.02


def findings(problem: Problem) -> list[str]:
    """Notes, one sentence each, on data that are not fitted, data that the prior excludes,
    parameters that change no density, and runs of the prior that fail. Takes one batch of runs."""
    rng = stream(problem.calibration.seed, "checks")
    points = problem.prior_draws(DRAWS, rng)
    k = len(problem.names)
    base = points[:MOVED]
    moved = np.repeat(base, k, axis=0)
    at = np.tile(np.arange(k), MOVED)
    moved[np.arange(len(moved)), at] = problem.prior_draws(len(moved), rng)[
        np.arange(len(moved)), at
    ]
    every = np.concatenate([points, moved])
    values = problem.space.values(every)
    predicted = problem.run(problem.predictor.runs, values)
    density = problem.densities(values, predicted)
    return [
        *_unfitted(problem),
        *_failing(predicted.fits[:DRAWS]),
        *_excluded(problem, predicted.values[:DRAWS]),
        *_idle(problem, density[:MOVED], density[DRAWS:].reshape(MOVED, k, -1)),
    ]


def _unfitted(problem: Problem) -> Iterator[str]:
    """Data sets and groups with nothing to fit."""
    calibration = problem.calibration
    here = {p.data.name for p in problem.parts}
    for d in calibration.data:
        if d.name not in here:
            yield f"'{d.name}' is held out altogether: nothing of it is fitted"
    fitted = {g for p in problem.parts for g in p.group}
    own = any(p.per for p in calibration.parameters)
    for g in calibration.groups:
        if g not in fitted:
            told = "; its own parameters are told by the others or the prior alone" if own else ""
            yield f"group '{g}' has no fitted row{told}"


def _failing(fits: NDArray[np.bool_]) -> Iterator[str]:
    share = 1 - fits.mean()
    if share > FAILURES:
        yield (
            f"{share:.0%} of {len(fits)} draws from the prior end in a run that stops or breaks a "
            "restriction; their likelihood is 0"
        )


def _excluded(problem: Problem, predicted: Floats) -> Iterator[str]:
    """Data beyond everything that draws from the prior predict."""
    good = np.isfinite(predicted).all(axis=1)
    if not good.any():
        return
    low, high = predicted[good].min(axis=0), predicted[good].max(axis=0)
    for p in problem.parts:
        if isinstance(p.data.coverage, str) or p.data.coverage != 1:
            continue
        out = np.flatnonzero((p.observed < low[p.at]) | (p.observed > high[p.at]))
        if out.size:
            i = int(out[0])
            where = f" at time {p.times[i]:g}" if p.times is not None else ""
            where += f" of '{p.group[i]}'" if p.group[i] else ""
            ends = f"{low[p.at][i]:.4g} to {high[p.at][i]:.4g}"
            yield (
                f"{counted(len(out), 'value')} of {len(p.rows)} of '{p.data.name}' lie outside all "
                f"that {good.sum()} draws from the prior predict; the first is {p.observed[i]:.4g}"
                f"{where}, predicted {ends}"
            )


def _idle(problem: Problem, base: Floats, moved: Floats) -> Iterator[str]:
    """Parameters whose change alters no density of any row."""
    same = (moved == base[:, None, :]) | (np.isnan(moved) & np.isnan(base[:, None, :]))
    idle = np.flatnonzero(same.all(axis=(0, 2)))
    if idle.size:
        named = some([f"'{problem.names[i]}'" for i in idle])
        verb, them = ("moves", "it") if idle.size == 1 else ("move", "them")
        yield f"{named} {verb} no fitted row: the data cannot tell {them}"
