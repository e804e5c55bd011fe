"""Student's t distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sdsim.design.distributions.base import Floats, check_above_zero, check_ends, check_finite
from sdsim.design.distributions.truncated import Truncated


@dataclass(frozen=True)
class StudentT(Truncated):
    """A Student's t distribution, truncated at both ends of the range: as a normal one, but values
    far from the median are likelier.

    median, scale : median and scale before truncation, model units; ``scale`` is above 0.
    freedom : degrees of freedom, above 0; the larger, the closer to the normal distribution.
    low, high : ends of the range, model units; without them, nothing is cut off.

    Raises
    ------
    ModelError : see `Normal`; a scale or degrees of freedom that are not above 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.StudentT(5, 1, 4).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.467, 5.0, 6.533]
    """

    kind: ClassVar[str] = "student"
    median: float
    scale: float
    freedom: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        check_finite(self.kind, self.median)
        check_above_zero(self.kind, scale=self.scale, freedom=self.freedom)
        check_ends(self.kind, self.low, self.high, self.reach)
        self.check()

    @property
    def place(self) -> tuple[float, float]:
        """See `Truncated`."""
        return self.median, self.scale

    def _below(self, z: Floats) -> Floats:
        return np.asarray(special.stdtr(self.freedom, z))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(special.stdtr(self.freedom, -z))

    def _quantile(self, p: Floats) -> Floats:
        values = special.stdtrit(self.freedom, p)
        return np.where(p == 0, -np.inf, values)  # SciPy 1.17 gives +inf

    def _log_standard(self, z: Floats) -> Floats:
        v = self.freedom
        scale = 0.5 * math.log(v) + special.betaln(0.5 * v, 0.5)
        return np.asarray(-0.5 * (v + 1) * np.log1p(z * z / v) - scale)
