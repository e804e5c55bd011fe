"""Distributions: quantiles, probabilities and densities against each other and against SciPy."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from sdsim.base.errors import ModelError
from sdsim.design import (
    Beta,
    Choice,
    Empirical,
    Exponential,
    Gamma,
    HalfNormal,
    Integer,
    LogNormal,
    LogUniform,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
    Weibull,
)
from sdsim.design.distributions import KINDS, Distribution, from_data, to_data

U = np.linspace(0, 1, 1001)
INSIDE = np.linspace(0.001, 0.999, 333)
INF = np.inf


class Cut:
    """SciPy's distribution between two ends."""

    def __init__(self, whole: Any, low: float, high: float) -> None:
        self.whole, self.low, self.high = whole, low, high
        self.a, self.b = whole.cdf(low), whole.cdf(high)

    def ppf(self, u: Any) -> Any:
        return self.whole.ppf(self.a + u * (self.b - self.a))

    def cdf(self, x: Any) -> Any:
        return (self.whole.cdf(x) - self.a) / (self.b - self.a)

    def logpdf(self, x: Any) -> Any:
        return self.whole.logpdf(x) - np.log(self.b - self.a)


#: Ours, and SciPy's.
PAIRS: tuple[tuple[Distribution, Any], ...] = (
    (Uniform(2, 5), stats.uniform(2, 3)),
    (LogUniform(0.1, 10), stats.loguniform(0.1, 10)),
    (Triangular(1, 2, 5), stats.triang(0.25, 1, 4)),
    (Triangular(1, 1, 5), stats.triang(0, 1, 4)),
    (Triangular(1, 5, 5), stats.triang(1, 1, 4)),
    (Pert(0, 2, 10), stats.beta(1.8, 4.2, 0, 10)),
    (Normal(1, 2, -2, 4), stats.truncnorm(-1.5, 1.5, 1, 2)),
    (Normal(0, 1, 3, 5), stats.truncnorm(3, 5, 0, 1)),
    (Normal(0, 1, -9, -4), stats.truncnorm(-9, -4, 0, 1)),
    (Normal(1, 2), stats.norm(1, 2)),
    (LogNormal(2, 0.5, 0.5, 8), Cut(stats.lognorm(0.5, 0, 2), 0.5, 8)),
    (LogNormal(2, 0.5), stats.lognorm(0.5, 0, 2)),
    (HalfNormal(2), stats.halfnorm(0, 2)),
    (HalfNormal(2, 1, 5), Cut(stats.halfnorm(0, 2), 1, 5)),
    (StudentT(1, 2, 4), stats.t(4, 1, 2)),
    (StudentT(1, 2, 3, -1, 9), Cut(stats.t(3, 1, 2), -1, 9)),
    (Exponential(0.5, 9, 0.2, 2), Cut(stats.expon(0.2, 2), 0.5, 9)),
    (Exponential(0, INF, 0, 2), stats.expon(0, 2)),
    (Gamma(0.1, 5, 0.1, 2, 3), Cut(stats.gamma(3, 0.1, 2 / 3), 0.1, 5)),
    (Gamma(1, INF, 1, 2, 0.7), stats.gamma(0.7, 1, 2 / 0.7)),
    (Weibull(1, 4, 0, 2, 1.5), Cut(stats.weibull_min(1.5, 0, 2), 1, 4)),
    (Weibull(0, INF, 0, 2, 0.8), stats.weibull_min(0.8, 0, 2)),
    (Beta(-1, 1, -1, 3, 2, 5), Cut(stats.beta(2, 5, -1, 3), -1, 1)),
    (Beta(0, 1, 0, 1, 2, 5), stats.beta(2, 5)),
)  # fmt: skip
both = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[f"{o}"[:50] for o, _ in PAIRS])


def test_every_distribution_is_compared() -> None:
    assert {d.kind for d, _ in PAIRS} == KINDS.keys() - {"choice", "integer", "empirical"}


