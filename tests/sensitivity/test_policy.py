"""Regret, order and trade-offs on cases that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim.errors import ModelError
from sdsim.sensitivity.pareto import front, hypervolume, optimise
from sdsim.sensitivity.policy import rank, rank_stability, worse_before_better

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


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_a_front_is_what_nothing_beats(rows: list[tuple[int, int, int]]) -> None:
    points = np.array(rows, dtype=float)
    kept = front(points, ("low", "high", "low"))
    y = points * [1, -1, 1]
    for i, p in enumerate(y):
        beaten = any((q <= p).all() and (q < p).any() for q in y)
        assert kept[i] == (not beaten)


def test_volumes_by_hand() -> None:
    assert hypervolume(np.array([[1, 3], [2, 2], [3, 1.0]]), (4, 4), ("low", "low")) == 6
    assert hypervolume(np.array([[1, 3], [9, 9]]), (4, 4), ("low", "low")) == 3
    cube = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0.0]])
    assert hypervolume(cube, (2, 2, 2), ("low",) * 3) == 4
    assert hypervolume(-cube, (-2, -2, -2), ("high",) * 3) == 4


def test_the_search_comes_near_the_known_front_in_whole_generations() -> None:
    calls = []

    def zdt1(x: np.ndarray) -> np.ndarray:
        calls.append(len(x))
        g = 1 + 9 * x[:, 1:].mean(axis=1)
        y = np.stack([x[:, 0], g * (1 - np.sqrt(x[:, 0] / g))], axis=1)
        y[x[:, 1] > 0.98] = np.nan
        return y

    def search(seed: int):
        return optimise(
            zdt1, list("abcde"), [0] * 5, [1] * 5, ("f", "g"), ("low", "low"), population=40,
            generations=60, seed=seed,
        )  # fmt: skip

    found = search(0)
    assert len(calls) == 60
    assert found.evaluations == sum(calls)
    assert 0 < found.failed < found.evaluations
    assert np.isfinite(found.y).all()
    assert front(found.y, ("low", "low")).all()
    best = hypervolume(np.c_[np.linspace(0, 1, 500), 1 - np.linspace(0, 1, 500) ** 0.5],
                       (1.1, 1.1), ("low", "low"))  # fmt: skip
    assert hypervolume(found.y, (1.1, 1.1), ("low", "low")) > 0.95 * best
    assert (search(0).x == found.x).all()
    assert search(1).x.shape != found.x.shape or (search(1).x != found.x).any()
