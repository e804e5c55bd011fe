"""Leave-one-out from draws of one posterior, by Pareto-smoothed importance sampling.

Vehtari, A., Gelman, A. and Gabry, J. (2017). Statistics and Computing 27, 1413-1432. Nothing is
fitted again; k-hat says of each datum whether its approximation can be believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.inference.diagnostics import smoothed
from sdsim.inference.target import Floats, log_sum


@dataclass(frozen=True)
class LeftOut:
    """How each datum is predicted by the others.

    log_density : (m,) of the datum, under the posterior of all others.
    k_hat : (m,) shape of the tail of the weights that remove it.
    limit : the k-hat above which so many draws cannot be believed.
    """

    log_density: Floats
    k_hat: Floats
    limit: float

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """(m,) where the approximation may be far off: these data decide too much alone."""
        return ~(self.k_hat <= self.limit)


def left_out(log_density: Floats) -> LeftOut:
    """Leave out each datum, or each group of data, in turn.

    Data whose errors depend on those before them are left out given those: sum their densities
    over a whole series or group first to leave that out.

    Parameters
    ----------
    log_density : (n, m) of each datum at n equally likely draws of the posterior of all of them.

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(0, 0.1, (2000, 1))
    >>> found = left_out(-0.5 * (np.array([0.3, -0.2]) - draws) ** 2)
    >>> found.doubtful.tolist()
    [False, False]
    """
    n, m = log_density.shape
    out, k_hat = np.full((2, m), np.nan)
    for j in range(m):
        own = log_density[:, j]
        if np.isfinite(own).all():
            weights, k_hat[j] = smoothed(-own)
            out[j] = log_sum((weights + own)[:, None])[0]
    return LeftOut(out, k_hat, min(0.7, 1 - 1 / np.log10(n)))
