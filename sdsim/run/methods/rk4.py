"""The classical Runge-Kutta method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sdsim.backends.base import Floats
from sdsim.run.methods.base import register
from sdsim.run.methods.fixed_step import Compiled, Rates


@register
@dataclass(frozen=True)
class RK4(Compiled):
    """The classical fourth-order Runge-Kutta method on the grid of time steps.

    dt : step in units of model time; None takes the model's TIME STEP.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, method=sdsim.RK4())
    >>> round(float(run["Teacup Temperature"][-1]), 3)
    75.477
    """

    name: ClassVar[str] = "rk4"
    stages: ClassVar[int] = 4

    def step(self, rates: Rates, time: float, state: Floats, dt: float) -> Floats:
        """See `FixedStep.step`."""
        half = time + 0.5 * dt
        k1 = rates(time, state)
        k2 = rates(half, state + 0.5 * dt * k1)
        k3 = rates(half, state + 0.5 * dt * k2)
        k4 = rates(time + dt, state + dt * k3)
        return state + (dt / 6.0) * (((k1 + 2.0 * k2) + 2.0 * k3) + k4)
