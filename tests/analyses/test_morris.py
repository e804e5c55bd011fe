"""Elementary effects: planes, groups, SALib on the same runs, coverage."""

from __future__ import annotations

import json

import numpy as np
import pytest
from SALib.analyze import morris as salib

from sdsim.analyses import common
from sdsim.analyses.morris import morris
from sdsim.base.errors import ModelError
from sdsim.design import Morris, Uncertainty, Uniform

NAMES = ("a", "b", "c", "d")


def factors(group: bool = False) -> tuple[Uncertainty, ...]:
    return tuple(
        Uncertainty(n, Uniform(0, 1), group="ab" if group and n in "ab" else n) for n in NAMES
    )


def points(trajectories: int, seed: int = 1, levels: int = 4) -> np.ndarray:
    design = Morris(factors(), trajectories, seed=seed, levels=levels)
    return design.unit(0, design.count)


def curved(x: np.ndarray) -> np.ndarray:
    return 3 * x[:, 0] - 2 * x[:, 1] + 5 * x[:, 2] * x[:, 0]


def test_effects_of_a_plane_are_its_slopes() -> None:
    x = points(20)
    found = morris(x, x @ np.array([3.0, -2.0, 0.5, 0.0]), NAMES)
    for got in (found.mean, found.mean_low, found.mean_high):
        assert got == pytest.approx([3, -2, 0.5, 0])
    for got in (found.star, found.low, found.high):
        assert got == pytest.approx([3, 2, 0.5, 0])
    for got in (found.deviation, found.deviation_low, found.deviation_high):
        assert got == pytest.approx([0, 0, 0, 0], abs=1e-7)


@pytest.mark.parametrize("levels", [4, 6])
def test_salib_finds_the_same_effects(levels: int) -> None:
    x = points(30, seed=3, levels=levels)
    y = curved(x)
    found = morris(x, np.stack([y, 2 * y], axis=1), NAMES)
    problem = {"num_vars": 4, "names": list(NAMES), "bounds": [[0, 1]] * 4}
    theirs = salib.analyze(problem, x, y, num_levels=levels, num_resamples=10)
    for k in (0, 1):
        assert found.mean[:, k] / (k + 1) == pytest.approx(np.array(theirs["mu"]), abs=1e-10)
        assert found.star[:, k] / (k + 1) == pytest.approx(np.array(theirs["mu_star"]), abs=1e-10)
        assert found.deviation[:, k] / (k + 1) == pytest.approx(
            np.array(theirs["sigma"]), abs=1e-10
        )


def test_salib_finds_the_same_size_of_a_group() -> None:
    design = Morris(factors(group=True), 40, seed=2, by_group=True)
    x = design.unit(0, design.count)
    y = curved(x)
    names, members = zip(*design.moved, strict=True)
    found = morris(x, y, names, members=members)
    problem = {
        "num_vars": 4, "names": list(NAMES), "bounds": [[0, 1]] * 4,
        "groups": ["ab", "ab", "c", "d"],
    }  # fmt: skip
    theirs = salib.analyze(problem, x, y, num_levels=4, num_resamples=10)
    assert list(theirs["names"]) == list(names)
    assert found.star == pytest.approx(np.array(theirs["mu_star"], dtype=float), abs=1e-10)


