"""Models written in the other format and back: every value is the one it was."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from making import mdl

from sdsim import load, simulate
from sdsim.base.errors import ModelError
from sdsim.cli import round_trip
from sdsim.cli.main import main
from sdsim.ir.expr import Call
from sdsim.ir.model import Equation
from sdsim.writers import convert as converting
from sdsim.writers import write_vensim
from sdsim.writers.convert import convert

HEAD = (
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header>'
    "<vendor>isee systems, inc.</vendor><product>Stella</product></header>"
    "<sim_specs><start>-1</start><stop>5</stop><dt>0.5</dt></sim_specs>"
    '<dimensions><dim name="R" size="2"><elem name="a"/><elem name="b"/></dim></dimensions>'
    "<model><variables>"
)
KINDS = ("continuous", "discrete", "extrapolate")
CALLS = {
    "whole": '<aux name="w"><dimensions><dim name="R"/></dimensions>'
    "<eqn>LOOKUP(t, TIME)</eqn></aux>",
    "single": '<aux name="w"><eqn>10 * LOOKUP(t[a], TIME) + LOOKUP(t[b], TIME - 1)</eqn></aux>',
    "inside": '<aux name="w"><dimensions><dim name="R"/></dimensions>'
    "<eqn>1 + LOOKUP(t, LOOKUP(t, TIME) / 10)</eqn></aux>",
}  # fmt: skip


def mixed(kinds: tuple[str, str], call: str) -> str:
    points = "<xpts>0,2,4</xpts><ypts>0,10,30</ypts>"
    elements = "".join(
        f'<element subscript="{e}"><eqn>TIME</eqn><gf type="{kind}">{points}</gf></element>'
        for e, kind in zip("ab", kinds, strict=True)
    )
    array = f'<aux name="t"><dimensions><dim name="R"/></dimensions>{elements}</aux>'
    return f"{HEAD}{array}{CALLS[call]}</variables></model></xmile>"


@pytest.mark.parametrize("kinds", [*permutations(KINDS, 2), ("discrete", "discrete")])
@pytest.mark.parametrize("call", CALLS)
def test_elements_whose_tables_are_of_different_types(
    tmp_path: Path, kinds: tuple[str, str], call: str
) -> None:
    source = tmp_path / "m.stmx"
    source.write_text(mixed(kinds, call))
    found = list(round_trip.round_trips(source, "m.stmx", 0.0, 0.0))
    assert [o.name.removeprefix("m.stmx") for o in found] == [
        " > .xmile", " > .mdl", " > .mdl > .xmile",
    ]  # fmt: skip
    assert [(o.ok, o.reason) for o in found] == [(True, "")] * 3


def test_a_table_of_each_type_by_hand(tmp_path: Path) -> None:
    """The first element's straight lines are not read as the second's steps."""
    source = tmp_path / "m.stmx"
    source.write_text(mixed(("continuous", "discrete"), "whole"))
    convert(source, tmp_path / "m.mdl")
    w = simulate(load(tmp_path / "m.mdl"))["w"].values
    time = np.arange(-1, 5.5, 0.5)
    np.testing.assert_array_equal(w[:, 0], np.interp(time, [0, 2, 4], [0, 10, 30]))
    steps = np.select([time >= 4, time >= 2], [30.0, 10.0], 0.0)
    np.testing.assert_array_equal(w[:, 1], steps)


def test_a_sum_over_tables_of_different_types_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.stmx").write_text(mixed(("continuous", "discrete"), "whole"))
    model = load(tmp_path / "m.stmx").model
    table = next(e.expr for e in model.find("w").equations)
    assert isinstance(table, Call)
    total = Call("sum", (replace(table, subs=("r!",)),))
    over = replace(model.find("w"), equations=(Equation(total),), dims=())
    with pytest.raises(ModelError, match="whose tables are read in different ways, in one call"):
        write_vensim(model.replacing({"w": over}))


KEYWORDS = ("", ":LOOK FORWARD:", ":HOLD BACKWARD:", ":RAW:")


@pytest.mark.parametrize(("source", "keyword"), list(product(KEYWORDS, KEYWORDS)))
def test_data_equations(tmp_path: Path, source: str, keyword: str) -> None:
    (tmp_path / "d.csv").write_text("t,p,q\n0,1,\n1,2,5\n2.5,,6\n3,4,7\n")
    text = f"""
        d: p, q
        x[d] {source} := GET DIRECT DATA('d.csv', ',', 'A', 'B2')
        copy[d] {keyword} := x[d]
        y[d] {keyword} := k * x[d] ^ 2 + Time
        both {keyword} := SUM(y[d!]) - y[p] / 2
        known = IF THEN ELSE(both = :NA:, -1, both)
        k = 3
    """
    (tmp_path / "m.mdl").write_text(mdl(text, start=-1, stop=4, step=0.5), encoding="utf-8")
    found = list(round_trip.round_trips(tmp_path / "m.mdl", "m.mdl", 1e-15, 0.0))
    assert [(o.ok, o.reason) for o in found] == [(True, "")] * 3
    convert(tmp_path / "m.mdl", tmp_path / "n.xmile")
    for k in (3.0, 5.0):  # a constant in a data equation stays one
        runs = [simulate(load(tmp_path / n), {"k": k})["both"] for n in ("m.mdl", "n.xmile")]
        np.testing.assert_allclose(runs[1], runs[0], rtol=1e-15)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "x = INTEG(rate, 1)\nrate = x * 0.1 + SMOOTH(x, 2)\nz = DELAY FIXED(x, 2.5, 0)"
    (tmp_path / "good.mdl").write_text(mdl(text), encoding="utf-8")
    (tmp_path / "fails.mdl").write_text(mdl("a = b\nb = a"), encoding="utf-8")
    (tmp_path / "s.mdl").write_text(mdl("a = HISTORY(1, 2)"), encoding="utf-8")
    assert main(["conformance", str(tmp_path), "--round-trip"]) == 0
    said = capsys.readouterr().out
    for way in (".mdl", ".xmile", ".xmile > .mdl"):
        assert f"good.mdl > {way}" in said
    assert "fails.mdl  does not run: fails.mdl:2: 'a': algebraic loop" in said


def test_the_command_tells_a_value_that_is_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m.mdl").write_text(mdl("x = 2 * Time\ny = 1"), encoding="utf-8")
    right = converting.WRITERS[".xmile"]

    def wrong(model: object) -> object:
        made = right(model)  # type: ignore[arg-type]
        assert "<eqn>2 * TIME</eqn>" in made.text or "<eqn>2 * Time</eqn>" in made.text
        return made.__class__(made.text.replace("<eqn>2 *", "<eqn>2.001 *"), made.model, made.notes)

    monkeypatch.setitem(converting.WRITERS, ".xmile", wrong)  # type: ignore[arg-type]
    monkeypatch.setattr(converting, "differing", lambda *_: None)
    assert main(["conformance", str(tmp_path), "--round-trip"]) == 1
    said = capsys.readouterr().out
    assert "FAIL" in said
    assert "m.mdl > .xmile  'x' off by 0.0005 of its range at time 10 (1 of " in said
