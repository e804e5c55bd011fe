"""Adaptive runs: jumps met and not stepped over, held values, noise, what it refuses."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sdsim import Adaptive, ModelError, Points, System, UnsupportedError, simulate
from sdsim.run.methods import SOLVERS

Make = Callable[..., System]
Within = Callable[[float], contextlib.AbstractContextManager[None]]
TIGHT = Adaptive(1e-9, 1e-12)
pytestmark = pytest.mark.filterwarnings("ignore:.*out of range")
AT = 3.7182818


def decay(t: Any, at: float, height: float = 1.0) -> Any:
    """x' = step - x from 0."""
    return np.where(t < at, 0.0, height * (1 - np.exp(-(t - at))))


JUMPS = f"""
    at = {AT}
    width = 0.01
    stepped = INTEG(STEP(1, at) - stepped, 0)
    switched = INTEG(IF THEN ELSE(Time > at, 1, 0) - switched, 0)
    switched back = INTEG(IF THEN ELSE(at + 1 >= Time, 0, 1) - switched back, 0)
    pulsed = INTEG(PULSE(at, width), 0)
    trained = INTEG(PULSE TRAIN(at, width, 2.5, 20), 0)
    ramped = INTEG(RAMP(2, at, at + 3), 0)
    table = INTEG(WITH LOOKUP(Time, ((0,0),(6.3,0),(6.4,10),(6.5,0))), 0)
    smoothed = SMOOTH3(STEP(1, at), 2)
    input = STEP(5, at)
"""


@pytest.fixture(scope="module")
def jumps(system: Make) -> System:
    return system(JUMPS, stop=20, step=0.5)


@pytest.mark.parametrize("at", [AT, 0.1, math.pi, 19.99])
def test_a_jump_at_an_odd_time_costs_no_accuracy(jumps: System, at: float) -> None:
    run = simulate(jumps, {"at": at}, TIGHT)
    t = run.time
    assert run["stepped"].values == pytest.approx(decay(t, at), abs=1e-8)
    assert run["switched"].values == pytest.approx(decay(t, at), abs=1e-8)
    assert run["switched back"].values == pytest.approx(decay(t, at + 1), abs=1e-8)
    ramp = np.clip(t - at, 0, 3) ** 2 + 6 * np.maximum(t - at - 3, 0)
    assert run["ramped"].values == pytest.approx(ramp, abs=1e-7)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-9])
def test_a_narrow_pulse_is_never_stepped_over(jumps: System, tolerance: float) -> None:
    """Nothing else happens in these stocks: the solver would leap from start to end."""
    steps = {"TIME STEP": 0.001, "SAVEPER": 0.5}
    made = simulate(jumps, steps, Adaptive(tolerance), save=["pulsed", "trained"])
    t = made.time
    assert made["pulsed"].values == pytest.approx(np.clip(t - AT, 0, 0.01), abs=1e-9)
    train = sum(np.clip(t - AT - 2.5 * k, 0, 0.01) for k in range(7))
    assert made["trained"].values == pytest.approx(train, abs=1e-9)


def test_a_spike_in_a_table_over_time_is_met(jumps: System) -> None:
    run = simulate(jumps, method=Adaptive(1e-3))
    assert run["table"].values[-1] == pytest.approx(1.0, abs=1e-6)


def test_a_spike_in_a_given_series_is_met(system: Make) -> None:
    made = system("x = 0\nsum = INTEG(x, 0)", stop=20)
    spike = Points((0, 6.3, 6.4, 6.5), (0, 0, 10, 0))
    assert simulate(made, {"x": spike}, Adaptive(1e-3))["sum"].values[-1] == pytest.approx(1.0)
    series = pd.Series([0.0, 0, 10, 0], index=[0, 6.3, 6.4, 6.5])
    assert simulate(made, {"x": series}, Adaptive(1e-3))["sum"].values[-1] == pytest.approx(1.0)


