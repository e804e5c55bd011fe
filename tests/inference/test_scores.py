"""Scores: Theil's shares by hand, closed forms of CRPS, coverage, Ljung and Box's test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from sdsim.base.errors import ModelError
from sdsim.inference.scores import autocorrelation, coverage, crps, fit, log_score, quantiles, ranks

RNG = np.random.default_rng(8)
DATA = np.array([1.0, 2.0, 3.0, 6.0])


def test_each_of_theils_shares_alone() -> None:
    """A shift is bias, a stretch about the mean variance, and a swap covariance."""
    around = DATA - DATA.mean()
    predicted = np.stack([DATA + 2, DATA.mean() + 3 * around, DATA[[1, 0, 2, 3]]])
    found = fit(DATA, predicted)
    shares = np.stack([found.bias, found.variance, found.covariance])
    assert shares == pytest.approx(np.eye(3), abs=1e-12)


def test_figures_by_hand() -> None:
    found = fit(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0]))
    assert float(found.rmse) == pytest.approx(np.sqrt(5 / 3))
    assert float(found.mae) == 1.0
    assert float(found.mape) == pytest.approx((1 + 0 + 0.5) / 3)
    assert float(found.r2) == pytest.approx(1 - 5 / (14 / 3))
    assert float(found.rms_log) == pytest.approx(np.log(2) * np.sqrt(2 / 3))
    assert np.isnan(found.correlation)
    assert float(found.covariance) == pytest.approx(0, abs=1e-12)


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=9),
)
def test_shares_add_up_to_one(pairs: list[tuple[float, float]]) -> None:
    observed, predicted = np.array(pairs).T
    found = fit(observed, predicted)
    if float(found.rmse) > 1e-3:
        assert float(found.bias + found.variance + found.covariance) == pytest.approx(1, abs=1e-6)
        assert min(found.bias, found.variance, found.covariance) > -1e-6


def test_correlation_and_many_predictions() -> None:
    observed, predicted = RNG.normal(size=20), RNG.normal(size=(3, 2, 20))
    found = fit(observed, predicted)
    assert found.rmse.shape == (3, 2)
    assert found.correlation[1, 1] == pytest.approx(np.corrcoef(observed, predicted[1, 1])[0, 1])
    assert np.isnan(found.rms_log).all()


@pytest.mark.filterwarnings("error")
def test_what_has_no_figure_is_nan() -> None:
    perfect = fit(DATA, DATA)
    assert np.isnan([perfect.bias, perfect.variance, perfect.covariance]).all()
    assert (float(perfect.rmse), float(perfect.r2)) == (0.0, 1.0)
    still = fit(np.zeros(3), np.ones(3))
    assert np.isnan([still.r2, still.mape, still.rms_log, still.correlation]).all()
    broken = fit(DATA, np.array([1, 2, np.inf, 3]))
    assert np.isnan([broken.rmse, broken.mae, broken.bias, broken.r2]).all()


def test_log_score_is_the_mean_of_densities() -> None:
    density = RNG.uniform(0, 1, (50, 3))
    density[:10, 1] = 0
    with np.errstate(divide="ignore"):
        logs = np.log(density)
    assert log_score(logs) == pytest.approx(np.log(density.mean(axis=0)))
    weights = RNG.uniform(0, 1, 50)
    want = np.log((weights[:, None] * density).sum(axis=0) / weights.sum())
    assert log_score(logs, weights) == pytest.approx(want)
    assert log_score(np.full((4, 1), -np.inf)).tolist() == [-np.inf]
    assert log_score(np.full((2, 1), -5000.0)).tolist() == [-5000.0]


def test_crps_of_two_draws_by_hand() -> None:
    """Mean distance 1 off both; the pair is 2 apart: 1 - 2 / 2."""
    assert crps(np.array([1.0]), np.array([[0.0], [2.0]])) == pytest.approx([0.0])
    assert crps(np.array([3.0]), np.array([[0.0]])).tolist() == [3.0]


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0.1, 3)), min_size=2, max_size=8))
def test_crps_is_its_double_sum(pairs: list[tuple[float, float]]) -> None:
    draws, weights = np.array(pairs).T
    share = weights / weights.sum()
    pair = share[:, None] * share
    apart = (pair * np.abs(draws[:, None] - draws)).sum() / (1 - np.diag(pair).sum())
    want = (share * np.abs(draws - 0.7)).sum() - apart / 2
    found = crps(np.array([0.7]), draws[:, None], weights)
    assert found == pytest.approx([want], abs=1e-10)


def test_crps_of_a_normal_has_a_closed_form_and_no_bias() -> None:
    """Gneiting and Raftery 2007, equation 21, and the integral it stands for."""
    y = np.array([-1.0, 0.2, 2.5])
    want = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    area = integrate.quad(lambda x: (stats.norm.cdf(x) - (x >= 0.2)) ** 2, -9, 9, points=[0.2])[0]
    assert want[1] == pytest.approx(area, abs=1e-6)
    few = np.stack([crps(y, RNG.normal(size=(5, 3))) for _ in range(4000)])
    assert few.mean(axis=0) == pytest.approx(want, abs=5 * few.std(axis=0).max() / np.sqrt(4000))


def test_ranks_are_uniform_if_the_prediction_is_right() -> None:
    found = ranks(RNG.normal(size=5000), RNG.normal(size=(99, 5000)))
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert np.unique(np.round(found * 100 - 0.5, 9) % 1).tolist() == [0.0]
    assert ranks(np.array([-9.0, 9.0]), RNG.normal(size=(9, 2))) == pytest.approx([0.05, 0.95])


def test_a_weight_counts_as_that_many_draws() -> None:
    draws = np.array([[0.0], [1.0], [2.0]])
    weighted = ranks(np.array([1.0]), draws, np.array([2.0, 1.0, 1.0]))
    assert weighted == pytest.approx([((0.5 + 0.125) * 8 / 3 + 0.5) / (8 / 3 + 1)])


def test_quantiles_are_hazens_and_weights_count_as_draws() -> None:
    draws = RNG.normal(size=(31, 4))
    levels = [0.0, 0.05, 0.5, 0.8, 1.0]
    want = np.quantile(draws, levels, axis=0, method="hazen")
    assert quantiles(draws, levels) == pytest.approx(want)
    assert quantiles(draws[:1], [0.2]).tolist() == draws[:1].tolist()
    twice = quantiles(np.repeat(draws, 2, axis=0), [0.5])
    assert quantiles(draws, [0.5], np.full(31, 2.0)) == pytest.approx(twice)
    heavy = np.where(np.arange(31) == 3, 1000.0, 1.0)
    assert quantiles(draws, [0.5], heavy)[0] == pytest.approx(draws[3], abs=0.02)


def test_coverage_and_its_exact_interval() -> None:
    found = coverage((np.arange(40) + 0.5) / 40)
    assert found.share.tolist() == [0.5, 0.8, 0.9, 0.95]
    assert found.holds.all()
    for inside, low, high in zip(found.share * 40, found.low, found.high, strict=True):
        want = stats.binomtest(round(inside), 40).proportion_ci(0.95, method="exact")
        assert (low, high) == pytest.approx((want.low, want.high))
    ends = coverage(np.array([0.01, 0.99]), [0.5])
    assert (ends.low[0], ends.share[0]) == (0.0, 0.0)
    assert ends.high[0] == pytest.approx(1 - np.sqrt(0.025))
    assert not coverage(np.full(30, 0.5), [0.5]).holds[0]


def test_autocorrelation_by_hand() -> None:
    r = np.array([1.0, -1.0, 2.0, 0.0, 1.0])
    found = autocorrelation(r, lags=2)
    want = np.array([(-1 - 2 + 0 + 0) / 7, (2 + 0 + 2) / 7])
    assert found.correlation == pytest.approx(want)
    assert found.statistic == pytest.approx(5 * 7 * (want**2 / [4, 3]).sum())
    assert found.chance == pytest.approx(stats.chi2.sf(found.statistic, 2))


def test_pairs_of_different_series_do_not_count() -> None:
    r = np.array([1.0, 2.0, -1.0, 3.0])
    found = autocorrelation(r, lags=2, series=["a", "a", "b", "b"])
    assert found.correlation[0] == pytest.approx((2 - 3) / 15)
    assert np.isnan(found.correlation[1])
    assert found.chance == pytest.approx(stats.chi2.sf(4 * 6 * (1 / 15) ** 2 / 2, 1))


def test_chance_is_uniform_without_autocorrelation_and_small_with() -> None:
    white = [autocorrelation(r, 5).chance for r in RNG.normal(size=(1000, 120))]
    assert stats.kstest(white, "uniform").pvalue > 1e-3
    assert autocorrelation(np.cumsum(RNG.normal(size=60))).chance < 1e-6


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: coverage(np.array([])), "coverage of 0 data"),
        (lambda: coverage(np.array([0.1]), [1.0]), "levels 1"),
        (lambda: autocorrelation(np.ones(3), 2), "3 residuals at 2 lags"),
        (lambda: autocorrelation(np.array([1, np.nan, 2, 1])), "give finite residuals"),
        (lambda: crps(np.ones(1), np.ones((2, 1)), np.ones(3)), r"weights of shape \(3,\) for 2"),
        (lambda: crps(np.ones(1), np.ones((2, 1)), np.zeros(2)), "not all of them 0"),
    ],
)
def test_refusals(call: object, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        call()  # type: ignore[operator]
