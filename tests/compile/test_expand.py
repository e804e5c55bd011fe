"""Writing out what is implicit: hidden stocks, sums, and what is refused."""

from __future__ import annotations

import pytest
from making import model_of, ref

from sdsim import ModelError
from sdsim.base import limits
from sdsim.base.names import PART
from sdsim.compile.expand import expand
from sdsim.functions import STATEFUL, VECTOR, delays
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, to_text, walk
from sdsim.ir.model import Model, constant_value


def texts(model: Model) -> dict[str, str]:
    """Every equation as text, without the control variables."""
    return {
        v.name: to_text(v.equations[0].expr, lambda n: n)
        for k, v in expand(model).variables.items()
        if k not in ("initial time", "final time", "time step", "saveper")
    }


def test_a_model_with_nothing_implicit_is_the_same_object() -> None:
    model = model_of({"a": Binary("+", ref("b"), Num(1.0)), "b": 2})
    assert expand(model) is model


def test_a_smooth_is_one_hidden_stock() -> None:
    model = model_of({"y": Call("smooth", (ref("x"), ref("t"))), "x": 1, "t": 4})
    assert texts(model) == {
        "y": f"y {PART} 1", "x": "1", "t": "4", f"y {PART} 1": f"integ((x - y {PART} 1) / t, x)",
    }  # fmt: skip


def test_a_delay_of_order_three_is_three_stocks_in_a_row() -> None:
    model = expand(model_of({"y": Call("delay3", (ref("x"), ref("t"))), "x": 1, "t": 4}))
    stocks = [
        v for v in model.variables.values() if v.hidden and _root(v.equations[0].expr) == "integ"
    ]
    assert len(stocks) == 3
    assert all(v.doc for v in stocks)


def _root(expr: Expr) -> str:
    return expr.name if isinstance(expr, Call) else ""


def test_nothing_implicit_is_left() -> None:
    rows = {
        f"y{i}": Call(row.name, tuple(Num(float(k + 2)) for k in range(row.arity[0])))
        for i, row in enumerate(delays.ROWS)
    }
    found = expand(model_of(rows))
    left = {
        n.name
        for v in found.variables.values()
        for e in v.equations
        for n in walk(e.expr)
        if isinstance(n, Call)
    }
    assert not left & {*STATEFUL, *VECTOR}


def test_a_root_form_inside_an_expression_gets_a_variable_of_its_own() -> None:
    model = model_of({"y": Binary("+", Num(1.0), Call("initial", (ref("x"),))), "x": 3})
    assert texts(model) == {"y": f"1 + y {PART} 1", "x": "3", f"y {PART} 1": "initial(x)"}


def test_a_root_form_at_the_root_stays() -> None:
    model = model_of({"y": Call("initial", (ref("x"),)), "x": 3})
    assert expand(model) is model


def test_a_sum_runs_over_every_marked_dimension() -> None:
    model = model_of(
        {"v": 1.0, "w": 2.0,
         "y": Call("sum", (Binary("*", ref("v", "d!", "e!"), ref("w", "d!")),))},
        dims={"d": ("a", "b"), "e": ("p", "q")}, subscripted={"v": ("d", "e"), "w": ("d",)},
    )  # fmt: skip
    assert texts(model)["y"] == ("v[a,p] * w[a] + v[a,q] * w[a] + v[b,p] * w[b] + v[b,q] * w[b]")


def test_a_sum_over_too_much_is_refused_before_it_is_written() -> None:
    big = {k: tuple(f"{k}{i}" for i in range(400)) for k in ("d", "e")}
    model = model_of(
        {"v": 1.0, "y": Call("sum", (ref("v", "d!", "e!"),))}, dims=big,
        subscripted={"v": ("d", "e")},
    )  # fmt: skip
    with pytest.raises(ModelError, match=f"SUM over 160,000 elements, at most {limits.TERMS:,};"):
        expand(model)


def test_the_original_is_untouched() -> None:
    model = model_of({"y": Call("smooth", (ref("x"), Num(2.0))), "x": 1})
    before = dict(model.variables)
    expand(model)
    assert dict(model.variables) == before


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (Num(3.0), 3.0),
        (Unary("-", Num(3.0)), -3.0),
        (Binary("*", ref("k"), Num(3.0)), 6.0),
        (Binary("-", ref("twice"), Num(1.0)), 3.0),
        (Binary("/", ref("k"), Num(4.0)), 0.5),
        (Ref("time"), None),
        (ref("s"), None),
        (Call("exp", (Num(1.0),)), None),
    ],
)
def test_a_value_known_before_the_run(expr: Expr, value: float | None) -> None:
    model = model_of(
        {"k": 2, "twice": Binary("*", ref("k"), Num(2.0)), "s": Call("integ", (Num(1.0), Num(2.0)))}
    )
    assert constant_value(model, expr) == value
