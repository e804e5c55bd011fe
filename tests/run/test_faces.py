"""How a model, a run and an ensemble show themselves, and how their parts are reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sdsim
from sdsim import ModelError, System, simulate, simulate_many

MODEL = """
    Area: north, south
    Age: young, old
    Stock[Area] = INTEG(rate[Area] * Stock[Area], 10)
    rate[Area] = 0.1, 0.2
    table[Area, Age] = 1, 2; 3, 4;
    both[Area, Age] = table[Area, Age] * Time
    k = -3
    y = k + <Time>
"""


@pytest.fixture(scope="module")
def model(system: Callable[..., System]) -> System:
    return system(MODEL.replace("<Time>", "Time"), stop=4)


@pytest.fixture(scope="module")
def run(model: System) -> sdsim.Run:
    return simulate(model)


def test_a_run_gives_variables_and_parts(run: sdsim.Run) -> None:
    whole = run["stock"]
    assert whole.dims == ("time", "Area")
    assert run["STOCK[South]"].values.tolist() == whole.values[:, 1].tolist()
    assert run["both[ north , old ]"].values.tolist() == [0, 2, 4, 6, 8]
    assert run["both[*,old]"].values.tolist() == [[2 * t, 4 * t] for t in range(5)]
    assert "Stock[north]" in run
    assert "Stock[west]" not in run
    assert "Stock[north,old]" not in run


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Stok[north]", "the run has no 'Stok'; did you mean 'Stock'?"),
        ("Stock[sout]", "'Stock': 'Area' has no element 'sout'; did you mean 'south'?"),
        ("Stock[north,old]", r"'Stock': expected 1 subscript, got 2; write Stock\[Area\]"),
        ("y[north]", "'y': expected 0 subscripts, got 1"),
    ],
)
def test_a_part_that_is_not_there_is_named(run: sdsim.Run, name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        run[name]


def test_a_list_of_names_gives_a_dataset(run: sdsim.Run) -> None:
    found = run[["Y", "Stock", "stock[north]", "both[*,old]", "Stock[south]"]]
    assert list(found) == ["y", "Stock", "stock[north]", "both[*,old]", "Stock[south]"]
    assert found["y"].identical(run["y"])
    assert found["Stock"].identical(run["Stock"])
    assert found["stock[north]"].values.tolist() == run["Stock"].values[:, 0].tolist()
    assert found["Stock[south]"].values.tolist() == run["Stock"].values[:, 1].tolist()
    assert found["both[*,old]"].dims == ("time", "Area")
    assert list(run[[]]) == []
    with pytest.raises(ModelError, match="the run has no 'z'"):
        run[["y", "z"]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (0, "expected the name of a variable, got 0; write run"),
        (None, "expected the name of a variable, got nothing"),
        (slice(2), "expected the name of a variable, got a slice"),
        (["y", 1], "expected a list of names, got 1 in it"),
    ],
)
def test_what_is_no_name_is_refused(run: sdsim.Run, name: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        run[name]


def test_a_run_is_a_table(run: sdsim.Run) -> None:
    whole = run.to_dataframe()
    assert {"Stock[north]", "both[south,old]", "y"} <= {*whole.columns}
    some = run.to_dataframe(["y", "Stock[south]", "both[*,old]"])
    assert some["y"].tolist() == [-3, -2, -1, 0, 1]
    assert some["Stock[south]"].tolist() == whole["Stock[south]"].tolist()
    assert some.index.tolist() == [0, 1, 2, 3, 4]
    assert run.to_dataframe("y").columns.tolist() == ["y"]


def test_a_run_shows_itself(run: sdsim.Run) -> None:
    text = repr(run)
    assert text.startswith("<sdsim.Run> ok, Euler, 5 times from 0 to 4\n<xarray.Dataset>")
    assert "Stock" in text
    assert "sdsim.Run" in run._repr_html_()
    assert [t.name for t in run.plot("y").data] == ["y"]


def test_how_a_run_ended_is_shown(system: Callable[..., System]) -> None:
    run = simulate(system("x = 1 / (2 - Time)"))
    assert repr(run).startswith("<sdsim.Run> nonfinite, Euler, 2 times from 0 to 1: ")


def test_a_model_is_a_table_of_variables(model: System) -> None:
    table = model.variables
    assert table.loc["Stock[Area]", "kind"] == "stock"
    assert table.loc["Stock[Area]", "equation"].startswith("INTEG(rate")
    assert table.loc["k", "equation"] == "-3"
    assert table.loc["y", "equation"] == "k + Time"
    assert len(table) == len(model.model.variables)
    assert "<table" in model._repr_html_()
    assert len(repr(model)) < 200


def test_html_shows_names_as_text(system: Callable[..., System]) -> None:
    assert "<script>" not in system('"<script>alert(1)</script>" = 1')._repr_html_()


def test_a_model_says_its_values(model: System) -> None:
    assert model.value("K") == -3
    assert model.value("rate[south]") == 0.2
    value = model.value("table")
    assert isinstance(value, np.ndarray)
    assert value.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ModelError, match="'y': is not a constant; its kind is auxiliary"):
        model.value("y")


def test_an_ensemble_holds_its_draws(model: System) -> None:
    draws = {"k": [1.0, 2.0, 3.0], "rate[north]": [0.0, 0.1, 0.2]}
    many = simulate_many(model, draws, save=["y"])
    assert many["draws"].dims == ("draw", "member")
    assert many["draws"].sel(draw="k").values.tolist() == draws["k"]
    assert many["draws"].sel(draw="rate[north]").values.tolist() == draws["rate[north]"]
    assert "draws" not in simulate_many(model, {}, save=["y"])


def test_a_range_called_draw_keeps_its_name(system: Callable[..., System]) -> None:
    model = system("draw: a, b\nv[draw] = 1, 2\nk = 1\nw[draw] = v[draw] * k", stop=1)
    many = simulate_many(model, {"k": [2.0, 3.0]}, save=["w"])
    assert many["w"].dims == ("time", "draw", "member")
    assert many["draws"].dims == ("drawn constant", "member")


def test_a_lookup_has_points_and_no_value(system: Callable[..., System]) -> None:
    made = system("effect((0,1),(2,5))\ny = effect(Time)")
    with pytest.raises(ModelError) as found:
        made.value("effect")
    assert "'effect': is a lookup and has no single value" in str(found.value)
    assert 'its points are in the column "equation" of model.variables' in str(found.value)
    assert "5" in made.variables.loc["effect", "equation"]
    with pytest.raises(ModelError, match="expected the name of a constant, got nothing"):
        made.value(None)  # type: ignore[arg-type]
