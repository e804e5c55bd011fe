"""The frame of distributions that are cut off at both ends of a range."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.design.distributions.base import (
    Ends,
    Floats,
    check_above_zero,
    check_ends,
    check_finite,
    log_where,
    point_cdf,
    point_log_density,
)


class Truncated(ABC):
    """A standard distribution that is moved, stretched, and cut off at both ends of a range.

    A subclass is a frozen dataclass with ``low`` and ``high`` among its fields, which gives `kind`,
    `place` and the standard distribution, and calls `check` from its ``__post_init__``. Standard
    values are written z.

    reach : least and largest standard value. An end of the range may be infinite where this is.
    """

    kind: ClassVar[str]
    reach: ClassVar[Ends] = (-math.inf, math.inf)
    low: float
    high: float

    @property
    @abstractmethod
    def place(self) -> tuple[float, float]:
        """Where z = 0 lies, and the distance to z = 1, model units."""

    @abstractmethod
    def _below(self, z: Floats) -> Floats:
        """Standard probabilities of a value of at most z."""

    @abstractmethod
    def _above(self, z: Floats) -> Floats:
        """Standard probabilities of a value above z, exact also where they are tiny."""

    @abstractmethod
    def _quantile(self, p: Floats) -> Floats:
        """The inverse of `_below`."""

    @abstractmethod
    def _log_standard(self, z: Floats) -> Floats:
        """Logarithms of the standard density."""

    def check(self) -> None:
        """Refuse a range that the distribution does not reach."""
        if not self._ends[1] > self._ends[0]:
            what = f"{self.kind}: nothing lies between {self.low:g} and {self.high:g}"
            raise ModelError(what, remedy="move them apart, or to where its values lie")

    @cached_property
    def _cut(self) -> Floats:
        """(2,) the range in standard values."""
        return self._z(np.array([self.low, self.high], dtype=float))

    @cached_property
    def _ends(self) -> Ends:
        """Standard probabilities below the ends of the range."""
        a, b = self._below(self._cut)
        return float(a), float(b)

    @cached_property
    def _upper(self) -> bool:
        """Whether the range lies in the upper half, where `_above` is exact and `_below` is not."""
        return self._ends[0] > 0.5

    @cached_property
    def _mass(self) -> float:
        """The standard probability of the range."""
        a, b = self._above(self._cut)[::-1] if self._upper else self._ends
        return float(b) - float(a)

    def _z(self, x: Floats) -> Floats:
        start, size = self.place
        return np.asarray(np.clip((x - start) / size, *self.reach))

    def ppf(self, u: Floats) -> Floats:
        """See `Distribution`."""
        a, b = self._ends
        start, size = self.place
        with np.errstate(divide="ignore"):
            out = start + size * self._quantile(a + u * (b - a))
        return np.asarray(np.clip(out, self.low, self.high))

    def cdf(self, x: Floats) -> Floats:
        """See `Distribution`."""
        if self.low == self.high:
            return point_cdf(x, self.low)
        z = self._z(x)
        if self._upper:
            part = self._above(self._cut[:1]) - self._above(z)
        else:
            part = self._below(z) - self._ends[0]
        return np.clip(part / self._mass, 0.0, 1.0)

    def log_density(self, x: Floats) -> Floats:
        """See `Distribution`."""
        if self.low == self.high:
            return point_log_density(x, self.low)
        start, size = self.place
        least, most = (start + size * z for z in self.reach)
        inside = (x >= max(self.low, least)) & (x <= min(self.high, most)) & np.isfinite(x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            logs = self._log_standard(self._z(x))
        return log_where(inside, logs - math.log(size) - math.log(self._mass))


@dataclass(frozen=True)
class Shifted(Truncated):
    """A truncated distribution whose standard values begin at 0.

    shift : where its values begin.   stretch : its scale. Further settings are above 0, too.
    """

    reach: ClassVar[Ends] = (0.0, math.inf)
    low: float
    high: float
    shift: float
    stretch: float

    def __post_init__(self) -> None:
        check_ends(self.kind, self.low, self.high, self.reach)
        check_finite(self.kind, self.shift)
        check_above_zero(self.kind, **{f.name: getattr(self, f.name) for f in fields(self)[3:]})
        self.check()

    @property
    def place(self) -> tuple[float, float]:
        """See `Truncated`."""
        return self.shift, self.stretch

    @classmethod
    def uncut(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with those that are missing: not moved, nothing cut off."""
        shift, stretch = settings.get("shift", 0.0), settings.get("stretch", 0.0)
        low, high = (shift + stretch * z if stretch else shift for z in cls.reach)
        return {"low": low, "high": high, "shift": shift, **settings}
