"""The LLVM back end against NumPy's, and against itself under every setting."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

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
    members,
    random_program,
)

from sdsim.backends import philox
from sdsim.backends.base import Grid, March, Members
from sdsim.backends.llvm import Llvm, available, cache, compiler, order, plan, why_not
from sdsim.backends.llvm import kernel as kernel_module
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.numpy import Numpy
from sdsim.program import Buffer, Program, State

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")

EDGES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan, 1e308, 5e-324, 3.0])


def everything(p: Program) -> list[int]:
    return list(range(len(p.ops)))


def finite(p: Program, m: Members, stages: int) -> list[int]:
    """The values that stay finite in all members."""
    march = Llvm(optimise=0).compile(p, everything(p)).march(m, GRID, stages)
    return [v for v in everything(p) if np.isfinite(march.values[:, v]).all()]


def assert_same(got: March, want: March, saved: tuple[int, ...]) -> None:
    """Equal bits, except that NaN is NaN, and that nothing counts once a member has stopped."""
    np.testing.assert_array_equal(got.stopped, want.stopped)
    end = np.where(want.stopped < 0, saved[-1] + 1, want.stopped)
    counts = np.asarray(saved)[:, None] < end
    a, b = (np.where(counts[:, None, :], m.values, 0.0) for m in (got, want))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


def identical(a: March, b: March) -> None:
    assert a.values.tobytes() == b.values.tobytes()
    np.testing.assert_array_equal(a.stopped, b.stopped)


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


@hypothesis_settings(max_examples=40)
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


# --- the same bits under every setting ------------------------------------------------------------

VARIANTS = [
    {"width": 1}, {"width": 4}, {"width": 8}, {"width": 16}, {"width": 32}, {"width": 64},
    {"threads": 1}, {"threads": 2}, {"chunk": 3}, {"chunk": 20}, {"chunk": 10_000},
    {"optimise": 0}, {"optimise": 1}, {"optimise": 2}, {"optimise": 3},
    {"features": "x86-64"}, {"features": "x86-64-v2"}, {"features": "x86-64-v3"},
    {"features": "x86-64-v4"},
]  # fmt: skip


@pytest.fixture(scope="module")
def lively() -> tuple[Program, list[int]]:
    """Every sort of operation, and values that stay finite."""
    p = random_program(12, 120, unary=(*EXACT_UNARY, *SMOOTH_UNARY))
    wanted = sorted({*finite(p, members(40), 1)} & {*finite(p, members(40), 4)})
    assert len(wanted) > 60
    return p, wanted


@pytest.mark.parametrize("stages", [1, 4])
@pytest.mark.parametrize("changed", VARIANTS, ids=str)
def test_bits_do_not_depend_on(
    changed: dict[str, object], stages: int, lively: tuple[Program, list[int]]
) -> None:
    p, wanted = lively
    usual = Llvm()
    other = replace(usual, **changed)  # type: ignore[arg-type]
    m = members(40)
    want = usual.compile(p, wanted).march(m, GRID, stages)
    identical(other.compile(p, wanted).march(m, GRID, stages), want)


@pytest.mark.parametrize("stages", [1, 4])
def test_bits_do_not_depend_on_the_order_of_long_programs(
    stages: int, lively: tuple[Program, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    p, wanted = lively
    m = members(10)
    want = Llvm(chunk=12).compile(p, wanted).march(m, GRID, stages)
    for module in (plan, order):
        monkeypatch.setattr(module, "LONG", 1)
    identical(Llvm(chunk=12, cache=False).compile(p, wanted).march(m, GRID, stages), want)


def test_bits_do_not_depend_on_the_place_in_the_batch(lively: tuple[Program, list[int]]) -> None:
    p, wanted = lively
    m = members(40)
    kernel = Llvm(width=8).compile(p, wanted)
    want = kernel.march(m, GRID, 4)
    for first, last in ((0, 1), (3, 4), (39, 40), (5, 18), (1, 40), (24, 33)):
        part = Members(m.params[:, first:last], m.numbers[first:last], m.seed)
        got = kernel.march(part, GRID, 4)
        assert got.values.tobytes() == want.values[..., first:last].tobytes()


def test_bits_do_not_depend_on_what_else_is_wanted(lively: tuple[Program, list[int]]) -> None:
    p, wanted = lively
    m = members(10)
    full = Llvm().compile(p, wanted).march(m, GRID, 4)
    for k in (0, 11, 37, len(wanted) - 1):
        one = Llvm().compile(p, [wanted[k]]).march(m, GRID, 4)
        assert one.values[:, 0].tobytes() == full.values[:, k].tobytes()


def test_single_evaluations_have_the_bits_of_a_march(lively: tuple[Program, list[int]]) -> None:
    p, wanted = lively
    m = members(10)
    kernel = Llvm().compile(p, wanted)
    march = kernel.march(m, Grid(0.0, 0.1, 1, (0,)), 1)
    states, fixed = kernel.start(m)
    got = kernel.observe(0.0, 0.05, 0, states, fixed, m)
    assert got.tobytes() == march.values[0].tobytes()


# --- marches --------------------------------------------------------------------------------------


def decay(rate: float = -1.0) -> Program:
    d = Draft()
    d.states.append(State("x", d.const(1.0), d("mul", d("state"), d.const(rate))))
    return d.program()


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
    d.buffers.append(Buffer("b", d("step"), lag, d.const(-7.0)))
    lags = np.array([0.2, 1.0, 2.4, 3.0, 5.0, 10.0, 99.0, np.nan, -3.0, np.inf])
    m = Members(lags[None, :], np.zeros(lags.size, dtype=np.int64))
    got = (
        Llvm(width=4)
        .compile(d.program(1), [delayed])
        .march(m, Grid(0.0, 1.0, 12, tuple(range(13))), 1)
    )
    steps = np.clip(np.rint(np.nan_to_num(lags, nan=1.0, posinf=99)), 1, 13)
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


def test_what_is_given_stays_untouched(lively: tuple[Program, list[int]]) -> None:
    p, wanted = lively
    m = members(9)
    kernel = Llvm().compile(p, wanted)
    before = m.params.copy()
    states, fixed = kernel.start(m)
    kept = states.copy(), fixed.copy()
    first = kernel.rates(0.0, 0.0, 0, states, fixed, m)
    copy = first.copy()
    kernel.rates(1.0, 1.0, 1, states + 1.0, fixed, m)
    for a, b in zip((m.params, states, fixed, first), (before, *kept, copy), strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_may_share_a_kernel(lively: tuple[Program, list[int]]) -> None:
    p, wanted = lively
    kernel, m = Llvm(cache=False).compile(p, wanted), members(1)
    states, fixed = kernel.start(m)
    want = [kernel.rates(k * 0.1, k * 0.1, k, states, fixed, m).tobytes() for k in range(50)]
    wrong: list[int] = []

    def work() -> None:
        for _ in range(20):
            for k in range(50):
                got = kernel.rates(k * 0.1, k * 0.1, k, states, fixed, m)
                if got.tobytes() != want[k]:
                    wrong.append(k)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


# --- code -----------------------------------------------------------------------------------------


def long_program(equations: int) -> Program:
    """States that drive each other through ``equations`` operations."""
    rng = np.random.default_rng(0)
    d = Draft()
    n = max(equations // 50, 1)
    values = [d("state", data=k) for k in range(n)]
    codes = ("add", "sub", "mul", "max", "div", "lt", "exp")
    for k in range(equations):
        code = codes[k % 7]
        given = rng.choice(values[-60:], 1 if code == "exp" else 2)
        values.append(d(code, *map(int, given)))
    for k in range(n):
        d.states.append(State(f"s{k}", d.const(1.0), values[-1 - k]))
    return d.program()


def test_compile_time_grows_like_the_program() -> None:
    """From 1,000 to 10,000 operations: about tenfold, where one function would take hundredfold."""
    spent = []
    for size in (1_000, 10_000):
        kernel = Llvm(cache=False, optimise=1, width=8).compile(long_program(size), [0])
        begin = time.process_time()
        kernel.march(Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64)), GRID, 1)
        spent.append(time.process_time() - begin)
    assert spent[1] < 25 * spent[0] + 0.5
    assert spent[1] < 20.0


def test_the_kernel_can_be_read() -> None:
    text = Llvm(width=8).compile(decay(), [1]).ir()
    assert "define void @march" in text
    assert "fmul <8 x double>" in text
    assert "fast" not in text
    assert "fmuladd" not in text


def test_assembly_has_no_contraction() -> None:
    d = Draft()
    x = d("state")
    d.states.append(State("x", d("param"), d("add", d("mul", x, d("param")), d("param"))))
    kernel = Llvm(width=8).compile(d.program(1), [x])
    text = compiler.assembly(kernel.ir("points"), kernel.machine, 3)
    assert "vfmadd" not in text.split("rates_0:")[1].split("ret")[0]


# --- the cache ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    return tmp_path / "code"


ONE = Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64))


def run(**settings: object) -> March:
    return Llvm(**settings).compile(decay(), [1]).march(ONE, GRID, 1)  # type: ignore[arg-type]


def test_cached_code_is_used_and_needs_no_ir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    want = run()
    (entry,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700

    def never(*_: object) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler, "compile_object", never)
    identical(run(), want)
    for other in ({"optimise": 1}, {"width": 4}, {"chunk": 9}, {"features": "x86-64"}):
        with pytest.raises(AssertionError, match="compiled again"):
            run(**other)
    with pytest.raises(AssertionError, match="compiled again"):
        Llvm().compile(decay(-2.0), [1]).march(ONE, GRID, 1)
    assert list(folder.iterdir()) == [entry]


def test_better_code_takes_over_when_it_repays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quick code first; after enough steps better code, with the same bits; then from the cache."""
    levels: list[int] = []
    original = compiler.compile_object

    def noting(ir: str, of: Machine, optimise: int) -> bytes:
        levels.append(optimise)
        return original(ir, of, optimise)

    monkeypatch.setattr(compiler, "compile_object", noting)
    monkeypatch.setattr(kernel_module, "REPAID", 1000)
    kernel = Llvm(width=8).compile(decay(), [1])
    first = kernel.march(ONE, GRID, 1)
    for _ in range(8):
        identical(kernel.march(ONE, GRID, 1), first)
    assert levels == [0, 2]
    identical(Llvm(width=8).compile(decay(), [1]).march(ONE, GRID, 1), first)
    assert levels == [0, 2]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_entry_is_made_anew(folder: Path, damage: str) -> None:
    want = run()
    (entry,) = folder.iterdir()
    content = bytearray(entry.read_bytes())
    if damage == "cut":
        content = content[:-100]
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
    else:
        content = bytearray(b"" if damage == "empty" else b"no machine code")
    entry.write_bytes(content)
    identical(run(), want)
    assert cache.load(entry.name) is not None


