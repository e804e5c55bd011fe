"""The interface of a distribution, and the checks that every one makes of its arguments."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, said

Floats = NDArray[np.float64]
Ends = tuple[float, float]


class Distribution(Protocol):
    """A distribution of a factor's values.

    kind : its keyword in specs.
    """

    kind: ClassVar[str]

    @property
    def low(self) -> float:
        """The least value; minus infinity where a tail is not cut off."""

    @property
    def high(self) -> float:
        """The largest value; infinity where a tail is not cut off."""

    def ppf(self, u: Floats) -> Floats:
        """(n,) values for (n,) probabilities in [0, 1]."""

    def cdf(self, x: Floats) -> Floats:
        """(n,) probabilities of a value of at most (n,) x; the inverse of `ppf` if continuous."""

    def log_density(self, x: Floats) -> Floats:
        """(n,) logarithms of the density at (n,) x, minus infinity where no value lies; of the
        probability itself, if the values are discrete or there is one only."""


def check_finite(kind: str, *values: float) -> None:
    """Refuse anything but finite numbers."""
    for v in values:
        if isinstance(v, bool) or not isinstance(v, Real):
            what = f"{kind}: expected a number, got {said(v)}"
            raise ModelError(what, remedy="write one such as 2.5")
        try:
            fits = math.isfinite(v)
        except OverflowError:
            fits = False
        if not fits:
            what = f"{kind}: expected finite numbers, got {said(v)}"
            raise ModelError(what, remedy="write one between -1.8e308 and 1.8e308")


def check_above_zero(kind: str, **values: float) -> None:
    """Refuse settings that are not finite numbers above 0."""
    check_finite(kind, *values.values())
    for name, value in values.items():
        if value <= 0:
            what = f"{kind}: {name} must be above 0, got {value:g}"
            raise ModelError(what, remedy="raise it")


def check_ends(kind: str, low: float, high: float, reach: Ends = (0.0, 0.0)) -> None:
    """Refuse ends that are not numbers or the wrong way round.

    reach : how far values go before truncation; an end may be infinite where this is.
    """
    for end, last in zip((low, high), reach, strict=True):
        if isinstance(end, bool) or end != last or math.isfinite(last):
            check_finite(kind, end)
    if low > high:
        raise ModelError(f"{kind}: low {low:g} is above high {high:g}", remedy="swap them")


def row(kind: str, values: Any) -> tuple[Any, ...]:
    """A list, tuple or array as a tuple."""
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return tuple(values.tolist())
    if not isinstance(values, list | tuple):
        what = f"{kind}: expected a list of numbers, got {said(values)}"
        raise ModelError(what, remedy="write (1, 2, 3)")
    return tuple(values)


def log_where(inside: NDArray[np.bool_], logs: Floats | float) -> Floats:
    """Logarithms inside the support, minus infinity outside."""
    return np.where(inside, logs, -np.inf)


def point_log_density(x: Floats, at: float) -> Floats:
    """`Distribution.log_density` of a single value."""
    return log_where(np.asarray(x == at), 0.0)


def point_cdf(x: Floats, at: float) -> Floats:
    """`Distribution.cdf` of a single value."""
    return np.asarray(x >= at, dtype=float)
