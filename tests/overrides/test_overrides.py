"""What a run may change, by every way to say it, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sdsim import Adaptive, ModelError, Overrides, Points, System, simulate, simulate_many

Make = Callable[..., System]

MODEL = """
    d: a, b, c
    l: b, c
    e: p, q
    k = 2
    negative = -3
    table[d, e] = 1, 2; 3, 4; 5, 6;
    v[d] = 1, 2, 3
    w[a] = 7
    w[l] = 8
    aux = k * 10
    grid[d] = v[d] + k
    x = INTEG(aux, 5)
    y[d] = INTEG(v[d], v[d] * 100)
    z[a] = INTEG(1, 0)
    z[l] = INTEG(2, 1)
    f((0,0),(10,100))
    g[d]((0,0),(10,100))
    read = f(Time)
    read g[d] = g[d](Time)
    smoothed = SMOOTH(k, 2)
    from aux = aux + 1
"""


@pytest.fixture(scope="module")
def model(system: Make) -> System:
    return system(MODEL, stop=4)


def last(made: System, name: str, params: Any = None, **more: Any) -> Any:
    return simulate(made, params, **more)[name].values[-1].tolist()


# --- constants --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [4, 4.0, np.float32(4), np.int64(4), np.array(4.0)])
@pytest.mark.parametrize("name", ["k", " K ", "k "])
def test_a_constant_by_any_number_and_spelling(model: System, name: str, value: Any) -> None:
    run = simulate(model, {name: value})
    assert run["aux"].values.tolist() == [40] * 5
    assert run["x"].values[-1] == 5 + 4 * 40
    assert run["grid"].values[0].tolist() == [5, 6, 7]


def test_a_negative_constant_takes_the_value_itself(model: System) -> None:
    assert last(model, "negative") == -3
    assert last(model, "negative", {"negative": 4}) == 4


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"v[b]": 20}, [1, 20, 3]),
        ({"V[ B ]": 20, "v[a]": 10}, [10, 20, 3]),
        ({"v": [4, 5, 6]}, [4, 5, 6]),
        ({"v": np.array([4, 5, 6])}, [4, 5, 6]),
        ({"v": 9}, [9, 9, 9]),
        ({"v": 9, "v[c]": 1}, [9, 9, 1]),
        ({"w[a]": 1, "v": 0}, [0, 0, 0]),
    ],
)
def test_elements_arrays_and_one_number_for_all(
    model: System, params: Mapping[str, Any], expected: list[float]
) -> None:
    assert last(model, "v", params) == expected


def test_elements_of_a_table(model: System) -> None:
    assert last(model, "table", {"table[b, q]": 9}) == [[1, 2], [3, 9], [5, 6]]
    assert last(model, "table", {"table[c,p]": 9}) == [[1, 2], [3, 4], [9, 6]]
    assert last(model, "table", {"table": [[1, 1], [2, 2], [3, 3]]}) == [[1, 1], [2, 2], [3, 3]]
    assert last(model, "table", {"table[b,p]": Points((0, 4), (0, 8))})[1] == [8, 4]


def test_a_constant_with_equations_of_its_own_for_ranges(model: System) -> None:
    assert last(model, "w") == [7, 8, 8]
    assert last(model, "w", {"w[c]": 1}) == [7, 8, 1]


def test_a_constant_may_take_the_place_of_an_equation(model: System) -> None:
    run = simulate(model, {"aux": 1})
    assert run["x"].values[-1] == 9
    assert run["from aux"].values[-1] == 2
    assert last(model, "grid", {"grid[b]": 0}) == [3, 0, 5]


def test_a_constant_in_a_hidden_equation_follows(model: System) -> None:
    assert last(model, "smoothed", {"k": 6}) == 6


def test_a_range_or_a_star_means_every_element(model: System) -> None:
    assert last(model, "v", {"v[L]": 9}) == [1, 9, 9]
    assert last(model, "v", {"v[*]": 9, "v[b]": 4}) == [9, 4, 9]
    assert last(model, "table", {"table[l, *]": 9}) == [[1, 2], [9, 9], [9, 9]]
    assert last(model, "table", {"table[*, q]": 9}) == [[1, 9], [3, 9], [5, 9]]
    assert last(model, "v", {"v[l]": Points((0, 4), (0, 8))}) == [1, 8, 8]
    assert simulate(model, initial={"y[l]": 5})["y"].values[0].tolist() == [100, 5, 5]
    many = simulate_many(model, {"v[l]": [7.0, 8.0]}, save=["v"])
    assert many["v"].values[0].tolist() == [[1, 1], [7, 8], [7, 8]]
    with pytest.raises(ModelError, match="'p' is not an element of 'd'"):
        simulate(model, {"v[e]": 1})


# --- labelled arrays --------------------------------------------------------------------------


def test_an_array_with_labels_goes_by_its_labels(model: System) -> None:
    turned = xr.DataArray(
        [[6.0, 2, 4], [5, 1, 3]], dims=("E", "d"), coords={"E": ["Q", "p"], "d": ["c", "a", "b"]}
    )
    for changes in ({"table": turned}, Overrides({"table": turned})):
        assert last(model, "table", changes) == [[1, 2], [3, 4], [5, 6]]
    again = simulate(model)["table"].isel(time=0, d=[2, 0, 1])
    assert last(model, "table", {"table": again}) == [[1, 2], [3, 4], [5, 6]]
    plain = xr.DataArray([[1.0, 2, 3], [4, 5, 6]], dims=("e", "d"))
    assert last(model, "table", {"table": plain}) == [[1, 4], [2, 5], [3, 6]]
    begun = xr.DataArray([3.0, 2, 1], coords={"d": ["c", "b", "a"]})
    assert simulate(model, initial={"y": begun})["y"].values[0].tolist() == [1, 2, 3]
    assert last(model, "v", {"v": xr.DataArray(4.0)}) == [4, 4, 4]
    run = simulate(model, {"table": turned})
    assert run.dataset.attrs["parameters"] == "table = [[1. 2.] [3. 4.] [5. 6.]]"


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (xr.DataArray([1.0, 2, 3], dims="x"), "'v': expected dimensions d, got x; rename them"),
        (xr.DataArray([1.0, 2, 3], coords={"d": ["a", "b", "z"]}), "'z' is not an element of 'd'"),
        (xr.DataArray([1.0, 2], coords={"d": ["a", "b"]}), "has no value for 'c' of 'd'; give all"),
        (xr.DataArray([1.0, 2, 3, 4], coords={"d": [*"abca"]}), "'a' comes twice along 'd'"),
        (
            xr.DataArray([1.0, 2], dims="d"),
            "expected 3 values (over d), got 2 values; give one for each",
        ),
        (xr.DataArray([[1.0] * 3], dims=("time", "d")), "a time series is given as Points"),
        (pd.Series([1.0, 2, 3], [*"abz"]), "'z' is not an element of 'd'"),
        (pd.Series([1.0, 2], [*"ab"]), "has no value for 'c' of 'd'"),
        (pd.Series([1.0, 2, 3]), "'v': a Series whose index is read as time, for a constant over"),
        (pd.DataFrame({"a": [1.0]}), "got a DataFrame"),
    ],
)
def test_labels_that_do_not_fit_are_refused(model: System, array: Any, said: str) -> None:
    with pytest.raises(ModelError) as e:
        simulate(model, {"v": array})
    assert said in str(e.value)


def test_a_series_goes_by_element_or_by_time(model: System) -> None:
    assert last(model, "v", {"v": pd.Series({"C": 3.0, "a": 1.0, "b": 2.5})}) == [1, 2.5, 3]
    over_time = pd.Series([0.0, 8], pd.Index([0, 4], name="Time"))
    assert last(model, "v", {"v": over_time}) == [8, 8, 8]
    assert last(model, "v", {"v[b]": pd.Series([0.0, 8], [0, 4])}) == [1, 8, 3]
    assert last(model, "grid", {"grid": pd.Series([0.0, 8], [0, 4])}) == [8, 8, 8]
    begun = pd.Series({"c": 3.0, "b": 2.0, "a": 1.0})
    assert simulate(model, initial={"y": begun})["y"].values[0].tolist() == [1, 2, 3]


# --- start values -----------------------------------------------------------------------------


def test_a_start_value(model: System) -> None:
    run = simulate(model, initial={"x": 50})
    assert set(run.dataset.data_vars) == set(simulate(model).dataset.data_vars)
    assert run["x"].values.tolist() == [50, 70, 90, 110, 130]


@pytest.mark.parametrize(
    ("initial", "expected"),
    [
        ({"y": 7}, [7, 7, 7]),
        ({"y": [7, 8, 9]}, [7, 8, 9]),
        ({"y[b]": 7}, [100, 7, 300]),
        ({"y[b]": 7, "y[c]": 8}, [100, 7, 8]),
    ],
)
def test_start_values_of_elements(
    model: System, initial: Mapping[str, Any], expected: list[float]
) -> None:
    run = simulate(model, initial=initial)
    assert run["y"].values[0].tolist() == expected
    assert (run["y"].values[-1] - run["y"].values[0]).tolist() == [4, 8, 12]


def test_start_values_of_a_stock_with_several_equations(model: System) -> None:
    run = simulate(model, initial={"z[b]": 30})
    assert run["z"].values[0].tolist() == [0, 30, 1]
    assert run["z"].values[-1].tolist() == [4, 38, 9]
    run = simulate(model, initial={"z": [1, 2, 3]})
    assert run["z"].values[0].tolist() == [1, 2, 3]


def test_start_value_and_constant_together(model: System) -> None:
    run = simulate(model, {"v[a]": 2}, initial={"y[b]": 7})
    assert run["y"].values[0].tolist() == [200, 7, 300]


# --- tables and series ------------------------------------------------------------------------


def test_a_lookup_takes_a_table(model: System) -> None:
    assert last(model, "read") == 40
    assert last(model, "read", {"f": Points((0, 10), (0, 50))}) == 20
    assert last(model, "read", {"f": pd.Series([0, 50], index=[0, 10])}) == 20


def test_an_element_of_a_lookup_takes_a_table(model: System) -> None:
    table = Points((0, 10), (0, 50))
    assert last(model, "read g", {"g[b]": table}) == [40, 20, 40]
    assert last(model, "read g", {"g": table}) == [20, 20, 20]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("interpolate", [0, 5, 10, 15, 20]),
        ("hold_backward", [0, 0, 10, 10, 20]),
        ("look_forward", [0, 10, 10, 20, 20]),
    ],
)
def test_a_series_takes_the_place_of_a_variable(
    model: System, kind: str, expected: list[float]
) -> None:
    series = Points((0, 2, 4), (0, 10, 20), kind)
    for name in ("k", "aux"):
        assert simulate(model, {name: series})[name].values.tolist() == expected


def test_a_pandas_series_is_a_series_over_time(model: System) -> None:
    series = pd.Series({0: 1.0, 4: 9.0})
    run = simulate(model, {"aux": series})
    assert run["aux"].values.tolist() == [1, 3, 5, 7, 9]
    assert run["x"].values.tolist() == [5, 6, 9, 14, 21]
    exact = simulate(model, {"aux": series}, Adaptive())
    assert exact["x"].values == pytest.approx([5 + t + t * t for t in range(5)])


def test_a_series_for_an_element(model: System) -> None:
    series = Points((0, 4), (0, 8))
    run = simulate(model, {"v[b]": series})
    assert run["v"].values[:, 1].tolist() == [0, 2, 4, 6, 8]
    assert run["v"].values[:, 2].tolist() == [3] * 5


def test_two_series_for_two_elements(model: System) -> None:
    run = simulate(model, {"v[b]": Points((0, 4), (0, 8)), "v[c]": Points((0, 4), (8, 0))})
    assert run["v"].values[-1].tolist() == [1, 8, 0]


def test_two_tables_for_two_elements_of_a_lookup(model: System) -> None:
    params = {"g[b]": Points((0, 10), (0, 50)), "g[c]": Points((0, 10), (0, 10))}
    assert last(model, "read g", params) == [40, 20, 4]


def test_series_for_one_element_and_a_number_for_another(model: System) -> None:
    run = simulate(model, {"v[b]": Points((0, 4), (0, 8)), "v[a]": 11})
    assert run["v"].values[-1].tolist() == [11, 8, 3]


def test_later_overrides_hold(model: System) -> None:
    both = Overrides({"k": 4, "negative": 1}) | Overrides({"k": 6})
    run = simulate(model, both)
    assert (run["k"].values[0], run["negative"].values[0]) == (6, 1)
    assert not Overrides()
    assert both


# --- refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"kk": 1}, "no variable called 'kk'"),
        ({"negativ": 1}, "did you mean 'negative'?"),
        ({"v[q]": 1}, "'q' is not an element of 'd'"),
        ({"v[a,b]": 1}, "'v': expected 1 subscript, got 2; write v[d]"),
        ({"k[a]": 1}, "'k': expected 0 subscripts, got 1; write k"),
        ({"k": float("nan")}, "expected a finite number, got nan"),
        ({"k": float("inf")}, "expected a finite number, got inf"),
        ({"k": True}, "expected a number, got true"),
        ({"k": "3"}, "expected a number, got '3'"),
        ({"k": None}, "expected a number, got nothing"),
        ({"k": 1 + 2j}, "expected a number, got (1+2j)"),
        ({"k": np.complex128(1)}, "expected a number"),
        ({"k": [1, 2]}, "expected a single number, got 2 values"),
        ({"k": {"a": 1}}, "expected a number, got a table"),
        ({"k": 10**400}, "expected a finite number, got a number of some 401 digits"),
        ({"v": [1, 2]}, "expected 3 values (over d), got 2 values; give one for each"),
        ({"v": [1, 2, float("nan")]}, "expected a finite number"),
        ({"v": [1, 2, True]}, "expected a number, got true"),
        ({"v": np.array([True, False, True])}, "expected a number"),
        ({"x": 1}, "is a stock; give its start value with initial"),
        ({"y[a]": 1}, "is a stock; give its start value with initial"),
        ({"x": Points((0, 1), (1, 2))}, "is a stock and cannot be a series"),
        ({"f": 1}, "'f': is a lookup; give a table of points: Points(x, y)"),
        ({"f": [1, 2, 3]}, "'f': is a lookup; give a table of points: Points(x, y)"),
        ({"g[a]": [1, 2, 3]}, "'g': is a lookup; give a table of points: Points(x, y)"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    model: System, params: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ModelError) as e:
        simulate(model, params)
    assert said in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("initial", "said"),
    [
        ({"k": 1}, "is not a stock and has no initial value"),
        ({"xx": 1}, "no variable called 'xx'"),
        ({"x": float("nan")}, "expected a finite number"),
        ({"y": [1, 2]}, "expected 3 values (over d), got 2 values; give one for each"),
        ({"y[q]": 2}, "'q' is not an element"),
    ],
)
def test_a_start_value_that_does_not_fit_is_refused(
    model: System, initial: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ModelError) as e:
        simulate(model, initial=initial)
    assert said in str(e.value)


def test_a_table_for_what_is_no_lookup_is_refused(model: System) -> None:
    with pytest.raises(ModelError, match="is not a lookup"):
        simulate(model, Overrides(lookups={"k": Points((0, 1), (1, 2))}))


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([], [], "0 x and 0 y values"),
        ([1], [1, 2], "1 x and 2 y values"),
        ([1, 1], [1, 2], "x must increase, got 1 after 1"),
        ([2, 1], [1, 2], "x must increase, got 1 after 2"),
        ([1, 2], [1, float("nan")], "expected a finite number"),
        ([1, "2"], [1, 2], "expected a number"),
    ],
)
def test_points_without_sense_are_refused(x: list[Any], y: list[Any], said: str) -> None:
    with pytest.raises(ModelError, match="'what'") as e:
        Points.of(x, y, "what")
    assert said in str(e.value)


def test_an_unknown_kind_of_points_is_refused() -> None:
    with pytest.raises(ModelError, match="unknown kind 'spline'; one of interpolate"):
        Points.of([1], [2], "what", "spline")


def test_a_pandas_series_in_disorder_is_refused(model: System) -> None:
    with pytest.raises(ModelError, match="x must increase"):
        simulate(model, {"aux": pd.Series({4: 1.0, 0: 9.0})})
