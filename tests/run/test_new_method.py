"""A method that the library does not know, in one class: everything that runs models has it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from making import MODELS, mdl

from sdsim import RK4, Euler, ModelError, System, UnsupportedError, load, simulate, simulate_many
from sdsim.backends.base import Floats
from sdsim.cli.main import main
from sdsim.design import LatinHypercube, Uncertainty, Uniform
from sdsim.run.methods import METHODS, FixedStep, Method, Rates, method_named, register
from sdsim.run.step_size import check_steps
from sdsim.sweeps import Outcome, Sweep, read_sweep, run_sweep


@dataclass(frozen=True)
class Heun(FixedStep):
    """Heun's method: the mean of the rates at both ends of a step; of order 2."""

    name: ClassVar[str] = "heun"
    stages: ClassVar[int] = 2

    def step(self, rates: Rates, time: float, state: Floats, dt: float) -> Floats:
        first = rates(time, state)
        return state + dt / 2 * (first + rates(time + dt, state + dt * first))


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register(Heun)
    yield
    del METHODS["heun"]


@pytest.fixture(scope="module")
def oscillator(backend: Any) -> System:
    return load(MODELS / "oscillator.mdl", backend=backend)


def exact(t: Any) -> Any:
    return np.cos(t) + 0.5 * np.sin(t)


def order_of(errors: list[float]) -> float:
    """How fast they fall as the step is halved."""
    return float(-np.polyfit(np.arange(len(errors)), np.log2(errors), 1)[0])


STEPS = [2.0**-k for k in (5, 6, 7, 8)]


def test_its_order_of_convergence(oscillator: System) -> None:
    errors = []
    for dt in STEPS:
        run = simulate(oscillator, method=Heun(dt), save="Position")
        errors.append(float(np.abs(run["Position"].values - exact(run.time)).max()))
    assert order_of(errors) == pytest.approx(2, abs=0.05)


def test_an_ensemble_has_the_bits_of_single_runs(system: Any) -> None:
    made = system(
        "x = INTEG(rate * x + noise, 1)\nrate = 0.1\nnoise = RANDOM UNIFORM(0, 1, 0)\n"
        "kept = SAMPLE IF TRUE(x > 2, x, 0)",
        step=0.5,
    )
    rates = [0.1, -0.3, 2.0]
    found = simulate_many(made, {"rate": rates}, method=Heun(), seed=5)
    assert found.attrs["method"] == "Heun"
    alone = simulate(made, {"rate": 0.1}, Heun(), seed=5)
    for name in ("x", "kept"):
        assert alone[name].values.tobytes() == found[name].values[:, 0].tobytes()


def test_a_sweep_has_it_by_name(tmp_path: Path) -> None:
    """y' = -k y: Heun multiplies by 1 - k h + (k h)^2 / 2 in each step."""
    (tmp_path / "m.mdl").write_text(mdl("y = INTEG(-k * y, 1)\nk = 0.5", stop=4, step=0.5))
    (tmp_path / "s.toml").write_text(
        'model = "m.mdl"\nmethod = "heun"\nstep = 0.25\n[uncertainties]\nk = [0.1, 0.9]\n'
        '[outcomes]\nend = "FINAL(y)"\n[design]\nkind = "latin hypercube"\nmembers = 8\n'
    )
    sweep = read_sweep(tmp_path / "s.toml")
    assert sweep.method == Heun(0.25)
    found = run_sweep(sweep)
    k = sweep.design.values(0, 8)[:, 0] * 0.25
    assert found["outcomes"].values[:, 0] == pytest.approx((1 - k + k**2 / 2) ** 16, rel=1e-12)
    stored = run_sweep(sweep, tmp_path / "store", jobs=0)
    assert stored["outcomes"].values.tobytes() == found["outcomes"].values.tobytes()
    with pytest.raises(ModelError, match=r"Heun exists in this process alone.*jobs=0"):
        run_sweep(sweep, tmp_path / "other", jobs=2)


def test_a_task_remembers_method_and_step(system: Any) -> None:
    from sdsim.sweeps.task import Task

    design = LatinHypercube((Uncertainty("k", Uniform(0.1, 0.9)),), 4, 0)
    outcome = Outcome("end", "FINAL(y)")
    for method in (Heun(0.25), Euler(0.5), RK4()):
        made = system("y = INTEG(-k * y, 1)\nk = 0.5", step=1)
        task = Sweep(made, design, (outcome,), method=method).task()
        assert Task.from_json(task.to_json()).run.method == method


