"""XMILE files: what equations mean, arrays, modules, tables, stocks; strictness; other tools."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim.base.errors import ModelError
from sdsim.readers.xmile.grammar import parse_equations

NS = 'xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"'

HEADER = '<header><vendor>us</vendor><product version="1">sdsim</product></header>'


def xmile(
    variables: str, more: str = "", specs: str = "<start>0</start><stop>10</stop><dt>1</dt>",
    method: str = "", models: str = "",
) -> str:  # fmt: skip
    return (
        f'<xmile version="1.0" {NS}>{HEADER}'
        f"<sim_specs{method}>{specs}</sim_specs>{more}"
        f"<model><variables>{variables}</variables></model>{models}</xmile>"
    )


def aux(name: str, equation: str, more: str = "") -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        equation = equation.replace(sign, entity)
    return f'<aux name="{name}"><eqn>{equation}</eqn>{more}</aux>'


@pytest.fixture
def run(tmp_path: Path):
    def runs(text: str | bytes, name: str = "t.xmile", **how: object) -> sdsim.Run:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return sdsim.simulate(sdsim.load(path), **how)

    return runs


@pytest.fixture
def refused(tmp_path: Path):
    def refuses(text: str | bytes) -> str:
        path = tmp_path / "t.xmile"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with pytest.raises(ModelError) as fault:
            sdsim.simulate(sdsim.load(path))
        said = str(fault.value)
        assert said.startswith("t.xmile")
        assert "\n" not in said
        return said

    return refuses


VALUES = [
    ("-2^2", -4), ("2^3^2", 512), ("2^-1", 0.5), ("7 MOD 3", 1), ("-7 mod 3", 2), ("mod(7, 4)", 3),
    ("1 - 2 - 3", -4), ("8 / 4 / 2", 1), ("2 + 3 * 4", 14), ("1.5e2 + .5", 150.5),
    ("NOT 0 AND 1 or 0", 1), ("not (1 = 1)", 0), ("IF 1 < 2 THEN 5 ELSE 6", 5),
    ("if 1 <> 1 then 5 else if 2 >= 2 then 6 else 7", 6), ("{why} 4 {so}", 4), ("SAFEDIV(1, 0)", 0),
    ("SAFEDIV(1, 0, 9)", 9), ("1 // 0", 0), ("6 // 3", 2), ("PI", np.pi), ("PI()", np.pi),
    ("MIN(3, 1, 2)", 1), ("MAX(3, 1, 2)", 3), ("ABS(-3) + SQRT(9) + EXP(0)", 7), ("INT(-1.5)", -2),
    ("ROUND(2.5)", 3),
    ("SIGN(-3)", -1), ("LOG10(1000)", 3), ("LN(EXP(2))", 2), ("PERCENT(0.5)", 50),

    ("DT + STARTTIME + STOPTIME", 11), ('"Odd (name)" * 2', 84),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "value"), VALUES)
def test_equations_have_the_value_that_xmile_gives_them(run, equation: str, value: float) -> None:
    found = run(xmile(aux("x", equation) + aux("Odd (name)", "42")))
    assert found["x"].values == pytest.approx(np.full(11, value))


def test_names_are_equal_whatever_their_blanks_and_case(run) -> None:
    text = xmile(aux(r"Two\nlines", "3") + aux("x", "TWO_LINES + two__Lines") + aux("æøå", "1"))
    assert run(text)["x"].values == pytest.approx(6)


def stock(name: str, initial: str, flows: str, more: str = "") -> str:
    return f'<stock name="{name}"><eqn>{initial}</eqn>{flows}{more}</stock>'


def test_a_stock_integrates_its_flows_by_euler_or_as_the_file_says(run) -> None:
    model = stock("S", "100", "<inflow>birth</inflow><outflow>death</outflow>")
    model += (
        '<flow name="birth"><eqn>0.3 * S</eqn></flow><flow name="death"><eqn>S*0.2</eqn></flow>'
    )
    assert run(xmile(model))["S"].values[-1] == pytest.approx(100 * 1.1**10)
    by_rk4 = run(xmile(model, method=' method="RK4"'))["S"].values[-1]
    assert by_rk4 == pytest.approx(100 * np.exp(1), rel=1e-6)
    told = run(xmile(model, method=' method="RK4"'), method=sdsim.Euler())["S"].values[-1]
    assert told == pytest.approx(100 * 1.1**10)
    quarter = '<start>0</start><stop>10</stop><dt reciprocal="true">4</dt>'
    assert run(xmile(model, specs=quarter))["S"].values[-1] == pytest.approx(100 * 1.025**40)


def test_flows_with_signs_in_their_names(run) -> None:
    flow = '<flow name="rate*with (signs!)"><eqn>2</eqn></flow>'
    found = run(xmile(stock("S", "0", "<inflow>rate*with_(signs!)</inflow>") + flow))
    assert found["S"].values[-1] == 20


def test_what_leaves_a_non_negative_stock_is_what_is_there(run) -> None:
    flow = '<flow name="out"><eqn>3</eqn></flow>'
    text = xmile(stock("S", "10", "<outflow>out</outflow>", "<non_negative/>") + flow)
    found = run(text)
    assert found["S"].values == pytest.approx(np.maximum(10 - 3 * np.arange(11), 0))
    assert found["out"].values == pytest.approx([3, 3, 3, 1, *[0] * 7])
    free = text.replace("<non_negative/>", "<non_negative>false</non_negative>")
    assert run(free)["S"].values[-1] == -20
    default = "<behavior><stock><non_negative/></stock></behavior>"
    assert run(free.replace("<model>", f"{default}<model>"))["S"].values[-1] == -20
    bare = text.replace("<non_negative/>", "").replace("<model>", f"{default}<model>")
    assert run(bare)["S"].values[-1] == 0


def test_outflows_take_in_turn_from_what_is_there_and_comes_in(run) -> None:
    """isee's help, Flow prioritization: stock / dt + inflows, first come first served."""
    text = xmile(
        stock("S", "4", "<inflow>in</inflow><outflow>a</outflow><outflow>b</outflow>",
              "<non_negative/>")
        + stock("T", "0", "<inflow>a</inflow><outflow>back</outflow>", "<non_negative/>")
        + '<flow name="in"><eqn>1</eqn></flow><flow name="a"><eqn>6</eqn></flow>'
        '<flow name="b"><eqn>8</eqn></flow><flow name="back"><eqn>100</eqn></flow>',
        specs="<start>0</start><stop>3</stop><dt>0.5</dt>",
    )  # fmt: skip
    found = run(text)
    assert found["a"].values == pytest.approx([6, *[1] * 6])
    assert found["b"].values == pytest.approx([3, *[0] * 6])
    assert found["S"].values == pytest.approx([4, *[0] * 6])
    assert found["back"].values == pytest.approx(found["a"].values)
    assert found["T"].values == pytest.approx(0)


