"""Adaptive importance sampling with a mixture of t: often done after a handful of rounds.

Cappé, O. and others (2008). Statistics and Computing 18, 447-459: the refit. Raftery, A. E. and
Bao, L. (2010). Biometrics 66, 1162-1173: a component where the weights are largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from sdsim.inference.diagnostics import pareto_k, weighted_rhat, weighted_size
from sdsim.inference.mixture import Mixture
from sdsim.inference.proposal import Proposal
from sdsim.inference.target import Floats, Target, log_density, log_sum, stream

#: Rounds of learning at least and at most, and rounds of draws that count at most.
LEAST, MOST, LAST = 4, 12, 24
#: A round whose share of effective draws grows by less than this factor has learnt enough.
GROWTH = 1.04
#: Components of a mixture at most, and the share of effective draws below which one is added.
COMPONENTS, POOR = 12, 0.2
#: A point known from elsewhere may weigh that many times the largest weight.
MISSED = 20.0
#: Known points count if they lie higher than all but this share of a normal distribution.
RARE = 1e-6


@dataclass(frozen=True)
class Importance:
    """Independent runs after some rounds; `begun` makes one, `step` gives the next.

    mixtures : what each run draws from next.
    points, density, proposal : (round, run, n, k) draws, and (round, run, n) the log densities of
        the target and of what they were drawn from.
    learnt : the round from which on the mixtures stay as they are; -1 while they learn. Draws from
        then on count: what a mixture learnt from would be counted twice.
    """

    mixtures: tuple[Mixture | Proposal, ...]
    points: Floats
    density: Floats
    proposal: Floats
    learnt: int = -1

    @property
    def log_weights(self) -> Floats:
        """(run, draw) of the draws that count."""
        runs = len(self.mixtures)
        weights = (self.density - self.proposal)[max(self.learnt, 0) :]
        return weights.transpose(1, 0, 2).reshape(runs, -1)

    @property
    def draws(self) -> Floats:
        """(run, draw, k) that count."""
        points = self.points[max(self.learnt, 0) :].transpose(1, 0, 2, 3)
        return points.reshape(len(self.mixtures), -1, points.shape[-1])

    @property
    def evidence(self) -> Floats:
        """(run,) log of the mean weight: of the integral of prior times likelihood."""
        return np.asarray(log_sum(self.log_weights.T) - np.log(self.log_weights.shape[1]))


@dataclass(frozen=True)
class Verdict:
    """Whether the runs are accepted: True, False or None (draw on); and why not, in words."""

    accepted: bool | None
    reason: str
    k_hat: float = np.inf
    size: float = 0.0
    rhat: float = np.inf


def begun(start: Mixture, runs: int = 4, draws: int = 512) -> Importance:
    """Before the first round: ``runs`` independent runs of ``draws`` points a round each."""
    none = np.empty((0, runs, draws))
    return Importance((start,) * runs, np.empty((*none.shape, start.centre.shape[1])), none, none)


def fixed(proposals: tuple[Proposal, ...], draws: int = 512) -> Importance:
    """Before the first round of runs that have nothing to learn, each with its own proposal."""
    none = np.empty((0, len(proposals), draws))
    k = len(proposals[0].warp.low)
    return Importance(proposals, np.empty((*none.shape, k)), none, none, learnt=0)


def step(target: Target, state: Importance, seed: int) -> Importance:
    """One round: a batch of draws for all runs, and what the mixtures learn from it."""
    done, (runs, n) = len(state.points), state.density.shape[1:]
    rngs = [stream(seed, "importance", run, done) for run in range(runs)]
    new = np.array([m.draw(n, rng) for m, rng in zip(state.mixtures, rngs, strict=True)])
    density = log_density(target, new.reshape(runs * n, -1)).reshape(1, runs, n)
    proposal = np.array([m.log_density(x) for m, x in zip(state.mixtures, new, strict=True)])
    state = replace(
        state,
        points=np.concatenate([state.points, new[None]]),
        density=np.concatenate([state.density, density]),
        proposal=np.concatenate([state.proposal, proposal[None]]),
    )
    if state.learnt >= 0:
        return state
    shares = _shares(state)
    if done + 1 >= MOST or (done + 1 >= LEAST and POOR <= shares[-1] < GROWTH * shares[:-1].max()):
        return replace(state, learnt=done + 1)
    return replace(state, mixtures=tuple(_taught(state, run) for run in range(runs)))


def _shares(state: Importance) -> Floats:
    """(round,) effective share of the draws, of the worst run."""
    logs = state.density - state.proposal
    return np.array([min(weighted_size(w) for w in r) / logs.shape[2] for r in logs])


def _taught(state: Importance, run: int) -> Mixture | Proposal:
    """The mixture of a run after what all its rounds have shown, each by its effective draws."""
    logs = state.density[:, run] - state.proposal[:, run]
    k = state.points.shape[-1]
    rounds = [tempered(w, 5.0 * k) for w in logs]
    sizes = np.array([1 / (w**2).sum() if w.any() else 0.0 for w in rounds])
    mixture = state.mixtures[run]
    if not sizes.any() or not isinstance(mixture, Mixture):
        return mixture
    weights = np.concatenate([w * s for w, s in zip(rounds, sizes, strict=True)]) / sizes.sum()
    points = state.points[:, run].reshape(-1, k)
    mixture = mixture.refit(points, weights)
    if weighted_size(logs[-1]) < POOR * logs.shape[1] and len(mixture.weight) < COMPONENTS:
        mixture = _widened(mixture, points, logs.ravel(), weights)
    return mixture


def _widened(mixture: Mixture, points: Floats, logs: Floats, weights: Floats) -> Mixture:
    """The mixture with a component where the largest weight is, shaped by the points around."""
    k = points.shape[1]
    peak = points[logs.argmax()]
    mean = weights @ points
    cov = (weights[:, None] * (points - mean)).T @ (points - mean) + 1e-12 * np.eye(k)
    off = points - peak
    far = np.einsum("ni,ij,nj->n", off, np.linalg.pinv(cov), off)
    held = np.where(weights > 0.01 / len(weights), far, np.inf)
    near = np.argsort(held, kind="stable")[: min(max(8 * k, 40), int(np.isfinite(held).sum()))]
    part = weights[near] / weights[near].sum() + 1 / len(near)
    local = (part[:, None] * off[near]).T @ off[near] / 2
    return mixture.with_component(0.1, peak, local + 1e-4 * cov)


def tempered(log_weights: Floats, least: float) -> Floats:
    """Weights raised to the power, at most 1, that leaves ``least`` effective draws; they sum to 1,
    or are all zero if fewer than two are positive."""
    if np.isfinite(log_weights).sum() < 2:
        return np.zeros(len(log_weights))
    logs = log_weights - log_weights.max()
    least = min(least, 0.5 * np.isfinite(logs).sum())
    low, high = 0.0, 1.0
    if weighted_size(logs) < least:
        for _ in range(20):
            power = (low + high) / 2
            low, high = (
                (power, high) if weighted_size(_power(logs, power)) > least else (low, power)
            )
    weights = np.exp(_power(logs, high))
    return np.asarray(weights / weights.sum())


def _power(logs: Floats, power: float) -> Floats:
    return np.where(np.isfinite(logs), power * np.maximum(logs, -1e300), -np.inf)


def verdict(
    state: Importance, known: Sequence[Floats] = (), size: float = 1000.0, rhat: float = 1.01
) -> Verdict:
    """Whether the draws so far may stand as the posterior.

    They may if in each run the tail of the weights has a Pareto k-hat below .5, if all together are
    worth ``size`` draws and each run a tenth of them, if the runs agree in evidence, means and
    spreads, and if no point known from elsewhere shows that the mixtures miss a region.

    known : points (n, k) and their log densities (n,) from outside, such as the draws from which
        the starts were chosen, and the optima.
    """
    if state.learnt < 0 or len(state.points) <= state.learnt:
        return Verdict(None, "still learning")
    logs, rounds = state.log_weights, len(state.points) - state.learnt
    sizes = np.array([weighted_size(w) for w in logs])
    if missed := _missed(state, logs, known):
        return Verdict(False, missed, size=sizes.sum())
    if rounds < LAST and (sizes.sum() < size or sizes.min() < size / 10):
        hopeless = min(sizes.sum(), 10 * sizes.min()) / rounds * LAST < size
        if not hopeless:
            return Verdict(None, f"{sizes.sum():.0f} effective draws", size=sizes.sum())
        why = f"{sizes.sum():.0f} effective draws of {logs.size:,}, expected {size:.0f}"
        return Verdict(False, f"too few count: {why}", size=sizes.sum())
    k_hat = max(pareto_k(w) for w in logs)
    between = float(weighted_rhat(state.draws, logs).max())
    found = Verdict(None, "", k_hat, sizes.sum(), between)
    error2 = 1 / sizes - 1 / logs.shape[1]
    mean = np.average(state.evidence, weights=1 / error2) if (error2 > 0).all() else 0.0
    apart = float((((state.evidence - mean) ** 2) / np.maximum(error2, 1e-12)).sum())
    wrong = ""
    if k_hat >= 0.5:
        wrong = f"the tail of the weights is too heavy (Pareto k-hat {k_hat:.2f}, expected < .5)"
    elif sizes.sum() < size or sizes.min() < size / 10:
        wrong = f"{sizes.sum():.0f} effective draws, expected {size:.0f}"
    elif apart > chi2.isf(1e-4, len(logs) - 1) and np.ptp(state.evidence) > 0.02:
        wrong = f"the runs' evidences differ by {np.ptp(state.evidence):.2f}, more than by chance"
    elif between >= rhat:
        wrong = f"the runs differ (R-hat {between:.3f}, expected < {rhat:g})"
    if not wrong:
        return replace(found, accepted=True)
    # More draws may yet bring k-hat and the runs together.
    return replace(found, accepted=None if rounds < LAST // 3 else False, reason=wrong)


def _missed(state: Importance, logs: Floats, known: Sequence[Floats]) -> str:
    """In words, if points from elsewhere weigh far more than any draw does."""
    if not len(known):
        return ""
    points, density = known
    # Lower than this lies a millionth of a normal distribution: points there are known to be rare.
    high = density > density.max() - chi2.isf(RARE, points.shape[1]) / 2
    points, density = points[high], density[high]
    for mixture, own in zip(state.mixtures, logs, strict=True):
        excess = float((density - mixture.log_density(points)).max() - own.max())
        if excess > np.log(MISSED):
            weight = f"weighs e^{excess:.1f} times as much as any draw"
            return f"the mixture misses a region: a known point there {weight}"
    return ""
