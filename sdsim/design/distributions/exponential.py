"""The exponential distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.design.distributions.base import Floats
from sdsim.design.distributions.truncated import Shifted


@dataclass(frozen=True)
class Exponential(Shifted):
    """An exponential distribution of mean ``stretch``, moved by ``shift``, truncated at both ends.

    low, high : ends of the range, model units.   shift : the least value before truncation, model
        units.   stretch : mean distance from ``shift`` before truncation, model units, above 0.

    Raises
    ------
    ModelError : see `Uniform`; a setting besides ``shift`` that is not above 0; a range that the
        distribution does not reach.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Exponential(0, 100, 0, 10).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [1.054, 6.931, 23.022]
    """

    kind: ClassVar[str] = "exponential"

    def _below(self, z: Floats) -> Floats:
        return np.asarray(-np.expm1(-z))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(np.exp(-z))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(-np.log1p(-p))

    def _log_standard(self, z: Floats) -> Floats:
        return -z
