"""DELAY N: its order may change, and is at most the delay time over TIME STEP."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sdsim import System, simulate
from sdsim.base.errors import ModelError

Make = Callable[..., System]


@pytest.mark.parametrize("order", ["3", "2", "three", "IF THEN ELSE(Time < 3, 3, 5)"])
def test_the_order_is_at_most_the_delay_time_in_steps(system: Make, order: str) -> None:
    """Vensim's stored output of SDXorg's test delay_pipeline: order 3 in 2.5 steps is order 2."""
    text = f"x = -1 + STEP(5, 5)\ny = DELAY N(x, 1.25, 6, {order})\nthree = 3"
    y = simulate(system(text, stop=8, step=0.5))["y"].values
    said = [6, 6, 1.52, -0.272, -0.8096, -0.95296, -0.9888, -0.997402, -0.999409]
    np.testing.assert_allclose(y[:9], said, rtol=1e-6)
    np.testing.assert_allclose(y[12:16], [2.2, 3.48, 3.864, 3.9664], rtol=1e-6)


def test_of_as_many_steps_as_its_order_it_is_a_pipeline(system: Make) -> None:
    """The same file: DELAY N(x, 1.5, 6, 3) at TIME STEP 0.5."""
    y = simulate(system("x = -1 + STEP(5, 5)\ny = DELAY N(x, 1.5, 6, 3)", stop=8, step=0.5))["y"]
    assert y.values.tolist() == [6] * 3 + [-1] * 10 + [4] * 4


def test_a_longer_time_step_chosen_for_a_run_counts(system: Make) -> None:
    made = system("x = STEP(5, 1)\ny = DELAY N(x, t, 0, 4)\nz = DELAY N(x, t, 0, 2)\nt = 8")
    for t, same in ((8, False), (2, True), (1.5, True)):
        run = simulate(made, {"t": t})
        assert (run["y"].values.tolist() == run["z"].values.tolist()) is same


@pytest.mark.parametrize(
    "order", ["1 + STEP(3, 4)", "4 - STEP(3, 4)", "steps(Time)", "MIN(Time, 6)", "MAX(1, 5 - Time)"]
)
def test_all_that_goes_in_comes_out(system: Make, order: str) -> None:
    text = f"""
        steps((0,1),(3,4),(5,2),(7,6),(9,1))
        x = STEP(4, 1) - STEP(4, 8)
        y = DELAY N(x, 3, 2, {order})
        inside = INTEG(x - y, 2 * 3)
        out = INTEG(y, 0)
    """
    run = simulate(system(text, stop=80, step=0.25))
    assert run["y"].values[0] == pytest.approx(2)
    assert (run["y"].values >= 0).all()
    assert run["out"].values[-1] == pytest.approx(4 * 7 + 6, rel=1e-6)
    assert run["inside"].values[-1] == pytest.approx(0, abs=1e-5)


def test_an_order_without_a_known_limit_is_refused(system: Make) -> None:
    text = "s = INTEG(1, 0)\ny = DELAY N(1, 2, 3, s)"
    with pytest.raises(ModelError, match="the order changes, and its limit is none that is known"):
        simulate(system(text))
    assert simulate(system(text.replace("3, s", "3, MIN(s, 5)")))["y"].values[0] == 3