def test_two_stocks_that_empty_into_each_other_are_no_loop(run) -> None:
    text = xmile(
        stock("A", "5", "<inflow>there</inflow><outflow>away</outflow>", "<non_negative/>")
        + stock("B", "0", "<inflow>away</inflow><outflow>there</outflow>", "<non_negative/>")
        + '<flow name="away"><eqn>7</eqn></flow><flow name="there"><eqn>2</eqn></flow>',
    )  # fmt: skip
    found = run(text)
    assert found["A"].values + found["B"].values == pytest.approx(5)
    assert min(found["A"].values.min(), found["B"].values.min()) >= 0


def test_stocks_that_feed_each_other_and_a_third_are_no_loop(run, tmp_path: Path) -> None:
    """Each outflow waits for those listed before it: only then is it plain what closes a loop."""
    text = xmile(
        stock("Air", "16", "<inflow>up</inflow><outflow>down</outflow><outflow>lost</outflow>",
              "<non_negative/>")
        + stock("Ground", "6", "<inflow>down</inflow><outflow>gone</outflow><outflow>up</outflow>",
                "<non_negative/>")
        + '<flow name="down"><eqn>Air / 4</eqn></flow><flow name="lost"><eqn>Air / 8</eqn></flow>'
        '<flow name="up"><eqn>Ground / 2</eqn></flow><flow name="gone"><eqn>Ground / 16</eqn>'
        "</flow>", specs="<start>0</start><stop>5</stop><dt>0.5</dt>",
    )  # fmt: skip
    found = run(text)
    air, ground = 16.0, 6.0
    for k in range(11):
        assert (found["Air"].values[k], found["Ground"].values[k]) == pytest.approx((air, ground))
        down, lost, up, gone = air / 4, air / 8, ground / 2, ground / 16
        air, ground = air + (up - down - lost) / 2, ground + (down - up - gone) / 2
    (note,) = {n for n in sdsim.load(tmp_path / "t.xmile").model.notes if "'up' is cut" in n}
    assert (
        note == "'up' is cut to what 'Ground' had before the step, without 'down', which "
        "depends on it"
    )
    emptied = run(text.replace("Ground / 2", "900").replace("Air / 4", "900"))
    for name in ("Air", "Ground"):
        assert emptied[name].values.min() >= 0
    flows = emptied["lost"].values + emptied["gone"].values
    left = emptied["Air"].values + emptied["Ground"].values
    assert left == pytest.approx(22 - np.concatenate(([0], np.cumsum(flows[:-1]) / 2)))


