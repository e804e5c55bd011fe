"""PAWN and the tornado: known effects, SALib on the same runs."""

from __future__ import annotations

import numpy as np
import pytest

from sdsim.analyses.tornado import tornado
from sdsim.design import OneAtATime, Uncertainty, Uniform

NAMES = ("a", "b", "c", "d")


def factors(group: bool = False) -> tuple[Uncertainty, ...]:
    return tuple(
        Uncertainty(n, Uniform(0, 1), group="ab" if group and n in "ab" else n) for n in NAMES
    )


def curved(x: np.ndarray) -> np.ndarray:
    return 3 * x[:, 0] - 2 * x[:, 1] + 5 * x[:, 2] * x[:, 0]


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
