"""Many groups: their own effects are integrated inside, the few shared numbers are sampled.

Given the shared numbers the groups are independent, so one run of all groups serves each of them:
the modes of all groups at all shared points are found in lock-step, each integral is Laplace's
approximation at the mode, corrected by importance sampling where that is asked for. An ensemble
over hundreds of dimensions would not converge, and no gradients are needed.

Tierney, L. and Kadane, J. B. (1986). Journal of the American Statistical Association 81, 82-86.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from sdsim.base.errors import ModelError
from sdsim.inference.diagnostics import pareto_k
from sdsim.inference.differences import both as differences
from sdsim.inference.target import Floats, Target, log_parts, log_sum, stream

Ints = NDArray[np.int64]
#: Draws of the prior from which the searches of all groups begin, and steps of a search at most.
STARTS, MOST = 6, 40
#: A search ends where a step would lower the cost by less; and the damping at which it gives up.
ENOUGH, STUCK = 1e-9, 1e10
#: A difference, as a share of the spread of the prior.
STEP = 1e-3
#: Degrees of freedom of the draws around a mode.
FREEDOM = 7.0
#: Added to logarithms of determinants, so that their square roots are residuals.
FLOOR = 60.0
#: Shared draws whose weights Pareto's k is taken from.
JUDGED = 100
#: Numbers in one batch of draws around modes.
ROOM = 8_000_000


class Grouped(Target, Protocol):
    """A target with effects of groups, which are independent of each other given the shared
    numbers; every group has as many of its own."""

    @property
    def axis_group(self) -> Ints:
        """(k,) the group of each free number; -1 if it is shared."""

    @property
    def column_group(self) -> Ints:
        """(m,) the group whose numbers a residual depends on, besides shared ones; -1 for none."""

    def shared_log_prior(self, points: Floats) -> Floats:
        """(n,) the part of the log prior density that the shared numbers have."""

    def grouped_residuals(self, points: Floats) -> Floats:
        """(n, m) as ``residuals``, but NaN only in the columns of groups that are not defined."""


class Modes(NamedTuple):
    """The groups at shared points: ``own`` (n, group, d) modes; ``residuals`` (n, m) there;
    ``root`` (n, group, d, d) Cholesky factors of the curvature J'J; ``cost`` (n, group)."""

    own: Floats
    residuals: Floats
    root: Floats
    cost: Floats