def test_an_outflow_of_two_stocks_is_not_cut_and_that_is_said(run, tmp_path: Path) -> None:
    out = "<outflow>out</outflow>"
    text = xmile(stock("S", "2", out, "<non_negative/>") + stock("T", "2", out)
                 + '<flow name="out"><eqn>1</eqn></flow>')  # fmt: skip
    found = run(text)
    assert (found["S"].values[-1], found["T"].values[-1]) == (0, -8)
    drawn, note = sdsim.load(tmp_path / "t.xmile").model.notes
    assert "leaves 2 stocks" in drawn
    assert "'out' is not cut, as it leaves several stocks" in note


def test_a_non_negative_flow_never_runs_back(run) -> None:
    flow = '<flow name="in"><eqn>5 - TIME</eqn><non_negative/></flow>'
    found = run(xmile(stock("S", "0", "<inflow>in</inflow>") + flow))
    assert found["in"].values == pytest.approx(np.maximum(5 - np.arange(11), 0))


TABLE = '<xscale min="0" max="10"/><ypts>0,5,20</ypts>'


@pytest.mark.parametrize(
    ("kind", "at", "value"),
    [
        ("", 7.5, 12.5), ("continuous", 11, 20), ("extrapolate", 11, 23), ("extrapolate", -1, -1),
        ("discrete", 9.9, 5), ("discrete", 10, 20),
    ],
)  # fmt: skip
def test_tables_of_each_type(run, kind: str, at: float, value: float) -> None:
    said = f' type="{kind}"' if kind else ""
    gf = f"<gf{said}>{TABLE}</gf>"
    own = f'<aux name="own"><eqn>{at}</eqn>{gf}</aux>'
    apart = f'<aux name="t">{gf}</aux>' + aux("a", f"t({at})") + aux("b", f"LOOKUP(t, {at})")
    points = f'<gf name="p"{said}><xpts>0,5,10</xpts><ypts sep=";">0;5;20</ypts></gf>'
    found = run(xmile(own + apart + points + aux("c", f"p({at})") + aux("d", f"own({at})")))
    for name in ("own", "a", "b", "c", "d"):
        assert found[name].values == pytest.approx(value), name


DIMS = (
    '<dimensions><dim name="Place"><elem name="north"/><elem name="south"/></dim>'
    '<dim name="Age" size="3"/></dimensions>'
)


