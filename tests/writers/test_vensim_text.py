"""What is written in Vensim's notation reads as the tree it was written from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import model_of

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.ir.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, Text, Unary, depth
from sdsim.readers.scan import Entry
from sdsim.readers.translate import Spelling, expressions
from sdsim.writers.notation import plain
from sdsim.writers.vensim_text import Names, expression, folded, quoted

LABELS = ("a", "Big Name", "driver's $ fee", "100% {of} it", 'say "hi"', "人口", "जनसंख्या", "min",
          "not a, b] ~ c", "7 up", "f$", "x.y")  # fmt: skip
DIMS = {"d": ("e1", "e2"), "region": ("north", "2nd")}
MODEL = model_of(dict.fromkeys(LABELS, 1.0), dims=DIMS)
KEYS = tuple(map(names.canonical, LABELS))

numbers = st.floats(allow_nan=False, allow_infinity=False).map(Num) | st.sampled_from(
    [Num(-(2.0**109)), Num(0.0), Num(-0.0), Num(5.0), Num(1e22), Num(5e-324)]
)
subscripts = st.lists(st.sampled_from(["d", "d!", "region!", "north", "2nd"]), max_size=3)
references = st.builds(
    lambda n, s: Ref(n, tuple(s)), st.sampled_from((*KEYS, names.TIME)), subscripts
)
tables = st.lists(
    st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=5, unique=True
).map(lambda x: Lookup(tuple(sorted(x)), tuple(reversed(x))))  # fmt: skip
OPERATORS = ("+", "-", "*", "/", "^", "=", "<>", "<", "<=", ">", ">=", "and", "or")


def larger(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.builds(Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(Unary, st.sampled_from(("-", "not")), inner),
        st.builds(
            lambda n, a: Call(n, tuple(a)),
            st.sampled_from(("min", "if then else", "random 0 1", "delay n")),
            st.lists(inner | st.just(Text("a  tab, b")), max_size=3),
        ),
        st.builds(lambda x, t: Call("with lookup", (x, t)), inner, tables),
        st.builds(lambda x: Call("big name", (x,), ("north",)), inner),
    )


trees = st.recursive(numbers | references, larger, max_leaves=25).filter(lambda t: depth(t) < 20)


@settings(max_examples=12)
@given(st.lists(trees, min_size=25, max_size=25))
def test_written_and_read(roots: list[Expr]) -> None:
    shown = Names(MODEL)
    texts = [folded(expression(r, shown), "\t").replace(" \\\n\t", " ") for r in roots]
    entries = [Entry("x", "equation", text) for text in texts]
    again = expressions(entries, "m.mdl", Spelling())
    for text, root, tree in zip(texts, map(plain, roots), again, strict=True):
        assert tree == root, text


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Binary("^", Num(-2.0), Num(2.0)), "(-2)^2"),
        (Unary("-", Binary("^", Num(2.0), Num(2.0))), "-2^2"),
        (Binary("^", Binary("^", Ref("a"), Num(3.0)), Num(2.0)), "(a^3)^2"),
        (Binary("^", Ref("a"), Binary("^", Num(3.0), Num(2.0))), "a^3^2"),
        (Binary("-", Ref("a"), Binary("-", Ref("a"), Num(-1.0))), "a - (a - (-1))"),
        (Binary("*", Unary("-", Ref("a")), Ref("a")), "-a * a"),
        (Unary("not", Binary("and", Ref("a"), Ref("a"))), ":NOT: (a :AND: a)"),
        (Unary("not", Binary(">", Ref("a"), Num(1.0))), ":NOT: a > 1"),
        (Binary("=", Binary("<", Ref("a"), Num(1.0)), Num(0.1)), "(a < 1) = 0.1"),
        (Num(float("inf")), "(1e+308 * 10)"),
        (Ref("100% {of} it", ("d!", "2nd")), '"100% {of} it"[d!, "2nd"]'),
        (Ref("min"), '"min"'),
    ],
)
def test_fewest_parentheses(tree: Expr, text: str) -> None:
    assert expression(tree, Names(MODEL)) == text


def test_a_table_within_an_equation_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="a table in the middle"):
        expression(Binary("+", Num(1.0), Array((1.0,), (1,))), Names(MODEL))


@pytest.mark.parametrize("name", ["a\\", 'a\\"b', "two\nlines", " blank"])
def test_a_name_that_would_not_read_as_itself_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="a name that Vensim does not allow; rename it"):
        quoted(name)


@given(st.text(st.sampled_from("ab ,\"'[("), max_size=400))
def test_folded_lines_join_to_the_same(text: str) -> None:
    lines = folded(text, "\t\t")
    assert re.sub(r" \\\n\t\t", " ", lines) == text
