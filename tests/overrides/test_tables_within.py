"""The table within an equation may be replaced: WITH LOOKUP, and <gf> beside <eqn>."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from making import mdl

import sdsim
from sdsim import Overrides, Points, read_preset
from sdsim.base.errors import ModelError, ModelWarning

MODEL = """
d: a, b
x = 10 - Time
w = 1 + WITH LOOKUP(x, ((0,0),(10,100)))
each[a] = WITH LOOKUP(x, ((0,0),(10,100)))
each[b] = WITH LOOKUP(Time, ((0,0),(10,100)))
all[d] = WITH LOOKUP(x, ((0,0),(10,100)))
course = WITH LOOKUP(Time, ((0,0),(10,100)))
twice = WITH LOOKUP(x, ((0,0),(10,1))) + WITH LOOKUP(x, ((0,0),(10,1)))
plain = x
"""
T = np.arange(5.0)
TEN = Points((0, 10), (0, 200))


@pytest.fixture
def system(tmp_path: Path) -> sdsim.System:
    (tmp_path / "m.mdl").write_text(mdl(MODEL, stop=4), encoding="utf-8")
    return sdsim.load(tmp_path / "m.mdl")


def values(system: sdsim.System, name: str, points: Points = TEN) -> np.ndarray:
    run = sdsim.simulate(system, Overrides(lookups={name: points}))
    return run[name.partition("[")[0]].values


def test_other_points_are_read_at_the_argument_of_the_equation(system: sdsim.System) -> None:
    np.testing.assert_allclose(values(system, "w"), 1 + 20 * (10 - T))
    held = values(system, "w", Points((0, 9), (3, 4), "hold_backward"))
    np.testing.assert_array_equal(held, [5, 5, 4, 4, 4])
    np.testing.assert_allclose(values(system, "all")[:, 1], 20 * (10 - T))


def test_one_element_may_have_another_table_where_it_has_an_equation(system: sdsim.System) -> None:
    found = values(system, "each[b]")
    np.testing.assert_allclose(found, np.stack([10 * (10 - T), 20 * T], axis=1))
    with pytest.raises(ModelError, match=r"'all': several elements share a table in one equation"):
        values(system, "all[b]")


@pytest.mark.parametrize("name", ["twice", "plain"])
def test_what_has_no_table_or_two_is_refused(system: sdsim.System, name: str) -> None:
    with pytest.raises(ModelError, match=f"'{name}': is not a lookup"):
        values(system, name)


def test_a_preset_replaces_it(system: sdsim.System, tmp_path: Path) -> None:
    preset = tmp_path / "p.toml"
    preset.write_text('title = "t"\n[lookups]\n"w" = {x=[0,10], y=[0,200]}\n')
    found = sdsim.simulate(system, read_preset(preset).overrides)
    np.testing.assert_allclose(found["w"].values, 1 + 20 * (10 - T))


def test_values_over_time_in_place_of_a_table_are_told(system: sdsim.System) -> None:
    """As they were, and with a word, unless the index or the table itself is of time."""
    with pytest.warns(ModelWarning, match="'w': the points are its values over time"):
        run = sdsim.simulate(system, {"w": pd.Series([0.0, 200.0], index=[0.0, 10.0])})
    np.testing.assert_allclose(run["w"].values, 20 * T)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index = pd.Index([0.0, 10.0], name="Time")
        sdsim.simulate(system, {"w": pd.Series([0.0, 200.0], index=index)}, save="w")
        sdsim.simulate(system, {"course": TEN, "plain": TEN}, save=["course", "plain"])