@dataclass(frozen=True, eq=False)
class Integrated:
    """The shared numbers of a grouped target, as a `Target` of their own.

    samples : draws around the mode of each group that correct Laplace's approximation; 0 for none.
    seed : of the starts and draws, which are the same at all points.

    Examples
    --------
    >>> found = posterior(Integrated(target))
    """

    target: Grouped
    samples: int = 0
    seed: int = 0

    @cached_property
    def shared(self) -> Ints:
        """(n_shared,) places of the shared numbers."""
        return np.flatnonzero(self.target.axis_group < 0)

    @cached_property
    def axes(self) -> Ints:
        """(group, d) places of the groups' own numbers."""
        of = self.target.axis_group
        return np.stack([np.flatnonzero(of == g) for g in range(of.max() + 1)])

    @cached_property
    def _order(self) -> Ints:
        """The residuals of groups, group by group."""
        order = np.argsort(self.target.column_group, kind="stable")
        return order[self.target.column_group[order] >= 0]

    @cached_property
    def _rest(self) -> Ints:
        """The residuals that depend on shared numbers alone."""
        return np.flatnonzero(self.target.column_group < 0)

    @cached_property
    def _of(self) -> Ints:
        """The group of each of `_order`."""
        return self.target.column_group[self._order]

    @cached_property
    def _first(self) -> Ints:
        return np.searchsorted(self._of, np.arange(len(self.axes)))

    @cached_property
    def _prior(self) -> Floats:
        return self.target.prior_draws(512, stream(self.seed, "groups"))

    @cached_property
    def _starts(self) -> Floats:
        return np.asarray(self._prior[:STARTS, self.axes])

    @cached_property
    def _size(self) -> Floats:
        return np.asarray(STEP * np.maximum(self._prior.std(axis=0)[self.axes], 1e-12))

    @cached_property
    def constant(self) -> float:
        """Log prior + log likelihood + half the sum of squares: the same at all points.

        Raises
        ------
        ModelError : the target is not defined at any of the starts.
        """
        shared = self._prior[:64, self.shared]
        modes = self.modes(shared)
        known = sum(log_parts(self.target, self.full(shared, modes.own)), self._half_squares(modes))
        if not np.isfinite(known).any():
            raise ModelError(
                f"at none of {len(shared)} draws of the prior are all groups defined",
                remedy="look at one run, or narrow the priors to where the model runs",
            )
        return float(known[np.isfinite(known)][0])

    def _half_squares(self, modes: Modes) -> Floats:
        rest = 0.5 * (modes.residuals[:, self._rest] ** 2).sum(axis=1)
        return np.asarray(rest + modes.cost.sum(axis=1))

    # --- the target ---------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """(k,) of the shared numbers; see `Target`, likewise below."""
        return tuple(self.target.names[i] for i in self.shared)

    @property
    def low(self) -> Floats:
        return self.target.low[self.shared]

    @property
    def high(self) -> Floats:
        return self.target.high[self.shared]

    def prior_draws(self, n: int, rng: np.random.Generator) -> Floats:
        return self.target.prior_draws(n, rng)[:, self.shared]

    def log_prior(self, points: Floats) -> Floats:
        own = np.broadcast_to(self._starts[0], (len(points), *self.axes.shape))
        return self.target.shared_log_prior(self.full(points, own))

    def log_likelihood(self, points: Floats) -> Floats:
        modes = self.modes(points)
        rest = 0.5 * (modes.residuals[:, self._rest] ** 2).sum(axis=1)
        parts = self.laplace(modes)
        if self.samples:
            parts = np.concatenate([
                log_sum(self._around(points[some], modes, some)[1]) - np.log(self.samples)
                for some in self._blocks(len(points))
            ])  # fmt: skip
        found = self.constant - rest + parts.sum(axis=1) - self.log_prior(points)
        return np.where(np.isfinite(found), found, -np.inf)

    def residuals(self, points: Floats) -> Floats:
        """(n, m + group) those at the modes, and a root of each determinant."""
        modes = self.modes(points)
        turn = np.sqrt(np.maximum(self._log_det(modes) + FLOOR, 0.0))
        out = np.concatenate([modes.residuals, turn], axis=1)
        out[~np.isfinite(out).all(axis=1)] = np.nan
        return out

    # --- the groups ---------------------------------------------------------------------------

    def full(self, shared: Floats, own: Floats) -> Floats:
        """(n, k) points of the whole target."""
        out = np.empty((len(shared), len(self.target.names)))
        out[:, self.shared] = shared
        out[:, self.axes.ravel()] = own.reshape(len(shared), -1)
        return out

    def at_modes(self, shared: Floats) -> Floats:
        """(n, k) points of the whole target, with each group at its mode."""
        return self.full(shared, self.modes(shared).own)

    def whole_jacobian(self, point: Floats) -> Floats:
        """(m, k) of the whole target's residuals at a point of all its numbers."""
        size = STEP * np.maximum(self._prior.std(axis=0), 1e-12)
        return np.asarray(differences(self.target, point[None], size)[1][0])

    def laplace(self, modes: Modes) -> Floats:
        """(n, group) log of each group's integral, by Laplace's approximation."""
        d = self.axes.shape[1]
        return np.asarray(0.5 * d * np.log(2 * np.pi) - modes.cost - 0.5 * self._log_det(modes))

    @staticmethod
    def _log_det(modes: Modes) -> Floats:
        return np.asarray(2 * np.log(np.diagonal(modes.root, axis1=2, axis2=3)).sum(axis=2))

    def _sums(self, columns: Floats) -> Floats:
        """(..., group) sums over the columns of each group."""
        return np.add.reduceat(columns, self._first, axis=-1)

    def modes(self, shared: Floats) -> Modes:
        """The mode of each group at shared points (n, shared), all in lock-step by damped
        Gauss-Newton steps from the best of the starts."""
        n, (count, d) = len(shared), self.axes.shape
        starts = np.repeat(self._starts[:, None], n, axis=1)
        found = self.target.grouped_residuals(
            self.full(np.tile(shared, (STARTS, 1)), starts.reshape(-1, count, d))
        )
        cost = _costs(self._sums(found[:, self._order] ** 2)).reshape(STARTS, n, count)
        best = cost.argmin(axis=0)
        own = self._starts[best, np.arange(count)]
        values, slopes = self._linear(shared, own)
        curve, fall, cost = self._normal(values, slopes)
        damping = np.full((n, count), 1e-3)
        active = np.isfinite(cost)
        for _ in range(MOST):
            rows = np.flatnonzero(active.any(axis=1))
            if not len(rows):
                break
            step = _steps(curve[rows], fall[rows], damping[rows])
            trial = np.clip(own[rows] + step, self._low, self._high)
            told = self._linear(shared[rows], trial)
            new_curve, new_fall, new_cost = self._normal(*told)
            gain = cost[rows] - new_cost
            better = active[rows] & (gain > 0)
            settled = np.abs((fall[rows] * step).sum(axis=2)) < ENOUGH
            own[rows] = np.where(better[..., None], trial, own[rows])
            curve[rows] = np.where(better[..., None, None], new_curve, curve[rows])
            fall[rows] = np.where(better[..., None], new_fall, fall[rows])
            cost[rows] = np.where(better, new_cost, cost[rows])
            mine = better[:, self._of]
            kept = values[rows]
            kept[:, self._order] = np.where(mine, told[0][:, self._order], kept[:, self._order])
            values[rows] = kept
            damping[rows] = np.where(better, damping[rows] / 10, damping[rows] * 10)
            active[rows] &= ~settled & (damping[rows] < STUCK)
        ridge = 1e-12 * np.maximum(np.trace(curve, axis1=2, axis2=3), 1e-12)
        root = np.linalg.cholesky(curve + ridge[..., None, None] * np.eye(d))
        return Modes(own, values, root, cost)

    @property
    def _low(self) -> Floats:
        return self.target.low[self.axes]

    @property
    def _high(self) -> Floats:
        return self.target.high[self.axes]

    def _linear(self, shared: Floats, own: Floats) -> tuple[Floats, Floats]:
        """Residuals (n, m) and the derivatives (d, n, column) of those of groups: each group's jth
        number moves at once, so that they cost 2 d + 1 points, however many groups there are."""
        n, d = len(own), self.axes.shape[1]
        up = np.minimum(own + self._size, self._high)
        down = np.maximum(own - self._size, self._low)
        at = [own]
        for j in range(d):
            for moved in (up, down):
                one = own.copy()
                one[:, :, j] = moved[:, :, j]
                at.append(one)
        points = self.full(np.tile(shared, (len(at), 1)), np.concatenate(at))
        values = self.target.grouped_residuals(points).reshape(len(at), n, -1)
        middle, beside = values[0], values[1:, :, self._order].reshape(d, 2, n, -1)
        far = np.stack([up - own, down - own])[:, :, self._of].transpose(3, 0, 1, 2)
        with np.errstate(all="ignore"):
            slope = (beside[:, 0] - beside[:, 1]) / (far[:, 0] - far[:, 1])
        return middle, np.where(np.isfinite(slope), slope, 0.0)

    def _normal(self, values: Floats, slopes: Floats) -> tuple[Floats, Floats, Floats]:
        """J'J (n, group, d, d), -J'r (n, group, d) and the cost (n, group)."""
        mine = values[:, self._order]
        curve = self._sums(np.einsum("anc,bnc->nabc", slopes, slopes)).transpose(0, 3, 1, 2)
        fall = -self._sums(slopes * np.nan_to_num(mine)).transpose(1, 2, 0)
        return curve, fall, _costs(self._sums(mine**2))

    # --- draws around the modes -----------------------------------------------------------------

    def _blocks(self, n: int) -> list[slice]:
        size = max(1, ROOM // max(1, self.samples * len(self.target.names)))
        return [slice(first, first + size) for first in range(0, n, size)]

    def _around(
        self, shared: Floats, modes: Modes, some: slice, fresh: np.random.Generator | None = None
    ) -> tuple[Floats, Floats]:
        """Draws (sample, n, group, d) of a t at the modes, and their log weights (sample, n,
        group). The random numbers are the same at all points, so that integrals differ smoothly,
        or those of ``fresh``, for draws that are kept."""
        count, d = self.axes.shape
        rng = fresh or stream(self.seed, "around modes")
        shape = (self.samples, len(shared) if fresh else 1, count)
        normal = rng.standard_normal((*shape, d))
        unit = normal / np.sqrt(rng.chisquare(FREEDOM, (*shape, 1)) / FREEDOM)
        own, root = modes.own[some], modes.root[some]
        away = np.einsum("ngij,sngj->sngi", np.linalg.inv(root).swapaxes(2, 3),
                         np.broadcast_to(unit, (self.samples, len(own), count, d)))  # fmt: skip
        draws = own + away
        inside = ((draws >= self._low) & (draws <= self._high)).all(axis=3)
        points = np.clip(draws, self._low, self._high)
        found = self.target.grouped_residuals(
            self.full(np.tile(shared, (self.samples, 1)), points.reshape(-1, count, d))
        )
        cost = _costs(self._sums(found[:, self._order] ** 2)).reshape(inside.shape)
        log_root = 0.5 * self._log_det(modes)[some]
        proposal = (
            gammaln((FREEDOM + d) / 2) - gammaln(FREEDOM / 2) - 0.5 * d * np.log(FREEDOM * np.pi)
            + log_root - 0.5 * (FREEDOM + d) * np.log1p((unit**2).sum(axis=3) / FREEDOM)
        )  # fmt: skip
        return points, np.where(inside, -cost - proposal, -np.inf)

    def completed(self, shared: Floats, samples: int = 64) -> tuple[Floats, Floats]:
        """Draws of the groups' own numbers, one for each draw of the shared ones.

        Around each mode ``samples`` draws are weighed, and one is taken by its weight.

        Returns
        -------
        (n, k) points of the whole target, and (group,) Pareto's k of the weights: above .7 the
        draws of that group are not to be trusted.
        """
        work = replace(self, samples=samples)
        modes, out, logs = work.modes(shared), [], []
        for number, some in enumerate(work._blocks(len(shared))):
            rng = stream(self.seed, "effects", number)
            own, weights = work._around(shared[some], modes, some, rng)
            logs.append(weights - log_sum(weights))
            with np.errstate(invalid="ignore"):
                chosen = (weights + rng.gumbel(size=weights.shape)).argmax(axis=0)
            out.append(np.take_along_axis(own, chosen[None, ..., None], axis=0)[0])
        every = np.concatenate(logs, axis=1)[:, :JUDGED].reshape(-1, len(self.axes))
        k = np.array([pareto_k(np.nan_to_num(w, nan=-np.inf)) for w in every.T])
        return self.full(shared, np.concatenate(out)), k


def _costs(squares: Floats) -> Floats:
    """Half the sums of squares; inf where they are not defined."""
    return np.where(np.isfinite(squares), 0.5 * squares, np.inf)


def _steps(curve: Floats, fall: Floats, damping: Floats) -> Floats:
    """(n, group, d) damped Gauss-Newton steps."""
    d = fall.shape[2]
    scale = np.diagonal(curve, axis1=2, axis2=3)
    scale = np.maximum(scale, 1e-12 * np.maximum(scale.max(axis=2, keepdims=True), 1e-300))
    damped = curve + (damping[..., None] * scale)[..., None] * np.eye(d)
    return np.asarray(np.linalg.solve(damped, fall[..., None])[..., 0])
