"""`sdsim sensitivity`: what it refuses before it runs, what it says, and how it stops."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sdsim.base.numerals import listed, shown, style_of
from sdsim.cli import main
from sdsim.sweeps import faults

MODEL = """{UTF-8}
Kind: K1*20 ~ |
Level = INTEG(Gain - Level / Delay, 0) ~ thing ~ |
Gain = Rate * Other ~ thing/Year ~ |
Own[Kind] = Level * Kind ~ thing ~ |
Rate = 1 ~ thing/Year [0,1] ~ |
Other = 0.5 ~ 1 [0,1] ~ |
Delay = 4 ~ Year ~ |
Still = 3 + 0 * Level ~ thing ~ |
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 10 ~ Year ~ |
TIME STEP = 0.5 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
""".replace("K1*20", "(K1-K20)")
SPEC = """
model = "level.mdl"
[design]
{design}
[uncertainties]
"Rate" = [0, 1]
"Other" = [0, 1]
[outcomes]
"the level" = {{expression = "FINAL(Level)", units = "thing", better = "high"}}
"high" = "FINAL(Level) > 1"
"still" = "FINAL(Still)"
[save]
variables = {save}
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A spec with a design, beside its model."""

    def make(design: str, save: str = "[]") -> Path:
        (tmp_path / "level.mdl").write_text(MODEL)
        (tmp_path / "spec.toml").write_text(SPEC.format(design=design, save=save))
        return tmp_path / "spec.toml"

    return make


SALTELLI = 'kind = "saltelli"\nbase = 64\nsecond_order = true'


@pytest.mark.parametrize(
    ("what", "status", "line"), [("interrupt", 130, "interrupted"), ("stop", 143, "terminated")]
)
def test_told_to_stop_it_lets_go_of_the_store_and_goes_on(
    write: Write, tmp_path: Path, what: str, status: int, line: str
) -> None:
    spec, store = write('kind = "latin hypercube"\nmembers = 400'), tmp_path / "store"
    command = [sys.executable, "-m", "sdsim", "sensitivity", str(spec), "-o", str(store)]
    fault = json.dumps([{"at": "entered", "number": 1, "do": what}])
    done = subprocess.run(
        [*command, "--jobs", "2"], env={**os.environ, faults.VARIABLE: fault},
        capture_output=True, text=True, timeout=6000,
    )  # fmt: skip
    assert done.returncode == status
    assert done.stderr == (
        f"{line}; what is finished is kept: the same command with --resume goes on\n"
    )
    assert not (store / ".holder").exists()
    assert main([*command[3:], "--resume", "--jobs", "0"]) == 0


def test_terminated_without_a_store_it_is_one_line(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signal comes while the sweep is analysed."""
    spec = write('kind = "morris"\ntrajectories = 8')

    def stop(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("sdsim.api.sweeps.study", stop)
    assert main(["sensitivity", str(spec)]) == 143
    assert capsys.readouterr().err == "terminated\n"
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    "module", ["sdsim.base.version", "sdsim.cli.main", "sdsim.cli.check_command", "sdsim.run"]
)
def test_ctrl_c_while_a_command_starts_is_one_line(tmp_path: Path, module: str) -> None:
    """As if it came in the middle of an import."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == '{module}':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path[:1], os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "sdsim", "--version"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": path}, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ('kind = "latin hypercube"\nmembers = 60', "60 members are too few.*take at least 100"),
        ('kind = "saltelli"\nbase = 4', "4 base points are too few.*take at least 8"),
        ('kind = "morris"\ntrajectories = 3', "3 trajectories are too few.*take at least 4"),
    ],
)
def test_too_few_members_are_refused_before_any_runs(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], design: str, words: str
) -> None:
    spec = write(design)
    assert main(["sensitivity", str(spec), "-o", str(tmp_path / "store")]) == 2
    assert re.fullmatch(rf"spec\.toml:5: 'design\.\w+': {words}\n", capsys.readouterr().err)
    assert not (tmp_path / "store").exists()


def test_nothing_to_rank_by_is_refused_before_any_runs(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write('kind = "policies x draws"\ndraws = {kind = "latin hypercube", members = 8}')
    text = spec.read_text().replace(', better = "high"', "").replace("[uncertainties]",
        '[policies."none"]\n"Delay" = 4\n[uncertainties]')  # fmt: skip
    spec.write_text(text)
    assert main(["sensitivity", str(spec)]) == 2
    assert 'write better = "high" or "low"' in capsys.readouterr().err


def test_a_plot_makes_no_folder_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "run.csv"
    result.write_text("time,a\n0,1\n1,2\n")
    assert main(["plot", str(result), "-o", str(tmp_path / "nope" / "x.html")]) == 2
    assert "no folder" in capsys.readouterr().err
    assert not (tmp_path / "nope").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--level", "2"], "level is 2, expected between 0 and 1"),
        (["--resamples", "0"], "0 resamples, expected at least 2"),
        (["--resume"], "name it: -o STORE"),
        (["--page", "{}/nope/x.html"], "no folder"),
        (["--page", "{}/x.pdf"], "cannot write '.pdf'; use .html"),
    ],
)
def test_senseless_options_are_refused_before_any_runs(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    """With a design that has no use for an interval, too; the outcomes would be printed."""
    spec = write('kind = "one at a time"')
    assert main(["sensitivity", str(spec), *(m.format(tmp_path) for m in more)]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not (tmp_path / "nope").exists()


def test_pairs_that_act_together_are_listed_and_those_of_chance_are_not(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """The level is proportional to Rate * Other, both uniform on [0, 1]."""
    spec = write(SALTELLI.replace("64", "2048"))
    assert main(["sensitivity", str(spec), "--resamples", "100"]) == 0
    out = capsys.readouterr().out
    level = out.partition("\nhigh:")[0]
    assert "1 of 1 pairs of factors are above what chance gives" in level
    found = re.search(r"Rate x Other +(\S+) \[(\S+), (\S+)\]", level)
    assert found is not None
    # Var(R) E(O)^2 = E(R)^2 Var(O) = 3/144, Var(R) Var(O) = 1/144.
    value, low, high = (float(v) for v in found.groups())
    assert low <= 1 / 7 <= high
    assert value == pytest.approx(1 / 7, abs=0.05)


@pytest.mark.parametrize("design", [
    'kind = "latin hypercube"\nmembers = 200', 'kind = "morris"\ntrajectories = 8',
    'kind = "one at a time"', SALTELLI,
])  # fmt: skip
def test_what_does_not_vary_is_said_once_and_not_shown(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], design: str
) -> None:
    page = tmp_path / "page.html"
    assert main(["sensitivity", str(write(design)), "--page", str(page), "--resamples", "20"]) == 0
    out = capsys.readouterr().out
    assert out.count("still") == 1
    assert "note: still does not vary" in out
    assert "nan" not in out
    assert "the level (thing): " in out
    text = page.read_text(encoding="utf-8")
    assert text[text.index("<body>") :].count("still") == 1


def test_elements_are_followed_over_time_and_what_is_left_out_is_said(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write(SALTELLI, '["Level", "Own", "Still"]')
    assert main(["sensitivity", str(spec), "--json", "--resamples", "20"]) == 0
    data = json.loads(capsys.readouterr().out)
    followed = [f"Own[K{n}]" for n in range(9, 21)]
    assert list(data["over_time"]) == ["Level", *followed]
    assert data["time_unit"] == "Year"
    same = [data["over_time"][name]["total"]["value"][0][5] for name in ("Level", "Own[K9]")]
    assert same[0] == pytest.approx(same[1])
    assert any(
        n.startswith("Own over time: the 12 of 20 elements that vary most; left out: Own[K8], ")
        and n.endswith("and 5 others")
        for n in data["notes"]
    )
    assert "over time, Still does not vary" in data["notes"]


def test_saved_series_that_a_method_does_not_look_at_are_named(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sensitivity", str(write('kind = "one at a time"', '["Level"]'))]) == 0
    assert "saved series (Level) are analysed in saltelli designs only" in capsys.readouterr().out


def test_a_box_says_conditions_and_not_where_the_sample_ends(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """The level is high where Rate and Other are: there is no condition from above."""
    assert main(["sensitivity", str(write('kind = "latin hypercube"\nmembers = 400'))]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("high: holds in"))
    found = sorted(lines[at + 1 : at + 3])
    assert re.fullmatch(r"  Other >= 0\.\d+  Rate >= 0\.\d+", "".join(found))


def test_a_model_without_groups_says_so(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    spec = write('kind = "morris"\ntrajectories = 8')
    spec.write_text(spec.read_text().replace(
        "[uncertainties]", '[uncertainties]\nfrom_model = true\ngroups = ["Biology"]'
    ))  # fmt: skip
    assert main(["sensitivity", str(spec)]) == 2
    err = capsys.readouterr().err
    assert "the model has no groups, so none is called 'Biology'; leave 'groups' out" in err


def test_numbers_that_stand_together_have_one_style() -> None:
    style = style_of([1764.2, 894.04, 0.01234, -12.5, 2e-9], digits=3)
    assert [style(v) for v in (1764.2, 894.04, 0.01234, -12.5, 2e-9, 0.0)] == [
        "1,764", "894", "0.0123", "-12.5", "0", "0",
    ]  # fmt: skip
    assert style(0.000123) == "0.000123"
    assert style.signed(12.5) == "+12.5"
    assert [shown(v) for v in (1e6 - 1, 123456.7, 0.001, 999.96, 1234567890.0)] == [
        "999,999", "123,457", "0.001", "1,000", "1,234,567,890",
    ]  # fmt: skip
    assert [shown(v, 3) for v in (1.234e-7, 5.5e13, float("nan"))] == ["1.23e-7", "5.5e13", "n/a"]


def test_lists_name_the_first_and_count_the_rest() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a", "b", "c", "d"]) == "a, b, c, d"
    assert listed([*"abcdef"]) == "a, b, c and 3 others"
