"""Pages of a study: indices, screening, tornado, boxes and rankings, each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sdsim.plot.figures import AXIS_REST, Panel, _dress, panels
from sdsim.plot.marks import Band, Line, Mark
from sdsim.plot.page import Section, write_page
from sdsim.plot.theme import AXIS, COLOURS, GREY, safe
from sdsim.sensitivity.discovery import Box
from sdsim.sensitivity.policy import Ranking
from sdsim.study import Study

#: Factors that a figure shows; the others are in the table.
SHOWN = 15


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, in a row of a figure."""

    label: str
    value: float
    low: float
    high: float


def estimates(
    outcomes: Sequence[tuple[str, Sequence[tuple[str, Sequence[Estimate]]]]], x: str, *,
    x_range: tuple[float, float] | None = None, mark: float | None = None, columns: int = 2,
) -> go.Figure:  # fmt: skip
    """For each outcome rows of dots with intervals, from one or more series.

    outcomes : (title, series), a series being (name, estimates); labels of the first series order
        the rows from the top.   mark : where a dotted line stands.
    """
    columns = min(columns, max(len(outcomes), 1))
    rows = -(-len(outcomes) // columns)
    most = max((len(s[0][1]) for _, s in outcomes if s), default=1)
    figure = make_subplots(
        rows, columns, subplot_titles=[safe(t) for t, _ in outcomes],
        horizontal_spacing=0.32 if columns > 1 else 0.1, vertical_spacing=min(110 / (rows * (24 * most + 150)), 0.9 / max(rows - 1, 1)),
    )  # fmt: skip
    for i, (_, series) in enumerate(outcomes):
        at = {"row": i // columns + 1, "col": i % columns + 1}
        known = [e.label for _, items in series for e in items if np.isfinite(e.value)]
        apart = 0.28 if len(set(known)) < len(known) else 0.0
        for k, (name, items) in enumerate(series):
            shift = (k - (len(series) - 1) / 2) * apart
            place = {e.label: n for n, e in enumerate(series[0][1])}
            figure.add_trace(
                go.Scatter(
                    x=[e.value for e in items], y=[place[e.label] + shift for e in items],
                    mode="markers", name=safe(name), legendgroup=name, showlegend=i == 0,
                    marker={"size": 8, "color": COLOURS[k % len(COLOURS)]},
                    error_x={
                        "type": "data", "symmetric": False, "thickness": 1.6, "width": 0,
                        "array": [max(e.high - e.value, 0.0) for e in items],
                        "arrayminus": [max(e.value - e.low, 0.0) for e in items],
                    },
                    customdata=[[safe(e.label), e.low, e.high] for e in items],
                    hovertemplate="<b>%{customdata[0]}</b><br>" + safe(name)
                    + " %{x:.3g}, interval %{customdata[1]:.3g} to %{customdata[2]:.3g}"
                    "<extra></extra>",
                ), **at,
            )  # fmt: skip
        labels = [safe(e.label) for e in series[0][1]] if series else []
        figure.update_yaxes(
            tickvals=list(range(len(labels))), ticktext=labels, range=(len(labels) - 0.4, -0.6),
            ticks="", gridcolor="#f3f5f6", **at,
        )  # fmt: skip
        figure.update_xaxes(title_text=safe(x), range=x_range, **AXIS_REST, **at)
        if mark is not None:
            line = {"color": GREY, "width": 1, "dash": "dot"}
            figure.add_vline(x=mark, line=line, **at)
    height = rows * (24 * most + 150) + 60
    _dress(figure, height)
    figure.update_layout(margin={"l": 230, "t": 56}, legend_y=-64 / max(height - 110, 1))
    figure.update_xaxes(title=AXIS["title"])
    return figure


def over_time(said: Study, variable: str, unit: str = "") -> go.Figure:
    """Total indices of one variable along time, with intervals, and what lies in no one factor."""
    r: Any = said.over_time[variable]
    total, first = r.total, r.first
    order = np.argsort(-np.nan_to_num(np.nanmax(total.value, axis=1), nan=-1))[:6]
    marks: list[Mark] = []
    for n, i in enumerate(order):
        name = r.factors[int(i)]
        definition = "Share of the variance that would be gone without this factor."
        marks += [
            Band(f"{name}, {r.level:.0%}", said.time, total.low[i], total.high[i], colour=n),
            Line(name, said.time, total.value[i], definition=definition, colour=n),
        ]  # fmt: skip
    marks.sort(key=lambda m: isinstance(m, Band))
    rest = np.clip(1 - np.nansum(first.value, axis=0), 0, 1)
    rest = np.where(np.isfinite(first.value).all(axis=0), rest, np.nan)
    alone: list[Mark] = [
        Line(r.factors[int(i)], said.time, first.value[i], colour=n) for n, i in enumerate(order)
    ]
    alone.append(Line("in no one factor alone", said.time, rest, colour=6, dash=2))
    return panels(
        [Panel(f"{variable}: total", marks, f"time {unit}", "share of variance", (0, 1.05)),
         Panel(f"{variable}: first order", alone, f"time {unit}", "share of variance", (0, 1.05))],
        height=380,
    )  # fmt: skip


def boxes(found: Sequence[tuple[str, Box]], low: np.ndarray[Any, Any], high: np.ndarray[Any, Any]) -> go.Figure:  # fmt: skip
    """Which part of each factor's range the boxes take; factors that no box restricts are left
    out."""
    rows = sorted({int(j) for _, b in found for j in np.flatnonzero(b.restricted)})
    names = [found[0][1].factors[j] for j in rows] if found else []
    figure = go.Figure()
    for k, (name, box) in enumerate(found):
        for n, j in enumerate(rows):
            size = high[j] - low[j] or 1.0
            ends = (box.low[j] - low[j]) / size, (box.high[j] - low[j]) / size
            y = n + (k - (len(found) - 1) / 2) * 0.2
            figure.add_trace(
                go.Scatter(
                    x=list(ends), y=[y, y], mode="lines", name=safe(name), legendgroup=name,
                    showlegend=n == 0,
                    line={"color": COLOURS[k % len(COLOURS)],
                          "width": 9 if box.restricted[j] else 2},
                    hovertemplate=f"<b>{safe(names[n])}</b><br>{safe(name)}: "
                    f"{box.low[j]:.4g} to {box.high[j]:.4g}<extra></extra>",
                )
            )  # fmt: skip
    labels = [f"{safe(n)}  [{low[j]:.3g}, {high[j]:.3g}]" for n, j in zip(names, rows, strict=True)]
    height = 30 * len(rows) * max(len(found), 1) // 2 + 200
    _dress(figure, height)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=labels, range=(len(rows) - 0.4, -0.6), ticks=""
    )
    figure.update_xaxes(
        title_text="place in the factor's range, low to high", range=(-0.02, 1.02), **AXIS_REST
    )
    figure.update_layout(margin={"l": 330}, legend_y=-80 / max(height - 100, 1))
    return figure


def regret(rankings: Sequence[tuple[str, Ranking]]) -> go.Figure:
    """Mean regret of each policy in each outcome, as a share of the worst policy's."""
    policies = rankings[0][1].policies
    z, text = [], []
    for _, r in rankings:
        worst = max(float(r.regret[:, 0].max()), 1e-300)
        z.append([float(v) / worst for v in r.regret[:, 0]])
        text.append([f"{v:.3g}" for v in r.regret[:, 0]])
    figure = go.Figure(
        go.Heatmap(
            z=z, x=[safe(p) for p in policies], y=[safe(n) for n, _ in rankings], text=text,
            texttemplate="%{text}", zmin=0, zmax=1, showscale=False,
            colorscale=[[0, "#ffffff"], [1, COLOURS[1]]],
            hovertemplate="<b>%{x}</b><br>%{y}: mean regret %{text}<extra></extra>",
        )
    )  # fmt: skip
    _dress(figure, 70 * len(rankings) + 160)
    figure.update_layout(margin={"l": 260, "b": 110})
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)
    figure.update_xaxes(ticks="", showgrid=False, side="bottom")
    return figure


