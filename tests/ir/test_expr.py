"""Nodes, walked, rewritten, shown and stored, however deep they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim.ir.expr import (
    Array,
    Binary,
    Call,
    Expr,
    Lookup,
    Num,
    Ref,
    Text,
    Unary,
    depth,
    fold,
    from_data,
    rewrite,
    to_data,
    to_text,
    walk,
)

A, B, C = Ref("a"), Ref("b"), Ref("c", ("x", "y"))
DEEP = 20_000


def chain(length: int) -> Expr:
    out: Expr = Num(0.0)
    for i in range(1, length + 1):
        out = Binary("+", out, Num(float(i)))
    return out


def nested(length: int) -> Expr:
    out: Expr = A
    for _ in range(length):
        out = Unary("-", out)
    return out


numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text("abcdef ", min_size=1, max_size=5)
leaves = st.one_of(
    numbers.map(Num),
    names.map(Text),
    st.builds(Ref, names, st.lists(names, max_size=2).map(tuple)),
    st.builds(Lookup, st.just((0.0, 1.5)), st.tuples(numbers, numbers), st.just("interpolate")),
    st.builds(Array, st.tuples(numbers, numbers), st.just((2,))),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Unary, st.sampled_from(["-", "not"]), inner),
        st.builds(Binary, st.sampled_from(["+", "^", "<=", "and"]), inner, inner),
        st.builds(
            Call,
            names,
            st.lists(inner, max_size=3).map(tuple),
            st.lists(names, max_size=2).map(tuple),
        ),
    ),
    max_leaves=20,
)


@given(trees)
def test_plain_data_gives_the_same_tree_back(tree: Expr) -> None:
    assert from_data(to_data(tree)) == tree


@given(trees)
def test_walk_meets_every_node_once_parents_first(tree: Expr) -> None:
    count = fold(tree, lambda _, parts: 1 + sum(parts))
    met = list(walk(tree))
    assert len(met) == count
    assert met[0] is tree


@given(trees)
def test_a_rewrite_that_changes_nothing_returns_the_same_object(tree: Expr) -> None:
    assert rewrite(tree, lambda node: node) is tree


def test_walk_goes_from_left_to_right() -> None:
    tree = Call("f", (Binary("+", A, B), C))
    assert [n.name for n in walk(tree) if isinstance(n, Ref)] == ["a", "b", "c"]


def test_a_fold_sees_results_in_the_order_of_the_arguments() -> None:
    tree = Call("f", (A, Binary("-", B, C), Num(2.0)))
    said = fold(tree, lambda n, parts: f"{getattr(n, 'name', '.')}({','.join(parts)})")
    assert said == "f(a(),.(b(),c()),.())"


def test_a_rewrite_sees_children_already_rewritten() -> None:
    def halve(node: Expr) -> Expr:
        return Num(node.value / 2) if isinstance(node, Num) else node

    def add_up(node: Expr) -> Expr:
        match node:
            case Binary("+", Num(a), Num(b)):
                return Num(a + b)
        return halve(node)

    assert rewrite(Binary("+", Num(2.0), Num(4.0)), add_up) == Num(3.0)


@pytest.mark.parametrize("make", [chain, nested])
def test_depth_costs_no_recursion(make: object) -> None:
    tree = make(DEEP)  # type: ignore[operator]
    assert sum(1 for _ in walk(tree)) > DEEP
    assert rewrite(tree, lambda n: n) is tree
    assert len(to_data(from_data(to_data(tree)))) == len(to_data(tree))
    assert len(to_text(tree)) > DEEP


def test_a_chain_of_terms_is_summed_by_fold() -> None:
    def visit(node: Expr, parts: list[float]) -> float:
        return node.value if isinstance(node, Num) else sum(parts)

    assert fold(chain(DEEP), visit) == DEEP * (DEEP + 1) / 2


def test_depth_counts_groups_and_not_the_length_of_a_sum() -> None:
    assert depth(chain(100)) == 1
    assert depth(nested(100)) == 100
    assert depth(Binary("+", A, Binary("*", B, Binary("^", A, B)))) == 3
    assert depth(Call("f", (Call("g", (A,)),))) == 2
    assert depth(A) == 0


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Binary("-", A, Binary("-", B, A)), "a - (b - a)"),
        (Binary("-", Binary("-", A, B), A), "a - b - a"),
        (Binary("*", Binary("+", A, B), A), "(a + b) * a"),
        (Binary("+", Binary("*", A, B), A), "a * b + a"),
        (Binary("/", A, Binary("*", B, A)), "a / (b * a)"),
        (Unary("-", Binary("+", A, B)), "-(a + b)"),
        (Binary("^", Unary("-", A), Num(2.0)), "(-a) ^ 2"),
        (Binary("^", Num(-2.0), Num(2.0)), "(-2) ^ 2"),
        (Unary("-", Binary("^", A, Num(2.0))), "-a ^ 2"),
        (Binary("and", Binary("<", A, B), Unary("not", A)), "a < b :AND: :NOT: a"),
        (Binary("or", A, Binary("and", A, B)), "a :OR: a :AND: b"),
        (Call("if then else", (A, Num(0.1), C)), "if then else(a, 0.1, c[x,y])"),
        (Call("t", (A,), ("x",)), "t[x](a)"),
        (Lookup((0.0, 1.0), (2.0, 3.5)), "((0,2),(1,3.5))"),
        (Array((1.0, 2.0), (2,)), "1, 2"),
        (Text("data.csv"), "'data.csv'"),
    ],
)
def test_text_has_the_parentheses_it_needs(tree: Expr, text: str) -> None:
    assert to_text(tree) == text


def test_text_uses_the_names_it_is_given() -> None:
    assert to_text(Binary("+", A, C), str.upper) == "A + C[x,y]"


@pytest.mark.parametrize(
    "data",
    [
        [["Nonsense", 1]],
        [["Num", 1.0], ["Num", 2.0]],
        [],
        [["Num", "five"]],
    ],
)
def test_data_that_is_no_tree_is_refused(data: list[list[object]]) -> None:
    with pytest.raises(ValueError):
        from_data(data)
