"""The Weibull distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sdsim.design.distributions.base import Floats
from sdsim.design.distributions.truncated import Shifted


@dataclass(frozen=True)
class Weibull(Shifted):
    """A Weibull distribution of scale ``stretch``, moved by ``shift``, truncated at both ends.

    low, high : ends of the range, model units.   shift : the least value before truncation, model
        units.   stretch : distance from ``shift`` below which 63 % lies before truncation, model
        units, above 0.
    shape : its shape parameter, above 0; 1 gives the exponential distribution.

    Raises
    ------
    ModelError : see `Exponential`.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Weibull(0, 100, 0, 10, 2).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.246, 8.326, 15.174]
    """

    kind: ClassVar[str] = "weibull"
    shape: float

    def _below(self, z: Floats) -> Floats:
        return np.asarray(-np.expm1(-(z**self.shape)))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(np.exp(-(z**self.shape)))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray((-np.log1p(-p)) ** (1 / self.shape))

    def _log_standard(self, z: Floats) -> Floats:
        k = self.shape
        return np.asarray(np.log(k) + special.xlogy(k - 1, z) - z**k)
