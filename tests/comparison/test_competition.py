"""Competitions: the truth beats what lacks a part of it, after both were fitted."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import mdl

import sdsim
from sdsim.cli import main
from sdsim.comparison.competition import Competition, Outcome, compete, variant
from sdsim.comparison.record import read_record, write_record
from sdsim.comparison.spec import read_competition

EQUATIONS = """Level= INTEG (Inflow-Outflow, 20)
Inflow= Gain*Switch
Outflow= Rate*Level
Rate= 0.3
Gain= 2
Switch= 1
"""
#: Level goes to Gain / Rate = 5, so that a decay to nothing is wrong later.
CALIBRATION = """title = "whole"
model = "model.mdl"
method = "rk4"

[parameters]
"Rate" = {distribution = "lognormal", median = 0.3, spread = 0.5}
"Gain" = {distribution = "lognormal", median = 1, spread = 0.7}

[data.level]
expression = "Level"
file = "level.csv"
errors = "log-normal"
sd = 0.03

[hold_out]
after = 10
"""
SPEC = """calibration = "whole.toml"
rivals = ["last_value", "trend"]

[variants."no inflow"]
constants = {"Switch" = 0}
fixed = ["Gain"]

[variants."less inflow"]
constants = {"Gain" = 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("competition")
    (made / "model.mdl").write_text(mdl(EQUATIONS, step=0.125, stop=30), encoding="utf-8")
    times = np.arange(1.0, 31)
    noise = np.exp(0.03 * np.random.default_rng(3).standard_normal(30))
    level = (5 + 15 * np.exp(-0.4 * times)) * noise  # Rate .4, Gain 2
    rows = "".join(f"{t:g},{v!r}\n" for t, v in zip(times.tolist(), level.tolist(), strict=True))
    (made / "level.csv").write_text("time,value\n" + rows, encoding="utf-8")
    (made / "whole.toml").write_text(CALIBRATION, encoding="utf-8")
    (made / "spec.toml").write_text(SPEC, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    return compete(read_competition(folder / "spec.toml"), folder / "stores")


def test_what_lacks_a_part_loses(outcome: Outcome) -> None:
    found = outcome.tables["level"]
    assert outcome.unsure == ()
    assert found.rows[0].name == "whole"
    assert found.row("less inflow").ruled_out
    assert found.row("no inflow").log_density.to_best.total < -1000
    assert found.row("whole").weight > 0.5
    assert {r.name for r in found.rows} > {"whole", "no inflow", "less inflow"}
    assert len(found.rows) == 5
    assert (found.row("whole").parameters, found.row("no inflow").parameters) == (2, 1)
    assert any("rule out less inflow" in s for s in found.sentences)


def test_it_was_refitted(outcome: Outcome) -> None:
    """Without inflow, the level falls more slowly: the rate makes up for what is missing."""
    whole, less = (outcome.fits[n].parameters.loc["Rate", "50 %"] for n in ("whole", "no inflow"))
    assert less < 0.8 * whole


def test_the_command_says_so(
    folder: Path, outcome: Outcome, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(folder)
    assert main(["compete", "spec.toml", "-o", "stores", "--resume", "--strict"]) == 0
    said = capsys.readouterr().out
    assert "level: 20 held-out values" in said
    assert "whole predicts best" in said
    assert main(["compete", "spec.toml", "-o", "stores", "--resume", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["tables"]["level"]["rows"][0]["name"] == "whole"
    assert data["not converged"] == []


def test_a_calibration_alone_competes_with_rivals(folder: Path) -> None:
    competition = read_competition(folder / "whole.toml")
    assert list(competition.contestants) == ["whole"]
    assert competition.rivals is None


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"trend"]', '"tend"]', r"spec.toml:2: .*unknown rival 'tend'"),
        ('"Switch" = 0', '"Swich" = 0', r"spec.toml:\d: .*'Switch'"),
        ('fixed = ["Gain"]', 'fixed = ["Switch"]', r"'Switch': is not free"),
        ("fixed", "fix", r"spec.toml:6: .*did you mean 'fixed'"),
        ('"whole.toml"', '"hole.toml"', r"spec.toml:1: .*no such file"),
    ],
)
def test_what_a_spec_gets_wrong_is_named(folder: Path, before: str, after: str, words: str) -> None:
    assert before in SPEC
    place = folder / "wrong" / "spec.toml"
    place.parent.mkdir(exist_ok=True)
    text = SPEC.replace(before, after, 1)
    for name in ("whole.toml", "model.mdl", "level.csv"):
        (place.parent / name).write_bytes((folder / name).read_bytes())
    place.write_text(text, encoding="utf-8")
    with pytest.raises(sdsim.ModelError, match=words):
        read_competition(place)


def test_all_must_have_the_same_data(folder: Path) -> None:
    whole = sdsim.read_calibration(folder / "whole.toml")
    other = sdsim.Calibration(
        whole.system, whole.parameters,
        [sdsim.Data("level", "Level", [1, 2], [1, 9], sdsim.likelihoods.LogNormal(0.1))],
        hold_out=whole.hold_out,
    )  # fmt: skip
    with pytest.raises(sdsim.ModelError, match="not the same data: 'level' has 30 rows and 2"):
        Competition({"whole": whole, "other": other})
    shown: Any = variant(whole, {}, ["Gain"])
    assert [p.name for p in shown.parameters] == ["Rate"]


def test_the_record_draws_a_page(outcome: Outcome, tmp_path: Path) -> None:
    """Every contestant in the table, the sentences on top; with a title that is no markup."""
    write_record(tmp_path, outcome, "<b>who</b>")
    assert main(["plot", str(tmp_path), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;who&lt;/b&gt;" in page
    assert "<b>who" not in page
    for row in outcome.tables["level"].rows:
        assert f"<td>{row.name}</td>" in page
    assert all(html.escape(s) in page for s in outcome.tables["level"].sentences)
    assert "conditional on these assumptions" in page
    figure = sdsim.plot(str(tmp_path))
    behind, error = figure.data
    rows = outcome.tables["level"].rows
    assert list(behind.x) == pytest.approx([r.log_density.to_best.total for r in rows])
    assert list(error.x) == pytest.approx([r.rms_error.value for r in rows])


def test_what_did_not_converge_is_said_first(outcome: Outcome, tmp_path: Path) -> None:
    write_record(tmp_path, outcome)
    found = read_record(tmp_path) | {"not converged": ["whole"]}
    (tmp_path / "competition.json").write_text(json.dumps(found))
    sdsim.plot(tmp_path, output=tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.split("</h1>")[1].lstrip().startswith('<p class="alarm">Not converged: whole.')


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tables": {}}', '{"tables": {"a": {}}}'])
def test_a_damaged_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "competition.json").write_text(text)
    with pytest.raises(sdsim.ModelError, match="not the record of a competition"):
        sdsim.plot(tmp_path)
