"""The best fits: least squares from many starts in lock-step (Branch, Coleman and Li 1999).

Branch, M. A., Coleman, T. F. and Li, Y. (1999). SIAM Journal on Scientific Computing 21, 1-23: the
method of `scipy.optimize.least_squares`. Törn, A. and Viitanen, S. (1994). Journal of Global
Optimization 5, 267-276: starts are the draws that none of their neighbours betters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from sdsim.base.errors import ModelError, some
from sdsim.inference.differences import Steps, both, measured_steps
from sdsim.inference.lockstep import Ask, lockstep
from sdsim.inference.target import Floats, Target, stream

#: Neighbours that a start must not be worse than.
NEIGHBOURS = 5
#: Two ends of searches are one optimum if they are closer, in standard deviations of the fit.
APART = 0.5
#: A derivative that changes by more from one step to the next is told.
UNSURE = 0.01


@dataclass(frozen=True)
class Optimum:
    """One of the best fits.

    x : (k,) in working coordinates; cost : half the sum of squares there, so that minus ``cost`` is
    the log density up to a constant. jacobian : (m, k) of the residuals, and the residuals (m,).
    at_low, at_high : (k,) whether a bound keeps the fit from being better.
    starts : how many searches ended here.
    """

    x: Floats
    cost: float
    residuals: Floats
    jacobian: Floats
    at_low: NDArray[np.bool_]
    at_high: NDArray[np.bool_]
    starts: int

    @property
    def precision(self) -> Floats:
        """(k, k) the curvature J'J of the log density; its inverse approximates the covariance."""
        return np.asarray(self.jacobian.T @ self.jacobian)


@dataclass(frozen=True)
class Optima:
    """The distinct optima that searches from ``starts`` starts found, the best one first.

    steps : of the differences, measured at the optima.
    unfinished : searches that ran out of steps; their ends are left out unless all did.
    """

    names: tuple[str, ...]
    found: tuple[Optimum, ...]
    starts: int
    unfinished: int
    steps: Steps

    @property
    def best(self) -> Optimum:
        """The one of the lowest cost."""
        return self.found[0]

    @property
    def verdict(self) -> str:
        """How far the best fit can be trusted, in words."""
        best, more = self.best, len(self.found) - 1
        said = [f"{best.starts} of {self.starts} starts reached the best fit"]
        if best.starts == 1 < self.starts:
            said.append("reached once, it may not be the best there is: try more starts")
        if more:
            gap = self.found[1].cost - best.cost
            others = f"{more} other optima, the next" if more > 1 else "another optimum is"
            said.append(f"{others} {gap:.3g} lower in log density")
        if self.unfinished:
            said.append(f"{self.unfinished} ran out of steps")
        binds = [n for n, b in zip(self.names, best.at_low | best.at_high, strict=True) if b]
        if binds:
            said.append(f"bounds bind for {some(binds)}")
        unsure = [n for n, e in zip(self.names, self.steps.error, strict=True) if e > UNSURE]
        if unsure:
            said.append(f"derivatives are unsure for {some(unsure)}")
        return "; ".join(said)


def optima(
    target: Target, *, starts: int = 32, draws: int = 1024, most: int = 100, seed: int = 0
) -> Optima:
    """Search for the best fits from many starts at once.

    Draws of the prior are evaluated in one batch. Half of the starts are draws that none of their
    nearest neighbours betters, good ones and far ones, so that small far optima are not lost to
    broad near ones; the rest are draws as they come. Each step of all searches is one batch, with
    the differences that its derivatives need.

    Parameters
    ----------
    target : its residuals are squared and summed.
    starts : number of searches; draws : of the prior, to choose starts from.
    most : steps of one search.
    seed : of the draws.

    Raises
    ------
    ModelError : residuals are defined at none of the draws.

    Examples
    --------
    >>> found = optima(target)
    >>> found.best.x, found.verdict
    """
    points = target.prior_draws(max(draws, starts), stream(seed, "optimum"))
    spread = np.maximum(points.std(axis=0), 1e-12 * np.maximum(1.0, abs(points).max(axis=0)))
    cost = costs(target.residuals(points))
    good = np.isfinite(cost)
    if not good.any():
        raise ModelError(
            f"at none of {len(points):,} draws of the prior does the model give numbers to compare",
            remedy="look at one run, or narrow the priors to where the model runs",
        )
    points, cost = points[good], cost[good]
    first = chosen(points / spread, cost, starts)
    steps = measured_steps(target, points[first[:4]], spread)
    searches = [partial(_search, target, points[i], spread, most) for i in first]
    ends = lockstep(searches, _packed(target, steps.size))
    done = [(x, c) for x, c, finished in ends if finished] or [(x, c) for x, c, _ in ends]
    return _distinct(target, done, spread, len(first), sum(not f for *_, f in ends))


