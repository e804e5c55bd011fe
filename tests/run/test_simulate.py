"""One run: times, saving, what is kept, values that are not finite, sameness of bits."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import FAULTS, MODELS, model_of, ref, stock

import sdsim
from sdsim import (
    RK4,
    Adaptive,
    Euler,
    ModelError,
    ModelWarning,
    System,
    UnsupportedError,
    load,
    simulate,
    simulate_many,
)
from sdsim.ir.expr import Binary
from sdsim.ir.model import to_json
from sdsim.run.horizon import Horizon

Make = Callable[..., System]
GROWTH = "x = INTEG(rate * x, 1)\nrate = 0.5\nclock = Time"


@pytest.fixture(scope="module")
def growth(system: Make) -> System:
    return system(GROWTH, start=0, stop=4, step=0.5)


# --- times ------------------------------------------------------------------------------------


def test_euler_is_the_recurrence(growth: System) -> None:
    run = simulate(growth)
    assert run.time.tolist() == [k / 2 for k in range(9)]
    assert run["x"].values == pytest.approx(1.25 ** np.arange(9), rel=1e-15)
    assert run["clock"].values.tolist() == run.time.tolist()


@pytest.mark.parametrize("method", [Euler(), RK4()], ids=str)
def test_a_step_that_does_not_divide_the_run_never_overshoots(growth: System, method: Any) -> None:
    with pytest.warns(ModelWarning, match="does not divide the run from 0 to 4"):
        run = simulate(growth, {"TIME STEP": 0.3}, method)
    assert run.time[-1] == pytest.approx(3.9)
    assert (run.time <= 4).all()
    assert run.time == pytest.approx(np.arange(14) * 0.3)


@pytest.mark.parametrize(
    ("stop", "step", "steps"),
    [(0.3, 0.1, 3), (0.6, 0.2, 3), (0.7, 0.1, 7), (9, 0.3, 30), (1, 1 / 3, 3), (1.1, 0.01, 110)],
)
def test_a_step_that_divides_but_for_rounding_reaches_the_end(
    growth: System, stop: float, step: float, steps: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(growth, {"TIME STEP": step, "FINAL TIME": stop})
    assert run.time.size == steps + 1
    assert run.time[-1] == pytest.approx(stop, rel=1e-14)


@pytest.mark.parametrize(
    ("start", "stop", "step", "steps"),
    [(0, 4, 0.3, 13), (0, 4, 0.5, 8), (0, 0.3, 0.1, 3), (1942, 2020, 0.125, 624), (-1, -1, 1, 0)],
)
def test_no_step_is_taken_beyond_the_end(
    start: float, stop: float, step: float, steps: int
) -> None:
    grid = Horizon(start, stop, step, step).grid()
    assert grid.steps == steps
    assert grid.saved == tuple(range(steps + 1))


def test_time_is_one_product_and_not_a_sum(growth: System) -> None:
    run = simulate(growth, {"TIME STEP": 0.1, "FINAL TIME": 1000, "rate": 0})
    assert run.time.tolist() == [k * 0.1 for k in range(10001)]


def test_the_methods_own_step_takes_the_place_of_the_models(growth: System) -> None:
    by_method = simulate(growth, method=Euler(0.25))
    by_parameter = simulate(growth, {"TIME STEP": 0.25})
    assert by_method.time.size == 17
    assert by_method["x"].values.tolist() == by_parameter["x"].values.tolist()


def test_saveper_keeps_a_part_of_the_steps(growth: System) -> None:
    every, some = simulate(growth), simulate(growth, {"SAVEPER": 1.5})
    assert some.time.tolist() == [0, 1.5, 3]
    assert some["x"].values.tolist() == every["x"].values[::3].tolist()


def test_saveper_that_rounding_spoils(growth: System) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(growth, {"TIME STEP": 0.1, "SAVEPER": 0.3, "FINAL TIME": 3})
    assert run.time == pytest.approx(np.arange(11) * 0.3)


def test_saveper_off_the_grid_is_said_and_takes_the_nearest_step(growth: System) -> None:
    with pytest.warns(ModelWarning, match=r"SAVEPER 0\.7 is not a multiple of TIME STEP 0\.5"):
        run = simulate(growth, {"SAVEPER": 0.7})
    assert run.time.tolist() == [0, 0.5, 1.5, 2, 3, 3.5]  # 0, .7, 1.4, 2.1, 2.8, 3.5
    with pytest.warns(ModelWarning, match=r"SAVEPER 0\.2 is below TIME STEP 0\.5"):
        assert simulate(growth, {"SAVEPER": 0.2}).time.size == 9


def test_a_start_that_is_not_zero(system: Make) -> None:
    made = system("x = INTEG(1, begun)\nbegun = INITIAL(Time)\ny = Time", start=-3, stop=-1)
    run = simulate(made)
    assert run.time.tolist() == run["x"].values.tolist() == run["y"].values.tolist() == [-3, -2, -1]


def test_a_saveper_given_by_an_equation(written: Callable[..., Any], backend: Any) -> None:
    path = written(GROWTH)
    text = path.read_text().replace("SAVEPER = TIME STEP", "SAVEPER = TIME STEP * 2")
    path.write_text(text)
    made = load(path, backend=backend)
    assert simulate(made).time.tolist() == [0, 2, 4, 6, 8, 10]
    assert simulate(made, {"TIME STEP": 0.5}).time.tolist() == list(range(11))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"FINAL TIME": -1}, "FINAL TIME -1 comes before INITIAL TIME 0"),
        ({"TIME STEP": 0}, "TIME STEP must be > 0, got 0"),
        ({"TIME STEP": -0.5}, "TIME STEP must be > 0, got -0.5"),
        ({"SAVEPER": 0}, "SAVEPER must be > 0"),
        ({"TIME STEP": 1e-9}, "time steps; at most"),
    ],
)
def test_times_without_sense_are_refused(growth: System, params: Any, said: str) -> None:
    with pytest.raises(ModelError) as e:
        simulate(growth, params)
    assert said in str(e.value)
    assert str(e.value).startswith("model.mdl")


def test_a_step_that_changes_during_the_run_is_refused(
    written: Callable[..., Any], backend: Any
) -> None:
    path = written(GROWTH)
    path.write_text(path.read_text().replace("TIME STEP = 1\n", "TIME STEP = 1 + Time / 10\n"))
    with pytest.raises((UnsupportedError, ModelError), match="TIME STEP"):
        simulate(load(path, backend=backend))


# --- what is kept -----------------------------------------------------------------------------


def test_save_keeps_what_is_named_however_it_is_spelled(growth: System) -> None:
    run = simulate(growth, save=["X", " Clock "])
    assert list(run.dataset.data_vars) == ["x", "clock"]
    assert run["X"].values.tolist() == simulate(growth)["x"].values.tolist()


def test_an_unknown_name_to_save_brings_the_nearest(growth: System) -> None:
    with pytest.raises(ModelError, match="no variable called 'clok'; did you mean 'clock'"):
        simulate(growth, save=["clok"])


def test_a_lookup_has_no_values_to_save(system: Make) -> None:
    made = system("f((0,0),(1,1))\ny = f(0.5)")
    assert list(simulate(made).dataset.data_vars) == ["y"]
    with pytest.raises(ModelError, match="is a lookup"):
        simulate(made, save=["f"])


def test_an_unknown_name_asked_of_a_run_brings_the_nearest(growth: System) -> None:
    with pytest.raises(ModelError, match="the run has no 'clok'; did you mean 'clock'"):
        simulate(growth)["clok"]


def test_a_plain_string_to_save_is_one_name(growth: System) -> None:
    assert list(simulate(growth, save=" Clock")) == ["clock"]
    with pytest.raises(ModelError, match="expected a name to save, got 3"):
        simulate(growth, save=[3])  # type: ignore[list-item]


@pytest.mark.parametrize("run", [simulate, lambda s, **k: simulate_many(s, {"rate": [1.0]}, **k)])
def test_arguments_of_the_wrong_kind_are_refused(growth: System, run: Any) -> None:
    for other in (growth.model, "m.mdl", Path("m.mdl"), None):
        with pytest.raises(ModelError, match=r"expected a System, got .*; use sdsim\.load"):
            run(other)
    for method, meant in {"rk4": "RK4()", RK4: "RK4()", "BDF": "Adaptive(solver='BDF')"}.items():
        with pytest.raises(ModelError, match=f"write sdsim.{re.escape(meant)}$"):
            run(growth, method=method)
    for seed in ("a", 1.5, None, True):
        with pytest.raises(ModelError, match="seed must be a whole number"):
            run(growth, seed=seed)
    run(growth, seed=np.int64(3))
    for params in ([1], "p.toml", 3):
        with pytest.raises(ModelError, match="params: expected values by name"):
            run(growth, params=params)


def test_a_run_is_asked_whether_it_has_a_name(growth: System) -> None:
    run = simulate(growth, save=["x"])
    assert " X" in run
    assert "time" in run
    assert "clock" not in run
    assert 3 not in run
    assert list(run) == ["x"]


def test_hidden_and_control_variables_are_not_kept(system: Make) -> None:
    run = simulate(system("y = SMOOTH3(Time, 2)\nz = DELAY1(y, 3)"))
    assert set(run.dataset.data_vars) == {"y", "z"}


def test_results_carry_units_documentation_and_how_they_were_made(backend: Any) -> None:
    made = load(MODELS / "oscillator.mdl", backend=backend)
    run = simulate(made, {"Start": 2}, RK4(0.25), initial={"Velocity": 0.25}, seed=3)
    assert run["Position"].attrs["units"] == "metre"
    assert run["Energy"].attrs["description"] == "Constant in the exact solution."
    assert run.dataset["time"].attrs["units"] == "second"
    a = run.dataset.attrs
    assert a["model"] == "oscillator"
    assert a["model_file"] == "oscillator.mdl"
    assert simulate(made, {"Start": 2}).dataset.attrs["model_hash"] == made.model.hash
    assert a["sdsim_version"] == sdsim.__version__
    assert a["method"] == "RK4(dt=0.25)"
    assert (a["initial_time"], a["final_time"], a["time_step"], a["saveper"]) == (0, 4, 0.25, 0.5)
    assert a["seed"] == 3
    assert a["backend"] == backend.name
    assert a["parameters"] == "Start = 2; initial Velocity = 0.25"
    assert a["status"] == run.status == "ok"


# --- values in, values out ---------------------------------------------------------------------


def test_a_run_leaves_the_system_as_it_was(growth: System) -> None:
    before, numbers = to_json(growth.model), growth.program.defaults
    first = simulate(growth)["x"].values.tolist()
    simulate(growth, {"rate": 9}, initial={"x": 5})
    simulate(growth, {"rate": sdsim.Points((0, 4), (1, 2))}, RK4(0.25))
    assert to_json(growth.model) == before
    assert growth.program.defaults == numbers
    assert simulate(growth)["x"].values.tolist() == first


@pytest.mark.parametrize("method", [Euler(), RK4(), Adaptive()], ids=str)
def test_the_same_run_has_the_same_bits(backend: Any, method: Any) -> None:
    runs = [
        simulate(load(MODELS / "logistic.mdl", backend=backend, cache=cache), method=method)
        for cache in (True, True, False)
    ]
    for name in runs[0].dataset.data_vars:
        a, *others = (r[str(name)].values.tobytes() for r in runs)
        assert all(o == a for o in others)


def test_a_result_can_be_sent_to_another_process(growth: System) -> None:
    run = simulate(growth)
    again = pickle.loads(pickle.dumps(run))
    assert again.dataset.identical(run.dataset)
    assert (again.status, again.message) == (run.status, run.message)


def test_a_model_made_without_a_file_runs(backend: Any) -> None:
    made = model_of(
        {"tea": stock(Binary("/", Binary("-", ref("room"), ref("tea")), ref("pace")), 100),
         "room": 20, "pace": 10},
        stop=20, step=0.5,
    )  # fmt: skip
    run = simulate(System(made, backend))
    assert run["tea"].values == pytest.approx(20 + 80 * 0.95 ** np.arange(41))


# --- values that are not finite ----------------------------------------------------------------


@pytest.mark.parametrize("method", [Euler(), RK4(), Adaptive()], ids=str)
@pytest.mark.parametrize("text", FAULTS)
def test_a_run_stops_where_a_value_is_not_finite(
    bad: dict[str, System], text: str, method: Any
) -> None:
    run = simulate(bad[text], method=method)
    when = FAULTS[text]
    assert run.status == "nonfinite"
    assert run.message.startswith(f"model.mdl: 'y' is not finite at time {when};")
    assert "\n" not in run.message
    assert run.time.tolist() == list(range(when))
    for name in run.dataset.data_vars:
        assert run[str(name)].dtype == np.float64
        assert np.isfinite(run[str(name)].values).all()
    assert run.dataset.attrs["status"] == "nonfinite"
    assert run.dataset.attrs["message"] == run.message


@pytest.fixture(scope="module")
def bad(system: Make) -> dict[str, System]:
    return {text: system(f"x = Time\ny = {text}\nz = y + 1\ns = INTEG(1, 0)") for text in FAULTS}


def test_the_first_in_order_of_evaluation_is_named(system: Make) -> None:
    made = system("late = middle + 1\nmiddle = first * 2\nfirst = LN(2 - Time)\nother = late")
    assert "'first' is not finite at time 2" in simulate(made).message


def test_the_element_is_named(system: Make) -> None:
    made = system("d: a, b, c\nv[d] = 5, 3, 4\ny[d] = LN(v[d] - Time)")
    assert "'y[b]' is not finite at time 3" in simulate(made).message


@pytest.mark.parametrize("wrong", ["1e308 * 10", "-1e308 - 1e308", "1e308 / 1e-10", "0 / 0"])
def test_a_constant_that_overflows_is_named(system: Make, wrong: str) -> None:
    """Worked out once and for all as it is, it is no number that the model asks for."""
    run = simulate(system(f"x = {wrong}"))
    assert run.message is not None
    assert "'x' is not finite at time 0" in run.message


def test_a_stock_that_overflows_is_named(system: Make) -> None:
    made = system("x = INTEG(x * 1e100, 1e100)\ny = 1")
    for method in (Euler(), RK4()):
        run = simulate(made, method=method)
        assert run.status == "nonfinite"
        assert "'x' is not finite" in run.message
        assert run.time.size >= 1
        assert (run["x"].values[0], run["y"].values[0]) == (1e100, 1)


def test_a_value_that_is_never_finite_leaves_nothing(system: Make) -> None:
    run = simulate(system("y = 1 / zero\nzero = 0"))
    assert run.time.size == 0
    assert "'y' is not finite at time 0" in run.message


def test_what_is_not_looked_at_does_not_stop_a_run(system: Make) -> None:
    made = system("y = LN(3 - Time)\nx = INTEG(1, 0)")
    run = simulate(made, save=["x"])
    assert run.status == "ok"
    assert run["x"].values[-1] == 10


def test_leaving_the_range_of_a_lookup_is_said_once(system: Make) -> None:
    made = system("f((0,0),(4,1))\ny = f(Time)\nz = f(-Time)\nok = f(Time / 10)")
    with pytest.warns(ModelWarning) as caught:
        run = simulate(made)
    assert len(caught) == 1
    assert "'y' reads a lookup out of range: at 0 to 10, points from 0 to 4 (and 1 more)" in str(
        caught[0].message
    )
    assert run["y"].values[-1] == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(made, {"FINAL TIME": 0})
