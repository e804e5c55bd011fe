"""Code for members that agree in most parameters: the same bits, sooner."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llvm_programs import RUNNABLE

from sdsim.backends.base import Grid, March, Members
from sdsim.backends.llvm import Llvm, available
from sdsim.backends.llvm import code as code_module
from sdsim.backends.llvm import memory as memory_module
from sdsim.backends.llvm import specialize as special_module
from sdsim.backends.llvm.code import Code, Codes, Use
from sdsim.backends.llvm.division import factors, hard
from sdsim.backends.llvm.specialize import FIXED, known_of, specialised
from sdsim.backends.numpy import Numpy
from sdsim.ir.program import Buffer, Op, Program, State, Table

pytestmark = pytest.mark.skipif(not available(), reason="no LLVM")


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Special code is made whether it pays or not."""
    monkeypatch.setattr(special_module, "GAIN", -1.0)


GRID = Grid(0.0, 0.25, 40, (0, 7, 40))
#: Level, rate, divisor, switch, power, blow.
VALUES = (1.5, 0.3, 7.0, 0.0, 2.0, 0.5)


def program() -> Program:
    """A level that is divided, switched and raised; a second one behind a switch; a delay."""
    ops = [
        Op("param", (), 0), Op("param", (), 1), Op("param", (), 2), Op("param", (), 3),
        Op("param", (), 4), Op("param", (), 5),
        Op("state", (), 0), Op("state", (), 1),
        Op("div", (6, 2)),  # 8: level / divisor
        Op("const", (), 3.0), Op("div", (8, 9)),  # 10
        Op("div", (1, 2)), Op("sqrt", (11,)), Op("exp", (12,)),  # 13
        Op("select", (3, 7, 10)),  # 14: the second level, or what is divided
        Op("table", (14,), 0),  # 15
        Op("pow", (6, 4)), Op("sub", (15, 16)),  # 17
        Op("mul", (17, 13)), Op("neg", (18,)), Op("mul", (19, 1)),  # 20
        Op("mul", (7, 5)),  # 21: the second level's growth
        Op("delayed", (), 0), Op("add", (20, 22)),  # 23
        Op("const", (), 0.01), Op("mul", (6, 24)), Op("const", (), 4.0), Op("time"),  # 27
        Op("div", (27, 2)), Op("add", (23, 28)),  # 29
    ]  # fmt: skip
    return Program(
        tuple(ops), ("level", "rate", "divisor", "switch", "power", "blow"), VALUES,
        (State("A", 0, 29), State("B", 1, 21)), (),
        (Table((0.0, 1.0, 2.0), (1.0, 3.0, 2.0)),), (Buffer("d", (0, 26), (25,)),),
    )  # fmt: skip


WANTED = [6, 14, 17, 2, 11]


def members(moving: set[int], count: int = 70, **values: float) -> Members:
    """Members that differ in some parameters."""
    base = np.array(VALUES)
    for name, value in values.items():
        base[program().params.index(name)] = value
    matrix = np.repeat(base[:, None], count, axis=1)
    rng = np.random.default_rng(3)
    for row in moving:
        matrix[row] *= rng.uniform(0.9, 1.1, count)
    return Members(matrix, np.arange(count), moving=frozenset(moving))


def identical(a: March, b: March) -> None:
    """Every bit, zeros' signs too; what lies behind a member's end means nothing."""
    np.testing.assert_array_equal(a.stopped, b.stopped)
    late = (b.stopped >= 0) & (np.array(GRID.saved)[:, None] >= b.stopped)
    where = np.broadcast_to(~late[:, None, :], b.values.shape)
    assert a.values[where].tobytes() == b.values[where].tobytes()


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("features", "stages"), [(None, 1), (None, 4), *((level, 1) for level in RUNNABLE)]
)
@pytest.mark.parametrize("moving", [set(), {0}, {0, 2}, {1, 3}, {4}, {0, 1, 2, 3, 4, 5}])
@pytest.mark.parametrize("switch", [0.0, 1.0])
def test_no_bit_depends_on_what_is_known(
    moving: set[int], stages: int, features: str | None, switch: float
) -> None:
    many = members(moving, switch=switch)
    kernel = Llvm(width=8, optimise=2, features=features, cache=False).compile(program(), WANTED)
    special = kernel.march(many, GRID, stages)
    identical(special, kernel.march(replace(many, moving=None), GRID, stages))
    assert len(kernel.codes._codes) == (1 if len(moving) == len(VALUES) else 2)


