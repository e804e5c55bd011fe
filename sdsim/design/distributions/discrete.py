"""Distributions of single values: listed ones, whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.design.distributions.base import Floats, check_ends, check_finite, log_where, row


@dataclass(frozen=True)
class Choice:
    """A discrete distribution: one of the given values.

    values : what it can be, model units.   weights : how likely each is, from 0; they are divided
        by their sum, so (3, 1) and (0.75, 0.25) are the same. Without weights all values are
        equally likely.

    Raises
    ------
    ModelError : no values; values or weights that are not finite numbers; not as many weights as
        values; weights below 0 or all 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Choice((1.0, 2.0), (3.0, 1.0)).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [1.0, 1.0, 2.0]
    """

    kind: ClassVar[str] = "choice"
    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", row("choice", self.values))
        object.__setattr__(self, "weights", row("choice: weights", self.weights))
        if not self.values:
            raise ModelError("choice: no values", remedy="write values = [1, 2]")
        check_finite("choice", *self.values, *self.weights)
        if self.weights and len(self.weights) != len(self.values):
            what = f"choice: {len(self.values)} values, {len(self.weights)} weights"
            raise ModelError(what, remedy="give each value its weight")
        if self.weights and (min(self.weights) < 0 or not sum(self.weights) > 0):
            what = "choice: weights must be at least 0, and not all of them 0"
            raise ModelError(what, remedy="raise one")

    @property
    def low(self) -> float:
        """The least value."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The largest value."""
        return max(self.values)

    @cached_property
    def ends(self) -> Floats:
        """(n_value - 1,) the cumulative probabilities in [0, 1] between successive values."""
        weights = np.asarray(self.weights or [1.0] * len(self.values))
        ends = np.cumsum(weights) / weights.sum()
        return np.asarray(ends[:-1])

    @cached_property
    def _sorted(self) -> tuple[Floats, Floats]:
        """The different values in ascending order, and the probability of each."""
        values, which = np.unique(np.asarray(self.values, dtype=float), return_inverse=True)
        weights = np.asarray(self.weights or [1.0] * len(self.values), dtype=float)
        total = np.bincount(which, weights)
        return values, total / total.sum()

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`; values in the order in which they are listed."""
        return np.asarray(self.values)[np.searchsorted(self.ends, u, side="right")]

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        values, share = self._sorted
        below = np.concatenate([[0.0], np.cumsum(share[:-1]), [1.0]])
        return below[np.searchsorted(values, x, side="right")]

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`: the logarithm of each value's probability."""
        values, share = self._sorted
        at = np.minimum(np.searchsorted(values, x), len(values) - 1)
        with np.errstate(divide="ignore"):
            return log_where(values[at] == x, np.log(share)[at])


@dataclass(frozen=True)
class Integer:
    """The whole numbers from ``low`` to ``high``, all equally likely.

    low, high : first and last of them, model units.

    Raises
    ------
    ModelError : see `Uniform`; an end that is not a whole number.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Integer(1, 6).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [1.0, 4.0, 6.0]
    """

    kind: ClassVar[str] = "integer"
    low: float
    high: float

    def __post_init__(self) -> None:
        check_ends(self.kind, self.low, self.high)
        if self.low != round(self.low) or self.high != round(self.high):
            what = f"integer: expected whole numbers, got {self.low:g}, {self.high:g}"
            raise ModelError(what, remedy="write whole numbers")

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.minimum(self.low + np.floor(u * (self.high - self.low + 1)), self.high)

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        return np.clip((np.floor(x) - self.low + 1) / (self.high - self.low + 1), 0.0, 1.0)

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`: the logarithm of each number's probability."""
        inside = (x >= self.low) & (x <= self.high) & (x == np.floor(x))
        return log_where(inside, -np.log(self.high - self.low + 1))
