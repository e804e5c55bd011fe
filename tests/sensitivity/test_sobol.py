"""Indices of variance: functions whose indices are known, SALib on the same runs, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from SALib.analyze import sobol as salib

from sdsim.design import Saltelli, Uncertainty, Uniform
from sdsim.sensitivity.sobol import convergence, sobol


def design(low: float, high: float, k: int, base: int, second: bool = False, seed: int = 0):
    factors = tuple(Uncertainty(f"x{i}", Uniform(low, high)) for i in range(k))
    made = Saltelli(factors, base, seed=seed, second_order=second)
    return made, made.values(0, made.count)


def ishigami(x: np.ndarray, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


#: Ishigami and Homma 1990: variance and its parts in closed form.
D = 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18 + 0.5
V1 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2
V2 = 7**2 / 8
V13 = 0.01 * np.pi**8 * (1 / 18 - 1 / 50)
FIRST = np.array([V1, V2, 0.0]) / D
TOTAL = np.array([V1 + V13, V2, V13]) / D

G = np.array([0.0, 0.5, 3.0, 9.0, 99.0])


def sobol_g(x: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4 * x - 2) + G) / (1 + G), axis=1)


def test_ishigami() -> None:
    made, x = design(-np.pi, np.pi, 3, 4096, second=True)
    found = sobol(ishigami(x), [f.name for f in made.factors], second_order=True)
    for got, true in ((found.first, FIRST), (found.total, TOTAL)):
        assert got.value == pytest.approx(true, abs=0.02)
        assert (got.low - 0.005 <= true).all()
        assert (true <= got.high + 0.005).all()
    assert found.second is not None
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.second.value == pytest.approx([0, V13 / D, 0], abs=0.03)


def test_the_error_shrinks_with_the_number_of_base_points() -> None:
    made, x = design(-np.pi, np.pi, 3, 8192)
    found = convergence(ishigami(x), [f.name for f in made.factors], resamples=50)
    assert sorted(found) == [1024, 2048, 4096, 8192]
    width = [np.max(s.total.high - s.total.low) for _, s in sorted(found.items())]
    assert width[0] > 1.5 * width[-1]
    error = [np.abs(s.total.value - TOTAL).max() for _, s in sorted(found.items())]
    assert error[-1] < 0.01


def test_sobol_g() -> None:
    made, x = design(0, 1, 5, 4096)
    found = sobol(sobol_g(x), [f.name for f in made.factors])
    part = 1 / (3 * (1 + G) ** 2)
    whole = np.prod(1 + part) - 1
    assert found.first.value == pytest.approx(part / whole, abs=0.02)
    others = np.array([np.prod(np.delete(1 + part, i)) for i in range(5)])
    assert found.total.value == pytest.approx(part * others / whole, abs=0.02)


@pytest.mark.parametrize("second", [False, True])
def test_salib_gets_the_same_from_the_same_runs(second: bool) -> None:
    made, x = design(-np.pi, np.pi, 3, 256, second=second)
    y = ishigami(x)
    names = [f.name for f in made.factors]
    found = sobol(y, names, second_order=second, resamples=10)
    # SALib divides by the deviation of all runs, ours takes the variance of A and B: the same
    # products, another denominator; that of A and B is its `np.var(np.r_[A, B])`.
    z = (y - y.reshape(256, -1).mean()) / y.std()
    problem = {"num_vars": 3, "names": names, "bounds": [[-np.pi, np.pi]] * 3}
    theirs = salib.analyze(problem, z, calc_second_order=second, num_resamples=10, seed=1)
    assert found.first.value == pytest.approx(theirs["S1"], abs=1e-10)
    assert found.total.value == pytest.approx(theirs["ST"], abs=1e-10)
    if second:
        pairs = [theirs["S2"][i, j] for i, j in found.pairs]
        assert found.second is not None
        assert found.second.value == pytest.approx(pairs, abs=1e-10)


def test_an_additive_function_has_no_interactions() -> None:
    made, x = design(0, 1, 4, 2048)
    found = sobol(x @ np.array([1.0, 2.0, 3.0, 0.0]), [f.name for f in made.factors])
    true = np.array([1, 4, 9, 0]) / 14
    assert found.first.value == pytest.approx(true, abs=0.01)
    assert found.total.value == pytest.approx(true, abs=0.01)


def test_every_series_is_as_if_it_were_alone() -> None:
    made, x = design(0, 1, 5, 128)
    names = [f.name for f in made.factors]
    y = np.stack([sobol_g(x), sobol_g(x) ** 2, x[:, 2]], axis=1)[:, :, None] * np.ones(2)
    whole = sobol(y, names, seed=5)
    assert whole.first.value.shape == (5, 3, 2)
    alone = sobol(y[:, 1, 0], names, seed=5)
    assert whole.total.value[:, 1, 0] == pytest.approx(alone.total.value, rel=1e-12)
    assert whole.total.low[:, 1, 0] == pytest.approx(alone.total.low, rel=1e-9)


def test_what_is_not_finite_takes_its_base_point_along() -> None:
    made, x = design(0, 1, 3, 64)
    names = [f.name for f in made.factors]
    y = x @ np.array([1.0, 2.0, 0.5])
    hurt = y.copy()
    hurt[[7, 8, 100]] = [np.nan, np.inf, np.nan]
    gone = sorted({i // made.block for i in (7, 8, 100)})
    found = sobol(hurt, names)
    assert found.left_out == len(gone)
    kept = np.delete(y.reshape(-1, made.block), gone, axis=0).reshape(-1)
    assert found.total.value == pytest.approx(sobol(kept, names).total.value, rel=1e-9)


def test_a_constant_has_no_indices_and_few_points_are_said() -> None:
    made, x = design(0, 1, 3, 64)
    names = [f.name for f in made.factors]
    flat = sobol(np.full(len(x), 0.1), names)
    assert not flat.varies
    assert np.isnan(flat.total.value).all()
    rough = sobol(sobol_g(np.c_[x, x[:, :2]]), names)
    assert "only, more than 0.05" in rough.verdict()
    _fine, x = design(0, 1, 2, 8192)
    assert sobol(x @ np.array([1.0, 3.0]), ["a", "b"]).verdict() == ""


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    inside = 0
    true = np.array([1, 4, 9]) / 14
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b = rng.random((2, 200, 3))
        rows = np.stack([a, *(np.where(np.arange(3) == j, b, a) for j in range(3)), b], axis=1)
        y = rows.reshape(-1, 3) @ np.array([1.0, 2.0, 3.0])
        found = sobol(y, list("abc"), resamples=200, seed=seed)
        inside += int(((found.total.low <= true) & (true <= found.total.high)).sum())
    assert 0.85 < inside / 180 <= 1


def test_three_hundred_series_at_once() -> None:
    made, x = design(0, 1, 8, 256)
    y = (x @ np.ones(8))[:, None] + np.sin(x[:, :1] * np.arange(1, 306))
    found = sobol(y, [f.name for f in made.factors])
    assert found.total.value.shape == (8, 305)


def test_seeds_are_seeds() -> None:
    made, x = design(0, 1, 3, 64)
    names, y = [f.name for f in made.factors], sobol_g(np.c_[x, x[:, :2]])
    lows = [sobol(y, names, seed=s).total.low for s in (0, 0, 1)]
    assert (lows[0] == lows[1]).all()
    assert (lows[0] != lows[2]).any()
