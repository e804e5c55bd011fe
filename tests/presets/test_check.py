"""Everything that is wrong with a preset, at once and with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import sdsim

from sdsim import ModelError, PresetFinding, check_preset, load
from sdsim.examples import path as example

MODEL = """{UTF-8}
age: young, middle, old ~~|
side: here, there ~~|
Population = 100 ~ person [0,1000] ~ People. |
Speed = 2 ~ kilometre/hour [1,?] ~ Pace. |
Age share[age] = 0.2, 0.3, 0.5 ~ Dmnl [0,1] ~ Of people. |
Split[side,age] = 0.5,0.1,1;0.5,0.9,0; ~ Dmnl ~ Where those of an age are. |
Flag[age] = 0, 1, 0 ~ Dmnl ~ Which. |
Weight[age] = 0.2, 0.3, 0.5 ~ kg ~ No share: it has a dimension. |
Road = 0.7 ~ Dmnl ~ |
Rail = 0.3 ~ Dmnl ~ |
Income table((2000,1),(2020,2)) ~ Dmnl [0,5] ~ |
Effect table((0,1),(1,2)) ~ Dmnl ~ |
income = Income table(Time) * Effect table(Road) ~ Dmnl ~ |
Level = INTEG(income*Speed*Flag[young]*Weight[old]*Split[here,old]*Age share[old], Population) ~~|
INITIAL TIME = 2000 ~ Year ~ |
FINAL TIME = 2020 ~ Year ~ |
TIME STEP = 1 ~ Year ~ |
SAVEPER = TIME STEP ~ Year ~ |
"""
CASE = """
home = "Here"
must = ["Population", "Income *", "Age share"]
shared = ["Effect table", "Flag"]
[sum_to_one]
"Age share" = "Age"
transport = ["Road", "Rail"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the model `m.mdl`."""
    (tmp_path / "m.mdl").write_text(MODEL)
    return tmp_path


def found(folder: Path, text: str, kind: str = "", case: str = "") -> list[str]:
    """The findings of a kind in a preset, as text."""
    (folder / "p.toml").write_text(text)
    if case:
        (folder / "case.toml").write_text(case)
    findings = check_preset(folder / "m.mdl", folder / "p.toml")
    return [str(f) for f in findings if kind in ("", f.kind)]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("unreadable", "constnats = 1",
         "p.toml:1: 'constnats': unknown key; did you mean 'constants'?"),
        ("unreadable", "[lookups]\n'Income table' = {x = [2000, 2000], y = [1, 2]}",
         "p.toml:2: 'Income table': x must increase, got 2000 after 2000; sort the points and keep "
         "each x once"),
        ("unknown", "[constants]\nPopluation = 3",
         "p.toml:2: 'Popluation': no variable called 'Popluation'; did you mean 'Population'?"),
        ("unknown", "[constants]\n'Age share[yong]' = 3",
         "p.toml:2: 'Age share[yong]': 'yong' is not an element of 'age'; did you mean 'young'?"),
        ("unknown", "[constants]\nLevel = 3",
         "p.toml:2: 'Level': is a stock; give its start value with initial"),
        ("unknown", "[constants]\n'Age share' = [0.5, 0.5]",
         "p.toml:2: 'Age share': expected 3 values (over age), got 2 values; give one for each "
         "element, or one number for all"),
        ("twice", "[constants]\n'Income table' = 1",
         None),
        ("twice", "[constants]\n'Split[here,old]' = 0.5\n[series]\n"
         "Split = {time = [2000, 2020], values = [1, 1]}",
         "p.toml:4: 'Split': stands in [constants] too, as 'Split[here,old]'; leave one out"),
        ("range", "[constants]\nPopulation = 1001",
         "p.toml:2: 'Population': 1001 is outside its range 0 to 1000; correct it, or the range in "
         "m.mdl:4"),
        ("range", "[constants]\nPopulation = 1000", None),
        ("range", "[constants]\nSpeed = 0.5",
         "p.toml:2: 'Speed': 0.5 is outside its range, 1 or more; correct it, or the range in "
         "m.mdl:5"),
        ("range", "[constants]\n'Age share' = [0.5, -0.5, 1]",
         "p.toml:2: 'Age share': -0.5 for 'Age share[middle]' is outside its range 0 to 1; correct "
         "it, or the range in m.mdl:6"),
        ("range", "[lookups]\n'Income table' = {x = [2000, 2010, 2020], y = [1, 6, 7]}",
         "p.toml:2: 'Income table': 6 at x 2010 is outside its range 0 to 5; correct it, or the "
         "range in m.mdl:12"),
        ("units", "[constants]\nSpeed = {value = 3, units = 'metre/hour'}",
         "p.toml:2: 'Speed': is given in metre/hour, the model has kilometre/hour; convert it to "
         "kilometre/hour"),
        ("units", "[constants]\nSpeed = {value = 3, units = 'kilometre / hour'}", None),
        ("units", "[constants]\nSpeed = {value = 3, units = 'kilometre//'}",
         "p.toml:2: 'Speed': cannot read the unit 'kilometre//': "),
        ("units", "[lookups]\n'Income table' = {x = [2000, 2020], y = [1, 2], units = 'USD'}",
         "p.toml:2: 'Income table': is given in USD, the model has Dmnl; convert it to Dmnl"),
        ("shares", "[constants]\n'Age share[old]' = 0.4",
         "p.toml:2: 'Age share[old]': the shares over age sum to 0.9, expected 1; correct the "
         "shares"),
        ("shares", "[constants]\n'Age share' = [0.333333, 0.333333, 0.333334]", None),
        ("shares", "[constants]\n'Age share' = [0.333, 0.333, 0.333]",
         "p.toml:2: 'Age share': the shares over age sum to 0.999, expected 1; correct the shares"),
        ("shares", "[constants]\n'Split[here,middle]' = 0.3",
         "p.toml:2: 'Split[here,middle]': the shares over side of middle sum to 1.2, expected 1; "
         "correct the shares"),
        ("shares", "[constants]\nFlag = [1, 1, 1]\nWeight = [1, 1, 1]\nRoad = 0.1", None),
        ("horizon", "[lookups]\n'Income table' = {x = [2005, 2010], y = [1, 2]}",
         "p.toml:2: 'Income table': goes from 2005 to 2010, the run from 2000 to 2020; give it at "
         "2000 and 2020, too; the end value again if it holds"),
        ("horizon", "[lookups]\n'Effect table' = {x = [0, 0.5], y = [1, 2]}", None),
        ("horizon", "[series]\nSpeed = {time = [1990, 2019], values = [1, 2]}",
         "p.toml:2: 'Speed': goes from 1990 to 2019, the run from 2000 to 2020; give it at 2020, "
         "too; the end value again if it holds"),
        ("horizon", "[series]\nSpeed = {time = [2005, 2010], values = [1, 2], kind = "
         "'extrapolate'}", None),
        ("horizon", "[constants]\n'FINAL TIME' = 2010\n[series]\n"
         "Speed = {time = [2000, 2010], values = [1, 2]}", None),
        ("horizon", "[constants]\n'FINAL TIME' = 2050",
         "p.toml:2: 'FINAL TIME': moves the ends of the run beyond tables that it does not give: "
         "Income table; give them, too"),
        ("horizon", "[constants]\n'FINAL TIME' = 1990",
         "p.toml:2: FINAL TIME 1990 comes before INITIAL TIME 2000; let the run end later, or "
         "begin earlier"),
        ("source", "[constants]\nSpeed = 3\nRoad = {value = 0.7, source = 'count'}",
         "p.toml: 1 value without a source: Speed; say where it is from"),
    ],
)  # fmt: skip
def test_a_fault_is_found_with_its_place(
    folder: Path, kind: str, text: str, said: str | None
) -> None:
    lines = found(folder, text, kind)
    if said is None:
        assert lines == []
    else:
        assert len(lines) == 1
        assert lines[0].startswith(said)


def test_everything_is_found_at_once_and_only_once(folder: Path) -> None:
    text = """colour = 3
[constants]
Population = "?"
Speed = {value = 0, unit = "m"}
Roda = 1
Rail = {value = 1, units = "kg", source = "x"}
'Age share' = [1, 1, 1]
[series]
s = {file = "none.csv"}
"""
    findings = check_preset(folder / "m.mdl", _write(folder, text))
    errors = [(f.line, f.kind) for f in findings if f.error]
    assert errors == [
        (1, "unreadable"), (3, "unreadable"), (4, "unreadable"), (5, "unknown"), (6, "units"),
        (7, "shares"), (9, "unreadable"),
    ]  # fmt: skip
    left = {n for f in findings if f.kind == "home" for n in f.names}
    assert not left & {"Population", "Speed", "Rail", "Age share"}, "a broken value is no absence"
    order = [f.error for f in findings]
    assert order == sorted(order, reverse=True)


def _write(folder: Path, text: str, name: str = "p.toml") -> Path:
    (folder / name).write_text(text)
    return folder / name


# --- what a case must give --------------------------------------------------------------------

WHOLE = """[constants]
Population = {value = 5, source = "count"}
'Age share' = {value = [0.1, 0.2, 0.7], source = "count"}
[lookups]
'Income table' = {x = [2000, 2020], y = [1, 2], source = "count"}
"""


def test_what_a_case_must_give_is_an_error_only_if_somebody_says_so(folder: Path) -> None:
    findings = check_preset(folder / "m.mdl", _write(folder, ""))
    assert (findings[0].kind, findings[0].error) == ("home", False)
    assert findings[0].names == ("Population", "Income table")
    (folder / "case.toml").write_text(CASE)
    findings = check_preset(folder / "m.mdl", _write(folder, ""))
    assert [(f.kind, f.error, f.names) for f in findings] == [
        ("home", True, ("Population", "Age share", "Income table")),
        ("home", False, ("Speed", "Split", "Weight", "Road", "Rail")),
    ]  # fmt: skip
    assert str(findings[0]).startswith("p.toml: left at the home case (Here): Population, Age")


def test_an_element_that_is_left_is_named(folder: Path) -> None:
    text = WHOLE.replace("'Age share' =", "'Age share[old]' =").replace("[0.1, 0.2, 0.7]", "0.5")
    findings = check_preset(folder / "m.mdl", _write(folder, text))
    assert not [f for f in findings if f.error]
    (folder / "case.toml").write_text(CASE)
    (error,) = (f for f in check_preset(folder / "m.mdl", folder / "p.toml") if f.error)
    assert error.names == ("Age share[young]", "Age share[middle]")


def test_what_all_cases_share_is_noted(folder: Path) -> None:
    lines = found(folder, WHOLE + "[constants.Flag]\nvalue = [0, 0, 1]\n", "shared", CASE)
    assert lines == [
        "p.toml:6: 'Flag': is the same in every case, says case.toml; leave it out, or say why"
    ]


def test_declared_sums(folder: Path) -> None:
    lines = found(folder, "[constants]\nRoad = 0.6\n", "shares", CASE)
    assert lines == ["p.toml:2: 'Road': Road + Rail is 0.9, expected 1; correct the shares"]
    assert found(folder, "[constants]\nRoad = 0.6\nRail = 0.4\n", "shares") == []
    assert found(folder, "[constants]\nSpeed = 4\n", "shares") == []
    twice = found(folder, "[constants]\n'Age share[old]' = 0.4\n", "shares")
    assert len(twice) == 1, "declared and guessed, said once"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("muts = []", "case.toml:1: 'muts': unknown key; did you mean 'must'?"),
        ("must = ['Populaton']", "case.toml:1: 'must': no variable called 'Populaton'; did you "
         "mean 'Population'?"),
        ("may_groups = ['People']", "case.toml:1: 'may_groups': no group 'People'; there is none"),
        ("[sum_to_one]\n'Age share' = 'side'", "case.toml:2: 'sum_to_one.Age share': 'Age share' "
         "has no range 'side'; one of age"),
        ("[sum_to_one]\nt = ['Road', 'Rial']", "did you mean 'Rail'?"),
        ("[sum_to_one]\nt = ['Age share']", "'Age share' has subscripts; give its range instead"),
        ("[sum_to_one]\nt = 3", "expected a range, or a list of constants, got 3"),
    ],
)  # fmt: skip
def test_a_declaration_that_does_not_fit_the_model_is_refused(
    folder: Path, text: str, said: str
) -> None:
    with pytest.raises(ModelError) as e:
        found(folder, "", case=text)
    assert said in str(e.value)


def test_a_name_decides_before_a_group_and_must_before_the_rest(folder: Path) -> None:
    case = 'must = ["Road"]\nshared = ["Road", "Rail"]\nmay = ["*"]\n'
    (folder / "case.toml").write_text(case)
    findings = check_preset(folder / "m.mdl", _write(folder, ""))
    errors = [f.names for f in findings if f.error]
    assert errors == [("Road",)]


# --- layers, a loaded model, the command line ---------------------------------------------------


def test_a_scenario_is_checked_with_its_case(folder: Path) -> None:
    (folder / "case.toml").write_text(CASE)
    _write(folder, WHOLE)
    _write(folder, "[constants]\nSpeed = {value = 0, source = 'assumed'}\n", "s.toml")
    findings = check_preset(folder / "m.mdl", f"{folder}/p.toml+{folder}/s.toml")
    assert [(f.kind, f.file, f.line) for f in findings if f.error] == [("range", "s.toml", 2)]
    assert {f.file for f in findings if not f.error} == {"p.toml+s.toml"}
    assert any(f.kind == "home" for f in check_preset(folder / "m.mdl", folder / "s.toml"))


def test_a_loaded_model_knows_its_folder_only_if_told(folder: Path) -> None:
    (folder / "case.toml").write_text(CASE)
    system, preset = load(folder / "m.mdl"), _write(folder, "")
    assert not any(f.error for f in check_preset(system, preset))
    assert any(f.error for f in check_preset(system, preset, folder=folder))


def test_the_command_prints_errors_then_notes(folder: Path) -> None:
    _write(folder, WHOLE + "[initial]\nLevel = {value = -3, source = 'x'}\n")
    good = sdsim("preset", "check", "m.mdl", "p.toml", at=folder)
    assert good.returncode == 0
    assert good.stdout.splitlines()[0].startswith("note: p.toml: 7 values that a case may give")
    assert good.stdout.splitlines()[-1] == "p.toml: no errors, 1 note"
    _write(folder, "[constants]\nPopulation = -1\nSpeed = 0\n", "bad.toml")
    done = sdsim("preset", "check", "m.mdl", "p.toml", "bad.toml", "--json", at=folder)
    assert done.returncode == 1
    first, second = json.loads(done.stdout)
    assert (first["passed"], second["passed"]) == (True, False)
    keys = ["kind", "error", "file", "line", "names", "what", "remedy"]
    assert [list(f) for f in second["findings"]] == [keys] * len(second["findings"])
    assert second["findings"][1]["line"] == 3


def test_a_preset_that_is_no_toml_is_refused(folder: Path) -> None:
    _write(folder, "a = = 1")
    done = sdsim("preset", "check", "m.mdl", "p.toml", at=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("p.toml:1: not valid TOML")


def test_the_corridor_by_name_is_whole_and_its_scenarios_are_layers() -> None:
    """The flagship: its declaration fits, and the corridor that comes with it gives all it asks."""
    model, home = example("cross_border"), example("cross_border/presets/us_mexico.toml")
    exile = example("cross_border/presets/exile.toml")
    assert errors(check_preset(model, home)) == []
    assert errors(check_preset(model, f"{home}+{exile}")) == []
    assert {f.kind for f in errors(check_preset(model, exile))} == {"home"}


def errors(findings: tuple[PresetFinding, ...]) -> list[PresetFinding]:
    return [f for f in findings if f.error]


def test_a_strangers_model_without_documentation(written: Callable[..., Path]) -> None:
    path = written("k = 3\nx = INTEG(k, 2)")
    preset = path.parent / "p.toml"
    preset.write_text("[constants]\nk = 1\n")
    assert [f.kind for f in check_preset(path, preset)] == ["home", "source"]


def test_data_that_the_model_lacks_must_be_given(written: Callable[..., Path]) -> None:
    """It is no guess, and the check works although the model cannot run without them."""
    path = written("d: a, b\nseen[d]\nk = 3\nx = INTEG(k * seen[a] * seen[b], 0)")
    preset = path.parent / "p.toml"
    text = '[constants]\nk = 1\n[series]\n"seen[a]" = {time = [0, 9], values = [1, 2]}\n'
    preset.write_text(text)
    found = [(f.kind, f.names) for f in check_preset(path, preset) if f.error]
    assert found == [("horizon", ("seen[a]",)), ("home", ("seen[b]",))]


def test_times_that_follow_from_the_model_are_those_of_the_run(
    written: Callable[..., Path],
) -> None:
    path = written("k = 3\nlong = 5 * k\nt((0,1),(100,1))\nx = INTEG(k * t(Time), 0)")
    path.write_text(path.read_text().replace("FINAL TIME = 10", "FINAL TIME = long"))
    preset = path.parent / "p.toml"
    preset.write_text("[constants]\nk = 4\n[lookups]\nt = {x = [0, 15], y = [1, 1]}\n")
    (error,) = errors(check_preset(path, preset))
    assert "the run from 0 to 20" in error.what