def over(*dims: str) -> str:
    return "<dimensions>" + "".join(f'<dim name="{d}"/>' for d in dims) + "</dimensions>"


def test_arrays(run) -> None:
    text = xmile(
        '<aux name="a">' + over("Place") + '<element subscript="north"><eqn>1</eqn></element>'
        '<element subscript="south"><eqn>2</eqn></element></aux>'
        + aux("grid", "1, 2, 3; 4, 5, 6", over("Place", "Age"))
        + aux("twice", "2 * a[Place]", over("Place"))
        + aux("implied", "2 * a", over("Place"))
        + aux("share", "a / SUM(a)", over("Place"))
        + aux("rows", "SUM(grid[Place, *])", over("Place"))
        + aux("all", "SUM(grid[*, *])")
        + aux("most", "MAX(grid)")
        + aux("least", "MIN(grid[Place, Age])")
        + aux("mean", "MEAN(a) + SIZE(Age)")
        + aux("size", "10 * SIZE(Age) + Age", over("Age"))
        + aux("one", "grid[south, 2] + a[Place.north]"),
        more=DIMS,
    )
    found = run(text)
    last = {name: found[name].values[-1] for name in (
        "twice", "implied", "share", "rows", "all", "most", "least", "mean", "one")}  # fmt: skip
    assert last["twice"] == pytest.approx([2, 4])
    assert last["implied"] == pytest.approx([2, 4])
    assert last["share"] == pytest.approx([1 / 3, 2 / 3])
    assert last["rows"] == pytest.approx([6, 15])
    assert (last["all"], last["most"], last["least"]) == (21, 6, 1)
    np.testing.assert_array_equal(found["size"].values[-1], [31, 32, 33])
    assert (last["mean"], last["one"]) == (4.5, 6)


def test_subscripts_that_are_worked_out(run) -> None:
    """The element of that number; 0 outside; a dimension is the element's own number."""
    text = xmile(
        aux("a", "10, 20, 30", over("Age"))
        + aux("grid", "1,2,3;4,5,6", over("Place", "Age"))
        + aux("i", "2")
        + aux("picked", "a[TIME]")
        + aux("both", "grid[i - 1, i] + grid[i, i + 1]")
        + aux("before", "IF Age = 1 THEN 100 ELSE before[Age - 1] + 1", over("Age"))
        + aux("shifted", "a[Age + 1]", over("Age"))
        + aux("number", "Place.south + Place.north")
        + aux("some", "SUM(a[2:3]) + MAX(a[*], 25)")
        + aux("several", "MEAN(2, 4, 9)"),
        more=DIMS,
    )  # fmt: skip
    found = run(text)
    assert found["picked"].values == pytest.approx([0, 10, 20, 30, *[0] * 7])
    assert found["both"].values == pytest.approx(2 + 6)
    assert found["before"].values[-1] == pytest.approx([100, 101, 102])
    assert found["shifted"].values[-1] == pytest.approx([20, 30, 0])
    assert found["number"].values == pytest.approx(3)
    assert found["some"].values == pytest.approx(50 + 30)
    assert found["several"].values == pytest.approx(5)


def test_arrays_turned_round_and_by_flat_number(run) -> None:
    """XMILE 1.0, 3.7.1.1 and 3.3.2."""
    text = xmile(
        aux("a", "1, 2, 3; 4, 5, 6", over("Place", "Age"))
        + aux("turned", "a'", over("Age", "Place"))
        + aux("named", "a[Place, Age] * 10", over("Age", "Place"))
        + aux("placed", "a[@2, @1] * 100", over("Age", "Place"))
        + aux("fifth", "a(5) + a(TIME)") + aux("one", "1, 1, 0", over("Age"))
        + aux("order", "7, 3, 7", over("Age"))
        + aux("ranks", "RANK(order, Age)", over("Age"))
        + aux("tie", "RANK(order, 2, one)") + aux("spread", "STDDEV(order)")
        + aux("over", "RANK(order, 4)"),
        more=DIMS,
    )  # fmt: skip
    found = run(text)
    for name, factor in (("turned", 1), ("named", 10), ("placed", 100)):
        expected = factor * np.array([[1, 4], [2, 5], [3, 6]])
        assert found[name].values[-1] == pytest.approx(expected), name
    assert found["fifth"].values == pytest.approx(5 + np.array([0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0]))
    assert found["ranks"].values[-1] == pytest.approx([2, 1, 3])
    assert (found["tie"].values[-1], found["over"].values[-1]) == (3, 0)
    assert found["spread"].values == pytest.approx(np.std([7, 3, 7]))


