"""The beta distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sdsim.design.distributions.base import Ends, Floats
from sdsim.design.distributions.truncated import Shifted


@dataclass(frozen=True)
class Beta(Shifted):
    """A beta distribution between ``shift`` and ``shift + stretch``, truncated at both ends.

    low, high : ends of the range, model units.   shift : the least value before truncation, model
        units.   stretch : width before truncation, model units, above 0.
    alpha, beta : its shape parameters, above 0; equal ones give a symmetric distribution, and it
        leans to the low end if ``alpha`` is the smaller.

    Raises
    ------
    ModelError : see `Exponential`.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Beta(0, 1, 0, 1, 2, 5).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [0.093, 0.264, 0.51]
    """

    kind: ClassVar[str] = "beta"
    reach: ClassVar[Ends] = (0.0, 1.0)
    alpha: float
    beta: float

    def _below(self, z: Floats) -> Floats:
        return np.asarray(special.betainc(self.alpha, self.beta, z))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(special.betaincc(self.alpha, self.beta, z))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(special.betaincinv(self.alpha, self.beta, p))

    def _log_standard(self, z: Floats) -> Floats:
        logs = special.xlogy(self.alpha - 1, z) + special.xlog1py(self.beta - 1, -z)
        return np.asarray(logs - special.betaln(self.alpha, self.beta))
