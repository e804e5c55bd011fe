"""The gamma distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sdsim.design.distributions.base import Floats
from sdsim.design.distributions.truncated import Shifted


@dataclass(frozen=True)
class Gamma(Shifted):
    """A gamma distribution of mean ``stretch``, moved by ``shift``, truncated at both ends.

    low, high, shift, stretch : as for `Exponential`.   order : its shape parameter, above 0; 1
        gives the exponential distribution, larger ones a narrower bump.

    Raises
    ------
    ModelError : see `Exponential`.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Gamma(0, 100, 0, 10, 3).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.674, 8.914, 17.741]
    """

    kind: ClassVar[str] = "gamma"
    order: float

    def _below(self, z: Floats) -> Floats:
        return np.asarray(special.gammainc(self.order, self.order * z))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(special.gammaincc(self.order, self.order * z))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(special.gammaincinv(self.order, p) / self.order)

    def _log_standard(self, z: Floats) -> Floats:
        k = self.order
        return np.asarray(k * np.log(k) - special.gammaln(k) + special.xlogy(k - 1, z) - k * z)