# --- the page of a study ----------------------------------------------------------------------


def _head(said: Study, k: int) -> str:
    return f"{said.outcomes[k]} ({said.units[k]})" if said.units[k] else said.outcomes[k]


def _varying(said: Study) -> list[int]:
    """Outcomes of which there is something to say; the notes name the others."""
    return [k for k, varies in enumerate(said.varies) if varies]


def _sobol(said: Study, by: Any) -> list[Section]:
    r = by[""]
    rows = []
    for k in _varying(said):
        order = [int(i) for i in np.argsort(-r.total.value[:, k])][:SHOWN]
        rows.append((_head(said, k), [
            (name, [Estimate(r.factors[i], part.value[i, k], part.low[i, k], part.high[i, k])
                    for i in order])
            for name, part in (("total", r.total), ("first order", r.first))
        ]))  # fmt: skip
    out = [Section(
        "What the variance comes from", estimates(rows, "share of variance", mark=0.0),
        text="First order: the share of the variance that would be gone if this factor alone were known. "
        "Total: the share that would be left if all others were known.",
        note=f"Saltelli's design; bars are {r.level:.0%} bootstrap intervals.",
    )]  # fmt: skip
    for name in said.over_time:
        out.append(Section(f"{name} over time", over_time(said, name)))
    return out


