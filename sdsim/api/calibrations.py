"""Models fitted to data."""

from __future__ import annotations

from os import PathLike
from pathlib import Path as _Path

from sdsim.base.errors import ModelError, said
from sdsim.calibration import drive
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.fitted import Fitted
from sdsim.calibration.rounds import Progress
from sdsim.calibration.spec import read_calibration

Path = str | PathLike[str]


def calibrate(
    calibration: Path | Calibration,
    store: Path | None = None,
    *,
    resume: bool = False,
    jobs: int = 0,
    dask: str | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit a model's free parameters to data, and find how sure the fit is.

    The best fits are sought from many starts; then the posterior is drawn by the cheapest method
    whose result can be trusted (importance sampling, else tempering and differential evolution).
    Look at ``converged`` first: if it is False, the draws are no posterior; ``verdict`` says why.

    Parameters
    ----------
    calibration : a `Calibration`, or the path of a spec (``.toml``).
    store : a folder to write, so that nothing is lost on interruption; in memory by default.
        resume : go on with a store that was begun.
    jobs : worker processes; 0 runs in this process, with a thread for each processor.
    dask : address of a Dask scheduler, or ``local``.
    progress : called after each batch of runs, with a `sdsim.calibration.rounds.State`.

    Raises
    ------
    ModelError : a spec that cannot be used, data or parameters that do not fit the model, a prior
        under which nothing runs, a store that exists.

    Examples
    --------
    >>> flu = sdsim.Calibration(
    ...     sdsim.load("sir.mdl"),
    ...     [sdsim.Parameter("Contact Infectivity", sdsim.LogUniform(0.2, 5))],
    ...     [sdsim.Data("ill", "Infectious", [3, 11, 38], [2, 4, 6], sdsim.likelihoods.Poisson())],
    ... )
    >>> fit = sdsim.calibrate(flu)
    >>> fit.converged
    True
    >>> fit.parameters.loc["Contact Infectivity", "told by"]
    'data'
    """
    if isinstance(calibration, str | PathLike):
        calibration = read_calibration(_Path(calibration))
    if not isinstance(calibration, Calibration):
        raise ModelError(
            f"expected a Calibration, got {said(calibration)}",
            remedy="write sdsim.Calibration(model, parameters, data), or give a spec's path",
        )
    return drive.calibrate(
        calibration,
        None if store is None else _Path(store),
        resume=resume,
        jobs=jobs,
        dask=dask,
        progress=progress,
    )
