"""Bounded distributions, given by their quantiles. A new one is a new row of `KINDS`.

Every one has ``low`` and ``high``, the ends of its support, and ``ppf``: from [0, 1] to values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from numbers import Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sdsim.base.errors import ModelError, nearest, said

Floats = NDArray[np.float64]


class Distribution(Protocol):
    """A distribution of a factor's values."""

    @property
    def low(self) -> float:
        """The least value."""

    @property
    def high(self) -> float:
        """The largest value."""

    def ppf(self, u: Floats) -> Floats:
        """(n,) values for (n,) probabilities in [0, 1]."""


def _finite(name: str, *values: float) -> None:
    for v in values:
        if isinstance(v, bool) or not isinstance(v, Real):
            what = f"{name}: expected a number, got {said(v)}"
            raise ModelError(what, remedy="write one such as 2.5")
        try:
            fits = math.isfinite(v)
        except OverflowError:
            fits = False
        if not fits:
            what = f"{name}: expected finite numbers, got {said(v)}"
            raise ModelError(what, remedy="write one between -1.8e308 and 1.8e308")


def _row(name: str, values: Any) -> tuple[Any, ...]:
    """A list, tuple or array as a tuple."""
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return tuple(values.tolist())
    if not isinstance(values, list | tuple):
        what = f"{name}: expected a list of numbers, got {said(values)}"
        raise ModelError(what, remedy="write (1, 2, 3)")
    return tuple(values)


def _ordered(name: str, low: float, high: float) -> None:
    _finite(name, low, high)
    if low > high:
        raise ModelError(f"{name}: low {low:g} is above high {high:g}", remedy="turn them round")


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

    low: float
    high: float

    def __post_init__(self) -> None:
        _ordered("uniform", self.low, self.high)

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.clip(self.low + u * (self.high - self.low), self.low, self.high)


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

    low: float
    high: float

    def __post_init__(self) -> None:
        _ordered("loguniform", self.low, self.high)
        if self.low <= 0:
            what = f"loguniform: low must be above 0, got {self.low:g}"
            raise ModelError(what, remedy="raise it, or use uniform")

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        a, b = np.log(self.low), np.log(self.high)
        return np.asarray(np.clip(np.exp(a + u * (b - a)), self.low, self.high))


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

    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        _ordered("triangular", self.low, self.high)
        _finite("triangular", self.mode)
        if not self.low <= self.mode <= self.high:
            what = f"triangular: mode {self.mode:g} is outside {self.low:g} to {self.high:g}"
            raise ModelError(what, remedy="put it between them")

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        size = self.high - self.low
        if size == 0:
            return np.full(np.shape(u), self.low)
        up, down = self.mode - self.low, self.high - self.mode
        left = self.low + np.sqrt(u * size * up)
        right = self.high - np.sqrt((1 - u) * size * down)
        return np.where(u < up / size, left, right)


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

    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        Triangular(self.low, self.mode, self.high)
        if self.low == self.high:
            raise ModelError("pert: low and high must differ", remedy="move one")

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        size = self.high - self.low
        a = 1 + 4 * (self.mode - self.low) / size
        b = 1 + 4 * (self.high - self.mode) / size
        return np.asarray(self.low + size * special.betaincinv(a, b, u))


@dataclass(frozen=True)
class Normal:
    """A normal distribution, truncated at both ends of the range.

    mean, deviation : mean and standard deviation before truncation, model units; ``deviation`` is
        above 0.
    low, high : ends of the range, model units.

    Raises
    ------
    ModelError : see `Uniform`; ``deviation`` is not above 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Normal(5, 1, 0, 10).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.718, 5.0, 6.282]
    """

    mean: float
    deviation: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _finite("normal", self.mean, self.deviation)
        _ordered("normal", self.low, self.high)
        if self.deviation <= 0:
            what = f"normal: deviation must be above 0, got {self.deviation:g}"
            raise ModelError(what, remedy="raise it")

    @cached_property
    def _ends(self) -> tuple[float, float]:
        a, b = ((x - self.mean) / self.deviation for x in (self.low, self.high))
        return float(special.ndtr(a)), float(special.ndtr(b))

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        a, b = self._ends
        out = self.mean + self.deviation * special.ndtri(a + u * (b - a))
        return np.asarray(np.clip(out, self.low, self.high))


