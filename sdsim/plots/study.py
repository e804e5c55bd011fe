"""Pages for a study: indices, screening, tornado, boxes and rankings, all with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sdsim.base.numerals import listed, shown
from sdsim.plots.estimates import Estimate, Rows, boxes, estimates, regret
from sdsim.plots.figures import Panel, panels
from sdsim.plots.marks import Band, Line, Mark
from sdsim.plots.page import Section, write_page
from sdsim.study.study import Study

#: The most rows on one set of axes, by the number of sets; the printed tables show all rows.
SHOWN = ((4, 15), (12, 8), (10_000, 5))
#: The most factors drawn as lines over time.
LINES = 6
#: Indices in the palette; black is for variance that no single factor explains.
HUES, ALONE = (0, 1, 2, 3, 4, 5, 7), 6
CONDITION = (
    "Conditional on these assumptions: the model's equations, and the ranges and distributions of "
    "what varies."
)


def _head(said: Study, k: int) -> str:
    return f"{said.outcomes[k]} ({said.units[k]})" if said.units[k] else said.outcomes[k]


def _unit(said: Study, k: int) -> str:
    return said.units[k] or "units of the outcome"


def _varying(said: Study) -> list[int]:
    """Outcomes that can be analysed; the notes name the others."""
    return [k for k, varies in enumerate(said.varies) if varies]


def _most(sets: int) -> int:
    return next(rows for most, rows in SHOWN if sets <= most)


def _cut(most: int, of: int, what: str = "factors") -> str:
    """A sentence that says so if not all rows are shown."""
    return f" The {most} largest of {of:,} {what}." if of > most else ""


Hues = Mapping[str, tuple[int, int]]


def hues(said: Study) -> Hues:
    """The colour and dash of each factor, the same throughout a page; the most important factors
    come first and get colours of their own."""
    results: list[Any] = [*said.results.get("sobol", {}).values(), *said.over_time.values()]
    most: dict[str, float] = {}
    for r in results:
        flat = np.nan_to_num(r.total.value.reshape(len(r.factors), -1), nan=-1.0)
        for factor, value in zip(r.factors, flat.max(axis=1, initial=-1.0), strict=True):
            most[factor] = max(most.get(factor, -1.0), float(value))
    order = sorted(most, key=lambda f: -most[f])
    return {f: (HUES[n % len(HUES)], n // len(HUES) % 4) for n, f in enumerate(order)}


def over_time(said: Study, names: Sequence[str], colours: Hues) -> go.Figure:
    """Total and first-order indices of some series over time, with intervals, and the share that
    no single factor explains."""
    x = f"time ({said.time_unit})" if said.time_unit else "time"
    share, ends = "share of variance", (0, 1.05)
    out = []
    for name in names:
        r: Any = said.over_time[name]
        highest = np.nan_to_num(r.total.value, nan=-1.0).max(axis=1)
        order = [int(i) for i in np.argsort(-highest, kind="stable")][:LINES]
        total: list[Mark] = []
        alone: list[Mark] = []
        for part, marks, definition in (
            (r.total, total, "Share of the variance that is left if all others are known."),
            (r.first, alone, "Share of the variance that goes if this factor alone is known."),
        ):
            for i in order:
                factor = r.factors[i]
                colour, dash = colours[factor]
                marks.append(Line(factor, said.time, part.value[i], definition=definition,
                                  colour=colour, dash=dash))  # fmt: skip
            for i in order:
                marks.append(Band(f"{r.factors[i]}, {r.level:.0%} interval", said.time, part.low[i],
                                  part.high[i], colour=colours[r.factors[i]][0], legend=False))  # fmt: skip
        rest = np.clip(1 - np.nansum(r.first.value, axis=0), 0, 1)
        rest = np.where(np.isfinite(r.first.value).all(axis=0), rest, np.nan)
        alone.append(Line("in no one factor alone", said.time, rest, colour=ALONE, dash=2,
                          definition="What the first orders leave: factors acting together."))  # fmt: skip
        out += [Panel(f"{name}: total", total, x, share, ends),
                Panel(f"{name}: first order", alone, x, share, ends)]  # fmt: skip
    return panels(out, height=360 if len(names) == 1 else 280)


def _sobol(said: Study, by: Any) -> list[Section]:
    r = by[""]
    kept = _varying(said)
    most = _most(len(kept))
    rows = []
    for k in kept:
        order = [int(i) for i in np.argsort(-r.total.value[:, k])][:most]
        rows.append(Rows(_head(said, k), [
            (name, [Estimate(r.factors[i], part.value[i, k], part.low[i, k], part.high[i, k])
                    for i in order])
            for name, part in (("total", r.total), ("first order", r.first))
        ], "share of variance", mark=0.0))  # fmt: skip
    out = []
    if rows:
        out.append(Section(
            "What the variance comes from", estimates(rows),
            text="First order: the share of the variance that would be gone if this factor alone were known. "
            "Total: the share that would be left if all others were known.",
            note=f"Saltelli's design; bars are {r.level:.0%} bootstrap intervals." + _cut(most, len(r.factors)),
        ))  # fmt: skip
    if r.second is not None and len(r.pairs) and rows:
        out.append(_pairs(said, r, kept, most))
    groups: dict[str, list[str]] = {}
    for name in said.over_time:
        groups.setdefault(name.partition("[")[0], []).append(name)
    colours = hues(said)
    for name, members in groups.items():
        out.append(Section(
            f"{name} over time", over_time(said, members, colours),
            note=f"Up to {LINES} factors, those that matter most at any time; bands are {r.level:.0%} bootstrap "
            "intervals. A factor has the same colour on the whole page.",
        ))  # fmt: skip
    return out


def _pairs(said: Study, r: Any, kept: Sequence[int], most: int) -> Section:
    """Interactions of pairs of factors: their effect beyond what each has alone."""
    rows, without = [], []
    for k in kept:
        found = r.above_chance(k)
        if not found:
            without.append(said.outcomes[k])
            continue
        items = [
            Estimate(" x ".join(r.factors[j] for j in r.pairs[i]), r.second.value[i, k],
                     r.second.low[i, k], r.second.high[i, k]) for i in found[:most]
        ]  # fmt: skip
        title = f"{_head(said, k)}: {len(found)} of {len(r.pairs):,} pairs"
        rows.append(Rows(title, [("second order", items)], "share of variance", mark=0.0))
    text = (
        "Second order: the share of the variance that two factors have together, beyond what each has alone. "
        f"Shown are pairs above what the largest of {len(r.pairs):,} pairs reaches by chance in 95 of 100 designs."
    )
    if without:
        text += f" There is none in {listed(without)}."
    columns = 1 if len(rows) <= SHOWN[1][0] else 2  # names of pairs are long
    figure = estimates(rows, columns=columns) if rows else None
    return Section("Which factors act together", figure, text=text,
                   note=f"Bars are {r.level:.0%} bootstrap intervals." if rows else "")  # fmt: skip


def _convergence(said: Study, by: Any) -> list[Section]:
    steps = sorted(((int(n), s) for n, s in by.items()), key=lambda p: p[0])
    kept = _varying(said)
    if not kept:
        return []
    colours, items = hues(said), []
    x = [float(n) for n, _ in steps]
    for k in kept:
        last = steps[-1][1].total.value[:, k]
        marks: list[Mark] = []
        for i in np.argsort(-np.nan_to_num(last))[:5]:
            value, low, high = (np.array([getattr(s.total, part)[i, k] for _, s in steps])
                                for part in ("value", "low", "high"))  # fmt: skip
            name = steps[0][1].factors[int(i)]
            colour, dash = colours[name]
            marks += [Line(name, x, value, colour=colour, dash=dash),
                      Band(f"{name}, interval", x, low, high, colour=colour, legend=False)]  # fmt: skip
        items.append(Panel(_head(said, k), marks, "base points", "total index"))
    wide = len(kept) > 6
    verdict = steps[-1][1].verdict()
    return [Section(
        "Are there enough runs?",
        panels(items, columns=3 if wide else 2, height=230 if wide else 320),
        text="Total indices (a share of variance) from an eighth, a quarter, half and all of the base points. "
        + (f"{verdict[0].upper()}{verdict[1:]}." if verdict else "They have settled."),
        note=f"The five largest of each outcome; bands are {steps[-1][1].level:.0%} bootstrap intervals.",
    )]  # fmt: skip


def _morris(said: Study, by: Any) -> list[Section]:
    r = by[""]
    kept = _varying(said)
    most = _most(len(kept))
    rows = []
    for k in kept:
        order = [int(i) for i in np.argsort(-r.star[:, k])][:most]
        items = [Estimate(r.factors[i], r.star[i, k], r.low[i, k], r.high[i, k]) for i in order]
        rows.append(Rows(_head(said, k), [("mean size of effects", items)], _unit(said, k)))
    return [Section(
        "Screening", estimates(rows),
        text="Mean size of the change of an outcome when a factor moves across its whole range, from "
        "different places among the others.",
        note=f"Morris's design; bars are {r.level:.0%} bootstrap intervals." + _cut(most, len(r.factors)),
    )] if rows else []  # fmt: skip


def _tornado(said: Study, by: Any) -> list[Section]:
    r = by[""]
    kept = _varying(said)
    most = _most(len(kept))
    rows = []
    for k in kept:
        order = r.order(k)[:most]
        series = [
            (f"at its {side} end",
             [Estimate(r.factors[i], change[i, k], band[0, i, k], band[1, i, k]) for i in order])
            for side, change, band in (("low", r.low, r.low_band), ("high", r.high, r.high_band))
        ]  # fmt: skip
        unit = f" {said.units[k]}" if said.units[k] else ""
        rows.append(Rows(f"{said.outcomes[k]}, from {shown(r.centre[k])}{unit}", series,
                         f"change, {_unit(said, k)}", mark=0.0))  # fmt: skip
    bars = "Bars: 5 to 95 % of the same change with all other factors anywhere." if r.used > 1 else (
        "The others lie in the middle alone; with more draws in the design there are bars for elsewhere.")  # fmt: skip
    return [Section(
        "One at a time", estimates(rows),
        text="What an outcome changes by when one factor goes to the low or the high end of its range; it "
        "starts from where all factors lie in the middle, the number above each figure.",
        note=bars + _cut(most, len(r.factors)),
    )] if rows else []  # fmt: skip


def _pawn(said: Study, by: Any) -> list[Section]:
    r = by[""]
    kept = [k for k in _varying(said) if np.isfinite(r.median[:, k]).any()]
    most = _most(len(kept))
    rows = []
    for k in kept:
        order = [int(i) for i in np.argsort(-np.nan_to_num(r.median[:, k]))][:most]
        items = [Estimate(r.factors[i], r.median[i, k], r.median[i, k], r.largest[i, k])
                 for i in order]  # fmt: skip
        rows.append(Rows(_head(said, k), [("median to largest", items)],
                         "distance of distributions, 0 to 1", mark=float(r.dummy[k])))  # fmt: skip
    return [Section(
        "What moves the outcomes", estimates(rows, x_range=(0, 1)),
        text="How far the distribution of an outcome moves when a factor is known (PAWN): 0 not at all, 1 "
        "altogether.",
        note=f"Dot and bar: median and largest over {r.slices} slices of the factor. Dotted: what a factor that "
        "does nothing reaches in 95 of 100 shuffles." + _cut(most, len(r.factors)),
    )] if rows else []  # fmt: skip


def _box(said: Study, by: Any) -> list[Section]:
    found = list(by.items())
    rows = [["case", "in the box it holds in", "share of all cases", "share of all members", "box"]]
    for name, b in found:
        words = "; ".join(b.words()) or "nothing but chance"
        rows.append([name, f"{b.density:.0%}", f"{b.coverage:.0%}", f"{b.mass:.0%}", words])
    figure = boxes(found, said.ranges) if any(b.restricted.any() for _, b in found) else None
    return [Section(
        "Where it happens", figure, table=rows,
        text="Boxes found by peeling (PRIM): conditions under which a case is common. Thick: the part of a "
        "factor's declared range that belongs to the box.",
        note="Restrictions that chance explains (quasi-p above 0.05) are dropped.",
    )]  # fmt: skip


def _ranking(said: Study, by: Any) -> list[Section]:
    rankings = list(by.items())
    if not rankings:
        return []
    rows, most = [], max(_most(len(rankings)), 10)
    for name, r in rankings:
        k = said.outcomes.index(name)
        items = [Estimate(r.policies[i], r.quantiles[i, 1], r.quantiles[i, 0], r.quantiles[i, 2])
                 for i in r.order()[:most]]  # fmt: skip
        rows.append(Rows(f"{name}: {r.better} is better", [("median, 5 to 95 % of draws", items)],
                         said.units[k] or name))  # fmt: skip
    first = rankings[0][1]
    best = (
        f" The {most} best of {len(first.policies)} policies." if len(first.policies) > most else ""
    )
    return [
        Section("Policies under uncertainty", estimates(rows),
                note=f"{first.used:,} draws of all uncertainties, the same for every policy; the best mean on "
                "top." + best),
        Section("Regret", regret(rankings),
                text="What is lost, on average over the draws, against the policy that would have been best in "
                "each of them, in units of the outcome; darker is worse within an outcome."),
    ]  # fmt: skip


SECTIONS: dict[str, Callable[[Study, Any], list[Section]]] = {
    "sobol": _sobol, "convergence": _convergence, "morris": _morris, "tornado": _tornado,
    "pawn": _pawn, "box": _box, "ranking": _ranking,
}  # fmt: skip


def sections(said: Study) -> list[Section]:
    """All results as sections of a page."""
    out: list[Section] = []
    for method, by in said.results.items():
        if method in SECTIONS and by:
            out += SECTIONS[method](said, by)
    return out


def write_study(path: str | Path, said: Study, title: str = "") -> Path:
    """Write the study as a page."""
    lead = f"{said.members:,} members, design: {said.design}. {CONDITION}"
    lead += "".join(f" Missing: {w}." for w in said.warned())
    notes = "\n\n".join(f"{n}." for n in said.notes)
    return write_page(path, title or "Sensitivity", sections(said), lead=lead, footer=notes)
