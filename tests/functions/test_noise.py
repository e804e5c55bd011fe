"""Vensim's further random functions against SciPy's distributions, cut to their limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sdsim import System, simulate, simulate_many
from sdsim.backends import Numpy
from sdsim.base.errors import UnsupportedError

Make = Callable[..., System]
MEMBERS = 20_000
SOME = 5_000  # for the slower back end, whose draws are the same


def weibull(shape: float) -> Any:
    """With a mean of 1."""
    return stats.weibull_min(shape, scale=1 / math.gamma(1 + 1 / shape))


#: The call; the distribution; shift and stretch; the limits of the result.
CASES: dict[str, tuple[Any, float, float, float, float]] = {
    "RANDOM WEIBULL(-1e9, 1e9, 2, 0, 1, 0)": (weibull(2), 0, 1, -1e9, 1e9),
    "RANDOM WEIBULL(2.5, 4, 0.7, 1, 3, 0)": (weibull(0.7), 1, 3, 2.5, 4),
    "RANDOM WEIBULL(-9, 0.5, 1.5, 1, -2)": (weibull(1.5), 1, -2, -9, 0.5),
    "RANDOM TRIANGULAR(0, 9, 2, 3, 7, 0)": (stats.triang(0.2, 2, 5), 0, 1, 0, 9),
    "RANDOM TRIANGULAR(2.5, 6, 2, 3, 7, 0)": (stats.triang(0.2, 2, 5), 0, 1, 2.5, 6),
    "RANDOM TRIANGULAR(0, 4, 2, 2, 7, 0)": (stats.triang(0, 2, 5), 0, 1, 0, 4),
    "RANDOM TRIANGULAR(3, 9, 2, 7, 7)": (stats.triang(1, 2, 5), 0, 1, 3, 9),
    "RANDOM POISSON(0, 1e6, 3.5, 0, 1, 0)": (stats.poisson(3.5), 0, 1, 0, 1e6),
    "RANDOM POISSON(2, 5, 3.5, 0, 1, 0)": (stats.poisson(3.5), 0, 1, 2, 5),
    "RANDOM POISSON(10, 31, 6, 1, 4)": (stats.poisson(6), 1, 4, 10, 31),
    "RANDOM POISSON(0, 1e6, 60, 0, 1, 0)": (stats.poisson(60), 0, 1, 0, 1e6),
    "RANDOM BINOMIAL(0, 1e6, 0.3, 12, 0, 1, 0)": (stats.binom(12, 0.3), 0, 1, 0, 1e6),
    "RANDOM BINOMIAL(0, 1e6, 0.9, 12, 0, 1, 0)": (stats.binom(12, 0.9), 0, 1, 0, 1e6),
    "RANDOM BINOMIAL(9, 11, 0.9, 12, 0, 1, 0)": (stats.binom(12, 0.9), 0, 1, 9, 11),
    "RANDOM BINOMIAL(-8, -1, 0.3, 12, 1, -2)": (stats.binom(12, 0.3), 1, -2, -8, -1),
    "RANDOM BINOMIAL(0, 1e6, 0.02, 1000, 0, 1, 0)": (stats.binom(1000, 0.02), 0, 1, 0, 1e6),
    "RANDOM BINOMIAL(0, 130, 0.5, 130, 0, 1, 0)": (stats.binom(130, 0.5), 0, 1, 0, 130),
}


def drawn(system: Make, call: str, members: int = MEMBERS, seed: int = 7) -> Any:
    """(n_member,) one draw of each member."""
    made = system(f"x = {call}\nnumber = 0", stop=1)
    many = simulate_many(made, {"number": np.zeros(members)}, save=["x"], seed=seed)
    return np.asarray(many["x"].isel(time=1)).reshape(-1)


@pytest.mark.parametrize("call", CASES)
def test_draws_have_the_distribution_between_its_limits(
    system: Make, backend: Any, call: str
) -> None:
    shape, shift, stretch, low, high = CASES[call]
    members = SOME if isinstance(backend, Numpy) else MEMBERS
    got = drawn(system, call, members)
    assert got.size == members
    assert low <= got.min() < got.max() <= high
    plain = (got - shift) / stretch
    ends = sorted(((low - shift) / stretch, (high - shift) / stretch))
    if hasattr(shape, "pmf") and isinstance(shape.dist, stats.rv_discrete):
        assert np.array_equal(plain, np.round(plain))
        values = np.arange(max(math.ceil(ends[0]), 0), min(math.floor(ends[1]), 400) + 1)
        expected = shape.pmf(values) / shape.pmf(values).sum()
        counts = np.array([(plain == v).sum() for v in values])
        assert counts.sum() == members
        few = expected * members < 10
        counts = np.append(counts[~few], counts[few].sum())
        expected = np.append(expected[~few], expected[few].sum()) * members
        if expected[-1] < 5:
            assert counts[-1] < 20
            counts, expected = counts[:-1], expected[:-1]
        off = ((counts - expected) ** 2 / expected).sum()
        assert stats.chi2(len(counts) - 1).sf(off) > 1e-3
        return
    p0, p1 = shape.cdf(ends)
    assert stats.kstest(plain, lambda z: (shape.cdf(z) - p0) / (p1 - p0)).pvalue > 1e-3


def test_a_draw_is_the_inverse_at_the_same_uniform_number(system: Make) -> None:
    """Quantiles one by one: members' uniform numbers are those of RANDOM 0 1 in their place."""
    u = drawn(system, "RANDOM 0 1()", 500)
    for call, shape in (
        ("RANDOM WEIBULL(-1e9, 1e9, 2, 0, 1, 0)", weibull(2)),
        ("RANDOM TRIANGULAR(0, 9, 2, 3, 7, 0)", stats.triang(0.2, 2, 5)),
        ("RANDOM POISSON(0, 1e6, 3.5, 0, 1, 0)", stats.poisson(3.5)),
        ("RANDOM BINOMIAL(0, 1e6, 0.3, 12, 0, 1, 0)", stats.binom(12, 0.3)),
    ):
        assert drawn(system, call, 500) == pytest.approx(shape.ppf(u), rel=1e-8)


