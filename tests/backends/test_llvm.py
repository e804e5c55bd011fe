"""The LLVM back end gives NumPy's bits, and marches as the contract says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from llvm_programs import (
    EXACT_BINARY,
    EXACT_UNARY,
    GRID,
    SMOOTH_UNARY,
    Draft,
    assert_same,
    decay,
    everything,
    finite,
    identical,
    members,
    random_program,
)

from sdsim.backends import philox
from sdsim.backends.base import Grid, Members
from sdsim.backends.llvm import Llvm, available
from sdsim.backends.numpy import Numpy
from sdsim.ir.program import Buffer, State

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")

EDGES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan, 1e308, 5e-324, 3.0])


# --- against NumPy --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*EXACT_UNARY, *EXACT_BINARY, "select"])
def test_operation_gives_numpys_bits(code: str) -> None:
    arity = 1 if code in EXACT_UNARY else 3 if code == "select" else 2
    x = [a.ravel() for a in np.meshgrid(*[EDGES] * arity)]
    d = Draft()
    d(code, *[d("param", data=k) for k in range(arity)])
    p, m = d.program(arity), Members(np.stack(x), np.zeros(x[0].size, dtype=np.int64))
    got, want = (
        k.observe(0.0, 0.0, 0, *k.start(m), m)
        for k in (b.compile(p, [arity]) for b in (Llvm(), Numpy()))
    )
    np.testing.assert_array_equal(got, want)
    fine = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got[fine]), np.signbit(want[fine]))


@hypothesis_settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 80), chunk=st.sampled_from((5, 16, 1000)),
    stages=st.sampled_from((1, 4)),
)  # fmt: skip
def test_random_programs_give_numpys_bits(seed: int, size: int, chunk: int, stages: int) -> None:
    p, m = random_program(seed, size), members(7)
    for some in (finite(p, m, stages), everything(p)[::3]):
        kernel = Llvm(width=4, chunk=chunk, optimise=1, cache=False).compile(p, some)
        needed = {int(p.ops[v].data) for v in p.needed(some) if p.ops[v].code == "state"}
        want = Numpy().compile(p, some).march(m, GRID, stages)
        got = kernel.march(m, GRID, stages)
        if len(needed) == len(p.states):
            assert_same(got, want, GRID.saved)
        else:
            fine = want.stopped < 0
            np.testing.assert_array_equal(got.values[..., fine], want.values[..., fine])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 3, 21])
def test_single_evaluations_give_numpys_bits(seed: int, count: int) -> None:
    p, m = random_program(seed, 60), members(count)
    ours, theirs = (b.compile(p, everything(p)) for b in (Llvm(width=8), Numpy()))
    (s, f), (s2, f2) = ours.start(m), theirs.start(m)
    np.testing.assert_array_equal(s, s2)
    s = s + 0.125
    for name in ("rates", "observe"):
        got = getattr(ours, name)(0.3, 0.35, 3, s, f, m)
        np.testing.assert_array_equal(got, getattr(theirs, name)(0.3, 0.35, 3, s, f2, m))


@pytest.mark.parametrize("stages", [1, 4])
def test_transcendental_programs_agree_closely(stages: int) -> None:
    compared = 0
    for seed in range(12):
        p, m = random_program(seed, 30, unary=SMOOTH_UNARY), members(9)
        wanted = finite(p, m, stages)
        got, want = (k.compile(p, wanted).march(m, GRID, stages) for k in (Llvm(), Numpy()))
        fine = want.stopped < 0
        if fine.any():
            a, b = got.values[..., fine], want.values[..., fine]
            close = np.isclose(a, b, rtol=1e-9, atol=1e-12)
            assert close.mean() > 0.99  # a step in floor or a comparison may fall the other way
            compared += 1
    assert compared > 3


# --- marches --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stages", "order"), [(1, 1.0), (4, 4.0)])
def test_order_of_convergence(stages: int, order: float) -> None:
    p, m = decay(), Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64))
    kernel = Llvm().compile(p, [1])
    errors = [
        abs(kernel.march(m, Grid(0.0, 1.0 / n, n, (n,)), stages).values[0, 0, 0] - np.exp(-1.0))
        for n in (16, 32)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


def test_step_event_and_time_within_a_step() -> None:
    """The rate sees the stage's time, but the step's event, number and draw."""
    d = Draft()
    leaves = [d("time"), d("event"), d("step")]
    for k, v in enumerate((*leaves, d("random", leaves[2], data=5))):
        d.states.append(State(f"s{k}", d.const(0.0), v))
    values = [d("state", data=k) for k in range(4)]
    m = Members(np.empty((0, 3)), np.array([4, 2**33 + 1, 0]), 99)
    got = Llvm(width=2).compile(d.program(), values).march(m, Grid(1.0, 0.5, 1, (1,)), 4)
    draw = philox.uniform(99, m.numbers, np.array([5], dtype=np.uint64), np.array([0.0]))
    np.testing.assert_allclose(got.values[0, 0], 0.5 * 1.25, rtol=1e-15)
    np.testing.assert_allclose(got.values[0, 1], 0.5 * 1.25, rtol=1e-15)
    np.testing.assert_array_equal(got.values[0, 2], 0.0)
    np.testing.assert_allclose(got.values[0, 3], 0.5 * draw, rtol=1e-15)


@pytest.mark.parametrize("seed", [0, 1, -1, 2**63, 2**64 - 1])
def test_draws_are_philox(seed: int) -> None:
    d = Draft()
    step = d("step")
    wanted = [d("random", step, data=s) for s in (0, 1, 2**32 - 1)]
    numbers = np.array([0, 1, 2**31, 2**32 + 5, 2**62, 77, 78])
    m = Members(np.empty((0, 7)), numbers, seed)
    got = Llvm(width=4).compile(d.program(), wanted).march(m, Grid(0.0, 1.0, 3, (0, 2, 3)), 1)
    streams = np.array([0, 1, 2**32 - 1], dtype=np.uint64)[None, :, None]
    steps = np.array([0.0, 2.0, 3.0])[:, None, None]
    want = philox.uniform(seed, numbers[None, None, :], streams, steps)
    assert got.values.tobytes() == want.tobytes()


def test_delays_give_back_what_went_in() -> None:
    d = Draft()
    lag, delayed = d("param", data=0), d("delayed")
    d.buffers.append(Buffer("b", (d.const(-7.0), lag), (d("step"),)))
    lags = np.array([0.2, 1.0, 2.4, 3.0, 5.0, 10.0, 99.0, np.nan, -3.0, np.inf])
    m = Members(lags[None, :], np.zeros(lags.size, dtype=np.int64))
    got = (
        Llvm(width=4)
        .compile(d.program(1), [delayed])
        .march(m, Grid(0.0, 1.0, 12, tuple(range(13))), 1)
    )
    steps = np.clip(np.floor(np.nan_to_num(lags, nan=1.0, posinf=99) + 0.5), 1, 13)
    k = np.arange(13.0)[:, None]
    np.testing.assert_array_equal(got.values[:, 0], np.where(k >= steps, k - steps, -7.0))


@pytest.mark.parametrize("stages", [1, 4])
def test_held_states_change_at_the_end_of_a_step(stages: int) -> None:
    """A Fibonacci pair; both take the values the other had."""
    d = Draft()
    a, b = d("state", data=0), d("state", data=1)
    one = d.const(1.0)
    d.states += [State("a", one, b, True), State("b", one, d("add", a, b), True)]
    m = Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64))
    got = Llvm().compile(d.program(), [a, b]).march(m, Grid(0, 1, 8, tuple(range(9))), stages)
    np.testing.assert_array_equal(got.values[:, 0, 0], [1, 1, 2, 3, 5, 8, 13, 21, 34])


@pytest.mark.parametrize("chunk", [2, 100])
@pytest.mark.parametrize("stages", [1, 4])
def test_states_that_are_each_others_rates_move_together(stages: int, chunk: int) -> None:
    d = Draft()
    x, v, w = (d("state", data=k) for k in range(3))
    minus = d("neg", x)
    d.states += [State("x", d.const(1.0), v), State("v", d.const(0.0), minus)]
    d.states += [State("w", d.const(2.0), v)]
    m, p = Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64)), d.program()
    grid = Grid(0.0, 0.1, 10, tuple(range(11)))
    got = Llvm(chunk=chunk).compile(p, [x, v, w]).march(m, grid, stages)
    identical(got, Numpy().compile(p, [x, v, w]).march(m, grid, stages))


@pytest.mark.parametrize("width", [1, 4, 16])
def test_the_first_step_without_a_finite_value_is_told(width: int) -> None:
    d = Draft()
    x, limit = d("state"), d("param")
    d.states.append(State("x", d.const(0.0), d.const(1.0)))
    inverse = d("div", d.const(1.0), d("sub", limit, x))
    m = Members(np.array([[3.0, 0.0, 50.0, 7.0, 5.0]]), np.zeros(5, dtype=np.int64))
    kernel = Llvm(width=width).compile(d.program(1), [inverse])
    every = kernel.march(m, Grid(0.0, 1.0, 8, tuple(range(9))), 1)
    np.testing.assert_array_equal(every.stopped, [3, 0, -1, 7, 5])
    seldom = kernel.march(m, Grid(0.0, 1.0, 8, (0, 5, 8)), 1)
    np.testing.assert_array_equal(seldom.stopped, [-1, 0, -1, -1, 5])


def test_a_state_that_overflows_stops_its_member_alone() -> None:
    d = Draft()
    x = d("state")
    d.states.append(State("x", d("param"), d("mul", x, x)))
    m = Members(np.array([[0.0, 1e200, 0.1, np.nan, -0.5]]), np.zeros(5, dtype=np.int64))
    got = Llvm(width=4).compile(d.program(1), [x]).march(m, Grid(0.0, 1.0, 5, (0, 5)), 1)
    np.testing.assert_array_equal(got.stopped, [-1, 1, -1, 0, -1])


def test_shapes_at_the_edges() -> None:
    kernel = Llvm().compile(decay(), [1])
    none = Members(np.empty((0, 0)), np.zeros(0, dtype=np.int64))
    assert kernel.march(none, GRID, 1).values.shape == (7, 1, 0)
    assert kernel.start(none)[0].shape == (1, 0)
    one = Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64))
    assert kernel.march(one, Grid(0.0, 1.0, 0, (0,)), 4).values.tolist() == [[[1.0]]]
    assert Llvm().compile(decay(), []).march(one, GRID, 1).values.shape == (7, 0, 1)
    with pytest.raises(ValueError, match="1 or 4 stages"):
        kernel.march(one, GRID, 2)