def test_results_at_a_jump_show_what_holds_after_it(system: Make) -> None:
    """As on the grid, also where a sum of steps falls a little short of the time of the jump."""
    rows = [f"s{k} = STEP(1, {round(0.3 * k, 1)!r})" for k in range(11)]
    made = system("\n".join([*rows, "x = INTEG(s3, 0)"]), stop=3, step=0.3)
    euler, adaptive = simulate(made), simulate(made, method=Adaptive())
    for k in range(11):
        expected = [0.0] * k + [1.0] * (11 - k)
        assert euler[f"s{k}"].values.tolist() == expected
        assert adaptive[f"s{k}"].values.tolist() == expected


def test_a_jump_before_the_start_or_after_the_end_does_no_harm(jumps: System) -> None:
    for at in (-5.0, 25.0):
        run = simulate(jumps, {"at": at}, TIGHT, save=["stepped", "ramped"])
        start = 0 if at < 0 else np.inf
        assert run["stepped"].values == pytest.approx(decay(run.time, start), abs=1e-8)


def test_saving_times_do_not_change_the_result(jumps: System) -> None:
    coarse = simulate(jumps, {"SAVEPER": 5}, TIGHT)
    fine = simulate(jumps, {"SAVEPER": 0.125, "TIME STEP": 0.125}, TIGHT)
    assert coarse.time.tolist() == [0, 5, 10, 15, 20]
    for name in ("stepped", "smoothed"):
        assert coarse[name].values == pytest.approx(fine[name].values[::40], abs=1e-8)


