"""Runs a calibration: best fits, the posterior, and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import files
from sdsim.base.errors import ModelError, some
from sdsim.calibration import store
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.checks import findings
from sdsim.calibration.executors import executor
from sdsim.calibration.fitted import Fitted
from sdsim.calibration.problem import Problem, Run
from sdsim.calibration.results import (
    direction_table,
    informed,
    parameter_table,
    results,
    row_table,
    score_table,
)
from sdsim.calibration.rounds import Progress, Rounds
from sdsim.design.posterior import draws_file
from sdsim.inference.groups import Integrated
from sdsim.inference.posterior import Posterior, Settings, State, result, step
from sdsim.inference.target import Target
from sdsim.sweeps.drive import vacant
from sdsim.sweeps.manifest import locked

Floats = NDArray[np.float64]
#: Draws that are kept.
KEPT = 4000
#: Groups with more numbers of their own than this, in all, have them integrated inside.
OWN = 20
#: Pareto's k above which the draws of a group are not trusted.
UNSURE = 0.7
#: What the stages of the search are called in progress lines.
STAGES = {
    "start": "best fits", "importance": "importance sampling", "tempering": "tempering",
    "fitted": "importance sampling, fitted", "evolution": "differential evolution",
}  # fmt: skip


def calibrate(
    calibration: Calibration, path: str | Path | None = None, *, resume: bool = False,
    jobs: int = 0, dask: str | None = None, progress: Progress | None = None,
) -> Fitted:  # fmt: skip
    """Fit a model's free parameters to data, and find how sure the fit is.

    Parameters
    ----------
    path : a store to write, which survives a stop; nothing is written by default.
    resume : go on with a store that was begun.
    jobs : worker processes; 0 runs in this process, with the back end's threads.
    dask : address of a Dask scheduler, or ``local``.
    progress : called after each batch of runs.

    Raises
    ------
    ModelError : a calibration that does not fit its model; nothing in the prior that runs; a store
        that exists, or is of another calibration.
    """
    if path is not None:
        vacant(Path(path), resume)
    elif resume:
        raise ModelError("resume needs a store, and none is named", remedy="name one")
    with executor(jobs, dask) as run:
        problem = Problem(calibration, run)
        notes = findings(problem)
        if path is None:
            return _fitted(calibration, run, Rounds(target_of(problem), told=progress), notes, None)
        root = Path(path)
        vacant(root, resume)
        with locked(root):
            manifest = store.manifest_of(root, store.header(problem))
            made = _fitted(
                calibration, run, Rounds(target_of(problem), manifest, progress), notes, root
            )
            manifest.settle()
            files.tidy(root)
        return made


def _fitted(
    calibration: Calibration, run: Run, rounds: Rounds, notes: list[str], root: Path | None
) -> Fitted:
    found = _posterior(rounds, calibration.seed)
    rounds.entering("predicting the data")
    every = Problem(calibration, run, fitted=False)
    draws, best = found.equal(KEPT, calibration.seed), found.optima.best.x
    jacobian, effects = found.optima.best.jacobian, {}
    if isinstance(rounds.target, Integrated):
        draws, worst = rounds.target.completed(draws)
        best = rounds.target.at_modes(best[None])[0]
        jacobian = rounds.target.whole_jacobian(best)
        effects = _effects(found, calibration.labels, worst)
    dataset = results(every, draws, best)
    told = informed(every, jacobian)
    tables = {
        "parameters": parameter_table(dataset, every),
        "rows": row_table(dataset),
        "scores": score_table(dataset),
        "directions": direction_table(told, every.names),
    }
    constants = store.constants(every, dataset["draws"].to_numpy())
    summary = {
        "title": calibration.title, **_summary(found), **effects, "notes": notes,
        "informed_parameters": told.informed,
        "draws": {group: draws_file(group) for group in constants},
    }  # fmt: skip
    if root is not None:
        store.write(root, every, dataset, constants, tables, summary)
    return Fitted(
        dataset,
        tables["parameters"],
        tables["rows"],
        tables["scores"],
        tables["directions"],
        summary,
        constants,
    )


def target_of(problem: Problem) -> Target:
    """What is sampled: all free numbers, or, where the groups have many, the shared ones alone."""
    own = int((problem.axis_group >= 0).sum())
    if own <= OWN or own == len(problem.names) or not problem.separable:
        return problem
    return Integrated(problem, seed=problem.calibration.seed)


def _effects(found: Posterior, labels: Sequence[str], worst: Floats) -> dict[str, Any]:
    """What a store says of groups whose effects were integrated inside."""
    bad = [label for label, k in zip(labels, worst, strict=True) if not k < UNSURE]
    out: dict[str, Any] = {"group_k_hat": dict(zip(labels, worst.tolist(), strict=True))}
    if bad and found.converged:
        what = f"not converged: the draws of group {some(bad)} are unsure (Pareto k above {UNSURE})"
        out |= {"converged": False, "verdict": f"{what}; {found.verdict}"}
    return out


def _posterior(rounds: Rounds, seed: int) -> Posterior:
    settings, state = Settings(seed), State()
    while state.stage != "done":
        rounds.entering(STAGES[state.stage])
        state = step(rounds, state, settings)
    return result(state, settings)


def _summary(found: Posterior) -> dict[str, Any]:
    """What a store says of the draws; nothing in it depends on a clock."""
    return {
        "converged": found.converged, "verdict": found.verdict, "method": found.method,
        "optima": found.optima.verdict, "tried": list(found.notes),
        "evidence": found.evidence, "evidence_error": found.evidence_error,
        "k_hat": found.k_hat, "rhat": found.rhat, "effective_draws": found.size,
        "rounds": found.rounds, "runs": found.evaluations,
    }  # fmt: skip