@pytest.mark.usefixtures("always")
def test_what_a_switch_rules_out_still_stops_a_run() -> None:
    """The level behind the switch blows up; whether code knows the switch must not matter."""
    many = members({0}, blow=1e30)
    kernel = Llvm(optimise=2, cache=False).compile(program(), WANTED)
    special = kernel.march(many, GRID, 1)
    general = kernel.march(replace(many, moving=None), GRID, 1)
    assert (general.stopped > 0).all()
    np.testing.assert_array_equal(special.stopped, general.stopped)


def test_what_follows_from_known_parameters_is_fixed() -> None:
    known = known_of(members({0}))
    ops = specialised(program(), known).ops
    assert [ops[v].code for v in (1, 2, 11, 12)] == [FIXED] * 4
    assert ops[12].data == math.sqrt(0.3 / 7.0)
    assert ops[13].code == "exp", "only what all machines round alike is done beforehand"
    assert ops[14] == Op("select", (3, 10, 10)), "and what the switch rules out is not read"
    assert ops[0] == Op("param", (), 0)
    assert known_of(replace(members({0}), moving=None)) == b""


@pytest.mark.usefixtures("always")
def test_a_known_whole_exponent_takes_the_way_of_an_unknown_one() -> None:
    """pow(x, 2.0) may differ from x * x in its last bit: numbers in a model are squared."""
    x = np.linspace(0.1, 9.9, 4000)
    lone = Program(
        (Op("param", (), 0), Op("param", (), 1), Op("pow", (0, 1)), Op("state", (), 0)),
        ("x", "n"), (1.0, 2.0), (State("s", 2, 2),), (),
    )  # fmt: skip
    many = Members(np.array([x, np.full_like(x, 2.0)]), np.arange(len(x)), moving=frozenset({0}))
    kernel = Llvm(optimise=2, cache=False).compile(lone, [3])
    identical(kernel.march(many, GRID, 1), kernel.march(replace(many, moving=None), GRID, 1))


@pytest.mark.usefixtures("always")
def test_special_code_takes_over_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDSIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(code_module, "REPAID", 1000)
    many = members({0})
    kernel = Llvm(threads=2).compile(program(), WANTED)
    first = kernel.march(many, GRID, 1)
    for _ in range(3):
        identical(kernel.march(many, GRID, 1), first)
    kernel.codes.settled()
    identical(kernel.march(many, GRID, 1), first)
    (special,) = (u for u in kernel.codes._codes if u.known)
    assert kernel.codes._codes[special].level == code_module.BEST
    again = Llvm(threads=2).compile(program(), WANTED)
    identical(again.march(many, GRID, 1), first)
    assert list(again.codes._codes) == [special], "from the cache, and nothing else was made"


@pytest.mark.usefixtures("always")
def test_special_code_takes_over_within_a_march(monkeypatch: pytest.MonkeyPatch) -> None:
    """It wants other memory than the general; no bit tells where it began."""
    many = members({0}, count=20_000)
    alone = Llvm(width=8, optimise=0, cache=False).compile(program(), WANTED).march(many, GRID, 1)
    better, used = Codes.better, []

    def after_a_portion(codes: Codes, use: Use, than: Code) -> Code | None:
        used.append(than.sizes)
        if len(used) > 1:
            codes.settled()
        return better(codes, use, than) if len(used) > 1 else None

    monkeypatch.setattr(Codes, "better", after_a_portion)
    monkeypatch.setattr(memory_module, "_PORTION", 0.0005)
    monkeypatch.setattr(code_module, "REPAID", 1)
    for threads in (1, 2):
        used.clear()
        kernel = Llvm(width=8, threads=threads, cache=False).compile(program(), WANTED)
        identical(kernel.march(many, GRID, 1), alone)
        special = next(c for u, c in kernel.codes._codes.items() if u.known)
        assert used[:2] == [used[0]] * 2 != [special.sizes] * 2


@pytest.mark.usefixtures("always")
def test_many_sets_of_known_parameters_are_forgotten_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(code_module, "REPAID", 1)
    monkeypatch.setattr(code_module, "MOST", 3)
    kernel = Llvm(width=8, cache=False).compile(program(), WANTED)
    for k in range(8):
        kernel.march(members({0}, count=8, rate=0.1 + k), GRID, 1)
        kernel.codes.settled()
    assert len(kernel.codes._codes) <= 4
    assert len(kernel.codes._work) <= 4


