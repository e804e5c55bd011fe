"""The regression behind most rivals: the same as writing every covariance out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals import regression
from sdsim.comparison.rivals.base import PRIOR_FREEDOM, prior_scale
from sdsim.comparison.rivals.regression import regress

RNG = np.random.default_rng(11)


def panel(groups: Any, times: Any, scale: str = "level") -> Panel:
    x = RNG.normal(5, 3, len(times))
    z = 2 + 0.7 * x + RNG.normal(0, 0.5, len(times))
    values = z if scale == "level" else np.exp(z / 4)
    return Panel(np.array(times), values, tuple(groups), {"x": x}, scale)


def columns(data: Panel) -> Any:
    return data.driver("x")[:, None]


def written_out(fit: Any, train: Panel, test: Panel, grid: Any) -> tuple[Any, Any]:
    """(m,) log densities of the test data: for each point of the grid, multivariate Student
    densities of the training data without and with each of the test data."""
    z, ask = train.scaled - fit.middle, test.scaled - fit.middle
    times, groups = np.append(train.times, test.times), train.groups + test.groups
    x = np.append(columns(train), columns(test), axis=0)
    x = np.concatenate([np.ones((len(x), 1)), (x - fit.centre) / fit.size], axis=1)
    same = np.array(groups)[:, None] == np.array(groups)
    gap = np.abs(times[:, None] - times) / fit.step
    n, s2 = len(z), prior_scale(train) ** 2
    parts, evidences = [], []
    for log_share, r, apart, wide in grid:
        kernel = np.where(same, np.where(gap > 0, r**gap, 1.0), 0.0) / (1 - r**2)
        cov = x @ np.diag([regression.LEVEL, wide]) @ x.T + apart * same + kernel
        evidence = stats.multivariate_t(np.zeros(n), s2 * cov[:n, :n], df=PRIOR_FREEDOM).logpdf(z)
        row = []
        for i in range(len(ask)):
            at = [*range(n), n + i]
            whole = stats.multivariate_t(
                np.zeros(n + 1), s2 * cov[np.ix_(at, at)], df=PRIOR_FREEDOM
            )
            row.append(whole.logpdf(np.append(z, ask[i])) - evidence)
        parts.append(row)
        evidences.append(evidence + log_share)
    share = np.array(evidences) - logsumexp(evidences)
    return logsumexp(np.array(parts) + share[:, None], axis=0), np.exp(share)


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_predictions_are_exact(several: bool, persistent: bool, monkeypatch: Any) -> None:
    """With uneven times, test data before, between and after, and a group that is new."""
    monkeypatch.setattr(regression, "SLOPES", np.array([0.1, 10.0, 1e4]))
    monkeypatch.setattr(regression, "GROUPS", np.array([0.5, 50.0]))
    monkeypatch.setattr(regression, "LOST", 0.0)
    rs, weights = np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.3])
    monkeypatch.setattr(regression, "_correlations", lambda: (rs, weights))
    groups = ["a"] * 5 + (["b"] * 4 if several else [])
    times = [1.0, 2.0, 3.5, 6.0, 7.0] + ([0.0, 1.0, 2.0, 4.5] if several else [])
    train = panel(groups, times)
    test = panel(
        ["a"] * 4 + (["b", "new"] if several else []),
        [0.2, 4.0, 8.0, 20.0, 9.0, 3.0][: 6 if several else 4],
    )
    fit = regress(train, columns, persistent=persistent)
    grid = [
        (np.log(w), r, apart, wide)
        for r, w in (zip(rs, weights, strict=True) if persistent else [(0.0, 1.0)])
        for apart in (regression.GROUPS if several else [0.0])
        for wide in regression.SLOPES
    ]
    want, share = written_out(fit, train, test, grid)
    assert fit.share == pytest.approx(share, abs=1e-8)
    assert fit.predict(test).log_density(test.values) == pytest.approx(want, abs=1e-7)


def test_correlations_integrate_what_is_uniform() -> None:
    r, weight = regression._correlations()
    assert weight.sum() == pytest.approx(1)
    for power in (1, 2, 7):
        assert (weight * r**power).sum() == pytest.approx(1 / (power + 1))
    assert 0 < r.min() < r.max() < 1


def test_no_units_matter() -> None:
    """Times in days, drivers in thousands, values in pence: the same densities, moved."""
    train, test = (
        panel("ab" * 6, np.repeat(np.arange(6.0), 2), "log"),
        panel("ab", [6.0, 6.0], "log"),
    )
    want = regress(train, columns, persistent=True).predict(test).log_density(test.values)

    def other(data: Panel) -> Panel:
        drivers = {"x": 1000 * data.drivers["x"] + 7}
        return Panel(365 * data.times, 100 * data.values, data.groups, drivers, "log")

    found = regress(other(train).sorted(), columns, persistent=True).predict(other(test))
    train = train.sorted()
    want = regress(train, columns, persistent=True).predict(test).log_density(test.values)
    assert found.log_density(100 * test.values) == pytest.approx(want - np.log(100), abs=1e-6)


def test_slopes_come_back_and_are_not_shrunk() -> None:
    """A signal of 300 times the noise: a fixed prior of unit information would bend it."""
    x = RNG.normal(size=(25, 2))
    train = Panel(np.arange(25.0), x @ [3.0, -1.0] + RNG.normal(0, 0.01, 25), (), {}, "level")
    fit = regress(train, lambda p: x[: len(p)], persistent=False)
    mean, sd = fit.elasticities
    assert mean == pytest.approx([3, -1], abs=0.02)
    assert (np.abs(mean - [3, -1]) < 4 * sd).all()
    assert sd == pytest.approx([0.002, 0.002], rel=0.6)


def test_a_slope_without_effect_is_near_zero_and_counts_little() -> None:
    x = RNG.normal(size=(12, 8))
    still = Panel(np.arange(12.0), RNG.normal(size=12), (), {}, "level")
    fit = regress(still, lambda p: x[: len(p)], persistent=False)
    least = np.linalg.lstsq(np.c_[np.ones(12), x], still.values, rcond=None)[0][1:]
    assert np.abs(fit.elasticities[0]).sum() < 0.7 * np.abs(least).sum()
    assert fit.parameters == 10
    assert 1.5 < fit.informed < 9


def test_parameters_that_the_data_inform() -> None:
    """Ten groups far apart: each level counts; groups alike: they count as hardly any."""
    groups, times = tuple("abcdefghij" * 8), np.repeat(np.arange(8.0), 10)
    noise = RNG.normal(0, 0.1, 80)
    levels = np.tile(RNG.normal(0, 3, 10), 8)
    none = np.empty((80, 0))
    far, near = (
        regress(Panel(times, v, groups, {}, "level").sorted(), lambda p: none, persistent=False)
        for v in (noise + levels, noise)
    )  # fmt: skip
    assert far.parameters == near.parameters == 13
    assert far.informed == pytest.approx(12.5, abs=1)
    assert near.informed < 7
