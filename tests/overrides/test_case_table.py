"""Case tables: a preset for each row, and errors that name file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdsim import ModelError, Points, read_cases, read_preset

TEMPLATE = """
title = "{label}, {year}"

[about]
place = "the {label}"

[cases]
file = "cases.csv"
name = "id"

[constants]
people = {column = "people", scale = 1e3, source = "census of {year}"}
share = {column = "share", optional = true}
rate = {value = 0.5, source = "assumed"}
years = [1, 2]

[initial]
stock = {column = "people"}

[lookups]
own = {file = "tables/{id}.csv", time = "x", column = "y"}
all = {x = [0, 1], y = [5, 6]}

[series]
income = {file = "gdp.csv", time = "year", column = "{kind}", where = {code = "{id}", year = 2000}}
"""
CASES = """id,label,people,share,year,kind
mx,Mexico,1.5,0.2,1990,gdp
fr,"France, north",2,,1991,gni
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "model" / "presets"
    (inside / "tables").mkdir(parents=True)
    (inside / "cases.csv").write_text(CASES, encoding="utf-8")
    for case, y in (("mx", 7), ("fr", 8)):
        (inside / "tables" / f"{case}.csv").write_text(f"x,y\n0,{y}\n2,9\n")
    rows = ["code,year,gdp,gni", "mx,2000,1,2", "fr,2000,3,4", "fr,2001,5,6"]
    (tmp_path / "model" / "gdp.csv").write_text("\n".join(rows))
    (inside / "t.toml").write_text(TEMPLATE, encoding="utf-8")
    return inside


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_each_row_is_a_preset(folder: Path) -> None:
    cases = read_cases(folder / "t.toml")
    assert list(cases) == ["mx", "fr"]
    mexico, france = cases.values()
    assert mexico.overrides.constants == {"people": 1500, "share": 0.2, "rate": 0.5,
                                          "years": [1, 2]}  # fmt: skip
    assert france.overrides.constants == {"people": 2000, "rate": 0.5, "years": [1, 2]}
    assert [c.overrides.initial for c in cases.values()] == [{"stock": 1.5}, {"stock": 2}]
    assert france.overrides.lookups == {
        "own": Points([0, 2], [8, 9]),
        "all": Points([0, 1], [5, 6]),
    }
    assert mexico.overrides.series == {"income": Points([2000], [1])}
    assert france.overrides.series == {"income": Points([2000], [4])}
    assert (mexico.title, france.title) == ("Mexico, 1990", "France, north, 1991")
    assert france.about == {"place": "the France, north"}
    assert mexico.sources["people"] == "census of 1990"
    assert mexico.overrides.places["rate"][0] == "t.toml"


def test_a_case_is_the_preset_that_a_person_would_write(folder: Path) -> None:
    (folder / "fr.toml").write_text("""
        title = "France, north, 1991"
        [about]
        place = "the France, north"
        [constants]
        people = {value = 2000, source = "census of 1991"}
        rate = {value = 0.5, source = "assumed"}
        years = [1, 2]
        [initial]
        stock = 2
        [lookups]
        own = {file = "tables/fr.csv", time = "x", column = "y"}
        all = {x = [0, 1], y = [5, 6]}
        [series.income]
        file = "gdp.csv"
        time = "year"
        column = "gni"
        where = {code = "fr", year = 2000}
    """)
    assert read_cases(folder / "t.toml")["fr"] == read_preset(folder / "fr.toml")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("cases.csv", "1.5", "many", "cases.csv:2: column 'people': expected a number, got 'many'"),
        ("cases.csv", ",2,,", ",inf,,", "cases.csv:3: column 'people': expected a number, got"),
        ("cases.csv", ",2,,", ",,,", "cases.csv:3: column 'people': is empty, and 'people' is"),
        ("cases.csv", "fr,", "mx,", "cases.csv:3: column 'id': 'mx' comes twice; name each case"),
        ("cases.csv", "fr,", ",", "cases.csv:3: column 'id': is empty; name the case"),
        ("cases.csv", CASES, "id,label\n", "t.toml:8: 'cases.file': cases.csv has no rows"),
        ("t.toml", 'name = "id"', 'name = "ID"', "'cases': cases.csv has no column 'ID'"),
        ("t.toml", '"people", s', '"peoples", s',
         "t.toml:12: 'constants.people.column': cases.csv has no column 'peoples'; did you mean"),
        ("t.toml", "tables/{id}", "tables/{ib}", "'lookups.own.file': cases.csv has no column"),
        ("t.toml", "tables/{id}", "../../{id}",
         r"t.toml:21: 'lookups.own': case 'mx' \(cases.csv:2\): no file"),
        ("t.toml", 'code = "{id}"', 'code = "{label}"',
         r"case 'mx' \(cases.csv:2\): no row of gdp.csv has code = 'Mexico'"),
        ("t.toml", 'file = "cases', 'file = "nothing', "'cases': no file 'nothing.csv'"),
        ("t.toml", "optional = true", "optional = 1",
         "'constants.share.optional': expected true or false"),
        ("t.toml", "scale = 1e3", "skale = 1e3", "'constants.people.skale': unknown key"),
        ("t.toml", "[cases]", "[case]", "'case': unknown key; did you mean 'cases'"),
        ("t.toml", "rate = {value = 0.5", 'rate = {value = "{year}"', "expected a number"),
    ],
)  # fmt: skip
def test_faults(folder: Path, file: str, old: str, new: str, message: str) -> None:
    change(folder, file, old, new)
    with pytest.raises(ModelError, match=message):
        read_cases(folder / "t.toml")


def test_a_data_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdsim.base import files

    read: list[str] = []
    before = files.read_text
    monkeypatch.setattr(files, "read_text", lambda p, n: read.append(Path(p).name) or before(p, n))
    rows = [f"c{k},C,1,,1,gdp" for k in range(300)]
    (folder / "cases.csv").write_text("\n".join(["id,label,people,share,year,kind", *rows]))
    change(folder, "t.toml", "tables/{id}.csv", "tables/mx.csv")
    change(folder, "t.toml", 'code = "{id}"', 'code = "mx"')
    assert len(read_cases(folder / "t.toml")) == 300
    assert sorted(read) == ["cases.csv", "gdp.csv", "mx.csv", "t.toml"]