def test_many_trials_and_large_means_are_about_normal(system: Make) -> None:
    for call, mean, sd in (
        ("RANDOM POISSON(0, 1e9, 900, 0, 1, 0)", 900, 30),
        ("RANDOM BINOMIAL(0, 1e9, 0.9, 10000, 0, 1, 0)", 9000, 30),
    ):
        got = drawn(system, call)
        assert np.array_equal(got, np.round(got))
        assert got.mean() == pytest.approx(mean, abs=4 * sd / math.sqrt(MEMBERS))
        assert got.std() == pytest.approx(sd, rel=0.02)
        cut = drawn(system, call.replace("(0, 1e9", f"({mean - 10}, {mean + 5}"))
        assert (cut.min(), cut.max()) == (mean - 10, mean + 5)


def test_ends_of_the_parameters(system: Make) -> None:
    run = simulate(
        system(
            """
            sure = RANDOM BINOMIAL(0, 99, 1, 12, 0, 1, 0)
            never = RANDOM BINOMIAL(0, 99, 0, 12, 0, 1, 0)
            none = RANDOM POISSON(0, 99, 0, 0, 1, 0)
            still = RANDOM POISSON(0, 99, 4, 7, 0, 0)
            one = RANDOM WEIBULL(0, 99, 2, 3, 0, 0)
            """
        )
    )
    for name, value in (("sure", 12), ("never", 0), ("none", 0), ("still", 7), ("one", 3)):
        assert set(run[name].values.tolist()) == {value}


def test_pink_noise(system: Make) -> None:
    """Its mean and spread from the start, and a correlation of 1 - dt / tau from step to step."""
    made = system("x = RANDOM PINK NOISE(10, 2, 4, 1)\nnumber = 0", stop=6)
    many = simulate_many(made, {"number": np.zeros(MEMBERS)}, save=["x"], seed=3)
    x = np.asarray(many["x"].transpose("time", "member"))
    assert x.mean(axis=1) == pytest.approx(np.full(7, 10.0), abs=4 * 2 / math.sqrt(MEMBERS))
    assert x.std(axis=1) == pytest.approx(np.full(7, 2.0), rel=0.02)
    for lag in (1, 3):
        assert np.corrcoef(x[1], x[1 + lag])[0, 1] == pytest.approx(0.75**lag, abs=0.02)


@pytest.mark.parametrize(
    "call",
    [
        "RANDOM BETA(0, 1, 2, 3, 0, 1, 0)",
        "RANDOM GAMMA(0, 9, 2, 0, 1, 0)",
        "RANDOM NEGATIVE BINOMIAL(0, 99, 0.2, 3, 0, 1, 0)",
        "RANDOM LOOKUP(t, 0, 9, 0, 1, 0)",
        "DELAY BATCH(1, 2, 3, 0, 0, 0)",
        "DELAY PROFILE(1, 2, 3, 4)",
    ],
)
def test_refused_by_name(system: Make, call: str) -> None:
    name = call.partition("(")[0]
    with pytest.raises(UnsupportedError, match=f"'x': {name} is not supported.*; use ") as error:
        simulate(system(f"x = {call}\nt((0,0),(1,1))"))
    assert error.value.line
