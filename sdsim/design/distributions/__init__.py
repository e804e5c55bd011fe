"""Distributions of factors and priors, each with quantiles, probabilities and a density.

One file a family. A new one is a dataclass with the methods of `Distribution` and its name in
`sdsim.design.distributions.data`; `Truncated` does most of the work for those that are a standard
distribution, moved, stretched and cut off.
"""

from collections.abc import Sequence

import numpy as np

from sdsim.design.distributions.base import Distribution, Floats
from sdsim.design.distributions.beta import Beta
from sdsim.design.distributions.data import KINDS, from_data, to_data
from sdsim.design.distributions.discrete import Choice, Integer
from sdsim.design.distributions.empirical import Empirical
from sdsim.design.distributions.exponential import Exponential
from sdsim.design.distributions.gamma import Gamma
from sdsim.design.distributions.normal import HalfNormal, LogNormal, Normal
from sdsim.design.distributions.student import StudentT
from sdsim.design.distributions.triangular import Pert, Triangular
from sdsim.design.distributions.uniform import LogUniform, Uniform
from sdsim.design.distributions.weibull import Weibull


def supports(distributions: Sequence[Distribution]) -> tuple[Floats, Floats]:
    """(n,) lower and upper ends."""
    ends = [(d.low, d.high) for d in distributions]
    low, high = np.array(ends).reshape(-1, 2).T
    return low, high


__all__ = [
    "KINDS", "Beta", "Choice", "Distribution", "Empirical", "Exponential", "Floats", "Gamma",
    "HalfNormal", "Integer", "LogNormal", "LogUniform", "Normal", "Pert", "StudentT", "Triangular",
    "Uniform", "Weibull", "from_data", "supports", "to_data",
]  # fmt: skip