@dataclass(frozen=True)
class LogNormal:
    """A lognormal distribution, truncated at both ends of the range: its logarithm is normal.

    median : median before truncation, model units, above 0.   spread : standard deviation of the
        natural logarithm, above 0.
    low, high : ends of the range, model units; ``low`` is above 0.

    Raises
    ------
    ModelError : see `Uniform`; a median, spread or low that is not above 0.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.LogNormal(5, 0.5, 1, 20).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [2.637, 4.993, 9.425]
    """

    median: float
    spread: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _finite("lognormal", self.median, self.spread)
        _ordered("lognormal", self.low, self.high)
        if not (self.median > 0 and self.low > 0):
            what = "lognormal: median and low must be above 0"
            raise ModelError(what, remedy="raise them, or use normal")
        self._log  # noqa: B018

    @cached_property
    def _log(self) -> Normal:
        logs = (float(np.log(v)) for v in (self.median, self.low, self.high))
        middle, low, high = logs
        return Normal(middle, self.spread, low, high)

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.clip(np.exp(self._log.ppf(u)), self.low, self.high)


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

    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _row("choice", self.values))
        object.__setattr__(self, "weights", _row("choice: weights", self.weights))
        if not self.values:
            raise ModelError("choice: no values", remedy="write values = [1, 2]")
        _finite("choice", *self.values, *self.weights)
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

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.asarray(self.values)[np.searchsorted(self.ends, u, side="right")]


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

    low: float
    high: float

    def __post_init__(self) -> None:
        _ordered("integer", self.low, self.high)
        if self.low != round(self.low) or self.high != round(self.high):
            what = f"integer: expected whole numbers, got {self.low:g}, {self.high:g}"
            raise ModelError(what, remedy="write whole numbers")

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        return np.minimum(self.low + np.floor(u * (self.high - self.low + 1)), self.high)


@dataclass(frozen=True)
class Exponential:
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

    low: float
    high: float
    shift: float
    stretch: float

    def __post_init__(self) -> None:
        word = type(self).__name__.lower()
        _ordered(word, self.low, self.high)
        rest = {f.name: getattr(self, f.name) for f in fields(self)[2:]}
        _finite(word, *rest.values())
        for name, value in rest.items():
            if name != "shift" and value <= 0:
                what = f"{word}: {name} must be above 0, got {value:g}"
                raise ModelError(what, remedy="raise it")
        if not self._ends[1] > self._ends[0]:
            what = f"{word}: nothing lies between {self.low:g} and {self.high:g}"
            raise ModelError(what, remedy="move them apart")

    def _below(self, x: Floats) -> Floats:
        """Cumulative probabilities of the standard distribution."""
        return np.asarray(-np.expm1(-np.maximum(x, 0.0)))

    def _quantile(self, p: Floats) -> Floats:
        """The inverse."""
        return np.asarray(-np.log1p(-p))

    @cached_property
    def _ends(self) -> tuple[float, float]:
        ends = (np.array([self.low, self.high]) - self.shift) / self.stretch
        a, b = self._below(ends)
        return float(a), float(b)

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        a, b = self._ends
        with np.errstate(divide="ignore"):
            out = self.shift + self.stretch * self._quantile(a + u * (b - a))
        return np.asarray(np.clip(out, self.low, self.high))


@dataclass(frozen=True)
class Gamma(Exponential):
    """A gamma distribution of mean ``stretch``, moved by ``shift``, truncated at both ends.

    low, high, shift, stretch : as for `Exponential`.   order : its shape parameter, above 0; 1
        gives the exponential distribution, larger ones a narrower bump.

    Raises
    ------
    ModelError : see `Exponential`.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Gamma(0, 100, 0, 10, 3).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.674, 8.914, 17.741]
    """

    order: float

    def _below(self, x: Floats) -> Floats:
        return np.asarray(special.gammainc(self.order, self.order * np.maximum(x, 0.0)))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(special.gammaincinv(self.order, p) / self.order)


