"""The program: printed and read, values shared, constants folded without moving a bit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import model_of, ref, stock

from sdsim.compile.expand import expand
from sdsim.compile.lower import lower
from sdsim.compile.order import order
from sdsim.ir.expr import Binary, Call, Expr, Lookup, Num, Ref, Unary
from sdsim.ir.program import BINARY, LEAVES, SPECIAL, TERNARY, UNARY, Program

ARITY = {**dict.fromkeys(UNARY, 1), **dict.fromkeys(BINARY, 2), **dict.fromkeys(TERNARY, 3)}
ARITY |= {**dict.fromkeys(LEAVES, 0), "table": 1, "given": 1, "random": 1, "delayed": 0}


def program(equations: Mapping[str, Expr | float], **more: object) -> Program:
    made = lower(order(expand(model_of(equations, **more))))  # type: ignore[arg-type]
    check(made)
    return made


def check(p: Program) -> None:
    """What every program promises to the back ends."""
    for i, op in enumerate(p.ops):
        assert len(op.args) == ARITY[op.code]
        assert all(0 <= a < i for a in op.args), "operands come before their users"
    assert len(set(p.outputs)) == len(p.outputs)
    fixed = [*(s.initial for s in p.states), *(v for b in p.buffers for v in b.start)]
    fixed += [v for e in p.events for v in e if v >= 0]
    assert not any(p.dynamic[v] for v in fixed)


def equation(expr: Expr, name: str = "y") -> list[str]:
    """The lines of one variable, renumbered from 0; x and z are stocks, k is a constant."""
    p = program({"x": stock(Num(1.0), 1), "z": stock(Num(1.0), 1), "k": 2, name: expr})
    value = next(o.value for o in p.outputs if o.name == name)
    seen, todo = set(), [value]
    while todo:
        v = todo.pop()
        if v not in seen:
            seen.add(v)
            todo.extend(p.ops[v].args)
    new = {v: i for i, v in enumerate(sorted(seen))}
    lines = [line.split("  ;")[0] for line in p.lines(sorted(seen)) if line.startswith("%")]
    return [re.sub(r"%(\d+)", lambda m: f"%{new[int(m[1])]}", line) for line in lines]


X, Z, K, TIME = ref("x"), ref("z"), ref("k"), Ref("time")

LINES: list[tuple[str, Expr, list[str]]] = [
    ("sum", Binary("+", X, Z), ["%0 = state x", "%1 = state z", "%2 = add %0 %1"]),
    ("difference", Binary("-", Z, X), ["%0 = state x", "%1 = state z", "%2 = sub %1 %0"]),
    ("power", Binary("^", X, K), ["%0 = state x", "%1 = param k", "%2 = pow %0 %1"]),
    ("sign", Unary("-", X), ["%0 = state x", "%1 = neg %0"]),
    ("not", Unary("not", X), ["%0 = state x", "%1 = not %0"]),
    ("alias", X, ["%0 = state x"]),
    ("compare", Binary("<=", X, K), ["%0 = state x", "%1 = param k", "%2 = le %0 %1"]),
    (
        "square", Binary("*", Binary("+", X, K), Binary("+", X, K)),
        ["%0 = state x", "%1 = param k", "%2 = add %0 %1", "%3 = mul %2 %2"],
    ),
    (
        "if", Call("if then else", (Binary(">", X, K), Z, Num(0.0))),
        ["%0 = state x", "%1 = state z", "%2 = param k", "%3 = gt %0 %2", "%4 = 0.0",
         "%5 = select %3 %1 %4"],
    ),
    ("exp", Call("exp", (X,)), ["%0 = state x", "%1 = exp %0"]),
    ("ln", Call("ln", (X,)), ["%0 = state x", "%1 = log %0"]),
    (
        "max", Call("max", (X, Z, K)),
        ["%0 = state x", "%1 = state z", "%2 = param k", "%3 = max %0 %1", "%4 = max %3 %2"],
    ),
    (
        "step", Call("step", (X, K)),
        ["%0 = state x", "%1 = param k", "%2 = event", "%3 = gt %2 %1", "%4 = 0.0",
         "%5 = select %3 %0 %4"],
    ),
    (
        "table", Call("with lookup", (X, Lookup((0.0, 1.0), (2.0, 3.0)))),
        ["%0 = state x", "%1 = table #0 %0"],
    ),
    ("folded", Binary("*", X, Binary("+", Num(2.0), Num(3.0))),
     ["%0 = state x", "%1 = 5.0", "%2 = mul %0 %1"]),
    ("times one", Binary("*", Num(1.0), Binary("/", X, Num(1.0))), ["%0 = state x"]),
    ("plus zero stays", Binary("+", X, Num(0.0)), ["%0 = state x", "%1 = 0.0", "%2 = add %0 %1"]),
    ("time", Binary("*", TIME, X), ["%0 = state x", "%1 = time", "%2 = mul %1 %0"]),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "lines"), [x[1:] for x in LINES], ids=[x[0] for x in LINES])
def test_one_equation_and_its_lines(expr: Expr, lines: list[str]) -> None:
    assert equation(expr) == lines


def test_a_whole_program_as_it_is_printed() -> None:
    p = program(
        {"tea": stock(Unary("-", ref("loss")), 180.0),
         "loss": Binary("/", Binary("-", ref("tea"), ref("room")), ref("pace")),
         "room": 70, "pace": 10},
    )  # fmt: skip
    text = str(p)
    for line in (
        "%0 = state tea  ; tea",
        "%3 = sub %0 %1",
        "%4 = div %3 %2  ; loss",
        "%1 = param room  ; room",
        "state tea: starts at %9, changes by %10",
        "%9 = 180.0",
        "%10 = neg %4",
    ):
        assert line in text.splitlines()
    assert p.params[:2] == ("room", "pace")
    assert p.defaults[:2] == (70.0, 10.0)
    assert p.param_cells[:2] == (("room", 0), ("pace", 0))


def test_equal_values_are_computed_once() -> None:
    both = Binary("*", Binary("+", X, Z), Call("exp", (Binary("+", X, Z),)))
    p = program(
        {"x": stock(Num(1.0), 1), "z": stock(Num(1.0), 1), "a": both, "b": both, "c": ref("a")}
    )
    assert [op.code for op in p.ops].count("add") == 1
    assert [op.code for op in p.ops].count("exp") == 1
    assert len({o.value for o in p.outputs if o.name in "abc"}) == 1


def test_values_that_only_look_equal_are_not_shared() -> None:
    p = program(
        {"x": stock(Num(1.0), 1), "a": Binary("-", X, Num(0.0)),
         "b": Binary("-", X, Unary("-", Num(0.0))),
         "c": Binary("-", Num(0.0), X), "u": Call("random 0 1", ()), "v": Call("random 0 1", ())}
    )  # fmt: skip
    value = {o.name: o.value for o in p.outputs}
    assert len({value[n] for n in "abcuv"}) == 5


def test_two_parameters_of_one_value_stay_two() -> None:
    p = program({"a": 2, "b": 2, "y": Binary("+", ref("a"), ref("b"))})
    value = {o.name: o.value for o in p.outputs}
    assert value["a"] != value["b"]


finite = st.floats(allow_nan=False, width=64)
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


@given(finite, finite, st.sampled_from(sorted(OPERATORS)))
def test_folding_gives_the_bits_of_the_operation(a: float, b: float, op: str) -> None:
    p = program({"y": Binary(op, Binary("+", Num(a), Num(-0.0)), Num(b)), "k": 1})
    made = p.ops[next(o.value for o in p.outputs if o.name == "y")]
    if op == "/" and b == 0:
        assert made.code == "div"
        return
    if made.code == "const":
        expected = OPERATORS[op](a, b)
        assert (
            made.data == expected and math.copysign(1, made.data) == math.copysign(1, expected)
        ) or (math.isnan(made.data) and math.isnan(expected))
    else:
        raise AssertionError(f"not folded: {made}")


@pytest.mark.parametrize(
    "expr",
    [
        Call("exp", (Num(1.0),)),
        Binary("^", Num(2.0), Num(0.5)),
        Call("sin", (Num(1.0),)),
        Binary("/", Num(1.0), Num(0.0)),
    ],
)
def test_what_machines_may_round_differently_is_left_to_the_machine(expr: Expr) -> None:
    p = program({"y": expr, "k": 1})
    assert p.ops[next(o.value for o in p.outputs if o.name == "y")].code != "const"


def test_needed_is_what_something_stands_on() -> None:
    p = program(
        {"x": stock(ref("f"), ref("i")), "f": Binary("*", ref("x"), ref("r")), "r": 2, "i": 1,
         "lone": Binary("+", ref("r"), Num(4.0)),
         "late": Call("delay fixed", (ref("f"), ref("t"), ref("j"))), "t": 3, "j": 5}
    )  # fmt: skip
    value = {o.name: o.value for o in p.outputs}
    names = lambda found: {o.name for o in p.outputs if o.value in set(found)}  # noqa: E731
    assert names(p.needed([value["lone"]])) == {"lone", "r"}
    assert names(p.needed([value["x"]])) == {"x", "f", "r", "i"}
    assert names(p.needed([value["late"]])) >= {"late", "f", "x", "r", "i", "t", "j", "time step"}
    assert names(p.needed([])) == set()
    order_of = p.needed([value["x"]])
    assert order_of == sorted(order_of)


def test_what_moves_and_what_stands() -> None:
    p = program(
        {"x": stock(Num(1.0), 1), "a": Binary("+", X, ref("k")), "k": 2,
         "b": Binary("+", ref("k"), Num(3.0)), "t": Binary("+", TIME, ref("k")),
         "u": Call("random 0 1", ()), "i": Call("initial", (Call("random 0 1", ()),))}
    )  # fmt: skip
    value = {o.name: o.value for o in p.outputs}
    assert {n for n in "xakbtui" if p.dynamic[value[n]]} == set("xatu")
    assert p.gridded
    assert not program({"x": stock(Num(1.0), 1)}).gridded


@pytest.mark.parametrize(
    ("expr", "times"),
    [
        (Call("step", (Num(1.0), ref("k"))), [2.0]),
        (Call("pulse", (ref("k"), Num(3.0))), [2.0, 5.0]),
        (Call("ramp", (Num(1.0), ref("k"), Num(7.0))), [2.0, 7.0]),
        (Call("with lookup", (TIME, Lookup((1.0, 4.0), (0.0, 1.0)))), [1.0, 4.0]),
        (Binary(">", TIME, ref("k")), [2.0]),
        (Binary(">=", ref("k"), TIME), [2.0]),
        (Call("step", (Num(1.0), X)), []),
        (Binary(">", X, ref("k")), []),
    ],
)
def test_times_at_which_the_right_hand_side_breaks(expr: Expr, times: list[float]) -> None:
    p = program({"x": stock(Num(1.0), 1), "k": 2, "y": expr})

    def number(v: int) -> float:
        op = p.ops[v]
        if op.code == "const":
            return op.data
        if op.code == "param":
            return p.defaults[int(op.data)]
        return {"add": sum, "max": max}[op.code](map(number, op.args))  # type: ignore[operator]

    assert sorted(number(e.first) for e in p.events) == times


def test_every_code_is_known() -> None:
    assert len({*LEAVES, *UNARY, *BINARY, *TERNARY, *SPECIAL}) == len(ARITY)
