"""The posterior: the cheapest method that can be trusted, and in words whether it can.

First the best fits from many starts, then importance sampling from a mixture at them. If its own
checks refuse that, populations go from the prior to the posterior by degrees; importance sampling
with a proposal fitted to them; and at last differential evolution from where they ended.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from sdsim.inference import evolution, importance, tempering
from sdsim.inference.evolution import Evolution
from sdsim.inference.importance import Importance, Verdict, verdict
from sdsim.inference.mixture import from_optima
from sdsim.inference.optimum import Optima, optima
from sdsim.inference.proposal import learnt
from sdsim.inference.target import Counted, Floats, Target, log_density, log_sum, stream
from sdsim.inference.tempering import Tempering

#: Rounds of evolution between looks at whether groups agree, which takes longer than a round.
LOOK = 20


@dataclass(frozen=True)
class Settings:
    """How hard to try, and what is enough.

    seed : of everything; 0 is a seed. size : effective draws wanted, and rhat : the R-hat allowed.
    starts : of the search for optima. draws : of each run of importance sampling a round.
    chains : of each group; even. groups : independent runs, and groups of chains.
    most : rounds in all, after which it stops as not converged.
    """

    seed: int = 0
    size: float = 1000.0
    rhat: float = 1.01
    starts: int = 32
    draws: int = 512
    chains: int = 256
    groups: int = 4
    most: int = 3000


@dataclass(frozen=True)
class State:
    """Where the work stands after some rounds: `begun` makes one, `step` the next.

    stage : ``start``, ``importance``, ``tempering``, ``fitted``, ``evolution`` or ``done``.
    known, known_density : (n, k) points and their log densities: prior draws, optima, and what
        tempering passed; a proposal that misses one of them is refused.
    accepted, reason : whether the draws can be trusted, and why not, in words; notes : why earlier
        methods were left.
    rounds, evaluations : asked of the target so far.
    seconds, own : by the clock, in the target and in the method itself; no draw depends on them.
    """

    stage: str = "start"
    optima: Optima | None = None
    known: Floats | None = None
    known_density: Floats | None = None
    importance: Importance | None = None
    tempering: Tempering | None = None
    evolution: Evolution | None = None
    accepted: bool = False
    reason: str = ""
    notes: tuple[str, ...] = ()
    rounds: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    own: float = 0.0


@dataclass(frozen=True)
class Posterior:
    """Draws from the posterior, and whether they can be trusted.

    converged : False means that the draws are no posterior; reason says why, notes why methods that
        were tried first were left; method is ``importance``, ``fitted`` or ``evolution``.
    draws : (n, k) in working coordinates; log_density : (n,) up to the constant of the target;
        weights : (n,) sum to one, equal after evolution.
    evidence, evidence_error : log of the integral of prior times likelihood, and its standard error
        from the groups.
    k_hat : of the worst run of importance sampling, NaN after evolution. rhat : the largest over
        parameters. size : effective draws, the fewest over parameters.
    rounds, evaluations : in all; overhead : the method's own share of the time.
    """

    names: tuple[str, ...]
    converged: bool
    reason: str
    notes: tuple[str, ...]
    method: str
    draws: Floats
    log_density: Floats
    weights: Floats
    evidence: float
    evidence_error: float
    optima: Optima
    k_hat: float
    rhat: float
    size: float
    rounds: int
    evaluations: int
    overhead: float

    def equal(self, n: int = 1000, seed: int = 0) -> Floats:
        """(n, k) draws of equal weight, by systematic resampling in random order."""
        rng = stream(seed, "equal draws")
        at = (rng.random() + np.arange(n)) / n
        rows = np.minimum(np.searchsorted(np.cumsum(self.weights), at), len(self.draws) - 1)
        return np.asarray(self.draws[rng.permutation(rows)])

    @property
    def mean(self) -> Floats:
        """(k,)."""
        return np.asarray(self.weights @ self.draws)

    @property
    def sd(self) -> Floats:
        """(k,)."""
        return np.asarray(np.sqrt(self.weights @ (self.draws - self.mean) ** 2))

    @property
    def verdict(self) -> str:
        """In words, with what is wrong first."""
        how = f"{self.method}: {self.rounds} rounds, {self.evaluations:,} evaluations"
        worth = f"{self.size:,.0f} effective draws, R-hat {self.rhat:.3f}"
        if self.converged:
            return f"converged by {how}; {worth}"
        return f"not converged: {self.reason}; {how}; {worth}"


def posterior(target: Target, settings: Settings | None = None) -> Posterior:
    """Draws from a distribution, by the cheapest method that can be trusted.

    Raises
    ------
    ModelError : the density is 0 at all draws of the prior.

    Examples
    --------
    >>> found = posterior(target, Settings(seed=1))
    >>> found.converged, found.verdict
    """
    settings, state = settings or Settings(), State()
    while state.stage != "done":
        state = step(target, state, settings)
    return result(state, settings)


def step(target: Target, state: State, settings: Settings) -> State:
    """One round more; the search for optima, which takes some rounds, is one step."""
    counted, began = Counted(target), time.perf_counter()
    state = STAGES[state.stage](counted, state, settings)
    state = replace(
        state,
        rounds=state.rounds + counted.rounds,
        evaluations=state.evaluations + counted.evaluations,
        seconds=state.seconds + counted.seconds,
        own=state.own + time.perf_counter() - began - counted.seconds,
    )
    if state.stage != "done" and state.rounds >= settings.most:
        reason = state.reason or f"no posterior in the {state.stage}"
        return replace(state, stage="done", reason=f"after {state.rounds:,} rounds, {reason}")
    return state


def _start(target: Target, state: State, settings: Settings) -> State:
    """The optima, a mixture at them, and points that no proposal may miss."""
    found = optima(target, starts=settings.starts, seed=settings.seed)
    draws = target.prior_draws(1024, stream(settings.seed, "known"))
    known = np.concatenate([draws, [one.x for one in found.found]])
    density = log_density(target, known)
    good = np.isfinite(density)
    spread = np.maximum(draws.std(axis=0), 1e-12)
    first = importance.begun(
        from_optima(found.found, spread), settings.groups, settings.draws
    )  # fmt: skip
    return replace(
        state, stage="importance", optima=found, known=known[good], known_density=density[good],
        importance=first,
    )  # fmt: skip


def _importance(target: Target, state: State, settings: Settings) -> State:
    """A round of importance sampling, learning or fitted."""
    assert state.importance is not None
    state = replace(state, importance=importance.step(target, state.importance, settings.seed))
    said = _judged(state, settings)
    if said.accepted is None:
        return replace(state, reason=said.reason)
    if said.accepted:
        return replace(state, stage="done", accepted=True, reason="")
    notes = (*state.notes, f"importance sampling ({state.stage}): {said.reason}")
    if state.stage == "fitted":
        return replace(state, stage="evolution", importance=None, notes=notes)
    first = tempering.begun(target, settings.seed, settings.groups, settings.chains)
    return replace(state, stage="tempering", importance=None, tempering=first, notes=notes)


def _judged(state: State, settings: Settings) -> Verdict:
    assert state.importance is not None
    assert state.known is not None
    assert state.known_density is not None
    known = (state.known, state.known_density)
    return verdict(state.importance, known, settings.size, settings.rhat)


def _tempering(target: Target, state: State, settings: Settings) -> State:
    """A round on the way; at its end, a proposal for each group."""
    assert state.tempering is not None
    assert state.known is not None
    assert state.known_density is not None
    now = tempering.step(target, state.tempering, settings.seed)
    if not now.done:
        least = float(now.power.min())
        reason = f"tempering has come to a power of {least:.2g} of the likelihood"
        return replace(state, tempering=now, reason=reason)
    good = np.isfinite(now.seen_density)
    made = tuple(
        learnt(np.unique(p, axis=0), target.low, target.high, tempering.COMPONENTS,
               stream(settings.seed, "fitted", g))
        for g, p in enumerate(now.points)
    )  # fmt: skip
    density = now.prior + now.likelihood
    return replace(
        state, stage="fitted", tempering=now, importance=importance.fixed(made, settings.draws),
        evolution=evolution.begun(target, now.points, density, settings.seed),
        known=np.concatenate([state.known, now.seen[good]]),
        known_density=np.concatenate([state.known_density, now.seen_density[good]]),
    )  # fmt: skip


def _evolution(target: Target, state: State, settings: Settings) -> State:
    """A round of evolution, and now and then a look."""
    assert state.evolution is not None
    now = evolution.step(target, state.evolution, settings.seed)
    state = replace(state, evolution=now)
    least = evolution.least_rounds(now.points.shape[2])
    if now.rounds < least or (now.rounds - least) % LOOK:
        return state
    reason = evolution.agreement(now, settings.size, settings.rhat).reason or _forgotten(state)
    if reason:
        return replace(state, reason=reason)
    return replace(state, stage="done", accepted=True, reason="")


def _forgotten(state: State) -> str:
    """In words, if an optimum that should hold draws has none, or lies far above all of them."""
    assert state.optima is not None
    assert state.evolution is not None
    k = state.evolution.points.shape[2]
    draws = state.evolution.kept.reshape(-1, k)
    middle = float(np.median(state.evolution.kept_density))
    spread = np.maximum(draws.std(axis=0), 1e-300) * 1e3
    share = from_optima(state.optima.found, spread).weight
    assert state.known_density is not None
    if state.known_density.max() - middle > chi2.isf(1e-9, k):
        return "the draws lie far below the best fit: they miss the region around it"
    for one, weight in zip(state.optima.found, share, strict=False):
        far = (((draws - one.x) @ one.jacobian.T) ** 2).sum(axis=1)
        if weight > 0.1 and far.min() > chi2.isf(1e-3, k):
            return f"an optimum with {weight:.0%} of the mass by its curvature holds no draws"
    return ""


STAGES = {
    "start": _start,
    "importance": _importance,
    "tempering": _tempering,
    "fitted": _importance,
    "evolution": _evolution,
}


def result(state: State, settings: Settings) -> Posterior:
    """What a finished state found; of an unfinished one, what there is, as not converged."""
    if state.optima is None:
        raise ValueError("not one step was made")
    total = max(state.seconds + state.own, 1e-12)
    k_hat, rhat, size = np.nan, np.inf, 0.0
    evidence = np.array([np.nan])
    if state.importance is not None and len(state.importance.points):
        method = "importance" if state.tempering is None else "fitted"
        own, said = state.importance, _judged(state, settings)
        logs = own.log_weights
        draws = own.draws.reshape(logs.size, -1)
        density = own.density[max(own.learnt, 0) :]
        density = density.transpose(1, 0, 2).ravel()
        weights = np.exp(logs.ravel() - log_sum(logs.ravel()))
        evidence, k_hat, rhat, size = own.evidence, said.k_hat, said.rhat, said.size
    elif state.evolution is not None:
        method, now = "evolution", state.evolution
        draws = now.kept.reshape(-1, now.points.shape[2])
        density = now.kept_density.ravel()
        weights = np.full(len(draws), 1 / len(draws))
        said_of = evolution.agreement(now, settings.size, settings.rhat)
        rhat, size = float(said_of.rhat.max()), float(said_of.size.min())
        assert state.tempering is not None
        evidence = state.tempering.evidence
    else:
        method, draws = "optimum", np.array([one.x for one in state.optima.found])
        density = np.array([-one.cost for one in state.optima.found])
        weights = np.full(len(draws), 1 / len(draws))
    some = weights > 0
    return Posterior(
        state.optima.names, state.accepted, state.reason, state.notes, method, draws[some],
        density[some], weights[some], float(log_sum(evidence) - np.log(len(evidence))),
        float(np.std(evidence) / np.sqrt(max(len(evidence) - 1, 1))), state.optima, k_hat, rhat,
        size, state.rounds, state.evaluations, state.own / total,
    )  # fmt: skip
