"""Where a behaviour lies, on samples in which it was put there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sdsim.analyses.regional import Regional, regional
from sdsim.base.errors import ModelError

NAMES = ("up", "down", "core", "rim", "idle")


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    return np.random.default_rng(3).random((2000, 5)) * [1, 10, 100, 1, 1] + [0, 5, -50, 0, 0]


def test_distance_of_a_cut_is_known(sample: np.ndarray) -> None:
    """Behaviour is `up` in its upper 30 %: there the two distributions do not overlap."""
    found = regional(sample, sample[:, 0] > 0.7, NAMES)
    assert found.distance[0] == 1
    assert found.shift[0] == pytest.approx(0.5, abs=0.03)
    assert found.direction[0] == "high"
    assert found.p[0] < 1e-100
    assert found.distance[1:].max() < 0.1
    assert found.p[1:].min() > 1e-3
    assert found.order()[0] == 0
    assert (found.behaving, found.of) == (int((sample[:, 0] > 0.7).sum()), 2000)


@pytest.mark.parametrize(
    ("column", "case", "expected"),
    [
        (1, lambda v: v < 8, "low"),
        (1, lambda v: v > 8, "high"),
        (2, lambda v: abs(v) < 20, "middle"),
        (3, lambda v: abs(v - 0.5) > 0.3, "ends"),
    ],
)
def test_direction(sample: np.ndarray, column: int, case, expected: str) -> None:
    found = regional(sample, case(sample[:, column]), NAMES)
    assert found.direction[column] == expected
    assert found.order()[0] == column


def test_distance_by_hand() -> None:
    """Shares at most 1/2 apart: behaving 1, 2, 3, 6 against 4, 5, 2, 7 (scaled, shifted: alike)."""
    x = np.array([[1.0, 2, 3, 6, 4, 5, 2, 7]]).T
    behaves = np.array([True] * 4 + [False] * 4)
    for scaled in (x, 1000 * x - 7):
        found = regional(scaled, behaves, ["a"])
        assert found.distance == pytest.approx([0.5])
        assert found.direction == ("low",)
        assert found.shift == pytest.approx([(2.5 - 4.5) / 6])


def test_a_constant_has_no_direction(sample: np.ndarray) -> None:
    x = np.c_[sample[:, 0], np.full(2000, 3.0)]
    found = regional(x, x[:, 0] > 0.5, ("up", "fixed"))
    assert found.direction == ("high", "")
    assert (found.distance[1], found.shift[1], found.p[1]) == (0, 0, 1)


def test_plain_data(sample: np.ndarray) -> None:
    found: Regional = regional(sample, sample[:, 3] > 0.5, NAMES)
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["factors"] == list(NAMES)
    assert data["order"][0] == 3
    assert data["direction"][3] == "high"


def test_refusals(sample: np.ndarray) -> None:
    with pytest.raises(ModelError, match="2000 of 2000 runs behave: nothing to compare"):
        regional(sample, np.ones(2000, bool), NAMES)
    with pytest.raises(ModelError, match="4 names for 5 columns"):
        regional(sample, sample[:, 0] > 0.5, NAMES[:4])
    with pytest.raises(ModelError, match=r"flags of shape \(3,\)"):
        regional(sample, np.ones(3, bool), NAMES)
    holed = sample.copy()
    holed[:7, 2] = np.nan
    with pytest.raises(ModelError, match="'core': 7 of 2,000 runs"):
        regional(holed, sample[:, 0] > 0.5, NAMES)