def test_the_command_line_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(mdl("y = INTEG(-y, 1)", stop=4, step=0.5))
    assert main(["run", str(path), "--method", "heun", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["method"] == "Heun"
    assert said["final"]["y"] == pytest.approx(0.625**8, rel=1e-14)
    assert main(["run", str(path), "--method", "heun", "--rtol", "1e-3", "--json"]) == 0
    assert "--rtol: no effect with --method heun; use --method adaptive" in capsys.readouterr().err


def test_the_report_on_the_time_step_has_it(system: Any) -> None:
    made = system("y = INTEG(-y, 1)", stop=4, step=0.0625)
    (y,) = (o for o in check_steps(made, method=Heun(), save=["y"]).off if o.name == "y")
    assert y.order == pytest.approx(2, abs=0.2)


def test_a_member_that_stops_is_found_with_its_cause(system: Any) -> None:
    made = system("x = INTEG(1, 0)\ny = LN(until - x)\nuntil = 100", stop=6)
    ours = simulate_many(made, {"until": [100.0, 3.0, 0.0]}, method=Heun())
    usual = simulate_many(made, {"until": [100.0, 3.0, 0.0]})
    assert ours.drop_attrs().identical(usual.drop_attrs())
    assert ours["cause"].values.tolist() == ["", "y", "y"]
    assert "'y' is not finite at time 3" in simulate(made, {"until": 3}, Heun()).message


def test_what_it_cannot_carry_is_refused(system: Any) -> None:
    made = system("x = DELAY FIXED(Time, 2, 0)")
    with pytest.raises(UnsupportedError, match="'x': Heun cannot carry what DELAY FIXED"):
        simulate(made, method=Heun())


#: Everything that a loop of steps has to get right, without fixed delays.
ALL = """
    x = INTEG(rate * x - out + noise, 1)
    rate = 0.3
    out = STEP(0.5, 2) + PULSE(3, 1) * x + MIN(x, 2) ^ 2
    noise = RANDOM UNIFORM(0, 1, 0)
    kept = SAMPLE IF TRUE(x > 1.5, x + Time, -1)
    late = SMOOTH3(x, 1.5)
    root = SQRT(ABS(late - kept / 50))
    stopped = IF THEN ELSE(Time > stop, LN(-x ^ 2), 1)
    stop = 100
"""


@pytest.mark.parametrize("method", [Euler(), RK4(), Euler(0.125)], ids=str)
def test_the_loop_has_the_bits_of_the_back_ends(system: Any, method: Any) -> None:
    """Euler's and Runge-Kutta's formulas, done by the loop, and as the back ends write them."""

    @dataclass(frozen=True)
    class Slow(FixedStep):
        name: ClassVar[str] = "slow"

        def step(self, rates: Rates, time: float, state: Floats, dt: float) -> Floats:
            found: Floats = method.step(rates, time, state, dt)
            return found

    made = system(ALL, stop=8, step=0.25, saveper=0.5)
    draws = {"rate": [0.1, 0.3, 0.8], "stop": [100.0, 3.0, 5.1]}
    want = simulate_many(made, draws, method=method, seed=2)
    got = simulate_many(made, draws, method=Slow(method.dt), seed=2)
    assert np.isnan(want["stopped"].values).tolist() == [True, False, False]
    for name in want.variables:
        assert got[name].values.tobytes() == want[name].values.tobytes(), name


def test_names_are_taken_once(system: Any) -> None:
    @dataclass(frozen=True)
    class Other(Heun):
        """Another of that name."""

    register(Heun)
    with pytest.raises(ModelError, match="two methods called 'heun'"):
        register(Other)
    with pytest.raises(ModelError, match="no method 'huen'; did you mean 'heun'"):
        method_named("huen")
    with pytest.raises(ModelError, match="method 'heun' has no 'rtol'; it has dt"):
        method_named("heun", {"rtol": 1.0})


@pytest.mark.parametrize("name", ["euler", "rk4", "adaptive"])
def test_a_method_is_made_again_from_its_name_and_settings(name: str) -> None:
    made: Method = METHODS[name]()
    assert method_named(name, json.loads(json.dumps(made.settings_given()))) == made
    assert made.built_in
    assert tomllib.loads(f'method = "{made.name}"')["method"] in METHODS


def test_the_example_in_the_recipe_runs(system: Any) -> None:
    """The text of `FixedStep`'s docstring, as written there."""
    text = str(FixedStep.__doc__).split("::\n", 1)[1]
    names = {"register": register, "dataclass": dataclass, "FixedStep": FixedStep}
    lines = [line[8:] for line in text.splitlines()]
    exec("from typing import ClassVar\n" + "\n".join(lines), names)
    try:
        made = system("y = INTEG(-y, 1)", stop=4, step=0.5)
        run = simulate(made, method=method_named("midpoint"))
        assert run["y"].values[-1] == pytest.approx(0.625**8, rel=1e-14)
    finally:
        METHODS.pop("midpoint", None)