def test_groups_move_together_and_have_a_size_but_no_sign() -> None:
    design = Morris(factors(group=True), 40, seed=2, by_group=True)
    assert [name for name, _ in design.moved] == ["ab", "c", "d"]
    x = design.unit(0, design.count)
    members = [at for _, at in design.moved]
    found = morris(x, x @ np.array([1.0, -3.0, -1.0, 0.0]), ["ab", "c", "d"], members=members)
    assert np.isnan([found.mean[0], found.mean_low[0], found.mean_high[0]]).all()
    assert found.mean[1:] == pytest.approx([-1, 0])
    assert 2 < found.star[0] < 4
    assert found.star[1:] == pytest.approx([1, 0])
    first = np.abs(np.diff((x @ np.array([1.0, -3.0, 0, 0])).reshape(-1, 4), axis=1)).max(axis=1)
    assert found.deviation[0] == pytest.approx(np.std(first * 1.5, ddof=1))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Effects of x0 on 5 x0 x2 are 5 x2, and x2 stands on each of 4 levels as often: mean 2.5,
    deviation 5 sqrt(5 / 36)."""
    inside = np.zeros(3)
    for seed in range(300):
        x = points(40, seed=seed)
        found = morris(x, 5 * x[:, 0] * x[:, 2], NAMES, resamples=200, level=0.9, seed=seed)
        for k, (low, high, true) in enumerate((
            (found.mean_low, found.mean_high, 2.5), (found.low, found.high, 2.5),
            (found.deviation_low, found.deviation_high, 5 * np.sqrt(5 / 36)),
        )):  # fmt: skip
            inside[k] += low[0] <= true <= high[0]
    assert (np.abs(inside / 300 - 0.88) < 0.07).all(), inside / 300


def test_intervals_are_quantiles_of_the_estimates_from_trajectories_drawn_again() -> None:
    x = points(8, levels=4)
    step = np.diff(x[:, 0].reshape(-1, 5))
    y = (x[:, 0] * (1 + 20 * x[:, 2] ** 4)).reshape(-1, 5)  # effects that lean to one side
    at = np.abs(step) > 0
    effect = np.diff(y)[at] / step[at]
    found = morris(x, y.ravel(), NAMES, resamples=100, level=0.8, seed=9)
    counts = np.concatenate(list(common.resampled(8, 100, np.random.default_rng(9), 1)))
    assert (counts.sum(axis=1) == 8).all()
    again = [np.repeat(effect, c.astype(int)) for c in counts]
    want = np.quantile([(np.mean(e), np.std(e, ddof=1)) for e in again], [0.1, 0.9], axis=0)
    assert [found.mean_low[0], found.mean_high[0]] == pytest.approx(want[:, 0])
    assert [found.low[0], found.high[0]] == pytest.approx(want[:, 0])
    assert [found.deviation_low[0], found.deviation_high[0]] == pytest.approx(want[:, 1])


def test_a_run_that_is_not_finite_takes_its_trajectory_along() -> None:
    x = points(10)
    y = np.stack([curved(x)] * 3, axis=1)
    y[[0, 7, 8], 0] = np.nan, np.inf, -np.inf
    y[: 7 * 5, 1] = np.nan
    found = morris(x, y, NAMES, seed=1)
    assert found.used.tolist() == [8, 3, 10]
    assert found.left_out.tolist() == [2, 7, 0]
    fewer = morris(x[10:], y[10:, 2], NAMES)
    assert found.star[:, 0] == pytest.approx(fewer.star)
    assert found.deviation[:, 0] == pytest.approx(fewer.deviation)
    assert np.isnan(found.star[:, 1]).all()
    assert np.isnan(found.high[:, 1]).all()
    assert found.note == "fewer than 4 trajectories have finite outputs in 1 of 3 series"
    alone = morris(x, y[:, 2], NAMES, seed=1)
    assert found.low[:, 2] == pytest.approx(alone.low)
    assert alone.note == ""
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["star"][0][1] is None
    assert data["factors"] == list(NAMES)


def test_further_axes_and_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    x = points(12)
    y = np.stack([curved(x), curved(x) ** 2, x[:, 3], x[:, 2]], axis=1).reshape(-1, 2, 2)
    whole = morris(x, y, NAMES, resamples=50)
    assert whole.star.shape == (4, 2, 2)
    monkeypatch.setattr(common, "ROOM", 500)
    again = morris(x, y, NAMES, resamples=50)
    for got, want in zip(again.__dict__.values(), whole.__dict__.values(), strict=True):
        if isinstance(want, np.ndarray):
            assert got == pytest.approx(want, abs=1e-12)


def test_what_does_not_fit_is_refused() -> None:
    x = points(10)
    y = curved(x)
    with pytest.raises(ModelError, match="moves nothing, or more than one"):
        morris(np.random.default_rng(0).random(x.shape), y, NAMES)
    with pytest.raises(ModelError, match="do not make whole blocks of 5"):
        morris(x[:-1], y[:-1], NAMES)
    with pytest.raises(ModelError, match="45 points for 50 runs"):
        morris(x[:45], y, NAMES)
    for members in ([(0,), (1,), (2,)], [(0,), (1,), (2,), (2, 3)], [(0,), (1,), (2,), (4,)]):
        with pytest.raises(ModelError, match="sets of columns"):
            morris(x, y, NAMES, members=members)
    back = x.reshape(10, 5, 4).copy()
    back[0, 2:] = back[0, [0, 1, 0]]  # the first factor there and back again
    with pytest.raises(ModelError, match="does not move every factor once"):
        morris(back.reshape(-1, 4), y, NAMES)
