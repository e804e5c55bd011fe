"""Indices of variance: functions whose indices are known, SALib on the same runs, coverage."""

from __future__ import annotations

import json

import numpy as np
import pytest
from SALib.analyze import sobol as salib

from sdsim.analyses import common
from sdsim.analyses.sobol import convergence, sobol
from sdsim.base.errors import ModelError
from sdsim.design import Saltelli, Uncertainty, Uniform


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


def test_pairs_that_interact_stand_out_from_chance_and_no_others() -> None:
    """One pair of 28; then none of 45 in ten designs, of which half may have one by chance."""
    made, x = design(-np.pi, np.pi, 8, 2048, second=True)
    found = sobol(ishigami(x), [f.name for f in made.factors], second_order=True)
    assert found.pairs[found.above_chance()].tolist() == [[0, 2]]
    assert sobol(np.zeros((72, 1)), [*"abc"], second_order=True).above_chance() == []
    wrong, some = 0, 0
    rng = np.random.default_rng(1)
    for _ in range(10):  # base points at random, so that the bootstrap's assumption holds
        one, other = rng.random((2, 256, 10))
        block = [one, *(np.where(np.arange(10) == j, other, one) for j in range(10)),
                 *(np.where(np.arange(10) == j, one, other) for j in range(10)), other]  # fmt: skip
        y = np.stack(block, axis=1).reshape(-1, 10) @ np.arange(10.0)
        found = sobol(y, [f"x{i}" for i in range(10)], second_order=True, resamples=300)
        wrong += bool(found.above_chance())
        assert found.second is not None
        some += bool((found.second.low > 0).any())
    assert wrong <= 2
    assert some >= 4, "single intervals alone would have misled"


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
    # SALib takes the mean of all runs away and divides by their deviation. The mean matters to the
    # estimate of first order, and ours takes the same; a scale is in every product and in the
    # variance, that of A and B together in both, and so cancels.
    problem = {"num_vars": 3, "names": names, "bounds": [[-np.pi, np.pi]] * 3}
    theirs = salib.analyze(problem, y, calc_second_order=second, num_resamples=10, seed=1)
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
    """Base points at random, so that the bootstrap's assumption holds; 300 replications, 6 indices
    each. Their standard error is below 0.02."""
    inside = np.zeros(6)
    true = np.tile(np.array([1, 4, 9]) / 14, 2)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        a, b = rng.random((2, 256, 3))
        rows = np.stack([a, *(np.where(np.arange(3) == j, b, a) for j in range(3)), b], axis=1)
        y = rows.reshape(-1, 3) @ np.array([1.0, 2.0, 3.0])
        found = sobol(y, list("abc"), resamples=200, level=0.9, seed=seed)
        low, high = (
            np.r_[getattr(found.first, e), getattr(found.total, e)] for e in ("low", "high")
        )
        inside += (low <= true) & (true <= high)
    assert (np.abs(inside / 300 - 0.9) < 0.06).all(), inside / 300


def test_a_group_is_one_factor() -> None:
    """x0 and x1 move together: their shares add up, and so does what they do with each other."""
    factors = tuple(
        Uncertainty(f"x{i}", Uniform(0, 1), group="both" if i < 2 else "") for i in range(4)
    )
    made = Saltelli(factors, 2048, by_group=True)
    x = made.values(0, made.count) - 0.5
    names = [name for name, _ in made.moved]
    found = sobol(12 * x[:, 0] * x[:, 1] + x[:, 0] + 2 * x[:, 2], names)
    assert names == ["both", "x2", "x3"]
    true = np.array([1 + 1 / 12, 4 / 12, 0]) / (1 + 5 / 12)
    assert found.first.value == pytest.approx(true, abs=0.02)
    assert found.total.value == pytest.approx(true, abs=0.02)


def test_size_and_offset_change_no_index() -> None:
    made, x = design(0, 1, 5, 128)
    names, y = [f.name for f in made.factors], sobol_g(x)
    found = sobol(np.stack([y, y * 1e-200, y * 1e200, y + 1e6], axis=1), names, resamples=20)
    for part in (found.first, found.total):
        for got in (part.value, part.low, part.high):
            assert got == pytest.approx(np.repeat(got[:, :1], 4, axis=1), rel=1e-7, abs=1e-9)


def test_what_is_only_rounding_does_not_vary() -> None:
    _made, x = design(0, 1, 3, 64)
    y = 1e6 + np.stack([x[:, 0] * 1e-9, x[:, 0]], axis=1)
    assert sobol(y, ["a", "b", "c"], resamples=10).varies.tolist() == [False, True]


def test_too_few_base_points_have_no_indices_and_say_so() -> None:
    made, x = design(0, 1, 3, 16)
    y = np.stack([x[:, 0], np.full(len(x), np.nan), x[:, 1]], axis=1)
    y[: 9 * made.block, 2] = np.inf
    found = sobol(y, ["a", "b", "c"], resamples=20)
    assert found.used.tolist() == [16, 0, 7]
    assert found.varies.tolist() == [True, False, True]
    assert np.isnan(found.total.value).all(axis=0).tolist() == [False, True, True]
    assert np.isnan(found.first.low).all(axis=0).tolist() == [False, True, True]
    assert found.note == "fewer than 8 base points have finite outputs in 2 of 3 series"
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["total"]["value"][0][1] is None
    assert data["factors"] == ["a", "b", "c"]


def test_neighbours_that_overlap_are_named() -> None:
    _made, x = design(0, 1, 3, 1024)
    found = sobol(x @ np.array([1.0, 1.0, 0.0]), ["a", "b", "c"])
    assert "is open" in found.verdict()
    assert "'a'" in found.verdict()
    assert "'c'" not in found.verdict()


def test_one_base_point_that_differs_has_no_interval() -> None:
    made, x = design(0, 1, 3, 64)
    y = np.zeros(len(x))
    y[made.block * 20] = 1.0
    found = sobol(y, ["a", "b", "c"])
    assert np.isfinite(found.total.value).all()
    assert np.isnan(found.total.high).all()
    assert found.verdict() == "too few base points differ for an interval"


def test_little_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made, x = design(0, 1, 5, 64, second=True)
    names = [f.name for f in made.factors]
    y = np.stack([sobol_g(x), x[:, 0], x[:, 1] * x[:, 2]], axis=1)
    whole = sobol(y, names, second_order=True, resamples=50)
    monkeypatch.setattr(common, "ROOM", 2000)
    again = sobol(y, names, second_order=True, resamples=50)
    for name in ("first", "total", "second"):
        a, b = getattr(whole, name), getattr(again, name)
        assert b.low == pytest.approx(a.low, abs=1e-12)
        assert b.value == pytest.approx(a.value, abs=1e-12)


@pytest.mark.parametrize(
    ("names", "how", "match"),
    [
        (["a", "b", "c"], {"second_order": True}, "whole blocks of 8"),
        (["a", "b", "a"], {}, "called 'a'"),
        ([], {}, "no factors"),
        (["a", "b", "c"], {"level": 1.0}, "level is 1"),
        (["a", "b", "c"], {"resamples": 1}, "1 resamples"),
    ],
)
def test_what_does_not_fit_is_refused(names: list[str], how: dict, match: str) -> None:
    with pytest.raises(ModelError, match=match):
        sobol(np.arange(25.0), names, **how)


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
