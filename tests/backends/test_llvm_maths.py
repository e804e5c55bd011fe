"""exp, log and pow of the LLVM back end against exact values; C's rules for the edges."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from llvm_programs import RUNNABLE, SMOOTH_UNARY, Draft
from numpy.typing import NDArray

from sdsim.backends.base import Members
from sdsim.backends.llvm import Llvm, available

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")

Floats = NDArray[np.float64]
BOUND = 2.0
EDGES = np.array([
    0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 2.5, -2.5, 1 / 3, np.inf, -np.inf,
    np.nan, 1e300, -1e300, 1e308, 5e-324, -5e-324, 1e-310, -1e-310, 2.0**-1022, 2.0**52 + 1,
    2.0**53, 2.0**53 + 2, -(2.0**53), 2.0**53 - 1, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 709.0, 710.0,
    -745.0, -746.0, 1023.0, -1074.0, -1075.0, 1e-20, 2.0**64, -(2.0**70),
])  # fmt: skip


def evaluate(code: str, *x: Floats, **settings: object) -> Floats:
    """``code`` lane by lane on arrays."""
    d = Draft()
    d(code, *[d("param", data=k) for k in range(len(x))])
    kernel = Llvm(**settings).compile(d.program(len(x)), [len(x)])  # type: ignore[arg-type]
    members = Members(np.stack(x), np.zeros(x[0].size, dtype=np.int64))
    return kernel.observe(0.0, 0.0, 0, *kernel.start(members), members)[0]


def ulps(got: float, exact: mpmath.mpf) -> float:
    """The error in units in the last place of the exact value."""
    nearest = float(exact)
    if math.isinf(nearest) or math.isinf(got):
        return 0.0 if got == nearest else math.inf
    return float(abs(mpmath.mpf(got) - exact) / math.ulp(nearest))


def worst(code: str, f: Callable[..., mpmath.mpf], *x: Floats) -> float:
    with mpmath.workprec(150):
        return max(
            ulps(float(g), f(*map(mpmath.mpf, map(float, a))))
            for g, *a in zip(evaluate(code, *x), *x, strict=True)
        )


def test_exp_over_the_whole_range() -> None:
    rng = np.random.default_rng(0)
    x = [rng.uniform(-746, 710, 1500), rng.normal(size=1500), rng.uniform(-746, -706, 700)]
    x += [rng.normal(size=300) * 1e-9, np.log(2.0) * (rng.integers(-1000, 1000, 500) + 0.5)]
    assert worst("exp", mpmath.exp, np.concatenate(x)) <= BOUND


def test_log_over_the_whole_range() -> None:
    rng = np.random.default_rng(1)
    x = [np.exp(rng.uniform(-744, 709, 1500)), rng.uniform(0.5, 2.0, 1500)]
    x += [1.0 + rng.normal(size=700) * 1e-6, 5e-324 * rng.integers(1, 2**40, 300)]
    assert worst("log", mpmath.log, np.concatenate(x)) <= BOUND


@pytest.mark.parametrize(("spread", "largest"), [(1e-6, 1e8), (0.5, 900.0), (20.0, 40.0), (700, 1)])
def test_pow_over_the_whole_range(spread: float, largest: float) -> None:
    rng = np.random.default_rng(2)
    x = np.exp(rng.uniform(-spread, spread, 1500))
    y = rng.uniform(-largest, largest, 1500)
    assert worst("pow", mpmath.power, x, y) <= BOUND


def test_pow_with_subnormal_results_and_arguments() -> None:
    rng = np.random.default_rng(4)
    x = rng.uniform(2.0, 9.0, 500)
    y = -rng.uniform(1022, 1074, 500) / np.log2(x)
    tiny = 5e-324 * rng.integers(1, 2**50, 500)
    assert worst("pow", mpmath.power, x, y) <= BOUND
    assert worst("pow", mpmath.power, tiny, rng.uniform(-0.9, 0.9, 500)) <= BOUND


def c_pow(x: float, y: float) -> float:
    """C's pow; Python raises where C returns."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        if x != 0.0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf


def test_pow_at_every_pair_of_edges() -> None:
    x, y = (a.ravel() for a in np.meshgrid(EDGES, EDGES))
    for a, b, got in zip(x.tolist(), y.tolist(), evaluate("pow", x, y).tolist(), strict=True):
        want = c_pow(a, b)
        if math.isnan(want):
            assert math.isnan(got), (a, b)
        else:
            assert abs(got - want) <= 2 * math.ulp(want) if math.isfinite(want) else got == want, (
                a, b, got, want,
            )  # fmt: skip
            assert math.copysign(1.0, got) == math.copysign(1.0, want), (a, b, got, want)


@pytest.mark.parametrize("y", [1.0, 2.0, 3.0, -1.0, 0.5, 0.0, 4.0])
def test_pow_with_a_constant_exponent(y: float) -> None:
    x = np.concatenate([EDGES, np.random.default_rng(5).normal(size=200)])
    d = Draft()
    d("pow", d("param"), d.const(y))
    members = Members(x[None, :], np.zeros(x.size, dtype=np.int64))
    kernel = Llvm().compile(d.program(1), [2])
    got = kernel.observe(0.0, 0.0, 0, *kernel.start(members), members)[0]
    for a, g in zip(x.tolist(), got.tolist(), strict=True):
        want = c_pow(a, y)
        same = math.isnan(g) if math.isnan(want) else g == want
        assert same or abs(g - want) <= 2 * math.ulp(want), (a, y, g, want)


@pytest.mark.parametrize("code", ["exp", "log"])
def test_edges_of_exp_and_log(code: str) -> None:
    f = {"exp": np.exp, "log": np.log}[code]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(evaluate(code, EDGES), f(EDGES), rtol=1e-15, atol=5e-324)


@pytest.mark.parametrize("code", SMOOTH_UNARY)
def test_other_functions_against_exact_values(code: str) -> None:
    rng = np.random.default_rng(6)
    x = rng.uniform(-1.0, 1.0, 300) if code in ("asin", "acos") else rng.normal(size=300) * 3.0
    x = np.abs(x) if code == "log" else x
    assert worst(code, getattr(mpmath, code), x) <= BOUND


@pytest.mark.parametrize("code", ["exp", "log", "pow"])
def test_one_lane_gives_the_same_bits_everywhere(code: str) -> None:
    """Among other lanes, beside lanes that need care, on processors without the instructions."""
    rng = np.random.default_rng(7)
    x = np.concatenate([np.exp(rng.uniform(-30, 30, 300)), EDGES])
    y = np.concatenate([rng.uniform(-20, 20, 300), EDGES[::-1]])
    arguments = (x, y) if code == "pow" else (x,)
    want = evaluate(code, *arguments, width=1)
    for width in (2, 4, 8, 16, 32, 64):
        np.testing.assert_array_equal(evaluate(code, *arguments, width=width), want)
    for features in RUNNABLE:
        got = evaluate(code, *arguments, width=8, features=features)
        np.testing.assert_array_equal(got, want)
