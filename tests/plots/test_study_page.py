"""Pages of a study: one colour a factor, units on axes, numbers and labels that can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from epidemic import FACTORS

import sdsim
from sdsim.analyses.boxes import measured
from sdsim.analyses.policy import rank
from sdsim.analyses.sobol import Indices
from sdsim.design import (
    Crossed,
    LatinHypercube,
    Morris,
    OneAtATime,
    Policy,
    Saltelli,
)
from sdsim.plots import Line, Panel, panels
from sdsim.plots.estimates import Estimate, Rows, boxes, estimates, regret
from sdsim.plots.page import Section
from sdsim.plots.study import sections, write_study
from sdsim.plots.theme import COLOURS
from sdsim.study.study import Bootstrap, Study, study, time_unit_of
from sdsim.sweeps import Outcome, Sweep, run_sweep

MANY = tuple(Outcome(f"at {t}", f"AT(Infectious, {t})", "people") for t in range(3, 27))


def said(sweep: Sweep) -> Study:
    return study(run_sweep(sweep), sweep.design, Bootstrap(50), time_unit=time_unit_of(sweep))


@pytest.fixture(scope="module")
def indices(epidemic: sdsim.System) -> Study:
    outcomes = (MANY[5], MANY[20], Outcome("constant", "FINAL(Infectious) > 1e9"))
    design = Saltelli(FACTORS, 1024, second_order=True)
    return said(Sweep(epidemic, design, outcomes, save=("Infectious", "Recovered")))


def test_a_factor_has_one_colour_on_a_page(indices: Study) -> None:
    """Also where another order of factors holds in one series than in the other."""
    one = indices.over_time["Infectious"]
    total = Indices(*(v[::-1] for v in (one.total.value, one.total.low, one.total.high)))  # type: ignore[attr-defined]
    both = {"Infectious": one, "Recovered": replace(one, total=total)}  # type: ignore[type-var]
    seen: dict[str, set[tuple[str, str]]] = {f.name: set() for f in FACTORS}
    for section in sections(replace(indices, over_time=both)):
        for trace in section.figure.data if section.figure else ():
            if trace.name in seen and trace.mode == "lines" and trace.line.color:
                seen[trace.name].add((trace.line.color, trace.line.dash))
    assert [len(v) for v in seen.values()] == [1, 1, 1]
    assert len(set.union(*seen.values())) == 3
    black = COLOURS[6]
    assert all(colour != black for v in seen.values() for colour, _ in v)


def test_the_time_axis_has_its_unit(indices: Study) -> None:
    over = [s for s in sections(indices) if s.title.endswith("over time")]
    assert [s.title for s in over] == ["Infectious over time", "Recovered over time"]
    for section in over:
        assert section.figure is not None
        titles = {a.title.text for a in section.figure.select_xaxes()}
        assert titles == {"time (Day)"}


def test_pairs_have_a_section_of_their_own(indices: Study) -> None:
    section = next(s for s in sections(indices) if s.title == "Which factors act together")
    found = indices.results["sobol"][""]
    shown = [k for k in (0, 1) if found.above_chance(k)]
    assert shown, "the test needs a pair that stands out"
    assert section.figure is not None
    titles = [a.text for a in section.figure.layout.annotations]
    assert titles[0].startswith(f"{indices.outcomes[shown[0]]} (people): ")
    trace = section.figure.data[0]
    best = found.above_chance(shown[0])[0]
    assert trace.x[0] == found.second.value[best, shown[0]]
    assert trace.error_x.array[0] == pytest.approx(
        (found.second.high - found.second.value)[best, shown[0]]
    )


@pytest.mark.parametrize(
    "design", [Morris(FACTORS, 8), OneAtATime(FACTORS), LatinHypercube(FACTORS, 120)]
)
def test_many_outcomes_share_one_section(epidemic: sdsim.System, design: object) -> None:
    found = sections(said(Sweep(epidemic, design, MANY)))  # type: ignore[arg-type]
    assert len(found) == 1
    assert found[0].figure is not None
    assert len(found[0].figure.layout.annotations) == 24
    assert found[0].figure.layout.height < 24 * 120


def test_what_has_no_unit_reads_well(epidemic: sdsim.System, tmp_path: Path) -> None:
    outcomes = (Outcome("peak", "PEAK(Infectious)"), Outcome("at 9", "AT(Infectious, 9)", "people"))
    whole = said(Sweep(epidemic, OneAtATime(FACTORS), outcomes))
    titles = [a.text for a in sections(whole)[0].figure.layout.annotations]  # type: ignore[union-attr]
    assert re.fullmatch(r"peak, from \d[\d,.]*", titles[0])
    assert re.fullmatch(r"at 9, from \d[\d,.]* people", titles[1])
    text = write_study(tmp_path / "p.html", whole).read_text(encoding="utf-8")
    assert (
        " , " not in text[text.index("<h1>") : text.index("<nav>" if "<nav>" in text else "plotly")]
    )
    assert "onditional on these assumptions" in text


def test_policies_are_ranked_in_units(epidemic: sdsim.System) -> None:
    design = Crossed((Policy("a", {"Duration": 4.0}), Policy("b")), LatinHypercube(FACTORS[:1], 40),
                     {"Duration": 6.0})  # fmt: skip
    outcomes = tuple(replace(o, better="low" if n < 2 else "") for n, o in enumerate(MANY))
    whole = said(Sweep(epidemic, design, outcomes))
    found: list[Section] = sections(whole)
    assert {a.title.text for a in found[0].figure.select_xaxes()} == {"people"}  # type: ignore[union-attr]
    assert [n for n in whole.notes if "rank no policies" in n] == [
        "22 of 24 outcomes rank no policies (at 5, at 6, at 7 and 19 others): say "
        'better = "high" or "low"'
    ]


def test_a_map_of_regret_has_one_style_and_straight_labels() -> None:
    rng = np.random.default_rng(0)
    names = ["history", "dual citizenship high", "a rather long name of a policy"]
    sizes = {"large": (3000, "high"), "small": (0.02, "low")}
    figure = regret([
        (name, rank(rng.normal(0, size, (3, 50)), names, better, resamples=20))
        for name, (size, better) in sizes.items()
    ])  # fmt: skip
    cells = [str(c) for row in figure.data[0].text for c in row]
    assert all(re.fullmatch(r"\d{1,3}(,\d{3})*|0\.\d+", c) for c in cells), cells
    assert figure.layout.xaxis.tickangle == 0
    many = [f"policy {i}" for i in range(30)]
    figure = regret([("large", rank(rng.normal(0, 1, (30, 50)), many, "high", resamples=20))])
    assert np.shape(figure.data[0].z) == (30, 1)


def test_rows_name_their_series_and_write_numbers_out() -> None:
    items = [Estimate("one", 1764.0, 12.5, 2e4), Estimate("two", 894.0, 0.5, 1e4)]
    figure = estimates([Rows("t", [("a", items[:1]), ("b", items[1:])], "people", ["two", "one"])])
    assert [t.name for t in figure.data] == ["a", "b"]
    assert [list(t.y) for t in figure.data] == [[1.0], [0.0]]
    assert figure.data[0].customdata[0] == ["one", "1,764", "12.5", "20,000"]
    assert figure.layout.xaxis.separatethousands
    assert figure.layout.xaxis.minexponent == 6


def test_long_labels_are_cut_and_whole_on_hover() -> None:
    name = "Contact Infectivity of the first group x Initial Infectious"
    rows = Rows("t", [("second order", [Estimate(name, 0.1, 0.0, 0.2)])], "share")
    alone, beside = estimates([rows]), estimates([rows, rows])
    assert list(alone.layout.yaxis.ticktext) == [name]
    assert len(beside.layout.yaxis.ticktext[0]) == 34
    assert beside.data[0].customdata[0][0] == name


def test_boxes_stand_in_the_declared_range() -> None:
    x = np.random.default_rng(1).random((500, 2)) * 0.9 + 0.05
    case = x[:, 0] > 0.6
    box = measured(x, case, ["a", "b"], np.array([0.6, -np.inf]), np.array([np.inf, np.inf]))
    assert box.words() == ["a >= 0.6"]
    assert box.to_data()["limits"]["a"]["high"] is None
    figure = boxes([("case", box)], {"a": (0.0, 1.0), "b": (0.0, 1.0)})
    assert list(figure.layout.yaxis.ticktext) == ["a [0, 1]"]
    assert list(figure.data[0].x) == pytest.approx([0.6, 1.0])


def test_panels_leave_room_for_the_titles_between_them() -> None:
    """From the foot of one row to the head of the next: tick labels, an axis title, a title."""
    items = [Panel(str(i), [Line("a", [0, 1], [0, 1])], "x", "y") for i in range(24)]
    figure = panels(items, columns=3, height=230)
    inner = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    gap = figure.layout.yaxis.domain[0] - figure.layout.yaxis4.domain[1]
    assert 70 < gap * inner < 120
