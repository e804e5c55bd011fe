"""Many members: each as if alone, whoever else is in the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from making import FAULTS

from sdsim import RK4, Adaptive, Euler, ModelError, System, UnsupportedError, simulate
from sdsim import simulate_many as many

Make = Callable[..., System]

MODEL = """
    d: a, b
    x[d] = INTEG(rate * x[d] * (1 - x[d] / room[d]) + noise, begun[d])
    rate = 0.5
    room[d] = 10, 20
    begun[d] = 1, 2
    noise = RANDOM UNIFORM(0, 0.1, 0)
    late = DELAY FIXED(total, 1 + rate, 0)
    total = SUM(x[d!])
    kept = SAMPLE IF TRUE(total > 12, total, 0)
    smoothed = SMOOTH3(total, 2)
    f((0,0),(10,3),(40,5))
    read = f(total)
"""
N = 37


@pytest.fixture(scope="module")
def model(system: Make) -> System:
    return system(MODEL, stop=5, step=0.25)


@pytest.fixture(scope="module")
def draws() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "rate": rng.uniform(0.1, 1, N),
        "room[b]": rng.uniform(15, 30, N),
        "begun": rng.uniform(1, 3, N),
    }


@pytest.mark.parametrize("method", [Euler(), RK4()], ids=str)
def test_a_member_has_the_same_bits_alone_and_in_any_place(
    model: System, draws: dict[str, Any], method: Any
) -> None:
    whole = many(model, draws, method=method, seed=7)
    rng = np.random.default_rng(1)
    for chosen in ([5], [0, 5], list(range(5, 14)), list(rng.permutation(N)), list(range(N))[::-1]):
        part = many(
            model, {k: v[chosen] for k, v in draws.items()}, method=method, seed=7, numbers=chosen
        )
        for name in whole.data_vars:
            a, b = whole[name].values[..., chosen], part[name].values
            assert a.tobytes() == b.tobytes(), (name, chosen)


@pytest.mark.parametrize("method", [Euler(), RK4()], ids=str)
def test_a_single_run_is_the_member_with_its_parameters(
    model: System, draws: dict[str, Any], method: Any
) -> None:
    whole = many(model, {k: v[:3] for k, v in draws.items()}, method=method, seed=7)
    params = {k: v[0] for k, v in draws.items()}
    single = simulate(model, params, method, seed=7)
    for name in single.dataset.data_vars:
        assert whole[name].values[..., 0].tobytes() == single[str(name)].values.tobytes(), name


def test_what_is_common_and_what_varies(model: System) -> None:
    out = many(model, {"rate": [0.1, 0.9]}, {"begun[a]": 4}, save=["x", "begun", "rate"])
    assert out["begun"].sel(d="a").values.tolist() == [[4, 4]] * 21
    assert out["rate"].values[0].tolist() == [0.1, 0.9]
    assert out["x"].dims == ("time", "d", "member")
    assert out["member"].values.tolist() == [0, 1]


def test_variables_called_as_what_an_ensemble_says_keep_their_values(system: Make) -> None:
    found = many(system("stopped = 5\ncause = 6\nk = 1\ny = k * stopped"), {"k": [1, 2]})
    assert found["stopped (variable)"].values.min() == 5
    assert found["cause (variable)"].values.max() == 6
    assert np.isnan(found["stopped"]).all()


def test_a_member_without_a_finite_value_harms_no_other(system: Make) -> None:
    made = system("x = INTEG(1, 0)\ny = LN(until - x)\nuntil = 100", stop=6)
    out = many(made, {"until": [100.0, 3.0, 50.0, 0.0]})
    assert np.isnan(out["stopped"].values).tolist() == [True, False, True, False]
    assert out["stopped"].values[[1, 3]].tolist() == [3, 0]
    assert out["cause"].values.tolist() == ["", "y", "", "y"]
    y = out["y"].values
    assert np.isfinite(y[:, [0, 2]]).all()
    assert np.isfinite(y[:3, 1]).all()
    assert np.isnan(y[3:, 1]).all()
    assert np.isnan(y[:, 3]).all()
    alone = many(made, {"until": [50.0]})
    assert (alone["y"].values[:, 0] == y[:, 2]).all()


@pytest.mark.parametrize("text", FAULTS)
def test_each_member_stops_at_its_own_fault(system: Make, text: str) -> None:
    made = system(f"x = Time + early\nearly = 0\ny = {text}\nz = y + 1\ns = INTEG(1, 0)")
    out = many(made, {"early": [0, 1]})
    assert out["stopped"].values.tolist() == [FAULTS[text], FAULTS[text] - 1]
    assert out["cause"].values.tolist() == ["y", "y"]


def test_a_step_too_long_for_a_stiff_stock_is_named(system: Make) -> None:
    made = system("x = INTEG(-rate * x, 1)\nrate = 1\ncalm = INTEG(1, 0)", stop=2000)
    out = many(made, {"rate": [1.5, 9.0, 2.5]})
    assert np.isnan(out["stopped"].values).tolist() == [True, False, False]
    # Each step multiplies by 1 - rate; the change overflows a step before the stock.
    rate, times = np.array([9.0, 2.5]), np.array([8.0, 1.5])
    steps = 1 + np.ceil((1024 - np.log2(rate)) / np.log2(times))
    assert out["stopped"].values[1:].tolist() == steps.tolist()
    assert out["cause"].values.tolist() == ["", "x", "x"]


def test_a_table_of_draws(model: System) -> None:
    draws = {"rate": [0.1, 0.9], "room[b]": [20, 30]}
    one, other = (many(model, d, save="x") for d in (draws, pd.DataFrame(draws, index=[7, 8])))
    assert one.identical(other)
    series = {k: pd.Series(v, index=[5, 3]) for k, v in draws.items()}
    assert many(model, series, save=["x"]).identical(one)
    assert list(one.data_vars) == ["x", "stopped", "cause"]


def test_an_ensemble_says_how_it_was_made(model: System) -> None:
    changes: dict[str, Any] = {"room[a]": 9}
    made = many(model, {"rate": [0.1], "begun": [2.0]}, changes, RK4(), seed=4).attrs
    single = simulate(model, changes, RK4(), seed=4).dataset.attrs
    assert made == {k: v for k, v in single.items() if k != "status"} | {"draws": "begun; rate"}


def test_an_ensemble_too_large_for_memory_is_refused(
    model: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = {"rate": np.full(1000, 0.5)}
    monkeypatch.setattr("os.sysconf", lambda _: 1000)
    with pytest.raises(ModelError, match=r"1,000 members of .* too large .*; name .* save="):
        many(model, draws)
    monkeypatch.undo()

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("sdsim.run.ensemble.assemble", full)
    with pytest.raises(ModelError, match="too large"):
        many(model, draws)


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        ({"rate": 0.5}, "'rate': expected a value for each member, got 0.5; what is the same"),
        ({"rate": "0.5"}, "expected a value for each member, got '0.5'"),
        (
            {"rate": [[0.5], [0.6]]},
            "'rate': expected one number for each member, got several; give a row of numbers",
        ),
        (
            {"room": [[10, 20], [11, 21]]},
            'one number for each member, got several; vary elements by name, such as "room[',
        ),
        ({"room": np.ones((5, 2))}, 'vary elements by name, such as "room['),
        ({"room": [[10], [11, 21]]}, 'vary elements by name, such as "room['),
        ([0.5], "draws: expected values by name, got a list"),
        ({"room": [1.0], "room[B]": [2.0]}, "'room[b]' is drawn twice, by 'room' and 'room[B]'"),
        ({"rate": [1.0], " Rate": [1.0]}, "'rate' is drawn twice"),
        ({3: [1.0]}, "draws: expected a name, got 3"),
        (pd.Series({"rate": 0.5}), "expected a value for each member"),
    ],
)
def test_draws_of_the_wrong_kind_are_refused(model: System, draws: Any, said: str) -> None:
    with pytest.raises(ModelError) as e:
        many(model, draws)
    assert said in str(e.value)


def test_draws_that_do_not_fit_are_refused(model: System) -> None:
    with pytest.raises(ModelError, match="different lengths"):
        many(model, {"rate": [1.0, 2.0], "begun": [1.0]})
    with pytest.raises(ModelError, match="different lengths"):
        many(model, {"rate": [1.0, 2.0]}, numbers=[1])
    with pytest.raises(ModelError, match="is not a constant"):
        many(model, {"total": [1.0, 2.0]})
    with pytest.raises(ModelError, match="did you mean 'rate'"):
        many(model, {"rat": [1.0, 2.0]})
    with pytest.raises(ModelError, match="finite"):
        many(model, {"rate": [1.0, float("nan")]})
    with pytest.raises(UnsupportedError, match="grid"):
        many(model, {"rate": [1.0]}, method=Adaptive())
