"""Null models: links held, loops found by sign, the toy that passes what is a definition."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_models import POND

from sdsim.base.errors import ModelError
from sdsim.claims import Folder, Loop, Null, read_claim, run_claims, verify
from sdsim.claims.links import holdable, link_of
from sdsim.overrides import Overrides
from sdsim.run.methods import RK4
from sdsim.run.simulate import simulate
from sdsim.run.system import System, load

STEPS = 160  # of a quarter of a month


def held(system: System, *links: str) -> np.ndarray:
    """(time,) lilies with links held."""
    model, switches = holdable(system.model, [link_of(t, system.model) for t in links])
    run = simulate(System(model), Overrides(dict.fromkeys(switches.values(), 1.0)))
    return run["Lilies"].values


def test_held_room_leaves_exponential_growth(pond: System) -> None:
    """Without crowding: growth at the room of the start, and rotting as before."""
    net = 0.5 * (1 - 10 / 1000) - 1 / 20
    expected = 10 * (1 + 0.25 * net) ** np.arange(0, STEPS + 1, 4)
    np.testing.assert_allclose(held(pond, "Room -> Growth"), expected, rtol=1e-12)


def test_held_lilies_leave_the_drain(pond: System) -> None:
    """Inflow held on both sides, first-order rotting stays: it settles at inflow x life."""
    inflow = 0.5 * 10 * (1 - 10 / 1000)
    level = inflow * 20
    expected = level + (10 - level) * (1 - 0.25 / 20) ** np.arange(0, STEPS + 1, 4)
    actual = held(pond, "Lilies -> Growth", "Room -> Growth")
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_a_switch_at_zero_changes_no_bit(pond: System) -> None:
    """Made holdable and not held, the model computes the very same numbers."""
    model, _ = holdable(pond.model, [link_of("Lilies -> Room", pond.model)])
    for method in (None, RK4()):
        before, after = (simulate(s, method=method) for s in (pond, System(model)))
        assert before["Lilies"].values.tobytes() == after["Lilies"].values.tobytes()


def test_elements_are_held_one_by_one(system: Callable[..., System]) -> None:
    """Each element at its own start, read through a SUM as well; other users are left alone."""
    made = system("""
        d: a, b
        x[d] = INTEG(rate[d], start[d])
        rate[d] = 1, 2
        start[d] = 5, 7
        inside = SUM(x[d!])
        other[d] = 10 * x[d]
    """)
    model, switches = holdable(made.model, [link_of("x -> inside", made.model)])
    run = simulate(System(model, made.backend), Overrides(dict.fromkeys(switches.values(), 1.0)))
    assert set(run["inside"].values) == {12.0}
    assert run["other"].values[-1].tolist() == [150.0, 270.0]


def test_a_link_may_pick_elements(system: Callable[..., System]) -> None:
    """Of the cause, of the effect, or of both; equations over sub-ranges and their maps stay."""
    made = system("""
        d: a, b, c
        later: b, c -> earlier
        earlier: a, b -> later
        x[d] = INTEG(rate[d], 1)
        rate[d] = 1, 2, 3
        y[a] = x[a]
        y[later] = 10 * x[later] + x[earlier]
        all = SUM(x[d!])
    """)

    def last(link: str, name: str) -> list[float] | float:
        model, switches = holdable(made.model, [link_of(link, made.model)])
        changes = Overrides(dict.fromkeys(switches.values(), 1.0))
        return simulate(System(model, made.backend), changes)[name].values[-1].tolist()

    assert simulate(made)["x"].values[-1].tolist() == [11, 21, 31]
    assert last("x -> y", "y") == [1, 11, 11]
    assert last("x -> y[c]", "y") == [11, 221, 11]
    assert last("x -> y[later]", "y") == [11, 11, 11]
    assert last("x[b] -> y", "y") == [11, 21, 311]
    assert last("x[b] -> y[c]", "y") == [11, 221, 311]
    assert last("x[later] -> all", "all") == 13


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("Lilies", "is not a link; write 'Cause -> Effect'"),
        ("Lillies -> Room", "no variable called 'Lillies'; did you mean 'Lilies'?"),
        ("Life -> Growth", "'Life' does not stand in the equation of 'Growth'; did you"),
        ("Start -> Lilies", "'Start' does not stand in the equation of 'Lilies'"),
        ("Lilies[a] -> Room", "'Lilies' has 0 subscripts, got 1"),
    ],
)  # fmt: skip
def test_links_that_are_not_there(pond: System, link: str, said: str) -> None:
    """The nearest name or cause is proposed; a start value is no cause."""
    with pytest.raises(ModelError) as e:
        link_of(link, pond.model)
    assert said in str(e.value)


# --- loops ------------------------------------------------------------------------------------


def loop(polarity: str, *links: str) -> Loop:
    """A loop that is opened at its first link."""
    return Loop("own", polarity, links, links[:1])


@pytest.mark.parametrize(
    ("polarity", "links", "signs", "problem"),
    [
        ("R", ("Lilies -> Growth", "Growth -> Lilies"), "++", ""),
        ("B", ("Lilies -> Growth", "Growth -> Lilies"), "++", "signs + + make it R, declared B"),
        ("B", ("Lilies -> Room", "Room -> Growth", "Growth -> Lilies"), "-++", ""),
        ("R", ("Lilies -> Room", "Room -> Growth", "Growth -> Lilies"), "-++", "it B, declared R"),
        ("B", ("Lilies -> Rotting", "Rotting -> Lilies"), "+-", ""),
        ("B", ("Lilies -> Rotting", "Growth -> Lilies"), "++",
         "'Lilies -> Rotting' does not lead to 'Growth -> Lilies'"),
        ("R", ("Lilies -> Growth",), "+", "'Lilies -> Growth' does not lead to 'Lilies -> Growth'"),
        ("R", ("Lilies -> Room", "Room -> Rotting", "Rotting -> Lilies"), "-?-",
         "'Room' does not stand in the equation of 'Rotting'"),
    ],
)  # fmt: skip
def test_loops_by_sign(
    pond: System, polarity: str, links: tuple[str, ...], signs: str, problem: str
) -> None:
    """A wrong polarity, a link that is not there and a loop that does not close are found."""
    finding = verify(pond, [loop(polarity, *links)])[0]
    assert "".join(finding.signs) == signs
    assert (problem in finding.problem) if problem else not finding.problem


def test_signs_of_elements(system: Callable[..., System]) -> None:
    """A transfer takes from one element and gives to the other; a link may pick either. A cause at
    zero still shows its sign, a cause that a MIN hides does not."""
    made = system("""
        d: a, b
        x[a] = INTEG(-moving, 100)
        x[b] = INTEG(moving, 0)
        moving = x[a] / 10 + 0 * idle
        idle = hidden
        hidden = MIN(1, 5 + x[a])
        nought = INTEG(0 * x[a], 0)
        doubled = 2 * nought
        smoothed = SMOOTH(x[a], 3)
    """)

    def signs(*links: str) -> str:
        return "".join(verify(made, [loop("R", *links)])[0].signs)

    assert signs("moving -> x") == "±"
    assert signs("moving -> x[a]") == "-"
    assert signs("moving -> x[b]") == "+"
    assert signs("x[a] -> moving") == "+"
    assert signs("x[b] -> moving") == "0"
    assert signs("x[d] -> moving") == "+"
    assert signs("x -> hidden") == "0"
    assert signs("nought -> doubled") == "+"
    assert signs("x -> smoothed") == "+"


# --- the control ------------------------------------------------------------------------------


def test_the_toy_shows_what_is_a_definition(pond: System, claim_file: Callable[..., Path]) -> None:
    """A straight line passes 'it rises', not 'it rises in an S'; it knows no growth."""
    null = Folder(POND).null(pond)
    said = {}
    for check in ("FINAL(Lilies) > 500", "AT(Lilies, 12) > 2 * AT(Lilies, 8)", "PEAK(Growth) > 9"):
        claim = read_claim(claim_file(f'check = "{check}"'))
        said[check] = run_claims(pond, [claim], null=Null(null.toy))[0]
    assert [r.status for r in said.values()] == ["supported"] * 3
    assert [r.toy for r in said.values()] == [True, False, None]
    assert [r.definitional for r in said.values()] == [True, False, None]


def test_the_model_without_its_loops(pond: System, claim_file: Callable[..., Path]) -> None:
    """Held: a check that survives all loops held is a definition; others say which they need."""
    null = Null(None, Folder(POND).loops())
    said = {}
    for check in (
        "FINAL(Lilies) > 500",  # exponential growth passes it as well
        "RISES THEN FALLS(Growth)",
        "AT(Lilies, 3) > 14",
        "FINAL(Rotting) > 0.01",
    ):
        claim = read_claim(claim_file(f'check = "{check}"'))
        said[check] = run_claims(pond, [claim], null=null)[0]
    assert [r.status for r in said.values()] == ["supported"] * 4
    assert [set(r.needs or ()) for r in said.values()] == [
        {"spreading"}, {"spreading", "crowding"}, set(), set(),
    ]  # fmt: skip
    assert [r.definitional for r in said.values()] == [False, False, True, True]


def test_the_toy_leaves_out_what_it_lacks(pond: System, claim_file: Callable[..., Path]) -> None:
    """Levers the toy does not have, of the claim and of the preset, change nothing in it."""
    claim = read_claim(
        claim_file("""
    check = "IN(fast, FINAL(Lilies)) > 1.01 * FINAL(Lilies)"
    [runs]
    fast = {constants = {Life = 1e6, "FINAL TIME" = 30}}
    """)
    )
    toy = load(POND / "null.mdl", backend=pond.backend)
    result = run_claims(pond, [claim], overrides=Overrides({"Pond": 900.0}), null=Null(toy))[0]
    assert result.toy is False


def test_a_start_of_the_preset_is_for_stocks(pond: System, claim_file: Callable[..., Path]) -> None:
    """The toy draws as a curve what the model has as a stock: it takes no start."""
    claim = read_claim(claim_file('check = "FINAL(Lilies) > 500"'))
    toy = load(POND / "null.mdl", backend=pond.backend)
    start = Overrides(initial={"Lilies": 20.0})
    assert run_claims(pond, [claim], overrides=start, null=Null(toy))[0].toy is True


SWITCHED = """
    stock = INTEG(adding - leaving, 10)
    adding = 0.1 * stock
    leaving = chosen * weight + (1 - weight) * 2
    chosen = 0.2 * stock
    weight = 0
