"""Lookups: every kind on every sort of grid gives NumPy's bits."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from llvm_programs import RUNNABLE, Draft

from sdsim.backends.base import Members
from sdsim.backends.llvm import Llvm, available
from sdsim.backends.llvm.tables import direct_scale, factors
from sdsim.backends.numpy import Numpy, read_table
from sdsim.ir.program import Program, Table

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")

KINDS = ("interpolate", "extrapolate", "hold_backward", "look_forward")
RNG = np.random.default_rng(3)
GRIDS = {
    "two": (0.0, 1.0),
    "whole": tuple(map(float, range(7))),
    "tenths": tuple(float(f"{0.1 * k:.10g}") for k in range(11)),
    "thirds": tuple(k / 3 for k in range(9)),
    "halves": tuple(0.5 * k for k in range(16)),
    "fifths": tuple(float(f"{0.2 * k - 1:.10g}") for k in range(16)),
    "uneven, a dozen": tuple(np.sort(RNG.normal(size=12)).tolist()),
    "uneven, eight": tuple(np.sort(RNG.normal(size=8)).tolist()),
    "years": tuple(1900.0 + 5.0 * k for k in range(23)),
    "fine": tuple(-0.3 + 0.01 * k for k in range(60)),
    "uneven, few": (-1.0, -0.9, 0.4, 2.0, 8.0),
    "uneven, many": tuple(np.sort(RNG.normal(size=45)).tolist()),
    "powers": tuple(2.0**k for k in range(-8, 9)),
    "huge": (-1e308, 0.0, 1e308),
    "neighbours": (1.0, math.nextafter(1.0, 2.0), 1.5),
}


def program(table: Table) -> Program:
    d = Draft()
    d("table", d("param"), data=0)
    return d.program(1, (table,))


def places(x: tuple[float, ...]) -> np.ndarray:
    """The points, their neighbours, points between and beyond, and what is no number."""
    at = np.array(x)
    near = [at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)]
    low, high = max(x[0], -1e300), min(x[-1], 1e300)
    within = np.random.default_rng(0).uniform(low, high, 60)
    beyond = np.array([-np.inf, np.inf, np.nan, -1e300, 1e300, 0.0, -0.0, 5e-324, 1e-300])
    return np.concatenate([*near, within, beyond])


@pytest.mark.parametrize("features", [None, *RUNNABLE])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", GRIDS)
def test_every_kind_on_every_grid(grid: str, kind: str, features: str | None) -> None:
    x = GRIDS[grid]
    y = tuple(np.random.default_rng(1).normal(size=len(x)).round(2).tolist())
    p, v = program(Table(x, y, kind)), places(x)
    members = Members(v[None, :], np.zeros(v.size, dtype=np.int64))
    want = Numpy().compile(p, [1]).start(members)
    with np.errstate(all="ignore"):
        reference = read_table(p.tables[0], v)
    assert want[1].shape[1] == v.size
    for width in (1, 4, 16):
        kernel = Llvm(width=width, features=features).compile(p, [1])
        states, fixed = kernel.start(members)
        got = kernel.observe(0.0, 0.0, 0, states, fixed, members)[0]
        np.testing.assert_array_equal(got.view(np.int64)[~np.isnan(got)],
                                      reference.view(np.int64)[~np.isnan(reference)])  # fmt: skip
        np.testing.assert_array_equal(np.isnan(got), np.isnan(reference))


@pytest.mark.parametrize("y", [(-0.0, -0.0), (-1e308, 1e308), (1.0, math.inf), (math.nan, 1.0)])
def test_end_values_are_kept_as_they_are(y: tuple[float, float]) -> None:
    p, v = program(Table((0.0, 1.0), y)), np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    members = Members(v[None, :], np.zeros(5, dtype=np.int64))
    with np.errstate(all="ignore"):
        reference = read_table(p.tables[0], v)
    got = (
        Llvm().compile(p, [1]).observe(0.0, 0.0, 0, *Llvm().compile(p, [1]).start(members), members)
    )
    np.testing.assert_array_equal(got[0], reference)
    assert np.signbit(got[0][0]) == np.signbit(reference[0])


def test_the_index_by_multiplication_is_proved_or_not_used() -> None:
    for x in GRIDS.values():
        found = direct_scale(x)
        if found is None:
            continue
        v = places(x)
        v = v[(v >= x[0]) & (v <= x[-1])]
        guess = ((v - x[0]) * found[0]).astype(int)
        right = np.searchsorted(np.array(x), v, side="right") - 1
        off = guess - right
        assert set(off) <= ({0} if found[1] else {0, 1})


def test_the_index_by_a_fused_multiplication_is_proved_or_not_used() -> None:
    used = {0: 0, 1: 0}
    for x in GRIDS.values():
        if not math.isfinite(x[-1] - x[0]) or len(x) < 2:
            continue
        high, low = factors(x)
        if not high:
            continue
        used[int(bool(low))] += 1
        v = places(x)
        d = v[(v >= x[0]) & (v <= x[-1])] - x[0]
        guess = [math.floor(Fraction(a) * Fraction(high) + Fraction(a * low)) for a in d]
        right = np.searchsorted(np.array(x), d + x[0], side="right") - 1
        if x[0] == 0.0:
            np.testing.assert_array_equal(guess, right)
        else:
            np.testing.assert_array_equal(
                guess, np.searchsorted(np.array(x) - x[0], d, "right") - 1
            )
    assert used[0] >= 3
    assert used[1] >= 2
