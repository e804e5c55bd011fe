"""Specs: what they say, and what is said of those that say nothing sensible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sweeping import MODEL

import sdsim
from sdsim.base.errors import ModelError
from sdsim.base.toml import line_of
from sdsim.design import Crossed, Lever, Table
from sdsim.sweeps import read_sweep, run_sweep

SPEC = """title = "all of it"
model = "level.mdl"
preset = "preset.toml"
method = "rk4"
step = 0.5
seed = 3

[constants]
"FINAL TIME" = 10

[design]
kind = "latin hypercube"
members = 50

[levers]
"Loss" = {values = [0, 0.5]}

[uncertainties]
"Rate" = {low = 0.1, high = 0.3, distribution = "triangular", mode = 0.2, source = "a guess"}

[outcomes]
"end" = "FINAL(Level)"
"peak" = {expression = "PEAK(Level)", units = "thing", better = "high"}
"grows" = "FINAL(Level) > 10"

[save]
variables = ["Level"]
times = [0, 5]

[run]
chunk = 16
timeout = 30
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "level.mdl").write_text(MODEL)
    (tmp_path / "preset.toml").write_text('title = "half"\n[constants]\n"Start" = 5\n')
    return tmp_path


def spec(folder: Path, text: str = SPEC) -> Path:
    (folder / "spec.toml").write_text(text)
    return folder / "spec.toml"


def test_everything_a_spec_says_is_done(folder: Path) -> None:
    sweep = read_sweep(spec(folder))
    found = run_sweep(sweep)
    assert (sweep.design.count, sweep.chunk, sweep.timeout, sweep.seed) == (50, 16, 30.0, 3)
    assert isinstance(sweep.design.factors[0], Lever)
    assert found.attrs["title"] == "all of it"
    assert found.attrs["preset"] == "half"
    assert found["time"].values.tolist() == [0, 5]
    assert found["units"].values.tolist() == ["", "thing", ""]
    for i in (0, 7, 49):
        loss, rate = found["factors"].values[i]
        own = sdsim.simulate(
            sweep.system, {"Start": 5, "FINAL TIME": 10, "Loss": loss, "Rate": rate},
            sdsim.RK4(0.5),
        )  # fmt: skip
        level = own["Level"].values
        assert found["outcomes"].values[i].tolist() == [level[-1], level.max(), level[-1] > 10]
        assert found["Level"].values[i].tolist() == [level[0], level[5]]
    assert set(found["factors"].values[:, 0]) == {0, 0.5}


def test_ten_lines_of_python_are_the_same_as_a_spec(folder: Path) -> None:
    from sdsim.design import MonteCarlo, Uncertainty, Uniform
    from sdsim.sweeps import Outcome, Sweep

    model = sdsim.load(folder / "level.mdl")
    design = MonteCarlo((Uncertainty("Rate", Uniform(0.1, 0.3)),), 20, seed=1)
    mine = run_sweep(Sweep(model, design, (Outcome("end", "FINAL(Level)"),)))
    text = """model = "level.mdl"
seed = 1
[design]
kind = "monte carlo"
members = 20
[uncertainties]
"Rate" = [0.1, 0.3]
[outcomes]
"end" = "FINAL(Level)"
"""
    theirs = run_sweep(read_sweep(spec(folder, text)))
    assert np.array_equal(mine["outcomes"], theirs["outcomes"])


def test_policies_meet_the_same_draws_and_stand_on_the_preset(folder: Path) -> None:
    crossed = 'kind = "policies x draws"\ndraws = {kind = "sobol", members = 4}'
    text = SPEC.replace('kind = "latin hypercube"\nmembers = 50', crossed)
    sweep = read_sweep(spec(folder, text.replace("[outcomes]", """[policies."none"]
[policies."start high"]
"Start" = 20
[outcomes]""").replace('[levers]\n"Loss" = {values = [0, 0.5]}\n', "")))  # fmt: skip
    assert isinstance(sweep.design, Crossed)
    assert sweep.design.values(0, 2)[:, 0].tolist() == [5, 20]
    combined = read_sweep(spec(folder, text))
    assert isinstance(combined.design, Crossed)
    assert [dict(p.values) for p in combined.design.policies] == [{"Loss": 0}, {"Loss": 0.5}]