"""
CHOICE = Loop(
    "choice", "B", ("stock -> chosen", "chosen -> leaving", "leaving -> stock"),
    ("stock -> chosen",),
)  # fmt: skip
GROWTH = Loop("growth", "R", ("stock -> adding", "adding -> stock"), ("stock -> adding",))


@pytest.mark.parametrize(
    ("rest", "closed", "held"),
    [
        ("", ("growth",), False),
        ("[base]\nconstants = {weight = 1}", ("choice", "growth"), False),
        ("[runs]\nchosen = {constants = {weight = 0.5}}", ("growth",), False),
        ('[base]\nhold = ["stock -> adding"]\nconstants = {weight = 1}', ("choice",), True),
        ('[base]\nhold = ["stock -> adding"]', (), None),
    ],
)
def test_only_closed_loops_are_held(
    system: Callable[..., System], claim_file: Callable[..., Path],
    rest: str, closed: tuple[str, ...], held: bool | None,
) -> None:  # fmt: skip
    """A weight of zero opens a loop, so does a run's own hold; runs nobody reads do not count."""
    made = system(SWITCHED)
    claim = read_claim(claim_file(f'check = "FINAL(stock) < 10.0001"\n{rest}'))
    result = run_claims(made, [claim], null=Null(None, (CHOICE, GROWTH)))[0]
    assert result.closed == closed
    assert set(result.open or ()) == {"choice", "growth"} - set(closed)
    if held is None:
        assert result.held is result.definitional is None


