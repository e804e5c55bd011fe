"""Groups integrated inside, against exact marginal likelihoods and conditional posteriors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from sdsim.inference.groups import Integrated
from sdsim.inference.posterior import Settings, posterior
from sdsim.inference.target import Floats, stream

NOISE = 0.5


def straight(effect: Floats) -> Floats:
    """Two linear readings of an effect."""
    return np.stack([effect, 0.5 * effect], axis=-1)


def saturating(effect: Floats) -> Floats:
    """Two readings of growth at the rate exp(effect)."""
    rate = np.exp(np.clip(effect, -20, 3))
    return np.stack([1 - np.exp(-rate), 1 - np.exp(-2 * rate)], axis=-1) * 4


@dataclass(frozen=True)
class Groups:
    """Group effects e_g = centre + spread z_g, two noisy readings each; centre ~ N(0, 2), the
    logarithm of the spread ~ N(-.5, .7)."""

    data: Floats
    reading: object = straight

    @property
    def count(self) -> int:
        return len(self.data)

    @property
    def names(self) -> tuple[str, ...]:
        return ("centre", "log spread", *(f"z{g}" for g in range(self.count)))

    @property
    def low(self) -> Floats:
        return np.full(self.count + 2, -np.inf)

    @property
    def high(self) -> Floats:
        return -self.low

    @property
    def axis_group(self) -> np.ndarray:
        return np.array([-1, -1, *range(self.count)])

    @property
    def column_group(self) -> np.ndarray:
        return np.concatenate([self.axis_group, np.repeat(np.arange(self.count), 2)])

    def prior_draws(self, n: int, rng: np.random.Generator) -> Floats:
        z = rng.standard_normal((n, self.count + 2))
        return z * [2, 0.7, *np.ones(self.count)] + [0, -0.5, *np.zeros(self.count)]

    def _scaled(self, points: Floats) -> Floats:
        off = [0, -0.5, *np.zeros(self.count)]
        return (points - off) / [2, 0.7, *np.ones(self.count)]

    def shared_log_prior(self, points: Floats) -> Floats:
        return norm.logpdf(points[:, 0], 0, 2) + norm.logpdf(points[:, 1], -0.5, 0.7)

    def log_prior(self, points: Floats) -> Floats:
        return self.shared_log_prior(points) + norm.logpdf(points[:, 2:]).sum(axis=1)

    def effects(self, points: Floats) -> Floats:
        return points[:, [0]] + np.exp(points[:, [1]]) * points[:, 2:]

    def _errors(self, points: Floats) -> Floats:
        said = self.reading(self.effects(points))
        return ((self.data - said) / NOISE).reshape(len(points), -1)

    def log_likelihood(self, points: Floats) -> Floats:
        return norm.logpdf(self._errors(points), scale=1).sum(axis=1) - self.data.size * np.log(
            NOISE
        )

    def grouped_residuals(self, points: Floats) -> Floats:
        return np.concatenate([self._scaled(points), self._errors(points)], axis=1)

    residuals = grouped_residuals


def synthetic(count: int, reading: object, seed: int) -> tuple[Groups, Floats]:
    rng = np.random.default_rng(seed)
    effects = -0.3 + 0.6 * rng.standard_normal(count)
    noise = NOISE * rng.standard_normal((count, 2))
    return Groups(reading(effects) + noise, reading), effects


def exact(target: Groups, shared: Floats) -> Floats:
    """(n,) log likelihood of linear groups with their effects integrated out."""
    a = np.array([1, 0.5])
    return np.array([
        multivariate_normal(
            c * a, np.exp(2 * s) * np.outer(a, a) + NOISE**2 * np.eye(2)
        ).logpdf(target.data).sum()
        for c, s in shared
    ])  # fmt: skip


@pytest.mark.parametrize("samples", [0, 16])
def test_linear_groups_have_their_exact_marginal_likelihood(samples: int) -> None:
    target, _ = synthetic(60, straight, 1)
    shared = np.array([[0.0, -0.5], [-0.3, -0.51], [3.0, 0.4], [-1.0, -3.0]])
    found = Integrated(target, samples).log_likelihood(shared)
    tolerance = 1e-6 if not samples else 8.0  # each group's error falls with the draws
    np.testing.assert_allclose(found, exact(target, shared), atol=tolerance)
    alone = Integrated(target, samples).log_likelihood(shared[2:3])
    assert alone.tolist() == pytest.approx(found[2:3].tolist(), abs=1e-9)


def test_residuals_have_the_density_of_the_integral() -> None:
    target, _ = synthetic(12, saturating, 3)
    some = Integrated(target)
    shared = some.prior_draws(6, np.random.default_rng(0)) * 0.3
    said = some.log_prior(shared) + some.log_likelihood(shared)
    both = said + 0.5 * (some.residuals(shared) ** 2).sum(axis=1)
    np.testing.assert_allclose(both, both[0], atol=1e-6)


def test_evidence_and_conditional_moments_are_exact() -> None:
    target, _ = synthetic(15, straight, 1)
    some = Integrated(target)
    found = posterior(some, Settings(0, size=500, starts=4, draws=128))
    assert found.converged
    c, s = np.meshgrid(np.linspace(-2, 2, 61), np.linspace(-3, 1, 61), indexing="ij")
    grid = np.stack([c.ravel(), s.ravel()], axis=1)
    log = exact(target, grid) + some.log_prior(grid)
    weights = np.exp(log - log.max())
    evidence = np.log(weights.sum() * (4 / 60) ** 2) + log.max()
    assert found.evidence == pytest.approx(evidence, abs=0.1)
    np.testing.assert_allclose(found.mean, weights @ grid / weights.sum(), atol=0.06)

    shared = np.broadcast_to([-0.2, -0.4], (1500, 2))
    points, k = some.completed(shared)
    assert points.shape == (1500, 17)
    assert k.max() < 0.7
    e = np.exp(-0.4)
    precision = 1 + 1.25 * e**2 / NOISE**2
    mean = e * ((target.data + 0.2 * np.array([1, 0.5])) @ [1, 0.5]) / NOISE**2 / precision
    np.testing.assert_allclose(points[:, 2:].mean(axis=0), mean, atol=0.2)
    np.testing.assert_allclose(points[:, 2:].std(axis=0), precision**-0.5, rtol=0.25)


def test_groups_of_a_nonlinear_model_shrink_and_their_intervals_cover() -> None:
    inside, total, shrunk = 0, 0, []
    for seed in range(1):
        target, effects = synthetic(40, saturating, seed)
        some = Integrated(target, seed=seed)
        found = posterior(some, Settings(seed, size=500, starts=4, draws=128))
        assert found.converged
        points, _ = some.completed(found.equal(200, seed))
        drawn = target.effects(points)
        low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
        inside += int(((low < effects) & (effects < high)).sum())
        total += len(effects)
        shrunk.append(drawn.mean(axis=0).std() / effects.std())
    assert abs(inside / total - 0.8) < 3 * np.sqrt(0.16 / total)
    assert np.mean(shrunk) < 1  # towards the common centre


def test_starts_depend_on_the_seed_alone() -> None:
    target, _ = synthetic(5, saturating, 0)
    at = np.zeros((2, 2))
    one, two = (Integrated(target, seed=s).log_likelihood(at) for s in (0, 1))
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert stream(0, "groups").random() != stream(1, "groups").random()
