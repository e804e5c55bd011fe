"""The distribution of values that were drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.design.distributions.base import Floats, check_finite, log_where, row


@dataclass(frozen=True)
class Empirical:
    """An empirical distribution: draws from elsewhere, such as a posterior's, all equally likely.

    values : the draws, model units, in any order; a value may come up several times.

    Raises
    ------
    ModelError : no values; values that are not finite numbers.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Empirical((3.0, 1.0, 2.0)).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [1.0, 2.0, 3.0]
    """

    kind: ClassVar[str] = "empirical"
    values: tuple[float, ...] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", row(self.kind, self.values))
        if not self.values:
            raise ModelError(f"{self.kind}: no values", remedy="write values = [1, 2]")
        check_finite(self.kind, *self.values)

    def __repr__(self) -> str:
        return f"Empirical({len(self.values):,} values from {self.low:g} to {self.high:g})"

    @cached_property
    def _sorted(self) -> Floats:
        return np.sort(np.asarray(self.values, dtype=float))

    @property
    def low(self) -> float:
        """The least value."""
        return float(self._sorted[0])

    @property
    def high(self) -> float:
        """The largest value."""
        return float(self._sorted[-1])

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`; always one of the values."""
        count = len(self._sorted)
        at = np.asarray(np.ceil(np.asarray(u) * count), dtype=np.int64) - 1
        return self._sorted[np.clip(at, 0, count - 1)]

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`: the share of values of at most x."""
        return np.asarray(np.searchsorted(self._sorted, x, side="right") / len(self._sorted))

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`: the logarithm of each value's share."""
        alike = np.searchsorted(self._sorted, x, side="right") - np.searchsorted(self._sorted, x)
        with np.errstate(divide="ignore"):
            logs = np.log(alike / len(self._sorted))
        return log_where(np.asarray(alike > 0), logs)
