"""Modules against the native kernel: the same bits when exact, a stated tolerance when fast."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "backends"))

from llvm_programs import (
    EXACT_UNARY,
    GRID,
    Draft,
    assert_same,
    members,
    random_program,
)
from node import made, marches, needs_node

from sdsim.backends.base import Grid, Members
from sdsim.backends.llvm import Llvm
from sdsim.ir.program import Program

pytestmark = needs_node
#: Functions that the library computes itself, with the same bits on every machine.
OWN = (*EXACT_UNARY, "exp", "log")
ONCE = Grid(0.0, 1.0, 0, (0,))
#: Relative error of exp, log and pow in the fast mode; the exponent 700 has a rounding error of
#: 2^-44, and so has the logarithm that pow multiplies.
FAST = 1e-12
CIRCULAR = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")


def native(program: Program, wanted: list[int], who: Members, grid: Grid, stages: int):  # type: ignore[no-untyped-def]
    return Llvm(optimise=0, cache=False).compile(program, wanted).march(who, grid, stages)


def test_random_programs_have_the_native_bits(tmp_path: Path) -> None:
    cases = []
    for seed in range(6):
        p = random_program(seed, 30, unary=OWN)
        who = members(1 + seed % 5, seed=seed)
        cases.append((p, made(p), who, GRID, 4 if seed % 3 == 0 else 1))
    for case, got in zip(cases, marches(cases, tmp_path, exact=True), strict=True):
        assert_same(got, native(*case), GRID.saved)


def function(code: str, points: np.ndarray) -> tuple[Program, list[int], Members, Grid, int]:  # type: ignore[type-arg]
    """One operation at the points (n_argument, n_point), a member each."""
    d = Draft()
    d(code, *(d("param", data=k) for k in range(len(points))))
    p = d.program(len(points))
    return p, made(p), Members(points, np.zeros(points.shape[1], dtype=np.int64)), ONCE, 1


def points(code: str) -> np.ndarray:  # type: ignore[type-arg]
    rng = np.random.default_rng(5)
    plain = np.concatenate([
        rng.normal(size=300), rng.uniform(-700, 700, 300), 10.0 ** rng.uniform(-300, 300, 300),
        [0.0, -0.0, 1.0, -1.0, 0.5, 1e-320, -1e-320, 709.8, -745.2],
    ])  # fmt: skip
    if code == "pow":
        return np.stack([np.abs(plain), rng.permutation(np.clip(plain, -50, 50))])
    return plain[None, :]


def test_exp_log_and_pow_have_the_native_bits(tmp_path: Path) -> None:
    cases = [function(code, points(code)) for code in ("exp", "log", "pow")]
    for case, got in zip(cases, marches(cases, tmp_path, exact=True), strict=True):
        want = native(*case)
        same = got.values.view(np.int64) == want.values.view(np.int64)
        same |= np.isnan(got.values) & np.isnan(want.values)
        assert same.all(), case[2].params[:, ~same[0, 0]]


def test_fast_modules_are_within_their_tolerance(tmp_path: Path) -> None:
    cases = [function(code, points(code)) for code in ("exp", "log", "pow")]
    for case, got in zip(cases, marches(cases, tmp_path, exact=False), strict=True):
        np.testing.assert_allclose(got.values, native(*case).values, rtol=FAST)


@pytest.mark.parametrize("exact", [True, False])
def test_circular_functions_are_true(tmp_path: Path, exact: bool) -> None:
    """Against mpmath: within 4 units in the last place, whatever the mode."""
    mpmath = pytest.importorskip("mpmath")
    rng = np.random.default_rng(6)
    near = np.concatenate([
        rng.uniform(-1, 1, 120), rng.normal(size=60), rng.uniform(-30, 30, 60),
        10.0 ** rng.uniform(-20, 0, 40), [0.0, -0.0, 1.0, -1.0, 0.5, 1e-310],
    ])  # fmt: skip
    far = np.concatenate([near, rng.uniform(-1, 1, 60) * 2.0 ** rng.uniform(0, 49, 60)])
    far = np.concatenate([far, np.arange(1, 40) * np.pi / 2])
    asked = {c: far if c in ("sin", "cos", "tan", "atan") else near for c in CIRCULAR}
    asked = {c: x[np.abs(x) <= 1] if c in ("asin", "acos") else x for c, x in asked.items()}
    cases = [function(code, x[None, :]) for code, x in asked.items()]
    with mpmath.workdps(40):
        for (code, x), got in zip(
            asked.items(), marches(cases, tmp_path, exact=exact), strict=True
        ):
            truth = np.array([float(getattr(mpmath, code)(mpmath.mpf(float(v)))) for v in x])
            grown = code in ("sinh", "cosh", "tanh") and not exact
            off = np.abs(got.values[0, 0] - truth) / np.maximum(np.spacing(np.abs(truth)), 5e-324)
            assert off.max() <= (64 if grown else 4), (code, x[off.argmax()], off.max())
            if code not in ("cos", "acos", "cosh"):
                zero = x == 0
                assert (np.signbit(got.values[0, 0][zero]) == np.signbit(x[zero])).all()


def test_edges_of_circular_functions(tmp_path: Path) -> None:
    x = np.array([[np.inf, -np.inf, np.nan, 2.0, -2.0, 1e300, 710.0]])
    cases = [function(code, x) for code in CIRCULAR]
    got = {
        c: m.values[0, 0]
        for c, m in zip(CIRCULAR, marches(cases, tmp_path, exact=True), strict=True)
    }
    for code in ("sin", "cos", "tan"):
        assert np.isnan(got[code][[0, 1, 2, 5]]).all()
    for code in ("asin", "acos"):
        assert np.isnan(got[code][:6]).all()
    np.testing.assert_array_equal(got["atan"][:2], [np.pi / 2, -np.pi / 2])
    np.testing.assert_array_equal(got["tanh"][[0, 1, 5]], [1.0, -1.0, 1.0])
    np.testing.assert_array_equal(got["sinh"][:2], [np.inf, -np.inf])
    np.testing.assert_array_equal(got["cosh"][:2], [np.inf, np.inf])
    assert np.isfinite(got["sinh"][6])
    assert np.isnan(got["tanh"][2])
