"""What is said of outcomes that some members have no value of, before any number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim.cli import main
from sdsim.design import (
    Design,
    LatinHypercube,
    Lever,
    Morris,
    OneAtATime,
    Saltelli,
    Uncertainty,
    Uniform,
)
from sdsim.plots.study import write_study
from sdsim.study.study import Bootstrap, Study, study
from sdsim.sweeps import Outcome, Sweep, run_sweep

#: The root is no number where x is below 0, in a quarter of the space; the sum is one everywhere.
MODEL = """{UTF-8}
x = 1 ~~|
y = 1 ~~|
sum = x + 2*y + Time ~~|
root = SQRT(x) + y + Time ~~|
late = IF THEN ELSE(y > 0.5, Time, 0) ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 2 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""
FACTORS = (Uncertainty("x", Uniform(-1.0, 3.0)), Uncertainty("y", Uniform(0.0, 1.0)))
OUTCOMES = (
    Outcome("the sum", "FINAL(sum)"),
    Outcome("the root", "FINAL(root)"),
    Outcome("reached", "UPWARD CROSSING(late, 0.5)"),  # in half of the space
)
SPEC = """
model = "m.mdl"
[design]
kind = "saltelli"
base = 64
[uncertainties]
"x" = [-1, 3]
"y" = [0, 1]
[outcomes]
"the sum" = "FINAL(sum)"
"the root" = "FINAL(root)"
"""


@pytest.fixture
def system(tmp_path: Path) -> sdsim.System:
    path = tmp_path / "m.mdl"
    path.write_text(MODEL, encoding="utf-8")
    return sdsim.load(path)


def studied(
    system: sdsim.System, design: Design, count: int = 2, save: tuple[str, ...] = (),
    common: bool = False,
) -> Study:  # fmt: skip
    found = run_sweep(Sweep(system, design, OUTCOMES[:count], save=save))
    return study(found, design, Bootstrap(resamples=50), common=common)


def test_an_outcome_with_all_its_values_is_not_touched_by_another_without(
    system: sdsim.System,
) -> None:
    """The indices of the sum are known: x has 4/5 of its variance (16/12 to 4/12)."""
    said = studied(system, Saltelli(FACTORS, 512, seed=2))
    r = said.results["sobol"][""]
    assert r.used[0] == 512
    np.testing.assert_allclose(r.total.value[:, 0], [0.8, 0.2], atol=0.05)
    assert list(said.missing) == ["the root"]
    m = said.missing["the root"]
    assert m.share == pytest.approx(0.25, abs=0.03)
    assert m.failed == m.members == said.failed
    assert m.used == r.used[1] < m.blocks == 512
    assert m.where is not None
    assert m.where[0] == "x"
    assert m.where[1] < 0 < m.where[2]
    (text,) = said.warned()
    assert f"{m.share:.1%} of the space" in text
    assert "is no sample of the whole space" in text


def test_common_members_are_the_same_for_all_outcomes(system: sdsim.System) -> None:
    for design in (Saltelli(FACTORS, 64, seed=2), Morris(FACTORS, 24, seed=2),
                   LatinHypercube(FACTORS, 400, seed=2)):  # fmt: skip
        each = studied(system, design, 3)
        common = studied(system, design, 3, common=True)
        method = next(iter(each.results))
        used = common.results[method][""].used
        assert len(set(used.tolist())) == 1
        assert used[0] < each.results[method][""].used.max()
        assert list(common.missing) == [o.name for o in OUTCOMES]
        assert list(each.missing) == ["the root", "reached"]
        assert common.missing["the sum"].members == 0 < common.missing["the sum"].left
        assert each.missing["the root"].left == 0
        assert each.missing["reached"].failed < each.missing["reached"].members
        assert common.to_data()["common"]
        assert not each.to_data()["common"]
        for m in common.missing.values():
            assert m.used == used[0]


def test_series_follow_the_members_that_are_used(system: sdsim.System) -> None:
    design = Saltelli(FACTORS, 64, seed=2)
    each = studied(system, design, save=("sum",))
    common = studied(system, design, save=("sum",), common=True)
    assert (each.over_time["sum"].used == 64).all()
    assert (common.over_time["sum"].used == common.results["sobol"][""].used[0]).all()


def test_an_outcome_that_no_member_has_takes_nothing_from_the_others(system: sdsim.System) -> None:
    design = LatinHypercube(FACTORS, 200, seed=2)
    never = Outcome("never", "UPWARD CROSSING(late, 99)")
    found = run_sweep(Sweep(system, design, (OUTCOMES[0], never)))
    said = study(found, design, common=True)
    assert said.results["pawn"][""].used[0] == 200
    assert said.missing["never"].share == 1


def test_nothing_is_said_where_nothing_is_missing(system: sdsim.System) -> None:
    said = studied(system, Saltelli(FACTORS, 16, seed=2), 1, common=True)
    assert not said.missing
    assert said.warned() == []


def test_designs_that_fill_no_space_speak_of_runs(system: sdsim.System) -> None:
    design = OneAtATime((Lever("x", Uniform(-1.0, 3.0)), Lever("y", Uniform(0.0, 1.0))))
    (text,) = studied(system, design).warned()
    assert "of the runs)" in text


def test_text_json_and_page_say_it_before_any_index(
    system: sdsim.System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    command = ["sensitivity", str(spec), "--resamples", "20"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("missing: the root has no value in ")
    assert main([*command, "--common", "--json", "--page", str(tmp_path / "p.html")]) == 0
    data = json.loads(capsys.readouterr().out)
    assert list(data).index("missing") < list(data).index("results")
    assert data["missing"]["the sum"]["left"] == data["missing"]["the root"]["members"] > 0
    assert 0.2 < data["missing"]["the root"]["share"] < 0.3
    page = (tmp_path / "p.html").read_text()
    assert 0 < page.index("Missing: the root has no value") < page.index("plotly-graph-div")
    write_study(tmp_path / "q.html", studied(system, Morris(FACTORS, 8, seed=1)))
    assert "of the space" in (tmp_path / "q.html").read_text()
