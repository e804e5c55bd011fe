"""What is drawn from: densities that are those of the draws, fits, warps, moves that leave a
distribution as it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_t, norm, truncnorm
from targets import Banana, Bounded

from sdsim.inference import moves
from sdsim.inference.mixture import Mixture, cholesky, fitted
from sdsim.inference.proposal import Proposal, learnt
from sdsim.inference.target import log_density
from sdsim.inference.warp import Warp, warped


def bimodal() -> Mixture:
    scale = np.array([[[1.0, 0.5], [0.5, 2.0]], [[0.2, -0.1], [-0.1, 0.3]]])
    factors = np.array([cholesky(s) for s in scale])
    return Mixture(np.array([0.3, 0.7]), np.array([[0.0, 0.0], [5.0, 5.0]]), factors)


def test_the_density_is_scipys() -> None:
    mixture = bimodal()
    points = mixture.draw(200, np.random.default_rng(0))
    truth = sum(
        w * multivariate_t.pdf(points, c, f @ f.T, 7.0)
        for w, c, f in zip(mixture.weight, mixture.centre, mixture.factor, strict=True)
    )
    np.testing.assert_allclose(mixture.log_density(points), np.log(truth), rtol=1e-9)
    np.testing.assert_allclose(mixture.shares(points).sum(axis=0), 1)


def test_a_refit_finds_the_mixture_again_also_under_weights() -> None:
    truth, rng = bimodal(), np.random.default_rng(1)
    wide = Mixture(np.array([0.5, 0.5]), truth.centre + 1.0, truth.factor * 2)
    points = wide.draw(20_000, rng)
    logs = truth.log_density(points) - wide.log_density(points)
    weights = np.exp(logs) / np.exp(logs).sum()
    found = wide
    for _ in range(30):
        found = found.refit(points, weights)
    np.testing.assert_allclose(found.weight, truth.weight, atol=0.02)
    np.testing.assert_allclose(found.centre, truth.centre, atol=0.06)
    np.testing.assert_allclose(found.factor, truth.factor, atol=0.06)


def test_as_many_components_as_draws_call_for() -> None:
    rng = np.random.default_rng(2)
    assert len(fitted(rng.normal(size=(2000, 3)), 16, rng).weight) == 1
    two = np.concatenate([rng.normal(0, 1, (1000, 2)), rng.normal(9, 1, (1000, 2))])
    assert len(fitted(two, 16, rng).weight) == 2


LOW = np.array([0.0, 4.0, 0.0, -np.inf, -np.inf])
HIGH = np.array([np.inf, np.inf, 1.0, -3.0, np.inf])


def pressed(n: int, seed: int) -> np.ndarray:
    """Half a normal, a tail from 4 on, uniform, a tail below -3, and a free normal."""
    sides = [(0, np.inf, 0, 1), (4, np.inf, 0, 1), (0, 1, 0, 1e3), (-np.inf, -3, 0, 1)]
    rng = np.random.default_rng(seed)
    columns = [
        truncnorm.rvs((a - m) / s, (b - m) / s, m, s, size=n, random_state=rng)
        for a, b, m, s in sides
    ]
    return np.array([*columns, rng.normal(5, 0.1, n)]).T


def test_a_warp_makes_what_presses_on_bounds_normal() -> None:
    points = pressed(20_000, 3)
    warp = warped(points, LOW, HIGH)
    assert warp.near.tolist() == [True] * 4 + [False]
    scores, volume = warp.scores(points)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(scores.std(axis=0), 1, atol=0.03)
    np.testing.assert_allclose(
        np.quantile(scores, [0.05, 0.95], axis=0).T, [norm.ppf([0.05, 0.95])] * 5, atol=0.06
    )
    np.testing.assert_allclose(warp.points(scores), points, rtol=1e-9, atol=1e-12)
    steps = np.zeros(10)
    for i in range(5):
        ends = [points[:10].copy(), points[:10].copy()]
        ends[0][:, i] -= 1e-7
        ends[1][:, i] += 1e-7
        a, b = (warp.scores(e)[0][:, i] for e in ends)
        steps += np.log((b - a) / 2e-7)
    np.testing.assert_allclose(volume[:10], steps, atol=1e-3)
    far = warp.points(np.array([[9.0] * 5, [-9.0] * 5]))
    assert ((far >= LOW) & (far <= HIGH)).all()


def test_a_proposal_is_normalised_within_bounds() -> None:
    """The mean of 1 / q over its own draws in a box is the volume of the box."""
    rng = np.random.default_rng(4)
    made = learnt(pressed(2000, 5)[:, [0, 2]], LOW[[0, 2]], HIGH[[0, 2]], 4, rng)
    draws = made.draw(200_000, rng)
    held = draws[:, 0] < 1.5
    volume = np.exp(-made.log_density(draws[held])).sum() / len(draws)
    assert volume == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize("move", ["_independent", "_local", "_snooker", "_difference", None])
@pytest.mark.parametrize("name", ["banana", "bounded"])
def test_moves_leave_a_distribution_as_it_is(
    name: str, move: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact draws stay exact draws, though archive and proposal are quite unlike them."""
    rng, n = np.random.default_rng(6), 20_000
    if name == "banana":
        target = Banana(2)
        first = target.first(target.bend)
        a = rng.choice(first.grid, p=first.weight, size=n)
        shrink = 100 / (100 + target.error**2)
        b = shrink * target.bend * a**2 + np.sqrt(shrink) * target.error * rng.normal(size=n)
        points = np.stack([a, b], axis=1)
    else:
        target = Bounded(2, 1)
        precision = np.array([1 / 0.25, 0.25])
        mean = (precision[0] * target.data + precision[1]) / precision.sum()
        sd = 1 / np.sqrt(precision.sum())
        points = truncnorm.rvs(-mean / sd, (4 - mean) / sd, mean, sd, (n, 2), random_state=rng)
    exact = target.exact
    other = Proposal(
        Warp(target.low, target.high, np.array([0.5, 1.0]), np.array([1.5, 2.0]),
             np.isfinite(target.low)),
        bimodal(),
    )  # fmt: skip
    inner = np.random.default_rng(7).normal(1.2, 0.5, (200, 2)).clip(0.05, 3.9)
    if move:
        for other_move in ("_independent", "_local", "_snooker", "_difference"):
            monkeypatch.setattr(moves, other_move, getattr(moves, move))
    now, density, taken = points, log_density(target, points), 0.0
    for _ in range(6):
        new, ratio = moves.propose(now, inner, other, rng)
        after = log_density(target, new)
        with np.errstate(invalid="ignore"):
            yes = np.log(rng.random(n)) < after - density + ratio
        now, density = np.where(yes[:, None], new, now), np.where(yes, after, density)
        taken += yes.mean() / 6
    assert taken > 0.003
    np.testing.assert_allclose((now.mean(axis=0) - exact.mean) / exact.sd, 0, atol=0.035)
    np.testing.assert_allclose(now.std(axis=0) / exact.sd, 1, atol=0.05)


def test_rows_of_an_archive_are_different() -> None:
    rng = np.random.default_rng(8)
    rows = np.array(moves._rows(np.arange(4.0)[:, None], 4000, 3, rng))[:, :, 0]
    assert (np.sort(rows, axis=0)[1:] > np.sort(rows, axis=0)[:-1]).all()
    counts = np.unique(rows, axis=1, return_counts=True)[1]
    assert len(counts) == 24
    assert counts.min() > 110
