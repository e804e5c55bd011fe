"""Every kind of TOML file is refused alike: file, line and key, expected, got, remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim import ModelError, read_preset
from sdsim.base.toml import Section, line_of, lines_of, parse_toml
from sdsim.claims import read_choice, read_claim, read_conflicts, read_loops
from sdsim.sweeps import read_sweep

#: Lines of each kind of file that are in order; it is written as NAME.toml.
FINE = {
    "claim": 'id = "a"\nclaim = "b"\nseed = "own"\ntier = 1\nkind = "behaviour"\n'
    'expect = "supported"\ndata = "supports"\ncheck = "FINAL(x) > 1"\n[runs.fast]\n',
    "loops": '[[loop]]\nname = "a"\npolarity = "R"\nlinks = "x -> y"\nhold = "x -> y"\n[[loop]]\n',
    "draws": "fixed = []\n[limits]\n",
    "conflicts": '[[conflict]]\nid = "a"\nissue = "b"\nclaims = ["c"]\n[[conflict]]\n',
    "preset": "[constants]\nk = {value = 1}\n",
    "sweep": 'title = "a"\n',
}
READERS: dict[str, Callable[[Path], object]] = {
    "claim": read_claim, "loops": read_loops, "draws": read_choice,
    "conflicts": read_conflicts, "preset": read_preset, "sweep": read_sweep,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        # an unknown key
        ("claim", "constant = {}", "10: 'runs.fast.constant': unknown key; did you mean 'const"),
        ("claim", "[run]", "10: 'run': unknown key; did you mean 'runs'?"),
        ("loops", "sign = 1", "7: 'loop.2.sign': unknown key; one of name"),
        ("draws", "[limit]", "3: 'limit': unknown key; did you mean 'limits'?"),
        ("conflicts", "isue = 'x'", "6: 'conflict.2.isue': unknown key; did you mean 'issue'?"),
        ("preset", "j = {valu = 1}", "3: 'constants.j.valu': unknown key; did you mean 'value'"),
        ("preset", "[sources]", "3: 'sources': unknown key"),
        ("sweep", "titel = 1", "2: 'titel': unknown key; did you mean 'title'?"),
        # a value of the wrong kind
        ("claim", "constants = {a = 'x'}", "10: 'runs.fast.constants.a': expected a number"),
        ("claim", "series = {a = {time = [1], values = 'x'}}",
         "10: 'runs.fast.series.a.values': expected a list, got 'x'"),
        ("claim", "hold = 3", "10: 'runs.fast.hold': expected a list of texts, got 3"),
        ("claim", "scale = {a = true}", "10: 'runs.fast.scale.a': expected a number, got true"),
        ("claim", "[report]\na = 1", "11: 'report.a': expected text, got 1"),
        ("loops", "name = 1\npolarity = 'R'", "7: 'loop.2.name': expected text, got 1"),
        ("draws", "a = ['x', 1]",
         "3: 'limits.a': expected a list of numbers, got one with 'x' in it"),
        ("conflicts", "id = 1", "6: 'conflict.2.id': expected text, got 1"),
        ("preset", "[series]\ns = 1", "4: 'series.s': expected a table of points, got 1"),
        ("preset", "[initial]\ns = {value = [1, 'x']}", "4: 'initial.s': expected a number, got"),
        ("sweep", "model = 3", "2: 'model': expected text, got 3"),
        # a missing key
        ("claim", "series = {a = {time = [1]}}", "10: 'runs.fast.series.a': 'values' is missing"),
        ("loops", "name = 'b'", "6: 'loop.2': 'polarity' is missing; write it"),
        ("conflicts", "id = 'b'", "5: 'conflict.2': 'issue' is missing; write it"),
        ("preset", "j = {}", "3: 'constants.j': 'value' is missing; write it"),
        # a name given twice
        ("loops", "name = 'a'\npolarity = 'R'\nlinks = 'x -> y'\nhold = 'x -> y'",
         "7: 'loop.2.name': a second loop 'a'; rename one"),
        ("conflicts", "id = 'a'\nissue = 'b'\nclaims = []", "6: 'conflict.2.id': the id 'a' is"),
        ("preset", "K = 2", "3: 'constants.K': given twice, first as 'k'; delete one"),
        # what would move the cursor of a terminal
        ("loops", 'name = "\\u001b[2J"', "7: 'loop.2.name': holds the control character '\\x1b'"),
        ("conflicts", 'id = "\\u009b"', "6: 'conflict.2.id': holds the control character '\\x9b'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_line_and_key(
    tmp_path: Path, kind: str, more: str, said: str
) -> None:
    path = tmp_path / f"{kind}.toml"
    path.write_text(FINE[kind] + more)
    with pytest.raises(ModelError) as e:
        READERS[kind](path)
    assert str(e.value).startswith(f"{kind}.toml:{said}")


@pytest.mark.parametrize(
    ("kind", "key"), [("claim", "id"), ("sweep", "model"), ("loops", "polarity")]
)
def test_a_missing_key_is_named(tmp_path: Path, kind: str, key: str) -> None:
    path = tmp_path / f"{kind}.toml"
    lines = [line for line in FINE[kind].splitlines() if not line.startswith(key)]
    path.write_text("\n".join(lines))
    with pytest.raises(ModelError, match=rf"^{kind}\.toml.*'{key}' is missing; write it$"):
        READERS[kind](path)


@pytest.mark.parametrize("kind", ["claim", "draws", "preset", "conflicts"])
def test_what_is_fine_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{kind}.toml"
    path.write_text(FINE[kind].removesuffix("[[conflict]]\n"))
    assert READERS[kind](path)


TEXT = '''a = """
[no.header]
b = 2
"""
c = [
    [1],
    [2],
]  # [neither]
["d.e".f]  # g
'h "i' = {j = 1}
k . l = 3
[["m]"]]
n = 1
[["m]"]]
"n\\"o" = 1
["m]".p]
q = 1
'''


def test_lines_of_keys_whatever_their_values_look_like() -> None:
    """Headers and keys within texts and lists are none; a row has its number as a key."""
    assert parse_toml(TEXT)
    assert lines_of(TEXT) == {
        ("a",): 1, ("c",): 5, ("d.e", "f"): 9, ("d.e", "f", 'h "i'): 10,
        ("d.e", "f", "k", "l"): 11, ("m]", "1"): 12, ("m]", "1", "n"): 13, ("m]", "2"): 14,
        ("m]", "2", 'n"o'): 15, ("m]", "2", "p"): 16, ("m]", "2", "p", "q"): 17,
    }  # fmt: skip
    assert line_of(TEXT, ("m]",)) == 12
    assert line_of(TEXT, ("m]", "2", "absent")) == 14
    assert line_of(TEXT, ("absent",)) is None


WORDS = st.text(st.sampled_from("ab.\"'[]#= \\"), min_size=1, max_size=4)
VALUES = st.one_of(
    st.integers(), st.booleans(), WORDS, st.lists(st.one_of(st.integers(), WORDS), max_size=3)
)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + "".join(f"  {_written(v)},\n" for v in value) + "]"
    return _quoted(value) if isinstance(value, str) else str(value).lower()


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, VALUES, max_size=3), max_size=3))
def test_the_line_of_a_key_is_where_it_was_written(data: Mapping[str, Mapping[str, Any]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in data.items():
        lines += f"[{_quoted(table)}]".split("\n")
        expected[table,] = len(lines)
        for key, value in keys.items():
            expected[table, key] = len(lines) + 1
            lines += f"{_quoted(key)} = {_written(value)}".split("\n")
    text = "\n".join(lines)
    assert tomllib.loads(text) == data
    assert lines_of(text) == expected


def test_a_long_line_is_looked_at_once() -> None:
    """A pattern that tried every way to split it would never come back."""
    assert lines_of(f'a = """\n{"b" * 100_000}!\n"""\nc = 1') == {("a",): 1, ("c",): 4}


def test_an_error_from_further_down_keeps_the_better_place() -> None:
    text = "[a]\nb = 1\nc = 2\n"
    section = Section(parse_toml(text), "f.toml", text).section("a")
    below = ModelError("is wrong", variable="x", file="f.toml", line=3)
    assert str(section.placed(below, "b")) == "f.toml:3: 'a.b': 'x': is wrong"
    assert str(section.placed(below.instead("g.csv", 7), "b")) == (
        "f.toml:2: 'a.b': 'x': g.csv:7: is wrong"
    )
    own = section.fault("is wrong", "c")
    assert str(section.placed(own)) == "f.toml:3: 'a.c': is wrong"


def test_plain_data_are_read_as_a_file_is() -> None:
    plain = Section({"a": {"b": 1, "c": [1, "x"]}})
    with pytest.raises(ModelError, match=r"^'a.d': unknown key; one of b"):
        plain.filled(a={"d": 1}).without("a").filled(a={"d": 1}).section("a").only("b")
    assert plain.filled(a=3, e=4).whole("e") == 4
    assert plain.section("a").items("c") == [1, "x"]
    with pytest.raises(ModelError, match=r"^'a.b': expected a list of values, got 1"):
        plain.section("a").items("b")
