"""The report on a model's time step: errors known exactly, orders of convergence, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim.cli import main
from sdsim.run.step_size import check_steps, told

CONTROL = "INITIAL TIME=0~~|\nFINAL TIME={}~~|\nTIME STEP={}~~|\nSAVEPER={}~~|\n"


def decay(folder: Path, step: float, equations: str = "", saveper: float = 1) -> Path:
    path = folder / "decay.mdl"
    body = equations or "S=INTEG(-S/4,100)~~|\n"
    path.write_text("{UTF-8}\n" + body + CONTROL.format(8, step, saveper))
    return path


@pytest.mark.parametrize(("method", "order"), [(None, 1), (sdsim.RK4(), 4)])
def test_errors_and_orders_are_those_of_theory(tmp_path: Path, method, order: float) -> None:
    found = check_steps(sdsim.load(decay(tmp_path, 1.0)), method=method)
    (s,) = [o for o in found.off if o.name == "S"]
    time = np.arange(9.0)
    exact = 100 * np.exp(-time / 4)
    growth = 0.75 if order == 1 else 1 - 0.25 + 0.25**2 / 2 - 0.25**3 / 6 + 0.25**4 / 24
    error = np.abs(100 * growth**time - exact) / (exact[0] - exact[-1])
    assert s.error == pytest.approx(error.max(), rel=1e-3)
    assert s.at == time[error.argmax()]
    assert s.best == pytest.approx(exact[int(s.at)], rel=1e-6)
    assert s.order == pytest.approx(order, abs=0.25)
    assert bool(found.misled) == (order == 1)


def test_a_saveper_of_one_step_is_no_hindrance(tmp_path: Path) -> None:
    text = decay(tmp_path, 0.5).read_text().replace("SAVEPER=1", "SAVEPER=TIME STEP")
    (tmp_path / "decay.mdl").write_text(text)
    found = check_steps(sdsim.load(tmp_path / "decay.mdl"))
    (s,) = [o for o in found.off if o.name == "S"]
    assert s.order == pytest.approx(1, abs=0.1)


def test_a_fine_step_misleads_nobody(tmp_path: Path, capsys) -> None:
    path = decay(tmp_path, 1 / 128)
    assert main(["run", str(path), "--check-dt"]) == 0
    assert "no variable is off by more than 1%" in capsys.readouterr().out


def test_the_command_says_where_and_how_much(tmp_path: Path, capsys) -> None:
    path = decay(tmp_path, 1.0)
    assert main(["run", str(path), "--check-dt", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["misled"] == 1
    assert said["variables"][0]["name"] == "S"
    assert main(["run", str(path), "--check-dt", "--method", "adaptive"]) == 2
    assert "is about a fixed step" in capsys.readouterr().err


def test_chance_is_told_apart(tmp_path: Path) -> None:
    body = "S=INTEG(RANDOM UNIFORM(0,1,0)-S,1)~~|\n"
    found = check_steps(sdsim.load(decay(tmp_path, 0.5, body)))
    assert "random numbers" in found.notes[0]
    assert "quarter of the step" in found.against
    assert "note: random" in told(found)


def test_a_run_that_fails_is_no_report(tmp_path: Path) -> None:
    body = "S=INTEG(1/(4-Time),1)~~|\n"
    with pytest.raises(sdsim.ModelError, match="did not reach its end"):
        check_steps(sdsim.load(decay(tmp_path, 0.5, body)))
