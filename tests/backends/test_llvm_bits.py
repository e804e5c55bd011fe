"""One member's bits under every setting of the LLVM back end."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from llvm_programs import (
    GRID,
    RUNNABLE,
    identical,
    lively_program,
    members,
)

from sdsim.backends.base import Grid, Members
from sdsim.backends.llvm import Llvm, available, order, plan
from sdsim.ir.program import Program

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")

VARIANTS = [
    {"width": 1}, {"width": 4}, {"width": 8}, {"width": 16}, {"width": 32}, {"width": 64},
    {"threads": 1}, {"threads": 2}, {"chunk": 3}, {"chunk": 20}, {"chunk": 10_000},
    {"optimise": 0}, {"optimise": 1}, {"optimise": 2}, {"optimise": 3},
    *({"features": level} for level in RUNNABLE),
]  # fmt: skip


@pytest.fixture(scope="module")
def lively() -> tuple[Program, list[int]]:
    """A program, and its values that stay finite."""
    return lively_program()


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
