"""What the methods of inference work on: a distribution, evaluated for many points at once."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Protocol, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_T = TypeVar("_T")


class Target(Protocol):
    """A distribution known up to a constant.

    Points are (n, k) in working coordinates: the logarithm of a parameter whose prior is
    log-uniform or log-normal, else the parameter itself. Outside ``low`` and ``high`` the density
    is 0. Each call is one batch of runs, and its rows do not depend on each other.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """(k,) of the parameters."""

    @property
    def low(self) -> Floats:
        """(k,) lower bounds in working coordinates; may be -inf."""

    @property
    def high(self) -> Floats:
        """(k,) upper bounds; may be inf."""

    def prior_draws(self, n: int, rng: np.random.Generator) -> Floats:
        """(n, k) points from the prior, within the bounds."""

    def log_prior(self, points: Floats) -> Floats:
        """(n,) in working coordinates: the Jacobian of the transform is included, and its integral
        within the bounds is 1, or evidences of models cannot be compared."""

    def log_likelihood(self, points: Floats) -> Floats:
        """(n,) -inf where a run fails or a restriction does not hold."""

    def residuals(self, points: Floats) -> Floats:
        """(n, m) with log prior + log likelihood = constant - half the sum of their squares; a row
        of NaN where that is not defined."""


@runtime_checkable
class Smooth(Protocol):
    """A target that also knows exact derivatives of its residuals (from tangents)."""

    def jacobian(self, points: Floats) -> Floats:
        """(n, m, k) of the residuals; NaN where they are not defined."""


def inside(target: Target, points: Floats) -> NDArray[np.bool_]:
    """(n,) whether points lie within the bounds; NaN does not."""
    return np.asarray(((points >= target.low) & (points <= target.high)).all(axis=1))


def log_parts(target: Target, points: Floats) -> tuple[Floats, Floats]:
    """(n,) log prior and (n,) log likelihood; both are -inf where the density is 0.

    The likelihood is asked for only at points inside the bounds where the prior is positive, in one
    batch; a target's NaN counts as -inf.
    """
    prior, likelihood = np.full((2, len(points)), -np.inf)
    within = np.flatnonzero(inside(target, points))
    if len(within):
        found = np.asarray(target.log_prior(points[within]), dtype=np.float64)
        within, found = within[found > -np.inf], found[found > -np.inf]
    if len(within):
        told = np.asarray(target.log_likelihood(points[within]), dtype=np.float64)
        good = told > -np.inf
        prior[within[good]], likelihood[within[good]] = found[good], told[good]
    return prior, likelihood


def log_density(target: Target, points: Floats) -> Floats:
    """(n,) log prior + log likelihood, -inf where the density is 0; see `log_parts`.

    Examples
    --------
    >>> log_density(target, target.prior_draws(100, np.random.default_rng(0))).shape
    (100,)
    """
    prior, likelihood = log_parts(target, points)
    return np.asarray(prior + likelihood)


def log_sum(logs: Floats) -> Floats:
    """Log of the sum of exponentials along the first axis; -inf where all are."""
    top = logs.max(axis=0)
    with np.errstate(all="ignore"):
        return np.asarray(
            np.where(np.isfinite(top), top + np.log(np.exp(logs - top).sum(axis=0)), top)
        )


def stream(seed: int, stage: str, *numbers: int) -> np.random.Generator:
    """The random numbers of one round of one stage: the same whatever was drawn before, so that
    work resumed after a stop gives equal bytes.

    Parameters
    ----------
    seed : of the whole work; 0 is a seed.
    stage : which part of the work, and ``numbers`` its run, round and the like.
    """
    key = (zlib.crc32(stage.encode()), *numbers)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


class Counted:
    """A target that counts what is asked of it.

    rounds : batches of runs (of the likelihood, the residuals or their Jacobian).
    evaluations : points in them.
    seconds : spent in the target itself, by the clock.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.names, self.low, self.high = target.names, target.low, target.high
        self.rounds, self.evaluations, self.seconds = 0, 0, 0.0
        if isinstance(target, Smooth):
            exact = target.jacobian
            self.jacobian = lambda points: self._counted(exact, points)

    def prior_draws(self, n: int, rng: np.random.Generator) -> Floats:
        """(n, k) points from the prior; not counted, since nothing is run."""
        return self._timed(lambda: self.target.prior_draws(n, rng))

    def log_prior(self, points: Floats) -> Floats:
        """(n,) not counted, since nothing is run."""
        return self._timed(lambda: self.target.log_prior(points))

    def log_likelihood(self, points: Floats) -> Floats:
        """(n,) one round."""
        return self._counted(self.target.log_likelihood, points)

    def residuals(self, points: Floats) -> Floats:
        """(n, m) one round."""
        return self._counted(self.target.residuals, points)

    def _counted(self, call: Callable[[Floats], Floats], points: Floats) -> Floats:
        self.rounds += 1
        self.evaluations += len(points)
        return self._timed(lambda: call(points))

    def _timed(self, call: Callable[[], _T]) -> _T:
        began = time.perf_counter()
        try:
            return call()
        finally:
            self.seconds += time.perf_counter() - began


def exact_jacobian(target: Target) -> Callable[[Floats], Floats] | None:
    """The target's own Jacobian, if it has one."""
    return cast(Smooth, target).jacobian if isinstance(target, Smooth) else None
