"""Margins and measures against values known by heart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from own_models import HEAD

from sdsim.base.errors import ModelError
from sdsim.claims import Result, read_claim, run_claims
from sdsim.run.system import System

RUNS = """
[runs]
fast = {constants = {rate = 4}}
still = {constants = {rate = 0}}
long = {constants = {"FINAL TIME" = 20}}
thrice = {scale = {rate = 3}}
"""


MARGINS: list[tuple[str, float]] = [
    ("FINAL(x) > 10", 1.0),
    ("FINAL(x) >= 16", 0.25),
    ("FINAL(x) > 40", -0.5),
    ("FINAL(x) < 40", 0.5),
    ("FINAL(x) <= 16", -0.25),
    ("FINAL(lower) < -10", 1.0),
    (":NOT: (FINAL(x) > 16)", -0.25),
    ("FINAL(x) > 16 :AND: FINAL(x) < 40", 0.25),
    ("FINAL(x) > 16 :OR: FINAL(x) > 40", 0.25),
    ("BETWEEN(FINAL(x), 16, 25)", 0.2),
    # against zero: over the largest term of the left side
    ("FINAL(x) > 0", 1.0),
    ("FINAL(x) - 19 > 0", 1 / 20),
    ("19 - FINAL(x) > 0", -1 / 20),
    ("IN(fast, FINAL(x)) - FINAL(x) > 0", 0.5),
    ("SLOPE(x) > 0", 2.0),
    ("FINAL(zero) > 0", 0.0),
    # values
    ("INITIAL VALUE(y) > 50", 1.0),
    ("AT(x, 2.25) > 4", 0.125),
    ("PEAK(hump) > 20", 0.25),
    ("PEAK(hump, 0, 2) > 8", 1.0),
    ("TROUGH(hump, 2, 8) > 8", 1.0),
    ("TIME OF PEAK(hump) > 4", 0.25),
    ("TIME OF TROUGH(hump) < 1", 1.0),
    ("MEAN(x) > 8", 0.25),
    ("MEAN(x, 2, 4) > 4", 0.5),
    ("TOTAL(x) > 50", 1.0),
    ("TOTAL(x, 0, 0.5) > 0.2", 0.25),
    ("SLOPE(x, 3, 7) > 1", 1.0),
    ("CORRELATION(x, x * 3) > 0.5", 1.0),
    ("CORRELATION(x, lower) < -0.5", 1.0),
    ("CROSSING(x, 5) > 2", 0.25),
    ("CROSSING(x, 500, 77) > 70", 0.1),
    ("UPWARD CROSSING(hump, 21) < 4", 0.25),
    ("DOWNWARD CROSSING(hump, 21) > 3.5", 1.0),
    ("CROSSING(hump, 21, 99, 5) > 3.5", 1.0),
    ("SHARE OF TIME(x > 9) > 0.5", 6 / 11 / 0.5 - 1),
    ("SHARE OF TIME(x > 9, 5, 10) > 0.5", 1.0),
    # conditions
    ("ALWAYS(x > 8, 5)", 0.25),
    ("EVER(hump > 20)", 0.25),
    ("ALWAYS(hump > 20)", -1.0),
    ("RISES(x, 2, 3)", 0.5),
    ("FALLS(y)", 1 - 0.9**10),
    ("RISES(hump, 3, 6)", -1 / 25),
    ("FALLS(x)", -1.0),
    ("RISES THEN FALLS(hump, 3, 8)", 25 / 21 - 1),
    ("FALLS THEN RISES(-hump, 3, 8)", 25 / 21 - 1),
    ("RISES THEN FALLS(y)", 0.9**10 - 1),
    ("INTERIOR PEAK(hump, 3, 8)", 25 / 21 - 1),
    ("INTERIOR PEAK(x)", 0.0),
    ("INTERIOR TROUGH(-hump, 3, 8)", 25 / 21 - 1),
    # arithmetic
    ("FINAL(x * 2 + 1) > 20.5", 1.0),
    ("MAX(FINAL(x), FINAL(y), 50) > 40", 0.25),
    ("MIN(FINAL(x), 50) > 16", 0.25),
    ("ABS(FINAL(lower)) > 16", 0.25),
    ("SQRT(FINAL(x) + 5) > 4", 0.25),
    ("LN(EXP(5)) > 4", 0.25),
    ("INTEGER(5.7) > 4", 0.25),
    ("2 ^ 3 ^ 2 > 256", 1.0),
    ("IF THEN ELSE(FINAL(x) > 10, 5, 1) > 4", 0.25),
    ("FINAL(Time) > 8", 0.25),
    # a constant, and what stands on constants alone, is a number
    ("rate > 1", 1.0),
    ("slope factor / rate > 2", 0.5),
    # elements
    ("AT(v[b], 3) > 2", 0.5),
    ("SUM(w[d!]) > 56", 0.25),
    ("SUM(w[few!]) > 24", 0.25),
    ("PROD(w[few!]) > 160", 0.25),
    ("VMAX(w[d!]) > 32", 0.25),
    ("VMIN(w[d!]) > 8", 0.25),
    ("ALL(w[d!] > 8)", 0.25),
    ("ANY(w[d!] > 32)", 0.25),
    ("ALWAYS(SUM(v[d!]) > 4.8)", 0.25),
    ("VMAX(PEAK(v[d!])) > 2.4", 0.25),
    ("FINAL(SUM(v[d!] * w[d!])) > 120", 0.25),
    ("RISES(w[d!])", 3.0),
    ("INTERIOR PEAK(AT(v[d!], 5))", 0.5),
    ("TIME OF PEAK(AT(v[d!], 5)) > 1.6", 0.25),
    ("TIME OF PEAK(ALONG(AT(v[d!], 5), w[d!])) > 16", 0.25),
    ("AT(ALONG(AT(v[d!], 5), w[d!]), 15) > 1.6", 0.25),
    ("CORRELATION(w[d!], 2 * w[d!]) > .8", 0.25),
    ("INITIAL VALUE(w[d!]) > 8", 0.25),
    # runs
    ("IN(fast, FINAL(x)) > FINAL(x)", 1.0),
    ("IN(fast, FINAL(x) > IN(base, FINAL(x)))", 1.0),
    ("IN(thrice, FINAL(x)) > 48", 0.25),
    ("IN(long, FINAL(x)) > 32", 0.25),
    ("PEAK(IN(long, x) - x + 1) < 2", 0.5),
    ("ALL(IN EACH(base, fast, long, FINAL(x)) > 16)", 0.25),
    ("VMAX(IN EACH(base, fast, FINAL(x))) > 32", 0.25),
    ("CORRELATION(IN EACH(base, fast, still, FINAL(x)), IN EACH(base, fast, still, rate)) > .8",
     0.25),
]  # fmt: skip


@pytest.fixture(scope="module")
def margins(lines: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float | None]:
    """The margin of each check, all decided in one go."""
    claims = []
    for number, (check, _) in enumerate(MARGINS):
        path = tmp_path_factory.getbasetemp() / f"m{number}.toml"
        head = HEAD.format(id=f"m{number}", expect="supported")
        path.write_text(f"{head}check = {check!r}\n{RUNS}", encoding="utf-8")
        claims.append(read_claim(path))
    return {r.claim.check[0]: r.margin for r in run_claims(lines, claims)}


@pytest.mark.parametrize(("check", "margin"), MARGINS)
def test_margins(margins: dict[str, float | None], check: str, margin: float) -> None:
    """The margin of each check, worked out by hand."""
    assert margins[check] == pytest.approx(margin, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("check", "status", "reason"),
    [
        ("FINAL(x) > 19", "supported", ""),
        ("FINAL(x) > 19.1", "not supported", "too close"),
        ("FINAL(x) > 20", "not supported", "fails"),
        ("FINAL(x) >= 20", "not supported", "too close"),
        ("CROSSING(x, 500) > 3", "ERROR", "CROSSING(x, 500) has no value"),
        ("AT(x, 11) > 3", "ERROR", "11 is outside 0 to 10"),
        ("MEAN(x, 5, 3) > 3", "ERROR", "5 to 3 ends before it starts"),
        ("FINAL(x) / 0 > 3", "ERROR", "a value that is not finite"),
        ("FINAL(x) > 3 :OR: FINAL(x) / 0 > 3", "ERROR", "a value that is not finite"),
        ("FINAL(x) > 3 :AND: :NOT: (SQRT(-1) > 3)", "ERROR", "SQRT(-1) has no value"),
        ("CORRELATION(x, zero) < 3", "ERROR", "CORRELATION(x, zero) has no value"),
        ("ANY(IN EACH(base, shot, FINAL(broken)) > 0)", "ERROR",
         "run 'shot': model.mdl: 'broken' is not finite at time 6; the run stopped there"),
        ("EVER(IN(shot, broken) > 0.5)", "ERROR",
         "run 'shot': model.mdl: 'broken' is not finite at time 6; the run stopped there"),
    ],
)  # fmt: skip
def test_status(decide: Callable[..., Result], check: str, status: str, reason: str) -> None:
    """Supported needs five per cent; what has no value is an error, wherever it stands."""
    result = decide(check, "[runs]\nshot = {constants = {hole = 5}}")
    assert result.status == status
    assert result.reason.startswith(reason)
    assert result.as_expected == (status == "supported")


def test_a_list_holds_as_a_whole(
    decide: Callable[..., Result], claim_file: Callable[..., object]
) -> None:
    """The smallest margin counts; both sides of each comparison are shown."""
    result = decide("FINAL(x) > 16", 'plot = ["x", "IN(fast, x)"]' + RUNS)
    assert [(s.left, s.right) for s in result.sides] == [(20.0, 16.0)]
    np.testing.assert_array_equal(result.curves["IN(fast, x)"][1], 4 * np.arange(11.0))


def test_ablations(decide: Callable[..., Result]) -> None:
    """Breaking is failing; too close is not; an error counts for nothing, nor does anything where
    the check itself is not supported."""
    rest = """
    [ablations]
    stops = {constants = {rate = 0}}
    slower = {constants = {rate = 1.55}}
    nothing = {constants = {unused = 1}}
    breaks down = {constants = {hole = 5}}
    """.replace("breaks down", '"breaks down"')
    result = decide("FINAL(x) > 15 :AND: FINAL(broken) > 0.5", rest)
    by_name = {a.name: a for a in result.ablations}
    assert by_name["stops"].breaks is True
    assert by_name["stops"].margin == -1.0
    assert by_name["slower"].breaks is False
    assert by_name["slower"].margin == pytest.approx(0.5 / 15)
    assert by_name["nothing"].breaks is False
    assert by_name["breaks down"].breaks is None
    assert "ERROR: run 'base'" in by_name["breaks down"].reason
    assert result.ablation_breaks is False
    weak = decide("FINAL(x) > 19.9", rest)
    assert [a.breaks for a in weak.ablations] == [None] * 4
    assert weak.ablation_breaks is None


def test_an_ablation_is_put_on_every_run(decide: Callable[..., Result]) -> None:
    """And it comes last."""
    result = decide(
        "IN(fast, FINAL(x)) > FINAL(x)",
        "[ablations]\nsame = {constants = {rate = 3}}" + RUNS,
    )
    assert result.ablations[0].breaks is True
    assert result.ablations[0].margin == 0.0


def test_what_a_claim_puts_on_all_its_runs(decide: Callable[..., Result]) -> None:
    """[base] holds in base and in every named run; a constant set anew is no longer scaled."""
    rest = """
    [base]
    constants = {"FINAL TIME" = 5}
    scale = {rate = 2}
    [runs]
    anew = {constants = {rate = 1}}
    """
    assert decide("FINAL(x) > 16", rest).margin == pytest.approx(0.25)
    assert decide("IN(anew, FINAL(x)) > 4", rest).margin == pytest.approx(0.25)


def test_series_and_start_values_change_the_model(decide: Callable[..., Result]) -> None:
    """Structural overrides; a constant that is given a series has values over time."""
    rest = """
    [runs]
    ramp = {series = {rate = {time = [0, 10], values = [0, 10]}}}
    high = {initial = {x = 5}}
    """
    assert decide("IN(high, FINAL(x)) > 20", rest).margin == pytest.approx(0.25)
    assert decide("IN(ramp, FINAL(rate)) > 8", rest).margin == pytest.approx(0.25)
    with pytest.raises(ModelError, match=r"c\.toml:9: 'check': has values over time"):
        decide("rate > 1", rest)


def test_reports_decide_nothing(decide: Callable[..., Result]) -> None:
    """Numbers, conditions, and what has no value."""
    result = decide(
        "FINAL(x) > 10",
        """
    [report]
    end = "FINAL(x)"
    more = "FINAL(x) > 100"
    never = "CROSSING(x, 500)"
    """,
    )
    assert result.reported == {"end": 20.0, "more": False, "never": None}
    assert result.status == "supported"
