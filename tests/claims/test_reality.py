"""Vensim's reality checks: small models whose answers are known exactly."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdsim.base.errors import ModelError
from sdsim.claims import Verdict, run_realities
from sdsim.cli.main import main
from sdsim.overrides import Overrides
from sdsim.run.system import System, load

Decide = Callable[..., dict[str, Verdict]]

#: Yeast in a bowl doubles 8 % a minute; nothing in this first model says what cold or heat do.
#: Vensim's manual tells when its checks fail: at 0 where forced to be cold, at 11 when hot.
YEAST = """
    Yeast Count = INTEG(divisions - terminations, 100)
    divisions = Yeast Count * 0.08
    terminations = Yeast Count / 250
    temperature = 85
    RC START TIME = 10
    cold is dormant :THE CONDITION: temperature < 50 :IMPLIES: divisions = 0
    hot is dead :THE CONDITION: temperature = RC STEP(120, 1) :IMPLIES: Yeast Count <= RC DECAY CHECK(1, Yeast Count, 2)
"""  # noqa: E501

#: A stock that empties by a tenth a year, a flow into it, and prices over an array.
POT = """
    d: A1, A2
    pot = INTEG(inflow - outflow, 100)
    inflow = share * 50
    outflow = pot / 10
    share = 0
    ramp = Time
    price[d] = 2, 3
    sales[d] = price[d] * 10