def test_an_entry_that_others_could_write_is_not_run(folder: Path) -> None:
    run()
    (entry,) = folder.iterdir()
    entry.chmod(0o666)
    assert cache.load(entry.name) is None


def test_many_writers_and_readers_of_one_entry(folder: Path) -> None:
    want, results = run(cache=False), []

    def work() -> None:
        results.append(run())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 8
    for got in results:
        identical(got, want)
    assert len(list(folder.iterdir())) == 1


def test_an_unusable_folder_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file"))
    identical(run(), run(cache=False))


def test_names_do_not_decide_the_code() -> None:
    p = decay()
    renamed = replace(p, states=(p.states[0]._replace(label="y"),))
    assert cache.digest(p) == cache.digest(renamed)
    held = replace(p, states=(p.states[0]._replace(held=True),))
    assert cache.digest(p) != cache.digest(held)


def test_only_what_is_needed_is_computed() -> None:
    d = Draft()
    x, y = d("state", data=0), d("state", data=1)
    d.states += [State("x", d.const(1.0), d("neg", x)), State("y", d.const(1.0), d("exp", y))]
    assert "@exp_" not in Llvm().compile(d.program(), [x]).ir()
    assert "@exp_" in Llvm().compile(d.program(), [y]).ir()


def test_without_a_compiler_the_reason_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_not() == ""
    compiler.why_not.cache_clear()
    monkeypatch.setattr(compiler, "version", lambda: "0.40.1")
    try:
        assert not available()
        assert why_not() == "llvmlite is 0.40.1, 0.50 or later is needed"
    finally:
        compiler.why_not.cache_clear()


@pytest.mark.parametrize("wrong", [{"width": 3}, {"threads": 0}, {"optimise": 4}, {"chunk": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Llvm(**wrong)  # type: ignore[arg-type]
