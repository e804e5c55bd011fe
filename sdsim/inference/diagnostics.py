"""Whether draws can be trusted: R-hat over groups of chains, effective sizes, tails of weights.

Margossian, C. C. and others (2024). Bayesian Analysis 19, nested R-hat. Vehtari, A. and others
(2021). Bayesian Analysis 16, 667-718, ranks and folding. Vehtari, A. and others (2024). Journal of
Machine Learning Research 25, Pareto k-hat.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sdsim.inference.target import Floats, log_sum

#: Log weights that far below the largest count as zero.
NOTHING = 700.0


def _arviz() -> Any:
    """arviz-stats' functions of plain arrays; imported here since that takes a second."""
    from arviz_stats.base.array import BaseArray

    return BaseArray()


def nested_rhat(draws: Floats, groups: int) -> Floats:
    """(k,) R-hat between groups of chains, of ranks and folded ranks, the larger of the two.

    R-hat of single chains never falls for an ensemble, whose chains are many and short; groups that
    started apart and agree have forgotten their starts.

    Parameters
    ----------
    draws : (chain, draw, k), the chains of a group one after the other.
    groups : that the chains fall into, of equal size; they must not have learnt from each other.
    """
    chains = draws.shape[0]
    owner = np.repeat(np.arange(groups), chains // groups)
    return np.array([
        _arviz().rhat_nested(draws[:, :, i], superchain_ids=owner) for i in range(draws.shape[2])
    ])  # fmt: skip


def effective_size(draws: Floats, method: str = "bulk") -> Floats:
    """(k,) how many independent draws the chains (chain, draw, k) are worth.

    method : ``bulk`` for the middle, ``tail`` for the ends of 90 % intervals.
    """
    more = {"prob": (0.05, 0.95)} if method == "tail" else {}
    return np.array([
        _arviz().ess(draws[:, :, i], method=method, **more) for i in range(draws.shape[2])
    ])  # fmt: skip


def pareto_k(log_weights: Floats) -> float:
    """Shape of the tail of importance weights: below .5 their variance is finite; above .7 no
    number of draws helps in practice. inf if there are too few weights to tell."""
    finite = np.maximum(log_weights, log_weights.max() - NOTHING)
    if not np.isfinite(log_weights.max()) or (finite > finite.max() - NOTHING).sum() < 25:
        return np.inf
    if np.ptp(finite) < 1e-10:
        return -np.inf
    # Ratios of likelihoods are what it expects; weights are their inverses.
    return float(_arviz().psislw(-finite)[1])


def smoothed(log_weights: Floats) -> tuple[Floats, float]:
    """(n,) log weights whose largest are smoothed, and whose sum is one; and the tail's shape."""
    if np.ptp(log_weights) < 1e-10:
        return np.full(len(log_weights), -np.log(len(log_weights))), -np.inf
    made, k_hat = _arviz().psislw(-log_weights)
    return np.asarray(made - log_sum(np.asarray(made)[:, None])), float(k_hat)


def weighted_size(log_weights: Floats) -> float:
    """How many equal weights these are worth (Kish 1965); 0 if all are zero."""
    if not np.isfinite(log_weights.max(initial=-np.inf)):
        return 0.0
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def weighted_rhat(draws: Floats, log_weights: Floats) -> Floats:
    """(k,) R-hat between independent runs of weighted draws (run, draw, k), of values and of their
    distances from the median, the larger of the two."""
    weights = np.exp(log_weights - log_sum(log_weights.T)[:, None])
    flat, total = draws.reshape(-1, draws.shape[2]), weights.ravel() / len(weights)
    median = np.array([quantile(flat[:, i], total, 0.5) for i in range(flat.shape[1])])
    return np.asarray(np.maximum(_between(draws, weights), _between(abs(draws - median), weights)))


def _between(values: Floats, weights: Floats) -> Floats:
    mean = np.einsum("rn,rnk->rk", weights, values)
    inner = np.einsum("rn,rnk->rk", weights, (values - mean[:, None]) ** 2).mean(axis=0)
    with np.errstate(all="ignore"):
        return np.asarray(np.sqrt(1 + mean.var(axis=0, ddof=1) / inner))


def quantile(values: Floats, weights: Floats, p: float) -> float:
    """A quantile of weighted values."""
    order = np.argsort(values)
    at = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(at, p * at[-1])), len(values) - 1)])
