"""Control variables by keyword: INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER of one run."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sdsim import RK4, Adaptive, Euler, ModelError, Overrides, System, simulate, simulate_many
from sdsim.base.errors import ModelWarning
from sdsim.ir.expr import Ref
from sdsim.ir.model import Equation

KEYWORDS = {"INITIAL TIME": 1.0, "FINAL TIME": 5.0, "TIME STEP": 0.25, "SAVEPER": 0.5}


@pytest.fixture(scope="module")
def decay(system: Any) -> System:
    made: System = system("y = INTEG(-k * y, 1)\nk = 0.5", stop=10, step=1)
    return made


@pytest.mark.parametrize("method", [None, RK4(), Adaptive()], ids=str)
def test_they_do_what_params_do(decay: System, method: Any) -> None:
    words = {name.lower().replace(" ", "_"): value for name, value in KEYWORDS.items()}
    told = simulate(decay, method=method, **words)
    assert told.dataset.identical(simulate(decay, KEYWORDS, method).dataset)
    assert told.time.tolist() == np.arange(1, 5.5, 0.5).tolist()
    assert simulate(decay).time.tolist() == list(range(11))
    if method is None or method == RK4():
        many = simulate_many(decay, {"k": [0.5, 0.1]}, method=method, **words)
        assert many["y"].values[:, 0].tobytes() == told["y"].values.tobytes()


def test_they_hold_over_a_preset(decay: System) -> None:
    preset = Overrides({"final time": 20.0, "k": 0.0})
    run = simulate(decay, preset, final_time=3)
    assert run.time[-1] == 3
    assert run["y"].values.tolist() == [1.0] * 4
    assert simulate_many(decay, {"k": [0.1]}, preset, final_time=3)["time"].values[-1] == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"final_time": -1}, "FINAL TIME -1 comes before INITIAL TIME 0"),
        ({"time_step": 0}, "TIME STEP must be > 0, got 0"),
        ({"saveper": float("nan")}, "finite"),
        ({"final_time": "later"}, "expected a number"),
        ({"final_time": [1, 2]}, "FINAL TIME"),
        ({"params": {"Final  time": 4}, "final_time": 5}, "given twice, in params and as final_t"),
        ({"method": Euler(0.5), "time_step": 0.25}, "Euler(dt=0.5), which has a step of its own"),
    ],
)
def test_what_makes_no_sense_is_refused(decay: System, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as one:
        simulate(decay, **given)
    assert said in str(one.value)
    with pytest.raises(ModelError) as many:
        simulate_many(decay, {"k": [0.5]}, **given)
    assert str(many.value) == str(one.value)


@pytest.mark.parametrize("method", [Euler(), RK4(), Adaptive()], ids=str)
@pytest.mark.parametrize(("saveper", "end"), [(3, 9), (4, 8), (20, 0), (5, 10), (2, 10), (0.1, 10)])
def test_an_end_that_is_not_saved_is_noted(
    decay: System, method: Any, saveper: float, end: float
) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ModelWarning)
        run = simulate(decay, method=method, saveper=saveper, time_step=min(saveper, 1))
    assert run.time[-1] == pytest.approx(end)
    words = f"model.mdl: SAVEPER {saveper} does not divide the run from 0 to 10; FINAL TIME is not"
    assert [str(w.message) for w in found] == ([f"{words} saved"] if end < 10 else [])


def moving(made: System) -> System:
    """The model, with what it calls ``end`` as its FINAL TIME."""
    end = replace(made.model.variables["final time"], equations=(Equation(Ref("end")),))
    return System(made.model.replacing({"final time": end}), made.backend)


def test_a_moving_end_can_be_given_a_number(system: Any) -> None:
    made = moving(system("y = INTEG(1, 0)\nend = 3 + y / 2"))
    assert simulate(made).time[-1] == 6
    assert simulate(made, final_time=4).time[-1] == 4


def test_a_moving_end_sees_the_run_s_own_chances(system: Any) -> None:
    """FINAL TIME is 20 less what was drawn: the end belongs to the seed that the run has."""
    text = "y = INTEG(noise, 0)\nnoise = RANDOM UNIFORM(0, 2, 0)\nend = 20 - y"
    made = moving(system(text))
    for seed in range(5):
        run = simulate(made, seed=seed)
        over = run.time >= run["end"].values
        assert over[-1], seed
        assert not over[:-1].any(), seed
