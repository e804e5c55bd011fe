"""Models written as XMILE run to the same bits, also elsewhere; what changes is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import mdl, model_of, ref, stock
from writing_models import MODELS, text_of, values

import sdsim
from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, Text, Unary, depth
from sdsim.ir.model import Equation, Model, Variable
from sdsim.readers import read
from sdsim.writers import differing, write_xmile
from sdsim.writers.convert import convert

LABELS = ("a", "Big Name", "driver's $ fee", "100% {of} it", 'say "hi"', "人口", "min", "if so",
          "not a, b] <c>", "7 up", "x.y", "pi", "net & gross")  # fmt: skip
DIMS = {"d": ("e1", "e2"), "region": ("north", "2nd")}


def both(tmp_path: Path, text: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    source, target = tmp_path / "a.mdl", tmp_path / "b.xmile"
    source.write_text(text, encoding="utf-8")
    convert(source, target, force=True)
    return values(source), values(target)


@pytest.mark.parametrize("name", MODELS)
def test_same_bits(tmp_path: Path, name: str) -> None:
    before, after = both(tmp_path, text_of(name))
    assert len(before) > 1
    for key, value in before.items():
        assert np.array_equal(value, after[key], equal_nan=True), key


numbers = st.floats(allow_nan=False).map(Num) | st.sampled_from([Num(-0.0), Num(1e22)])
references = st.sampled_from(LABELS).map(lambda n: Ref(names.canonical(n))) | st.just(Ref("time"))
OPERATORS = ("+", "-", "*", "/", "^", "=", "<>", "<", "<=", ">", ">=", "and", "or")
CALLS = (("min", 2), ("if then else", 3), ("random 0 1", 0), ("delay n", 4), ("smooth3i", 3),
         ("smooth", 2), ("random uniform", 3), ("modulo", 2), ("delay fixed", 3), ("log10", 1),
         ("random normal", 5), ("pi", 0), ("zidz", 2))  # fmt: skip


def larger(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    def call(name: str, count: int) -> st.SearchStrategy[Expr]:
        return st.lists(inner, min_size=count, max_size=count).map(lambda a: Call(name, tuple(a)))

    return st.one_of(
        st.builds(Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(Unary, st.sampled_from(("-", "not")), inner),
        st.sampled_from(CALLS).flatmap(lambda c: call(*c)),
        inner.map(lambda x: Call("sum", (Binary("*", Ref("array", ("d!", "north")), x),))),
    )


trees = st.recursive(numbers | references, larger, max_leaves=25).filter(lambda t: depth(t) < 20)


@settings(max_examples=20, deadline=None)
@given(st.lists(trees, min_size=15, max_size=15))
def test_written_and_read(tmp_path_factory: pytest.TempPathFactory, roots: list[Expr]) -> None:
    made = dict.fromkeys(LABELS, 1.0) | {f"root {k}": r for k, r in enumerate(roots)}
    model = model_of({**made, "array": 2.0}, dims=DIMS, subscripted={"array": ("d", "region")})
    written = write_xmile(model)
    path = tmp_path_factory.mktemp("x") / "m.xmile"
    path.write_text(written.text, encoding="utf-8")
    assert differing(written.model, read(path, cache=False)) is None


def test_flows_are_flows_where_their_order_allows() -> None:
    text = write_xmile(model_of({
        "plain": stock(Binary("-", Binary("+", ref("in"), ref("more")), ref("out")), 1.0),
        "turned": stock(Binary("+", Unary("-", ref("leak")), ref("back")), 1.0),
        "gap": stock(Binary("/", Binary("-", Num(5.0), ref("gap")), Num(2.0)), 0.0),
        "still": stock(Num(0.0), 3.0),
        "in": 1.0, "more": 2.0, "out": 0.5, "leak": 0.1, "back": 0.2,
    })).text  # fmt: skip
    assert "<inflow>in</inflow>\n<inflow>more</inflow>\n<outflow>out</outflow>" in text
    assert "<inflow>turned_net_flow</inflow>" in text
    assert "<eqn>-leak + back</eqn>" in text
    assert "<eqn>(5 - gap) / 2</eqn>" in text
    assert '<stock name="still">\n<eqn>3</eqn>\n</stock>' in text


def test_mappings_parts_and_exceptions_are_written_out(tmp_path: Path) -> None:
    text = mdl("""
        A: a1, a2, a3 -> B
        B: b1, b2, b3
        Part: a2, a3
        x[A] = 1, 2, 3
        y[B] = x[A] * 10
        z[A] :EXCEPT: [a1] = x[A] + A
        z[a1] = 7
        w[Part] = x[Part] + SUM(x[A!])
        w[a1] = 0
        v[A] = B * 2 + x[A]
    """)
    before, after = both(tmp_path, text)
    assert after["y"][0].tolist() == [10, 20, 30]
    assert after["z"][0].tolist() == before["z"][0].tolist() == [7, 4, 6]
    assert after["v"][0].tolist() == before["v"][0].tolist() == [3, 6, 9]
    assert after["w"][0].tolist() == before["w"][0].tolist() == [0, 8, 9]


def test_tables_of_every_kind(tmp_path: Path) -> None:
    """One that looks forward holds from just after each point: the same at every number."""
    x, y = (0.0, 1.0, 3.0), (5.0, -1.0, 2.0)
    made = {
        kind: Call("with lookup", (Ref("time"), Lookup(x, y, kind)))
        for kind in ("interpolate", "extrapolate", "hold_backward", "look_forward")
    }
    model = model_of(made, start=-1.0, stop=5.0, step=0.25)
    (tmp_path / "t.xmile").write_text(write_xmile(model).text, encoding="utf-8")
    one = sdsim.simulate(sdsim.System(model))
    two = sdsim.simulate(sdsim.load(tmp_path / "t.xmile", cache=False))
    for kind in made:
        assert one[kind].values.tolist() == two[kind].values.tolist(), kind


def test_what_is_said_about_a_variable_stays(tmp_path: Path) -> None:
    made = model_of({"x": 1.0, "y": ref("x")})
    about = replace(
        made.find("x"), units="a/<b>", doc="One & two.", limits=(0.0, None), group="G & H"
    )
    (tmp_path / "m.xmile").write_text(write_xmile(made.replacing({"x": about})).text, "utf-8")
    again = read(tmp_path / "m.xmile").find("x")
    assert (again.units, again.doc, again.limits, again.group) == (
        about.units, about.doc, about.limits, about.group)  # fmt: skip


def test_method_and_times_stay(tmp_path: Path) -> None:
    made = replace(model_of({"x": 1.0}, start=1900, stop=2100, step=0.1), method="rk4")
    (tmp_path / "m.xmile").write_text(write_xmile(made).text, encoding="utf-8")
    again = read(tmp_path / "m.xmile")
    assert again.method == "rk4"
    assert again.variables["time step"].equations[0].expr == Num(0.1)


def test_data_without_data_are_left_out_where_nothing_reads_them(tmp_path: Path) -> None:
    (tmp_path / "a.mdl").write_text(mdl("open data\nx = 1"))
    notes = convert(tmp_path / "a.mdl", tmp_path / "b.xmile")
    assert notes == ("data variables without data, which XMILE lacks, are left out: open data",)
    assert values(tmp_path / "a.mdl").keys() == values(tmp_path / "b.xmile").keys() >= {"x"}
    used = model_of({"x": ref("open")})
    used = used.replacing({"open": Variable("open", (), role="data")})
    with pytest.raises(ModelError, match="'open': has no data yet"):
        write_xmile(used)


def test_a_variable_called_dt_is_not_the_time_step(tmp_path: Path) -> None:
    before, after = both(tmp_path, mdl("DT = 7\nx = DT + TIME STEP", step=0.5))
    assert before["x"][0] == after["x"][0] == 7.5


def test_what_is_not_as_it_was_is_said() -> None:
    made = model_of({"x": Call("zidz", (Num(1.0), Num(0.0)))})
    assert write_xmile(made).notes == (
        "functions that XMILE lacks are in the namespace vensim: ZIDZ",
    )


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ("x = PULSE(5, 2)", "PULSE TRAIN (for PULSE)"),
        ("x = PULSE TRAIN(1, 1, 2, 9)", "PULSE TRAIN"),
        ("x = PULSE(5, 2) + PULSE TRAIN(1, 1, 2, 9)", "PULSE TRAIN"),
    ],
)
def test_notes_name_the_functions_of_the_file(tmp_path: Path, equations: str, said: str) -> None:
    (tmp_path / "a.mdl").write_text(mdl(equations))
    (note,) = convert(tmp_path / "a.mdl", tmp_path / "b.xmile")
    assert note == f"functions that XMILE lacks are in the namespace vensim: {said}"


def holding(expr: Expr) -> Model:
    return model_of({"x": expr})


@pytest.mark.parametrize(
    ("expr", "what"),
    [(Call("get", (Text("a file"),)), "'x': GET takes a text, which XMILE lacks"),
     (Binary("+", Num(1.0), Lookup((0.0,), (1.0,))), "a table in the middle of an equation")],
)  # fmt: skip
def test_refused(expr: Expr, what: str) -> None:
    with pytest.raises(ModelError, match=what):
        write_xmile(holding(expr))


def test_large_tables_are_written_element_by_element() -> None:
    made = model_of({"x": 0.0}, dims=DIMS, subscripted={"x": ("d", "region")})
    table = Equation(Array((1.0, 2.0, 3.0, 4.0), (2, 2)), ("d", "region"))
    text = write_xmile(made.replacing({"x": replace(made.find("x"), equations=(table,))})).text
    assert '<element subscript="e2, &quot;2nd&quot;">\n<eqn>4</eqn>' in text or (
        "<element subscript='e2, \"2nd\"'>\n<eqn>4</eqn>" in text
    )


DECAY = """
    Tea = INTEG(warming - loss, 90)
    loss = (Tea - room) / time to cool
    warming = 0.5
    room = 20
    time to cool = 10
"""


def decay(tmp_path: Path) -> Path:
    (tmp_path / "tea.mdl").write_text(mdl(DECAY, step=0.125), encoding="utf-8")
    convert(tmp_path / "tea.mdl", tmp_path / "tea.xmile")
    return tmp_path / "tea.xmile"


def exact(k: int) -> float:
    """Euler's own solution after k steps."""
    return 25.0 + 65.0 * (1 - 0.125 / 10) ** k


def test_pysimlin_runs_and_draws_it(tmp_path: Path) -> None:
    simlin = pytest.importorskip("simlin")
    model = simlin.load(str(decay(tmp_path)))
    found = model.run().results["tea"].to_numpy()
    assert found[-1] == pytest.approx(exact(80), rel=1e-12)
    drawn = model.project.render_svg().decode()
    assert drawn.count('class="simlin-flow"') == 2


def test_pysd_runs_it(tmp_path: Path) -> None:
    pysd = pytest.importorskip("pysd")
    found = pysd.read_xmile(str(decay(tmp_path))).run(return_columns=["Tea"])
    assert found["Tea"].iloc[-1] == pytest.approx(exact(80), rel=1e-12)
