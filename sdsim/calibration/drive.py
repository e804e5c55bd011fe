"""Runs a calibration: best fits, the posterior, and what it predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import files
from sdsim.base.errors import ModelError
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
from sdsim.inference.posterior import Posterior, Settings, State, result, step
from sdsim.sweeps.drive import vacant
from sdsim.sweeps.manifest import locked

Floats = NDArray[np.float64]
#: Draws that are kept.
KEPT = 4000
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
            return _fitted(calibration, run, Rounds(problem, told=progress), notes, None)
        root = Path(path)
        vacant(root, resume)
        with locked(root):
            manifest = store.manifest_of(root, store.header(problem))
            made = _fitted(calibration, run, Rounds(problem, manifest, progress), notes, root)
            manifest.settle()
            files.tidy(root)
        return made


def _fitted(
    calibration: Calibration, run: Run, rounds: Rounds, notes: list[str], root: Path | None
) -> Fitted:
    found = _posterior(rounds, calibration.seed)
    rounds.entering("predicting the data")
    every = Problem(calibration, run, fitted=False)
    draws = found.equal(KEPT, calibration.seed)
    dataset = results(every, draws, found.optima.best.x)
    told = informed(every, found.optima.best.jacobian)
    tables = {
        "parameters": parameter_table(dataset, every),
        "rows": row_table(dataset),
        "scores": score_table(dataset),
        "directions": direction_table(told, found.names),
    }
    constants = store.constants(every, dataset["draws"].to_numpy())
    summary = {
        "title": calibration.title, **_summary(found), "notes": notes,
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
