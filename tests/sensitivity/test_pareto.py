"""Fronts, volumes and searches whose answers are known."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sdsim.sensitivity.pareto import front, hypervolume, optimise


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
