"""Methods against exact solutions, with their order of convergence measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from making import MODELS
from scipy.special import gammainc

from sdsim import RK4, Adaptive, Euler, ModelError, System, load, simulate
from sdsim.run.methods import SOLVERS

Make = Callable[..., System]
Floats = np.ndarray[Any, np.dtype[np.float64]]
pytestmark = pytest.mark.filterwarnings("ignore:.*out of range")


def oscillator(t: Floats) -> Floats:
    return np.cos(t) + 0.5 * np.sin(t)


def logistic(t: Floats) -> Floats:
    return 100 / (1 + 19 * np.exp(-0.8 * t))


def chain(t: Floats) -> Floats:
    """(time, stage) contents: a constant inflow of 12 from time 1, stages of mean 1.5."""
    u = np.maximum(t - 1, 0) / 1.5
    return np.stack([12 * 1.5 * gammainc(n, u) for n in (1, 2, 3)], axis=1)


#: Model file or equations, the variable looked at, its exact course.
PROBLEMS: dict[str, tuple[str, str, Callable[[Floats], Floats]]] = {
    "oscillator": ("oscillator.mdl", "Position", oscillator),
    "logistic": ("logistic.mdl", "Population", logistic),
    "chain": ("chain.mdl", "Content", chain),
}


@pytest.fixture(scope="module")
def problem(backend: Any) -> Callable[[str], System]:
    made = {name: load(MODELS / file, backend=backend) for name, (file, _, _) in PROBLEMS.items()}
    return lambda name: made[name]


def error(system: System, name: str, method: Any) -> float:
    _, variable, exact = PROBLEMS[name]
    run = simulate(system, method=method, save=[variable])
    assert run.status == "ok"
    assert run.time.size > 8
    return float(np.abs(run[variable].values - exact(run.time)).max())


def order_of(steps: list[float], errors: list[float]) -> float:
    """Slope of the straight line through log error over log step."""
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(
    ("method", "order", "steps"),
    [
        (Euler, 1, [2.0**-k for k in (7, 8, 9, 10)]),
        (RK4, 4, [2.0**-k for k in (2, 3, 4, 5)]),
    ],
    ids=["Euler", "RK4"],
)
def test_order_of_convergence(
    problem: Callable[[str], System], name: str, method: Any, order: int, steps: list[float]
) -> None:
    errors = [error(problem(name), name, method(dt)) for dt in steps]
    assert order_of(steps, errors) == pytest.approx(order, abs=0.12)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("solver", ["RK45", "DOP853", "Radau"])
def test_the_error_of_adaptive_follows_its_tolerance(
    problem: Callable[[str], System], name: str, solver: str
) -> None:
    tolerances = [1e-4, 1e-6, 1e-8]
    errors = [error(problem(name), name, Adaptive(r, r * 1e-3, solver)) for r in tolerances]
    scale = 100 if name == "logistic" else 10
    assert all(e < 50 * r * scale for e, r in zip(errors, tolerances, strict=True))
    assert order_of(tolerances, errors) == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_reaches_its_tolerance(problem: Callable[[str], System], solver: str) -> None:
    tolerance = 1e-4 if solver == "RK23" else 1e-7
    assert (
        error(problem("logistic"), "logistic", Adaptive(tolerance, 1e-9, solver)) < 2e3 * tolerance
    )


def test_adaptive_gives_what_the_fixed_steps_converge_to(
    problem: Callable[[str], System],
) -> None:
    for name, (_, variable, _) in PROBLEMS.items():
        fine = simulate(problem(name), method=RK4(2.0**-9), save=[variable])
        adaptive = simulate(problem(name), method=Adaptive(1e-11, 1e-12), save=[variable])
        assert adaptive.time == pytest.approx(fine.time)
        assert adaptive[variable].values == pytest.approx(fine[variable].values, abs=1e-8)


#: Forcings that jump or bend on the grid of a step of 1/4, and the integral at times 0, 1, ... 8.
FORCINGS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "step": ("STEP(3, 1.5)", lambda t: 3 * np.maximum(t - 1.5, 0)),
    "pulse": ("PULSE(2, 1.25)", lambda t: np.clip(t - 2, 0, 1.25)),
    "train": (
        "PULSE TRAIN(0.5, 0.25, 2, 6)",
        lambda t: sum(np.clip(t - a, 0, 0.25) for a in (0.5, 2.5, 4.5)),  # type: ignore[return-value]
    ),
    "ramp": ("RAMP(2, 1, 3.5)", lambda t: np.clip(t - 1, 0, 2.5) ** 2 + 5 * np.maximum(t - 3.5, 0)),
    "table": (
        "WITH LOOKUP(Time, ((0,0),(2,4),(3,0)))",
        lambda t: np.minimum(t, 2) ** 2 + 4 * np.clip(t - 2, 0, 1) - 2 * np.clip(t - 2, 0, 1) ** 2,
    ),
    "clock": ("3 * Time ^ 2", lambda t: t**3),
}


@pytest.fixture(scope="module")
def forced(system: Make) -> System:
    rows = "\n".join(
        f"by {k} = {text}\n{k} sum = INTEG(by {k}, 0)" for k, (text, _) in FORCINGS.items()
    )
    return system(rows, stop=8, step=0.25, saveper=1.0)


@pytest.mark.parametrize("name", FORCINGS)
@pytest.mark.parametrize("method", [RK4(), RK4(0.125), Adaptive(1e-8, 1e-10)], ids=str)
def test_a_polynomial_forcing_is_integrated_exactly(forced: System, name: str, method: Any) -> None:
    """Runge-Kutta of order four is exact for cubics: a jump on the grid must not spoil that."""
    run = simulate(forced, method=method)
    assert run[f"{name} sum"].values == pytest.approx(FORCINGS[name][1](run.time), abs=1e-9)


def test_euler_sums_its_rates(forced: System) -> None:
    every = simulate(forced, {"SAVEPER": 0.25})
    for name in FORCINGS:
        summed = np.concatenate([[0], np.cumsum(every[f"by {name}"].values[:-1]) * 0.25])
        assert every[f"{name} sum"].values == pytest.approx(summed, rel=1e-13)


def test_one_step_of_runge_kutta_is_the_textbooks(system: Make) -> None:
    """x' = t * x from 1 at t = 1, step 1/2: worked out by hand with fractions."""
    run = simulate(system("x = INTEG(Time * x, 1)", start=1, stop=1.5, step=0.5), method=RK4())
    h, x, t = 0.5, 1.0, 1.0
    k1 = t * x
    k2 = (t + h / 2) * (x + h / 2 * k1)
    k3 = (t + h / 2) * (x + h / 2 * k2)
    k4 = (t + h) * (x + h * k3)
    assert run["x"].values[1] == pytest.approx(x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), rel=1e-15)