def test_the_equation_of_an_element_may_name_the_dimension(run) -> None:
    text = xmile(
        aux("a", "3, 5", over("Place"))
        + '<aux name="b">' + over("Place") + '<element subscript="north"><eqn>a + 1</eqn></element>'
        '<element subscript="south"><eqn>a[Place] * 10 + Place</eqn></element></aux>',
        more=DIMS,
    )  # fmt: skip
    assert run(text)["b"].values[-1] == pytest.approx([4, 52])


def test_an_array_over_one_dimension_twice(run) -> None:
    text = xmile(
        '<aux name="m">' + over("Place", "Place") + "".join(
            f'<element subscript="{a}, {b}"><eqn>{v}</eqn></element>'
            for a, b, v in (("north", "north", 1), ("north", "south", 2),
                            ("south", "north", 3), ("south", "south", 4)))
        + "</aux>" + aux("copy", "m[Place, Place] * 10", over("Place", "Place"))
        + aux("rows", "SUM(m[Place, *])", over("Place")),
        more=DIMS,
    )  # fmt: skip
    found = run(text)
    assert np.ravel(found["copy"].values[-1]) == pytest.approx([10, 20, 30, 40])
    assert found["rows"].values[-1] == pytest.approx([3, 7])


def test_pulse_without_an_interval_is_the_tools_that_wrote_the_file(run) -> None:
    """XMILE 1.0, 3.5.4: only once. Stella's help, Test input builtins: at every step."""
    text = xmile(aux("v", "PULSE(6, 2)") + aux("one", "PULSE(6, 2, 0)"))
    np.testing.assert_array_equal(run(text)["v"].values[:5], [0, 0, 6, 0, 0])
    text = text.replace("<vendor>us<", "<vendor>isee systems, inc.<")
    found = run(text)
    np.testing.assert_array_equal(found["v"].values[:5], [0, 0, 6, 6, 6])
    np.testing.assert_array_equal(found["one"].values[:5], [0, 0, 6, 0, 0])


def test_a_point_written_twice_counts_once(run) -> None:
    found = run(xmile(aux("g", "TIME", "<gf><xpts>0,2,2</xpts><ypts>0,4,4</ypts></gf>")))
    np.testing.assert_array_equal(found["g"].values[:4], [0, 2, 4, 4])


def test_some_elements_have_tables_and_others_equations(run) -> None:
    found = run(
        xmile(
            '<aux name="g">' + over("Place") + '<element subscript="north"><eqn>TIME</eqn><gf>'
            '<xscale min="0" max="4"/><ypts>5,6,7,8,9</ypts></gf></element>'
            '<element subscript="south"><eqn>TIME * 100</eqn></element></aux>',
            more=DIMS,
        )
    )
    np.testing.assert_array_equal(found["g"].sel(Place="north").values[:3], [5, 6, 7])
    np.testing.assert_array_equal(found["g"].sel(Place="south").values[:3], [0, 100, 200])


def test_tables_of_each_element(run) -> None:
    def gf(*y: float) -> str:
        return f'<gf><xscale min="0" max="1"/><ypts>{",".join(map(str, y))}</ypts></gf>'

    text = xmile(
        '<aux name="t">' + over("Place") + f'<element subscript="north"><eqn>1</eqn>{gf(0, 2)}'
        f'</element><element subscript="south"><eqn>0.5</eqn>{gf(4, 8)}</element></aux>'
        + aux("x", "t[south](0.25) + LOOKUP(t[north], 0.5)")
        + aux("each", "LOOKUP(t, 0.5)", over("Place")),
        more=DIMS,
    )  # fmt: skip
    found = run(text)
    assert found["t"].values[-1] == pytest.approx([2, 6])
    assert found["x"].values == pytest.approx(5 + 1)
    assert found["each"].values[-1] == pytest.approx([1, 6])