def _convergence(said: Study, by: Any) -> list[Section]:
    steps = sorted(((int(n), s) for n, s in by.items()), key=lambda p: p[0])
    items = []
    for k in _varying(said):
        last = steps[-1][1].total.value[:, k]
        marks: list[Mark] = []
        x = [float(np.log2(n)) for n, _ in steps]
        for n, i in enumerate(np.argsort(-np.nan_to_num(last))[:5]):
            lines = [np.array([getattr(s.total, part)[i, k] for _, s in steps])
                     for part in ("value", "low", "high")]  # fmt: skip
            name = steps[0][1].factors[int(i)]
            marks += [Line(name, x, lines[0], colour=n),
                      Band(f"{name}, interval", x, lines[1], lines[2], colour=n)]  # fmt: skip
        items.append(Panel(_head(said, k), marks, "base points, powers of 2", "total index"))
    return [Section(
        "Are there enough runs?", panels(items),
        text="Total indices from an eighth, a quarter, half and all of the base points. "
        + (" ".join(f"{n[0].upper()}{n[1:]}." for n in said.notes) or "They have settled."),
    )]  # fmt: skip


def _morris(said: Study, by: Any) -> list[Section]:
    r = by[""]
    out = []
    for k in _varying(said):
        order = [int(i) for i in np.argsort(-r.star[:, k])][:SHOWN]
        items = [Estimate(r.factors[i], r.star[i, k], r.low[i, k], r.high[i, k]) for i in order]
        unit = said.units[k] or "units of the outcome"
        figure = estimates([(_head(said, k), [("size of effects", items)])], unit, columns=1)
        out.append(Section(f"Screening: {said.outcomes[k]}", figure,
                           note="Mean size of the effects of moving a factor across its whole range, "
                           f"with {r.level:.0%} bootstrap intervals."))  # fmt: skip
    return out


def _tornado(said: Study, by: Any) -> list[Section]:
    r = by[""]
    out = []
    for k in _varying(said):
        order = r.order(k)[:SHOWN]
        series = [
            (f"at its {side} end",
             [Estimate(r.factors[i], getattr(r, side)[i, k], getattr(r, f"{side}_band")[0, i, k],
                       getattr(r, f"{side}_band")[1, i, k]) for i in order])
            for side in ("low", "high")
        ]  # fmt: skip
        unit = said.units[k] or "units of the outcome"
        figure = estimates([(_head(said, k), series)], f"change, {unit}", mark=0.0, columns=1)
        out.append(Section(
            f"One at a time: {said.outcomes[k]}", figure,
            note=f"Change from {r.centre[k]:.5g} {said.units[k]}, where all factors lie in the middle. "
            "Bars: 5 to 95 % of the same change with all other factors anywhere.",
        ))  # fmt: skip
    return out


