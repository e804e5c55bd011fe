"""What `sdsim run MODEL` prints to a person, and what to a program."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from making import mdl

import sdsim
from sdsim.cli.main import main

MODEL = """
    d: a, b
    Stock[d] = INTEG(rate[d], 10)
    rate[d] = 1, 1000
    Level = INTEG(1, 0)
    y = Time * 2
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "m.mdl"
    path.write_text(mdl(MODEL, stop=100), encoding="utf-8")
    return str(path)


def test_a_short_table_has_the_stocks_at_some_times(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", model, "--show", "short"]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["Time", "Stock[a]", "Stock[b]", "Level"]
    assert [line.split()[0] for line in table[1:]] == [str(t) for t in range(0, 101, 10)]
    assert table[-1].split() == ["100", "110", "100,010", "100"]
    assert last == (
        "3 of 6 columns at 11 of 101 times; all: -o run.csv or --show all; some: -r NAMES"
    )


def test_a_terminal_gets_the_short_one_and_a_pipe_everything(
    model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["run", model]) == 0
    assert pd.read_csv(io.StringIO(capsys.readouterr().out)).shape == (101, 7)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["run", model]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 13
    assert main(["run", model, "--show", "all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 102
    assert main(["run", model, "-r", "y"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 102


def test_a_narrow_terminal_gets_fewer_columns(
    model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["run", model, "--show", "short", "-r", "y,Level,Stock,rate"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 40 for line in out[:-1])
    assert re.match(r"[1-5] of 6 columns", out[-1])


def test_without_stocks_what_moves_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(mdl("k = 3\ny = Time", stop=2), encoding="utf-8")
    assert main(["run", str(path), "--show", "short"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["Time", "y"]


def test_a_run_that_stopped_at_once_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(mdl("y = 1 / Time", stop=2), encoding="utf-8")
    assert main(["run", str(path), "--show", "short"]) == 0
    assert "0 of 0 times" in capsys.readouterr().out
    assert sdsim.simulate(sdsim.load(path)).status == "nonfinite"
