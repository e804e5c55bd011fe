"""PAWN and the tornado: known effects, SALib on the same runs."""

from __future__ import annotations

import numpy as np
import pytest
from SALib.analyze import pawn as salib_pawn

from sdsim.design import OneAtATime, Uncertainty, Uniform
from sdsim.sensitivity.pawn import pawn
from sdsim.sensitivity.tornado import tornado

NAMES = ("a", "b", "c", "d")


def factors(group: bool = False) -> tuple[Uncertainty, ...]:
    return tuple(
        Uncertainty(n, Uniform(0, 1), group="ab" if group and n in "ab" else n) for n in NAMES
    )


def curved(x: np.ndarray) -> np.ndarray:
    return 3 * x[:, 0] - 2 * x[:, 1] + 5 * x[:, 2] * x[:, 0]


def test_pawn_against_salib_and_the_dummy() -> None:
    rng = np.random.default_rng(4)
    x = rng.random((2000, 4))
    y = curved(x)
    found = pawn(x, np.stack([y, -y], axis=1), NAMES, slices=10)
    problem = {"num_vars": 4, "names": list(NAMES), "bounds": [[0, 1]] * 4}
    theirs = salib_pawn.analyze(problem, x, y, S=10)
    assert found.median[:, 0] == pytest.approx(np.array(theirs["median"]), abs=0.01)
    assert found.largest[:, 0] == pytest.approx(np.array(theirs["maximum"]), abs=0.01)
    assert found.median[3, 0] < found.dummy[0] < found.median[2, 0]
    assert found.median[:, 1] == pytest.approx(found.median[:, 0], abs=0.01)


def test_pawn_of_the_output_itself_is_what_theory_says() -> None:
    """Known to lie in one tenth, a uniform output's distribution is off by 0.45 to 0.9."""
    y = (np.arange(1000) + 0.5) / 1000
    found = pawn(y[:, None], y, ["y"], slices=10)
    assert found.largest[0] == pytest.approx(0.9, abs=0.002)
    assert found.median[0] == pytest.approx(0.65, abs=0.06)


def test_a_tornado_of_a_plane() -> None:
    design = OneAtATime(factors(), draws=50, seed=0)
    x = design.values(0, design.count)
    found = tornado(np.stack([curved(x), x @ np.array([1.0, 0, 0, -4])], axis=1), NAMES)
    assert found.centre == pytest.approx([3 / 2 - 1 + 5 / 4, -1.5])
    assert found.low[:, 1] == pytest.approx([-0.5, 0, 0, 2])
    assert found.high[:, 1] == pytest.approx([0.5, 0, 0, -2])
    assert found.order(1)[:2] == [3, 0]
    assert found.high[0, 0] == pytest.approx(0.5 * (3 + 2.5))
    assert found.high_band[0, 0, 0] < found.high[0, 0] < found.high_band[1, 0, 0]
