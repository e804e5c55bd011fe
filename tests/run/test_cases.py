"""Several cases in one batch: each has the bits it has alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsim import RK4, Euler, ModelError, Overrides, Points, System
from sdsim import simulate_many as many
from sdsim.run.prepared import prepare
from sdsim.run.prepared_cases import prepare_cases

Make = Callable[..., System]

MODEL = """
    d: a, b
    x[d] = INTEG(rate * (aim[d] - x[d]) + noise, begun[d])
    y = INTEG(flow - y / (1 + rate), rate * 3)
    z = INTEG(f(y) - z * share, 2)
    rate = 0.5
    share = 0.1
    aim[d] = 10, 20
    begun[d] = 1, 2
    noise = RANDOM UNIFORM(0, 0.1, 0)
    late = DELAY FIXED(total, 1 + rate, 0)
    total = SUM(x[d!]) + z
    flow = rate * total / 10
    f((0,0),(10,3),(40,5))
    g[a]((0,1),(5,2))
    g[b]((0,2),(6,1))
    read[d] = g[d](Time) * h
    h = 1 + WITH LOOKUP(total, ((0,0),(20,2),(50,1)))
    span = rate * 2
"""
LOOSE = ("rate", "share", "aim[b]", "begun")


@pytest.fixture(scope="module")
def model(system: Make) -> System:
    return system(MODEL, stop=6, step=0.25)


class Hidden:
    """A model that hypothesis does not print."""

    def __init__(self, model: System) -> None:
        self.model = model


@pytest.fixture(scope="module")
def shown(model: System) -> Hidden:
    return Hidden(model)


def same(both: xr.Dataset, alone: xr.Dataset, case: str) -> None:
    """The case has the values it has alone, to the bit."""
    mine = both.sel(case=case)
    assert set(alone.data_vars) == set(mine.data_vars)
    for name in alone.data_vars:
        got = mine[name].transpose(*alone[name].dims).values
        assert got.tobytes() == alone[name].values.tobytes() or name == "cause", name


DRAWS = {"rate": [0.3, 0.5, 0.8]}


def check(
    model: System, cases: dict[str, Any], draws: dict[str, Any] = DRAWS, **settings: Any
) -> xr.Dataset:
    both = many(model, draws, cases=cases, seed=3, **settings)
    for name, changes in cases.items():
        same(both, many(model, draws, changes, seed=3, **settings), name)
    return both


numbers = st.floats(0.05, 20).map(lambda v: round(v, 3))
ats = st.lists(st.integers(0, 60), min_size=1, max_size=6, unique=True).map(sorted)
KINDS = st.sampled_from(("interpolate", "hold_backward", "look_forward", "extrapolate"))


@st.composite
def points(draw: st.DrawFn) -> Points:
    x = [0.5 * k for k in draw(ats)]
    return Points(x, [draw(numbers) for _ in x], draw(KINDS))


@st.composite
def changes(draw: st.DrawFn) -> Overrides:
    """Any changes that may differ from case to case; the flow is replaced in all."""
    pick = st.booleans()
    constants = {n: draw(numbers) for n in LOOSE if draw(pick)}
    lookups = {n: draw(points()) for n in ("f", "g", "g[b]", "h") if draw(pick)}
    series: dict[str, Points] = {"flow": draw(points())} if draw(pick) else {}
    if not series:
        constants["flow"] = draw(numbers)
    for name in ("share", "aim[a]", "aim"):
        if draw(st.integers(0, 3)) == 0:
            series[name] = draw(points())
    initial = {n: draw(numbers) for n in ("x[b]", "x", "y", "z") if draw(pick)}
    return Overrides(constants, lookups, series, initial)


@given(st.lists(changes(), min_size=1, max_size=4))
@settings(max_examples=8)
def test_any_cases_have_the_bits_they_have_alone(shown: Hidden, given: list[Overrides]) -> None:
    check(shown.model, {f"case {k}": c for k, c in enumerate(given)})


@pytest.mark.parametrize("method", [Euler(dt=0.5), RK4()], ids=str)
def test_methods(model: System, method: Any) -> None:
    cases = {
        "own": {},
        "table": {"f": Points([0, 5, 30], [0, 4, 2]), "g[a]": Points([1, 2], [0, 9])},
        "held": {"f": Points([2], [3], "hold_backward"), "share": Points([0, 3], [0.1, 0.4])},
        "started": Overrides(initial={"y": 7}),
    }
    both = check(model, cases, method=method)
    assert list(both["case"].values) == list(cases)
    assert both["x"].dims == ("time", "d", "case", "member")
    assert both["stopped"].dims == ("case", "member")


def test_one_program_serves_any_number_of_cases(model: System) -> None:
    def cases(count: int, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        return {f"{k}": {"f": Points([0, 10 + k], rng.uniform(0, 5, 2)), "rate": 0.1 + 0.01 * k}
                for k in range(count)}  # fmt: skip

    few, lots = (prepare_cases(model, cases(n, n)) for n in (3, 40))
    assert few.system is lots.system
    assert few.system.program is lots.system.program
    assert lots.cases is not None
    assert lots.cases.tables is not None
    assert lots.cases.tables.of.shape == (1, 40)


def test_a_table_that_all_cases_share_stays_in_the_program(model: System) -> None:
    table = Points([0, 9], [1, 2])
    run = prepare_cases(model, {"a": {"f": table, "rate": 1}, "b": {"f": table}})
    assert run.system.program.given == 0
    assert run.system.program.tables != model.program.tables


def test_what_all_have_in_common_yields_to_the_case(model: System) -> None:
    cases = {"own": {}, "fast": {"rate": 2}}
    both = many(model, {}, {"rate": 1, "share": 0.3}, cases=cases)
    same(both, many(model, {}, {"rate": 1, "share": 0.3}), "own")
    same(both, many(model, {}, {"rate": 2, "share": 0.3}), "fast")


def test_a_member_that_stops_in_one_case(system: Make) -> None:
    model = system("x = INTEG(f(Time), 1)\nf((0,1),(9,1))\ny = 1 / (x - 3)", stop=4)
    rising = {"f": Points([0, 9], [2, 2])}
    both = check(model, {"own": {}, "rising": rising}, {})
    cause = both["cause"].isel(member=0)
    assert cause.values.tolist() == ["y", "y"]
    assert both["stopped"].isel(member=0).values.tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ({}, "no cases"),
        ({"a": {"rate": 1}, "b": {"nothing": 1}}, "case 'b': no variable called 'nothing'"),
        ({"a": {"rate": "x"}}, "'rate': case 'a': expected a number"),
        ({"a": {"flow": 1}, "b": {}}, "'flow': has other equations in case 'b' than in case 'a'"),
        ({"a": {"FINAL TIME": 5}, "b": {}}, r"case 'b' runs from 0 to 6 .* case 'a' from 0 to 5"),
        ({"a": {"FINAL TIME": -1}, "b": {}}, "case 'a': FINAL TIME -1 comes before"),
    ],
)
def test_refused(model: System, cases: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        many(model, {}, cases=cases)


def test_tables_that_become_equations_cannot_differ(system: Make) -> None:
    model = system("x = LOOKUP AREA(f, 0, Time)\nf((0,0),(9,3))", stop=4)
    cases = {"a": {"f": Points([0, 9], [1, 2])}, "b": {"f": Points([0, 9], [3, 2])}}
    with pytest.raises(ModelError, match="'x': LOOKUP AREA takes the points of 'f'"):
        many(model, {}, cases=cases)
    alike = {name: {"f": Points([0, 9], [1, 2])} for name in "ab"}
    check_alone = many(model, {}, cases=alike)
    same(check_alone, many(model, {}, alike["a"]), "a")


def test_a_number_that_shapes_the_model_cannot_differ(system: Make) -> None:
    """The order of a delay is known before the run; a case that changes it is another model."""
    model = system("x = DELAY N(Time, 2, 0, order)\norder = 1 + one\none = 1", stop=4)
    assert prepare(model, {"order": 3}).system.program != model.program
    with pytest.raises(ModelError, match="order"):
        many(model, {}, cases={"a": {"order": 3}, "b": {"order": 5}})