"""


@pytest.fixture
def decide(written: Callable[..., Path], backend: Any) -> Decide:
    """(equations, checks, options) -> verdicts by name."""

    def run(equations: str, checks: str = "", **options: Any) -> dict[str, Verdict]:
        system = load(written(equations + checks), backend=backend)
        return {v.name: v for v in run_realities(system, **options)}

    return run


def one(found: dict[str, Verdict]) -> Verdict:
    (only,) = found.values()
    return only


def statuses(found: dict[str, Verdict]) -> dict[str, str]:
    return {k: v.status for k, v in found.items()}


def test_the_manuals_example_fails_when_the_manual_says(written: Callable[..., Path]) -> None:
    system = load(written(YEAST, stop=300))
    found = {v.name: v for v in run_realities(system)}
    assert found["cold is dormant"].status == "not reached"
    hot = found["hot is dead"]
    assert (hot.status, hot.time) == ("fails", 11.0)
    growth = 1 + 0.08 - 1 / 250
    assert hot.left == pytest.approx(100 * growth**11)
    assert hot.right == pytest.approx(100 * growth**10 * math.exp(-1 / 2))
    assert hot.inputs == ("temperature = RC STEP(120, 1)",)
    forced = {v.name: v for v in run_realities(system, force=True)}["cold is dormant"]
    assert (forced.status, forced.time, forced.left, forced.right) == ("fails", 0.0, 8.0, 0.0)


def test_conditions_that_are_looked_for(decide: Decide) -> None:
    """pot = 100 * 0.9^t: below 60 from t = 5 on (59.049), outflow a tenth of it."""
    found = decide(
        POT,
        """
        small :THE CONDITION: pot < 60 :IMPLIES: outflow < 6
        late:THECONDITION: pot < 60 :OR: Time > 7 :IMPLIES: ramp > 5
        never :THE CONDITION: pot > 100 :IMPLIES: outflow = 3
        always :THE CONDITION: pot <= 100 :IMPLIES: :NOT: (pot < 0 :OR: outflow > 10)
        """,
    )
    assert statuses(found) == {
        "small": "holds", "late": "fails", "never": "not reached", "always": "holds",
    }  # fmt: skip
    late = found["late"]
    assert (late.time, late.part, late.left, late.right) == (5.0, "ramp > 5", 5.0, 5.0)


def test_a_test_input_replaces_an_equation_from_the_start(decide: Decide) -> None:
    """Fed with its own outflow the pot stays as it is; as a stock it is what the input says."""
    found = decide(
        POT,
        """
        fed :TEST INPUT: share = outflow / 50
        as it was :THE CONDITION: fed :IMPLIES: pot = 100
        not fed :THE CONDITION: Time >= 0 :IMPLIES: pot = 100
        empty :THE CONDITION: pot = 0 :IMPLIES: outflow = 0 :AND: inflow = 0
        half :THE CONDITION: pot = pot / 2 :IMPLIES: pot = 50
        """,
    )
    assert statuses(found) == {
        "as it was": "holds", "not fed": "fails", "empty": "holds", "half": "fails",
    }  # fmt: skip
    assert (found["not fed"].time, found["not fed"].left) == (1.0, 90.0)
    # Its own value goes on: the stock loses a tenth of the half that everything else sees.
    half = found["half"]
    assert (half.time, half.left) == (1.0, 47.5)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("RC STEP(share, 3)", [2, 2, 2, 6, 6, 6, 6]),
        ("RC STEP(share, 3, 1, 2)", [2, 6, 6, 2, 2, 2, 2]),
        ("RC RAMP(share, 0, 4, 2)", [2, 2, 2, 1.5, 1, 0.5, 0]),
        ("RC RAMP(share, 3, 0, 2)", [2, 2, 6, 6, 6, 6, 6]),
        ("RC DECAY(share, 2, 4)", [2, 2, 2, 2, 2, 2 * math.exp(-0.5), 2 * math.exp(-1)]),
        ("RC GROW(10, 0.1, 4)", [2, 2, 2, 2, 10, 10 * math.exp(0.1), 10 * math.exp(0.2)]),
        ("RC STEP(Time, 1, 4)", [2, 2, 2, 2, 4, 4, 4]),
        ("IF THEN ELSE(Time > 2, share + 1, share)", [2, 2, 2, 3, 3, 3, 3]),
    ],
)
def test_paths(decide: Decide, path: str, expected: list[float]) -> None:
    """Each value found by a check of its own: it holds for it and fails for another."""
    checks = [f"t{t} :THE CONDITION: share = {path} :AND: Time = {t} :IMPLIES: share = {v!r}"
              for t, v in enumerate(expected)]  # fmt: skip
    checks += [c.replace("t", "u", 1).rpartition("=")[0] + "= -1" for c in checks]
    found = decide("share = 2 + 0 * Time\nRC START TIME = 3", "\n" + "\n".join(checks))
    for t, value in enumerate(expected):
        assert found[f"t{t}"].status == "holds", (t, found[f"t{t}"])
        wrong = found[f"u{t}"]
        assert (wrong.status, wrong.time, wrong.left) == ("fails", t, pytest.approx(value))


def test_paths_begin_a_step_after_the_start_where_nothing_says_when(decide: Decide) -> None:
    found = decide("x = 1", "\nc :THE CONDITION: x = RC STEP(x, 5) :IMPLIES: x = 1")
    assert (one(found).time, one(found).left) == (1.0, 5.0)


@pytest.mark.parametrize(
    ("check", "status", "time"),
    [
        # pot is 100 * 0.9^t; the path keeps its value at the start
        ("pot <= RC STEP CHECK(0, pot, 1, 3)", "holds", None),
        ("pot < RC STEP CHECK(0, pot, 1, 3)", "fails", 3),
        ("pot < RC STEP CHECK(1, pot, 1, 3)", "holds", None),
        ("pot >= RC STEP CHECK(0, pot, 0.8, 3)", "fails", 6),
        ("pot >= RC STEP CHECK(0, pot, 0.8, 3, 2)", "holds", None),
        ("pot >= RC STEP CHECK(4, pot, 0.8, 3)", "fails", 7),
        ("pot >= RC RAMP CHECK(0, pot, 0, 2, 1)", "holds", None),
        ("pot <= RC RAMP CHECK(0, pot, 0, 2, 1)", "fails", 2),
        ("pot = RC DECAY CHECK(0, pot, 10, 1)", "fails", 2),
        ("pot <= RC GROW CHECK(0, pot, 0.01, 1)", "holds", None),
        ("pot > RC GROW CHECK(2, pot, 0.01, 1)", "fails", 3),
    ],
)
def test_check_functions(decide: Decide, check: str, status: str, time: float | None) -> None:
    found = one(decide(POT, f"\nc :THE CONDITION: Time >= 0 :IMPLIES: {check}"))
    assert (found.status, found.time) == (status, time)


@pytest.mark.parametrize(
    ("check", "status", "time"),
    [
        # wave is 0, 1, 2, 1, 0, -1, -2, -1, 0, 1, 2
        ("wave > :CROSSING: 0.5", "fails", 0),  # begins below
        ("wave < :CROSSING: 0.5", "fails", 4),  # comes back
        ("wave < :CROSSING: :CROSSING: 0.5", "fails", 9),
        ("wave < :CROSSING: :CROSSING: :CROSSING: 0.5", "holds", None),
        ("wave < :CROSSING: :CROSSING: :CROSSING: :CROSSING: 0.5", "fails", 10),
        ("wave > :CROSSING: :CROSSING: 0", "holds", None),  # meeting says nothing
        ("wave > :CROSSING: RC STEP CHECK(0, wave, 1, 4)", "fails", 5),
        ("wave < :CROSSING: RC STEP CHECK(0, wave, 1, 4)", "holds", None),
        ("wave > :CROSSING: RC STEP CHECK(0, wave, 1, 0, 6)", "holds", None),
        ("wave > :AT LEAST ONCE: 1.5", "holds", None),
        ("wave > :AT LEAST ONCE: 2 - 0.5 + 1", "fails", 10),
        ("wave > :AT LEAST ONCE: RC STEP CHECK(0, wave, 1, 2, 3)", "fails", 4),
    ],
)
def test_crossings_and_at_least_once(
    decide: Decide, check: str, status: str, time: float | None
) -> None:
    wave = "wave = IF THEN ELSE(Time < 2, Time, IF THEN ELSE(Time < 6, 4 - Time, Time - 8))"
    found = one(decide(wave, f"\nc :THE CONDITION: Time >= 0 :IMPLIES: {check}"))
    assert (found.status, found.time) == (status, time)


def test_elements(decide: Decide) -> None:
    """A subscripted check stands for one of each element, with the input for that one alone."""
    found = decide(
        POT,
        """
        free[d] :TEST INPUT: price[d] = 0
        nothing earned[d] :THE CONDITION: free[d] :IMPLIES: sales[d] = 0
        all free :THE CONDITION: price[A1] = 0 :IMPLIES: SUM(sales[d!]) = 30
        other[d] :THE CONDITION: free[d] :IMPLIES: SUM(sales[d!]) = 30
        first :THE CONDITION: free[A2] :IMPLIES: sales[A1] = 20 :AND: sales[A2] = 0
        """,
    )
    assert statuses(found) == {
        "nothing earned[A1]": "holds", "nothing earned[A2]": "holds", "all free": "holds",
        "other[A1]": "holds", "other[A2]": "fails", "first": "holds",
    }  # fmt: skip
    assert found["other[A2]"].left == 20.0


def test_either_of_two_inputs_is_put_in_by_itself(written: Callable[..., Path]) -> None:
    checks = "\nc :THE CONDITION: share = 1 :OR: share = 0.2 :IMPLIES: pot = 100"
    found = run_realities(load(written(POT + checks)))
    assert [(v.status, v.inputs) for v in found] == [
        ("fails", ("share = 1",)), ("holds", ("share = 0.2",)),
    ]  # fmt: skip


def test_forced_inequalities(decide: Decide) -> None:
    """Only where one does not hold its side takes the other's value."""
    checks = """
        high :THE CONDITION: pot > 80 :IMPLIES: pot = 80
        never above :THE CONDITION: ramp < 4 :IMPLIES: ramp <= 3
    """
    found = decide(POT, checks, force=True)
    high, above = found["high"], found["never above"]
    assert (high.status, high.time, high.left) == ("fails", 0.0, 100.0)
    assert (above.status, above.time, above.left) == ("fails", 4.0, 4.0)
    assert decide(POT, checks)["never above"].status == "holds"