def costs(residuals: Floats) -> Floats:
    """(n,) half the sums of squares; inf where they are not defined."""
    with np.errstate(all="ignore"):
        total = 0.5 * (residuals**2).sum(axis=1)
    return np.where(np.isfinite(total), total, np.inf)


def chosen(points: Floats, cost: Floats, count: int) -> NDArray[np.int64]:
    """Which of the draws to start from: of those that are the best among their neighbours, the best
    and the farthest from any better one, a quarter each; the others as they come."""
    near = cKDTree(points).query(points, k=min(NEIGHBOURS + 1, len(points)))[1]
    near = near.reshape(len(points), -1)
    peaks = np.flatnonzero(cost <= cost[near].min(axis=1))
    peaks = peaks[np.argsort(cost[peaks], kind="stable")]
    gaps = [np.inf, *(((points[peaks[:i]] - points[peaks[i]]) ** 2).sum(axis=1).min()
                      for i in range(1, len(peaks)))]  # fmt: skip
    far = peaks[np.argsort(-np.array(gaps), kind="stable")]
    part = max(count // 4, 1)
    order = np.concatenate([peaks[:part], far[: 2 * part], np.arange(len(points))])
    first = np.sort(np.unique(order, return_index=True)[1])
    return np.asarray(order[first][:count])


def _packed(target: Target, size: Floats) -> Ask:
    """Residuals and Jacobian in one array (n, m, 1 + k)."""

    def evaluate(points: Floats) -> Floats:
        middle, slope = both(target, points, size)
        return np.concatenate([middle[:, :, None], slope], axis=2)

    return evaluate


def _search(
    target: Target, start: Floats, spread: Floats, most: int, ask: Ask
) -> tuple[Floats, float, bool]:
    """Where one search ends, its cost, and whether it finished."""
    last: list[Floats] = []

    def residuals(x: Floats) -> Floats:
        last[:] = [x.copy(), ask(x[None])[0]]
        return last[1][:, 0]

    def jacobian(x: Floats) -> Floats:
        if not np.array_equal(last[0], x):
            residuals(x)
        return last[1][:, 1:]

    found = least_squares(
        residuals, start, jacobian, (target.low, target.high), x_scale=spread, max_nfev=most
    )
    return found.x, float(found.cost), found.status > 0


def _distinct(
    target: Target, ends: list[tuple[Floats, float]], spread: Floats, starts: int, unfinished: int
) -> Optima:
    """Ends that are apart, with derivatives whose steps are measured where they stand."""
    ends = sorted(ends, key=lambda e: e[1])
    x = np.array([e[0] for e in ends])
    steps = measured_steps(target, x[:4], spread)
    middle, slope = both(target, x, steps.size)
    keep: list[int] = []
    owner = np.zeros(len(x), dtype=np.int64)
    for i in range(len(x)):
        gaps = [np.sqrt(((slope[j] @ (x[i] - x[j])) ** 2).sum()) for j in keep]
        if not gaps or min(gaps) > APART:
            keep.append(i)
        owner[i] = keep[int(np.argmin(gaps))] if gaps and min(gaps) <= APART else i
    binds = _binding(target)
    found = tuple(
        Optimum(x[i], ends[i][1], middle[i], slope[i], *binds(x[i], middle[i], slope[i]),
                int((owner == i).sum()))
        for i in keep
    )  # fmt: skip
    return Optima(target.names, found, starts, unfinished, steps)


def _binding(
    target: Target,
) -> Callable[[Floats, Floats, Floats], tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Whether Newton's step of a parameter alone would leave its bounds."""

    def binds(
        x: Floats, residuals: Floats, slope: Floats
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        curve = np.maximum((slope**2).sum(axis=0), 1e-300)
        aim = x - (slope.T @ residuals) / curve
        return aim < target.low, aim > target.high

    return binds
