"""A calibration: a model, what is free in it, and the data that it must meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, said, suggested
from sdsim.base.toml import Section
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.space import Space
from sdsim.overrides import Overrides
from sdsim.run.methods import Method
from sdsim.run.system import System


@dataclass(frozen=True)
class HoldOut:
    """Which data are kept from the fit, to be predicted.

    after : model time; rows later than that.   groups : names of groups, wholly.

    Examples
    --------
    >>> sdsim.HoldOut(after=2007).groups
    ()
    """

    after: float = np.inf
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """A model with free parameters, and data to fit.

    groups : for each group (a country, a school, a patient) by name, what is different in its
        model; data rows and parameters refer to these names. None if there are no groups.
    params : the same for all runs.
    restrictions : conditions that every run must meet, in the notation of outcomes, by name:
        ``{"early": "WHEN HIGHEST(Infectious) < 10"}``.
    hold_out : the data to predict instead of fitting them.
    seed : seed of the search and of the model's random functions.

    Raises
    ------
    ModelError : an argument of the wrong kind; data of an unknown group; two of the same name.

    Examples
    --------
    >>> calibration = sdsim.Calibration(
    ...     sdsim.load("sir.mdl"),
    ...     [sdsim.Parameter("Duration", sdsim.LogNormal(5, 0.5, 0.5, 50))],
    ...     [sdsim.Data("ill", "Infectious", [12, 40], [5, 10], sdsim.likelihoods.Poisson())],
    ... )
    >>> calibration.space.names
    ('Duration',)
    """

    system: System
    parameters: Sequence[Parameter]
    data: Sequence[Data]
    groups: Mapping[str, Overrides] = field(default_factory=dict)
    params: Overrides = field(default_factory=Overrides)
    method: Method | None = None
    restrictions: Mapping[str, str] = field(default_factory=dict)
    hold_out: HoldOut = field(default_factory=HoldOut)
    seed: int = 0
    title: str = ""
    spec: Section | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for what, kind in (("parameters", Parameter), ("data", Data)):
            given = getattr(self, what)
            if not isinstance(given, list | tuple) or not all(isinstance(g, kind) for g in given):
                got = said(given)
                raise ModelError(
                    f"{what}: expected a list of {kind.__name__}, got {got}",
                    remedy=f"write [sdsim.{kind.__name__}(...)]",
                )
            object.__setattr__(self, what, tuple(given))
        if not self.data:
            raise ModelError("a calibration without data", remedy="give at least one series")
        if not self.parameters:
            raise ModelError("a calibration without free parameters", remedy="give at least one")
        self._once("parameters", [p.label for p in self.parameters])
        self._once("data", [d.name for d in self.data])
        for d in self.data:
            for g in d.group:
                if g not in self.groups:
                    raise ModelError(
                        f"group '{g}' is not among the groups", variable=d.name,
                        remedy=suggested(g, self.groups),
                    )  # fmt: skip
            if self.groups and not d.group:
                raise ModelError(
                    "rows without a group, beside groups", variable=d.name,
                    remedy="name the group of each row",
                )  # fmt: skip

        if not any(self.fitted(d).any() for d in self.data):
            raise ModelError("all data are held out", remedy="leave some to fit")

    @staticmethod
    def _once(what: str, given: Sequence[str]) -> None:
        seen: set[str] = set()
        for name in given:
            if names.canonical(name) in seen:
                raise ModelError(f"{what}: '{name}' is given twice", remedy="give it once")
            seen.add(names.canonical(name))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the groups; one nameless group if there are none."""
        return tuple(self.groups) or ("",)

    @property
    def space(self) -> Space:
        """The space of the free parameters."""
        return Space(tuple(self.parameters), self.labels)

    def fitted(self, data: Data) -> NDArray[np.bool_]:
        """(m,) which rows of the data are fitted; the others are predicted."""
        out = ~data.held_out
        if data.times is not None:
            out = out & (data.times <= self.hold_out.after)
        if data.group:
            out = out & ~np.isin(data.group, self.hold_out.groups)
        return np.asarray(out)
