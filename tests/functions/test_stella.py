"""Stella's own builtins: exact values, and random ones against SciPy's distributions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

import sdsim

HEAD = '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'


def series(tmp_path: Path, equation: str, steps: int = 10, dt: float = 1.0) -> np.ndarray:
    text = (
        f"{HEAD}<sim_specs><start>0</start><stop>{steps * dt}</stop><dt>{dt}</dt></sim_specs>"
        f'<model><variables><aux name="x"><eqn>{equation}</eqn></aux></variables></model></xmile>'
    )
    (tmp_path / "t.xmile").write_text(text)
    run = sdsim.simulate(sdsim.load(tmp_path / "t.xmile", cache=False), seed=5)
    return np.asarray(run["x"].values)


VALUES = [
    ("FACTORIAL(6)", 720), ("COMBINATIONS(5, 3)", 10), ("PERMUTATIONS(5, 3)", 60),
    ("GAMMALN(7.5)", special.gammaln(7.5)), ("NORMALCDF(1.3)", stats.norm.cdf(1.3)),
    ("NORMALCDF(-6)", stats.norm.cdf(-6)), ("NORMALCDF(-9.5)", stats.norm.cdf(-9.5)),
    ("NORMALCDF(8, 11, 10, 2)", stats.norm.cdf(0.5) - stats.norm.cdf(-1)),
    ("INVNORM(0.9)", stats.norm.ppf(0.9)), ("INVNORM(0.2, 5, 3)", stats.norm.ppf(0.2, 5, 3)),
    ("ROOTN(27, 3)", 3), ("ROOTN(-27, 3)", -3), ("ROOTN(-1*TIME/TIME - 31, 5)", -2),
    ("ROOTN(0 - 27, 0 - 3)", -1 / 3), ("isee.ROUND(2.4) + std.ABS(-1)", 3),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "value"), VALUES)
def test_values(tmp_path: Path, equation: str, value: float) -> None:
    assert series(tmp_path, equation) == pytest.approx(value, rel=1e-7)


NPV = [("NPV(5 + TIME, 0.1)", 5.0), ("NPV(5 + TIME, 0.1, 2)", 2.0), ("NPV(5 + TIME, 0)", 5.0)]


@pytest.mark.parametrize(("equation", "begin"), NPV)
@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_what_a_stream_is_worth_at_the_start(
    tmp_path: Path, equation: str, begin: float, dt: float
) -> None:
    """isee: the rate is the effective one for a unit of time."""
    rate = float(equation.replace(")", ",").split(",")[1])
    t = np.arange(0, 10 + dt, dt)[1:11]
    shares = dt * (5 + t) / (1 + rate) ** t
    found = series(tmp_path, equation, 10, dt)
    np.testing.assert_allclose(found, begin + np.concatenate(([0], np.cumsum(shares))))


def test_the_same_as_bptk_expects(tmp_path: Path) -> None:
    """The first values of its test_npv: a stream of 10 at a rate of 2, by quarters."""
    expected = [10.0, 11.9, 13.343, 14.44, 15.273, 15.906, 16.387, 16.753, 17.031, 17.242]
    np.testing.assert_allclose(series(tmp_path, "NPV(10, 2)", 9, 0.25), expected, atol=6e-4)


LOAN = "0.01, 36"
RAMPS = [("RAMP(2)", 2 * np.arange(11)), ("RAMP(2, 3)", 2 * np.maximum(np.arange(11) - 3, 0)),
         ("RAMP(2, 3, 6)", 2 * np.clip(np.arange(11) - 3, 0, 3))]  # fmt: skip
PAYMENTS = [
    (f"PMT({LOAN}, 10000, 0)", -332.1431), (f"PMT({LOAN}, 10000, -4000)", -239.2859),
    (f"FV({LOAN}, -332.1431, 10000)", 0.0), (f"FV({LOAN}, -332.1431, 0)", 14307.688),
    (f"PV({LOAN}, -332.1431, 0)", 10000), ("PMT(0, 36, 10000, 0)", -10000 / 36),
    ("FV(0, 12, -5, 100)", -40), ("PV(0, 12, -5, -40)", 100),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "value"), PAYMENTS)
def test_payments_with_interest(tmp_path: Path, equation: str, value: float) -> None:
    """isee's example: 10,000 at 1 % a month over 36 months cost 332.14 each."""
    assert series(tmp_path, equation) == pytest.approx(value, abs=2e-3)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from((0.0, 0.01, -0.02, 0.3)), st.integers(1, 40), st.floats(-9, 9),
       st.floats(-9, 9))  # fmt: skip