@both
def test_quantiles_are_scipys(ours: Distribution, theirs: Any) -> None:
    u = U[1:-1] + 1e-9
    assert ours.ppf(u) == pytest.approx(theirs.ppf(u), rel=1e-6, abs=1e-6)
    assert ours.ppf(np.array([0.0, 1.0])) == pytest.approx([ours.low, ours.high])


@both
def test_probabilities_and_densities_are_scipys(ours: Distribution, theirs: Any) -> None:
    x = theirs.ppf(INSIDE)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.log_density(x), theirs.logpdf(x), rtol=1e-9, atol=1e-9)


def places(scale: float = 10.0) -> st.SearchStrategy[float]:
    return st.floats(-scale, scale)


SIZES = st.floats(0.05, 20)
SHAPES = st.floats(0.6, 8)


@st.composite
def continuous(draw: st.DrawFn) -> Distribution:
    """Any continuous distribution whose range holds a good part of it."""
    a, size = draw(places()), draw(SIZES)
    b, middle = a + size, a + draw(st.floats(0, 1)) * size
    wide = size * draw(st.floats(0.2, 3))
    p, q = draw(SHAPES), draw(SHAPES)
    least, start = abs(a) + 0.01, a - draw(st.floats(0, 0.5)) * wide
    open_end = INF if draw(st.booleans()) else b
    return draw(st.sampled_from([
        Uniform(a, b), LogUniform(least, least + size), Triangular(a, middle, b),
        Pert(a, middle, b),
        Normal(middle, wide, a, b), Normal(middle, wide, a, INF), Normal(middle, wide),
        LogNormal(least + 0.5 * size, 0.2 * p, least, least + size), LogNormal(least, 0.2 * p),
        HalfNormal(wide, 0.0, size), HalfNormal(wide), StudentT(middle, wide, p, a, b),
        StudentT(middle, wide, 2 + p), Exponential(a, open_end, start, wide),
        Gamma(a, open_end, start, wide, p), Weibull(a, open_end, start, wide, p),
        Beta(a, a + wide, start, 2 * wide, p, q),
    ]))  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(continuous())
def test_a_density_integrates_to_one(d: Distribution) -> None:
    """Between two quantiles far out, in pieces between others."""
    a, b = d.ppf(np.array([1e-6, 1 - 1e-6]))
    between = d.ppf(np.linspace(0.001, 0.999, 41))
    value = 0.0
    for low, high in zip([a, *between], [*between, b], strict=True):
        part, _ = integrate.fixed_quad(lambda x: np.exp(d.log_density(x)), low, high, n=24)
        value += part
    assert value == pytest.approx(1 - 2e-6, abs=2e-5)


@settings(max_examples=150, deadline=None)
@given(continuous())
def test_probabilities_are_the_inverse_of_quantiles(d: Distribution) -> None:
    assert d.cdf(d.ppf(INSIDE)) == pytest.approx(INSIDE, abs=2e-8)
    assert d.cdf(np.array([d.low, d.high])).tolist() == [0, 1]
    assert d.cdf(np.array([-INF, INF])).tolist() == [0, 1]


@settings(max_examples=150, deadline=None)
@given(continuous(), st.floats(0.05, 0.95))
def test_the_slope_of_probabilities_is_the_density(d: Distribution, u: float) -> None:
    (x,) = d.ppf(np.array([u]))
    step = 1e-5 * np.ptp(d.ppf(np.array([0.3, 0.7])))
    kink = getattr(d, "mode", x + INF)
    if not d.low < x - step < x + step < d.high or abs(x - kink) < 2 * step:
        return
    below, above = d.cdf(np.array([x - step, x + step]))
    density = float(np.exp(d.log_density(np.array([x]))[0]))
    assert (above - below) / (2 * step) == pytest.approx(density, rel=1e-4)


@settings(max_examples=50, deadline=None)
@given(continuous())
def test_nothing_lies_outside(d: Distribution) -> None:
    outside = np.array([np.nextafter(d.low, -INF), np.nextafter(d.high, INF), -INF, INF, np.nan])
    assert (d.log_density(outside) == -INF).all()
    assert (d.log_density(d.ppf(INSIDE)) > -INF).all()


