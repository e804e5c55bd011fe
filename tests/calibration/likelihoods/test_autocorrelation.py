"""Errors that persist: the multivariate normal they are, uneven times, several series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sdsim.base.errors import ModelError
from sdsim.calibration.likelihoods import LogNormal, Normal, Student, gaps

TIMES = np.array([1.0, 1.5, 4.0, 4.1, 9.0, 2.0, 2.25, 7.0])
SERIES = ["a"] * 5 + ["b"] * 3
GAPS = gaps(TIMES, SERIES)
SD = np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 0.7, 0.2])
RHO = np.array([[0.0], [0.3], [0.95]])
RNG = np.random.default_rng(2)
OBSERVED = RNG.uniform(1, 3, 8)
PREDICTED = RNG.uniform(1, 3, (3, 8))


def covariance(rho: float) -> Any:
    """Standard deviations and correlations written out, none between series."""
    apart = np.abs(TIMES[:, None] - TIMES)
    same = np.array(SERIES)[:, None] == np.array(SERIES)
    return np.where(same, np.where(apart > 0, rho**apart, 1.0), 0.0) * SD[:, None] * SD


def test_gaps() -> None:
    assert pytest.approx([np.inf, 0.5, 2.5, 0.1, 4.9, np.inf, 0.25, 4.75]) == GAPS
    assert gaps(np.array([3.0, 5.0])).tolist() == [np.inf, 2.0]
    assert gaps(np.array([])).shape == (0,)


@pytest.mark.parametrize(
    ("times", "series", "said"),
    [
        ([1.0, 1.0], None, "time 1 follows 1 in one series; sort the data by time"),
        ([2.0, 1.0], None, "time 1 follows 2 in one series"),
        ([1.0, 1.0, 2.0], ["a", "b", "a"], "a series of data has others in between"),
    ],
)
def test_gaps_of_data_out_of_order(times: Any, series: Any, said: str) -> None:
    with pytest.raises(ModelError) as refused:
        gaps(np.array(times), series)
    assert said in str(refused.value)


def test_normal_errors_are_a_multivariate_normal() -> None:
    errors = Normal(tuple(SD), "rho")
    found = errors.log_density(OBSERVED, PREDICTED, {"rho": RHO}, GAPS)
    for i, rho in enumerate(RHO[:, 0]):
        want = stats.multivariate_normal(PREDICTED[i], covariance(rho)).logpdf(OBSERVED)
        assert found[i].sum() == pytest.approx(want, abs=1e-10)
    assert found[0] == pytest.approx(Normal(tuple(SD)).log_density(OBSERVED, PREDICTED[:1], {})[0])


def test_log_normal_errors_are_normal_in_logarithms() -> None:
    found = LogNormal("sd", 0.3).log_density(OBSERVED, PREDICTED, {"sd": SD}, GAPS)
    logs = np.log(PREDICTED[1])
    want = stats.multivariate_normal(logs, covariance(0.3)).logpdf(np.log(OBSERVED))
    assert found[1].sum() == pytest.approx(want - np.log(OBSERVED).sum(), abs=1e-10)


def test_each_datum_is_conditional_on_those_before() -> None:
    """By Bayes: the joint density up to a datum less the one before it."""
    found = Normal(tuple(SD), 0.95).log_density(OBSERVED, PREDICTED, {}, GAPS)[0]
    whole = covariance(0.95)
    joint = [
        stats.multivariate_normal(PREDICTED[0, :k], whole[:k, :k]).logpdf(OBSERVED[:k])
        for k in range(1, 9)
    ]
    assert found == pytest.approx(np.diff([0.0, *joint]), abs=1e-10)


def test_student_innovations_of_many_degrees_of_freedom_are_normal() -> None:
    wide = Student(tuple(SD), 1e9, "rho").log_density(OBSERVED, PREDICTED, {"rho": RHO}, GAPS)
    normal = Normal(tuple(SD), "rho").log_density(OBSERVED, PREDICTED, {"rho": RHO}, GAPS)
    assert wide == pytest.approx(normal, rel=1e-6)


def test_student_innovations_have_the_scale_of_what_is_new() -> None:
    rho, gap = 0.6, 2.0
    found = Student(1.5, 4.0, rho).log_density(
        np.array([3.0, 1.0]), np.zeros((1, 2)), {}, np.array([np.inf, gap])
    )
    left = rho**gap
    want = stats.t(4, 3.0 * left, 1.5 * np.sqrt(1 - left**2)).logpdf(1.0)
    assert found[0] == pytest.approx([stats.t(4, 0, 1.5).logpdf(3.0), want])


@pytest.mark.parametrize("errors", [Normal("sd", "rho"), LogNormal("sd", "rho")])
def test_draws_have_the_covariance(errors: Any) -> None:
    rows = np.ones((40_000, 8))
    drawn = errors.draw(
        rows, {"sd": SD / 3, "rho": np.array([[0.8]])}, np.random.default_rng(1), GAPS
    )
    scatter = np.log(drawn) if errors.kind == "log_normal" else drawn
    found = np.cov(scatter.T) * 9 / (SD[:, None] * SD)
    assert found == pytest.approx(covariance(0.8) / (SD[:, None] * SD), abs=0.03)


def test_draws_of_student_errors_keep_their_scale() -> None:
    """With many degrees of freedom; with few, innovations have scipy's distribution."""
    rows = np.zeros((40_000, 8))
    drawn = Student(tuple(SD), 1e6, 0.8).draw(rows, {}, np.random.default_rng(1), GAPS)
    assert np.cov(drawn.T) / (SD[:, None] * SD) == pytest.approx(
        covariance(0.8) / (SD[:, None] * SD), abs=0.03
    )
    heavy = Student(1.0, 3.0, 0.5).draw(rows[:, :2], {}, np.random.default_rng(2), GAPS[[0, 1]])
    kept = 0.5 ** GAPS[1]
    new = (heavy[:, 1] - kept * heavy[:, 0]) / np.sqrt(1 - kept**2)
    assert stats.kstest(new, stats.t(3).cdf).pvalue > 1e-3


