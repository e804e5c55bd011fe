"""Distributions that rise to a likeliest value and fall again: triangular, PERT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sdsim.base.errors import ModelError
from sdsim.design.distributions.base import (
    Floats,
    check_ends,
    check_finite,
    log_where,
    point_cdf,
    point_log_density,
)


@dataclass(frozen=True)
class Triangular:
    """A triangular distribution: the density rises in a straight line from ``low`` to ``mode``, and
    falls in one to ``high``.

    low, mode, high : least, likeliest and largest value, model units, in that order.

    Raises
    ------
    ModelError : a value that is not a finite number; values out of order.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Triangular(0, 5, 10).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [2.236, 5.0, 7.764]
    """

    kind: ClassVar[str] = "triangular"
    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        _check(Triangular.kind, self.low, self.mode, self.high)

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        size = self.high - self.low
        if size == 0:
            return np.full(np.shape(u), self.low)
        up, down = self.mode - self.low, self.high - self.mode
        left = self.low + np.sqrt(u * size * up)
        right = self.high - np.sqrt((1 - u) * size * down)
        return np.where(u < up / size, left, right)

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        size = self.high - self.low
        if size == 0:
            return point_cdf(x, self.low)
        x = np.clip(x, self.low, self.high)
        up, down = self.mode - self.low, self.high - self.mode
        left = (x - self.low) ** 2 / (size * up or 1.0)
        right = 1 - (self.high - x) ** 2 / (size * down or 1.0)
        return np.where(x < self.mode, left, right)

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`."""
        size = self.high - self.low
        if size == 0:
            return point_log_density(x, self.low)
        up, down = self.mode - self.low, self.high - self.mode
        left = (x - self.low) / (up or 1.0)
        right = (self.high - x) / down if down else np.ones(np.shape(x))
        share = np.where(x < self.mode, left, right)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(share) + np.log(2 / size)
        return log_where((x >= self.low) & (x <= self.high), logs)


@dataclass(frozen=True)
class Pert:
    """A PERT distribution: a smooth bump over the range, peaking at ``mode`` (Malcolm et al. 1959).

    low, mode, high : least, likeliest and largest value, model units, in that order; ``low`` and
        ``high`` differ.

    Raises
    ------
    ModelError : see `Triangular`; ``low`` equals ``high``.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Pert(0, 5, 10).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [2.466, 5.0, 7.534]
    """

    kind: ClassVar[str] = "pert"
    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        _check(self.kind, self.low, self.mode, self.high)
        if self.low == self.high:
            raise ModelError("pert: low and high must differ", remedy="move one")

    @property
    def _shape(self) -> tuple[float, float, float]:
        """The range's width, and the two parameters of the beta distribution in it."""
        size = self.high - self.low
        a = 1 + 4 * (self.mode - self.low) / size
        b = 1 + 4 * (self.high - self.mode) / size
        return size, a, b

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        size, a, b = self._shape
        return np.asarray(self.low + size * special.betaincinv(a, b, u))

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        size, a, b = self._shape
        return np.asarray(special.betainc(a, b, np.clip((x - self.low) / size, 0.0, 1.0)))

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`."""
        size, a, b = self._shape
        z = np.clip((x - self.low) / size, 0.0, 1.0)
        logs = special.xlogy(a - 1, z) + special.xlog1py(b - 1, -z)
        inside = (x >= self.low) & (x <= self.high)
        return log_where(inside, logs - special.betaln(a, b) - np.log(size))


def _check(kind: str, low: float, mode: float, high: float) -> None:
    check_ends(kind, low, high)
    check_finite(kind, mode)
    if not low <= mode <= high:
        what = f"{kind}: mode {mode:g} is outside {low:g} to {high:g}"
        raise ModelError(what, remedy="put it between them")