def test_only_a_tail_may_be_open() -> None:
    below_the_shift = Exponential(-5, INF, 0, 1)
    assert below_the_shift.log_density(np.array([-1.0, 0.0, 1.0])).tolist() == [-INF, 0, -1]
    assert below_the_shift.cdf(np.array([-1.0, 0.0])).tolist() == [0, 0]
    assert Gamma(0, 9, 0, 2, 0.5).log_density(np.array([0.0])) == INF


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Normal(0, 1, INF), "expected finite numbers"),
        (lambda: Normal(0, 1, 0, -INF), "expected finite numbers"),
        (lambda: Exponential(-INF, INF, 0, 1), "expected finite numbers"),
        (lambda: Beta(0, INF, 0, 1, 2, 2), "expected finite numbers"),
        (lambda: Uniform(0, INF), "expected finite numbers"),
        (lambda: LogNormal(1, 1, -1), "low at least 0"),
        (lambda: HalfNormal(1, -1), "low must be at least 0, got -1"),
        (lambda: HalfNormal(0), "scale must be above 0, got 0"),
        (lambda: StudentT(0, 1, 0), "freedom must be above 0"),
        (lambda: Normal(0, 1, 50, 60), "normal: nothing lies between 50 and 60"),
    ],
)  # fmt: skip
def test_ranges_that_a_distribution_does_not_have_are_refused(
    make: Callable[[], object], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        make()


def test_one_value_has_probability_one() -> None:
    for d in (Uniform(3, 3), LogUniform(3, 3), Triangular(3, 3, 3), Normal(0, 1, 3, 3),
              LogNormal(1, 1, 3, 3), Integer(3, 3), Choice((3,)), Empirical((3, 3))):  # fmt: skip
        assert d.log_density(np.array([2.9, 3.0, 3.1])).tolist() == [-INF, 0, -INF]
        assert d.cdf(np.array([2.9, 3.0, 3.1])).tolist() == [0, 1, 1]


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 4)), min_size=1, max_size=8),
    st.integers(-9, 3), st.integers(0, 9),
)  # fmt: skip
def test_discrete_probabilities(pairs: list[tuple[int, int]], low: int, size: int) -> None:
    values, weights = zip(*pairs, strict=True)
    if not sum(weights):
        weights = (1,) * len(values)
    x = np.arange(-10.0, 14.0)
    for d in (Choice(values, weights), Integer(low, low + size), Empirical(values)):
        share = np.exp(d.log_density(x))
        assert share.sum() == pytest.approx(1)
        assert d.cdf(x) == pytest.approx(np.cumsum(share))
        assert np.isneginf(d.log_density(x + 0.5)).all()
        assert d.cdf(x + 0.5) == pytest.approx(d.cdf(x))
        drawn = d.ppf((np.arange(7000) + 0.5) / 7000)
        counted = (drawn == x[:, None]).mean(axis=1)
        assert counted == pytest.approx(share, abs=2e-3)
    listed = [sum(w for v, w in zip(values, weights, strict=True) if v == at) for at in x]
    assert np.exp(Choice(values, weights).log_density(x)) == pytest.approx(
        np.array(listed) / sum(weights)
    )


@given(continuous())
def test_a_distribution_travels_as_data_and_as_a_pickle(d: Distribution) -> None:
    assert from_data(json.loads(json.dumps(to_data(d)))) == d
    assert pickle.loads(pickle.dumps(d)) == d


def test_an_empirical_distribution_is_that_of_its_values() -> None:
    values = np.random.default_rng(0).normal(size=500).round(1)
    ours, x = Empirical(tuple(values)), np.linspace(-4, 4, 801)
    np.testing.assert_allclose(ours.cdf(x), stats.ecdf(values).cdf.evaluate(x))
    np.testing.assert_array_equal(
        ours.ppf(INSIDE), np.quantile(values, INSIDE, method="inverted_cdf")
    )
    assert repr(ours) == f"Empirical(500 values from {values.min():g} to {values.max():g})"
    assert from_data(json.loads(json.dumps(to_data(ours)))) == ours


