"""The loops of the model: its README's table, `loops.toml` and the equations say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

import sdsim
from sdsim.claims import Finding, Folder, Loop, verify
from tests.cross_border.conftest import FOLDER

LOOPS = Folder.of(FOLDER / "cross_border.mdl").loops()
ROW = re.compile(r"^\| (?P<name>[^|]+?)(?P<star>\*?) \| (?P<sign>[RB]) \| [^|]+ \| (?P<cut>.+) \|$")


@pytest.fixture(scope="module")
def table() -> Mapping[str, re.Match[str]]:
    """The rows of the README's table of loops, by name."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Feedback loops")[2].partition("\n## ")[0]
    rows = [m for line in section.splitlines() if (m := ROW.match(line))]
    return {m["name"]: m for m in rows}


@pytest.fixture(scope="module")
def findings(flagship: sdsim.System) -> Mapping[str, Finding]:
    """What the equations say where the states choose."""
    preset = sdsim.read_preset(FOLDER / "presets" / "endogenous.toml")
    return {f.loop.name: f for f in verify(flagship, LOOPS, preset.overrides)}


def test_there_are_as_many_as_the_readme_says(table: Mapping[str, re.Match[str]]) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"{len(LOOPS)} loops stand in `loops.toml`" in text
    assert list(table) == [loop.name for loop in LOOPS]


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_is_in_the_equations(findings: Mapping[str, Finding], loop: Loop) -> None:
    """Every link is there and responds, and the signs multiply to the polarity."""
    assert not findings[loop.name].problem
    assert {"+", "-"}.issuperset(findings[loop.name].signs)
    assert (findings[loop.name].signs.count("-") % 2 == 1) == (loop.polarity == "B")


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_is_in_the_readme(table: Mapping[str, re.Match[str]], loop: Loop) -> None:
    """With its polarity and where it can be cut."""
    assert table[loop.name]["sign"] == loop.polarity
    assert table[loop.name]["cut"] == ", ".join(f"`{h}`" for h in loop.hold)


def test_those_marked_are_open_where_history_is_replayed(
    flagship: sdsim.System, preset: sdsim.Preset, table: Mapping[str, re.Match[str]]
) -> None:
    """A star in the README: the loop passes through a choice that history replaces."""
    found = verify(flagship, LOOPS, preset.overrides)
    assert {f.loop.name for f in found if f.problem} == {n for n, m in table.items() if m["star"]}
    assert all("0" in f.signs for f in found if f.problem)
