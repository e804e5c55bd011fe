"""Presets: every table read, sources kept, nothing outside the model's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sdsim import ModelError, Points, System, read_preset, simulate

GOOD = """
title = "A corridor"

[about]
period = "1942-2020"

[constants]
rate = 0.5
"Room Size" = {value = 3, source = "census"}
v = [1, 2]
"v[b]" = 7

[initial]
x = {value = 10, source = "guess"}

[lookups]
f = {x = [0, 1], y = [5, 6], source = "survey"}

[series]
direct = {time = [0, 10], values = [1, 2], kind = "hold_backward"}
filed = {file = "data.csv", time = "year", column = "people", scale = 1000, source = "office"}
chosen = {file = "../data/long.csv", time = "year", column = "value", where = {state = "B"}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder: presets/ and data/ in it, and a file outside."""
    inside = tmp_path / "model"
    (inside / "presets").mkdir(parents=True)
    (inside / "data").mkdir()
    (inside / "presets" / "data.csv").write_text("year,people\n1950,1.5\n1960,2\n")
    (inside / "data" / "long.csv").write_text("year,state,value\n1,A,1\n1,B,2\n2,A,3\n2,B,4\n")
    (tmp_path / "outside.csv").write_text("time,value\n0,1\n1,2\n")
    return inside / "presets"


def preset(folder: Path, text: str, name: str = "p.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_table_is_read(folder: Path) -> None:
    read = read_preset(preset(folder, GOOD))
    assert read.title == "A corridor"
    assert read.about == {"period": "1942-2020"}
    o = read.overrides
    assert o.constants == {"rate": 0.5, "Room Size": 3, "v": [1, 2], "v[b]": 7}
    assert o.initial == {"x": 10}
    assert o.lookups == {"f": Points((0.0, 1.0), (5.0, 6.0))}
    assert o.series == {
        "direct": Points((0.0, 10.0), (1.0, 2.0), "hold_backward"),
        "filed": Points((1950.0, 1960.0), (1500.0, 2000.0)),
        "chosen": Points((1.0, 2.0), (2.0, 4.0)),
    }
    assert {k: v for k, v in read.sources.items() if v} == {
        "Room Size": "census", "x": "guess", "f": "survey", "filed": "office",
    }  # fmt: skip


def test_a_file_may_lie_in_the_folder_above(folder: Path) -> None:
    text = '[series]\na = {file = "data/long.csv", time = "year", where = {state = "A"}}'
    assert read_preset(preset(folder, text)).overrides.series["a"].y == (1.0, 3.0)


def test_a_preset_without_a_title_is_called_after_its_file(folder: Path) -> None:
    assert read_preset(preset(folder, "", "us_mexico.toml")).title == "us_mexico"


@pytest.mark.filterwarnings("ignore:.*out of range")
def test_a_preset_runs(folder: Path, system: Callable[..., System]) -> None:
    made = system(
        """
        d: a, b
        rate = 1
        room size = 1
        v[d] = 0, 0
        x = INTEG(direct, 0)
        direct = rate
        f((0,0),(1,1))
        y = f(Time) + v[b]
        """
    )
    text = GOOD.split("filed =")[0]
    run = simulate(made, read_preset(preset(folder, text)).overrides)
    assert run["v"].values[0].tolist() == [1, 7]
    assert run["room size"].values[0] == 3
    assert run["x"].values[:3].tolist() == [10, 11, 12]
    assert run["y"].values[0] == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("constnats = 1",
         "p.toml:1: 'constnats': unknown key; did you mean 'constants'?"),
        ("zzz = 1", "'zzz': unknown key; one of title, about, constants"),
        ("title = 3", "p.toml:1: 'title': expected text, got 3; write it in quotes"),
        ("constants = 1", "p.toml:1: 'constants': expected a table, got 1; write [constants]"),
        ("[constants]\nk = true", "p.toml:2: 'constants.k': expected a number, got true"),
        ("[constants]\nk = 'x'", "p.toml:2: 'constants.k': expected a number, got 'x'"),
        ("[constants]\nk = {source = 'x'}", "p.toml:2: 'constants.k': 'value' is missing"),
        ("[constants]\nk = {value = 1, sauce = 'x'}",
         "p.toml:2: 'constants.k.sauce': unknown key; did you mean 'source'?"),
        ("[constants]\nk = {value = true}", "expected a number, got true"),
        ("[lookups]\nf = 3",
         "p.toml:2: 'lookups.f': expected a table of points, got 3; write {x = [...], y = [...]}"),
        ("[lookups]\nf = {x = [1]}",
         "p.toml:2: 'lookups.f': 'y' is missing; write it"),
        ("[lookups]\nf = {x = [1], y = 2}",
         "p.toml:2: 'lookups.f.y': expected a list, got 2; write y = [...]"),
        ("[lookups]\nf = {x = [2, 1], y = [1, 2]}", "'lookups.f': x must increase"),
        ("[lookups]\nf = {x = [1, 2], y = [1, nan]}", "expected a finite number"),
        ("[lookups]\nf = {x = [1], y = [1], kind = 'spline'}", "unknown kind 'spline'"),
        ("[series]\ns = {time = [1], value = [1]}",
         "p.toml:2: 'series.s.value': unknown key; did you mean 'values'?"),
        ("[series]\ns = {file = 'none.csv'}", "no file 'none.csv' in the model's folder"),
        ("[series]\ns = {file = '../../outside.csv'}", "no file '../../outside.csv'"),
        ("[series]\ns = {file = '/etc/passwd'}", "no file '/etc/passwd'"),
        ("[series]\ns = {file = 'data.csv', time = 'yaer', column = 'people'}",
         "data.csv has no column 'yaer'; did you mean 'year'?"),
        ("[series]\ns = {file = 'data.csv', time = 'year', column = 'people', where = {x = 1}}",
         "data.csv has no column 'x'"),
        ("[series]\ns = {file = 'words.csv'}",
         "p.toml:2: 'series.s': words.csv:3: expected numbers, got '1' and 'many'"),
        ("[series]\ns = {file = 'empty.csv'}", "'series.s': empty.csv has no rows; put the data"),
        ("[series]\ns = {file = 'data.csv', time = 'year', where = {year = 1951}, column = 'year'}",
         "p.toml:2: 'series.s.where': no row of data.csv has year = '1951'; did you mean '1950'?"),
        ("[series]\ns = {file = '../data/long.csv', time = 'year', where = {state = 'b'}}",
         "no row of long.csv has state = 'b'; did you mean 'B'?"),
        ("[series]\ns = {time='year', file = '../data/long.csv', where = {state = 'B', value = 3}}",
         "no row of long.csv with state = 'B' has value = '3'; one of 2, 4"),
        ("[series]\ns = {file = 'data.csv', time = 'year', column = 'people', scale = 'x'}",
         "p.toml:2: 'series.s.scale': expected a number, got 'x'"),
        ("[series]\ns = {file = 'latin.csv'}", "latin.csv is not UTF-8 at byte 17"),
        ("[series]\ns = {file = 'data.csv', where = 3}",
         "'series.s.where': expected a table, got 3; write"),
        ("a = = 1", "not valid TOML"),
        ("[constants]\nk = 1\nk = 2", "not valid TOML"),
        ("a = " + "[" * 20_000, "not valid TOML"),
    ],
)  # fmt: skip
def test_a_preset_that_does_not_fit_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "words.csv").write_text("time,value\n0,1\n1,many\n")
    (folder / "empty.csv").write_text("time,value\n")
    (folder / "latin.csv").write_bytes("time,value\n0,1\n1,é\n".encode("latin-1"))
    with pytest.raises(ModelError, match=r"^p\.toml") as e:
        read_preset(preset(folder, text))
    assert said in str(e.value)
    assert "\n" not in str(e.value)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder / "link.csv").symlink_to(folder.parent.parent / "outside.csv")
    with pytest.raises(ModelError, match=r"no file 'link\.csv'"):
        read_preset(preset(folder, "[series]\ns = {file = 'link.csv'}"))


def test_a_missing_file_is_said_with_the_folders_searched(folder: Path) -> None:
    with pytest.raises(ModelError) as e:
        read_preset(preset(folder, "[series]\ns = {file = 'none.csv'}"))
    assert f"looked in {folder} and {folder.parent}; give its path from one of" in str(e.value)


def test_a_data_file_in_the_presets_or_the_models_folder(folder: Path) -> None:
    (folder.parent / "above.csv").write_text("time,value\n0,1\n")
    (folder.parent / "data.csv").write_text("year,people\n0,7\n")
    text = """[series]
    a = {file = 'above.csv'}
    b = {file = 'data/long.csv', time = 'year', where = {state = 'A'}}
    c = {file = 'data.csv', time = 'year', column = 'people'}"""
    series = read_preset(preset(folder, text)).overrides.series
    assert [series[k].y for k in "abc"] == [(1,), (1, 3), (1.5, 2)]


def test_a_preset_that_is_not_there_or_no_text(folder: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        read_preset(folder / "none.toml")
    with pytest.raises(ModelError, match="is a folder"):
        read_preset(folder)
    (folder / "bytes.toml").write_bytes(b"title = '\xff\xfe'")
    with pytest.raises(ModelError, match=r"bytes\.toml: is not UTF-8 at byte 9; save it as UTF-8"):
        read_preset(folder / "bytes.toml")


def test_a_preset_too_large_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdsim.base.limits.DATA_BYTES", 100)
    monkeypatch.setattr("sdsim.base.limits.TOML_BYTES", 150)
    with pytest.raises(ModelError, match=r"has 0\.000202 MB, at most 0\.00015 MB are read"):
        read_preset(preset(folder, "# " + "x" * 200))
    (folder / "big.csv").write_text("time,value\n" + "0,1\n" * 100)
    with pytest.raises(ModelError, match=r"'series\.s': big\.csv has 0\.000411 MB"):
        read_preset(preset(folder, "[series]\ns = {file = 'big.csv'}"))
