"""Recovery: whether a calibration finds parameters again from data that it made itself.

What holds for made data may fail for real ones; what fails for made data cannot be trusted at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.calibration.calibration import Calibration, HoldOut
from sdsim.calibration.executors import executor
from sdsim.calibration.problem import Problem
from sdsim.inference.posterior import Settings, posterior
from sdsim.inference.ranks import Uniformity, rank, uniformity
from sdsim.inference.target import stream

Floats = NDArray[np.float64]
#: Draws of each posterior, among which the truth takes its place.
DRAWS = 1000
#: Draws of the prior until one gives data that the errors can make.
TRIES = 100


@dataclass(frozen=True, eq=False)
class Recovery:
    """Truths and what was found again.

    names : (k,).   truth, middle, low, high : (n, k) in model units: drawn from the prior; the
    median and the ends of the central 90 % interval of the posterior.
    uniformity : of the truths' places among the draws, of those that converged.
    converged : (n,).
    """

    names: tuple[str, ...]
    truth: Floats
    middle: Floats
    low: Floats
    high: Floats
    uniformity: Uniformity
    converged: NDArray[np.bool_]


def recovery(
    calibration: Calibration, count: int = 200, *, settings: Settings | None = None,
    jobs: int = 0, told: Callable[[int, int], None] | None = None,
) -> Recovery:  # fmt: skip
    """Draw parameters from the prior, make data with them, calibrate, and compare.

    count : data sets; at least 10.   settings : of each posterior.   jobs : worker processes.
    told : called after each data set with how many are done, and how many there are.

    Raises
    ------
    ModelError : a prior from which no data can be made.

    Examples
    --------
    >>> found = recovery(calibration, 200)
    >>> found.converged.all(), found.uniformity.uniform
    """
    whole = replace(calibration, hold_out=HoldOut(), data=[
        replace(d, held_out=None) for d in calibration.data
    ])  # fmt: skip
    made = Problem(whole)
    space, given = made.space, settings or Settings()
    truths, places, ends, good = [], [], [], []
    with executor(jobs) as run:
        for number in range(count):
            truth, values = _made(made, calibration.seed, number)
            own = Problem(_with_values(whole, made, values), run)
            found = posterior(own, replace(given, seed=calibration.seed + number))
            draws = found.equal(DRAWS, number)
            natural = space.natural(draws)
            truths.append(space.natural(truth)[0])
            places.append(rank(truth[0], draws))
            ends.append(np.quantile(natural, [0.05, 0.5, 0.95], axis=0))
            good.append(found.converged)
            if told is not None:
                told(number + 1, count)
    low, middle, high = np.stack(ends, axis=1)
    fine = np.array(good)
    even = uniformity(np.array(places)[fine])
    return Recovery(space.names, np.array(truths), middle, low, high, even, fine)


def _made(problem: Problem, seed: int, number: int) -> tuple[Floats, Floats]:
    """A point of the prior (1, k), and data (m,) made with it."""
    rng = stream(seed, "recovery", number)
    for _ in range(TRIES):
        point = problem.prior_draws(1, rng)
        values = problem.space.values(point)
        predicted = problem.run(problem.predictor.runs, values)
        drawn = problem.draw(values, predicted, rng)[0]
        if predicted.fits[0] and np.isfinite(drawn).all() and _possible(problem, drawn):
            return point, drawn
    raise ModelError(
        f"{TRIES} draws from the prior gave no data", remedy="narrow the prior to what can happen"
    )


def _possible(problem: Problem, drawn: Floats) -> bool:
    return all(bool(p.errors.valid(drawn[p.at]).all()) for p in problem.parts)


def _with_values(calibration: Calibration, problem: Problem, drawn: Floats) -> Calibration:
    """The calibration of made data; rows keep their order, which is sorted already."""
    made = [replace(p.data, values=drawn[p.at]) for p in problem.parts]
    return replace(calibration, data=made)
