"""Best fits: exact optima, bounds, several optima, failing runs, lock-step, differences."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from targets import Bounded, Epidemic, LotkaVolterra, Ridge, TwoModes, correlated

from sdsim.base.errors import ModelError
from sdsim.inference.differences import both, measured_steps
from sdsim.inference.lockstep import Ask, lockstep
from sdsim.inference.optimum import chosen, optima
from sdsim.inference.target import Counted


@pytest.mark.parametrize("exact", [True, False])
def test_a_linear_model_is_fitted_exactly(exact: bool) -> None:
    target = Counted(correlated(20))
    if not exact:
        del target.jacobian
    found = optima(target, starts=8)
    assert len(found.found) == 1
    best = found.best
    np.testing.assert_allclose(best.x, target.target.exact.mean, atol=1e-7)
    np.testing.assert_allclose(np.linalg.inv(best.precision), target.target.covariance, rtol=1e-5)
    assert found.verdict == "8 of 8 starts reached the best fit"
    assert target.rounds < 20


def test_bounds_that_bind_are_told() -> None:
    target = Bounded(8, 3)
    best = optima(target, starts=8).best
    weight = np.array([1 / 0.25, 0.25])
    free = (weight[0] * target.data + weight[1] * target.centre) / weight.sum()
    np.testing.assert_allclose(best.x, np.clip(free, 0, 4), atol=2e-3)
    assert best.at_low.tolist() == (free < 0).tolist()
    assert best.at_low.any()
    assert not best.at_high.any()


def test_both_modes_are_found_and_compared() -> None:
    target = TwoModes(6)
    found = optima(target)
    assert [np.sign(o.x[0]) for o in found.found] == [1, -1]
    assert sum(o.starts for o in found.found) == found.starts == 32
    assert "another optimum is 0.598 lower in log density" in found.verdict


def test_a_small_far_optimum_gets_a_start() -> None:
    """Of 1,000 draws eight are near the far one, none of them among the best 100."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (992, 2)), rng.normal(30, 1, (8, 2))])
    cost = np.r_[(points[:992] ** 2).sum(axis=1), 50 + ((points[992:] - 30) ** 2).sum(axis=1)]
    assert (chosen(points, cost, 16) >= 992).sum() == 1
    assert len(set(chosen(points, cost, 1000))) == 1000


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, two = (optima(LotkaVolterra(), starts=6, draws=128, seed=4) for _ in range(2))
    assert one.best.x.tobytes() == two.best.x.tobytes()
    assert one.best.jacobian.tobytes() == two.best.jacobian.tobytes()
    assert (
        optima(LotkaVolterra(), starts=6, draws=128, seed=5).best.x.tobytes()
        != one.best.x.tobytes()
    )


def test_runs_that_fail_are_walked_around() -> None:
    class Fails(Ridge):
        def residuals(self, points: np.ndarray) -> np.ndarray:
            out = super().residuals(points)
            out[points[:, 0] > points[:, 1]] = np.nan
            return out

    found = optima(Fails(), starts=8)
    assert found.best.cost < optima(Ridge()).best.cost + 1e-3

    class Never(Ridge):
        def residuals(self, points: np.ndarray) -> np.ndarray:
            return np.full((len(points), 3), np.nan)

    with pytest.raises(ModelError, match="at none of 1,024 draws"):
        optima(Never())


@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-4])
def test_steps_suit_the_noise(noise: float) -> None:
    """Of solvers, say: steps grow with it, and derivatives stay right to what is told."""

    class Noisy(Epidemic):
        def residuals(self, points: np.ndarray) -> np.ndarray:
            wave = np.sin(1e9 * points.sum(axis=1, keepdims=True))
            return super().residuals(points) + noise * wave

    points = np.log([[1.8, 0.5, 1.5], [1.7, 0.45, 1.0]])
    steps = measured_steps(Noisy(), points, Epidemic.spread)
    truth = both(Epidemic(), points, np.full(3, 1e-5))[1]
    off = np.sqrt(((both(Noisy(), points, steps.size)[1] - truth) ** 2).sum(axis=1))
    off /= np.sqrt((truth**2).sum(axis=1))
    assert off.max() < [1e-7, 1e-3, 2e-2][[0.0, 1e-6, 1e-4].index(noise)]
    assert (off < 10 * steps.error + 1e-9).all()


def test_differences_are_of_second_order_also_at_bounds() -> None:
    target = Epidemic()
    points = np.log([[1.8, 0.5, 1.5]])
    truth = both(target, points, np.full(3, 1e-5))[1]

    class Edge(Epidemic):
        low = np.log([1.8, 0.1, 0.1])
        high = np.log([3.0, 0.5, 9.0])

    for side in (Epidemic(), Edge()):
        errors = [abs(both(side, points, np.full(3, h))[1] - truth).max() for h in (0.02, 0.01)]
        assert 3.5 < errors[0] / errors[1] < 4.7
    seen: list[np.ndarray] = []
    edge = Edge()
    edge.__class__.residuals = lambda self, x: (seen.append(x), Epidemic.residuals(self, x))[1]
    both(edge, points, np.full(3, 0.01))
    assert (np.concatenate(seen) >= Edge.low).all()
    assert (np.concatenate(seen) <= Edge.high).all()


def test_searches_share_batches_and_end_at_different_times() -> None:
    sizes = []

    def search(count: int):
        return lambda ask: sum(float(ask(np.full((2, 1), i))[0, 0]) for i in range(count))

    def evaluate(points: np.ndarray) -> np.ndarray:
        sizes.append(len(points))
        return points**2

    assert lockstep([search(n) for n in (3, 0, 1, 3)], evaluate) == [5.0, 0, 0.0, 5.0]
    assert sizes == [6, 4, 4]


@pytest.mark.parametrize("where", ["search", "evaluation"])
def test_a_failure_ends_all_searches(where: str) -> None:
    before = threading.active_count()

    def search(ask: Ask) -> None:
        for i in range(5):
            ask(np.full((1, 1), float(i)))

    def fails(ask: Ask) -> None:
        ask(np.zeros((1, 1)))
        raise KeyError("broken") if where == "search" else ValueError("unreached")

    def evaluate(points: np.ndarray) -> np.ndarray:
        if where == "evaluation":
            raise KeyError("broken")
        return points

    with pytest.raises(KeyError, match="broken"):
        lockstep([search, fails, search], evaluate)
    assert threading.active_count() == before
