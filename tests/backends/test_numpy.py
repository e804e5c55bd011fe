"""The reference back end against an interpreter of expression trees written here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import model_of, ref, stock

from sdsim.backends import Numpy
from sdsim.backends.base import Grid, Members
from sdsim.backends.numpy import read_table
from sdsim.compile.expand import expand
from sdsim.compile.lower import lower
from sdsim.compile.order import order
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary
from sdsim.ir.program import Program, Table

NAMES = ("p", "q", "x", "time")
START_OF_X = 0.75


def divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def scalar(node: Expr, at: dict[str, float]) -> float:
    """One number from a tree, by IEEE rules: no vectors, no program, no sharing."""
    match node:
        case Num(v):
            return v
        case Ref(name, _):
            return at[name]
        case Unary("-", x):
            return -scalar(x, at)
        case Unary("not", x):
            return float(scalar(x, at) == 0)
        case Binary(op, left, right):
            a, b = scalar(left, at), scalar(right, at)
            match op:
                case "+":
                    return a + b
                case "-":
                    return a - b
                case "*":
                    return a * b
                case "/":
                    return divide(a, b)
                case "<":
                    return float(a < b)
                case "<=":
                    return float(a <= b)
                case ">":
                    return float(a > b)
                case ">=":
                    return float(a >= b)
                case "=":
                    return float(a == b)
                case "<>":
                    return float(a != b)
                case "and":
                    return float(a != 0 and b != 0)
                case "or":
                    return float(a != 0 or b != 0)
        case Call("if then else", (c, a_, b_), _):
            return scalar(a_, at) if scalar(c, at) != 0 else scalar(b_, at)
        case Call(name, args, _):
            values = [scalar(a, at) for a in args]
            match name:
                case "min":
                    return values[0] if values[0] < values[1] else values[1]
                case "max":
                    return values[0] if values[0] > values[1] else values[1]
                case "abs":
                    return abs(values[0])
                case "sqrt":
                    return math.sqrt(values[0]) if values[0] >= 0 else math.nan
                case "integer":
                    v = values[0]
                    return math.copysign(math.trunc(v), v) if math.isfinite(v) else v
                case "zidz":
                    return 0.0 if abs(values[1]) < 1e-6 else divide(*values)
    raise AssertionError(node)


numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e-7, 1e200, 3.0]),
    st.floats(-100, 100, allow_nan=False),
)
NOTHING, INFINITE = (Binary("/", Num(a), Num(0.0)) for a in (0.0, 1.0))
leaves = st.one_of(
    numbers.map(Num), st.sampled_from(NAMES).map(Ref), st.sampled_from([NOTHING, INFINITE])
)
trees = st.recursive(
    leaves,
    lambda t: st.one_of(
        st.builds(Unary, st.sampled_from(["-", "not"]), t),
        st.builds(
            Binary,
            st.sampled_from(["+", "-", "*", "/", "<", "<=", ">", ">=", "=", "<>", "and", "or"]),
            t, t,
        ),
        st.builds(lambda n, a: Call(n, (a,)), st.sampled_from(["abs", "sqrt", "integer"]), t),
        st.builds(lambda n, a, b: Call(n, (a, b)), st.sampled_from(["min", "max", "zidz"]), t, t),
        st.builds(lambda a, b, c: Call("if then else", (a, b, c)), t, t, t),
    ),
    max_leaves=25,
)  # fmt: skip


def program_of(*equations: Expr) -> Program:
    rows: dict[str, Any] = {f"y{i}": e for i, e in enumerate(equations)}
    model = model_of({**rows, "x": stock(Num(1.0), START_OF_X), "p": 1.0, "q": 2.0})
    return lower(order(expand(model)))


def members_of(program: Program, p: list[float], q: list[float]) -> Members:
    params = np.repeat(np.array(program.defaults)[:, None], len(p), axis=1)
    params[program.param_cells.index(("p", 0))] = p
    params[program.param_cells.index(("q", 0))] = q
    return Members(params, np.arange(len(p)))


def observed(program: Program, members: Members, time: float, wanted: list[int]) -> Any:
    kernel = Numpy().compile(program, wanted)
    states, fixed = kernel.start(members)
    return kernel.observe(time, time, 0, states, fixed, members)


def same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or (
        a == b and math.copysign(1, a) == math.copysign(1, b)
    )


@settings(max_examples=300)
@given(
    st.lists(trees, min_size=1, max_size=4),
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5),
    st.sampled_from([0.0, 1.0, 7.5]),
)
def test_random_expressions_have_the_bits_of_the_interpreter(
    equations: list[Expr], given_: list[tuple[float, float]], time: float
) -> None:
    program = program_of(*equations)
    value = {o.name: o.value for o in program.outputs}
    members = members_of(program, [p for p, _ in given_], [q for _, q in given_])
    wanted = [value[f"y{i}"] for i in range(len(equations))]
    got = observed(program, members, time, wanted)
    for i, tree in enumerate(equations):
        for k, (p, q) in enumerate(given_):
            expected = scalar(tree, {"p": p, "q": q, "x": START_OF_X, "time": time})
            assert same(float(got[i, k]), expected), (tree, p, q)


@settings(max_examples=60)
@given(st.lists(trees, min_size=1, max_size=3), st.permutations(range(7)))
def test_a_member_has_the_same_bits_alone_and_at_any_place(
    equations: list[Expr], turned: list[int]
) -> None:
    program = program_of(*equations, Call("exp", (Call("sin", (Ref("q"),)),)))
    value = {o.name: o.value for o in program.outputs}
    wanted = [value[f"y{i}"] for i in range(len(equations) + 1)]
    p, q = [0.1, -3.0, 1e10, 7.0, 0.0, 2.5, -1.0], [1.0, 2.0, -0.5, 0.0, 9.0, 1e-9, 3.3]
    whole = observed(program, members_of(program, p, q), 2.0, wanted)
    other = observed(
        program, members_of(program, [p[i] for i in turned], [q[i] for i in turned]), 2.0, wanted
    )
    assert other.tobytes() == np.ascontiguousarray(whole[:, turned]).tobytes()
    for i in range(7):
        alone = observed(program, members_of(program, [p[i]], [q[i]]), 2.0, wanted)
        assert alone[:, 0].tobytes() == np.ascontiguousarray(whole[:, i]).tobytes()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (-8.0, 1 / 3, math.nan), (-2.0, 3.0, -8.0), (0.0, 0.0, 1.0), (0.0, -1.0, math.inf),
        (-2.0, 2.0, 4.0), (2.0, -1074.0, 5e-324), (1.0, 1e300, 1.0), (-1.0, 1e300, 1.0),
        (2.0, 1024.0, math.inf), (0.0, 2.5, 0.0),
    ],
)  # fmt: skip
def test_powers_are_those_of_c_and_never_complex(a: float, b: float, expected: float) -> None:
    program = program_of(Binary("^", Ref("p"), Ref("q")))
    value = next(o.value for o in program.outputs if o.name == "y0")
    got = observed(program, members_of(program, [a], [b]), 0.0, [value])
    assert got.dtype == np.float64
    assert same(float(got[0, 0]), expected)


@pytest.mark.parametrize("name", ["min", "max"])
def test_the_smaller_of_nothing_and_a_number(name: str) -> None:
    """See `sdsim.ir.program`: of nothing and a number, the number."""
    program = program_of(Call(name, (NOTHING, Ref("p"))), Call(name, (Ref("p"), NOTHING)))
    value = {o.name: o.value for o in program.outputs}
    got = observed(program, members_of(program, [4.0], [0.0]), 0.0, [value["y0"], value["y1"]])
    assert got[0, 0] == 4
    assert np.isnan(got[1, 0])


# --- tables -----------------------------------------------------------------------------------

X, Y = (0.0, 1.0, 3.0, 3.5), (10.0, 20.0, 0.0, 7.0)


@given(st.floats(-5, 8))
def test_a_table_is_straight_lines_with_level_ends(v: float) -> None:
    got = read_table(Table(X, Y), np.array([v]))[0]
    assert got == pytest.approx(np.interp(v, X, Y), abs=1e-13)


@pytest.mark.parametrize("kind", ["interpolate", "hold_backward", "look_forward", "extrapolate"])
def test_every_kind_of_table_goes_through_its_points(kind: str) -> None:
    assert read_table(Table(X, Y, kind), np.array(X)) == pytest.approx(Y, abs=1e-13)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("interpolate", [10, 15, 10, 0.7, 7]),
        ("hold_backward", [10, 10, 20, 0, 7]),
        ("look_forward", [10, 20, 0, 7, 7]),
        ("extrapolate", [0, 15, 10, 0.7, 14]),
    ],
)
def test_kinds_of_tables_by_hand(kind: str, expected: list[float]) -> None:
    v = np.array([-1.0, 0.5, 2.0, 3.05, 4.0])
    assert read_table(Table(X, Y, kind), v) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["interpolate", "hold_backward", "look_forward", "extrapolate"])
def test_nothing_in_gives_nothing_out(kind: str) -> None:
    for table in (Table(X, Y, kind), Table((1.0,), (4.0,), kind)):
        assert np.isnan(read_table(table, np.array([np.nan]))[0])


def test_a_table_of_one_point_is_level() -> None:
    v = np.array([[-9.0, 1.0], [2.0, np.inf]])
    assert (read_table(Table((1.0,), (4.0,)), v) == 4).all()


def test_infinity_reads_the_end_of_a_table() -> None:
    assert read_table(Table(X, Y), np.array([-np.inf, np.inf])).tolist() == [10, 7]


# --- a march ----------------------------------------------------------------------------------


def test_a_march_says_where_each_member_stopped() -> None:
    program = program_of(Call("ln", (Binary("-", Ref("p"), Ref("time")),)))
    value = next(o.value for o in program.outputs if o.name == "y0")
    kernel = Numpy().compile(program, [value])
    members = members_of(program, [3.0, 100.0, 0.0], [0.0, 0.0, 0.0])
    march = kernel.march(members, Grid(0.0, 0.5, 20, tuple(range(21))), 1)
    assert march.stopped.tolist() == [6, -1, 0]
    assert march.values.shape == (21, 1, 3)
    assert march.values[:, 0, 1] == pytest.approx(np.log(100 - np.arange(21) / 2))


def test_only_saved_steps_are_looked_at() -> None:
    program = program_of(Binary("/", Num(1.0), Binary("-", Ref("time"), Ref("p"))))
    value = next(o.value for o in program.outputs if o.name == "y0")
    kernel = Numpy().compile(program, [value])
    members = members_of(program, [0.5], [0.0])
    assert kernel.march(members, Grid(0.0, 0.5, 4, (0, 2, 4)), 1).stopped.tolist() == [-1]
    assert kernel.march(members, Grid(0.0, 0.5, 4, (0, 1, 2)), 1).stopped.tolist() == [1]


def test_a_kernel_computes_only_what_is_wanted() -> None:
    """A value that nobody asked for cannot stop a run."""
    program = program_of(Binary("/", Num(1.0), ref("p")), ref("q"))
    value = {o.name: o.value for o in program.outputs}
    members = members_of(program, [0.0], [5.0])
    march = Numpy().compile(program, [value["y1"]]).march(members, Grid(0.0, 1.0, 1, (0, 1)), 4)
    assert march.stopped.tolist() == [-1]
    assert march.values[:, 0, 0].tolist() == [5.0, 5.0]