def test_a_spec_may_leave_out_the_ends_of_open_tails() -> None:
    for data, whole in (
        ({"distribution": "normal", "mean": 0, "deviation": 1}, Normal(0, 1)),
        ({"distribution": "lognormal", "median": 2, "spread": 1}, LogNormal(2, 1, 0, INF)),
        ({"distribution": "exponential", "stretch": 2}, Exponential(0, INF, 0, 2)),
        ({"distribution": "gamma", "stretch": 2, "shift": 1, "order": 3}, Gamma(1, INF, 1, 2, 3)),
        ({"distribution": "beta", "stretch": 2, "alpha": 1, "beta": 3}, Beta(0, 2, 0, 2, 1, 3)),
        ({"distribution": "weibull", "stretch": 2, "shape": 1, "high": 3},
         Weibull(0, 3, 0, 2, 1)),
    ):  # fmt: skip
        assert from_data(data) == whole
    with pytest.raises(ModelError, match="gamma needs stretch and order"):
        from_data({"distribution": "gamma"})


def test_a_lognormal_and_a_choice() -> None:
    ours = LogNormal(2, 0.5, 0.5, 8)
    log = stats.truncnorm(np.log(0.25) / 0.5, np.log(4) / 0.5, np.log(2), 0.5)
    assert np.log(ours.ppf(U)) == pytest.approx(log.ppf(U), abs=1e-6)
    assert ours.ppf(np.array([0.5])) == pytest.approx([2.0])
    picked = Choice((3.0, 1.0, 2.0), (1, 2, 1)).ppf(np.array([0, 0.2, 0.3, 0.7, 0.8, 1.0]))
    assert picked.tolist() == [3, 3, 1, 1, 2, 2]
    assert Integer(-1, 3).ppf(INSIDE).tolist() == stats.randint(-1, 4).ppf(INSIDE).tolist()


@given(a=st.floats(-1e6, 1e6), size=st.floats(1e-3, 1e6), mode=st.floats(0, 1))
def test_quantiles_never_fall_and_stay_inside(a: float, size: float, mode: float) -> None:
    high = a + size
    middle = min(max(a + mode * size, a), high)
    for d in (Uniform(a, high), Triangular(a, middle, high), Pert(a, middle, high),
              Normal(middle, size, a, high)):  # fmt: skip
        v = d.ppf(U)
        assert (np.diff(v) >= -1e-9 * size).all()
        assert d.low - 1e-9 * size <= v.min()
        assert v.max() <= d.high + 1e-9 * size


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"low": 2, "high": 1}, "low 2 is above high 1"),
        ({"low": 0}, "needs high"),
        ({"low": 0, "high": float("nan")}, "finite"),
        ({"low": 0, "high": "x"}, "expected a number, got 'x'"),
        ({"low": 0, "high": True}, "expected a number"),
        ({"low": 0, "high": 1, "distribution": "unifrm"}, "did you mean 'uniform'"),
        ({"low": 0, "high": 1, "mode": 5, "distribution": "triangular"}, "mode 5 is outside"),
        ({"low": 0, "high": 1, "distribution": "loguniform"}, "above 0"),
        ({"low": 0, "high": 1, "peak": 1}, "uniform has no 'peak'"),
        ({"values": []}, "no values"),
        ({"values": 3}, "list"),
        ({"values": [1, 2], "weights": [1]}, "2 values, 1 weights"),
        ({"low": 0.5, "high": 2, "distribution": "integer"}, "whole numbers"),
        ({"mean": 0, "deviation": 0, "low": 0, "high": 1, "distribution": "normal"}, "above 0"),
    ],
)  # fmt: skip
def test_a_senseless_distribution_is_refused(data: dict, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        from_data(data)
