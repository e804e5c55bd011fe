"""How a run is integrated: each choice is an object that knows its own settings."""

from __future__ import annotations

from dataclasses import dataclass

from sdsim.errors import ModelError


@dataclass(frozen=True)
class Euler:
    """Euler's method on the grid of time steps, as Vensim and Stella run by default.

    dt : step in units of model time; None takes the model's TIME STEP.
    """

    dt: float | None = None
    stages = 1

    def __post_init__(self) -> None:
        _positive("dt", self.dt)

    def __str__(self) -> str:
        return "Euler" if self.dt is None else f"Euler(dt={self.dt:g})"


@dataclass(frozen=True)
class RK4:
    """The classical fourth-order Runge-Kutta method on the grid of time steps.

    dt : step in units of model time; None takes the model's TIME STEP.
    """

    dt: float | None = None
    stages = 4

    def __post_init__(self) -> None:
        _positive("dt", self.dt)

    def __str__(self) -> str:
        return "RK4" if self.dt is None else f"RK4(dt={self.dt:g})"


@dataclass(frozen=True)
class Adaptive:
    """An adaptive solver of `scipy.integrate.solve_ivp`, restarted where inputs jump or bend.

    rtol, atol : error tolerances a step (scipy's meaning).   solver : scipy's name of the method:
    ``RK45``, ``RK23``, ``DOP853``, ``Radau``, ``BDF`` or ``LSODA``.
    """

    rtol: float = 1e-6
    atol: float = 1e-8
    solver: str = "RK45"

    def __post_init__(self) -> None:
        _positive("rtol", self.rtol)
        _positive("atol", self.atol)
        if self.solver not in SOLVERS:
            raise ModelError(f"no solver '{self.solver}'", remedy=f"one of {', '.join(SOLVERS)}")

    def __str__(self) -> str:
        return f"Adaptive({self.solver}, rtol={self.rtol:g}, atol={self.atol:g})"


SOLVERS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")
Method = Euler | RK4 | Adaptive


def _positive(name: str, value: float | None) -> None:
    if value is not None and not 0 < value < float("inf"):
        raise ModelError(f"{name} must be a number above 0, got {value!r}")
