"""PAWN: exact distances, scipy's statistic and SALib on the same slices, the dummy."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from SALib.analyze import pawn as salib
from scipy.stats import ks_2samp

from sdsim.analyses import common
from sdsim.analyses.pawn import pawn
from sdsim.base.errors import ModelError

NAMES = ("a", "b", "c", "d")


def curved(x: np.ndarray) -> np.ndarray:
    return 3 * x[:, 0] - 2 * x[:, 1] + 5 * x[:, 2] * x[:, 0]


def sample(n: int = 2000, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 4))


def test_salib_finds_the_same_on_the_same_slices() -> None:
    """SALib leaves the largest value of a factor out of its last slice. Where that slice is not in
    the middle of the distances, the median is the same; else it can move by one run's share."""
    x = sample()
    y = curved(x)
    found = pawn(x, np.stack([y, -y], axis=1), NAMES, slices=10)
    problem = {"num_vars": 4, "names": list(NAMES), "bounds": [[0, 1]] * 4}
    theirs = salib.analyze(problem, x, y, S=10)
    assert found.median[[0, 2], 0] == pytest.approx(np.array(theirs["median"])[[0, 2]], abs=1e-12)
    for got, want in (
        (found.median, theirs["median"]), (found.largest, theirs["maximum"]),
        (found.mean, theirs["mean"]),
    ):  # fmt: skip
        assert got[:, 0] == pytest.approx(np.array(want), abs=1 / 200)
        assert got[:, 1] == pytest.approx(got[:, 0], abs=1e-12)


@pytest.mark.parametrize("rough", [False, True])
def test_distances_are_those_of_kolmogorov_and_smirnov(rough: bool) -> None:
    x = sample(500)
    y = np.round(curved(x), 0 if rough else 12)  # with many equal values, or none
    found = pawn(x, y, NAMES, slices=5)
    for j in range(4):
        edges = np.quantile(x[:, j], np.linspace(0, 1, 6))
        edges[-1] += 1
        inside = [(x[:, j] >= low) & (x[:, j] < high) for low, high in pairwise(edges)]
        want = [ks_2samp(y[rows], y).statistic for rows in inside]
        got = found.median[j], found.largest[j], found.mean[j]
        assert got == pytest.approx((np.median(want), max(want), np.mean(want)), abs=1e-12)


def test_the_output_itself_is_what_theory_says() -> None:
    """Known to lie in the k-th of ten tenths, an even output's distribution is off by
    max(k - 1, 10 - k) / 10."""
    y = (np.arange(1000) + 0.5) / 1000
    found = pawn(y[:, None], y, ["y"], slices=10)
    assert found.largest[0] == pytest.approx(0.9)
    assert found.median[0] == pytest.approx(0.7)
    assert found.mean[0] == pytest.approx(0.7)


def test_a_switch_has_a_slice_for_each_of_its_values() -> None:
    """A rare value too; one that hardly occurs is left out."""
    rng = np.random.default_rng(3)
    x = np.stack([rng.random(2000) < 0.03, np.arange(2000) < 3, np.ones(2000)], axis=1) * 1.0
    y = x[:, 0] + rng.random(2000)
    found = pawn(x, y, ["rare", "never", "same"])
    assert found.largest[0] == pytest.approx(1 - x[:, 0].mean(), abs=0.01)
    assert found.largest[1] < 0.01
    assert found.largest[2] == pytest.approx(0.0)


def test_what_does_nothing_stays_below_the_dummy_as_often_as_it_says() -> None:
    """One draw of it in 200 samples: 95 of 100, with a standard error of 0.016."""
    below = 0
    for seed in range(200):
        x = sample(300, seed)
        found = pawn(x, curved(x), NAMES, slices=6, seed=seed)
        below += int(found.median[3] < found.dummy)
        assert found.median[0] > found.dummy
    assert 0.89 < below / 200 < 0.99


def test_every_series_is_as_if_it_were_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x = sample(400)
    y = np.stack([curved(x), np.round(curved(x)), x[:, 3], x[:, 0] > 0.5], axis=1)
    y[7, 2] = np.nan
    whole = pawn(x, y.reshape(-1, 2, 2), NAMES, seed=5)
    assert whole.median.shape == (4, 2, 2)
    monkeypatch.setattr(common, "ROOM", 10_000)
    for s in range(4):
        alone = pawn(x, y[:, s], NAMES, seed=5)
        for name in ("median", "largest", "mean"):
            assert getattr(whole, name).reshape(4, 4)[:, s] == pytest.approx(getattr(alone, name))
        assert whole.dummy.ravel()[s] == pytest.approx(alone.dummy)
    assert whole.dummy[1, 1] < whole.dummy[0, 0]  # of two values there is less to differ
    again = pawn(x, y[:, 0], NAMES, seed=0)
    assert again.dummy == pawn(x, y[:, 0], NAMES).dummy
    assert again.dummy != whole.dummy[0, 0]


def test_what_is_not_finite_or_does_not_vary() -> None:
    x = sample(200)
    y = np.stack([curved(x)] * 4, axis=1)
    y[[3, 50, 60], 0] = np.nan, np.inf, -np.inf
    y[:101, 1] = np.nan
    y[:, 2] = 0.1
    found = pawn(x, y, NAMES)
    assert found.used.tolist() == [197, 99, 200, 200]
    assert found.left_out.tolist() == [3, 101, 0, 0]
    assert found.varies.tolist() == [True, True, False, True]
    assert np.isnan(found.median).all(axis=0).tolist() == [False, True, True, False]
    assert np.isnan(found.dummy).tolist() == [False, True, True, False]
    assert found.note == "fewer than 100 runs have finite outputs in 1 of 4 series"
    kept = np.delete(np.arange(200), [3, 50, 60])
    assert found.median[:, 0] == pytest.approx(pawn(x[kept], y[kept, 3], NAMES).median)
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["dummy"][1] is None
    assert data["factors"] == list(NAMES)


@pytest.mark.parametrize(
    ("rows", "how", "match"),
    [
        (99, {}, "99 runs in 10 slices"),
        (100, {"slices": 1}, "100 runs in 1 slices"),
        (100, {"shuffles": 0}, "0 shuffles"),
    ],
)
def test_too_little_is_refused(rows: int, how: dict, match: str) -> None:
    x = sample(rows)
    with pytest.raises(ModelError, match=match):
        pawn(x, curved(x), NAMES, **how)


def test_points_that_do_not_fit_are_refused() -> None:
    x = sample(100)
    with pytest.raises(ModelError, match="for 99 runs and 4 factors"):
        pawn(x, np.ones(99), NAMES)
    with pytest.raises(ModelError, match="for 100 runs and 3 factors"):
        pawn(x, np.ones(100), NAMES[:3])
    x[0, 0] = np.nan
    with pytest.raises(ModelError, match="finite value of each factor"):
        pawn(x, np.ones(100), NAMES)
