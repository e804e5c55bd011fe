"""Leave-one-out: against exact refits of a normal mean, and data that decide too much."""

from __future__ import annotations

import numpy as np
from scipy import stats

from sdsim.inference.loo import left_out


def densities(data: np.ndarray, n: int = 4000) -> np.ndarray:
    """(n, m) of normal data with a known spread, at draws of the posterior of their mean."""
    rng = np.random.default_rng(0)
    mean = data.mean() + rng.standard_normal(n) / np.sqrt(len(data))
    return np.asarray(stats.norm.logpdf(data, mean[:, None]))


def test_it_is_the_exact_one() -> None:
    """A flat prior: without one datum the mean is that of the others, and its variance 1/(m-1)."""
    data = np.random.default_rng(1).normal(3, 1, 20)
    found = left_out(densities(data))
    others = (data.sum() - data) / 19
    exact = stats.norm.logpdf(data, others, np.sqrt(1 + 1 / 19))
    np.testing.assert_allclose(found.log_density, exact, atol=0.02)
    assert not found.doubtful.any()


def test_a_datum_that_decides_too_much_is_doubtful() -> None:
    data = np.random.default_rng(1).normal(0, 1, 20)
    data[7] = 60.0
    found = left_out(densities(data))
    assert np.flatnonzero(found.doubtful).tolist() == [7]
    assert found.k_hat[7] > found.limit


def test_impossible_rows_have_no_value() -> None:
    made = densities(np.array([0.0, 1.0]))
    made[3, 1] = np.nan
    found = left_out(made)
    assert np.isnan(found.log_density[1])
    assert found.doubtful.tolist() == [False, True]
    assert np.isfinite(left_out(np.zeros((100, 1))).log_density).all()
