"""Whole files: variables, subscripts, mappings, macros, and what is wrong with names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reading_models import MODELS

from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.ir.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, Unary
from sdsim.ir.model import Model, Reality
from sdsim.readers import read

Reading = Callable[..., Model]


@pytest.fixture(scope="module")
def orchard() -> Model:
    return read(MODELS / "orchard.mdl", cache=False)


@pytest.fixture(scope="module")
def regions() -> Model:
    return read(MODELS / "regions.mdl", cache=False)


@pytest.fixture(scope="module")
def macros() -> Model:
    return read(MODELS / "macros.mdl", cache=False)


def only(model: Model, name: str) -> Expr:
    (equation,) = model.find(name).equations
    return equation.expr


def test_a_model(orchard: Model) -> None:
    assert (orchard.name, orchard.file) == ("orchard", "orchard.mdl")
    assert len(orchard.digest) == 64
    assert list(orchard.variables)[:3] == ["trees", "planting", "felling"]
    flow = Binary("-", Ref("planting"), Ref("felling"))
    assert only(orchard, "TREES") == Call("integ", (flow, Ref("initial trees")))
    table = Call("survival lookup", (Binary("/", Ref("trees"), Ref("room for trees")),))
    assert only(orchard, "Planting") == Binary("*", Ref("saplings"), table)
    assert only(orchard, "Initial Trees") == Num(40.0)
    lookup = orchard.find("survival lookup")
    assert (lookup.role, lookup.line, lookup.group) == ("lookup", 27, "Trees")
    assert only(orchard, "survival lookup") == Lookup((0.0, 1.0, 1.5), (0.9, 0.5, 0.1))
    assert orchard.notes == ()
    assert orchard.reality == (
        Reality(
            "Never more trees than room",
            (),
            "Trees > 0",
            "Trees < Room for trees",
            43,
            group="Settings",
        ),
    )


def test_dimensions(regions: Model) -> None:
    assert regions.dimensions["region"].elements == ("north", "south", "isle1", "isle2", "isle3")
    assert regions.dimensions["region"].labels[0] == "North"
    copy = regions.dimensions["other region"]
    assert copy.elements == regions.dimensions["region"].elements
    assert regions.dimensions["odd, name"].elements == ("a,b", "c]d")
    nested = regions.dimensions["harbour"]
    assert nested.elements == ("h1", "h2", "h3")
    assert nested.maps == {"coast": (("c1",), ("c2",), ("c3",))}
    assert regions.dimensions["mainland"].maps == {"harbour": (("h1",), ("h2", "h3"))}


def test_subscripted_equations(regions: Model) -> None:
    people = regions.find("people")
    assert people.dims == ("region",)
    assert [(e.subs, e.excepts, e.line) for e in people.equations] == [
        (("region",), (("south",), ("isle2",)), 15),
        (("south",), (), 16),
        (("isle2",), (), 17),
    ]
    assert regions.find("rate").dims == ("region",), "the smallest range that holds all written"
    table = regions.find("table")
    assert table.equations[0].expr == Array((1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (3, 2))
    summed = Call("sum", (Ref("distance", ("region", "other region!")),))
    assert only(regions, "leaving") == Binary("*", Ref("people", ("region",)), summed)
    assert only(regions, "pick") == Binary("+", Ref("odd", ("a,b",)), Ref("odd", ("c]d",)))


def test_macros_become_hidden_variables(macros: Model) -> None:
    assert only(macros, "plain") == Ref("#smoothed 1>smoothed#")
    stock = macros.find("#SMOOTHED 1>SMOOTHED#")
    assert stock.hidden
    assert not macros.find("plain").hidden
    flow = Binary("/", Ref("#smoothed 1>gap#"), Num(5.0))
    assert stock.equations[0].expr == Call("integ", (flow, Ref("#smoothed 1>input#")))
    assert only(macros, "#smoothed 1>input#") == Binary("+", Ref("time"), Num(1.0))


def test_macros_take_the_subscripts_of_their_call(macros: Model) -> None:
    assert only(macros, "by region") == Ref("#smoothed 2>smoothed#", ("region",))
    assert macros.find("#smoothed 2>smoothed#").dims == ("region",)
    (inside,) = [only(macros, "whole")]
    assert inside == Call("sum", (Ref("#smoothed 3>smoothed#", ("region!",)),))
    gap = Binary("-", Ref("signal", ("region",)), Ref("#smoothed 3>smoothed#", ("region",)))
    assert only(macros, "#smoothed 3>gap#") == gap


def test_macros_nested_too_deep_are_not_called_recursive(reading: Reading) -> None:
    def nested(depth: int) -> str:
        inner = "".join(
            f":MACRO: m{k}(a)\nm{k} = {f'm{k + 1}(a)' if k < depth else 'a'} ~ ~ |\n"
            ":END OF MACRO:\n"
            for k in range(1, depth + 1)
        )
        return f"{inner}x = m1(1) ~ ~ |"

    assert only(reading(nested(20)), "x") == Ref("#m1 1>m1#")
    with pytest.raises(ModelError, match="macros nested more than 20 deep, at 'm21'; call fewer"):
        reading(nested(21))


def test_a_mapping_to_a_subrange(reading: Reading) -> None:
    model = reading("R: RS, r3 ~ ~ |\nRS: r1, r2 ~ ~ |\nN: n1, n2 -> (R: RS, r3) ~ ~ |")
    assert model.dimensions["n"].maps == {"r": (("r1", "r2"), ("r3",))}


def test_raw_data_are_kept_as_such(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("time,x\n0,1\n4,9\n")
    model = reading("x :RAW: := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~ ~ |")
    assert only(model, "x") == Lookup((0.0, 4.0), (1.0, 9.0), "raw")
    assert (model.notes, model.reads) == ((), ("d.csv",))


def test_macros_call_macros(macros: Model) -> None:
    assert only(macros, "deep") == Ref("#twice 1>twice#")
    assert only(macros, "#twice 1>twice#") == Ref("#smoothed 5>smoothed#")
    assert only(macros, "#smoothed 5>delay#") == Binary("*", Ref("time step"), Num(4.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":MACRO: m(a)\nm = m(a) ~ ~ |\n:END OF MACRO:\nx = m(1) ~ ~ |",
         "model.mdl:2: '#m 1>m#': macro 'm' calls itself; write it without recursion"),
        (":MACRO: m(a, b)\nm = a+b ~ ~ |\n:END OF MACRO:\nx = m(1) ~ ~ |",
         "model.mdl:4: 'x': macro 'm' takes 2 arguments, got 1; give a, b"),
        (":MACRO: m(a)\nn = a ~ ~ |\n:END OF MACRO:\nx = m(1) ~ ~ |",
         "model.mdl:4: 'x': macro 'm' has no equation for its own name; add 'm = ...' to it"),
        (":MACRO: m(a)\nm = a+lost ~ ~ |\n:END OF MACRO:\nx = m(1) ~ ~ |",
         "model.mdl:2: '#m 1>m#': undefined variable 'lost'; define it"),
    ],
)  # fmt: skip
def test_macros_that_are_refused(text: str, message: str, reading: Reading) -> None:
    with pytest.raises(ModelError) as error:
        reading(text)
    assert str(error.value) == message


def test_data_without_values_has_no_equation(reading: Reading) -> None:
    model = reading("d :LOOK FORWARD: ~ m ~ series | e ~ ~ |\ny = d + e ~ ~ |")
    assert (model.find("d").role, model.find("d").equations) == ("data", ())
    assert model.find("d").units == "m"
    assert model.find("e").role == "data"


def test_names_are_data(reading: Reading) -> None:
    model = reading(
        "\"x'+__import__('os').system('touch canary')+'\" = 1 ~ ~ |\n"
        '"%(name)s %d {0} {x}" = 2 ~ %(units)s ~ %s {y} """hi""" C:\\path\\new |\n'
        '"q\\"uote" = 3 ~ ~ |\n人口 = 4 ~ ~ |\nजनसंख्या = 4 ~ ~ |\n"back\\slash" = 5 ~ ~ |\n'
        'y = "q\\"uote" + 人口 + "back\\slash" ~ ~ |'
    )
    names = [v.name for v in model.variables.values()][:5]
    assert names[0] == "x'+ import ('os').system('touch canary')+'"
    assert names[1:4] == ["%(name)s %d {0} {x}", 'q"uote', "人口"]
    variable = model.find("%(name)s %d {0} {x}")
    assert (variable.units, variable.doc) == ("%(units)s", '%s {y} """hi""" C:\\path\\new')
    left = Binary("+", Ref('q"uote'), Ref("人口"))
    assert only(model, "y") == Binary("+", left, Ref("back\\slash"))


def test_signs_and_letters_do_not_count(reading: Reading) -> None:
    model = reading("Net_flow = 1 ~ ~ |\ny = -NET  Flow ~ ~ |")
    assert only(model, "y") == Unary("-", Ref("net flow"))
    assert model.find("y").equations[0].line == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Net flow = 1 ~ ~ |\na = Netflow*2 ~ ~ |",
         "2: 'a': undefined variable 'Netflow'; did you mean 'Net flow'?"),
        ("a = nosuch*2 ~ ~ |", "1: 'a': undefined variable 'nosuch'; define it"),
        ("dim: A1, A2 ~ ~ |\ny[dim] = 1,2,3 ~ ~ |", "2: 'y': 3 values for 2 elements; give 2"),
        ("row: A, B ~ ~ |\ncol: C, D, E ~ ~ |\ny[row,col] = 1,2;3,4;5,6; ~ ~ |",
         "3: 'y': rows of 2 values for 3 elements of the last subscript; give rows of 3"),
        ("y = 1,2 ~ ~ |", "1: 'y': 2 values for one element; give 1"),
        ("d: North, South ~ ~ |\ny[Nort] = 1 ~ ~ |",
         "2: 'y': 'Nort' is neither a subscript range nor an element; did you mean 'North'?"),
        ("d: A, B ~ ~ |\ny[d] = 1 ~ ~ |\nz = y[C] ~ ~ |",
         "3: 'z': 'C' is neither a subscript range nor an element; "
         "define it: 'range: element, ...'"),
        ("d: A, B ~ ~ |\ny[d] = 1 ~ ~ |\nz = y[A,B] ~ ~ |",
         "3: 'z': 'y' has 1 subscript, got 2; write y[d]"),
        ("one: A, B ~ ~ |\ntwo: C, D ~ ~ |\ny[A] = 1 ~ ~ |\ny[C] = 2 ~ ~ |",
         "3: 'y': no subscript range holds all of a, c; define one"),
        ("dim: (A1-A100000000) ~ ~ |",
         "1: 'dim': subscript range too large: 100000000 elements, at most 100000; use a "
         "coarser range"),
        ("dim: (A1-A" + "9" * 5000 + ") ~ ~ |",
         "1: 'dim': subscript range too large: 1000000000000 elements, at most 100000; "
         "use a coarser range"),
        ("dim: (A1-B4) ~ ~ |",
         "1: 'dim': '(A1-B4)' does not go from a name to the same name; write it as (A1-A9)"),
        ("dim: (A4-A1) ~ ~ |", "1: 'dim': '(A4-A1)' does not ascend; write it as (A1-A9)"),
        ("a: b, x ~ ~ |\nb: a, y ~ ~ |",
         "2: 'b': a subscript range that contains itself; delete it"),
        ("N1: n1, n2 ~ ~ |",
         "1: 'N1': its element 'n1' has the name of the range itself (case does not count); "
         "rename one of the two"),
        ("a <-> nowhere ~ ~ |", "1: 'a': no subscript range called 'nowhere'; there is none"),
        ("a: x, y -> nowhere ~ ~ |", "1: 'a': no subscript range called 'nowhere'; there is none"),
        ("a: x, y -> b ~ ~ |\nb: u, v, w ~ ~ |",
         "1: 'a': maps 2 elements to 3 of 'b'; give one for each"),
        ("a: x, y -> (b: u, z) ~ ~ |\nb: u, v ~ ~ |",
         "1: 'a': maps to 'z', which is not an element of 'b'; one of u, v"),
        ("d: (e1-e4000) ~ ~ |\nx[d,d,d] = 1 ~ ~ |",
         "2: 'x': 64,000,000,000 elements, at most 100,000 in all; use coarser subscript ranges, "
         "or set SDSIM_LARGE=1 if you trust the file"),
        ("tbl((0,0),(2,2),(1,5)) ~ ~ |",
         "1: 'tbl': lookup x not increasing: 1 after 2; sort the points and keep each x once"),
        ("y = WITH LOOKUP(Time, ((0,0),(0,2))) ~ ~ |",
         "1: 'y': lookup x not increasing: 0 after 0; sort the points and keep each x once"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(text: str, message: str, reading: Reading) -> None:
    with pytest.raises(ModelError) as error:
        reading(text)
    assert str(error.value) == f"model.mdl:{message}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("m.vmf", "m.vmf: binary Vensim file (.vmf); save the model as .mdl (text) in Vensim"),
        ("m.VMFX", "binary Vensim file (.vmfx); save the model as .mdl (text) in Vensim"),
        ("m.xmile", "m.xmile: empty file"),
        ("m.txt", "m.txt: extension '.txt': expected a Vensim .mdl file or an XMILE file"),
        ("m", "m: no extension: expected a Vensim .mdl file or an XMILE file (.xmile, .stmx)"),
        ("m.mdl", "m.mdl: empty file; save the model again"),
        ("folder.mdl", "folder.mdl: is a folder; give the path of a file"),
        ("missing.mdl", "missing.mdl: no such file; check the path"),
    ],
)  # fmt: skip
def test_files_that_are_no_models(name: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.startswith("folder"):
        path.mkdir()
    elif not name.startswith("missing"):
        path.write_bytes(b"")
    with pytest.raises(ModelError) as error:
        read(path)
    assert message in str(error.value)
    unsupported = isinstance(error.value, UnsupportedError)
    assert unsupported == ("vmf" in name.lower())


def test_a_file_name_is_data(write: Callable[..., Path]) -> None:
    path = write("x = 1 ~ ~ |", name='a""";import os\n;os.system(\'touch pwned\');"""b.MDL')
    assert read(path, cache=False).file == path.name
    path.write_text("x = (1 ~ ~ |")
    with pytest.raises(ModelError) as error:
        read(path, cache=False)
    assert "\n" not in str(error.value)
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]
