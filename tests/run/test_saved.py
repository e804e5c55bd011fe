"""What a run saves: whole variables, and elements by their own names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import sdsim as command

import sdsim
from sdsim import ModelError, System
from sdsim.run.prepared import prepare
from sdsim.run.saved import saved_of

EQUATIONS = """
    d: a, b, c
    most: b, c
    e: u, v
    k = 2
    x[d] = INTEG(k * room[d], 0)
    room[d] = 1, 2, 3
    y[d,e] = x[d] * far[e]
    far[e] = 1, 10
"""


@pytest.fixture(scope="module")
def model(system: Callable[..., System]) -> System:
    return system(EQUATIONS, stop=3)


@pytest.mark.parametrize(
    ("save", "names"),
    [
        ("x[a]", ["x[a]"]), (["x[b]", "k", "x[a]"], ["x[b]", "x[a]", "k"]),
        ("X[ B ]", ["x[b]"]), (["x[a]", "x"], ["x"]), ("x[most]", ["x[b]", "x[c]"]),
        ("y[*,v]", ["y[a,v]", "y[b,v]", "y[c,v]"]), (["y[a, u]", "y[a,u]"], ["y[a,u]"]),
    ],
)  # fmt: skip
def test_elements_are_saved_by_their_names(
    model: System, save: str | list[str], names: list[str]
) -> None:
    whole, run = sdsim.simulate(model), sdsim.simulate(model, save=save)
    many = sdsim.simulate_many(model, {"k": [2.0, 3.0]}, save=save)
    assert list(run) == names
    for name in names:
        assert run[name].values.tobytes() == whole[name].values.tobytes()
        assert run[name].dims == whole[name].dims
        assert np.array_equal(many[name].isel(member=0).values, whole[name].values)


def test_nothing_else_is_computed_or_kept(model: System) -> None:
    assert len(saved_of(model, "y[c,v]").values) == 1
    run = prepare(model)
    assert saved_of(model, "x").values == tuple(run.wanted(["x"]))


def test_an_element_is_found_in_any_spelling(model: System) -> None:
    run = sdsim.simulate(model, save="y[a,u]")
    assert run["Y [A, u]"].values.tolist() == run["y[a,u]"].values.tolist()
    assert list(run.to_dataframe().columns) == ["y[a,u]"]
    with pytest.raises(ModelError, match=r"no 'y'; did you mean 'y\[a,u\]'"):
        run["y[b,u]"]


def test_an_element_without_an_equation_is_refused(system: Callable[..., System]) -> None:
    part = system("d: a, b\nx[a] = 1\nz[d] = 2\nw[d] :EXCEPT: [b] = 3")
    with pytest.raises(ModelError, match=r"'w\[b\]': has no equation; name an element that has"):
        sdsim.simulate(part, save="w[b]")


@pytest.mark.parametrize("suffix", [".csv", ".nc"])
def test_files_hold_the_elements_alone(
    written: Callable[..., Path], tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    command("run", written(EQUATIONS, stop=3), "-r", "y[a,u], x[b]", "-o", out)
    table = sdsim.tables.results.read_table(out)
    assert list(table.columns) == ["y[a,u]", "x[b]"]
    assert table["x[b]"].tolist() == [0, 4, 8, 12]
