"""Weights of contestants in the mixture that predicts best.

Yao, Y., Vehtari, A., Simpson, D. and Gelman, A. (2018). Using stacking to average Bayesian
predictive distributions. Bayesian Analysis 13, 917-1007.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Steps at most, and how far a weight's reward may be off at the end.
STEPS, CLOSE = 5_000, 1e-3


def stacking(log_density: Floats) -> Floats:
    """(k,) weights that add up to 1 and give the data the largest log density as a mixture.

    The problem is concave; each step (expectation and maximisation) comes closer, until no
    contestant would gain from a larger weight.

    log_density : (k, m) of each datum by each contestant; each datum is possible for one of them.
    """
    density = np.exp(log_density - log_density.max(axis=0))
    weights = np.full(len(density), 1 / len(density))
    for _ in range(STEPS):
        reward = (density / (weights @ density)).mean(axis=1)
        weights = weights * reward
        if reward.max() < 1 + CLOSE:
            break
    return np.asarray(weights / weights.sum())