def test_what_is_paid_balances(
    tmp_path_factory: pytest.TempPathFactory, rate: float, n: int, pv: float, fv: float
) -> None:
    """Month by month: interest on what is there, then the payment."""
    paid = series(tmp_path_factory.mktemp("x"), f"PMT({rate}, {n}, {pv!r}, {fv!r})", 1)[0]
    balance = pv
    for _ in range(n):
        balance = balance * (1 + rate) + paid
    assert balance + fv == pytest.approx(0, abs=1e-7 * (1 + rate) ** n + 1e-9)


@pytest.mark.parametrize(("equation", "values"), RAMPS)
def test_ramps(tmp_path: Path, equation: str, values: np.ndarray) -> None:
    """isee: without a time it begins with the run."""
    np.testing.assert_array_equal(series(tmp_path, equation), values)


def test_growth_by_so_many_per_cent_is_the_same_for_every_step(tmp_path: Path) -> None:
    """isee: the stock grows by the percentage whatever DT."""
    for dt in (1.0, 0.25):
        rate = series(tmp_path, "CGROWTH(10)", 4, dt)[0]
        assert (1 + rate * dt) ** (1 / dt) == pytest.approx(1.1)


DISTRIBUTIONS = [
    ("LOGISTIC(4, 2)", stats.logistic(4, 2)), ("WEIBULL(1.5, 3)", stats.weibull_min(1.5, scale=3)),
    ("PARETO(3, 2)", stats.pareto(3, scale=2)),
    ("TRIANGULAR(1, 2, 6)", stats.triang(0.2, 1, 5)),
    ("LOGNORMAL(10, 3)", stats.lognorm(math.sqrt(math.log(1.09)),
                                       scale=10 / math.sqrt(1.09))),
    ("EXPRND(8)", stats.expon(scale=8)), ("NORMAL(100, 5)", stats.norm(100, 5)),
    ("RANDOM(1, 100)", stats.uniform(1, 99)), ("GAMMA(2.5, 3)", stats.gamma(2.5, scale=3)),
    ("GAMMA(1, 3)", stats.gamma(1, scale=3)), ("GAMMA(0.3, 2)", stats.gamma(0.3, scale=2)),
    ("GAMMA(800, 1, 7)", stats.gamma(800)), ("BETA(2, 5)", stats.beta(2, 5)),
    ("BETA(0.4, 0.7)", stats.beta(0.4, 0.7)),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "distribution"), DISTRIBUTIONS)
def test_draws_have_their_distribution(tmp_path: Path, equation: str, distribution) -> None:
    drawn = series(tmp_path, equation, 4000)
    assert stats.kstest(drawn, distribution.cdf).pvalue > 0.01
    assert len(np.unique(drawn)) > 3990


COUNTS = [
    ("POISSON(3)", stats.poisson(3), 1.0), ("POISSON(8)", stats.poisson(2), 0.25),
    ("BINOMIAL(9, 0.3)", stats.binom(9, 0.3), 1.0), ("BINOMIAL(4, 1.5)", stats.binom(4, 1), 1.0),
    ("NEGBINOMIAL(3, 0.4)", stats.nbinom(3, 0.4), 1.0),
    ("NEGBINOMIAL(20, 0.6, 5)", stats.nbinom(20, 0.6), 0.25),
    ("GEOMETRIC(0.3)", stats.geom(0.3), 1.0), ("MONTECARLO(40)", stats.bernoulli(0.1), 0.25),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "distribution", "dt"), COUNTS)
def test_counts_have_their_distribution(tmp_path: Path, equation: str, distribution, dt) -> None:
    drawn = series(tmp_path, equation, 4000, dt)
    assert (drawn == np.round(drawn)).all()
    top = int(distribution.ppf(0.99))
    seen = [np.mean(drawn == k) for k in range(top + 1)]
    spread = 4 * np.sqrt(distribution.pmf(range(top + 1)) / len(drawn)) + 1e-3
    assert (np.abs(seen - distribution.pmf(range(top + 1))) < spread).all()


def test_many_events_in_a_step_are_nearly_normal(tmp_path: Path) -> None:
    drawn = series(tmp_path, "POISSON(400)", 4000)
    assert np.mean(drawn) == pytest.approx(400, abs=2)
    assert np.std(drawn) == pytest.approx(20, abs=1)
