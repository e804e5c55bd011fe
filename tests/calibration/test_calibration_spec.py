"""Specs of calibrations: what they say, and what is said of those that say nothing sensible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from decays import decay

import sdsim
from sdsim.base.errors import ModelError
from sdsim.calibration import likelihoods
from sdsim.calibration.spec import read_calibration

SPEC = """title = "Draining"
model = "decay.mdl"
method = "rk4"
seed = 7

[constants]
"TIME STEP" = 0.25

[parameters]
"Rate" = {distribution = "loguniform", low = 0.05, high = 2, source = "a guess"}
"Start" = {distribution = "normal", mean = 8, deviation = 2, low = 0.1, high = 40, per = "group", pooled = {distribution = "halfnormal", scale = 2}}
"noise" = [0.01, 1]

[groups]
north = "north.toml"
south = {constants = {"Rate" = 0.5}}

[data.level]
expression = "Level*{factor}"
file = "seen.csv"
time = "year"
value = "seen"
group = "place"
where = {kind = "level"}
columns = ["se"]
held_out = "later"
errors = "normal"
sd = "se"

[data.flow]
expression = "Outflow"
times = [1, 2]
values = [3, 2.5]
group = "north"
errors = "log-normal"
sd = "noise"
period = 1
as = "mean"
coverage = 0.9

[hold_out]
after = 4
groups = ["south"]

[restrictions]
"something left" = "FINAL(Level) > 0"
"""  # noqa: E501
SEEN = """place,year,kind,seen,se,factor,later
south,2,level,3.0,0.2,2,no
north,1,level,5.1,0.1,1,no
north,0,level,8.0,0.3,1,yes
north,1,other,x,,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    decay(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "seen.csv").write_text(SEEN, encoding="utf-8")
    (tmp_path / "north.toml").write_text('title = "North"\n[constants]\n"Start" = 9\n', "utf-8")
    return tmp_path


def test_all_that_a_spec_can_say(folder: Path) -> None:
    c = read_calibration(folder / "spec.toml")
    assert (c.title, c.seed, c.labels) == ("Draining", 7, ("north", "south"))
    rate, start, noise = c.parameters
    assert (rate.prior, rate.scale, rate.source) == (sdsim.LogUniform(0.05, 2), "log", "a guess")
    assert (start.per, start.pooled) == ("group", sdsim.HalfNormal(2))
    assert noise.prior == sdsim.Uniform(0.01, 1)
    level, flow = c.data
    assert level.values.tolist() == [3.0, 8.0, 5.1]  # sorted by group, then by time
    assert level.group == ("south", "north", "north")
    assert level.texts == ("Level*2", "Level*1", "Level*1")
    assert level.columns["se"].tolist() == [0.2, 0.3, 0.1]
    assert level.held_out.tolist() == [False, True, False]
    assert flow.errors == likelihoods.LogNormal(sd="noise")
    assert (flow.period, flow.as_total, flow.coverage) == (1, False, 0.9)
    assert c.fitted(level).tolist() == [False, False, True]
    assert c.groups["north"].constants == {"Start": 9}
    assert c.groups["south"].constants == {"Rate": 0.5}
    assert c.restrictions == {"something left": "FINAL(Level) > 0"}
    assert str(c.method) == "RK4"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('title = "Draining"', 'titel = "x"', r"spec.toml:1: 'titel'.*did you mean 'title'"),
        (
            '"noise" = [0.01, 1]',
            '"noise" = 3',
            r"spec.toml:12: 'parameters.noise'.*expected a prior",
        ),
        ('"noise" = [0.01, 1]', '"noise" = [1]', r"spec.toml:12: .*expected \[low, high\]"),
        ('"loguniform"', '"loguniformly"', r"spec.toml:10: .*did you mean 'loguniform'"),
        ("scale = 2", "scal = 2", r"spec.toml:11: .*did you mean 'scale'"),
        ('per = "group"', 'per = "country"', r"spec.toml:11: .*'country'"),
        ('errors = "normal"', 'errors = "gauss"', r"spec.toml:27: .*'gauss'"),
        ('sd = "se"', "", r"normal needs sd"),
        ('sd = "se"', 'sd = "se"\nscale = 2', r"normal has no 'scale'"),
        ('file = "seen.csv"', 'file = "sen.csv"', r"spec.toml:20: .*no such file"),
        ('value = "seen"', 'value = "sene"', r"spec.toml:22: .*did you mean 'seen'"),
        ('kind = "level"', 'kind = "levl"', r"no row of seen.csv has kind = levl.*'level'"),
        ('kind = "level"', 'kind = ["level", "other"]', r"seen.csv:5: column seen.*got 'x'"),
        ("{factor}", "{fctor}", r"no column 'fctor'; did you mean 'factor'"),
        ('as = "mean"', 'as = "sum"', r"spec.toml:\d+: 'data.flow.as'.*'sum'"),
        ('north = "north.toml"', 'north = "nort.toml"', r"spec.toml:15: .*no such file"),
        ('groups = ["south"]', 'groups = ["suth"]', r"'suth' is not a group"),
    ],
)
def test_what_a_spec_gets_wrong_is_named(folder: Path, before: str, after: str, words: str) -> None:
    assert before in SPEC
    (folder / "spec.toml").write_text(SPEC.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=words):
        read_calibration(folder / "spec.toml")


def test_a_spec_runs(folder: Path) -> None:
    from sdsim.calibration.problem import Problem

    problem = Problem(read_calibration(folder / "spec.toml"))
    found = problem.log_likelihood(problem.prior_draws(30, np.random.default_rng(0)))
    assert np.isfinite(found).any()


def test_presets_of_groups_may_be_laid_over_each_other(folder: Path) -> None:
    over = 'title = "Faster"\n[constants]\n"Rate" = 0.7\n'
    (folder / "faster.toml").write_text(over, encoding="utf-8")
    text = SPEC.replace('"north.toml"', '"north.toml+faster.toml"')
    (folder / "spec.toml").write_text(text, encoding="utf-8")
    found = read_calibration(folder / "spec.toml").groups["north"]
    assert found.constants == {"Start": 9, "Rate": 0.7}
