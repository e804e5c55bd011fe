"""Which element is computed from which: loops and gaps named, chains of any length accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from making import model_of, ref, stock

from sdsim import ModelError, System, simulate
from sdsim.backends import Numpy
from sdsim.compile.expand import expand
from sdsim.compile.order import Ordered, order
from sdsim.ir.expr import Binary, Call, Expr, Num
from sdsim.ir.model import Equation, Model, Variable

Make = Callable[..., System]


def plus(a: Expr, b: Expr) -> Expr:
    return Binary("+", a, b)


def ordered(model: Model) -> Ordered:
    return order(expand(model))


def place(found: Ordered, name: str, index: int = 0, start: bool = False) -> int:
    for i, (number, cell, at_start) in enumerate(found.sequence):
        block = found.blocks[number]
        if (block.variable, int(block.cells[cell]), at_start) == (name, index, start):
            return i
    raise AssertionError(f"{name} is not computed")


def test_operands_come_before_their_users() -> None:
    found = ordered(
        model_of({"c": plus(ref("b"), ref("a")), "b": plus(ref("a"), ref("a")), "a": 1})
    )
    assert place(found, "a") < place(found, "b") < place(found, "c")


def test_a_stock_is_there_before_its_flow_though_it_reads_it() -> None:
    found = ordered(
        model_of({"s": stock(ref("f"), ref("i")), "f": plus(ref("s"), ref("s")), "i": 1})
    )
    assert place(found, "s") < place(found, "f")
    assert place(found, "i", start=True) < place(found, "s", start=True)


def test_every_element_is_computed_once_in_each_context() -> None:
    found = ordered(
        model_of(
            {"v": stock(ref("w", "d"), 1.0), "w": plus(ref("v", "d"), ref("k")), "k": 2},
            dims={"d": ("a", "b")}, subscripted={"v": ("d",), "w": ("d",)},
        )
    )  # fmt: skip
    assert len(set(found.sequence)) == len(found.sequence)
    assert {place(found, "w", 0), place(found, "w", 1)} <= set(range(len(found.sequence)))


def test_kinds() -> None:
    found = ordered(
        model_of(
            {
                "s": stock(plus(ref("in"), Binary("-", Num(0.0), ref("out"))), 1.0),
                "in": plus(ref("s"), Num(1.0)),
                "out": Binary("*", ref("s"), ref("part")),
                "part": plus(ref("k"), Num(0.0)),
                "k": 2,
            }
        )
    )
    assert {k: found.kinds[k] for k in ("s", "in", "out", "part", "k")} == {
        "s": "stock", "in": "flow", "out": "flow", "part": "auxiliary", "k": "constant",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ("a = b + 1\nb = a", ["algebraic loop: a -> b -> a", "b -> a -> b"]),
        ("a = a + 1", ["algebraic loop: a -> a"]),
        ("a = b\nb = c\nc = a * 2\ne = a", ["a -> b -> c -> a"]),
        ("a = INITIAL(b)\nb = INITIAL(a)", ["circular initial values: a -> b -> a", "b -> a -> b"]),
        ("a = INTEG(1, b)\nb = INTEG(1, a)", ["circular initial values: a -> b -> a"]),
        ("d: p, q\nx[p] = x[q]\nx[q] = x[p]", ["x[p] -> x[q] -> x[p]"]),
        ("a = SMOOTH(b, 2) + b\nb = a", ["algebraic loop: a -> b -> a"]),
        ("a = DELAY FIXED(b, 2, b)\nb = a + 1", ["circular initial values: a -> b -> a"]),
    ],
)
def test_a_loop_is_named_with_file_line_and_remedy(
    system: Make, equations: str, said: list[str]
) -> None:
    with pytest.raises(ModelError, match=r"^model\.mdl:\d+: '") as e:
        simulate(system(equations))
    text = str(e.value)
    assert any(s in text for s in said), text
    assert "; " in text


def test_a_long_loop_is_shortened() -> None:
    n = 500
    rows: dict[str, Expr | float] = {
        f"v{i}": plus(ref(f"v{(i + 1) % n}"), Num(1.0)) for i in range(n)
    }
    with pytest.raises(ModelError) as e:
        ordered(model_of(rows))
    assert "v0 -> v1 -> v2" in str(e.value)
    assert "… -> v0" in str(e.value)
    assert len(str(e.value)) < 400


@pytest.mark.parametrize(
    "equations",
    [
        "a = INTEG(b, 1)\nb = a * 2",
        "a = SMOOTHI(b, 2, 1)\nb = a + 1",
        "a = DELAY FIXED(b, 2, 1)\nb = a + 1",
        "a = ACTIVE INITIAL(s, 3)\ns = INTEG(1, a)",
        "a = SAMPLE IF TRUE(Time > 3, s, 1)\ns = INTEG(a, a)",
        "d: p, q, r\nx[p] = 1\nx[q] = x[p] + 1\nx[r] = x[q] + 1",
        "d: p, q, r\nl: q, r\nb: p, q -> l\nx[p] = 1\nx[l] = x[b] + 1",
    ],
)
def test_what_only_looks_like_a_loop_runs(system: Make, equations: str) -> None:
    assert simulate(system(equations)).status == "ok"


def test_an_undefined_name_brings_the_nearest() -> None:
    model = model_of({"room temperature": 20, "loss": plus(ref("rom temperature"), Num(1.0))})
    with pytest.raises(ModelError) as e:
        ordered(model)
    assert str(e.value) == (
        "'loss': uses 'rom temperature', which is undefined; did you mean 'room temperature'?"
    )


def test_an_unknown_function_brings_the_nearest() -> None:
    with pytest.raises(ModelError, match="unknown function 'SMOTH3'; did you mean 'smooth3'"):
        ordered(model_of({"y": Call("smoth3", (Num(1.0), Num(2.0)))}))


def with_equations(*equations: Equation, uses: Expr) -> Model:
    base = model_of({"y": uses}, dims={"d": ("a", "b", "c")})
    return base.replacing({"v": Variable("v", equations, dims=("d",))})


def test_an_element_without_an_equation_is_named_where_it_is_used() -> None:
    model = with_equations(
        Equation(Num(1.0), ("a",)), Equation(Num(2.0), ("c",)), uses=ref("v", "b")
    )
    with pytest.raises(ModelError, match=r"'y': uses 'v\[b\]', which has no equation"):
        ordered(model)


def test_an_element_that_nobody_uses_may_be_missing() -> None:
    model = with_equations(
        Equation(Num(1.0), ("a",)), Equation(Num(2.0), ("c",)), uses=ref("v", "c")
    )
    run = simulate(System(model, Numpy()))
    assert run["y"].values.tolist() == [2.0] * 11


def test_an_element_with_two_equations_is_named() -> None:
    model = with_equations(Equation(Num(1.0), ("d",)), Equation(Num(2.0), ("b",)), uses=Num(0.0))
    with pytest.raises(ModelError, match=r"'v\[b\]' is defined twice; remove one"):
        ordered(model)


def test_excepted_elements_leave_room_for_others() -> None:
    model = with_equations(
        Equation(Num(1.0), ("d",), (("b",),)), Equation(Num(2.0), ("b",)), uses=ref("v", "b")
    )
    run = simulate(System(model, Numpy()))
    assert run["v"].values[0].tolist() == [1, 2, 1]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_of_20_000_variables_needs_no_recursion(backwards: bool) -> None:
    n = 20_000
    rows: dict[str, Expr | float] = {"v0": 1.0}
    rows |= {f"v{i}": plus(ref(f"v{i - 1}"), Num(1.0)) for i in range(1, n)}
    if backwards:
        rows = dict(reversed(rows.items()))
    model = System(model_of(rows, stop=1), Numpy())
    found = model.ordered
    assert place(found, "v0") < place(found, f"v{n // 2}") < place(found, f"v{n - 1}")
    assert simulate(model, save=[f"v{n - 1}"])[f"v{n - 1}"].values.tolist() == [n, n]


def test_a_sum_of_20_000_terms_needs_no_recursion() -> None:
    total: Expr = Num(0.0)
    for i in range(20_000):
        total = plus(total, Binary("*", ref("k"), Num(float(i))))
    run = simulate(System(model_of({"y": total, "k": 2}, stop=1), Numpy()), save=["y"])
    assert run["y"].values[0] == 20_000 * 19_999


def test_a_loop_of_20_000_is_found() -> None:
    n = 20_000
    rows: dict[str, Expr | float] = {
        f"v{i}": plus(ref(f"v{(i + 1) % n}"), Num(1.0)) for i in range(n)
    }
    with pytest.raises(ModelError, match="algebraic loop"):
        ordered(model_of(rows))


def test_too_many_elements_are_refused_before_they_are_made() -> None:
    names = tuple(f"e{i}" for i in range(2000))
    model = model_of(
        {"v": 1.0}, dims={"d": names, "f": tuple(f"f{i}" for i in range(2000))},
        subscripted={"v": ("d", "f")},
    )  # fmt: skip
    with pytest.raises(ModelError, match="at most 100,000"):
        ordered(model)