@dataclass(frozen=True)
class Weibull(Exponential):
    """A Weibull distribution of scale ``stretch``, moved by ``shift``, truncated at both ends.

    low, high : ends of the range, model units.   shift : the least value before truncation, model
        units.   stretch : distance from ``shift`` below which 63 % lies before truncation, model
        units, above 0.
    shape : its shape parameter, above 0; 1 gives the exponential distribution.

    Raises
    ------
    ModelError : see `Exponential`.

    Examples
    --------
    The 10, 50 and 90 % quantiles:

    >>> import numpy as np
    >>> sdsim.Weibull(0, 100, 0, 10, 2).ppf(np.array([0.1, 0.5, 0.9])).round(3).tolist()
    [3.246, 8.326, 15.174]
    """

    shape: float

    def _below(self, x: Floats) -> Floats:
        return np.asarray(-np.expm1(-(np.maximum(x, 0.0) ** self.shape)))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray((-np.log1p(-p)) ** (1 / self.shape))


@dataclass(frozen=True)
class Beta(Exponential):
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

    alpha: float
    beta: float

    def _below(self, x: Floats) -> Floats:
        return np.asarray(special.betainc(self.alpha, self.beta, np.clip(x, 0.0, 1.0)))

    def _quantile(self, p: Floats) -> Floats:
        return np.asarray(special.betaincinv(self.alpha, self.beta, p))


#: Distributions by their keyword in specs.
KINDS: dict[str, type[Any]] = {
    "uniform": Uniform, "loguniform": LogUniform, "triangular": Triangular, "pert": Pert,
    "normal": Normal, "lognormal": LogNormal, "choice": Choice, "integer": Integer,
    "exponential": Exponential, "gamma": Gamma, "weibull": Weibull, "beta": Beta,
}  # fmt: skip
_WORD = {made: word for word, made in KINDS.items()}


def to_data(distribution: Distribution) -> dict[str, Any]:
    """As plain data."""
    data = {k: list(v) if isinstance(v, tuple) else v for k, v in _plain(distribution).items()}
    return {"distribution": _WORD[type(distribution)], **data}


def _plain(distribution: Any) -> dict[str, Any]:
    return asdict(distribution)


def from_data(data: dict[str, Any]) -> Distribution:
    """The inverse of `to_data`; also reads the form used in specs.

    Raises
    ------
    ModelError : an unknown kind; settings that are missing, unknown or invalid.
    """
    data = dict(data)
    word = data.pop("distribution", "choice" if "values" in data else "uniform")
    if word not in KINDS:
        remedy = nearest(str(word), KINDS) or f"one of {', '.join(KINDS)}"
        raise ModelError(f"unknown distribution '{word}'", remedy=remedy)
    known = [f.name for f in fields(KINDS[word])]
    for key in data:
        if key not in known:
            remedy = nearest(key, known) or f"it has {', '.join(known)}"
            raise ModelError(f"{word} has no '{key}'", remedy=remedy)
    made: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, list | tuple):
            made[key] = tuple(_number(v, f"{word}: {key}") for v in value)
        else:
            made[key] = _number(value, f"{word}: {key}")
    needed = [k for k in known if k not in made and k != "weights"]
    if needed:
        raise ModelError(f"{word} needs {' and '.join(needed)}", remedy="write them")
    if isinstance(made.get("values", ()), float) or any(
        isinstance(made.get(k), tuple) for k in ("low", "high", "mode", "mean", "median")
    ):
        what = f"{word}: a list where a number is expected, or the other way round"
        raise ModelError(what, remedy="write values as a list, all else as numbers")
    return KINDS[word](**made)  # type: ignore[no-any-return]


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        what = f"{what}: expected a number, got {said(value)}"
        raise ModelError(what, remedy="write one such as 2.5")
    return float(value)


def supports(distributions: Sequence[Distribution]) -> tuple[Floats, Floats]:
    """(n,) lower and upper ends."""
    ends = [(d.low, d.high) for d in distributions]
    low, high = np.array(ends).reshape(-1, 2).T
    return low, high