# --- division by known numbers --------------------------------------------------------------------


def _product(x: float, pair: tuple[float, float]) -> float:
    return float(Fraction(x) * Fraction(pair[0]) + Fraction(x * pair[1]))


NORMAL = st.floats(1e-20, 1e20).flatmap(lambda v: st.sampled_from([v, -v]))


@given(NORMAL, NORMAL)
def test_a_product_gives_the_bits_of_the_division(x: float, c: float) -> None:
    pair = factors(c)
    if pair is not None:
        assert _product(x, pair) == x / c


@pytest.mark.parametrize("c", [0.0, -0.0, 1.0, -4.0, 0.125, math.inf, math.nan, 1e-40, 1e300])
def test_some_divisors_are_left_to_the_divider(c: float) -> None:
    assert factors(c) is None


def test_most_divisors_have_a_product() -> None:
    rng = np.random.default_rng(0)
    found = [factors(c) is not None for c in rng.uniform(0.001, 1000, 2000)]
    assert 0.9 < np.mean(found) < 0.99, "some have none: the search finds what is wrong with them"


@pytest.mark.parametrize("bits", [6, 7, 8])
def test_the_hard_numerators_are_all_there_are(bits: int) -> None:
    """In a small format every pair can be tried: the product is wrong for hard ones alone."""
    wrong = 0

    def rounded(v: Fraction, up: bool | None = None) -> Fraction:
        if v == 0:
            return v
        e = math.floor(math.log2(v))
        while Fraction(2) ** (e + 1) <= v:
            e += 1
        while Fraction(2) ** e > v:
            e -= 1
        unit = Fraction(2) ** (e - bits + 1)
        return (v // unit if up is False else round(v / unit)) * unit

    for c in range((1 << bits - 1) + 1, 1 << bits):
        high = rounded(Fraction(1, c), up=False)
        low = rounded(Fraction(1, c) - high)
        known = set(hard(c, bits))
        for x in range(1 << bits - 1, 1 << bits):
            if rounded(x * high + rounded(x * low)) != rounded(Fraction(x, c)):
                wrong += 1
                assert x in known, (x, c)
    assert wrong > 0


def test_zeros_and_infinities_are_divided_as_ever() -> None:
    """Also what is not finite, and quotients by numbers that are left to the divider."""
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-300, 1.0])
    divisors = (3.0, -7.0, 0.1, 1.45, 1e-5, 2.0)
    ops = [Op("param", (), 0)]
    ops += [Op("const", (), c) for c in divisors]
    ops += [Op("div", (0, 1 + k)) for k in range(len(divisors))]
    ops += [Op("state", (), k) for k in range(len(divisors))]
    zero = len(ops)
    ops += [Op("const", (), 0.0)]
    n = len(divisors)
    lone = Program(
        tuple(ops), ("x",), (1.0,), tuple(State(f"s{k}", 1 + n + k, zero) for k in range(n)), ()
    )
    many = Members(x[None, :], np.arange(len(x)))
    states, _ = Llvm(optimise=2, cache=False).compile(lone, [1 + 2 * n]).start(many)
    with np.errstate(all="ignore"):
        expected = x / np.array(divisors)[:, None]
    np.testing.assert_array_equal(states, expected)
    real = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(states[real]), np.signbit(expected[real]))
    reference, _ = Numpy().compile(lone, [1 + 2 * n]).start(many)
    np.testing.assert_array_equal(states, reference)


def test_special_code_is_made_where_it_saves_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Knowing a summand of many saves nothing; knowing what is divided by, much."""
    monkeypatch.setattr(code_module, "REPAID", 1)

    def chain(code: str) -> Program:
        ops = [Op("param", (), 0), Op("param", (), 1), Op("state", (), 0)]
        for _ in range(20):
            ops.append(Op(code, (len(ops) - 1, 1)))
        last = len(ops) - 1
        return Program(tuple(ops), ("a", "b"), (1.0, 1.3), (State("s", 0, last),), ())

    for code, known in (("add", False), ("div", True)):
        for optimise in (None, 2):
            matrix = np.array([[1.0] * 8, [1.3] * 8])
            kernel = Llvm(width=8, optimise=optimise, cache=False).compile(chain(code), [2])
            kernel.march(Members(matrix, np.arange(8), moving=frozenset({0})), GRID, 1)
            kernel.codes.settled()
            assert any(u.known for u in kernel.codes._codes) == known