def test_a_path_is_a_lever_at_each_of_its_knots(folder: Path) -> None:
    text = SPEC.replace(
        "[outcomes]", '[paths]\n"Loss" = {times = [2, 6], low = 0, high = 2}\n\n[outcomes]'
    )
    text = text.replace('[levers]\n"Loss" = {values = [0, 0.5]}\n', "").replace(
        "times = [0, 5]", ""
    )
    sweep = read_sweep(spec(folder, text.replace('variables = ["Level"]', 'variables = ["Loss"]')))
    found = run_sweep(sweep)
    assert found["factor"].values.tolist() == ["Loss in 2", "Loss in 6", "Rate"]
    a, b = found["factors"].values[:, 0], found["factors"].values[:, 1]
    path = found["Loss"].values
    time = found["time"].values.tolist()
    for t, there in ((0, a), (2, a), (4, (a + b) / 2), (6, b), (10, b)):
        assert path[:, time.index(t)] == pytest.approx(there)


def test_a_table_says_itself_what_varies(folder: Path) -> None:
    pd.DataFrame({"Rate": [0.1, 0.2], "Loss": [1.0, 0.0]}).to_csv(folder / "rows.csv", index=False)
    text = """model = "level.mdl"
[design]
kind = "table"
file = "rows.csv"
[outcomes]
"end" = "FINAL(Level)"
"""
    sweep = read_sweep(spec(folder, text))
    assert isinstance(sweep.design, Table)
    assert run_sweep(sweep)["factors"].values.tolist() == [[0.1, 1.0], [0.2, 0.0]]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("title =", "titel =", 1, "'titel': unknown key; did you mean 'title'"),
        ("level.mdl", "gone.mdl", 2, "no file 'gone.mdl'"),
        ('"preset.toml"', '"gone.toml"', 3, "gone.toml"),
        ('"rk4"', '"rk45"', 4, "did you mean 'rk4'"),
        ("step = 0.5", "step = -1", 5, "step"),
        ("seed = 3", "seed = -3", 6, "expected at least 0, got -3"),
        ('"FINAL(Level)"', "3", 22, "expected an expression or a table, got 3"),
        ("[run]", '[policies."none"]\nLoss = 0\n[run]', 30, "design has no policies"),
        ("seed = 3", "seed = 3.5", 6, "expected a whole number, got 3.5"),
        ('"FINAL TIME" = 10', '"FINAL TIME" = "ten"', 9, "expected a number, got 'ten'"),
        ('"latin hypercube"', '"latin cube"', 12, "no design 'latin cube'; did you mean"),
        ("members = 50", "members = 0", 13, "'design.members': expected at least 1, got 0"),
        ("members = 50", "member = 50", 13, "'design.member': unknown key; did you mean"),
        ("members = 50", "", 11, "'members' is missing"),
        ("members = 50", "members = 50\nseed = -1", 14, "'design.seed': expected at least 0"),
        ('"latin hypercube"', '"policies x draws"', 13, "'design.members': unknown key"),
        ('"latin hypercube"\nmembers = 50', '"policies x draws"\ndraws = {kind = "sobl"}', 13,
         "'design.draws.kind': no design 'sobl'; did you mean 'sobol'"),
        ('"latin hypercube"\nmembers = 50',
         '"policies x draws"\n[design.draws]\nkind = "sobol"\nmember = 8', 15,
         "'design.draws.member': unknown key"),
        ('"latin hypercube"\nmembers = 50', '"policies x draws"', 11, "'kind' is missing"),
        ('"latin hypercube"\nmembers = 50', '"table"\nfile = "a.csv"', 13, "no file 'a.csv'"),
        ('"Loss" = {values', '"Los" = {values', 16, "did you mean 'Loss'"),
        ('"Loss" = {values', '"Change" = {values', 16, "is not a constant"),
        ('"Loss" = {values = [0, 0.5]}', '"Loss" = 0.5', 16,
         r"expected a range or a table, got 0.5; write \[low, high\] or {low = ..., high = ...}"),
        ('"Rate" = {low', '"Start" = "big"\n"Rate" = {low', 19,
         "'uncertainties.Start': expected a range or a table, got 'big'"),
        ('"end" = "FINAL', '"" = "FINAL', 22, "an outcome: expected a name, got ''"),
        ("low = 0.1, high = 0.3", "low = 0.4, high = 0.3", 19, "low 0.4 is above high 0.3"),
        ('low = 0.1, high = 0.3, distribution = "triangular", mode = 0.2',
         'high = 1, distribution = "normal", mean = 0, deviation = 1', 19,
         "ranges from -inf to 1, and a design needs two ends"),
        ('"triangular"', '"triangle"', 19, "did you mean 'triangular'"),
        ("FINAL(Level)", "FINAL(Levl)", 22, "'outcomes.end'.*did you mean 'Level'"),
        ("FINAL(Level)", "FINAL(Level", 22, "'outcomes.end'"),
        ("FINAL(Level)", "Level", 22, "'outcomes.end'.*has values over time"),
        ("FINAL(Level)", "AT(Level, 99)", 22, "'outcomes.end'.*99 is outside 0 to 10"),
        ('better = "high"', 'better = "more"', 23, "one of , high, low|'more' is not known"),
        ('["Level"]', '["Lvl"]', 27, "Lvl"),
        ("times = [0, 5]", "times = [0, 5.25]", 28, "time 5.25 is not saved"),
        ("chunk = 16", "chunk = 0", 31, "at least 1"),
        ("timeout = 30", "timeout = -1", 32, "timeout"),
        ('"Rate" = {', '"Loss" = {', 19, r"is also in \[levers\]; leave one out"),
        ('"FINAL TIME" = 10', '"Loss" = 1', 16, r"is also in \[constants\]"),
        ('"FINAL TIME" = 10', '"FINAL TIME" = -1', None, "level.mdl: FINAL TIME -1 comes before"),
        ("[run]", "[runs]", 30, "did you mean 'run'"),
        ("[design]", "[design", 11, "not valid TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(
    folder: Path, old: str, new: str, line: int | None, words: str
) -> None:
    assert old in SPEC
    path = spec(folder, SPEC.replace(old, new, 1))
    with pytest.raises(ModelError, match=words) as e:
        read_sweep(path).task()
    assert "\n" not in str(e.value)
    if line and "not valid TOML" not in words:
        assert e.value.line == line
        assert str(e.value).startswith(f"spec.toml:{line}: ")


