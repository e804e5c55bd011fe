"""Simulation-based calibration: whether posteriors are as wide as they should be.

Parameters drawn from the prior, data simulated with them, the posterior of these data: the place of
the true parameters among the posterior's draws is uniform if the method is right. Talts, S. and
others (2018). Validating Bayesian inference algorithms with simulation-based calibration.
arXiv:1804.06788.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sdsim.base.errors import ModelError
from sdsim.inference.target import Floats


def rank(truth: Floats, draws: Floats) -> Floats:
    """(k,) the share of draws below the truth, from 0 to 1.

    truth : (k,).   draws : (n, k) equally likely.
    """
    return np.asarray((draws < truth).mean(axis=0))


@dataclass(frozen=True)
class Uniformity:
    """Whether places are uniform.

    places : (n, k), from 0 to 1.   chance : (k,) of places at least as uneven, if they are uniform
        (Kolmogorov and Smirnov).
    inside : (k,) the share of truths within the central 90 % interval, and its exact 95 % interval
        from ``low`` to ``high`` (Clopper and Pearson).
    """

    places: Floats
    chance: Floats
    inside: Floats
    low: Floats
    high: Floats

    @property
    def uniform(self) -> bool:
        """Whether no parameter is uneven, allowing for how many there are (5 %, Bonferroni)."""
        return bool((self.chance * len(self.chance) > 0.05).all())


def uniformity(places: Floats, level: float = 0.9) -> Uniformity:
    """A test of places among draws.

    places : (n, k) from `rank`, at least 10.

    Examples
    --------
    >>> even = (np.arange(100) + 0.5)[:, None] / 100
    >>> uniformity(even).uniform, float(uniformity(even**3).chance[0]) < 0.001
    (True, True)
    """
    n = len(places)
    if n < 10:
        raise ModelError(f"{n} places, expected 10 or more", remedy="simulate more data sets")
    chance = [stats.kstest(column, "uniform").pvalue for column in places.T]
    count = (np.abs(places - 0.5) <= level / 2).sum(axis=0)
    low, high = np.transpose([stats.binomtest(int(c), n).proportion_ci() for c in count])
    return Uniformity(places, np.array(chance), count / n, np.asarray(low), np.asarray(high))
