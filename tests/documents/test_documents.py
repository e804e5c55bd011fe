"""Documentation of a model: what it counts, who uses whom, and that hostile text stays text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import markdown as renderer
import pytest
from commands import sdsim as command
from hypothesis import assume, given
from hypothesis import strategies as st

import sdsim
from sdsim.documents import book_of, counts_of, markdown, page
from sdsim.documents.text import fenced, line
from sdsim.ir.model import Model

MODEL = """{UTF-8}
********************************************************
	.Water
********************************************************~
	|
Region: North Shore, South ~ ~ |
Level[Region] = INTEG(Inflow[Region] - Level[Region] / Delay, Start) ~ m3 [0,?] ~ What is held. |
Inflow[Region] = IF THEN ELSE(Time > 5, MAX(Rain, 2.5), Rain) ~ m3/Year ~ What comes in. |
Rain = 3 ~ m3/Year [0,9] ~ [data: gauge] It falls. |
Delay = 4 ~ Year ~ |
Start = 10 ~ m3 ~ At first. |
Unread = 1 ~ ~ Nobody reads it. |
********************************************************
	.Look
********************************************************~
	|
Shape((0,0),(1,1),(2,0)) ~ Dmnl ~ Up, then down. |
Total = SUM(Level[Region!]) ~ m3/Year ~ All of it, in a wrong unit. |
Seen = SMOOTH(Total, Delay) * Shape(Time / Delay) + STEP(1, 3) + Rain ~ m3/Year ~ Looked at. |
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 10 ~ Year ~ |
TIME STEP = 0.5 ~ Year ~ |
SAVEPER = TIME STEP ~ Year ~ |
"""
#: What the counts have to find, by hand.
FOUND = {
    "variables without documentation": ["delay"],
    "variables without units": ["unread"],
    "variables whose units cannot be read": [],
    "constants without a source": ["delay", "start", "unread"],
    "constants without a range": ["delay", "start", "unread"],
    "data variables without data": [],
    "dimensionally inconsistent equations": ["total"],
    "parameters that no equation reads": ["unread"],
    "other variables that no equation reads": ["seen"],
    "equations with embedded constants": ["inflow", "seen"],
    "equations with more than 3 causes": ["seen"],
    "stocks whose net flow is more than a sum of flows": ["level"],
    "tables that rise and fall": ["shape"],
    "tables that do not level off at an end": ["shape"],
    "equations with IF THEN ELSE": ["inflow"],
    "equations with MIN or MAX": ["inflow"],
    "equations with STEP, PULSE or RAMP": ["seen"],
    "equations with a memory": ["seen"],
    "equations with random numbers": [],
    "equations with a table": ["seen"],
    "variables with subscripts": ["level", "inflow"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("documents") / "water.mdl"
    path.write_text(MODEL)
    return sdsim.read(path)


class Tags(HTMLParser):
    """The tags of a page in their order, with the names of their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, ...]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(k for k, _ in attrs)))
        self.attributes += [(tag, k, v or "") for k, v in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


def both(model: Model) -> tuple[str, str]:
    book = book_of(model)
    counts = counts_of(book)
    return page(book, counts), markdown(book, counts)


# --- what it says ---------------------------------------------------------------------------------


def test_the_counts_are_those_by_hand(model: Model) -> None:
    counts = [c for rows in counts_of(book_of(model)).values() for c in rows]
    found = {c.what: list(c.found) for c in counts}
    for what, keys in FOUND.items():
        assert found.pop(what) == keys, what
    assert not found


def test_causes_and_uses_are_each_others(model: Model) -> None:
    book = book_of(model)
    pairs = {(e.key, u) for e in book for u in e.uses}
    assert pairs == {(u, e.key) for e in book for u in e.used_by}
    assert ("level", "inflow") in pairs
    assert ("seen", "shape") in pairs
    assert not any(a == b for a, b in pairs)


def test_every_variable_and_equation_is_there(model: Model) -> None:
    for text in (Tags(both(model)[0]).words, both(model)[1].replace("\\", "")):
        for word in ("Level[Region]", "North Shore", "What is held.", "0.5 Year", "from 0"):
            assert word in text
        assert "IF THEN ELSE(Time > 5, MAX(Rain, 2.5), Rain)" in text
        assert "SUM(Level[Region!])" in text, "subscripts as they are spelled"


def test_groups_stand_in_the_order_of_the_file(model: Model) -> None:
    assert [*book_of(model).groups][:2] == ["Water", "Look"]
    plain = {k: replace(v, group="") for k, v in model.variables.items()}
    assert [*book_of(model.replacing(plain)).groups] == ["Variables"]


def test_every_link_leads_to_a_place(model: Model) -> None:
    html, text = both(model)
    for said in (Tags(html), Tags(renderer.markdown(text))):
        places = {v for _, k, v in said.attributes if k == "id"}
        aims = {v[1:] for _, k, v in said.attributes if k == "href"}
        assert aims
        assert aims <= places


def test_the_trees_have_what_the_book_has(model: Model) -> None:
    book = book_of(model)
    raw = re.search(r'id="book">(.*?)</script>', both(model)[0], re.S)
    assert raw
    data = json.loads(raw[1])
    assert data["names"] == [e.name for e in book]
    keys = [e.key for e in book]
    assert [[keys[n] for n in row] for row in data["causes"]] == [list(e.uses) for e in book]
    assert [[keys[n] for n in row] for row in data["users"]] == [list(e.used_by) for e in book]


# --- text stays text ------------------------------------------------------------------------------

HOSTILE = st.one_of(
    st.sampled_from([
        "<script>alert(1)</script>", "</title><img src=x onerror=alert(1)>", "`</pre>`` ```",
        "[a](javascript:alert(1))", "![x](http://example.org)", "\u202egnp.exe\u202c", "a\x00b\x1b",
        "| a | b |", "# head", "</script>", "<!--", "&lt;", "\\", "'\"", "\ud800", "- [ ] x",
        "http://example.org", "***", "$x$", "\u2028", "1. one", "    code", "[^1]: x", "<b",
    ]),
    st.text(max_size=30),
)  # fmt: skip


def with_texts(model: Model, name: str, doc: str, units: str, group: str) -> Model:
    own = {
        k: replace(v, name=name, doc=doc, units=units, group=group)
        for k, v in model.variables.items()
        if k in ("level", "rain")
    }
    return replace(model.replacing(own), name=name, notes=(doc,))


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_becomes_markup(model: Model, name: str, doc: str, units: str, group: str) -> None:
    hostile = both(with_texts(model, name, doc, units, group))
    assert all("\u202e" not in t and "\x00" not in t and "\x1b" not in t for t in hostile)
    assert [t.encode("utf-8") for t in hostile]
    tags = {t for t, *_ in Tags(both(model)[0]).tags} | {"details", "summary"}
    said = Tags(hostile[0])
    assert {t for t, *_ in said.tags} <= tags
    assert not [k for _, k, _ in said.attributes if k.startswith("on")]
    links = [(k, v) for _, k, v in said.attributes if k in ("href", "src")]
    assert all(k == "href" and re.fullmatch(r"#\w+", v) for k, v in links)


@given(HOSTILE, HOSTILE)
def test_no_text_becomes_markdown(model: Model, name: str, doc: str) -> None:
    plain = Tags(renderer.markdown(both(with_texts(model, "x", "x", "x", "x"))[1]))
    assume(line(name) and doc.strip())
    text = both(with_texts(model, name, doc, "x", "x"))[1]
    said = Tags(renderer.markdown(text))
    assert said.tags == plain.tags
    assert all(v.startswith("#") for _, k, v in said.attributes if k in ("href", "src"))


def test_no_name_ends_the_script_that_holds_it(model: Model) -> None:
    hostile = "</script><b>x"
    html = both(with_texts(model, hostile, "x", "x", "x"))[0]
    raw = re.search(r'id="book">(.*?)</script>', html, re.S)
    assert raw
    assert f"{hostile}[Region]" in json.loads(raw[1])["names"]


def test_no_line_ends_a_block_of_code() -> None:
    assert fenced("```\n# head").splitlines() == ["````", "```", "# head", "````"]


# --- files ----------------------------------------------------------------------------------------


def test_the_command_writes_both_files(tmp_path: Path) -> None:
    (tmp_path / "water.mdl").write_text(MODEL)
    done = command("document", "water.mdl", "-o", "out", at=tmp_path)
    assert done.stdout.splitlines() == [f"out{s}water.{e}" for s in "/" for e in ("html", "md")]
    html = (tmp_path / "out" / "water.html").read_text(encoding="utf-8")
    assert (html, (tmp_path / "out" / "water.md").read_text(encoding="utf-8")) == both(
        sdsim.read(tmp_path / "water.mdl")
    )
    assert "http://" not in html
    assert not [p for p in (tmp_path / "out").iterdir() if p.suffix == ".tmp"]
    (tmp_path / "taken").touch()
    refused = command("document", "water.mdl", "-o", "taken", at=tmp_path)
    assert refused.returncode == 2
    assert "choose another folder" in refused.stderr


def test_a_model_without_its_data_is_documented(tmp_path: Path) -> None:
    (tmp_path / "m.mdl").write_text(MODEL.replace("Unread = 1 ~", "Unread ~"))
    book = book_of(sdsim.read(tmp_path / "m.mdl"))
    assert book.entries["unread"].kind == "data"
    counts = {c.what: c.found for rows in counts_of(book).values() for c in rows}
    assert counts["data variables without data"] == ("unread",)


@pytest.mark.parametrize(
    ("equation", "memory", "table"),
    [
        ("x = DELAY FIXED(Time, 2, 0)", True, False),
        ("x = DELAY MATERIAL(Time, 2, 0, 0)", True, False),
        ("x = DELAY INFORMATION(Time, 2, 0)", True, False),
        ("x = SAMPLE IF TRUE(Time > 3, Time, 0)", True, False),
        ("x = SMOOTH3(Time, 2)", True, False),
        ("x = INITIAL(Time)", False, False),
        ("x = INTEG(1, 0)", False, False),
        ("x = Shape(Time)", False, True),
        ("x = LOOKUP FORWARD(Shape, Time)", False, True),
        ("x = WITH LOOKUP(Time, ((0,0),(1,1)))", False, True),
        ("x = DELAY FIXED(Shape(Time), 2, 0)", True, True),
        ("x = MAX(Time, 2)", False, False),
    ],
)
def test_memory_and_tables_are_counted_whatever_their_form(
    tmp_path: Path, equation: str, memory: bool, table: bool
) -> None:
    times = "INITIAL TIME=0~~|\nFINAL TIME=9~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    (tmp_path / "m.mdl").write_text(f"{{UTF-8}}\nShape((0,0),(1,1))~~|\n{equation}~~|\n{times}")
    rows = counts_of(book_of(sdsim.read(tmp_path / "m.mdl"))).values()
    found = {c.what: c.found for counts in rows for c in counts}
    assert found["equations with a memory"] == (("x",) if memory else ())
    assert found["equations with a table"] == (("x",) if table else ())