@pytest.mark.parametrize("name", ["level.mdl", "gone.MDL", "x.stmx", "x.xmile"])
def test_a_model_is_no_spec(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"{name}: this is a model, not a spec; write a spec that names it: model = "
    with pytest.raises(ModelError) as e:
        read_sweep(folder / name)
    assert said in str(e.value)
    assert sdsim.cli.main(["sweep", str(folder / name), "-o", str(folder / "s")]) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "s").exists()


def test_what_is_the_same_for_all_is_not_drawn(folder: Path) -> None:
    doubts = "[uncertainties]\nfrom_model = true\nspread = 0.5\n"
    text = SPEC.replace(SPEC[SPEC.index("[uncertainties]") : SPEC.index("[outcomes]")], doubts)
    ranged = MODEL.replace("1/Year ~", "1/Year [0.05, 0.4] ~ [assumed: a guess]", 1)
    assert ranged != MODEL
    (folder / "level.mdl").write_text(ranged)
    assert [f.name for f in read_sweep(spec(folder, text)).design.factors] == ["Loss", "Rate"]
    fixed = text.replace("[constants]", '[constants]\n"Rate" = 0.3')
    assert [f.name for f in read_sweep(spec(folder, fixed)).design.factors] == ["Loss"]


@pytest.mark.parametrize(("settings", "method"), [("", "Euler"), ("15:0,0,0,5,0,0", "RK4")])
def test_the_method_is_the_files_where_the_spec_names_none(
    folder: Path, settings: str, method: str
) -> None:
    behind = f"\\\\\\---/// Sketch\n///---\\\\\\\n:L\x7f<%^E!@\n{settings}\n"
    (folder / "level.mdl").write_text(MODEL + behind)
    plain = SPEC.replace('method = "rk4"\n', "")
    for text, step in ((plain, 0.5), (plain.replace("step = 0.5\n", ""), None)):
        assert read_sweep(spec(folder, text)).method == getattr(sdsim, method)(step)


