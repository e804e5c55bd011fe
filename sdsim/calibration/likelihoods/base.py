"""What every error model has: settings, a density for each datum, residuals, draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, nearest, said

Floats = NDArray[np.float64]
#: A setting: one number, a number for each datum, or the name of a free parameter or a column.
Given = float | str | tuple[float, ...]
#: The values of what is given by name: (n_member, 1) for a parameter, (n_datum,) for a column.
Settings = Mapping[str, Floats]


@dataclass(frozen=True)
class Limits:
    """Where a setting may lie: ``low <= value < high``, as ``words`` say."""

    low: float
    high: float
    words: str

    def within(self, value: Floats) -> Floats:
        """The value itself, NaN outside the limits."""
        return np.where((value >= self.low) & (value < self.high), value, np.nan)


#: Scales below this count as none, so that their logarithms have a floor.
LEAST_SCALE = 1e-30
#: The settings of all error models.
LIMITS = {
    "sd": Limits(LEAST_SCALE, np.inf, "above 0"),
    "scale": Limits(LEAST_SCALE, np.inf, "above 0"),
    "freedom": Limits(1e-3, np.inf, "above 0, such as 4"),
    "autocorrelation": Limits(0.0, 1.0, "at least 0 and below 1"),
    "trials": Limits(1.0, np.inf, "at least 1"),
    "dispersion": Limits(1e-12, np.inf, "above 0"),
}


@dataclass(frozen=True)
class Likelihood(ABC):
    """How data scatter around a prediction; the fields of a kind are its settings.

    To add one, write a file with these methods and a row in `KINDS`. All of them take many members
    at once: predictions are (n_member, n_datum), in the units of the data. Where a prediction or a
    setting is impossible (a share above 1, a standard deviation of 0), the density is 0, and
    residuals and draws are NaN.

    kind : its name in specs.   takes : the data that it can explain, in words.
    """

    kind: ClassVar[str]
    takes: ClassVar[str]

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            if isinstance(given, list | np.ndarray):
                given = tuple(float(v) for v in given)
                object.__setattr__(self, field.name, given)
            if not isinstance(given, str):
                self._check(field.name, given)

    def _check(self, name: str, given: object) -> None:
        for value in given if isinstance(given, tuple) else (given,):
            if isinstance(value, bool) or not isinstance(value, Real):
                what = f"{self.kind}: {name}: expected a number or a name, got {said(value)}"
                raise ModelError(what, remedy="write one such as 0.1")
            if np.isnan(LIMITS[name].within(np.asarray(value, dtype=np.float64))):
                what = f"{self.kind}: {name} must be {LIMITS[name].words}, got {value:g}"
                raise ModelError(what, remedy="change it")

    @property
    def named(self) -> tuple[str, ...]:
        """The free parameters and columns that its settings name."""
        given = [getattr(self, f.name) for f in fields(self)]
        return tuple(dict.fromkeys(g for g in given if isinstance(g, str)))

    def value(self, name: str, settings: Settings) -> Floats:
        """A setting's value: a scalar, (n_datum,) or (n_member, 1); NaN outside its limits.

        Raises
        ------
        ModelError : it is given by a name that ``settings`` lacks.
        """
        given = getattr(self, name)
        if isinstance(given, str):
            if given not in settings:
                remedy = nearest(given, settings) or "give its values"
                raise ModelError(
                    f"{self.kind}: {name} is '{given}', which is not given", remedy=remedy
                )
            given = settings[given]
        return LIMITS[name].within(np.asarray(given, dtype=np.float64))

    def by_member(self, settings: Settings) -> bool:
        """Whether any setting differs between members."""
        return any(np.ndim(settings[n]) == 2 for n in self.named if n in settings)

    @abstractmethod
    def valid(self, observed: Floats) -> NDArray[np.bool_]:
        """(n_datum,) whether a datum is one that the error model can explain; see ``takes``."""

    @abstractmethod
    def log_density(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """(n_member, n_datum) log density of each datum, given those before it.

        Parameters
        ----------
        observed : (n_datum,).   predicted : (n_member, n_datum), in the units of ``observed``.
        settings : values of the settings that are given by name.
        gaps : (n_datum,) the time since the datum before; see `sdsim.calibration.likelihoods.gaps`.
            Only autocorrelated errors need it.
        """

    @abstractmethod
    def residuals(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """(n_member, n_column) whose squares add up to a constant less twice the log density.

        The first n_datum columns have the sign of observed less predicted; there are more if a
        setting differs between members. Parameters as in `log_density`; the constant depends on
        the data and their number alone.
        """

    @abstractmethod
    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """(n_member, n_datum) data as they might have been observed.

        given : (n_datum,) data that are known, NaN where not: errors that persist go on from them.
            Others do not depend on them. Further parameters as above.
        """


def no_density(log_density: Floats) -> Floats:
    """Log densities with -inf where they are undefined."""
    return np.where(np.isnan(log_density), -np.inf, log_density)


def undefined(residuals: Floats) -> Floats:
    """Residuals with NaN in place of infinities."""
    return np.where(np.isinf(residuals), np.nan, residuals)
