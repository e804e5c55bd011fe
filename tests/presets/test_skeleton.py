"""A skeleton of a case: whole, safe, and a preset once it is filled in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import sdsim as command

import sdsim
from sdsim import ModelError, new_preset, read_preset, simulate

EQUATIONS = """
age: young, old
many: m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13
begun = 1.5
birth rate[age] = 0.5, 1e-07
wide[many] = 1,2,3,4,5,6,7,8,9,10,11,12,13.5
path table((0,1),(10,2))
effect table((0,0),(1,0.3),(2,1))
effect = effect table(begun)
driver = path table(Time)
within = WITH LOOKUP(Time, ((0,0),(10,1)))
level = INTEG(driver + effect + within + birth rate[young] + wide[m1], begun)
counter = INTEG(1, 0)
other = INTEG(1, 7)
"""


@pytest.fixture
def model(written: Callable[..., Path], tmp_path: Path) -> Path:
    """A model in a folder of its own."""
    path = tmp_path / "made.mdl"
    path.write_text(written(EQUATIONS).read_text())
    return path


def filled(text: str, number: str = "1") -> str:
    """Every hole filled, every comment that is a value uncommented."""
    return re.sub(r'^# (?=")', "", text.replace('"?"', number), flags=re.M)


def ranks(text: str) -> dict[str, str]:
    """must or may, by name."""
    found = re.findall(r'^(# )?"(.+?)" = ', text, flags=re.M)
    return {name: "may" if free else "must" for free, name in found}


def test_what_a_case_must_give_is_guessed_from_the_equations(model: Path) -> None:
    assert ranks(new_preset(model)) == {
        "begun": "must", "birth rate[young]": "may", "birth rate[old]": "may", "wide": "may",
        "INITIAL TIME": "may", "FINAL TIME": "may", "TIME STEP": "may",
        "path table": "must", "effect table": "may", "within": "must",
        "counter": "may", "other": "must",
    }  # fmt: skip


def test_a_filled_skeleton_changes_nothing_but_the_holes(model: Path) -> None:
    """The commented values are those of the model, to the last bit."""
    text = filled(new_preset(model))
    for hole, home in (("begun", "1.5"), ("other", "7")):
        text = text.replace(f'"{hole}" = {{value = 1,', f'"{hole}" = {{value = {home},')
    text = text.replace("x = [0, 10], y = [1, 1]", "x = [0, 10], y = [1, 2]", 1)
    text = text.replace("x = [0, 10], y = [1, 1]", "x = [0, 10], y = [0, 1]", 1)
    (model.parent / "same.toml").write_text(text)
    preset = read_preset(model.parent / "same.toml")
    assert set(preset.overrides.names) == set(ranks(new_preset(model)))
    system = sdsim.load(model)
    again, own = simulate(system, preset.overrides), simulate(system)
    assert again.dataset.equals(own.dataset)


def test_a_skeleton_does_not_run_until_it_is_filled(model: Path) -> None:
    (model.parent / "new.toml").write_text(new_preset(model))
    with pytest.raises(ModelError, match=r"'constants\.begun': is still to be given; put a number"):
        read_preset(model.parent / "new.toml")
    holes = [f for f in sdsim.check_preset(model, model.parent / "new.toml") if f.error]
    assert [f.names for f in holes] == [("begun",), ("path table",), ("within",), ("other",)]
    assert {f.kind for f in holes} == {"unreadable"}
    assert [f.line for f in holes] == sorted(f.line or 0 for f in holes)


def test_times_to_fill_in_are_those_of_the_run(written: Callable[..., Path]) -> None:
    path = written("t((0,1),(1,2))\nx = t(Time)", start=1942, stop=2020)
    assert '"t" = {x = [1942, 2020], y = ["?", "?"], source = ""}' in new_preset(path)


def test_a_data_variable_without_values_must_be_given(written: Callable[..., Path]) -> None:
    path = written("d: a, b\nseen[d]\nx = seen[a] + seen[b]")
    text = new_preset(path)
    assert '"seen[a]" = {time = [0, 10], values = ["?", "?"], source = ""}' in text
    (path.parent / "p.toml").write_text(text.replace('"?"', "4"))
    run = simulate(sdsim.load(path), read_preset(path.parent / "p.toml").overrides)
    assert run["x"].values[-1] == 8


def test_what_every_preset_gives_a_case_must_give(model: Path) -> None:
    folder = model.parent / "presets"
    folder.mkdir()
    (folder / "a.toml").write_text('[constants]\n"birth rate[old]" = 1\nwide = 2\n')
    assert ranks(new_preset(model))["birth rate[old]"] == "may", "one preset is no custom"
    (folder / "b.toml").write_text('[constants]\n"Birth_Rate" = 1\nbroken = "x"\n')
    found = ranks(new_preset(model))
    assert (found["birth rate[old]"], found["wide"]) == ("must", "may")


def test_the_documentation_says_what_was_measured_and_what_is_defined(tmp_path: Path) -> None:
    tags = {"m": "data: census", "d": "definition", "a": "assumed", "l": "literature: X 2000"}
    rows = "".join(f"{k} = 1\n\t~\t1\n\t~\tAbout {k}. [{tag}]\n\t|\n\n" for k, tag in tags.items())
    times = "INITIAL TIME = 0~~|FINAL TIME = 1~~|TIME STEP = 1~~|SAVEPER = 1~~|"
    (tmp_path / "t.mdl").write_text("{UTF-8}\n" + rows + times)
    text = new_preset(tmp_path / "t.mdl")
    assert {k: v for k, v in ranks(text).items() if len(k) == 1} == {
        "m": "must", "a": "may", "l": "may",
    }  # fmt: skip
    assert "1 value that all cases share is left out" in " ".join(text.split("\n# "))


def test_elements_that_no_label_leads_back_to_stand_in_one_list(
    written: Callable[..., Path],
) -> None:
    path = written('d: "a,b", "c]d", e\nk[d] = 1, 2, 3\nx = k[e]')
    text = new_preset(path)
    assert '# "k" = {value = [1, 2, 3], source = ""}' in text


def test_times_that_follow_from_the_model_are_no_hindrance(written: Callable[..., Path]) -> None:
    path = written("k = 3\nlong = 5 * k\nx = INTEG(k, 0)")
    path.write_text(path.read_text().replace("FINAL TIME = 10", "FINAL TIME = long"))
    assert ranks(new_preset(path))["k"] == "may"


def test_text_of_strangers_stays_text(tmp_path: Path) -> None:
    """Names, units and documentation cannot end a string or a comment."""
    rows = '"quoted \\"name\\" = [x]" = 3\n\t~\t"\n\t~\tOne\n\t\t"two" = 3 # [constants]\n\t|\n\n'
    times = "INITIAL TIME = 0~~|FINAL TIME = 1~~|TIME STEP = 1~~|SAVEPER = 1~~|"
    (tmp_path / "t.mdl").write_text("{UTF-8}\n" + rows + times)
    text = new_preset(tmp_path / "t.mdl", 'A "title"\nnew = 1')
    assert tomllib.loads(text)["constants"] == {}
    found = tomllib.loads(filled(text))["constants"]
    assert found['quoted "name" = [x]'] == {"value": 3, "source": ""}


@pytest.mark.parametrize("name", ["teacup", "sir", "cross_border"])
def test_a_skeleton_of_each_model_here_reads_once_filled(name: str, tmp_path: Path) -> None:
    path = sdsim.examples.path(name)
    text = new_preset(path)
    (tmp_path / "new.toml").write_text(filled(text))
    preset = read_preset(tmp_path / "new.toml")
    assert preset.title == f"A case of {name}"
    assert len(preset.overrides.names) == len(ranks(text))


# --- the command line -------------------------------------------------------------------------


def test_a_skeleton_is_written_once(model: Path) -> None:
    done = command("preset", "new", model, "-o", "new.toml", "--title", "Mine", at=model.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (model.parent / "new.toml").read_text() == new_preset(model, "Mine")
    again = command("preset", "new", model, "-o", "new.toml", at=model.parent)
    assert (again.returncode, again.stderr) == (
        2, "new.toml: already exists; choose another name\n"
    )  # fmt: skip
    other = command("preset", "new", model, "-o", "new.csv", at=model.parent)
    assert "cannot write '.csv'; use .toml" in other.stderr
    assert command("preset", "new", model).stdout == new_preset(model)
