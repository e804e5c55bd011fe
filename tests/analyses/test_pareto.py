"""Fronts, volumes and searches whose answers are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymoo.indicators.hv import HV
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from sdsim.analyses.pareto import front, hypervolume, optimise
from sdsim.base.errors import ModelError


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
    assert hypervolume(np.array([[1, 1], [5, 0], [0, 5]]), (4, 4), ("low", "low")) == 9
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
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["levers"] == list("abcde")
    assert len(data["x"]) == len(data["y"])


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_fronts_of_many_points_are_those_of_pymoo(m: int) -> None:
    points = np.random.default_rng(m).integers(0, 30, (800, m)).astype(float)
    points[::50] = np.nan
    points[1::50, 0] = -np.inf
    kept = front(points, ("low",) * m)
    good = np.flatnonzero(np.isfinite(points).all(axis=1))
    sorting = NonDominatedSorting().do(points[good], only_non_dominated_front=True)
    assert set(np.flatnonzero(kept)) == set(good[sorting])


@pytest.mark.parametrize("m", [2, 3])
def test_volumes_are_those_of_pymoo(m: int) -> None:
    rng = np.random.default_rng(m)
    points = rng.random((60, m)) * [1, 10, 100][:m]
    reference = np.array([0.9, 8, 95])[:m]
    expected = HV(ref_point=reference)(points)
    assert hypervolume(points, reference, ("low",) * m) == pytest.approx(expected)
    assert hypervolume(-points, -reference, ("high",) * m) == pytest.approx(expected)
    holed = np.vstack([points, np.full(m, np.nan), np.full(m, -np.inf)])
    assert hypervolume(holed, reference, ("low",) * m) == pytest.approx(expected)
    assert hypervolume(points + 1000, reference, ("low",) * m) == 0


def test_high_and_low_are_met_and_sizes_do_not_matter() -> None:
    """Benefit x and cost x squared, in units of 1e40: every x in the range is a trade-off; the
    second lever only costs."""
    state = np.random.get_state()[1].copy()

    def evaluate(x: np.ndarray) -> np.ndarray:
        y = 1e40 * np.stack([x[:, 0], x[:, 0] ** 2 + x[:, 1]], axis=1)
        x[:] = np.nan  # its own copy to spoil
        return y

    found = optimise(
        evaluate, ["do", "waste", "fixed"], [-1, 0, 7], [2, 5, 7], ["gain", "cost"],
        ["high", "low"], population=24, generations=40, seed=3,
    )  # fmt: skip
    assert found.failed == 0
    assert (found.x[:, 1] < 0.2).all()
    assert (found.x[:, 0] > -0.1).all()
    assert found.x[:, 0].max() > 1.9
    assert found.x[:, 0].min() < 0.1
    assert (found.x[:, 2] == 7).all()
    assert found.y[:, 0] == pytest.approx(1e40 * found.x[:, 0])
    assert (np.diff(found.y[:, 0]) >= 0).all()
    assert (np.random.get_state()[1] == state).all()


def test_searches_that_cannot_be_are_refused() -> None:
    def search(evaluate=lambda x: x, levers="ab", low=(0, 0), high=(1, 1), better=("low", "low")):
        return optimise(
            evaluate, list(levers), low, high, "fg", better, population=8, generations=2
        )

    with pytest.raises(ModelError, match="none of the 16 runs of the search"):
        search(lambda x: np.full_like(x, np.nan))
    with pytest.raises(ModelError, match=r"outcomes of shape \(8,\), expected \(8, 2\)"):
        search(lambda x: x[:, 0])
    with pytest.raises(ModelError, match="'b': from 2 to 1 is not a range"):
        search(low=(0, 2))
    with pytest.raises(ModelError, match="got 1, 2 and 2"):
        search(low=(0,))
    with pytest.raises(ModelError, match="needs levers"):
        search(levers="", low=(), high=())
    with pytest.raises(ModelError, match="better must be 'high' or 'low', got 'up'"):
        search(better=("up", "low"))
    with pytest.raises(ModelError, match="4 outcomes, expected 2 or 3"):
        hypervolume(np.zeros((2, 4)), (1,) * 4, ("low",) * 4)
    with pytest.raises(ModelError, match="expected 2 finite numbers"):
        hypervolume(np.zeros((2, 2)), (1, np.inf), ("low",) * 2)
    with pytest.raises(ModelError, match="for 3 outcomes"):
        front(np.zeros((2, 2)), ("low",) * 3)
