"""Uniform distributions, of values and of their logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.design.distributions.base import (
    Floats,
    check_ends,
    log_where,
    point_cdf,
    point_log_density,
)


@dataclass(frozen=True)
class Uniform:
    """A uniform distribution: all values in the range are equally likely.

    low, high : ends of the range, model units; ``low`` may not be above ``high``.

    Raises
    ------
    ModelError : an end that is not a finite number; ends the wrong way round.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Uniform(0, 10).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [1.0, 5.0, 9.0]
    """

    kind: ClassVar[str] = "uniform"
    low: float
    high: float

    def __post_init__(self) -> None:
        check_ends(self.kind, self.low, self.high)

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.clip(self.low + u * (self.high - self.low), self.low, self.high)

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        if self.low == self.high:
            return point_cdf(x, self.low)
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`."""
        if self.low == self.high:
            return point_log_density(x, self.low)
        return log_where((x >= self.low) & (x <= self.high), -np.log(self.high - self.low))


@dataclass(frozen=True)
class LogUniform:
    """A log-uniform distribution: the logarithm is uniform, so that a step from 1 to 10 is as
    likely as one from 10 to 100.

    low, high : ends of the range, model units; ``low`` is above 0.

    Raises
    ------
    ModelError : see `Uniform`; ``low`` is not above 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.LogUniform(1, 100).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [1.585, 10.0, 63.096]
    """

    kind: ClassVar[str] = "loguniform"
    low: float
    high: float

    def __post_init__(self) -> None:
        check_ends(self.kind, self.low, self.high)
        if self.low <= 0:
            what = f"{self.kind}: low must be above 0, got {self.low:g}"
            raise ModelError(what, remedy="raise it, or use uniform")

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        a, b = np.log(self.low), np.log(self.high)
        return np.asarray(np.clip(np.exp(a + u * (b - a)), self.low, self.high))

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        if self.low == self.high:
            return point_cdf(x, self.low)
        size = np.log(self.high / self.low)
        return np.asarray(np.log(np.clip(x, self.low, self.high) / self.low) / size)

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`."""
        if self.low == self.high:
            return point_log_density(x, self.low)
        logs = np.log(np.clip(x, self.low, self.high)) + np.log(np.log(self.high / self.low))
        return log_where((x >= self.low) & (x <= self.high), -logs)
