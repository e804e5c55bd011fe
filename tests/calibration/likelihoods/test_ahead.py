"""Held-out data: densities and draws given what is known alone, as multivariate normals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sdsim.calibration.likelihoods import LogNormal, Normal, Poisson, Student, gaps
from sdsim.calibration.likelihoods.ahead import last_known, log_density_ahead

TIMES = np.array([0.0, 1.0, 2.5, 3.0, 5.0, 1.0, 2.0, 4.0, 0.5, 1.5])
SERIES = [*"aaaaabbbcc"]
KNOWN = np.array([1, 1, 0, 0, 0, 1, 0, 1, 0, 0], dtype=bool)
GAPS = gaps(TIMES, SERIES)
RNG = np.random.default_rng(5)
OBSERVED, PREDICTED = RNG.uniform(1, 3, 10), RNG.uniform(1, 3, (2, 10))
SD = np.array([[0.4], [1.2]]) * np.linspace(0.5, 2, 10)
RHO = np.array([[0.3], [0.9]])


def conditional(row: int, i: int) -> Any:
    """Of datum ``i`` given all known data before it in its series, by the covariance."""
    at = [j for j in range(i) if KNOWN[j] and SERIES[j] == SERIES[i]]
    apart = np.abs(TIMES[:, None] - TIMES)
    cov = RHO[row, 0] ** apart * SD[row] * SD[row][:, None]
    weights = np.linalg.solve(cov[np.ix_(at, at)], cov[at, i]) if at else np.zeros(0)
    mean = PREDICTED[row, i] + weights @ (OBSERVED - PREDICTED[row])[at]
    return stats.norm(mean, np.sqrt(cov[i, i] - weights @ cov[at, i]))


def test_last_known() -> None:
    before, since = last_known(TIMES, SERIES, KNOWN)
    assert before.tolist() == [-1, 0, 1, 1, 1, -1, 5, 5, -1, -1]
    assert since[[2, 4, 7]].tolist() == [1.5, 4.0, 3.0]
    assert np.isinf(since[[0, 5, 8, 9]]).all()


def test_densities_are_conditional_on_what_is_known() -> None:
    settings = {"sd": SD, "rho": RHO}
    found = log_density_ahead(
        Normal("sd", "rho"), OBSERVED, PREDICTED, settings, TIMES, SERIES, KNOWN
    )
    for row in range(2):
        want = [conditional(row, i).logpdf(OBSERVED[i]) for i in range(10)]
        assert found[row] == pytest.approx(want)


@pytest.mark.parametrize(
    "errors", [Normal("sd", "rho"), LogNormal("sd", 0.4), Student("sd", 5, "rho")]
)
def test_if_all_is_known_it_is_the_likelihood(errors: Any) -> None:
    settings = {"sd": SD[0], "rho": RHO}
    found = log_density_ahead(
        errors, OBSERVED, PREDICTED, settings, TIMES, SERIES, np.ones(10, dtype=bool)
    )
    assert found == pytest.approx(errors.log_density(OBSERVED, PREDICTED, settings, GAPS))


def test_errors_that_do_not_persist_need_no_past() -> None:
    counts = np.round(OBSERVED)
    found = log_density_ahead(Poisson(), counts, PREDICTED, {}, TIMES, SERIES, KNOWN)
    assert found == pytest.approx(Poisson().log_density(counts, PREDICTED, {}))
    wide = Normal(tuple(SD[0]))
    found = log_density_ahead(wide, OBSERVED, PREDICTED, {}, TIMES, SERIES, KNOWN)
    assert found == pytest.approx(wide.log_density(OBSERVED, PREDICTED, {}))


def test_draws_go_on_from_what_is_known() -> None:
    """The draws of a datum have its conditional distribution; known data are drawn as they are."""
    rows = np.repeat(PREDICTED[1:], 20_000, axis=0)
    given = np.where(KNOWN, OBSERVED, np.nan)
    settings = {"sd": SD[1], "rho": RHO[1:]}
    drawn = Normal("sd", "rho").draw(rows, settings, RNG, GAPS, given)
    assert drawn[:, KNOWN] == pytest.approx(np.broadcast_to(OBSERVED, rows.shape)[:, KNOWN])
    for i in np.flatnonzero(~KNOWN):
        assert stats.kstest(drawn[:, i], conditional(1, i).cdf).pvalue > 1e-3


@pytest.mark.parametrize("errors", [LogNormal(0.3, 0.8), Student(0.3, 5.0, 0.8)])
def test_other_draws_start_at_the_last_residual(errors: Any) -> None:
    """Soon after a datum that is twice as predicted, so are draws; late, they have forgotten it."""
    rows, at = np.full((4000, 3), 10.0), gaps(np.array([0.0, 0.01, 99.0]))
    drawn = errors.draw(rows, {}, RNG, at, np.array([20.0, np.nan, np.nan]))
    assert np.median(drawn, axis=0) == pytest.approx([20, 20, 10], rel=0.03)


def test_draws_of_errors_that_do_not_persist_ignore_what_is_given() -> None:
    for errors in (Normal(0.1), Poisson()):
        one, other = (
            errors.draw(PREDICTED, {}, np.random.default_rng(1), GAPS, given)
            for given in (None, OBSERVED)
        )
        assert (one == other).all()
