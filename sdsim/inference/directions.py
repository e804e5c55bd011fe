"""Informed directions: which combinations of parameters the data speak to, and how loudly.

Cui, T. and others (2014). Inverse Problems 30, 114015: the likelihood's curvature against the
prior's. Rodgers, C. D. (2000). Inverse Methods for Atmospheric Sounding: degrees of freedom for
signal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdsim.inference.target import Floats


@dataclass(frozen=True)
class Directions:
    """Combinations of parameters at a best fit, the best informed first.

    gain : (k,) the precision that the data add along each, in units of the prior's precision.
    loading : (k, k) a row for each direction, of unit length: how far it moves each parameter, in
        standard deviations of the prior.
    """

    gain: Floats
    loading: Floats

    @property
    def narrowed(self) -> Floats:
        """(k,) standard deviation after the data as a share of the prior's, to first order."""
        return np.asarray(1 / np.sqrt(1 + self.gain))

    @property
    def informed(self) -> float:
        """How many parameters' worth the data tell: each direction counts as the data's share of
        its precision."""
        return float((self.gain / (1 + self.gain)).sum())


def directions(jacobian: Floats, spread: Floats) -> Directions:
    """The directions in which the likelihood is curved most, measured by the prior.

    Parameters
    ----------
    jacobian : (m, k) of the data's residuals, without the prior's, in working coordinates.
    spread : (k,) standard deviations of the prior, whose parameters are independent.

    Examples
    --------
    Data that know the sum of two parameters say nothing of their difference:

    >>> found = directions(np.array([[10.0, 10.0]]), np.ones(2))
    >>> found.gain.round(6).tolist(), round(found.informed, 2)
    ([200.0, 0.0], 1.0)
    """
    _, size, rows = np.linalg.svd(jacobian * spread, full_matrices=True)
    gain = np.zeros(len(spread))
    gain[: len(size)] = size**2
    sign = np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)])
    return Directions(gain, rows * sign[:, None])