def test_a_loop_that_matters_only_in_one_run(
    system: Callable[..., System], claim_file: Callable[..., Path]
) -> None:
    """Closed in any run that the check reads: held in all of them."""
    made = system(SWITCHED)
    claim = read_claim(
        claim_file("""
    check = "IN(chosen, FINAL(stock)) < FINAL(stock) + 100"
    [runs]
    chosen = {constants = {weight = 1}}
    """)
    )
    result = run_claims(made, [claim], null=Null(None, (CHOICE, GROWTH)))[0]
    assert result.closed == ("choice", "growth")
    assert result.held is True
    assert set(result.felt or ()) == {"choice", "growth"}


@pytest.mark.parametrize("check", ["1 > 0", "FINAL(Time) > 8"])
def test_what_reads_nothing_is_a_definition(
    system: Callable[..., System], claim_file: Callable[..., Path], check: str
) -> None:
    """It holds in any model, with loops held too."""
    claim = read_claim(claim_file(f'check = "{check}"'))
    result = run_claims(system(SWITCHED), [claim], null=Null(None, (CHOICE, GROWTH)))[0]
    assert (result.status, result.definitional, result.evidence) == ("supported", True, False)


def test_evidence_is_asked_of_what_is_supported(
    pond: System, claim_file: Callable[..., Path]
) -> None:
    """A check that fails in the model and holds in the toy is no definition, and no evidence."""
    claim = read_claim(claim_file('check = "FINAL(Lilies) < 820"'))
    toy = load(POND / "null.mdl", backend=pond.backend)
    result = run_claims(pond, [claim], null=Null(toy))[0]
    assert (result.status, result.toy) == ("not supported", True)
    assert (result.definitional, result.evidence) == (True, None)