def test_a_start_of_its_own_breaks_a_circle_of_starts(run) -> None:
    text = xmile(stock("S", "target", "") + aux("target", "S * 2", "<init_eqn>7</init_eqn>"))
    found = run(text)
    assert (found["S"].values[0], found["target"].values[0]) == (7, 14)


def test_a_stock_over_an_array_has_the_flows_of_its_elements(run) -> None:
    text = xmile(
        '<stock name="S"><eqn>10</eqn><inflow>in</inflow>' + over("Place") + "</stock>"
        '<flow name="in"><eqn>rate[Place]</eqn>' + over("Place") + "</flow>"
        + aux("rate", "1, 2", over("Place")),
        more=DIMS,
    )  # fmt: skip
    assert run(text)["S"].values[-1] == pytest.approx([20, 30])


def test_delays_smooths_and_their_kin(run) -> None:
    """Against their definitions: SMTH1 of a step by hand; DELAY by shifting; PREVIOUS by one."""
    text = xmile(
        aux("x", "STEP(1, 3)") + aux("s", "SMTH1(x, 2)") + aux("s9", "SMTH1(x, 2, 9)")
        + aux("d", "DELAY(x, 2)") + aux("d7", "DELAY(x, 2, 7)") + aux("p", "PREVIOUS(x, 5)")
        + aux("i", "INIT(TIME + 4)") + aux("pulse", "PULSE(6, 2, 4)") + aux("once", "PULSE(6, 2)")
        + aux("count", "COUNTER(1, 4)") + aux("r", "RAMP(2, 5)"),
    )  # fmt: skip
    found = run(text)
    time = np.arange(11)
    step = (time >= 3).astype(float)
    smoothed, biased = [0.0], [9.0]
    for k in range(10):
        smoothed.append(smoothed[-1] + (step[k] - smoothed[-1]) / 2)
        biased.append(biased[-1] + (step[k] - biased[-1]) / 2)
    assert found["s"].values == pytest.approx(smoothed)
    assert found["s9"].values == pytest.approx(biased)
    assert found["d"].values == pytest.approx((time >= 5).astype(float))
    assert found["d7"].values == pytest.approx(np.where(time < 2, 7, time >= 5))
    assert found["p"].values == pytest.approx([5, *step[:-1]])
    assert found["i"].values == pytest.approx(4)
    assert found["pulse"].values == pytest.approx(np.where(np.isin(time, (2, 6, 10)), 6, 0))
    assert found["once"].values == pytest.approx(np.where(time == 2, 6, 0))
    assert found["count"].values == pytest.approx(1 + time % 3)
    assert found["r"].values == pytest.approx(np.maximum(0, 2 * (time - 5)))


def test_modules_keep_their_names_apart_and_take_inputs(run) -> None:
    text = xmile(
        aux("food", "3") + aux("size", "1")
        + '<module name="hares"><connect to="hares.grass" from="food"/></module>'
        + '<module name="lynx"><connect to="lynx.prey" from="hares.size"/></module>'
        + aux("both", "hares.size + lynx.size"),
        models='<model name="hares"><variables>' + aux("grass", "0") + aux("size", "grass * 10")
        + '</variables></model><model name="lynx"><variables>' + aux("prey", "0")
        + aux("size", "prey / 5 + .food + hares.size") + "</variables></model>",
    )  # fmt: skip
    found = run(text)
    assert found["hares.size"].values == pytest.approx(30)
    assert found["lynx.size"].values == pytest.approx(6 + 3 + 30)
    assert found["both"].values == pytest.approx(69)
    assert found["size"].values == pytest.approx(1)