def test_energy_and_people_are_kept(problem: Callable[[str], System]) -> None:
    swing = simulate(problem("oscillator"), method=Adaptive(1e-10, 1e-12))
    assert swing["Energy"].values == pytest.approx(0.625, rel=1e-8)
    for method in (Euler(), RK4(), Adaptive()):
        run = simulate(problem("chain"), method=method)
        entered = 12 * np.maximum(run.time - 1, 0)
        assert run["Everybody"].values == pytest.approx(entered, abs=1e-9)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "a", [1], True])
@pytest.mark.parametrize(
    "make",
    [Euler, RK4, lambda v: Adaptive(rtol=v), lambda v: Adaptive(atol=v)],
    ids=["Euler", "RK4", "rtol", "atol"],
)
def test_a_setting_without_sense_is_refused(make: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(ModelError, match="must be a number above 0"):
        make(value)


def test_an_unknown_solver_is_refused_with_the_list() -> None:
    with pytest.raises(ModelError, match="no solver 'rk45'; one of RK45, RK23"):
        Adaptive(solver="rk45")


def test_methods_say_what_they_are() -> None:
    said = [str(m) for m in (Euler(), Euler(0.5), RK4(), RK4(0.25), Adaptive(1e-5, 1e-7, "BDF"))]
    assert said == [
        "Euler", "Euler(dt=0.5)", "RK4", "RK4(dt=0.25)", "Adaptive(BDF, rtol=1e-05, atol=1e-07)",
    ]  # fmt: skip
