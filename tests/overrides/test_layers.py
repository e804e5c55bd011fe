"""Presets laid over each other: the later one's values hold, and that is said."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import sdsim

from sdsim import ModelError, ModelWarning, Overrides, Points, System, simulate
from sdsim.overrides.layers import layer_paths, read_layers

UNDER = """
title = "Under"
[constants]
rate = {value = 1, source = "old"}
"Room Size" = 2
v = [1, 2]
"v[b]" = 5
[series]
path = {time = [0, 10], values = [7, 7]}
[initial]
x = 3
"""
OVER = """
title = "Over"
[constants]
"room_size" = {value = 4, source = "new"}
v = [10, 20]
path = 9
"""
MODEL = """
d: a, b
rate = 0
room size = 0
v[d] = 0, 0
path = 0
x = INTEG(rate, 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "under.toml").write_text(UNDER)
    (tmp_path / "over.toml").write_text(OVER)
    return tmp_path


def test_the_later_preset_holds_whatever_it_replaces(
    folder: Path, system: Callable[..., System]
) -> None:
    with pytest.warns(ModelWarning, match="over.toml holds .*: room_size, v, path"):
        both = read_layers("under.toml+over.toml", folder)
    assert both.title == "Under + Over"
    assert (both.sources["rate"], both.sources["room_size"]) == ("old", "new")
    run = simulate(system(MODEL), both.overrides)
    assert (run["rate"].values[0], run["room size"].values[0], run["x"].values[0]) == (1, 4, 3)
    assert run["v"].values[0].tolist() == [10, 20], "an element below gives way to the whole above"
    assert run["path"].values[0] == 9, "a series below gives way to a number above"


def test_the_order_decides(folder: Path, system: Callable[..., System]) -> None:
    with pytest.warns(ModelWarning, match=r"under\.toml holds"):
        both = read_layers("over.toml+under.toml", folder)
    run = simulate(system(MODEL), both.overrides)
    assert run["v"].values[0].tolist() == [1, 5]
    assert run["path"].values[0] == 7


def test_presets_without_a_name_in_common_layer_without_a_note(folder: Path) -> None:
    (folder / "apart.toml").write_text("[constants]\nother = 1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both = read_layers("over.toml + apart.toml", folder)
    assert both.overrides.constants["other"] == 1


def test_a_plus_within_a_name_is_no_layer(folder: Path) -> None:
    inside = folder / "c++"
    inside.mkdir()
    for name in ("a+b.toml", "c.toml"):
        (inside / name).write_text("")
    assert layer_paths("c++/a+b.toml", folder) == [inside / "a+b.toml"]
    asked = layer_paths("c++/a+b.toml+c++/c.toml", folder)
    assert asked == [inside / "a+b.toml", inside / "c.toml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("under.toml+none.toml", "none.toml: no such file"),
        ("none.toml+over.toml", "none.toml: no such file"),
        ("+under.toml", "expected presets around '+', got '+under.toml'"),
        ("under.toml+", "expected presets around '+', got 'under.toml+'; write a.toml+b.toml"),
    ],
)
def test_a_layer_that_is_not_there_is_refused(folder: Path, text: str, said: str) -> None:
    with pytest.raises(ModelError) as e:
        read_layers(text, folder)
    assert said in str(e.value)


def test_a_number_for_an_element_of_a_series_is_refused(folder: Path) -> None:
    (folder / "element.toml").write_text('[constants]\n"path[a]" = 1\n')
    with pytest.raises(ModelError, match=r"^element.toml:2: 'path\[a\]': a number for an element"):
        read_layers("under.toml+element.toml", folder)


def test_a_number_holds_over_a_series_of_one_element(system: Callable[..., System]) -> None:
    under = Overrides(series={"v[b]": Points((0, 10), (7, 7))})
    run = simulate(system(MODEL), under | Overrides({"v": 1}))
    assert run["v"].values[-1].tolist() == [1, 1]


# --- the command line -------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run level.mdl", "check level.mdl", "compare level.mdl x.csv"])
def test_a_second_preset_is_refused_where_one_case_is_run(
    folder: Path, written: Callable[..., Path], command: str
) -> None:
    (folder / "level.mdl").write_text(written(MODEL).read_text())
    sdsim("run", "level.mdl", "-o", "x.csv", at=folder)
    done = sdsim(
        *command.split(), "--preset", "under.toml", "--preset", "over.toml", at=folder
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "--preset is given 2 times, expected one case; to lay one over the other, write "
        "--preset under.toml+over.toml\n"
    )


def test_layers_on_the_command_line_with_a_note(folder: Path, written: Callable[..., Path]) -> None:
    (folder / "level.mdl").write_text(written(MODEL).read_text())
    done = sdsim(
        "run", "level.mdl", "--preset", "under.toml+over.toml", "-r", "path,rate", "-S", "10",
        at=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "note: over.toml holds for what is given before it, too: room_size, v, path" in (
        done.stderr
    )
    assert done.stdout.splitlines()[1] == "0.0,9.0,1.0"


def test_a_spec_layers_only_when_asked(folder: Path, written: Callable[..., Path]) -> None:
    (folder / "level.mdl").write_text(written(MODEL).read_text())
    spec = """model = "level.mdl"
preset = {}
[uncertainties]
"rate" = [0, 1]
[design]
kind = "monte carlo"
members = 2
[outcomes]
"p" = "path"
"""
    (folder / "s.toml").write_text(spec.format('["under.toml", "over.toml"]'))
    done = sdsim("sweep", "s.toml", "-o", "s.store", "--jobs", "0", at=folder)
    assert done.returncode == 2
    assert done.stderr == (
        "s.toml:2: 'preset': expected one case, got 2; to lay one over the other, write preset = "
        '"under.toml+over.toml"\n'
    )
    (folder / "s.toml").write_text(spec.format('"under.toml+over.toml"'))
    done = sdsim("sweep", "s.toml", "-o", "s.store", "--jobs", "0", "--json", at=folder)
    assert done.returncode == 0, done.stderr
    assert '"preset": "Under + Over"' in done.stdout
    assert '"mean": 9.0' in done.stdout