def test_overrides_reach_what_an_input_reads(decide: Decide) -> None:
    """A preset for a constant changes what the model itself says, which the input then bends."""
    check = "\nc :THE CONDITION: share = RC STEP(share, 2, 4) :IMPLIES: share < 5"
    assert one(decide(POT, check)).status == "holds"
    found = one(decide(POT, check, overrides=Overrides({"share": 3.0})))
    assert (found.status, found.time, found.left) == ("fails", 4.0, 6.0)
    check = "\nc :THE CONDITION: price[A1] = RC STEP(price[A1], 2, 4) :IMPLIES: price[A1] < 5"
    found = one(decide(POT, check, overrides=Overrides({"price[A1]": 4.0, "price[A2]": 9.0})))
    assert (found.time, found.left) == (4.0, 8.0)
    check = "\nc :THE CONDITION: pot = RC STEP(pot, 2, 4) :IMPLIES: pot <= 7"
    found = one(decide(POT, check, overrides=Overrides(initial={"pot": 7.0})))
    assert (found.time, found.left) == (4.0, pytest.approx(14 * 0.9**4))


REFUSED = {
    "x = RC COMPARE('base', x, 2) :IMPLIES: x > 0": "RC COMPARE needs the stored run",
    "x = 1 :IMPLIES: x > RC COMPARE CHECK('base', x, 1, 2)": "RC COMPARE CHECK needs",
    "x = 1 + RC STEP(x, 2) :IMPLIES: x > 0": "RC STEP as a part of an expression",
    "x = RC STEP(x, RC STEP(x, 2)) :IMPLIES: x > 0": "RC STEP as a part of an expression",
    "x = RC STEP CHECK(0, x, 2) :IMPLIES: x > 0": "RC STEP CHECK outside :IMPLIES:",
    "x = 1 :IMPLIES: x > RC STEP(x, 2)": "RC STEP outside a test input",
    "x = RC STEP(x) :IMPLIES: x > 0": "RC STEP takes 2 to 4 arguments, got 1 argument",
    "x = 1 :IMPLIES: x > RC STEP CHECK(x, 2)": "RC STEP CHECK takes 3 to 5 arguments",
    "x = RC GROWTH(x, 2) :IMPLIES: x > 0": "RC GROWTH is not a function; one of",
    "x = RC STEP(x, 2) :AND: x = 2 :IMPLIES: x > 0": "sets 'x' twice",
    ":NOT: cold :IMPLIES: x > 0": ":NOT: before a test input",
    "x = 1 :IMPLIES: cold": "a test input after :IMPLIES:",
    "x = 1 :IMPLIES: x > :CROSSING IGNORE: 2": "the word :CROSSING IGNORE: here",
    "x > :CROSSING: 2 :IMPLIES: x > 0": "the word :CROSSING: here",
    "x = 1 :IMPLIES: x > 0 :AT LEAST ONCE:": "the word :AT LEAST ONCE: here",
    "x = 1 :IMPLIES: :CROSSING: x > 0": "a word that does not follow a comparison's sign",
    "x = 1 :IMPLIES: x > :CROSSING: :AT LEAST ONCE: 0": "together",
    "x = 1 :IMPLIES: nobody > 0": "no variable or test input called 'nobody'",
    "no body :IMPLIES: x > 0": "no variable or test input called 'no body'",
    "x = 1": "nothing stands after :IMPLIES:",
    "x = 1 :IMPLIES: x > (0": "cannot be read",
    "table = 1 :IMPLIES: x > 0": "'table' is a lookup",
    "TIME STEP = 1 :IMPLIES: x > 0": "'TIME STEP' is a control variable",
    "x[d] = 1 :IMPLIES: x > 0": "'x' has 0 subscripts, got 1",
    "x = y :IMPLIES: x > 0": "x -> y -> x",
    "bad :IMPLIES: x > 0": "test input 'bad' is not 'variable = expression'",
    "x = 1 :IMPLIES: x > " + "(" * 60 + "0" + ")" * 60: "more than 50 parentheses",
    "x = 1 :IMPLIES: x > 0 " + "+ 0" * 2000: "longer than 4000 characters",
}


