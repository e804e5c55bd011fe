"""Free parameters: what a calibration may change, and what is believed of it before the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdsim.base.errors import ModelError, said
from sdsim.calibration.scales import SCALES, scale_of
from sdsim.design.distributions import Distribution

#: How a parameter may differ between groups.
PER = ("", "group")


@dataclass(frozen=True)
class Parameter:
    """A number that a calibration fits.

    name : a constant of the model, ``Name`` or ``Name[a,b]``; or, with ``initial``, a stock, whose
        initial value is fitted; or a name of its own that data refer to (an error parameter, such
        as a standard deviation that several series share).
    prior : its distribution before the data, in the units of the model.
    source : source of the prior.
    per : ``"group"`` gives each group its own value, otherwise all share one.
    pooled : with ``per="group"``, how the groups' values are related: they are normal about a
        centre that has the prior, on the parameter's scale, with a standard deviation that has
        this distribution (partial pooling). None leaves the groups unrelated.
    scale : ``"none"``, ``"log"`` or ``"logit"``, the scale on which the parameter is searched and
        pooled; by default the logarithm for log-uniform and log-normal priors, otherwise none.

    Raises
    ------
    ModelError : an argument of the wrong kind; a scale that does not suit the prior.

    Examples
    --------
    >>> rate = sdsim.Parameter("Contact Infectivity", sdsim.LogUniform(0.05, 2))
    >>> rate.scale
    'log'
    """

    name: str
    prior: Distribution
    source: str = ""
    per: str = ""
    pooled: Distribution | None = None
    scale: str = ""
    initial: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ModelError(
                f"a parameter: expected a name, got {said(self.name)}",
                remedy='write sdsim.Parameter("Duration", sdsim.LogNormal(...))',
            )
        for what, value in (("prior", self.prior), ("pooled", self.pooled)):
            if what == "pooled" and value is None:
                continue
            self._distribution(what, value)
        if self.per not in PER:
            raise self._fault(
                f'per: expected "group", got {said(self.per)}', "leave it out to share"
            )
        if self.pooled is not None and not self.per:
            raise self._fault("pooled, but without groups", 'write per="group" beside it')
        if self.pooled is not None and self.pooled.low < 0:
            raise self._fault(
                "pooled with a spread below 0", "give a distribution of positive numbers"
            )
        object.__setattr__(self, "scale", self.scale or scale_of(self.prior))
        if self.scale not in SCALES:
            raise self._fault(
                f"scale: expected one of {', '.join(SCALES)}, got {said(self.scale)}",
                "leave it out for the usual one",
            )
        if fault := SCALES[self.scale].unsuited(self.prior.low, self.prior.high):
            raise self._fault(f"scale {self.scale}: {fault}", "choose another scale or prior")

    @property
    def label(self) -> str:
        """What tables call it."""
        return f"initial {self.name}" if self.initial else self.name

    def _distribution(self, what: str, value: Any) -> None:
        if isinstance(value, type) or not hasattr(value, "log_density"):
            raise self._fault(
                f"{what}: expected a distribution, got {said(value)}", "write sdsim.Uniform(5, 9)"
            )

    def _fault(self, what: str, remedy: str) -> ModelError:
        return ModelError(what, remedy=remedy, variable=self.name)
