"""Diagnostics against known answers: tails of known shape, chains of known correlation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import genpareto

from sdsim.inference.diagnostics import (
    effective_size,
    nested_rhat,
    pareto_k,
    quantile,
    weighted_rhat,
    weighted_size,
)


@pytest.mark.parametrize("shape", [0.1, 0.4, 0.9])
def test_the_shape_of_a_tail_is_found(shape: float) -> None:
    weights = genpareto.rvs(shape, size=20_000, random_state=np.random.default_rng(0))
    assert pareto_k(np.log(weights)) == pytest.approx(shape, abs=0.1)
    mixed = np.concatenate([np.log(weights), np.full(5000, -np.inf)])
    assert pareto_k(mixed) == pytest.approx(shape, abs=0.12)


def test_weights_that_tell_nothing() -> None:
    assert pareto_k(np.zeros(100)) == -np.inf
    assert pareto_k(np.full(100, -np.inf)) == np.inf
    assert pareto_k(np.r_[0.0, np.full(99, -np.inf)]) == np.inf
    assert weighted_size(np.zeros(50)) == pytest.approx(50)
    assert weighted_size(np.r_[3.0, np.full(9, -np.inf)]) == pytest.approx(1)
    assert weighted_size(np.full(3, -np.inf)) == 0


def chains(correlation: float, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """(64, 200, 1) autoregressive chains in 4 groups, the first of them displaced or wider."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(64, 200)) * np.sqrt(1 - correlation**2)
    x = np.empty((64, 200))
    x[:, 0] = rng.normal(size=64)
    for t in range(1, 200):
        x[:, t] = correlation * x[:, t - 1] + noise[:, t]
    x[:16] = x[:16] * scale + shift
    return x[..., None]


def test_groups_that_differ_are_seen_in_place_and_in_spread() -> None:
    assert nested_rhat(chains(0.5), 4)[0] < 1.005
    assert nested_rhat(chains(0.5, shift=1.0), 4)[0] > 1.05
    assert nested_rhat(chains(0.5, scale=2.0), 4)[0] > 1.02


def test_correlated_draws_count_for_less() -> None:
    """An autoregression of .8 leaves a ninth."""
    assert effective_size(chains(0.8))[0] == pytest.approx(64 * 200 / 9, rel=0.15)
    assert effective_size(chains(0.0), "tail")[0] == pytest.approx(64 * 200, rel=0.15)


def test_runs_of_weighted_draws_are_compared() -> None:
    rng = np.random.default_rng(2)
    draws, logs = rng.normal(size=(4, 500, 2)), 0.3 * rng.normal(size=(4, 500))
    assert (weighted_rhat(draws, logs) < 1.01).all()
    draws[0, :, 1] *= 3
    assert weighted_rhat(draws, logs)[1] > 1.05
    assert quantile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.6, 0.3]), 0.5) == 1.0
    assert quantile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.2, 0.7]), 0.5) == 2.0