def test_lines_of_keys() -> None:
    text = 'a = 1\n\n[b."c d"]\n"e.f" = 2\n[[g]]\nh.i = 3\n'
    assert line_of(text, ("a",)) == 1
    assert line_of(text, ("b", "c d")) == 3
    assert line_of(text, ("b", "c d", "e.f")) == 4
    assert line_of(text, ("b", "c d", "missing")) == 3
    assert line_of(text, ("g", "1", "h", "i")) == 6
    assert line_of(text, ("z",)) is None


def test_nothing_in_a_spec_is_executed(folder: Path) -> None:
    mark = folder / "mark"
    for text in (f"__import__('os').system('touch {mark}')", f"`touch {mark}`", "{0.__class__}"):
        with pytest.raises(ModelError):
            read_sweep(spec(folder, SPEC.replace("FINAL(Level)", text.replace('"', "'")))).task()
    assert not mark.exists()


MANY = """
import resource, sys
from sdsim.cli import main
status = main(["sweep", "spec.toml", "-o", "store", "--jobs", "1", "--json"])
peak = next(x for x in open("/proc/self/status") if x.startswith("VmHWM"))  # of this program alone
own = int(peak.split()[1]) / 1024
print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, file=sys.stderr)
sys.exit(status)
"""


def test_a_million_members_stay_under_500_megabytes(folder: Path) -> None:
    text = """model = "level.mdl"
[design]
kind = "monte carlo"
members = 1000000
[uncertainties]
"Rate" = [0.1, 0.3]
"Loss" = [0, 0.9]
[outcomes]
"end" = "FINAL(Level)"
"""
    spec(folder, text)
    done = subprocess.run(
        [sys.executable, "-c", MANY], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    own, worker = map(float, done.stderr.split())
    assert own < 500
    assert worker < 500
    assert '"members": 1000000' in done.stdout


# --- constants that are called as the settings are --------------------------------------------

NAMESAKES = {"from model": "From Model", "groups": "Groups", "except": "Except", "spread": "Spread"}
MODEL_OF_NAMESAKES = (
    "{UTF-8}\nLevel = INTEG(Spread + Groups + Except + From Model, 1) ~ ~ |\n"
    + "".join(
        f"{name} = 2 ~ thing [0, 10] ~ [assumed] from 0 to 10 |\n" for name in NAMESAKES.values()
    )
    + "INITIAL TIME = 0 ~ ~ |\nFINAL TIME = 2 ~ ~ |\nTIME STEP = 1 ~ ~ |\nSAVEPER = 1 ~ ~ |\n"
)
SETTINGS = "from_model = true\nspread = 0.25\ngroups = []\nexcept = []\n"


def namesakes(folder: Path, tables: str) -> dict[str, tuple[float, float]]:
    """What varies, and from where to where."""
    (folder / "level.mdl").write_text(MODEL_OF_NAMESAKES)
    text = f'model = "level.mdl"\n[design]\nkind = "monte carlo"\nmembers = 4\n{tables}\n'
    sweep = read_sweep(spec(folder, text + '[outcomes]\n"end" = "FINAL(Level)"\n'))
    sweep.task()
    found = {f.name: f.distribution for f in sweep.design.factors}
    return {name: (d.low, d.high) for name, d in found.items()}


def test_settings_are_no_names(folder: Path) -> None:
    everything = dict.fromkeys(NAMESAKES.values(), (1.5, 2.5))
    assert namesakes(folder, f"[uncertainties]\n{SETTINGS}") == everything


@pytest.mark.parametrize("name", NAMESAKES.values())
def test_a_namesake_of_a_setting_is_constant_lever_or_uncertainty(folder: Path, name: str) -> None:
    rest = {n: (1.5, 2.5) for n in NAMESAKES.values() if n != name}
    key = f'"{name}"'
    own = f"[uncertainties]\n{SETTINGS}"
    assert namesakes(folder, f"[constants]\n{key} = 3\n{own}") == rest
    assert namesakes(folder, f"{own}{key} = [1, 4]") == rest | {name: (1.0, 4.0)}
    assert namesakes(folder, f"{own}[levers]\n{key} = {{low = 1, high = 4}}") == (
        rest | {name: (1.0, 4.0)}
    )


@pytest.mark.parametrize("key", ["from_model", "groups", "except", "spread"])
def test_a_namesake_may_be_spelled_as_the_setting_is(folder: Path, key: str) -> None:
    """A range says that it is a name; and then it is no setting."""
    assert namesakes(folder, f"[uncertainties]\n{key} = [1, 4]") == {key: (1.0, 4.0)}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("spread = true", "expected a number, got true"),
        ("from_model = 3", "expected true or false, got 3"),
        ("groups = 3", "expected a list of texts, got 3"),
        ('groups = ["a", 3]', "expected a list of texts, got one with 3 in it"),
        ('"Spread" = 3', r"a range or a table, got 3; write \[low, high\] or"),
        ('"Spread" = [1, 2]\n"spread " = [1, 2]', "also|twice"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused(folder: Path, line: str, said: str) -> None:
    text = f"[uncertainties]\n{SETTINGS}"
    for key in ("spread", "from_model", "groups"):
        if line.startswith(f"{key} ="):
            text = "\n".join(k for k in text.splitlines() if not k.startswith(f"{key} ="))
    with pytest.raises(ModelError, match=said):
        namesakes(folder, f"{text}\n{line}")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[0, 'x']", "expected a list of numbers, got one with 'x' in it"),
        ("[0, [1]]", "expected a list of numbers, got one with a list in it"),
        ("[true]", "expected a list of numbers, got one with true in it"),
        ("3", "expected a list of numbers, got 3"),
        ("{a = 1}", "expected a list of numbers, got a table"),
    ],
)
def test_a_list_with_something_else_in_it_says_what(folder: Path, value: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read_sweep(spec(folder, SPEC.replace("[0, 5]", value)))


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("[paths]\nQuota = 3", "write {times = [2000, 2020], low = 0, high = 5}"),
        ("[paths]\nQuota = [1, 2]", "write {times = [2000, 2020], low = 0, high = 5}"),
        ("[policies]\nhigh = 3", 'write {"Lever" = 2.5}, the values that this policy sets'),
    ],
)
def test_a_bare_number_is_shown_the_table_it_should_be(
    tmp_path: Path, line: str, remedy: str
) -> None:
    (tmp_path / "m.mdl").write_text(MODEL)
    spec = tmp_path / "s.toml"
    spec.write_text(
        'model = "m.mdl"\n[design]\nkind = "policies x draws"\n[design.draws]\n'
        'kind = "monte carlo"\nmembers = 4\n[uncertainties]\nRate = [0, 1]\n'
        '[outcomes]\nEnd = "FINAL(Level)"\n' + line
    )
    with pytest.raises(ModelError) as e:
        read_sweep(spec)
    assert str(e.value).startswith("s.toml:12: '")
    assert str(e.value).endswith(remedy)