def _pawn(said: Study, by: Any) -> list[Section]:
    r = by[""]
    out = []
    for k in _varying(said):
        order = [int(i) for i in np.argsort(-np.nan_to_num(r.median[:, k]))][:SHOWN]
        items = [Estimate(r.factors[i], r.median[i, k], r.median[i, k], r.largest[i, k])
                 for i in order]  # fmt: skip
        figure = estimates(
            [(_head(said, k), [("median to largest", items)])], "distance of distributions",
            x_range=(0, 1), mark=float(r.dummy[k]), columns=1,
        )  # fmt: skip
        out.append(Section(f"What moves {said.outcomes[k]}", figure,
                           note="How far the distribution moves when a factor is known: median and largest over "
                           "its slices. Dotted: what a factor that does nothing reaches in 95 of 100 shuffles."))  # fmt: skip
    return out


def _box(said: Study, by: Any) -> list[Section]:
    found = list(by.items())
    low = np.min([b.low for _, b in found], axis=0)
    high = np.max([b.high for _, b in found], axis=0)
    ends = getattr(said, "_ends", (low, high))
    rows = [["case", "in the box it holds in", "share of all cases", "share of all members", "box"]]
    for name, b in found:
        words = "; ".join(b.words()) or "nothing but chance"
        rows.append([name, f"{b.density:.0%}", f"{b.coverage:.0%}", f"{b.mass:.0%}", words])
    figure = boxes(found, *ends) if any(b.restricted.any() for _, b in found) else None
    return [Section(
        "Where it happens", figure, table=rows,
        text="Boxes found by peeling (PRIM): conditions under which a case is common. Thick: the part of the "
        "range that belongs to the box.",
        note="Restrictions that chance explains (quasi-p above 0.05) are dropped.",
    )]  # fmt: skip


def _ranking(said: Study, by: Any) -> list[Section]:
    rankings = list(by.items())
    rows = []
    for name, r in rankings:
        k = said.outcomes.index(name)
        items = [Estimate(r.policies[i], r.quantiles[i, 1], r.quantiles[i, 0], r.quantiles[i, 2])
                 for i in r.order()]  # fmt: skip
        rows.append((f"{_head(said, k)}, {r.better} is better", [("median, 5 to 95 %", items)]))
    used = rankings[0][1].used
    return [
        Section("Policies under uncertainty", estimates(rows, "outcome"),
                note=f"{used:,} draws of all uncertainties, the same for every policy."),
        Section("Regret", regret(rankings),
                text="What is lost, on average over the draws, against the policy that would have been best in "
                "each of them; darker is worse within a row."),
    ]  # fmt: skip


SECTIONS: dict[str, Callable[[Study, Any], list[Section]]] = {
    "sobol": _sobol, "convergence": _convergence, "morris": _morris, "tornado": _tornado,
    "pawn": _pawn, "box": _box, "ranking": _ranking,
}  # fmt: skip


def sections(said: Study) -> list[Section]:
    """Everything that was found, as sections of a page."""
    out: list[Section] = []
    for method, by in said.results.items():
        if method in SECTIONS and by:
            out += SECTIONS[method](said, by)
    return out


def write_study(path: str | Path, said: Study, title: str = "") -> Path:
    """A page of its own."""
    lead = (
        f"{said.members:,} members, design: {said.design}. Conditional on the model and on the ranges "
        "of its factors."
    )
    notes = "\n\n".join(said.notes)
    return write_page(path, title or "Sensitivity", sections(said), lead=lead, footer=notes)
