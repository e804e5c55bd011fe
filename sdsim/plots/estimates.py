"""Figures for a study: rows of dots with intervals, boxes within factor ranges, regret maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sdsim.analyses.discovery import Box
from sdsim.analyses.policy import Ranking
from sdsim.base.numerals import shown, style_of
from sdsim.plots.figures import AXIS_REST, VALUES, dress
from sdsim.plots.theme import AXIS, COLOURS, GREY, safe, wrapped

#: Pixels: height of a row, gap between axes, width of a letter, largest width of a page.
ROW, GAP, LETTER, PAGE = 23, 92, 6.7, 930
#: The most letters of a label, and of one on full-width axes; hovering shows the rest.
LABEL, WIDE = 34, 60


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, shown in a row of a figure."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Rows:
    """One set of axes: labelled rows, in which each named series has dots with intervals.

    x : axis title with unit.   labels : from the top; by default those of the first series.
    mark : position of a dotted line.
    """

    title: str
    series: Sequence[tuple[str, Sequence[Estimate]]]
    x: str
    labels: Sequence[str] = ()
    mark: float | None = None

    def names(self) -> list[str]:
        """Labels from the top."""
        return list(self.labels or [e.label for e in (self.series[0][1] if self.series else ())])


def estimates(
    items: Sequence[Rows], *, x_range: tuple[float, float] | None = None, columns: int = 2
) -> go.Figure:
    """Sets of rows side by side; a series has the same colour in all of them."""
    columns = max(min(columns, len(items)), 1)
    lines = [max([len(r.names()) for r in items[i : i + columns]] + [2])
             for i in range(0, len(items), columns)]  # fmt: skip
    most = LABEL if columns > 1 else WIDE
    left, between = (_room(items[c::columns], most) for c in (0, 1))
    across = (PAGE - left - (between if columns > 1 else 0)) / columns
    titles = [wrapped(r.title, max(int((across + 40) / LETTER), 20)) for r in items]
    deep = 17 * max([t.count("<br>") for t in titles] + [0])
    gap = GAP + deep
    inner = sum(lines) * ROW + (len(lines) - 1) * gap
    figure = make_subplots(
        len(lines), columns, subplot_titles=titles,
        row_heights=list(lines), vertical_spacing=gap / inner if len(lines) > 1 else 0.0,
        horizontal_spacing=between / (PAGE - left) if columns > 1 else 0.0,
    )  # fmt: skip
    known: list[str] = []
    for i, rows in enumerate(items):
        row, column = i // columns + 1, i % columns + 1
        for name, _ in rows.series:
            if name not in known:
                known.append(name)
        for trace in _dots(rows, known):
            trace.showlegend = not any(t.legendgroup == trace.legendgroup for t in figure.data)
            figure.add_trace(trace, row, column)
        labels = rows.names()
        figure.update_yaxes(
            tickvals=list(range(len(labels))), ticktext=[safe(_clipped(x, most)) for x in labels],
            range=(max(len(labels), 2) - 0.4, -0.6), ticks="", gridcolor="#f3f5f6", row=row,
            col=column,
        )  # fmt: skip
        figure.update_xaxes(title_text=safe(rows.x), range=x_range, row=row, col=column)
        if rows.mark is not None:
            line = {"color": GREY, "width": 1, "dash": "dot"}
            figure.add_vline(x=rows.mark, line=line, row=row, col=column)
    dress(figure, inner + 56 + deep + 100)
    figure.update_xaxes(title=AXIS["title"], nticks=4, tickangle=0, **VALUES)
    figure.update_layout(
        margin={"l": left, "t": 56 + deep, "b": 100, "r": 24}, legend_y=-64 / inner, legend_x=0.5,
        legend_xanchor="center",
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    return figure


def _room(items: Sequence[Rows], most: int) -> float:
    """The width in pixels of the labels of some axes."""
    longest = max((len(_clipped(n, most)) for r in items for n in r.names()), default=4)
    return longest * LETTER + 34


def _clipped(label: str, most: int = LABEL) -> str:
    label = " ".join(label.split())
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _dots(rows: Rows, known: Sequence[str]) -> list[go.Scatter]:
    place = {label: n for n, label in enumerate(rows.names())}
    used = [e.label for _, items in rows.series for e in items if np.isfinite(e.value)]
    apart = 0.28 if len(set(used)) < len(used) else 0.0
    style = style_of(v for _, items in rows.series for e in items for v in (e.low, e.value, e.high))
    out = []
    for k, (name, items) in enumerate(rows.series):
        shift = (k - (len(rows.series) - 1) / 2) * apart
        out.append(
            go.Scatter(
                x=[e.value for e in items], y=[place[e.label] + shift for e in items],
                mode="markers", name=safe(name), legendgroup=safe(name),
                marker={"size": 8, "color": COLOURS[known.index(name) % len(COLOURS)]},
                error_x={
                    "type": "data", "symmetric": False, "thickness": 1.6, "width": 0,
                    "array": [max(e.high - e.value, 0.0) for e in items],
                    "arrayminus": [max(e.value - e.low, 0.0) for e in items],
                },
                customdata=[
                    [safe(e.label), style(e.value), style(e.low), style(e.high)] for e in items
                ],
                hovertemplate=f"<b>%{{customdata[0]}}</b><br>{safe(name)}: %{{customdata[1]}}, "
                f"%{{customdata[2]}} to %{{customdata[3]}}<br>{safe(rows.x)}<extra></extra>",
            )
        )  # fmt: skip
    return out


def boxes(found: Sequence[tuple[str, Box]], ranges: Mapping[str, tuple[float, float]]) -> go.Figure:
    """The part of each factor's range that the boxes cover; unrestricted factors are left out.

    ranges : declared ranges of the factors, where open ends of a box are drawn.
    """
    rows = sorted({int(j) for _, b in found for j in np.flatnonzero(b.restricted)})
    names = [found[0][1].factors[j] for j in rows] if found else []
    figure = go.Figure()
    for k, (name, box) in enumerate(found):
        for n, j in enumerate(rows):
            low, high = ranges[names[n]]
            ends = (
                box.low[j] if box.from_low[j] else low, box.high[j] if box.to_high[j] else high
            )  # fmt: skip
            y = n + (k - (len(found) - 1) / 2) * 0.24
            words = box.condition(j) if box.restricted[j] else "no condition"
            figure.add_trace(
                go.Scatter(
                    x=[(e - low) / ((high - low) or 1.0) for e in ends], y=[y, y], mode="lines",
                    name=safe(name), legendgroup=safe(name), showlegend=n == 0,
                    line={"color": COLOURS[k % len(COLOURS)],
                          "width": 9 if box.restricted[j] else 2},
                    hovertemplate=f"<b>{safe(names[n])}</b><br>{safe(name)}: {safe(words)}"
                    "<extra></extra>",
                )
            )  # fmt: skip
    labels = [f"{_clipped(n)}  [{shown(ranges[n][0])}, {shown(ranges[n][1])}]" for n in names]
    inner = 34 * max(len(rows), 2) * max(len(found), 2) // 2
    dress(figure, inner + 150)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[safe(x) for x in labels], ticks="",
        range=(len(rows) - 0.4, -0.6),
    )  # fmt: skip
    figure.update_xaxes(
        title_text="place in the factor's range, from its low to its high end",
        range=(-0.02, 1.02), **AXIS_REST,
    )  # fmt: skip
    left = max((len(x) for x in labels), default=10) * LETTER + 24
    figure.update_layout(margin={"l": left, "t": 20, "b": 100}, legend_y=-60 / inner)
    return figure


#: The most policies shown side by side.
ABREAST = 10


def regret(rankings: Sequence[tuple[str, Ranking]]) -> go.Figure:
    """Mean regret of each policy in each outcome, shaded as a share of the worst policy's."""
    policies = [wrapped(p, 200) for p in rankings[0][1].policies]
    outcomes = [safe(n) for n, _ in rankings]
    share, text, hover = [], [], []
    for _, r in rankings:
        losses = r.regret[:, 0]
        style = style_of(losses, 3)
        share.append(losses / max(float(losses.max()), 1e-300))
        text.append([style(v) for v in losses])
        hover.append([
            f"mean regret {style(v)}, {r.level:.0%} interval {style(a)} to {style(b)}"
            for v, a, b in zip(losses, r.regret_low, r.regret_high, strict=True)
        ])  # fmt: skip
    z, cells, told = np.array(share), np.array(text), np.array(hover)
    across, down = policies, outcomes
    if len(policies) > ABREAST:
        z, cells, told, across, down = z.T, cells.T, told.T, outcomes, policies
    left = max(len(_clipped(x)) for x in down) * LETTER + 24
    width = max(int((PAGE - left) / len(across) / LETTER), 6)
    labels = [wrapped(x, width) for x in across]
    figure = go.Figure(
        go.Heatmap(
            z=z, text=cells, texttemplate="%{text}", customdata=told, zmin=0, zmax=1,
            showscale=False, colorscale=[[0, "#ffffff"], [1, COLOURS[1]]], xgap=2, ygap=2,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    deep = 17 * max(x.count("<br>") + 1 for x in labels) + 24
    dress(figure, (44 if len(down) <= ABREAST else 24) * len(down) + deep + 30)
    figure.update_layout(margin={"l": left, "t": 20, "b": deep, "r": 8})
    figure.update_yaxes(
        autorange="reversed", ticks="", showgrid=False, tickvals=list(range(len(down))),
        ticktext=[_clipped(x) for x in down],
    )  # fmt: skip
    figure.update_xaxes(
        ticks="", showgrid=False, tickvals=list(range(len(across))), ticktext=labels, side="bottom",
        tickangle=0 if width > 6 or len(across) <= ABREAST else -45,
    )  # fmt: skip
    return figure