def test_modules_alone_are_connected_by_whichever_names_it(run) -> None:
    connect = "<connect to='b.\"ghost of m/out\"' from='a.\"m/out\"'/>"
    text = xmile(
        f'<module name="a">{connect}</module><module name="b">{connect}</module>',
        models='<model name="a"><variables>' + aux("m/out", "7")
        + '</variables></model><model name="b"><variables>'
        + aux("told", '"ghost_of_m/out" + 1')
        + '<aux name="ghost of m/out" access="input"><eqn>{when nobody says}</eqn></aux>'
        + "</variables></model>",
    )  # fmt: skip
    assert run(text)["b.told"].values == pytest.approx(8)


def test_what_is_asked_for_outside_the_equations_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.xmile"
    more = '<data><import type="CSV" resource="d.csv"/></data>'
    path.write_text(xmile(aux("a", "1"), more=more))
    (note,) = sdsim.load(path).model.notes
    assert note.endswith("data imported from 'd.csv' are not read; the equations hold")


def test_macros(run) -> None:
    macro = (
        '<macro name="Grown"><parm>x</parm><parm>share</parm><eqn>x * factor</eqn><variables>'
        + aux("factor", "1 + share") + "</variables></macro>"
    )  # fmt: skip
    text = xmile(aux("y", "Grown(4, 0.5) + GROWN(2, 1)"), more=macro)
    assert run(text)["y"].values == pytest.approx(10)


def test_files_of_stella_10_and_prefixes_that_nobody_declared(run) -> None:
    old = (
        '<xmile version="1.0" xmlns="http://www.systemdynamics.org/XMILE"><isee:prefs a="b"/>'
        '<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs><model><aux name="x">'
        '<eqn>2</eqn><display x="1"/></aux><view><aux name="x"/></view></model></xmile>'
    )
    assert run(old, "t.stmx")["x"].values == pytest.approx([2, 2, 2])


def test_what_is_saved_less_often(run) -> None:
    text = xmile(aux("x", "TIME")).replace("<sim_specs>", '<sim_specs isee:save_interval="5">')
    assert run(text)["x"].values == pytest.approx([0, 5, 10])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(run, encoding: str) -> None:
    said = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{said}"?>' + xmile(aux("Größe", "2") + aux("x", "größe"))
    assert run(text.encode(encoding))["x"].values == pytest.approx(2)


