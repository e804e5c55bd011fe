"""Expressions as exact trees: one child process reads them all."""

from __future__ import annotations

from typing import Any

import pytest

from sdsim.base.errors import ModelError
from sdsim.ir.expr import NA, Array, Binary, Call, Expr, Lookup, Num, Ref, Text, Unary
from sdsim.readers import child, translate, worker
from sdsim.readers.scan import Entry

A, B, C = Ref("a"), Ref("b"), Ref("c")


def call(name: str, *args: Expr) -> Call:
    return Call(name, args)


TREES: dict[str, Expr] = {
    # numbers are floats, whatever they look like
    "007": Num(7.0),
    "- 5": Num(-5.0),
    ".5e1": Num(5.0),
    "1" + "0" * 30: Num(1e30),
    "5+3": Binary("+", Num(5.0), Num(3.0)),
    "1 - 0.3 -2": Binary("-", Binary("-", Num(1.0), Num(0.3)), Num(2.0)),
    "10/3": Binary("/", Num(10.0), Num(3.0)),
    ":NA:": Num(NA),
    "a+:na:": Binary("+", A, Num(NA)),
    # equal operators go from the left, ^ from the right and before a leading minus
    "a-b-c": Binary("-", Binary("-", A, B), C),
    "a/b*c": Binary("*", Binary("/", A, B), C),
    "a-b*c": Binary("-", A, Binary("*", B, C)),
    "a^b^c": Binary("^", A, Binary("^", B, C)),
    "-a^b": Unary("-", Binary("^", A, B)),
    "-2^2": Unary("-", Binary("^", Num(2.0), Num(2.0))),
    "(-2)^2": Binary("^", Num(-2.0), Num(2.0)),
    "a^-b": Binary("^", A, Unary("-", B)),
    "-a*b": Binary("*", Unary("-", A), B),
    "a--2": Binary("-", A, Num(-2.0)),
    "-(a+b)": Unary("-", Binary("+", A, B)),
    # comparison before not before and before or
    "a=b": Binary("=", A, B),
    "a<>b": Binary("<>", A, B),
    "a<=b+c": Binary("<=", A, Binary("+", B, C)),
    ":not: a>b :And: c": Binary("and", Unary("not", Binary(">", A, B)), C),
    "a :OR: b :AND: c": Binary("or", A, Binary("and", B, C)),
    "a :AND: b :OR: c": Binary("or", Binary("and", A, B), C),
    "a :OR: b :OR: c": Binary("or", Binary("or", A, B), C),
    "tabbed_array(\\t1 -2\\n 3)": Array((1.0, -2.0, 3.0), (3,)),
    # calls keep what was written, names canonical
    "INTEG (a, b)": call("integ", A, B),
    "DELAY_N(a,b,c,3)": call("delay n", A, B, C, Num(3.0)),
    "Smooth3I( a , b , 0 )": call("smooth3i", A, B, Num(0.0)),
    "PULSE TRAIN(a,b,c,9)": call("pulse train", A, B, C, Num(9.0)),
    "GAME(a)": call("game", A),
    "RANDOM 0 1()": Call("random 0 1", ()),
    "IF THEN ELSE(a>b, -1, c)": call("if then else", Binary(">", A, B), Num(-1.0), C),
    "f(-3, 'A tab', a)": call("f", Num(-3.0), Text("A tab"), A),
    "WITH_LOOKUP(a+1, ([(0,0)-(9,9),(1,1)],(0,-1),(+ 1,2),))": call(
        "with lookup", Binary("+", A, Num(1.0)), Lookup((0.0, 1.0), (-1.0, 2.0))
    ),
    "with lookup(a, ((3,4)))": call("with lookup", A, Lookup((3.0,), (4.0,))),
    # names
    "Big_Name + big  name": Binary("+", Ref("big name"), Ref("big name")),
    '"100% {of} it" / "say \\"hi\\""': Binary("/", Ref("100% {of} it"), Ref('say "hi"')),
    "x[ North , d! ]": Ref("x", ("north", "d!")),
    'x["a,b", "c]d"!]': Ref("x", ("a,b", "c]d!")),
    "t[north](a)": Call("t", (A,), ("north",)),
    "driver's $ fee": Ref("driver's $ fee"),
    "जनसंख्या / 2": Binary("/", Ref("जनसंख्या"), Num(2.0)),
    "人口 * Größe": Binary("*", Ref("人口"), Ref("grösse")),
}

