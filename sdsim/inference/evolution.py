"""Differential evolution of many chains: the posterior where no mixture fits it well.

ter Braak, C. J. F. and Vrugt, J. A. (2008). Statistics and Computing 18, 435-446. Here with
independent draws from a mixture, which let chains change modes, and groups of chains that learn
nothing from each other, so that their agreement means something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from sdsim.inference.diagnostics import effective_size, nested_rhat
from sdsim.inference.moves import halves, moved, swapped
from sdsim.inference.proposal import Proposal, learnt
from sdsim.inference.target import Floats, Target, log_density, stream

#: Points of an archive from which a proposal is fitted at most, and its components at most.
FITTED, COMPONENTS = 2048, 16
#: Rounds before the archive and the proposal are first renewed; then at twice as many, and so on.
RENEWED = 10
#: Rounds that are kept at most.
KEPT = 512


@dataclass(frozen=True)
class Evolution:
    """Groups of chains after some rounds; `begun` makes one, `step` gives the next.

    points, density : (group, chain, k) where chains are, and (group, chain) its logarithm.
    past, past_density : the same of earlier rounds, of each ``every``-th alone, from the start on.
    archive : (2 group, m, k) earlier points that the moves of each half of each group use: the
        other half's; ``proposals`` are fitted to them. Both are renewed at the round ``since``, at
        twice as many and so on, and not between.
    rounds : so far, and ``accepted`` moves in them.
    """

    points: Floats
    density: Floats
    archive: Floats
    proposals: tuple[Proposal, ...]
    past: tuple[Floats, ...]
    past_density: tuple[Floats, ...]
    every: int = 1
    since: int = 0
    rounds: int = 0
    accepted: int = 0

    @property
    def kept(self) -> Floats:
        """(group, chain, draw, k) the second half; the only draw, if there is one."""
        return np.stack(self.past[self._half :], axis=2)

    @property
    def kept_density(self) -> Floats:
        """(group, chain, draw)."""
        return np.stack(self.past_density[self._half :], axis=2)

    @property
    def _half(self) -> int:
        return min((len(self.past) + 1) // 2, len(self.past) - 1)


def begun(target: Target, points: Floats, density: Floats, seed: int) -> Evolution:
    """Before the first round.

    points : (group, chain, k) where chains start, and density (group, chain) there; what a group
        starts from must be independent of the others.
    """
    archive = swapped(halves(points))
    made = _proposals(target, archive, seed, 0)
    return Evolution(points, density, archive, made, (points,), (density,))


def _proposals(target: Target, archives: Floats, seed: int, done: int) -> tuple[Proposal, ...]:
    """Fitted to distinct points of each archive."""
    out = []
    for part, own in enumerate(archives):
        rng = stream(seed, "evolution's proposal", part, done)
        distinct = np.unique(own, axis=0)
        some = rng.permutation(len(distinct))[:FITTED]
        out.append(learnt(distinct[some], target.low, target.high, COMPONENTS, rng))
    return tuple(out)


def step(target: Target, state: Evolution, seed: int) -> Evolution:
    """One round: a batch in which every chain moves once."""
    done = state.rounds
    if done == max(2 * state.since, RENEWED):
        state = _renewed(target, state, seed)
    groups, chains, k = state.points.shape
    now, before = state.points, state.density
    new, ratio, luck = moved(now, state.archive, state.proposals, seed, "evolution", done)
    density = log_density(target, new.reshape(-1, k)).reshape(groups, chains)
    with np.errstate(invalid="ignore"):
        taken = luck < density - before + ratio
    state = replace(
        state,
        points=np.where(taken[..., None], new, now),
        density=np.where(taken, density, before),
        rounds=done + 1,
        accepted=state.accepted + int(taken.sum()),
    )
    return _recorded(state) if state.rounds % state.every == 0 else state


def _recorded(state: Evolution) -> Evolution:
    """With the present round kept; once there are `KEPT`, every second of all is."""
    past, density = (*state.past, state.points), (*state.past_density, state.density)
    if len(past) > KEPT:
        return replace(state, past=past[::2], past_density=density[::2], every=2 * state.every)
    return replace(state, past=past, past_density=density)


def _renewed(target: Target, state: Evolution, seed: int) -> Evolution:
    """Archive and proposal from what came in the second half of the rounds so far."""
    groups, chains, draws, k = state.kept.shape
    archive = swapped(state.kept.reshape(2 * groups, chains // 2 * draws, k))
    archive = archive[:, :: max(archive.shape[1] // FITTED, 1)]
    done = state.rounds
    made = _proposals(target, archive, seed, done)
    return replace(state, archive=archive, proposals=made, since=done)


def least_rounds(k: int) -> int:
    """How many rounds must pass before agreement is believed: 120 for up to 8 parameters, 400 for
    20, in proportion between and beyond; after 17 rounds R-hat was seen to pass with means a whole
    standard deviation off, after 60 with spreads a fifth too small on a bent ridge."""
    return 120 + round(max(k - 8, 0) * 280 / 12)


@dataclass(frozen=True)
class Agreement:
    """What the second half of the rounds is worth.

    rhat : (k,) nested R-hat between groups, and size : (k,) effective draws, the smaller of those
        for the middle and the tails; NaN before it is time to look.
    reason : why they may not stand as the posterior, in words; empty if they may.
    """

    rhat: Floats
    size: Floats
    reason: str


def agreement(state: Evolution, size: float = 1000.0, rhat: float = 1.01) -> Agreement:
    """Whether groups of chains agree after enough rounds, and leave enough effective draws.

    Means of groups that are worth ``size`` draws together differ little: an R-hat above what such
    means reach in one of twenty cases is too large, even if it is below ``rhat``. Effective sizes
    from within chains do not see modes that chains never change.
    """
    k = state.points.shape[2]
    if state.rounds < least_rounds(k):
        none = np.full(k, np.nan)
        return Agreement(none, none, f"{state.rounds} rounds, expected {least_rounds(k)}")
    groups, chains, rounds, _ = state.kept.shape
    draws = state.kept.reshape(groups * chains, rounds, k)
    between = nested_rhat(draws, groups)
    sizes = np.minimum(effective_size(draws), effective_size(draws, "tail"))
    worst = float(np.nan_to_num(between, nan=np.inf).max())
    least = float(np.nan_to_num(sizes, nan=0.0).min())
    rhat = min(rhat, float(np.sqrt(1 + chi2.isf(0.05, groups - 1) / (groups - 1) * groups / size)))
    reason = ""
    if worst >= rhat:
        reason = f"groups of chains differ (nested R-hat {worst:.4f}, expected < {rhat:.4f})"
    elif least < size:
        reason = f"{least:.0f} effective draws, expected {size:.0f}"
    return Agreement(between, sizes, reason)
