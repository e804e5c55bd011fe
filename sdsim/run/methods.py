"""How a run is integrated: each choice is an object that knows its own settings."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

from sdsim.base.errors import ModelError, said


@dataclass(frozen=True)
class Euler:
    """Euler's method on the grid of time steps, as Vensim and Stella run by default.

    dt : step in units of model time; None takes the model's TIME STEP.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, method=sdsim.Euler(dt=1))
    >>> round(float(run["Teacup Temperature"][-1]), 3)
    74.663
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

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, method=sdsim.RK4())
    >>> round(float(run["Teacup Temperature"][-1]), 3)
    75.477
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

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, method=sdsim.Adaptive(rtol=1e-9))
    >>> round(float(run["Teacup Temperature"][-1]), 3)
    75.477
    """

    rtol: float = 1e-6
    atol: float = 1e-8
    solver: str = "RK45"

    def __post_init__(self) -> None:
        _positive("rtol", self.rtol)
        _positive("atol", self.atol)
        if not isinstance(self.solver, str) or self.solver not in SOLVERS:
            raise ModelError(f"no solver '{self.solver}'", remedy=f"one of {', '.join(SOLVERS)}")

    def __str__(self) -> str:
        return f"Adaptive({self.solver}, rtol={self.rtol:g}, atol={self.atol:g})"


SOLVERS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")
Method = Euler | RK4 | Adaptive


def asked_for(word: str) -> Euler | RK4:
    """The method that a model's file names: ``rk4``, or nothing."""
    return RK4() if word == "rk4" else Euler()


def checked(method: object) -> Method:
    """``method`` where it is one, `Euler` for None.

    Raises
    ------
    ModelError : a name or a class in place of an object.
    """
    if method is None:
        return Euler()
    if isinstance(method, Euler | RK4 | Adaptive):
        return method
    named = method.__name__ if isinstance(method, type) else str(method)
    known = {c.__name__.casefold(): c.__name__ for c in (Euler, RK4, Adaptive)}
    known |= {solver.casefold(): f"Adaptive(solver='{solver}')" for solver in SOLVERS}
    meant = known.get(named.casefold(), "RK4")
    raise ModelError(
        f"expected a method, got {said(method)}",
        remedy=f"write sdsim.{meant}{'' if meant.endswith(')') else '()'}",
    )


def _positive(name: str, value: object) -> None:
    if value is None and name == "dt":
        return
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise ModelError(
            f"{name} must be a number above 0, got {said(value)}", remedy="write one such as 1e-6"
        )