@pytest.mark.parametrize("check", REFUSED, ids=lambda c: c[:40])
def test_what_cannot_be_decided_is_refused_by_name(decide: Decide, check: str) -> None:
    """For that check alone: its neighbour is decided."""
    model = """
        d: A1, A2
        x = 2
        y = x * 2
        table((0,0),(1,1))
        cold :TEST INPUT: x = 1
        bad :TEST INPUT: x > 1
        good :THE CONDITION: cold :IMPLIES: y = 2
    """
    found = decide(model, f"\nrefused :THE CONDITION: {check}")
    assert found["good"].status == "holds"
    refused = found["refused"]
    assert (refused.status, refused.line) == ("not supported", 37)
    assert REFUSED[check] in refused.reason


def test_a_run_that_stops_is_no_pass(decide: Decide) -> None:
    found = one(
        decide("x = 1\ny = 1 / (x * (3 - Time))", "\nc :THE CONDITION: x = 2 :IMPLIES: y > 0")
    )
    assert found.status == "fails"
    assert "time 3" in found.reason


def test_what_is_wrong_with_overrides_is_no_checks_fault(decide: Decide) -> None:
    with pytest.raises(ModelError, match="no variable called 'nothing'"):
        decide(POT, "\nc :THE CONDITION: pot = 2 :IMPLIES: pot > 0",
               overrides=Overrides({"nothing": 1.0}))  # fmt: skip


def test_command(written: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder of claims; 1 where one fails, 0 where none does, 2 for no such name."""
    path = str(written(YEAST, stop=30))
    assert main(["check", path]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "cold is dormant  not reached",
        "hot is dead      fails          with temperature = RC STEP(120, 1): at time 11: "
        "Yeast Count <= RC DECAY CHECK(1, Yeast Count, 2) (223.839 and 126.176)",
        "2 reality checks, 1 fail, 1 not reached",
    ]
    assert main(["check", path, "--id", "COLD is dormant", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["kind"], row["status"]) == (
        "cold is dormant", "reality check", "not reached",
    )  # fmt: skip
    assert main(["check", path, "--id", "cold is dormant", "--force"]) == 1
    assert "with temperature < 50: at time 0: divisions = 0 (8 and 0)" in capsys.readouterr().out
    assert main(["check", path, "--id", "warm"]) == 2
    assert main(["check", path, "--tier", "1"]) == 2


def test_a_system_keeps_its_checks_through_the_cache(written: Callable[..., Path]) -> None:
    path = written(YEAST)
    systems: list[System] = [load(path), load(path), load(path, cache=False)]
    assert [len(s.model.reality) for s in systems] == [2, 2, 2]
    assert systems[0].model == systems[1].model