BAD = [
    (xmile("")[:-20], "t.xmile:1: not well-formed XML: unclosed token within <variables>"),
    (xmile('<aux name="x"><eqn>1</aux>'), "not well-formed XML: mismatched tag within <eqn>"),
    ('<!DOCTYPE x [<!ENTITY a "b">]>' + xmile(aux("x", "&a;")), "a document type (DOCTYPE)"),
    ("<a>" * 200 + "</a>" * 200, "elements nested more than 100 deep"),
    (xmile("").replace("sim_specs", "specs"), "there is no <sim_specs>"),
    (xmile("", specs="<start>0</start><stop>x</stop>"), "<stop>: expected a number, got 'x'"),
    (xmile("", specs="<start>0</start>"), "<sim_specs> has no <stop>"),
    (xmile("", method=' method="Gear"'), "integration method 'gear' is not supported"),
    (xmile(aux("x", "")), "'x': has no equation; write one"),
    (xmile(aux("x", " ??? ")), "'x': has no equation: '???'"),
    (xmile(aux("x", "1 +")), "'x': the equation ends too early, after '1 +'"),
    (xmile(aux("x", "y + 1") + aux("yy", "2")), "'x': undefined variable 'y'"),
    (xmile(aux("x", "IRR(TIME)")), "IRR is not supported in this version; find it after the run"),
    (xmile(aux("x", "1 + CLOCKTIME")), "CLOCKTIME is not supported in this version; a run must"),
    (xmile('<stock name="E to I"><eqn>E_to_I= DELAY_N(1, 2, 0, 3)</eqn></stock>'),
     "'E to I': its equation begins with 'E_to_I =', its own name; write only what stands right "
     "of the sign, here an initial value; a variable that is no stock is an <aux>"),
    (xmile(aux("x", "x = 3")), "'x': its equation begins with 'x =', its own name; write only"),
    (xmile(aux("x", "NOSUCH(2)")), "unknown function 'NOSUCH'"),
    (xmile(aux("x", "SMTH1(2)")), "SMTH1 takes 2 to 3 arguments, got 1"),
    (xmile(aux("x", "1") + aux("X", "2")), "'X': defined twice, first in line 1"),
    (xmile(aux("x", "2", over("Nowhere"))), "no dimension called 'nowhere'"),
    (xmile(aux("x", "1, 2, 3", over("Place")), more=DIMS), "3 values for 2 elements"),
    (xmile(aux("x", "SUM(a[1:9])") + aux("a", "1", over("Age")), more=DIMS),
     "the range 1:9 needs two elements of one dimension; as 'Age' has them"),
    (xmile(aux("x", "a[@1]") + aux("a", "1", over("Age")), more=DIMS),
     "@1 in an equation over 0 dimensions; name one that it has"),
    (xmile(aux("x", "1 +\n 2 * / 3")),
     "t.xmile:2: 'x': cannot read the equation at '/ 3' (column 6)"),
    (xmile('<aux name="a"><eqn>1</eqn>' + over("Place") + '<element subscript="east"><eqn>1</eqn>'
           "</element></aux>", more=DIMS), "element 'east' is none of dimension 'Place'"),
    (xmile('<aux name="t"><gf><xpts>0,2,1</xpts><ypts>1,2,3</ypts></gf></aux>'),
     "lookup x not increasing: 1 after 2"),
    (xmile('<aux name="t"><gf><xpts>0,1</xpts><ypts>1,2,3</ypts></gf></aux>'), "2 xpts and 3 ypts"),
    (xmile(stock("S", "0", "<inflow>nosuch</inflow>")), "undefined variable 'nosuch'"),
    (xmile('<stock name="S"><eqn>0</eqn><queue/></stock>'), "<queue> is not supported"),
    (xmile('<module name="m"/>'), "module 'm' has no <model> of that name"),
    (xmile('<module name="m"/>', models='<model name="m"><variables><module name="m"/>'
           "</variables></model>"), "a module within itself"),
    (xmile(aux("x", "(" * 600 + "1" + ")" * 600)), "parentheses nested more than 100 deep"),
    (f"<xmile {NS}><sim_specs/></xmile>", "there is no <model>"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BAD, ids=[s[:40] for _, s in BAD])
def test_faults_are_one_line_with_a_place(refused, text: str, said: str) -> None:
    assert said in refused(text)


def test_a_long_sum_is_no_danger() -> None:
    (found,) = parse_equations(" + ".join(["a"] * 20_000))
    assert found is not None


def test_pysimlin_finds_the_same(run, tmp_path: Path) -> None:
    simlin = pytest.importorskip("simlin")
    text = xmile(
        stock("S", "100", "<inflow>in</inflow><outflow>out</outflow>")
        + '<flow name="in"><eqn>0.1 * S * LOOKUP(t, S / 500)</eqn></flow>'
        '<flow name="out"><eqn>IF TIME > 4 THEN 2 ELSE SMTH1(S, 3) * 0.01</eqn></flow>'
        '<aux name="t"><gf><xscale min="0" max="1"/><ypts>1.5,1,0.2</ypts></gf></aux>',
        specs="<start>0</start><stop>20</stop><dt>0.25</dt>",
    ).replace("TIME > 4", "TIME &gt; 4")  # fmt: skip
    ours = run(text)["S"].values
    theirs = simlin.load(str(tmp_path / "t.xmile")).simulate()
    theirs.run_to_end()
    assert theirs.get_value("s") == pytest.approx(ours[-1], rel=1e-9)