FAULTS = {
    "a+*b": "cannot be read near '+*b'",
    "a b)": "cannot be read near ')'",
    "__import__('os').system('x')": "cannot be read near '.system('x')'",
    "f(1 2)": "a comma is missing between two arguments",
    "f(a,)": "an argument is missing after the last comma",
    "3 4": "an operator is missing between two numbers",
    "a + 1e999": "the number 1e999 is too large",
    "a +": "cannot be read near '+'",
}


@pytest.fixture(scope="module")
def answers() -> dict[str, worker.Rows | child.Fault]:
    texts = [*TREES, *FAULTS]
    return dict(zip(texts, child.parse(texts), strict=True))


@pytest.fixture
def one_child(answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What `child.parse` would say, from the one child that was asked everything."""
    monkeypatch.setattr(child, "parse", lambda texts: [answers[t] for t in texts])


def entry(text: str, kind: str = "equation") -> Entry:
    return Entry(name="x", kind=kind, text=text, line=3)


@pytest.mark.parametrize("text", TREES)
@pytest.mark.usefixtures("one_child")
def test_tree(text: str) -> None:
    (expr,) = translate.expressions([entry(text)], "m.mdl", translate.Spelling())
    assert expr == TREES[text]


@pytest.mark.parametrize("text", FAULTS)
@pytest.mark.usefixtures("one_child")
def test_fault_names_place_and_remedy(text: str) -> None:
    with pytest.raises(ModelError) as error:
        translate.expressions([entry(text)], "m.mdl", translate.Spelling())
    remedy = "; check operators, commas and parentheses"
    assert str(error.value) == f"m.mdl:3: 'x': {FAULTS[text]}{remedy}"


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("((0,1),(2.5,-3))", Lookup((0.0, 2.5), (1.0, -3.0))),
        ("( [(0,0)-(10,10)] , (0,1) , (1,+ 2) )", Lookup((0.0, 1.0), (1.0, 2.0))),
        ("([(0,0)-(10,10),(3,3)],(0,1))", Lookup((0.0,), (1.0,))),
        ("((2,-3),(1,-7),(0,-1))", Lookup((0.0, 1.0, 2.0), (-1.0, -7.0, -3.0))),
        ("((0,1),(2,3),(2,3),(2,3))", Lookup((0.0, 2.0), (1.0, 3.0))),
        ("((1,3),(1,3),(0,1))", Lookup((0.0, 1.0), (1.0, 3.0))),
        ("((0,0),(0,0))", Lookup((0.0,), (0.0,))),
        ("(0,1,2, 5,6,7)", Lookup((0.0, 1.0, 2.0), (5.0, 6.0, 7.0))),
    ],
)
def test_lookup_definition(text: str, points: Lookup) -> None:
    assert translate.expressions([entry(text, "lookup")], "m.mdl", translate.Spelling()) == [points]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("((0,0),(2,2),(1,5))", "lookup x not increasing: 1 after 2; sort the points"),
        ("((0,0),(1,1),(1,2),(1,2))", "lookup x not increasing: 1 after 1; sort the points"),
        ("((0,0),(0,5))", "lookup x not increasing: 0 after 0; sort the points"),
        ("((0,0),(1))", "'(1)' is not a point (x,y)"),
        ("((0,0),(1,x))", "'(1,x)' is not a point (x,y)"),
        ("(1,2,3)", "a lookup needs points (x,y)"),
        ("((0,1e999))", "the number 1e999 is too large"),
    ],
)
def test_lookup_that_is_none(text: str, what: str) -> None:
    with pytest.raises(ModelError) as error:
        translate.expressions([entry(text, "lookup")], "m.mdl", translate.Spelling())
    assert str(error.value).startswith(f"m.mdl:3: 'x': {what}")


def test_literals() -> None:
    assert worker.number(" - 12.50 ") == -12.5
    assert worker.table("1,2;3,-4;") == ([1.0, 2.0, 3.0, -4.0], 2)
    for text in ("", "nan", "inf", "1_000", "0x10", "1+1", "a", "1e400", "__import__('os')"):
        with pytest.raises(worker.Unreadable):
            worker.number(text)
    with pytest.raises(worker.Unreadable, match="differ in length"):
        worker.table("1,2;3")
    with pytest.raises(worker.Unreadable, match="not a point"):
        worker.points("(0,0) x (1,1)")


def test_the_process_that_stands_alone_has_the_same_na() -> None:
    assert worker.NA == NA
