"""From the prior to the posterior by degrees: tempered populations, in independent groups.

Del Moral, P., Doucet, A. and Jasra, A. (2006). Journal of the Royal Statistical Society B 68,
411-436. Every mode that the prior's draws reach keeps its weight, and so does each part of a bent
ridge, since no chain has to travel along it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdsim.inference.diagnostics import weighted_size
from sdsim.inference.moves import halves, moved, swapped
from sdsim.inference.proposal import Proposal, learnt
from sdsim.inference.target import Floats, Target, log_parts, log_sum, stream

#: Share of a group that stays effective when the likelihood's power is raised.
KEPT = 0.5
#: A level has moved enough when a chain remembers less than this of where it stood, or after so
#: many rounds.
MEMORY, MOST = 0.2, 40
#: Components of a mixture at most.
COMPONENTS = 16


@dataclass(frozen=True)
class Tempering:
    """Groups of chains on their way; `begun` makes one, `step` gives the next.

    points : (group, chain, k); prior, likelihood : (group, chain) their logarithms.
    power : (group,) of the likelihood; 1 is the posterior. evidence : (group,) log so far.
    stood : (group, chain, k) where chains stood when the power was raised, and moved : (group,)
        rounds since.
    proposals : of each half of each group, fitted to where the other half stood: moves that know a
        chain's own place would lead it out of the tails too often.
    seen, seen_density : points of earlier levels (n, k), and their log densities (n,): what later
        proposals must not miss.
    rounds : so far.
    """

    points: Floats
    prior: Floats
    likelihood: Floats
    power: Floats
    evidence: Floats
    stood: Floats
    moved: Floats
    proposals: tuple[Proposal, ...]
    seen: Floats
    seen_density: Floats
    rounds: int

    @property
    def done(self) -> bool:
        """Whether every group has the posterior, and has moved on it."""
        return bool((self.power >= 1).all() and (self.moved > 0).all())

    def memory(self) -> Floats:
        """(group,) the largest correlation of a coordinate with where it stood."""
        now = self.points - self.points.mean(axis=1, keepdims=True)
        then = self.stood - self.stood.mean(axis=1, keepdims=True)
        size = np.sqrt((now**2).sum(axis=1) * (then**2).sum(axis=1))
        with np.errstate(all="ignore"):
            return np.asarray(np.abs(np.nan_to_num((now * then).sum(axis=1) / size)).max(axis=1))


def begun(target: Target, seed: int, groups: int = 4, chains: int = 256) -> Tempering:
    """Draws of the prior, evaluated in one round; those where the density is 0 count in the
    evidence and are dropped at the first level."""
    rng = stream(seed, "tempering", 0)
    points = target.prior_draws(groups * chains, rng)
    prior, likelihood = (p.reshape(groups, chains) for p in log_parts(target, points))
    points = points.reshape(groups, chains, -1)
    none, started = np.zeros(groups), np.full(groups, np.inf)
    return Tempering(
        points, prior, likelihood, none, none, points, started, (),
        np.empty((0, points.shape[-1])), np.empty(0), 1,
    )  # fmt: skip


def step(target: Target, state: Tempering, seed: int) -> Tempering:
    """One round: groups that have moved enough go to a higher power, then every chain moves."""
    due = (state.power < 1) & ((state.moved >= MOST) | (state.memory() < MEMORY))
    if due.any():
        state = _raised(target, state, due, seed)
    groups, chains, k = state.points.shape
    new, ratio, luck = moved(
        state.points, swapped(halves(state.stood)), state.proposals, seed, "tempering", state.rounds
    )
    parts = log_parts(target, new.reshape(-1, k))
    prior, likelihood = (p.reshape(groups, chains) for p in parts)
    power = state.power[:, None]
    old = state.prior + power * state.likelihood
    with np.errstate(invalid="ignore"):
        gain = prior + power * likelihood - old + ratio
    taken = luck < gain
    return replace(
        state,
        points=np.where(taken[..., None], new, state.points),
        prior=np.where(taken, prior, state.prior),
        likelihood=np.where(taken, likelihood, state.likelihood),
        moved=state.moved + 1,
        rounds=state.rounds + 1,
    )


def _raised(target: Target, state: Tempering, due: NDArray[np.bool_], seed: int) -> Tempering:
    """Groups at their next power: weighted, resampled, with a proposal fitted anew."""
    points, prior, likelihood = (a.copy() for a in (state.points, state.prior, state.likelihood))
    power, evidence, stood = state.power.copy(), state.evidence.copy(), state.stood.copy()
    moved, seen, density = state.moved.copy(), [state.seen], [state.seen_density]
    made = dict(enumerate(state.proposals))
    for g in map(int, np.flatnonzero(due)):
        rng = stream(seed, "raising", g, state.rounds)
        power[g] = _next(likelihood[g], power[g])
        logs = (power[g] - state.power[g]) * likelihood[g]
        seen.append(points[g])
        density.append(prior[g] + likelihood[g])
        evidence[g] += log_sum(logs) - np.log(len(logs))
        weights = np.exp(logs - log_sum(logs))
        # Systematic resampling: each chain is drawn as often as its weight says, to within one.
        at = (rng.random() + np.arange(len(logs))) / len(logs)
        rows = np.minimum(np.searchsorted(np.cumsum(weights), at), len(logs) - 1)
        points[g], prior[g], likelihood[g] = points[g][rows], prior[g][rows], likelihood[g][rows]
        stood[g], moved[g] = points[g], 0
        for half, other in enumerate(halves(points[g : g + 1])[::-1]):
            fresh = np.unique(other, axis=0)
            made[2 * g + half] = learnt(fresh, target.low, target.high, COMPONENTS, rng)
    return replace(
        state, points=points, prior=prior, likelihood=likelihood, power=power, evidence=evidence,
        stood=stood, moved=moved, proposals=tuple(made[i] for i in range(2 * len(power))),
        seen=np.concatenate(seen), seen_density=np.concatenate(density),
    )  # fmt: skip


def _next(likelihood: Floats, power: float) -> float:
    """The power at which `KEPT` of the chains are still effective; at most 1."""
    wanted = KEPT * np.isfinite(likelihood).sum()
    if weighted_size((1 - power) * likelihood) >= wanted:
        return 1.0
    low, high = power, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        enough = weighted_size((middle - power) * likelihood) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return float(high)