def test_gauss_and_newton_see_the_autocorrelation() -> None:
    """J'J is, on average, Fisher's information: per datum (dm/ds)^2 + 2 (d log s)^2, with m and s
    the mean and scale of an error given the one before."""
    rho, n = 0.6, 6000
    even = gaps(np.arange(n, dtype=float))
    errors = Normal("sd", "rho")
    zeros = np.zeros((1, n))
    observed = errors.draw(
        zeros, {"sd": np.array([[2.0]]), "rho": np.array([[rho]])}, np.random.default_rng(7), even
    )[0]
    h = 1e-5
    points = np.array(
        [[np.log(2) + h, rho], [np.log(2), rho + h], [np.log(2) - h, rho], [np.log(2), rho - h]]
    )
    r = errors.residuals(
        observed, np.zeros((4, n)), {"sd": np.exp(points[:, :1]), "rho": points[:, 1:]}, even
    )
    jacobian = (r[:2] - r[2:]) / (2 * h)
    found = jacobian @ jacobian.T / n
    shrink = -rho / (1 - rho**2)
    want = np.array([[2, 2 * shrink], [2 * shrink, 1 / (1 - rho**2) + 2 * shrink**2]])
    assert found == pytest.approx(want, rel=0.06)


def test_a_prediction_that_fails_takes_the_next_datum_with_it() -> None:
    """The next one is conditional on it; the series after it is not."""
    wrong = PREDICTED.copy()
    wrong[0, 3] = np.nan
    found = Normal(1.0, 0.5).log_density(OBSERVED, wrong, {}, GAPS)
    assert np.isinf(found[0]).tolist() == [False] * 3 + [True] * 2 + [False] * 3
    assert np.isfinite(found[1:]).all()
    ends = PREDICTED.copy()
    ends[0, 4] = np.nan
    assert np.isinf(Normal(1.0, 0.5).log_density(OBSERVED, ends, {}, GAPS)[0]).sum() == 1


def test_autocorrelation_needs_times() -> None:
    with pytest.raises(ModelError, match="autocorrelated errors without the times between data"):
        Normal(1.0, 0.5).log_density(OBSERVED, PREDICTED, {})
