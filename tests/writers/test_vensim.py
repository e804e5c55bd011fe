"""Models written as Vensim text run to the same bits; what cannot be said is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from making import mdl, model_of, ref
from writing_models import MODELS, text_of, values

import sdsim
from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Call, Expr, Lookup, Num, Ref
from sdsim.ir.model import Dimension, Equation, Model, Variable
from sdsim.readers import read
from sdsim.writers import differing, write_vensim
from sdsim.writers.convert import convert


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Model]:
    def load(text: str) -> Model:
        (tmp_path / "m.mdl").write_text(text, encoding="utf-8")
        return read(tmp_path / "m.mdl", cache=False)

    return load


@pytest.mark.parametrize("name", MODELS)
def test_same_bits(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / "a.mdl", tmp_path / "b.mdl"
    source.write_text(text_of(name), encoding="utf-8")
    notes = convert(source, target)
    before, after = values(source), values(target)
    assert len(before) > 1
    for key, value in before.items():
        assert np.array_equal(value, after[key], equal_nan=True), key
    said = ("macros are written out, as 2 variables: GAINED",)
    assert notes == (said if name == "macros" else ())


@pytest.mark.parametrize("name", MODELS)
def test_same_results_by_way_of_xmile(tmp_path: Path, name: str) -> None:
    """The same bits over the same dimensions, also where ranges share their elements."""
    steps = [tmp_path / f"{k}{suffix}" for k, suffix in enumerate((".mdl", ".xmile", ".mdl"))]
    steps[0].write_text(text_of(name), encoding="utf-8")
    for source, target in pairwise(steps):
        convert(source, target)
    before, after = (sdsim.simulate(sdsim.load(p), seed=3).dataset for p in steps[::2])
    for key in before.data_vars:
        assert before[key].dims == after[key].dims, key
        assert np.array_equal(before[key].values, after[key].values, equal_nan=True), key


def test_ranges_that_no_equation_says(load: Callable[[str], Model]) -> None:
    """Numbers become a table, equations one with exceptions; what may not be widened stays."""
    a, b = Dimension("A", ("a1", "a2"), ("a1", "a2")), Dimension("B", ("a1", "a2"), ("a1", "a2"))
    cells = [("a1",), ("a2",)]
    made = replace(model_of({"t": 1.0}), dimensions={"a": a, "b": b})

    def of(name: str, *exprs: Expr) -> Variable:
        both = zip(exprs, cells, strict=False)
        return Variable(name, tuple(Equation(x, c) for x, c in both), dims=("b",))

    made = made.replacing({
        "numbers": of("numbers", Num(1.0), Num(2.0)),
        "one": of("one", Ref("t")),
        "two": of("two", Ref("numbers", ("a2",)), Ref("t")),
    })  # fmt: skip
    written = write_vensim(made)
    assert "\nB <-> A\n" in written.text
    assert "\nnumbers[B]=\n\t1, 2\n" in written.text
    assert "\none[B] :EXCEPT: [a2]=\n\tt\n" in written.text
    assert differing(written.model, load(written.text)) is None
    bound = made.replacing({"two": of("two", Ref("numbers", ("b",)), Ref("numbers", ("b",)))})
    assert [e.subs for e in write_vensim(bound).model.find("two").equations] == cells


def test_everything_said_about_a_variable_stays(load: Callable[[str], Model]) -> None:
    text = mdl("x = 1").replace(
        "x = 1\n\t~\t\n\t~\t\n\t|",
        "first = 2 ~~|\n********\n\t.One\n********~\n|\n"
        "x = 1 ~ people/year [0,?] ~ What it is.\n\n  A second part, 'quoted' and \"so\". |\n"
        "********\n\t.Two words\n********~\n|\ny = x ~ [-1.5,2] ~ " + 30 * "long " + "|",
    )
    model = load(text)
    again = load(write_vensim(model).text)
    for key, v in model.variables.items():
        w = again.variables[key]
        assert (v.name, v.units, v.doc, v.limits, v.group) == (
            w.name, w.units, w.doc, w.limits, w.group)  # fmt: skip
    assert again.find("x").doc.count("\n") == 2
    assert again.find("y").group == "Two words"


@pytest.mark.parametrize("method", ["", "rk4"])
def test_the_method_stays(load: Callable[[str], Model], method: str) -> None:
    made = replace(model_of({"a": 1.0}), method=method)
    written = write_vensim(made)
    assert load(written.text).method == method
    assert not written.notes
    assert differing(made, replace(made, method="rk4" if not method else "")) is not None


def test_what_stands_in_no_group_comes_before_the_groups(load: Callable[[str], Model]) -> None:
    made = model_of({"a": 1.0, "b": 2.0})
    grouped = made.replacing({"a": replace(made.find("a"), group="G")})
    assert load(write_vensim(grouped).text).find("b").group == ""


def test_marks_in_comments_are_replaced_and_said(load: Callable[[str], Model]) -> None:
    made = model_of({"a": 1.0})
    risky = "one ~ two | three ***** \n\\\\\\---/// end"
    written = write_vensim(made.replacing({"a": replace(made.find("a"), doc=risky)}))
    assert load(written.text).find("a").doc == "one - two / three **\n.\\\\\\---/// end"
    assert written.notes == ("~ became -, | became / and *** became ** in what is said about a",)


def test_words_that_vensim_has_not(load: Callable[[str], Model]) -> None:
    made = model_of({
        "down": Call("int", (Call("sin", (Ref("time"),)),)), "ten": Call("log10", (Num(1000.0),)),
        "circle": Call("pi", ()),
    })  # fmt: skip
    written = write_vensim(made)
    assert "LOG10" not in written.text
    run = sdsim.simulate(sdsim.System(load(written.text)))
    assert run["down"].values == pytest.approx(np.floor(np.sin(np.arange(11))))
    assert run["ten"].values[0] == pytest.approx(3)
    assert run["circle"].values[0] == np.pi


@pytest.mark.parametrize(
    ("kind", "function"),
    [("hold_backward", "LOOKUP BACKWARD"), ("look_forward", "LOOKUP FORWARD"),
     ("extrapolate", "LOOKUP EXTRAPOLATE")],
)  # fmt: skip
def test_tables_that_are_read_otherwise(kind: str, function: str) -> None:
    table = Lookup((0.0, 1.0), (2.0, 4.0), kind)
    made = model_of({"x": Call("with lookup", (Ref("time"), table)), "x table": 1.0})
    written = write_vensim(made)
    assert f"x=\n\t{function}(x table 2, Time)" in written.text
    assert "x table 2(\n\t\t(0,2), (1,4))" in written.text
    lookup = made.find("x table")
    called = made.replacing({
        "x table": replace(lookup, role="lookup", equations=(
            replace(lookup.equations[0], expr=table),)),
        "x": replace(made.find("x"), equations=(
            replace(lookup.equations[0], expr=Call("x table", (ref("time"),))),)),
    })  # fmt: skip
    assert f"x=\n\t{function}(x table, Time)" in write_vensim(called).text


def test_data_become_tables_over_time(load: Callable[[str], Model], tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("t,x\n0,1\n5,2\n9,-4\n", encoding="utf-8")
    model = load(mdl("x := GET DIRECT DATA('d.csv', ',', 'A', 'B2')\ny = x + 1"))
    written = write_vensim(model)
    assert written.notes == ("'x': its data are written as a table over time",)
    one, two = (sdsim.simulate(sdsim.System(m)) for m in (model, load(written.text)))
    assert one["y"].values.tolist() == two["y"].values.tolist()


def test_a_mapping_that_no_range_can_say_is_refused() -> None:
    a = Dimension("a", ("a1",), ("a1",), {"b": (("b1", "b2"),)})
    b = Dimension("b", ("b1", "b2", "b3"), ("b1", "b2", "b3"))
    with pytest.raises(ModelError, match="'a': maps an element to 2 of 'b' that no range holds"):
        write_vensim(replace(model_of({"x": 1.0}), dimensions={"a": a, "b": b}))


def test_differences_are_seen() -> None:
    model = model_of({"x": 1.0, "y": Num(-2.0)})
    assert differing(model, model) is None
    for other, what in (
        (model_of({"x": 1.0}), "variable 'y' is lost"),
        (model_of({"x": 1.0, "y": -2.0, "z": 0.0}), "variable 'z' appears"),
        (model_of({"x": 1.0, "y": -2.5}), "'y': has another equation"),
        (model_of({"x": 1.0, "y": -2.0}, dims={"d": ("e",)}), "dimension 'd' appears"),
    ):
        assert what in str(differing(model, other))


def test_the_time_of_a_model_is_written_too(load: Callable[[str], Model]) -> None:
    again = load(write_vensim(model_of({"x": 1.0}, start=1900, stop=2100, step=0.1)).text)
    assert again.variables[names.TIME_STEP].equations[0].expr == Num(0.1)
