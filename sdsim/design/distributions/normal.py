"""Normal distributions: of values, of their logarithms, of sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy import special

from sdsim.base.errors import ModelError
from sdsim.design.distributions.base import (
    Ends,
    Floats,
    check_above_zero,
    check_ends,
    check_finite,
    log_where,
)
from sdsim.design.distributions.truncated import Truncated

LOG_ROOT = 0.5 * math.log(2 * math.pi)
ROOT = math.sqrt(2)


@dataclass(frozen=True)
class Normal(Truncated):
    """A normal distribution, truncated at both ends of the range.

    mean, deviation : mean and standard deviation before truncation, model units; ``deviation`` is
        above 0.
    low, high : ends of the range, model units; without them, nothing is cut off.

    Raises
    ------
    ModelError : see `Uniform`; ``deviation`` is not above 0; a range that the distribution does not
        reach.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Normal(5, 1, 0, 10).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.718, 5.0, 6.282]
    """

    kind: ClassVar[str] = "normal"
    mean: float
    deviation: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        check_finite(self.kind, self.mean, self.deviation)
        check_ends(self.kind, self.low, self.high, self.reach)
        check_above_zero(self.kind, deviation=self.deviation)
        if self.low < self.high:
            self.check()

    @property
    def place(self) -> tuple[float, float]:
        """See `Truncated`."""
        return self.mean, self.deviation

    def _below(self, z: Floats) -> Floats:
        return np.asarray(special.ndtr(z))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(special.ndtr(-z))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(special.ndtri(p))

    def _log_standard(self, z: Floats) -> Floats:
        return -0.5 * z * z - LOG_ROOT


@dataclass(frozen=True)
class LogNormal:
    """A lognormal distribution, truncated at both ends of the range: its logarithm is normal.

    median : median before truncation, model units, above 0.   spread : standard deviation of the
        natural logarithm, above 0.
    low, high : ends of the range, model units; ``low`` is at least 0; without them, nothing is cut
        off.

    Raises
    ------
    ModelError : see `Normal`; a median or spread that is not above 0, a low below 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.LogNormal(5, 0.5, 1, 20).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [2.637, 4.993, 9.425]
    """

    kind: ClassVar[str] = "lognormal"
    median: float
    spread: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        check_finite(self.kind, self.median, self.spread)
        check_ends(self.kind, self.low, self.high, (0.0, math.inf))
        if not (self.median > 0 and self.low >= 0 and self.high > 0):
            what = f"{self.kind}: median and high must be above 0, low at least 0"
            raise ModelError(what, remedy="raise them, or use normal")
        check_above_zero(self.kind, spread=self.spread)
        self._log  # noqa: B018

    @cached_property
    def _log(self) -> Normal:
        """The distribution of the logarithm."""
        with np.errstate(divide="ignore"):
            middle, low, high = (float(np.log(v)) for v in (self.median, self.low, self.high))
        return Normal(middle, self.spread, low, high)

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.clip(np.exp(self._log.ppf(u)), self.low, self.high)

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        return self._log.cdf(_logarithm(x))

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`."""
        log = _logarithm(x)
        if self.low == self.high:
            return self._log.log_density(log)
        inside = (x > 0) & (x >= self.low) & (x <= self.high)
        log = np.clip(log, self._log.low, self._log.high)  # may round to beyond an end
        return log_where(inside, self._log.log_density(log) - np.where(inside, log, 0.0))


def _logarithm(x: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(x, 0.0)))


@dataclass(frozen=True)
class HalfNormal(Truncated):
    """A half-normal distribution: the size of a normal one of mean 0, truncated at both ends of the
    range. It is a usual prior of standard deviations.

    scale : standard deviation of the normal distribution, model units, above 0.
    low, high : ends of the range, model units; ``low`` is at least 0; without them, nothing is cut
        off.

    Raises
    ------
    ModelError : see `Normal`; a scale that is not above 0, a low below 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.HalfNormal(2).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [0.251, 1.349, 3.29]
    """

    kind: ClassVar[str] = "halfnormal"
    reach: ClassVar[Ends] = (0.0, math.inf)
    scale: float
    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        check_above_zero(self.kind, scale=self.scale)
        check_ends(self.kind, self.low, self.high, self.reach)
        if self.low < 0:
            what = f"{self.kind}: low must be at least 0, got {self.low:g}"
            raise ModelError(what, remedy="raise it, or use normal")
        self.check()

    @property
    def place(self) -> tuple[float, float]:
        """See `Truncated`."""
        return 0.0, self.scale

    def _below(self, z: Floats) -> Floats:
        return np.asarray(special.erf(z / ROOT))

    def _above(self, z: Floats) -> Floats:
        return np.asarray(special.erfc(z / ROOT))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(ROOT * special.erfinv(p))

    def _log_standard(self, z: Floats) -> Floats:
        return math.log(2) - 0.5 * z * z - LOG_ROOT
