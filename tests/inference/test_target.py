"""The contract of a target: density within bounds alone, counting, streams, the exact targets."""

from __future__ import annotations

import numpy as np
import pytest
from targets import (
    Banana,
    Bounded,
    Epidemic,
    LotkaVolterra,
    Ridge,
    TwoModes,
    correlated,
)

from sdsim.inference.target import Counted, Target, exact_jacobian, inside, log_density, stream

TARGETS = [
    correlated(5), TwoModes(), Banana(4), Ridge(), Bounded(5, 2), LotkaVolterra(), Epidemic(),
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: type(t).__name__)
def test_residuals_are_the_density(target: Target) -> None:
    """Up to a constant, minus half the sum of squares is the log density."""
    points = target.prior_draws(50, np.random.default_rng(0))
    off = log_density(target, points) + 0.5 * (target.residuals(points) ** 2).sum(axis=1)
    good = np.isfinite(off)
    assert good.sum() > 10
    np.testing.assert_allclose(off[good], off[good][0], rtol=1e-6)


@pytest.mark.parametrize(
    "target", [Ridge(), TwoModes(2), Banana(2)], ids=lambda t: type(t).__name__
)
def test_exact_answers_agree_with_a_grid(target: Ridge | TwoModes | Banana) -> None:
    low, high = np.maximum(target.low, -8), np.minimum(target.high, 12)
    high[1] = 40 if isinstance(target, Banana) else high[1]
    axes = [np.linspace(a, b, 1501) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):
        f = np.exp(target.log_prior(points) + target.log_likelihood(points))
    area = np.prod([a[1] - a[0] for a in axes])
    mean = f @ points / f.sum()
    sd = np.sqrt(f @ (points - mean) ** 2 / f.sum())
    np.testing.assert_allclose(np.log(f.sum() * area), target.exact.log_evidence, atol=2e-3)
    np.testing.assert_allclose(mean, target.exact.mean, atol=2e-3)
    np.testing.assert_allclose(sd, target.exact.sd, rtol=2e-3)


def test_outside_the_bounds_nothing_is_run() -> None:
    counted = Counted(Ridge())
    points = np.array([[1.0, 2.0], [-1.0, 2.0], [np.nan, 1.0], [2.0, 1.0]])
    density = log_density(counted, points)
    assert np.isfinite(density).tolist() == [True, False, False, True]
    assert inside(counted, points).tolist() == [True, False, False, True]
    assert (counted.rounds, counted.evaluations) == (1, 2)
    assert log_density(counted, points[1:3]).tolist() == [-np.inf, -np.inf]
    assert counted.rounds == 1


def test_a_nan_of_the_target_is_no_density() -> None:
    class Fails(Ridge):
        def log_likelihood(self, points: np.ndarray) -> np.ndarray:
            return np.full(len(points), np.nan)

    assert log_density(Fails(), np.ones((2, 2))).tolist() == [-np.inf, -np.inf]


def test_exact_derivatives_are_found_and_counted() -> None:
    counted = Counted(correlated(3))
    jacobian = exact_jacobian(counted)
    assert jacobian is not None
    assert jacobian(np.zeros((4, 3))).shape == (4, 6, 3)
    assert (counted.rounds, counted.evaluations) == (1, 4)
    assert exact_jacobian(Counted(Ridge())) is None
    assert counted.seconds > 0


def test_streams_depend_on_their_key_alone() -> None:
    same = [stream(0, "importance", 1, 2).random(3) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    keys = [(1, "importance", 1, 2), (0, "evolution", 1, 2), (0, "importance", 1),
            (0, "importance", 2, 1), (0, "importance", 1, 2, 0)]  # fmt: skip
    others = [stream(*key) for key in keys]
    drawn = {float(same[0][0]), *(float(s.random()) for s in others)}
    assert len(drawn) == 6
