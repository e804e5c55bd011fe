"""The LLVM back end and programs of many outputs: time to compile, bits, and what stands in."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from counting import growth
from llvm_programs import GRID, Draft, assert_same, identical, lively_program, members
from making import model_of, ref, stock

from sdsim.backends.base import Grid, Kernel, Members
from sdsim.backends.llvm import Llvm, LlvmKernel, available, compiler
from sdsim.backends.llvm import kernel as kernel_module
from sdsim.backends.llvm.code import Use
from sdsim.backends.numpy import Numpy
from sdsim.base import cache
from sdsim.ir.program import Program, State
from sdsim.run.simulate import simulate
from sdsim.run.system import System

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")


def elements(kind: str, count: int) -> tuple[Program, list[int], int]:
    """So many outputs, each a constant, a product of one, an integral, or the time."""
    d = Draft()
    now, given = d("time"), [d("param", data=k) for k in range(count)]
    if kind == "constants":
        wanted = given
    elif kind == "invariants":
        wanted = [d("mul", v, v) for v in given]
    elif kind == "integrals":
        wanted = [d("state", data=k) for k in range(count)]
        d.states += [State(f"s{k}", v, now) for k, v in enumerate(given)]
    elif kind == "uniform":
        wanted = [d("add", now, d.const(float(k))) for k in range(count)]
    else:
        wanted = [now] * count
    return d.program(count), wanted, count


KINDS = ("constants", "invariants", "integrals", "uniform", "time")


@pytest.mark.parametrize("kind", KINDS)
def test_compile_time_grows_like_the_outputs(kind: str) -> None:
    """Fourfold outputs take about four times as long, where one function would take sixteen."""

    def compiled(count: int) -> Callable[[], object]:
        program, wanted, n = elements(kind, count)
        backend, m = Llvm(cache=False, optimise=0, width=8), members(1, n)
        return lambda: backend.compile(program, wanted).march(m, Grid(0.0, 1.0, 2, (0, 2)), 1)

    assert growth(compiled(750), compiled(3_000)) < 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stages", [1, 4])
def test_many_outputs_have_numpys_bits(kind: str, stages: int) -> None:
    program, wanted, n = elements(kind, 1_500)
    m = members(11, n)
    ours, theirs = (b.compile(program, wanted) for b in (Llvm(width=4, optimise=0), Numpy()))
    identical(ours.march(m, GRID, stages), theirs.march(m, GRID, stages))


def both(program: Program, wanted: list[int]) -> list[Kernel]:
    return [b.compile(program, wanted) for b in (Llvm(width=4), Numpy())]


def mixed() -> tuple[Program, list[int]]:
    """Constants, parameters, repeated and moving values in one list."""
    d = Draft()
    p, q, c, now = d("param", data=0), d("param", data=1), d.const(-0.0), d("time")
    x, product = d("state"), d("mul", p, q)
    d.states.append(State("x", p, q))
    return d.program(2), [x, c, p, now, x, product, p, c, q, now, product, x]


@pytest.mark.parametrize("count", [1, 3, 9])
def test_repeated_and_given_values_stand_in_every_row(count: int) -> None:
    program, wanted = mixed()
    m = members(count, 2)
    ours, theirs = both(program, wanted)
    identical(ours.march(m, GRID, 1), theirs.march(m, GRID, 1))
    rows = []
    for k in (ours, theirs):
        states, fixed = k.start(m)
        rows.append(k.observe(0.5, 0.5, 1, states + 1.0, fixed, m))
    assert rows[0].tobytes() == rows[1].tobytes()


def test_a_wanted_parameter_that_is_not_finite_stops_its_member() -> None:
    d = Draft()
    wanted = [d("param", data=0), d("time")]
    m = Members(np.array([[1.0, np.nan, np.inf, 2.0, 0.0]]), np.zeros(5, dtype=np.int64))
    grid = Grid(0.0, 1.0, 5, (2, 5))
    ours, theirs = both(d.program(1), wanted)
    want = theirs.march(m, grid, 1).stopped
    np.testing.assert_array_equal(want, [-1, 2, 2, -1, -1])
    np.testing.assert_array_equal(ours.march(m, grid, 1).stopped, want)


def test_repeated_values_are_written_once() -> None:
    program, wanted, _ = elements("time", 5_000)
    assert len(Llvm().compile(program, wanted).ir()) < 20_000


# --- large programs -------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Callable[..., LlvmKernel]:
    """Kernels of programs that count as large, and for which compiling seems to take a minute."""
    monkeypatch.setattr(kernel_module, "LARGE", 1)
    monkeypatch.setattr(kernel_module, "making", lambda _: 60.0)

    def made(program: Program, wanted: list[int]) -> LlvmKernel:
        return Llvm(cache=False).compile(program, wanted)

    return made


@pytest.mark.parametrize("stages", [1, 4])
@pytest.mark.parametrize("exponent", [None, 0.5, 1.0, 2.0, 3.0, -1.0])
def test_what_stands_in_has_the_bits_of_machine_code(
    large: Callable[..., LlvmKernel], stages: int, exponent: float | None
) -> None:
    d = Draft()
    x, p = d("state"), d("param", data=0)
    codes = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
    power = p if exponent is None else d.const(exponent)
    size = d("add", d("abs", x), p)
    wanted = [d("pow", size, power), d("pow", d("exp", x), power), d("pow", size, p)]
    wanted += [d(code, d("sub", x, d.const(0.1))) for code in codes]
    d.states.append(State("x", p, d("mul", wanted[3], d.const(0.01))))
    m = Members(np.linspace(0.25, 0.75, 37)[None, :], np.arange(37))
    stand_in = large(d.program(1), wanted)
    assert stand_in._bulk is not None
    code = Llvm(cache=False, optimise=0).compile(d.program(1), wanted).march(m, GRID, stages)
    identical(stand_in.march(m, GRID, stages), code)
    assert (code.stopped < 0).all()
    assert (f"march{stages}", stand_in.width) not in stand_in.codes


@pytest.mark.parametrize("stages", [1, 4])
def test_a_lively_program_keeps_its_bits_when_large(
    large: Callable[..., LlvmKernel], monkeypatch: pytest.MonkeyPatch, stages: int
) -> None:
    program, wanted = lively_program()
    m = members(40)
    code = Llvm(cache=False, optimise=0).compile(program, wanted).march(m, GRID, stages)
    assert_same(large(program, wanted).march(m, GRID, stages), code, GRID.saved)
    monkeypatch.setattr("sdsim.backends.llvm.interpreted._ROOM", 2_000)
    assert_same(large(program, wanted).march(m, GRID, stages), code, GRID.saved)


def test_single_evaluations_keep_their_bits_when_large(large: Callable[..., LlvmKernel]) -> None:
    program, wanted = lively_program()
    m = members(5)
    rows = []
    for k in (large(program, wanted), Llvm(cache=False, optimise=0).compile(program, wanted)):
        states, fixed = k.start(m)
        rows.append([states, *(f(0.3, 0.35, 3, states, fixed, m) for f in (k.rates, k.observe))])
    for a, b in zip(*rows, strict=True):
        np.testing.assert_array_equal(a, b)


def test_machine_code_takes_over_when_it_repays(
    large: Callable[..., LlvmKernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, wanted = lively_program()
    kernel = large(program, wanted)
    first = kernel.march(members(3), GRID, 1)
    assert Use("march1", kernel.width) not in kernel.codes
    monkeypatch.setattr(kernel_module, "making", lambda _: 0.0)
    assert_same(kernel.march(members(3), GRID, 1), first, GRID.saved)
    assert Use("march1", kernel.width) in kernel.codes


def test_cached_code_of_many_outputs_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other wanted values have other code, whether the code or NumPy fills their rows."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    program, wanted = mixed()
    m = members(3, 2)
    for some in (wanted, wanted[::-1], wanted[:4], [*wanted, wanted[1]]):
        want = Numpy().compile(program, some).march(m, GRID, 1)
        for _ in range(2):
            identical(Llvm(optimise=0).compile(program, some).march(m, GRID, 1), want)
    assert len(list((tmp_path / "code").iterdir())) == 4

    def never(*_: object) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler, "compile_object", never)
    Llvm(optimise=0).compile(program, wanted).march(m, GRID, 1)


# --- large outputs of few members -------------------------------------------------------------


def wide(outputs: int = 1000) -> tuple[Program, list[int]]:
    """Many outputs that all change, and do so in their own way."""
    d = Draft()
    now = d("time")
    wanted = [d("mul", d("state", data=k), now) for k in range(outputs)]
    d.states += [State(f"s{k}", d("param", data=k % 3), d.const(0.01 * k)) for k in range(outputs)]
    return d.program(3), wanted


LONG = Grid(0.0, 0.5, 700, tuple(range(701)))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("stages", [1, 4])
def test_few_members_keep_no_copies_of_themselves(count: int, stages: int) -> None:
    """Of large outputs: the bytes at the worst moment are about those of the result."""
    program, wanted = wide()
    kernel = Llvm(optimise=0).compile(program, wanted)
    some = members(count)
    kernel.march(some, LONG, stages)  # its making keeps text
    tracemalloc.start()
    march = kernel.march(some, LONG, stages)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert march.values.shape == (701, 1000, count)
    assert march.values.base is None or march.values.base.nbytes <= 1.01 * march.values.nbytes
    assert most < 1.3 * march.values.nbytes
    identical(march, Llvm(optimise=0, width=8).compile(program, wanted).march(some, LONG, stages))


def test_small_outputs_and_many_members_keep_the_lanes() -> None:
    """One code serves them all: no other is made."""
    program, wanted = wide(200)
    kernel = Llvm(optimise=0, cache=False).compile(program, wanted)
    for count in (1, 5, 8, 30):
        kernel.march(members(count), GRID, 1)
    kernel.march(members(kernel.width), LONG, 1)
    assert set(kernel.codes._codes) == {Use("march1", kernel.width)}


def test_a_single_run_keeps_its_outputs_once() -> None:
    """From `simulate`, too: the values of the march, and their arrangement by names."""
    count = 400
    equations = {f"s{k}": stock(ref("rate"), float(k)) for k in range(count)}
    model = model_of({"rate": 0.5, **equations}, stop=1000.0)
    system = System(model, Llvm(optimise=0))
    simulate(system)
    tracemalloc.start()
    run = simulate(system)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = 8 * 1001 * (count + 1)
    assert run["s7"].values[-1] == 507.0
    assert kept < most < 3 * kept
