"""Posteriors against exact answers: means, spreads, evidence, shares of modes; what must be refused
is; work that was stopped goes on with equal bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from targets import Banana, Bounded, Linear, Normals, Ridge, TwoModes, correlated

from sdsim.inference import evolution, importance, tempering
from sdsim.inference.mixture import from_optima
from sdsim.inference.optimum import optima
from sdsim.inference.posterior import Posterior, Settings, State, posterior, result, step
from sdsim.inference.target import Counted, log_density


def held(found: Posterior, target: Normals, mean: float, spread: float, evidence: float) -> None:
    """Against the exact answers: errors of means in standard deviations, of these as shares."""
    exact = target.exact
    assert found.converged, found.verdict
    assert abs((found.mean - exact.mean) / exact.sd).max() < mean
    assert abs(found.sd / exact.sd - 1).max() < spread
    assert abs(found.evidence - exact.log_evidence) < evidence
    np.testing.assert_allclose(found.log_density, log_density(target, found.draws), rtol=1e-9)
    assert found.weights.sum() == pytest.approx(1)
    assert ((found.draws >= target.low) & (found.draws <= target.high)).all()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "target", [correlated(20), TwoModes(8), Bounded(8, 3)], ids=["normal", "modes", "bounded"]
)
def test_importance_sampling_is_enough(target: Linear | TwoModes | Bounded, seed: int) -> None:
    counted = Counted(target)
    found = posterior(counted, Settings(seed=seed))
    held(found, target, 0.12, 0.1, 0.1)
    assert found.method == "importance"
    assert found.k_hat < 0.5
    assert found.size >= 1000
    assert (found.rounds, found.evaluations) == (counted.rounds, counted.evaluations)
    assert found.rounds < 60
    assert 0 < found.overhead < 1
    if isinstance(target, TwoModes):
        assert found.weights[found.draws[:, 0] > 0].sum() == pytest.approx(target.right, abs=0.05)


def test_equal_draws_are_the_posterior() -> None:
    found = posterior(correlated(5))
    draws = found.equal(4000)
    np.testing.assert_allclose(draws.mean(axis=0), found.mean, atol=0.05 * found.sd.max())
    np.testing.assert_allclose(draws.std(axis=0), found.sd, rtol=0.05)
    lag = np.corrcoef(draws[1:, 0], draws[:-1, 0])[0, 1]
    assert abs(lag) < 0.06


def test_a_bent_ridge_goes_by_degrees() -> None:
    target = Ridge(error=0.1)
    found = posterior(target, Settings(seed=1, chains=128))
    held(found, target, 0.08, 0.1, 0.25)
    assert found.method in {"fitted", "evolution"}
    assert "importance sampling (importance): the mixture misses a region" in found.notes[0]
    assert np.isnan(found.k_hat) == (found.method == "evolution")


def test_a_mode_that_the_start_lost_is_noticed() -> None:
    """Importance sampling begun from one of two optima agrees with itself, and is wrong."""
    target = TwoModes(3)
    found = optima(target).found
    assert len(found) == 2
    state = importance.begun(from_optima(found[:1], target.spread))
    known = np.array([one.x for one in found])
    density = log_density(target, known)
    while (said := importance.verdict(state)).accepted is None:
        state = importance.step(target, state, 0)
    assert said.accepted, "its own runs do not show it"
    assert np.ptp(state.evidence) < 0.2
    assert (state.evidence < target.exact.log_evidence - 0.3).all()
    said = importance.verdict(state, (known, density))
    assert said.accepted is False
    assert "misses a region" in said.reason


def test_tempering_keeps_the_shares_of_modes_and_the_evidence() -> None:
    target = TwoModes(3)
    shares, evidence = [], []
    for seed in range(2):
        state = tempering.begun(target, seed, groups=4, chains=128)
        while not state.done:
            state = tempering.step(target, state, seed)
        shares.append((state.points[..., 0] > 0).mean())
        evidence += list(state.evidence)
        assert state.rounds < 150
    assert np.mean(shares) == pytest.approx(target.right, abs=0.08)
    assert np.mean(evidence) == pytest.approx(target.exact.log_evidence, abs=0.2)


def test_what_presses_on_bounds_is_sampled_by_evolution() -> None:
    target = Bounded(6, 4)
    start = tempering.begun(target, 0, groups=4, chains=64)
    while not start.done:
        start = tempering.step(target, start, 0)
    state = evolution.begun(target, start.points, start.prior + start.likelihood, 0)
    assert "expected 120" in evolution.agreement(state).reason
    for _ in range(120):
        state = evolution.step(target, state, 0)
    assert evolution.agreement(state).reason == ""
    draws = state.kept.reshape(-1, 6)
    assert abs((draws.mean(axis=0) - target.exact.mean) / target.exact.sd).max() < 0.06
    np.testing.assert_allclose(draws.std(axis=0), target.exact.sd, rtol=0.06)


def test_groups_that_stay_in_their_modes_do_not_agree() -> None:
    target = TwoModes(2)
    exact = posterior(target).equal(1024).reshape(4, 256, 2)
    exact[:2, :, 0], exact[2:, :, 0] = abs(exact[:2, :, 0]), -abs(exact[2:, :, 0])
    density = log_density(target, exact.reshape(-1, 2)).reshape(4, 256)
    state = evolution.begun(target, exact, density, 0)
    for _ in range(120):
        state = evolution.step(target, state, 0)
    assert "groups of chains differ" in evolution.agreement(state).reason


def test_rounds_that_are_kept_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evolution, "KEPT", 64)
    target = correlated(2)
    points = target.prior_draws(64, np.random.default_rng(0)).reshape(4, 16, 2)
    state = evolution.begun(
        target, points, log_density(target, points.reshape(-1, 2)).reshape(4, 16), 0
    )
    for _ in range(140):
        state = evolution.step(target, state, 0)
    assert state.every == 4
    assert 32 <= len(state.past) <= 64
    assert state.kept.shape[2] == len(state.past) // 2


def test_what_has_not_converged_says_so_first() -> None:
    found = posterior(Banana(20, 10), Settings(most=150, chains=32))
    assert not found.converged
    assert found.verdict.startswith("not converged: after 150 rounds, tempering has come to")
    assert len(found.notes) == 1


@pytest.mark.parametrize("stop", [4, 40])
def test_work_that_was_stopped_goes_on_with_equal_bytes(stop: int) -> None:
    target, settings = Ridge(), Settings(seed=3, chains=32, draws=128, size=200, most=100)
    whole, state = State(), State()
    for number in range(400):
        if whole.stage == "done":
            break
        whole = step(target, whole, settings)
        if number < stop:
            state = whole
    while state.stage != "done":
        state = step(target, state, settings)
    one, two = result(whole, settings), result(state, settings)
    assert one.draws.tobytes() == two.draws.tobytes()
    assert one.log_density.tobytes() == two.log_density.tobytes()
    assert len(one.draws)


def test_an_optimum_without_draws_is_told() -> None:
    from sdsim.inference.posterior import _forgotten

    target = TwoModes(2)
    found = optima(target)
    points = np.tile([3.0, 0.45], (4, 32, 1)) + 0.01 * np.random.default_rng(0).normal(
        size=(4, 32, 2)
    )
    density = log_density(target, points.reshape(-1, 2)).reshape(4, 32)
    state = evolution.begun(target, points, density, 0)
    whole = State("evolution", found, points[0], density[0], evolution=state)
    assert "holds no draws" in _forgotten(whole)
    state = replace(state, past_density=(density - 100,))
    assert "far below the best fit" in _forgotten(replace(whole, evolution=state))
