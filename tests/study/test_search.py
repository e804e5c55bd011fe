"""Searches for policies on a model whose front is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdsim.base.errors import ModelError
from sdsim.study.search import judged, search
from sdsim.sweeps import Sweep, read_sweep

MODEL = """{UTF-8}
Share=0.5~~|
Bend=0~~|
Doubt=1~~|
Left=INTEG(Doubt*Share/10,0)~~|
Right=INTEG((1-Share-(Bend-0.3)^2)/10,0)~~|
INITIAL TIME=0~~|
FINAL TIME=10~~|
TIME STEP=1~~|
SAVEPER=1~~|
"""
SPEC = """model = "known.mdl"
[design]
kind = "latin hypercube"
members = 8
[levers]
"Share" = [0, 1]
[paths]
"Bend" = {times = [0, 5], low = -1, high = 1}
[uncertainties]
"Doubt" = [0.5, 1.5]
[outcomes]
"left" = {expression = "FINAL(Left)", better = "high"}
"right" = {expression = "FINAL(Right)", better = "high"}
"other" = "FINAL(Left)"
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    (tmp_path / "known.mdl").write_text(MODEL)
    path = tmp_path / "known.toml"
    path.write_text(SPEC)
    return read_sweep(path)


def test_the_front_is_where_theory_says(sweep: Sweep) -> None:
    """left = share on average, right = 1 - share where the bend's path stays at 0.3."""
    found = search(sweep, ["left", "right"], draws=64, population=40, generations=40)
    assert found.levers == ("Share", "Bend in 0", "Bend in 5")
    assert found.y.sum(axis=1) == pytest.approx(1, abs=0.04)
    assert np.ptp(found.y[:, 0]) > 0.9
    assert np.median(found.x[:, 1:], axis=0) == pytest.approx(0.3, abs=0.1)


def test_draws_are_the_same_for_every_policy(sweep: Sweep) -> None:
    x = np.array([[0.5, 0.3, 0.3], [1.0, 0.3, 0.3]])
    found = judged(sweep, x, draws=16)
    assert found.shape == (2, 16, 3)
    np.testing.assert_allclose(found[1, :, 0], 2 * found[0, :, 0], rtol=1e-12)
    assert np.ptp(found[0, :, 0]) > 0.3
    np.testing.assert_array_equal(judged(sweep, x[1:], draws=16)[0], found[1])


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["left"], "1 outcomes, expected 2 or 3"),
        (["left", "rigth"], "no outcome 'rigth'"),
        (["left", "other"], "has no direction"),
    ],
)
def test_refusals(sweep: Sweep, names: list[str], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        search(sweep, names)


@pytest.mark.parametrize("asked", [{"jobs": 2}, {"resume": True}, {"dask": "local"}])
def test_what_a_sweep_in_memory_would_not_do_is_refused(asked: dict[str, object]) -> None:
    """It runs in this process: workers need a store to write to."""
    from sdsim.sweeps import drive

    with pytest.raises(ModelError, match=f"{next(iter(asked))} needs a store"):
        drive.run_sweep(None, **asked)  # type: ignore[arg-type]
