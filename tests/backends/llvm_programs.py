"""Programs for the tests of the LLVM back end: built by hand, or at random from a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdsim.backends.base import Grid, March, Members
from sdsim.backends.llvm import Llvm, available, compiler
from sdsim.ir.program import Buffer, Op, Output, Program, State, Table

#: Operations whose result is the same bits in every back end.
EXACT_UNARY = ("neg", "abs", "sqrt", "floor", "trunc", "not")
EXACT_BINARY = ("add", "sub", "mul", "div", "min", "max", "lt", "le", "gt", "ge", "eq", "ne")
EXACT_BINARY += ("and", "or")
SMOOTH_UNARY = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")

TABLES = (
    Table((0.0, 1.0, 2.0, 3.0, 4.0), (1.0, 1.5, 0.25, 3.0, 2.0)),
    Table((-2.0, -0.3, 0.1, 4.0), (0.1, 0.7, -0.4, 2.0)),
    Table(tuple(0.1 * k for k in range(13)), tuple(float(k % 5) for k in range(13))),
    Table(tuple(k**1.5 for k in range(40)), tuple(0.1 * k * k for k in range(40))),
    Table(tuple(float(k) for k in range(30)), tuple((-1.0) ** k for k in range(30))),
    Table((0.0, 1.0, 2.5), (1.0, 2.0, 0.5), "extrapolate"),
    Table((0.0, 1.0, 2.5), (1.0, 2.0, 0.5), "hold_backward"),
    Table((0.0, 1.0, 2.5, 2.75), (1.0, 2.0, 0.5, 7.0), "look_forward"),
    Table((1.5,), (3.0,)),
    Table((0.0, 1.0), (-0.0, -0.0)),
    Table((0.0, 1.0), (-1e308, 1e308)),
)

#: Levels of this architecture, lowest first, and those whose code this processor can run. Tests
#: run the latter; code of any level may be made.
LEVELS = list(compiler.processor().levels) if available() else []
RUNNABLE = compiler.processor().runnable if available() else []


class Draft:
    """A Program under construction: ``draft("add", a, b)`` is the value's number."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.states: list[State] = []
        self.buffers: list[Buffer] = []

    def __call__(self, code: str, *args: int, data: float = 0.0) -> int:
        self.ops.append(Op(code, args, data))
        return len(self.ops) - 1

    def const(self, x: float) -> int:
        return self("const", data=x)

    def program(self, params: int = 0, tables: Sequence[Table] = TABLES) -> Program:
        names = tuple(f"p{k}" for k in range(params))
        outputs = tuple(Output(f"v{k}", 0, k) for k in range(len(self.ops)))
        return Program(
            tuple(self.ops), names, (1.0,) * params, tuple(self.states), outputs,
            tuple(tables), tuple(self.buffers),
        )  # fmt: skip


def random_program(
    seed: int, size: int = 40, unary: Sequence[str] = EXACT_UNARY, n_param: int = 3,
    n_state: int = 3, held: int = 1, delayed: int = 2, draws: bool = True,
) -> Program:  # fmt: skip
    """Any operations on any earlier values; states change by late ones, slowly."""
    rng = np.random.default_rng(seed)
    d = Draft()
    fixed = [d("param", data=k) for k in range(n_param)]
    fixed += [d.const(float(x)) for x in rng.normal(size=3).round(3)]
    for _ in range(4):
        fixed.append(d(str(rng.choice(("add", "mul", "max"))), *map(int, rng.choice(fixed, 2))))
    values = list(fixed)
    values += [d("time"), d("event"), d("step")]
    step = values[-1]
    values += [d("state", data=k) for k in range(n_state + held)]
    values += [d("delayed", data=k) for k in range(delayed)]
    if draws:
        values += [d("random", step, data=7), d("random", d.const(-1.0), data=8)]
    for _ in range(size):
        kind = rng.uniform()
        a, b, c = (int(v) for v in rng.choice(values[-25:] if kind < 0.7 else values, 3))
        if kind < 0.2:
            values.append(d(str(rng.choice(unary)), a))
        elif kind < 0.35:
            values.append(d("table", a, data=int(rng.integers(len(TABLES)))))
        elif kind < 0.45:
            values.append(d("select", a, b, c))
        else:
            values.append(d(str(rng.choice(EXACT_BINARY)), a, b))
    slow = d.const(0.01)
    one = d.const(1.0)
    for k in range(n_state):
        v = int(rng.choice(values[-20:]))
        size_of = d("add", one, d("abs", v))
        change = d("mul", d("div", v, size_of), slow) if k else values[n_param + 12]
        d.states.append(State(f"s{k}", int(rng.choice(fixed)), change))
    for k in range(held):
        d.states.append(State(f"h{k}", int(rng.choice(fixed)), int(rng.choice(values)), True))
    lag = d("mul", d("abs", fixed[0]), d.const(3.0))
    for k in range(delayed):
        d.buffers.append(_buffer(d, rng, values, fixed, (lag, k)))
    return d.program(n_param)


def _buffer(
    d: Draft, rng: np.random.Generator, values: Sequence[int], fixed: Sequence[int],
    what: tuple[int, int],
) -> Buffer:  # fmt: skip
    """A buffer of any kind with any inputs; a belt moves by a share of its length each step."""
    lag, number = what
    kind = str(rng.choice(("fixed", "material", "information", "belt")))
    any_of = [int(v) for v in rng.choice(values, 3)]
    start = int(rng.choice(fixed))
    if kind == "fixed":
        return Buffer(f"b{number}", (start, lag), (any_of[0],))
    if kind == "material":
        return Buffer(f"b{number}", (start, lag), tuple(any_of), kind)
    if kind == "information":
        return Buffer(f"b{number}", (start, lag), tuple(any_of[:2]), kind)
    one, tiny = d.const(1.0), d.const(1e-200)
    shares = [d("div", one, d("add", one, d("abs", v))) for v in any_of[1:]]
    keep = d("select", d("lt", shares[1], d.const(0.2)), tiny, shares[1])
    width = d("div", one, d("add", one, lag))
    return Buffer(f"b{number}", (start, width), (any_of[0], width, shares[0], keep), kind)


def members(count: int, n_param: int = 3, seed: int = 0) -> Members:
    """Parameters around 1."""
    rng = np.random.default_rng(seed)
    params = rng.normal(1.0, 1.0, size=(n_param, count))
    return Members(params, rng.integers(0, 2**40, size=count), 0x9E3779B97F4A7C15)


GRID = Grid(0.0, 0.1, 20, (0, 1, 2, 5, 10, 19, 20))

#: A run without parameters.
ONE = Members(np.empty((0, 1)), np.zeros(1, dtype=np.int64))


def decay(rate: float = -1.0) -> Program:
    d = Draft()
    d.states.append(State("x", d.const(1.0), d("mul", d("state"), d.const(rate))))
    return d.program()


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


def lively_program() -> tuple[Program, list[int]]:
    """Every sort of operation, and values that stay finite."""
    p = random_program(12, 120, unary=(*EXACT_UNARY, *SMOOTH_UNARY))
    wanted = sorted({*finite(p, members(40), 1)} & {*finite(p, members(40), 4)})
    assert len(wanted) > 60
    return p, wanted
