"""Outcomes and sweeps say what is wrong with their arguments when they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sweeping import FACTORS, MODEL

import sdsim
from sdsim import LatinHypercube, ModelError, Outcome, Sweep

END = (Outcome("end", "FINAL(Level)"),)
DESIGN = LatinHypercube(FACTORS, 4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("", "x"), "an outcome: expected a name, got ''; write sdsim.Outcome("),
        ((3, "x"), "an outcome: expected a name, got 3"),
        (("a", 3), "'a': expression: expected text, got 3; write it in quotes"),
        (("a", "x", 3), "'a': units: expected text, got 3"),
        (("a", "x", "", "lower"), "'a': better: expected 'high' or 'low', got 'lower'"),
        (("a", "x", "", True), "'a': better: expected 'high' or 'low', got true"),
    ],
)
def test_an_outcome_is_checked_when_made(given: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ModelError) as e:
        Outcome(*given)
    assert said in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("better", ["", "high", "low"])
def test_every_direction_can_be_made(better: str) -> None:
    assert Outcome("a", "x", better=better).better == better


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (0, "level.mdl", "expected a model, got 'level.mdl'; write sdsim.load("),
        (1, {"Rate": (1, 2)}, "expected a design, got a table; write sdsim.LatinHypercube("),
        (1, LatinHypercube, "expected a design, got"),
        (2, {"end": "FINAL(x)"}, "expected a tuple of outcomes, got a table; write (sdsim.Outcome"),
        (2, END[0], "expected a tuple of outcomes, got an Outcome; write (sdsim.Outcome"),
        (2, ("FINAL(x)",), "expected outcomes, got 'FINAL(x)'; write (sdsim.Outcome"),
        (3, {"Start": 5}, "expected params as Overrides, got a table; write sdsim.Overrides("),
    ],
)
def test_a_sweep_is_checked_when_made(tmp_path: Path, place: int, value: Any, said: str) -> None:
    (tmp_path / "level.mdl").write_text(MODEL)
    right: list[Any] = [sdsim.load(tmp_path / "level.mdl"), DESIGN, END, sdsim.Overrides()]
    assert Sweep(*right).task().count == 4
    right[place] = value
    with pytest.raises(ModelError) as e:
        Sweep(*right)
    assert f"a sweep: {said}" in str(e.value)
