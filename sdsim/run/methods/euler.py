"""Euler's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sdsim.backends.base import Floats
from sdsim.run.methods.base import register
from sdsim.run.methods.fixed_step import Compiled, Rates


@register
@dataclass(frozen=True)
class Euler(Compiled):
    """Euler's method on the grid of time steps, as Vensim and Stella run by default.

    dt : step in units of model time; None takes the model's TIME STEP.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, method=sdsim.Euler(dt=1))
    >>> round(float(run["Teacup Temperature"][-1]), 3)
    74.663
    """

    name: ClassVar[str] = "euler"
    stages: ClassVar[int] = 1

    def step(self, rates: Rates, time: float, state: Floats, dt: float) -> Floats:
        """See `FixedStep.step`."""
        return state + dt * rates(time, state)
