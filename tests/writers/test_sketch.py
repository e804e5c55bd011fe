"""Sketches in Vensim files: whole records, equations untouched, drawn by another tool."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from making import mdl

from sdsim.base.errors import ModelError
from sdsim.readers import read
from sdsim.writers.convert import convert

TEA = """
    Tea = INTEG(-loss, 90)
    loss = (Tea - room) / "time, to cool"
    room = 20
    "time, to cool" = 10
    later = loss + Time
"""
_RECORD = re.compile(r'(?:"(?:\\"|[^"])*"|[^,"])+|(?<=,)(?=,)')


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    path = tmp_path / "tea.mdl"
    path.write_text(mdl(TEA), encoding="utf-8")
    return path


def records(text: str) -> list[list[str]]:
    body = text.split("\\\\\\---///")[1].split("///---\\\\\\")[0]
    return [_RECORD.findall(line) for line in body.splitlines()[4:]]


def test_records(tea: Path) -> None:
    target = tea.with_name("drawn.mdl")
    convert(tea, target)
    text = target.read_text(encoding="utf-8")
    found = records(text)
    assert text.count("*Model\n") == 1
    assert [int(r[1]) for r in found] == list(range(1, len(found) + 1))
    things = {int(r[1]): r for r in found if r[0] in ("10", "11", "12")}
    named = {r[2] for r in things.values() if r[0] == "10" and r[8] == "3"}
    assert named == {"Tea", "loss", "room", '"time, to cool"', "later"}
    assert {r[2] for r in things.values() if r[0] == "10" and r[8] == "2"} == {"Time"}
    assert [r[7] for r in things.values() if r[2] == "Tea"] == ["3"]
    pipes = [r for r in found if r[0] == "1" and r[7] == "22"]
    assert {things[int(r[2])][0] for r in pipes} == {"11"}
    assert {things[int(r[3])][0] for r in pipes} == {"10", "12"}
    ends = {(things[int(r[2])][2], things[int(r[3])][2]) for r in found
            if r[0] == "1" and r[7] != "22"}  # fmt: skip
    assert ends == {("Tea", "loss"), ("room", "loss"), ('"time, to cool"', "loss"),
                    ("loss", "later"), ("Time", "later")}  # fmt: skip


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_the_sketch(tea: Path, line_end: str) -> None:
    text = mdl(TEA).replace("\n", line_end)
    settings = f":L\x7f<%^E!@{line_end}15:0,0,0,1,0,0{line_end}"
    old = f"\\\\\\---/// Sketch information{line_end}*Old{line_end}///---\\\\\\{line_end}{settings}"
    tea.write_bytes((text + old).encode())
    once, twice = tea.with_name("once.mdl"), tea.with_name("twice.mdl")
    assert convert(tea, once, sketch_only=True) == ()
    convert(once, twice, sketch_only=True)
    made = once.read_bytes()
    assert made == twice.read_bytes()
    assert made.startswith(text.encode() + b"\\\\\\---///")
    assert made.endswith(settings.encode())
    assert b"*Old" not in made
    assert (b"\n" in made.replace(b"\r\n", b"")) == (line_end == "\n")
    assert read(once).hash == read(tea).hash


def test_parts_of_macros_are_not_drawn_into_a_file_that_has_them_not(tmp_path: Path) -> None:
    macro = ":MACRO: TWICE(x)\nTWICE = x + half ~~|\nhalf = x ~~|\n:END OF MACRO:\n"
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + macro + mdl("a = 1\ny = TWICE(a)")[7:], encoding="utf-8")
    convert(path, tmp_path / "drawn.mdl", sketch_only=True)
    found = records((tmp_path / "drawn.mdl").read_text(encoding="utf-8"))
    assert sorted(r[2] for r in found if r[0] == "10") == ["a", "y"]
    assert len([r for r in found if r[0] == "1"]) == 1


def test_what_would_change_is_refused(tea: Path) -> None:
    with pytest.raises(ModelError, match="a sketch is drawn from"):
        convert(tea, tea.with_name("x.xmile"), sketch_only=True)
    tea.write_bytes(mdl("caf\xe9 = 1").replace("{UTF-8}\n", "").encode("cp1252"))
    with pytest.raises(ModelError, match="the file is not UTF-8, and would change"):
        convert(tea, tea.with_name("x.mdl"), sketch_only=True)


def test_pysimlin_draws_it(tea: Path) -> None:
    simlin = pytest.importorskip("simlin")
    target = tea.with_name("drawn.mdl")
    convert(tea, target, sketch_only=True)
    drawn = simlin.load(str(target)).project.render_svg().decode()
    for label in ("Tea", "loss", "room", "later"):
        assert re.search(rf"<tspan[^>]*>{label}</tspan>", drawn), label
    assert drawn.count('class="simlin-stock"') == 1
    assert drawn.count('class="simlin-flow"') == 1
    assert drawn.count("simlin-cloud") >= 1
