"""Regret, order and detours on cases that can be done by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from sdsim.analyses.policy import rank, rank_stability, worse_before_better
from sdsim.base.errors import ModelError

NAMES = ("open", "half", "closed")


def test_regret_and_shares_by_hand() -> None:
    outcome = np.array([[1.0, 5.0, 3.0, np.nan], [2.0, 4.0, 3.0, 1.0], [0.0, 1.0, 3.0, 9.0]])
    found = rank(outcome, NAMES, "high", threshold=2.0)
    assert (found.used, found.left_out) == (3, 1)
    assert found.mean == pytest.approx([3, 3, 4 / 3])
    assert found.regret == pytest.approx(np.array([[1 / 3, 0.8, 1], [1 / 3, 0.8, 1], [2, 3.6, 4]]))
    assert found.best == pytest.approx([4 / 9, 4 / 9, 1 / 9])
    assert found.meets == pytest.approx([2 / 3, 1, 1 / 3])
    low = rank(outcome, NAMES, "low")
    assert low.order()[0] == 2
    assert low.regret[2, 2] == 0
    with pytest.raises(ModelError, match="no draw"):
        rank(np.full((3, 2), np.nan), NAMES, "low")
    with pytest.raises(ModelError, match="'high' or 'low'"):
        rank(outcome, NAMES, "up")


def test_intervals_hold_the_mean_and_seeds_are_seeds() -> None:
    outcome = np.random.default_rng(0).normal(size=(3, 500)) + np.array([[0], [1], [2]])
    a, b, c = (rank(outcome, NAMES, "high", seed=s) for s in (0, 0, 1))
    assert (a.mean_low < a.mean).all()
    assert (a.mean < a.mean_high).all()
    assert (a.mean_high - a.mean_low) == pytest.approx(np.full(3, 2 * 1.96 / 500**0.5), rel=0.2)
    assert (a.mean_low == b.mean_low).all()
    assert (a.mean_low != c.mean_low).any()
    clear = rank(outcome, NAMES, "high", threshold=1.5)
    n, p = 500, clear.meets
    wide = 2 * 1.96 * np.sqrt(p * (1 - p) / n)
    assert (clear.meets_high - clear.meets_low) == pytest.approx(wide, rel=0.2)
    p = clear.best
    wide = 2 * 1.96 * np.sqrt(p * (1 - p) / n)
    assert (clear.best_high - clear.best_low) == pytest.approx(wide, rel=0.2)
    assert (clear.regret_low < clear.regret[:, 0]).all()
    assert (clear.regret[:, 0] < clear.regret_high).all()
    narrow = rank(outcome, NAMES, "high", level=0.5)
    assert (narrow.mean_high - narrow.mean_low < a.mean_high - a.mean_low).all()


def test_the_truth_lies_in_the_interval_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(200):
        outcome = rng.normal(size=(2, 100)) + [[0], [0.5]]
        found = rank(outcome, NAMES[:2], "high", resamples=200, level=0.9, seed=seed)
        held += bool(found.mean_low[1] <= 0.5 <= found.mean_high[1])
    assert 0.82 < held / 200 < 0.96


def test_further_axes_are_ranked_at_once() -> None:
    """As one by one, save that a draw without one of the outcomes is left out of all."""
    outcome = np.random.default_rng(4).normal(size=(3, 40, 2, 5))
    outcome[1, 7, 0, 3] = np.inf
    found = rank(outcome, NAMES, "low", threshold=0.1)
    assert (found.used, found.left_out) == (39, 1)
    one = rank(np.delete(outcome, 7, axis=1)[:, :, 1, 2], NAMES, "low", threshold=0.1)
    for field in ("mean", "mean_low", "mean_high", "quantiles", "regret", "regret_low", "best",
                  "best_high", "meets", "meets_low"):  # fmt: skip
        assert getattr(found, field)[..., 1, 2] == pytest.approx(getattr(one, field)), field
    with pytest.raises(ModelError, match="no one order"):
        found.order()


def test_worse_before_better() -> None:
    time = np.linspace(0, 10, 101)
    base = np.tile(time, (2, 1))
    dip = base - np.sin(time / 10 * 1.5 * np.pi)  # below at first, above from 20/3 on
    always = base + 1
    late = base + np.sin(time / 10 * 1.5 * np.pi)  # better first, worse in the end
    found = worse_before_better(
        np.stack([base, dip, always, late]), time, ("base", "dip", "always", "late"), 0, "high"
    )
    assert found.share.tolist() == [0, 1, 0, 0]
    assert found.depth[1] == pytest.approx(0.1, abs=1e-3)
    assert found.until[1] == pytest.approx(20 / 3, abs=0.1)
    turned = worse_before_better(
        -np.stack([base, dip, always, late]), time, ("base", "dip", "always", "late"), 0, "low"
    )
    assert turned.share.tolist() == [0, 1, 0, 0]


def test_what_comes_first_counts_and_failed_draws_count_for_none() -> None:
    """By hand, range of the baseline 10. Twice wrong: -2, then -5 before it is clearly better;
    relapse: made good at 2, a later and deeper loss is no matter of the start."""
    time = np.arange(7.0)
    base = np.linspace(0, 10, 7)
    gains = np.array([
        [0, 0, 0, 0, 0, 0, 0], [0, -2, 0.05, -5, -1, 0, 4],
        [0, -2, 3, -5, -1, 0, 4], [0, 0.05, -2, 0, 0, 0, 0.05],
    ])  # fmt: skip
    series = np.repeat((base + gains)[:, None], 3, axis=1)
    series[2, 1, 4] = np.nan
    names = ("base", "twice", "relapse", "unrewarded")
    found = worse_before_better(series, time, names, 0, "high")
    assert found.share.tolist() == [0, 1, 1, 0]
    assert found.depth[1:3] == pytest.approx([0.5, 0.2])
    assert found.until[1:3].tolist() == [5, 2]
    assert (found.used, found.left_out) == (2, 1)
    deep = worse_before_better(series, time, names, 0, "high", tolerance=0.3)
    assert deep.share.tolist() == [0, 1, 0, 0]
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["depth"][0] is None


def test_a_flat_baseline_has_a_size() -> None:
    time = np.arange(4.0)
    gains = np.array([[[0, 0, 0, 0.0]], [[0, -1, 1, 4]]])
    assert worse_before_better(gains + 20, time, "ab", 0, "high").depth[1] == pytest.approx(1 / 20)
    assert worse_before_better(gains, time, "ab", 0, "high").depth[1] == pytest.approx(1 / 4)
    assert worse_before_better(0 * gains, time, "ab", 0, "high").share.tolist() == [0, 0]


def test_orders_that_stay_and_orders_that_turn() -> None:
    rng = np.random.default_rng(2)
    noise = 0.01 * rng.normal(size=(3, 50))
    same = np.array([[0.0], [1.0], [2.0]]) + noise
    other = np.array([[0.0], [2.0], [1.0]]) + noise
    found = rank_stability(np.stack([same, same, other]), ("a", "b", "c"), NAMES, "high")
    assert found.tau[0] == pytest.approx([1, 1, 1 / 3])
    assert dict(zip(map(tuple, found.pairs.tolist()), found.keeps, strict=True)) == pytest.approx(
        {(0, 1): 1.0, (0, 2): 1.0, (1, 2): 2 / 3}
    )
    assert found.agree == pytest.approx(np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0]]))
    assert (found.tau_low[0] == found.tau_high[0]).all()
    assert (found.used, found.left_out) == (50, 0)


def test_agreement_and_tau_against_their_definitions() -> None:
    rng = np.random.default_rng(8)
    outcome = np.round(rng.normal(size=(4, 6, 300)) + rng.normal(size=(4, 6, 1)) / 2, 1)
    outcome[2, 3, 5] = np.nan
    kept = np.delete(outcome, 5, axis=2)
    found = rank_stability(outcome, "wxyz", "abcdef", "low", resamples=500)
    assert found.left_out == 1
    mean = kept.mean(axis=2)
    for i in range(4):
        for j in range(4):
            assert found.tau[i, j] == pytest.approx(stats.kendalltau(mean[i], mean[j]).statistic)
    assert (found.tau_low <= found.tau + 1e-12).all()
    assert (found.tau <= found.tau_high + 1e-12).all()
    for k, (a, b) in enumerate(found.pairs.tolist()):
        first, second = (a, b) if mean[0, a] < mean[0, b] else (b, a)
        ahead = (kept[2, first] < kept[2, second]) + 0.5 * (kept[2, first] == kept[2, second])
        assert found.agree[2, k] == pytest.approx(ahead.mean())
        wide = 2 * 1.96 * ahead.std() / 299**0.5
        assert found.agree_high[2, k] - found.agree_low[2, k] == pytest.approx(wide, rel=0.25)
    same = rank_stability(outcome, "wxyz", "abcdef", "low", resamples=500, seed=0)
    assert (found.tau_low == same.tau_low).all()


def test_ties_in_order_are_those_of_scipy() -> None:
    mean = np.array([[1.0, 2, 2, 3], [1, 1, 2, 3], [2, 2, 2, 2]])
    found = rank_stability(np.repeat(mean[..., None], 3, axis=2), "xyz", "abcd", "high")
    assert found.tau[0, 1] == pytest.approx(stats.kendalltau(mean[0], mean[1]).statistic)
    assert np.isnan(found.tau[0, 2])
    assert json.loads(json.dumps(found.to_data(), allow_nan=False))["tau"][0][2] is None


def test_shapes_that_do_not_fit_are_refused() -> None:
    outcome = np.zeros((3, 5))
    with pytest.raises(ModelError, match="2 names of policies"):
        rank(outcome, NAMES[:2], "high")
    with pytest.raises(ModelError, match="2 names of worlds"):
        rank_stability(np.zeros((3, 3, 5)), "ab", NAMES, "high")
    with pytest.raises(ModelError, match="2 times for series"):
        worse_before_better(np.zeros((3, 5, 4)), np.arange(2), NAMES, 0, "high")
    with pytest.raises(ModelError, match="baseline 3"):
        worse_before_better(np.zeros((3, 5, 4)), np.arange(4), NAMES, 3, "high")
    with pytest.raises(ModelError, match="level"):
        rank(outcome, NAMES, "high", level=95)
