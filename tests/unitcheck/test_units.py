"""Units of measure and the equations that do not balance."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from pathlib import Path

import pytest
from counting import calls
from hypothesis import given
from hypothesis import strategies as st

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.functions import FUNCTIONS, NAMES, STATEFUL, VECTOR
from sdsim.ir.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, Text, Unary
from sdsim.ir.model import Dimension, Equation, Model, Variable
from sdsim.readers import read
from sdsim.unitcheck import DIMENSIONLESS, Finding, Unit, check, parse_unit
from sdsim.unitcheck.rules import RULES, builtin_rule, outcome

MODELS = Path(__file__).parents[2] / "models"


def model(*rows: tuple[str, str, Expr], step: str = "year") -> Model:
    """A model of (name, units, equation) in lines 1, 2, ... and a TIME STEP in the last."""
    rows = (*rows, ("TIME STEP", step, Num(0.25)))
    made = [
        Variable(name, (Equation(expr, line=line),), units)
        for line, (name, units, expr) in enumerate(rows, 1)
    ]
    return Model("m", {names.canonical(v.name): v for v in made}, {}, "m.mdl")


def equation(expr: Expr, unit: str, step: str = "year", **units: str) -> list[str]:
    """What is found in ``y = expr`` where y and the other variables have these units."""
    rows = [(name, text, Num(1.0)) for name, text in units.items()]
    found = check(model(*rows, ("y", unit, expr), step=step))
    assert all(f.variable == "y" and f.line == len(units) + 1 for f in found)
    return [f.what for f in found]


def call(name: str, *args: Expr | str) -> Call:
    """A call; a string stands for a variable."""
    return Call(name, tuple(Ref(a) if isinstance(a, str) else a for a in args))


def op(left: Expr | str, sign: str, right: Expr | str) -> Binary:
    """Two operands and the sign between them; a string stands for a variable."""
    a, b = (Ref(x) if isinstance(x, str) else x for x in (left, right))
    return Binary(sign, a, b)


# --- units as text ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Dmnl"), ("  ", "Dmnl"), ("1", "Dmnl"), ("Dmnl", "Dmnl"), ("dimensionless", "Dmnl"),
        ("Fraction", "Dmnl"), ("fraction/Month", "1/month"), ("people/year", "person/year"),
        ("1/Years", "1/year"), ("$/(person*year)", "$/(person*year)"),
        ("kpeople/Year/Year", "kperson/year^2"), ("degrees Fahrenheit", "degree fahrenheit"),
        ("widget*week", "week*widget"), ("m^2", "m^2"), ("m**2", "m^2"), ("m²", "m^2"),
        ("m ^ 2 / s ^ -1", "m^2*s"), ("kg^0.5", "kg^(1/2)"), ("kg^(1/3)/kg", "1/kg^(2/3)"),
        ("Gt C", "gt c"), ("Gt_C / year", "gt c/year"), ("((person))", "person"),
        ("a/(b/(c/d))", "a*c/(b*d)"), ("(m/s)^2", "m^2/s^2"), ("person/person", "Dmnl"),
        ("percent", "%"), ("2005 $", "2005 $"), ("100 people", "100 person"),
    ],
)  # fmt: skip
def test_text_becomes_exponents(text: str, said: str) -> None:
    assert str(parse_unit(text)) == said
    assert parse_unit(said) == parse_unit(text)


@pytest.mark.parametrize(
    "same",
    [
        "Person people PERSONS person", "year Years yr yrs", "Month months", "Day Days",
        "Hour hours hr", "Week weeks", "Minute Minutes", "Unit Units", "$ Dollar dollars $s",
        "Widget widgets", "box Boxes", "country countries", "calorie calories", "kpeople kperson",
        "class classes", "tonne tonnes",
    ],
)  # fmt: skip
def test_spellings_of_one_unit(same: str) -> None:
    assert len({parse_unit(text) for text in same.split()}) == 1


@pytest.mark.parametrize("two", ["m ms", "person kperson", "gas glass", "year month", "$ euro"])
def test_different_units_stay_apart(two: str) -> None:
    a, b = map(parse_unit, two.split())
    assert a != b


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("person//year", "nothing before '/'"), ("/year", "nothing before '/'"),
        ("person/", "it ends with an operator"), ("(person", "'(' is not closed"),
        ("*", "nothing before '*'"),
        ("person)", "')' closes nothing"), ("()", "nothing before ')'"),
        ("$(2005)", "no operator before '('"), ("(m) s", "no operator before 's'"),
        ("^2", "nothing before '^'"), ("m^", "stuck at '^'"), ("m^x", "stuck at '^x'"),
        ("m^(1/0)", "'1/0' is not an exponent"), ("1000/year", "units have no factor such as 1000"),
        ("[0,10]", "stuck at '[0,10]'"), ("m" * 1001, "longer than 1000 characters"),
    ],
)  # fmt: skip
def test_unreadable_units_are_a_finding(text: str, why: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_unit(text)
    assert caught.value.what == f"cannot read the unit '{text[:60]}': {why}"
    (found,) = check(model(("x", text, Num(1.0)), ("y", "kg", Ref("x"))))
    assert (found.kind, found.line, found.what) == ("unreadable", 1, caught.value.what)


def test_units_are_values() -> None:
    person, year = parse_unit("person"), parse_unit("year")
    assert person / year == parse_unit("person/year")
    assert (person * year) / year == person
    assert person**2 / person**2 == DIMENSIONLESS == Unit()
    assert hash(person ** Fraction(2)) == hash(person * person)
    assert (person / year).text(str.upper) == "PERSON/YEAR"


# --- rules ------------------------------------------------------------------------------------


def test_every_builtin_has_a_rule() -> None:
    rows = [*FUNCTIONS.values(), *STATEFUL.values(), *VECTOR.values()]
    assert {row.units for row in rows} <= set(RULES)
    assert {builtin_rule(name) for name in NAMES} <= set(RULES)


BALANCED = [
    ("abs", ["kg"], "kg"), ("sqrt", ["m^2"], "m"), ("exp", ["Dmnl"], "Dmnl"),
    ("ln", ["Dmnl"], "Dmnl"), ("sin", ["Dmnl"], "Dmnl"), ("pi", [], "Dmnl"),
    ("integer", ["kg"], "kg"), ("min", ["kg", "kg"], "kg"), ("max", ["kg", "kg", "kg"], "kg"),
    ("modulo", ["kg", "kg"], "kg"), ("quantum", ["kg", "kg"], "kg"),
    ("power", ["Dmnl", "Dmnl"], "Dmnl"), ("zidz", ["kg", "m"], "kg/m"),
    ("xidz", ["kg", "m", "kg/m"], "kg/m"), ("if then else", ["Dmnl", "kg", "kg"], "kg"),
    ("step", ["kg", "year"], "kg"), ("ramp", ["kg/year", "year", "year"], "kg"),
    ("ramp", ["kg/year", "year"], "kg"), ("pulse", ["year", "year"], "Dmnl"),
    ("pulse train", ["year", "year", "year", "year"], "Dmnl"),
    ("smooth", ["kg", "year"], "kg"), ("smoothi", ["kg", "year", "kg"], "kg"),
    ("smooth3i", ["kg", "year", "kg"], "kg"), ("smooth n", ["kg", "year", "kg", "Dmnl"], "kg"),
    ("delay1", ["kg", "year"], "kg"), ("delay3i", ["kg", "year", "kg"], "kg"),
    ("delay n", ["kg", "year", "kg", "Dmnl"], "kg"), ("delay fixed", ["kg", "year", "kg"], "kg"),
    ("delay material", ["kg", "year", "kg", "kg"], "kg"),
    ("delay information", ["kg", "year", "kg"], "kg"),
    ("delay conveyor", ["kg", "year", "1/year", "Dmnl", "kg*year", "year"], "kg"),
    ("trend", ["kg", "year", "1/year"], "1/year"), ("forecast", ["kg", "year", "year"], "kg"),
    ("sample if true", ["Dmnl", "kg", "kg"], "kg"), ("initial", ["kg"], "kg"),
    ("active initial", ["kg", "kg"], "kg"), ("integ", ["kg/year", "kg"], "kg"),
    ("game", ["kg"], "kg"), ("vmin", ["kg"], "kg"), ("random 0 1", [], "Dmnl"),
    ("random uniform", ["kg", "kg"], "kg"), ("random normal", ["kg", "kg", "kg", "kg"], "kg"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "result"), BALANCED)
def test_builtins(name: str, args: list[str], result: str) -> None:
    units = dict(zip("abcdef", args, strict=False))
    expr = call(name, *units)
    assert equation(expr, result, **units) == []
    assert len(equation(expr, f"({result})*lux", **units)) == 1, "another left side is one fault"
    first = RULES[builtin_rule(name) or "any"] == RULES["first"]
    for place, unit in units.items():
        if (name == "trend" and place == "a") or (first and place != "a"):
            continue  # of any unit
        wrong = equation(expr, result, **(units | {place: f"({unit})*lux"}))
        assert len(wrong) == 1, f"argument {place}"


def test_randoms_take_a_seed_without_units() -> None:
    kg, year = parse_unit("kg"), parse_unit("year")
    assert outcome("random", (kg, kg, DIMENSIONLESS), year).result == kg
    assert outcome("random", (kg, kg, kg, kg, DIMENSIONLESS), year).result == kg
    assert outcome("random", (kg, year), year).faults == ((1, kg),)


def test_forecasts() -> None:
    kg, year = parse_unit("kg"), parse_unit("year")
    assert outcome("forecast", (kg, year, year, year**-1), year).result == kg
    assert outcome("forecast", (kg, year, kg), year).faults == ((2, year),)


@pytest.mark.parametrize(
    ("expr", "unit"),
    [
        (op("a", "+", "a"), "kg"), (op("a", "-", "a"), "kg"), (op("a", "*", "b"), "kg*year"),
        (op("a", "/", "b"), "kg/year"), (op("a", "^", Num(2.0)), "kg^2"),
        (op("a", "^", op(Num(1.0), "/", Num(3.0))), "kg^(1/3)"), (op("a", "^", Num(0.5)), "kg^0.5"),
        (op("a", "^", Unary("-", Num(1.0))), "1/kg"), (call("power", "a", Num(3.0)), "kg^3"),
        (Unary("-", Ref("a")), "kg"), (op("a", "<", "a"), "Dmnl"), (op("a", "=", "a"), "Dmnl"),
        (op(op("a", ">", "a"), "and", op("b", ">", "b")), "Dmnl"),
        (Unary("not", op("a", "<>", "a")), "Dmnl"), (Ref("time"), "year"),
        (op(op(Num(1.0), "-", "c"), "*", "a"), "kg"), (op(Num(2.0), "^", "c"), "Dmnl"),
    ],
)  # fmt: skip
def test_operators(expr: Expr, unit: str) -> None:
    assert equation(expr, unit, a="kg", b="year", c="Dmnl") == []
    (what,) = equation(expr, "lux", a="kg", b="year", c="Dmnl")
    assert what.startswith("right side is ")


@pytest.mark.parametrize(
    ("expr", "what"),
    [
        (op("a", "+", "b"), "adds 'b' (year) to 'a' (people)"),
        (op("a", "-", "b"), "subtracts 'b' (year) from 'a' (people)"),
        (op("a", ">=", "b"), "compares 'a' (people) with 'b' (year)"),
        (op("a", "and", "c"), "an operand of :AND:, 'a' (people) should be Dmnl"),
        (Unary("not", Ref("a")), "an operand of :NOT:, 'a' (people) should be Dmnl"),
        (op("a", "^", "c"), "the base 'a' (people) should be Dmnl"),
        (op("c", "^", "a"), "the exponent 'a' (people) should be Dmnl"),
        (call("ln", "a"), "argument 1 of LN, 'a' (people) should be Dmnl"),
        (call("max", "a", "b"), "argument 2 of MAX, 'b' (year) should be people"),
        (call("if then else", "a", "b", "b"),
         "argument 1 of IF THEN ELSE, 'a' (people) should be Dmnl"),
        (call("smooth", "a", "c"), "argument 2 of SMOOTH, 'c' (Dmnl) should be year"),
        (call("ramp", "a", "b"), "right side is people*year, left side is people"),
        (call("sin", op("b", "*", Ref("time"))),
         "argument 1 of SIN, 'b * Time' (year^2) should be Dmnl"),
        (op(call("exp", "c"), "+", "b"), "adds 'b' (year) to 'EXP(c)' (Dmnl)"),
        (Ref("b"), "right side is year, left side is people"),
    ],
)  # fmt: skip
def test_faults_are_named(expr: Expr, what: str) -> None:
    assert equation(expr, "people", a="people", b="year", c="Dmnl") == [what]


def test_a_fault_is_said_once() -> None:
    inner = op("a", "+", "b")
    twice = op(op(inner, "+", "a"), "*", call("exp", op(inner, "/", "b")))
    assert equation(twice, "lux", a="kg", b="year") == ["adds 'b' (year) to 'a' (kg)"]
    apart = op(inner, "*", call("ln", "b"))
    assert len(equation(apart, "lux", a="kg", b="year")) == 2


# --- stocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stock", "flow", "initial", "what"),
    [
        ("person", "person/year", "person", []),
        ("person", "person", "person", ["the net flow 'f' (person) should be person/year"]),
        ("person", "person/year", "year", ["the initial value 'i' (year) should be person"]),
        ("kg", "person/year", "person", ["right side is person, left side is kg"]),
        ("kg", "person", "year", ["the net flow 'f' (person) should be kg/year",
                                 "the initial value 'i' (year) should be kg"]),
    ],
)  # fmt: skip
def test_stocks(stock: str, flow: str, initial: str, what: list[str]) -> None:
    assert equation(call("integ", "f", "i"), stock, f=flow, i=initial) == what


def test_a_stock_with_a_plain_initial_value() -> None:
    expr = call("integ", Unary("-", Ref("f")), Num(100.0))
    assert equation(expr, "person", f="person/year") == []
    assert equation(expr, "person", f="person") == [
        "the net flow '-f' (person) should be person/year"
    ]


def test_time_has_the_unit_of_the_step() -> None:
    expr = call("integ", "f", Num(0.0))
    assert equation(expr, "person", step="Months", f="person/month") == []
    assert equation(expr, "person", step="Months", f="person/year") == [
        "the net flow 'f' (person/year) should be person/Months"
    ]
    found = check(model(("f", "person/year", Num(1.0)), ("y", "person", expr), step=""))
    assert [f.kind for f in found] == ["no units"], "without a unit of time, flows are not judged"


def test_control_variables_share_the_unit_of_time() -> None:
    found = check(model(("FINAL TIME", "Month", Num(9.0)), ("SAVEPER", "Year", Ref("time step"))))
    assert [(f.variable, f.what) for f in found] == [
        ("FINAL TIME", "is in Month, TIME STEP in Year")
    ]


# --- numbers, tables, names -------------------------------------------------------------------


@pytest.mark.parametrize(
    "expr",
    [
        Num(5.0), Unary("-", Num(5.0)), op(Num(2.0), "*", Num(3.0)), Array((1.0, 2.0), (2,)),
        op("a", "+", Num(1.0)), op(Num(0.0), "-", "a"), call("max", "a", Num(0.0)),
        op(Num(10000.0), "+", call("step", Num(5000.0), Num(10.0))),
        call("if then else", op("a", ">", Num(3.0)), Num(1.0), Num(0.0)),
        call("if then else", op("a", ">", Num(3.0)), "a", Num(0.0)),
        call("smooth", "a", Num(3.0)), call("ramp", Num(1.0), Num(10.0), Num(20.0)),
        call("delay fixed", "a", Num(2.0), Num(0.0)), op(Num(0.3), "*", "a"),
        call("with lookup", Ref("time"), Lookup((0.0, 1.0), (0.0, 1.0))),
        call("xidz", "a", Num(2.0), Num(1.0)), call("table", Ref("time")), call("table", "a"),
    ],
)  # fmt: skip
def test_numbers_and_tables_fit(expr: Expr) -> None:
    table = Lookup((0.0, 1.0), (0.0, 1.0))
    rows = (("a", "kg", Num(1.0)), ("table", "kg", table), ("y", "kg", expr))
    assert check(model(*rows)) == ()


@pytest.mark.parametrize(
    ("expr", "right"),
    [
        (op(Num(1.0), "/", "a"), "1/kg"),
        (op(Num(0.1), "*", op(Num(1.0), "-", "b")), "Dmnl"),
        (op(Num(100.0), "*", call("pulse", Num(5.0), Num(1.0))), "Dmnl"),
        (call("zidz", Num(1.0), "a"), "1/kg"),
        (call("table", "b"), "$"),
    ],
)
def test_numbers_have_no_dimension_in_products(expr: Expr, right: str) -> None:
    table = Lookup((0.0, 1.0), (0.0, 1.0))
    rows = (("a", "kg", Num(1.0)), ("b", "Dmnl", Num(1.0)), ("table", "$", table))
    (found,) = check(model(*rows, ("y", "kg/year", expr)))
    assert found.what == f"right side is {right}, left side is kg/year"


def test_subscripts_used_as_numbers() -> None:
    made = model(("y", "Dmnl", op("region", "=", "north")), ("z", "kg", Ref("region")))
    dims = {"region": Dimension("Region", ("north", "south"), ("North", "South"))}
    found = check(Model("m", made.variables, dims, "m.mdl"))
    assert [f.what for f in found] == ["right side is Dmnl, left side is kg"]


def test_missing_units_do_not_cascade() -> None:
    rows = (
        ("a", "", Num(1.0)),
        ("b", "kg", op("a", "*", "b")),
        ("c", "lux", call("ln", op("a", "+", "nothing known"))),
        ("d", "lux", call("no such function", Text("x"))),
        ("e", "", op("b", "*", "b")),
    )
    found = check(model(*rows))
    assert [(f.kind, f.variable) for f in found] == [
        ("no units", "a"), ("unbalanced", "c"), ("no units", "e")
    ]  # fmt: skip


def test_what_stands_beside_a_missing_unit_still_counts() -> None:
    found = check(model(("a", "", Num(1.0)), ("y", "lux", op(op("a", "+", "b"), "+", "a")),
                        ("b", "kg", Num(1.0))))  # fmt: skip
    assert [f.what for f in found if f.kind == "unbalanced"] == [
        "right side is kg, left side is lux"
    ]


# --- findings ---------------------------------------------------------------------------------


def test_findings_are_one_line_in_order_of_line() -> None:
    found = check(model(("Births", "people/year", Ref("stock")), ("Note", "", Num(1.0)),
                        ("Stock", "people", Ref("births")), ("Odd", "a/", Num(1.0))))  # fmt: skip
    assert [f.line for f in found] == [1, 2, 3, 4]
    assert list(map(str, found)) == [
        "m.mdl:1: 'Births': right side is people, left side is people/year; "
        "divide the right side by something in year, or correct the units",
        "m.mdl:2: 'Note': no units; declare them; Dmnl for a number without dimension",
        "m.mdl:3: 'Stock': right side is people/year, left side is people; "
        "multiply the right side by something in year, or correct the units",
        "m.mdl:4: 'Odd': cannot read the unit 'a/': it ends with an operator; "
        "write it like person/year, 1/year, $/(person*year) or m^2",
    ]
    assert isinstance(found[0], Finding)


def test_each_equation_of_a_variable_is_checked() -> None:
    rights = {7: Ref("a"), 8: Num(1.0), 9: Ref("b")}
    thrice = tuple(Equation(expr, (f"e{line}",), line=line) for line, expr in rights.items())
    made = model(("a", "kg", Num(1.0)), ("b", "year", Num(1.0)))
    made = made.replacing({"y": Variable("y", thrice, "kg")})
    assert [f.line for f in check(made)] == [9]


def test_hidden_variables_are_left_out() -> None:
    hidden = Variable("y · 1", (Equation(Ref("a")),), hidden=True)
    assert check(model(("a", "kg", Num(1.0))).replacing({"y · 1": hidden})) == ()


def test_an_exponent_beyond_reason_is_no_exponent() -> None:
    huge = reduce(lambda x, y: op(x, "/", y), [Num(0.01)] * 3000, Num(1.0))
    for exponent in (huge, op(Num(1.0), "/", huge), Num(float("nan")), op(Num(1.0), "/", Num(0.0))):
        assert len(equation(op("a", "^", exponent), "lux", a="kg")) == 1


def test_a_sum_of_thousands_of_terms() -> None:
    terms: list[Expr] = [Ref("a")] * 5000
    chain = reduce(lambda x, y: Binary("+", x, y), terms)
    assert equation(chain, "kg", a="kg") == []
    assert len(equation(Binary("+", chain, Ref("b")), "kg", a="kg", b="year")) == 1


def chained(count: int) -> Model:
    """Stocks that flow into each other, none of whose units balance."""
    rows: list[tuple[str, str, Expr]] = [("k", "1/year", Num(0.1))]
    for i in range(count):
        flow = op(op(f"s{i}", "-", f"s{(i + 1) % count}"), "*", "k")
        rows.append((f"f{i}", f"unit {i % 50}x/year", flow))
        rows.append((f"s{i}", f"unit {i % 50}x", call("integ", f"f{i}", Num(1.0))))
    return model(*rows)


def test_work_grows_like_the_equations() -> None:
    """Fourfold equations make fourfold calls, where pairs of equations would make sixteen."""
    small, large = chained(125), chained(500)
    assert len(check(large)) == 500
    assert calls(lambda: check(large)) < 6 * calls(lambda: check(small))


@pytest.mark.parametrize("name", ["teacup", "sir"])
def test_models_that_come_with_the_library_balance(name: str) -> None:
    assert check(read(MODELS / name / f"{name}.mdl")) == ()


# --- properties -------------------------------------------------------------------------------

BASES = ("person", "kperson", "year", "$", "gt c", "m", "widget")
EXPONENTS = st.one_of(st.integers(-4, 4), st.fractions(-3, 3, max_denominator=6))
UNITS = st.dictionaries(st.sampled_from(BASES), EXPONENTS, max_size=4).map(Unit.of)
SOME = UNITS.filter(lambda u: u != DIMENSIONLESS)


@given(UNITS)
def test_a_unit_reads_as_it_is_written(unit: Unit) -> None:
    assert parse_unit(str(unit)) == unit


@given(st.text(st.sampled_from("abcdeilnopsxy PERSONS$%12-_'.²^*/()°é"), max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        unit = parse_unit(text)
    except ModelError:
        return
    assert parse_unit(str(unit)) == unit


@given(st.text(max_size=12))
def test_no_text_breaks_the_check(text: str) -> None:
    assert {f.kind for f in check(model(("x", text, Num(1.0))))} <= {"no units", "unreadable"}


@given(UNITS, UNITS, UNITS)
def test_units_multiply_like_numbers(a: Unit, b: Unit, c: Unit) -> None:
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a / b * b == a
    assert (a * b) ** 2 == a**2 * b**2


def sum_of_products(left: Unit, rights: list[Unit], firsts: list[Unit]) -> Model:
    """``y = v0*w0 + v1*w1 + ...``."""
    rows: list[tuple[str, str, Expr]] = []
    for i, (v, w) in enumerate(zip(firsts, rights, strict=True)):
        rows += [(f"v{i}", str(v), Num(1.0)), (f"w{i}", str(w), Num(1.0))]
    terms = [op(f"v{i}", "*", f"w{i}") for i in range(len(rights))]
    return model(*rows, ("y", str(left), reduce(lambda a, b: Binary("+", a, b), terms)))


@given(UNITS, st.lists(UNITS, min_size=1, max_size=4), SOME, st.data())
def test_balance(left: Unit, rights: list[Unit], k: Unit, data: st.DataObject) -> None:
    firsts = [left / w for w in rights]
    assert check(sum_of_products(left, rights, firsts)) == ()
    assert check(sum_of_products(left * k, rights, [v * k for v in firsts])) == ()
    assert len(check(sum_of_products(left * k, rights, firsts))) == 1
    at = data.draw(st.integers(0, len(rights) - 1))
    flipped = [v * k if i == at else v for i, v in enumerate(firsts)]
    assert check(sum_of_products(left, rights, flipped)) != ()


@given(SOME, SOME)
def test_flipping_an_exponent_of_a_flow_is_found(stock: Unit, time_unit: Unit) -> None:
    expr = call("integ", "f", Num(0.0))
    right, wrong = (str(stock / time_unit), str(stock * time_unit))
    assert equation(expr, str(stock), step=str(time_unit), f=right) == []
    assert len(equation(expr, str(stock), step=str(time_unit), f=wrong)) == 1