def test_the_end_is_met_where_no_step_divides_the_run(system: Make) -> None:
    made = system("x = INTEG(x, 1)", stop=1, step=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(made, {"SAVEPER": 0.25}, TIGHT)
    assert run.time.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert run["x"].values == pytest.approx(np.exp(run.time), rel=1e-8)


def test_a_run_of_no_length_has_its_start(system: Make) -> None:
    run = simulate(system("x = INTEG(1, 4)\ny = x + STEP(1, 0)", stop=0), method=Adaptive())
    assert run.time.tolist() == [0]
    assert (run["x"].values.tolist(), run["y"].values.tolist()) == ([4], [5])


def test_a_model_without_stocks_is_observed(system: Make) -> None:
    run = simulate(system("y = Time ^ 2", stop=3), method=Adaptive())
    assert run["y"].values.tolist() == [0, 1, 4, 9]


def test_held_values_advance_by_steps_whatever_breaks_lie_between(system: Make) -> None:
    """A counter kept by SAMPLE IF TRUE, in a model with jumps between the steps."""
    made = system(
        """
        counter = SAMPLE IF TRUE(1 > 0, last + 1, 0)
        last = SAMPLE IF TRUE(1 > 0, seen, 0)
        seen = INTEG(STEP(1, 0.3) - STEP(1, 0.7) + STEP(1, 1.31), 0)
        noise = RANDOM 0 1()
        kept = SAMPLE IF TRUE(noise > 0.5, Time, -1)
        """,
        stop=6,
    )
    run, euler = simulate(made, method=TIGHT), simulate(made)
    t = run.time
    exact = np.clip(t - 0.3, 0, 0.4) + np.maximum(t - 1.31, 0)
    assert run["seen"].values == pytest.approx(exact, abs=1e-9)
    assert run["counter"].values == pytest.approx(exact + 1, abs=1e-9)
    assert run["noise"].values.tolist() == euler["noise"].values.tolist()
    assert run["kept"].values.tolist() == euler["kept"].values.tolist()


def test_delay_fixed_is_refused_by_name(system: Make) -> None:
    made = system("x = INTEG(y, 0)\ny = 1 + DELAY FIXED(Time, 2, 0)", stop=4)
    with pytest.raises(UnsupportedError) as e:
        simulate(made, method=Adaptive())
    said = str(e.value)
    assert said.startswith("model.mdl: 'y")
    assert "DELAY FIXED" in said
    assert "Euler or RK4" in said
    assert simulate(made).status == "ok"


# --- values that are not finite: time-limited, because a solver may loop for ever on NaN --------

GROWS, NO_RATE = "grows beyond any step", "has a rate of change that is not finite"
#: Equation of x' from x = 1, the time at which x' has no value any more, and what is said.
BAD = {
    "logarithm": ("LN(3 - Time)", 3.0, NO_RATE),
    "root": ("1 + 0 * SQRT(3 - x)", 2.0, NO_RATE),
    "along an edge": ("SQRT(SIN(x))", 3.2093, NO_RATE),
    "edge": ("1 + 0 * SQRT(1 - x)", 0.0, NO_RATE),
    "division": ("1 / (Time - 3) / (Time - 3)", 3.0, GROWS),
    "blow up": ("x * x", 1.0, GROWS),
    "jump": ("1 / (1 - STEP(1, 2.5)) + 0 * x", 2.5, NO_RATE),
    "none at all": ("0 / zero", 0.0, NO_RATE),
    "zero times infinity": ("0 * x * EXP(1000 * IF THEN ELSE(Time > 1.5, 1, 0))", 1.5, NO_RATE),
}


@pytest.fixture(scope="module")
def bad(system: Make) -> dict[str, System]:
    return {
        name: system(f"x = INTEG({text}, 1 - zero)\nzero = 0", stop=8, step=0.25)
        for name, (text, _, _) in BAD.items()
    }


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", BAD)
def test_no_solver_hangs_or_hides_what_is_not_finite(
    bad: dict[str, System], within: Within, name: str, solver: str
) -> None:
    _, when, said = BAD[name]
    with within(120):
        run = simulate(bad[name], method=Adaptive(solver=solver))
    assert run.status == "nonfinite"
    assert run.message.startswith(f"model.mdl: 'x' {said}")
    at = float(run.message.split("at time ")[1].split(";")[0])
    assert at == pytest.approx(when, abs=0.01)
    assert np.isfinite(run["x"].values).all()
    assert run.time.tolist() == pytest.approx(np.arange(run.time.size) / 4)
    assert run.time.size >= int(when * 4 - 0.1)
    assert run.time.size == 0 or run.time[-1] <= when + 0.01


def test_what_came_before_is_kept_and_right(system: Make) -> None:
    run = simulate(system("x = INTEG(x * x, 1)", stop=4, step=0.125), method=TIGHT)
    assert run.status == "nonfinite"
    assert run.time.tolist() == [k / 8 for k in range(8)]
    assert run["x"].values == pytest.approx(1 / (1 - run.time), rel=1e-6)


def test_a_watched_value_that_is_not_finite_stops_the_run(system: Make) -> None:
    made = system("x = INTEG(1, 0)\ny = LN(2.9 - x)\nz = y + 1", stop=8, step=0.5)
    run = simulate(made, method=Adaptive())
    assert run.message.startswith("model.mdl: 'y' is not finite at time 3;")
    assert run.time.tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert run["z"].values == pytest.approx(np.log(2.9 - run.time) + 1)


def test_a_value_refused_within_a_piece_is_no_answer(system: Make) -> None:
    """A right-hand side without a value at places that the solver only tries is no end."""
    made = system("x = INTEG(-SQRT(x), 1)", stop=1.5, step=0.25)
    run = simulate(made, method=TIGHT)
    assert run.status == "ok"
    assert run["x"].values == pytest.approx((1 - run.time / 2) ** 2, abs=1e-8)


def test_error_text_of_a_bad_time_is_about_the_model(system: Make) -> None:
    with pytest.raises(ModelError, match="FINAL TIME 1 comes before INITIAL TIME 2"):
        simulate(system("x = INTEG(1, 0)", start=2, stop=1), method=Adaptive())
