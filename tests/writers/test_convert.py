"""`sdsim convert`: files are written whole or not at all, and never over another by chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import commands
import numpy as np
import pytest
from making import mdl

import sdsim
import sdsim.writers.convert
from sdsim.base.errors import ModelError
from sdsim.claims.reality import run_realities
from sdsim.ir.model import Model
from sdsim.readers import read
from sdsim.writers import Written, differing, write_vensim
from sdsim.writers.convert import convert


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "m.mdl"
    path.write_text(mdl("x = INTEG(rate, 1)\nrate = x * 0.1"), encoding="utf-8")
    return path


def test_command(source: Path) -> None:
    done = commands.sdsim("convert", source, source.with_name("n.mdl"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    again = commands.sdsim("convert", source, source.with_name("n.mdl"))
    assert again.returncode == 2
    assert "n.mdl: already exists; choose another name, or --force" in again.stderr
    assert commands.sdsim("convert", source, source.with_name("n.mdl"), "--force").returncode == 0


@pytest.mark.parametrize(
    ("target", "what"),
    [("m.mdl", "already exists"), ("m.txt", "cannot write '.txt'"),
     ("none/m.mdl", "there is no folder '.*'; make it first")],
)  # fmt: skip
def test_refused(source: Path, target: str, what: str) -> None:
    before = source.read_bytes()
    with pytest.raises(ModelError, match=what):
        convert(source, source.parent / target)
    assert source.read_bytes() == before
    assert [p.name for p in source.parent.iterdir()] == ["m.mdl"]


def test_a_link_that_leads_nowhere_is_not_written_through(source: Path) -> None:
    target, elsewhere = source.with_name("n.mdl"), source.with_name("elsewhere.mdl")
    target.symlink_to(elsewhere)
    with pytest.raises(ModelError, match="already exists; choose another name, or --force"):
        convert(source, target)
    assert not elsewhere.exists()
    convert(source, target, force=True)
    assert elsewhere.exists()


CHECKS = """
d: A1, A2
x[d] = Time * share
share = 1
"odd | name" = 2
late :THE CONDITION: share = 1 :IMPLIES: x[A1] < 9
"no, \\"more\\"" :THE CONDITION: x[A1] > 3 :IMPLIES: x[A1] < 9 :OR: "odd | name" > :AT LEAST ONCE: 1
none[d] :TEST INPUT: share = RC STEP(share, 0)
still[d] :THE CONDITION: none[d] :IMPLIES: x[d] <= RC STEP CHECK(1, x[d], 1, 3)
long :THE CONDITION: share = 1 :IMPLIES: x[A1] < 9 :OR: x[A2] < 9 :OR: x[A1] > 1e6 :OR: x[A2] > 1e6 :OR: share > 1
compared :THE CONDITION: share = RC COMPARE('the  base', share, 2) :IMPLIES: share < 5
unfinished :THE CONDITION: share = 1
"""  # noqa: E501


def test_reality_checks_are_decided_alike(tmp_path: Path) -> None:
    """In a Vensim file, with what is said about them; XMILE has none, which is said."""
    heading = "\n*****\n\t.Later\n*****~\n|\n"
    more = heading + "last :THE CONDITION: share > 2 :IMPLIES: share > 3 ~~ As was\nsaid. |"
    source, target = tmp_path / "m.mdl", tmp_path / "n.mdl"
    source.write_text(mdl(CHECKS) + more)
    assert convert(source, target) == ()
    before, after = sdsim.load(source, cache=False), sdsim.load(target, cache=False)
    for force in (False, True):
        verdicts, again = (
            [replace(v, line=0) for v in run_realities(s, force=force)] for s in (before, after)
        )
        assert verdicts == again
        expected = {"holds", "fails", "not supported"} | (set() if force else {"not reached"})
        assert {v.status for v in verdicts} == expected
    assert [replace(r, line=0) for r in after.model.reality] == [
        replace(r, line=0) for r in before.model.reality
    ]
    last = after.model.reality[-1]
    assert (last.doc, last.group) == ("As was\nsaid.", "Later")
    notes = convert(source, tmp_path / "n.xmile")
    assert notes == (
        'reality checks are not written, XMILE has none: late, no, "more", none and 5 others',
    )


def test_a_check_that_would_change_is_seen(tmp_path: Path) -> None:
    (tmp_path / "m.mdl").write_text(mdl(CHECKS))
    model = sdsim.load(tmp_path / "m.mdl").model
    fault = differing(model, replace(model, reality=model.reality[1:]))
    assert fault is not None
    assert (fault.what.split(" when")[0], fault.variable) == ("has another reality check", "late")


def test_data_of_other_files_are_taken_along_and_named(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("t,a\n0,1\n5,2\n")
    (tmp_path / "c.csv").write_text("x,7\n")
    text = "z := GET DIRECT DATA('d.csv', ',', 'A', 'B2')\n"
    text += "c = GET DIRECT CONSTANTS('c.csv', ',', 'B1')"
    (tmp_path / "m.mdl").write_text(mdl(text))
    (tmp_path / "other").mkdir()
    for _ in range(2):  # read, and then from the cache
        notes = convert(tmp_path / "m.mdl", tmp_path / "other" / "n.mdl", force=True)
        assert notes[-1] == "data of other files stand in the new one: d.csv, c.csv"
    assert convert(tmp_path / "m.mdl", tmp_path / "k.mdl", sketch_only=True) == ()
    before, after = (sdsim.simulate(sdsim.load(tmp_path / p)) for p in ("m.mdl", "other/n.mdl"))
    assert before["z"].values.tolist() == after["z"].values.tolist()
    assert float(after["c"][0]) == 7


def test_modules_and_parts_of_flows_are_named(tmp_path: Path) -> None:
    text = (
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
        "<header><vendor>v</vendor></header><sim_specs><start>0</start><stop>4</stop></sim_specs>"
        '<model><variables><module name="hares"/></variables></model>'
        '<model name="hares"><variables><stock name="size"><eqn>3</eqn><outflow>deaths</outflow>'
        '<non_negative/></stock><flow name="deaths"><eqn>2</eqn></flow></variables></model></xmile>'
    )
    (tmp_path / "m.xmile").write_text(text)
    said = (
        "flows cut at 0 and conveyors are written out, with 1 variable more: hares.deaths>wanted#",
        "modules become groups of variables called module.variable: hares",
    )
    before = sdsim.simulate(sdsim.load(tmp_path / "m.xmile"))["hares.size"].values
    assert before.tolist() == [3, 1, 0, 0, 0]
    for name in ("n.mdl", "n.xmile"):
        assert convert(tmp_path / "m.xmile", tmp_path / name) == said
        after = sdsim.simulate(sdsim.load(tmp_path / name))["hares.size"].values
        assert after.tolist() == before.tolist()


def test_data_that_only_another_file_can_hold_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("t,a\n0,1\n5,2\n")
    text = mdl("z := GET DIRECT DATA('d.csv', ',', 'A', 'B2')\ny = GET DATA AT TIME(z, Time / 2)")
    (tmp_path / "data.mdl").write_text(text)
    sdsim.simulate(sdsim.load(tmp_path / "data.mdl"))
    with pytest.raises(ModelError, match="'y': GET DATA AT TIME takes data from another file"):
        convert(tmp_path / "data.mdl", tmp_path / "n.mdl")
    assert not (tmp_path / "n.mdl").exists()


def test_a_file_that_would_not_run_is_not_written(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(model: Model) -> Written:
        path = source.with_name("wrong.mdl")
        path.write_text(write_vensim(model).text.replace("0.1", "NOBODY(2)"))
        return Written(path.read_text(), read(path))

    monkeypatch.setitem(sdsim.writers.convert.WRITERS, ".mdl", wrong)
    with pytest.raises(
        ModelError, match=r"unknown function .* \(the new file would not mean the same"
    ):
        convert(source, source.with_name("n.mdl"))
    assert not source.with_name("n.mdl").exists()


def test_a_file_that_would_not_say_the_same_is_not_written(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(model: sdsim.ir.model.Model) -> Written:
        made = write_vensim(model)
        return Written(made.text.replace("0.1", "0.2"), made.model)

    monkeypatch.setitem(sdsim.writers.convert.WRITERS, ".mdl", wrong)
    with pytest.raises(ModelError, match="'rate': has another equation"):
        convert(source, source.with_name("n.mdl"))
    assert [p.name for p in source.parent.iterdir()] == ["m.mdl"]


@pytest.mark.parametrize("name", ["n.mdl", "n.xmile"])
def test_raw_data_keep_their_gaps(tmp_path: Path, name: str) -> None:
    (tmp_path / "d.csv").write_text("t,a,b\n0,1,5\n2,3,6\n3.5,9,7\n")
    text = """d: a, b
    x[d] :RAW: := GET DIRECT DATA('d.csv', ',', 'A', 'B2')
    y = IF THEN ELSE(x[a] = :NA:, -1, x[a])"""
    (tmp_path / "m.mdl").write_text(mdl(text, stop=4, step=0.1))
    notes = convert(tmp_path / "m.mdl", tmp_path / name)
    assert notes == (
        "'x': its data are written as tables over time",
        "data of other files stand in the new one: d.csv",
    )
    first, second = (
        sdsim.simulate(sdsim.load(tmp_path / n)).dataset for n in ("m.mdl", name)
    )  # fmt: skip
    assert (first["x"].values > 0).sum() == 6
    for each in ("x", "y"):
        np.testing.assert_array_equal(first[each].values, second[each].values)


UNITS = """<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs time_units="day"><start>0</start><stop>2</stop><dt>1</dt></sim_specs>
<model_units><unit name="vehicle"><alias>car</alias></unit>
<unit name="pace"><eqn>vehicle/day</eqn></unit></model_units>
<model><variables>
<stock name="S"><eqn>3</eqn><inflow>f</inflow><units>car</units></stock>
<flow name="f"><eqn>a</eqn><units>vehicle/day</units></flow>
<aux name="a"><eqn>1</eqn><units>{of_a}</units></aux>
<aux name="work"><eqn>S*stay</eqn><units>car-days</units></aux>
<aux name="stay"><eqn>2</eqn><units>day</units></aux>
</variables></model></xmile>"""


@pytest.mark.parametrize("suffix", [".mdl", ".xmile"])
def test_units_balance_as_before(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "a.xmile").write_text(UNITS.format(of_a="car/day"))
    assert sdsim.units(tmp_path / "a.xmile") == ()
    convert(tmp_path / "a.xmile", tmp_path / f"b{suffix}")
    found = sdsim.units(tmp_path / f"b{suffix}")
    assert [f for f in found if "S net flow" not in str(f)] == []


def test_units_defined_by_others_are_kept_where_the_format_has_them(tmp_path: Path) -> None:
    (tmp_path / "a.xmile").write_text(UNITS.format(of_a="pace"))
    convert(tmp_path / "a.xmile", tmp_path / "b.xmile")
    assert not sdsim.units(tmp_path / "b.xmile")
    notes = convert(tmp_path / "a.xmile", tmp_path / "b.mdl")
    assert any("stand for themselves: pace" in note for note in notes)
