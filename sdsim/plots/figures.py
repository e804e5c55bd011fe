"""Kinds of figure: lines with dots and bands, panels of them, and lever effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from sdsim.base.errors import ModelError, suggested
from sdsim.plots.marks import Line, Mark, traces
from sdsim.plots.theme import AXIS, COLOURS, DASHES, GREY, LAYOUT, safe, wrapped
from sdsim.run.result import Run


@dataclass(frozen=True)
class Panel:
    """One set of axes."""

    title: str
    marks: Sequence[Mark]
    x: str = ""
    y: str = ""
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Frames:
    """The positions of a slider: a label, and the marks that replace the first ones, for each."""

    name: str
    labels: Sequence[str]
    marks: Sequence[Sequence[Mark]]
    start: int = 0


@dataclass(frozen=True)
class Move:
    """The effect of one lever on one outcome: the changes at its low and its high end."""

    lever: str
    low: float
    high: float
    low_setting: str = ""
    high_setting: str = ""
    definition: str = ""
    group: str = ""
    interval: tuple[float, float, float, float] | None = field(default=None)


def line_figure(
    marks: Sequence[Mark],
    x: str,
    y: str,
    *,
    y_range: tuple[float, float] | None = None,
    x_range: tuple[float, float] | None = None,
    percent: bool = False,
    frames: Frames | None = None,
    events: Mapping[float, str] | None = None,
    height: int = 460,
) -> go.Figure:
    """Lines, dots and bands on one set of axes, with an optional slider.

    x, y : axis titles with units.   percent : show y as per cent.
    events : vertical marks, position -> label.
    """
    first = frames.marks[frames.start] if frames else ()
    figure = go.Figure([t for m in (*first, *marks) for t in traces(m, percent)])
    dress(figure, height)
    figure.update_xaxes(title_text=safe(x), range=x_range, **AXIS_REST)
    figure.update_yaxes(title_text=safe(y), range=y_range, **VALUES)
    if percent:
        figure.update_yaxes(tickformat=".0%")
    for at, label in (events or {}).items():
        figure.add_vline(x=at, line={"color": "#b9c1c8", "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=at, y=1, yref="paper", text=safe(label), showarrow=False, textangle=-90,
            xanchor="right", yanchor="top", font={"size": 11, "color": GREY},
        )  # fmt: skip
    if frames:
        _slide(figure, frames, percent)
    return figure


def panels(
    items: Sequence[Panel], *, columns: int = 2, percent: bool = False, height: int = 320
) -> go.Figure:
    """Small multiples with shared colours; marks of the same name share a legend entry."""
    rows = -(-len(items) // columns)
    figure = make_subplots(
        rows, columns, subplot_titles=[safe(p.title) for p in items],
        horizontal_spacing=0.11,  # and down, room for a title and an axis title
        vertical_spacing=max(0.2 / (rows - 1), 84 / (height * rows)) if rows > 1 else 0.1,
    )  # fmt: skip
    seen: set[str] = set()
    for i, panel in enumerate(items):
        row, column = i // columns + 1, i % columns + 1
        for mark in panel.marks:
            for trace in traces(mark, percent):
                trace.legendgroup = trace.name
                trace.showlegend = bool(trace.showlegend) and trace.name not in seen
                seen.add(str(trace.name))
                figure.add_trace(trace, row, column)
        figure.update_xaxes(title_text=safe(panel.x), row=row, col=column, **AXIS_REST)
        figure.update_yaxes(
            title_text=safe(panel.y),
            range=panel.y_range,
            row=row,
            col=column,
            rangemode="tozero",
            **VALUES,
        )
    dress(figure, height * rows + 90)
    figure.update_layout(legend_y=-70 / (height * rows), margin={"t": 56})
    figure.update_annotations(font={"size": 14})
    return figure


def lever_figure(
    outcomes: Mapping[str, Sequence[Move]],
    unit: str = "change from the base run, %",
    *,
    columns: int = 2,
) -> go.Figure:
    """For each outcome, bars that show the change at either end of each lever."""
    rows = -(-len(outcomes) // columns)
    figure = make_subplots(
        rows, columns, subplot_titles=[safe(o) for o in outcomes], shared_yaxes=True,
        horizontal_spacing=0.05, vertical_spacing=0.09 if rows > 1 else 0.1,
    )  # fmt: skip
    count = max((len(v) for v in outcomes.values()), default=0)
    for i, (outcome, moves) in enumerate(outcomes.items()):
        for side, colour, shift in (("low", 0, "low end"), ("high", 1, "high end")):
            figure.add_trace(
                go.Bar(
                    y=[safe(m.lever) for m in moves],
                    x=[getattr(m, side) for m in moves],
                    orientation="h",
                    name=f"lever at its {shift}",
                    legendgroup=side,
                    showlegend=i == 0,
                    marker={"color": COLOURS[colour]},
                    error_x=_interval(moves, side),
                    customdata=[
                        [safe(getattr(m, f"{side}_setting")), wrapped(m.definition)] for m in moves
                    ],
                    hovertemplate="<b>%{y}</b> at %{customdata[0]}<br>"
                    + f"{safe(outcome)}: %{{x:+.1f}} %<br>%{{customdata[1]}}<extra></extra>",
                ),
                i // columns + 1, i % columns + 1,
            )  # fmt: skip
    height = rows * (30 * count + 90) + 90
    dress(figure, height)
    figure.update_layout(barmode="group", bargap=0.28, bargroupgap=0.06, margin={"l": 190, "t": 56})
    figure.update_xaxes(**AXIS_REST)
    figure.update_xaxes(zeroline=True, zerolinecolor="#7b858e")
    figure.update_xaxes(title_text=safe(unit))
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)
    figure.update_layout(legend_y=-64 / (height - 108))
    return figure


def _interval(moves: Sequence[Move], side: str) -> dict[str, Any] | None:
    if not all(m.interval for m in moves):
        return None
    k = 0 if side == "low" else 2
    middle = [getattr(m, side) for m in moves]
    low = [m.interval[k] for m in moves if m.interval]
    high = [m.interval[k + 1] for m in moves if m.interval]
    return {
        "type": "data", "symmetric": False, "thickness": 1.2, "width": 3, "color": "#5b6570",
        "array": [max(h - v, 0.0) for h, v in zip(high, middle, strict=True)],
        "arrayminus": [max(v - w, 0.0) for w, v in zip(low, middle, strict=True)],
    }  # fmt: skip


def share_figure(counts: Mapping[str, float], title: str) -> go.Figure:
    """One bar cut into shares, each part labelled."""
    total = sum(counts.values()) or 1
    figure = go.Figure(
        [
            go.Bar(
                x=[n / total], y=[safe(title)], orientation="h", name=safe(label), width=0.5,
                marker={"color": COLOURS[i % len(COLOURS)]}, text=f"{n:g} {safe(label)}",
                textposition="inside", insidetextanchor="middle", textfont={"color": "white"},
                textangle=0,
                hovertemplate=f"{safe(label)}: {n:g} of {total:g} (%{{x:.0%}})<extra></extra>",
            )
            for i, (label, n) in enumerate(counts.items())
        ]
    )  # fmt: skip
    dress(figure, 200)
    figure.update_layout(barmode="stack", margin={"t": 8, "b": 60}, legend_y=-0.5)
    figure.update_xaxes(tickformat=".0%", range=(0, 1), **AXIS_REST)
    figure.update_yaxes(showticklabels=False, ticks="")
    return figure


def over_time(dataset: xr.Dataset, names: Sequence[str] | None = None) -> go.Figure:
    """Variables of a run over time, a line for each element.

    names : of variables or elements (``Stock[north]``); the first few variables without it.

    Raises
    ------
    ModelError : a name or element that the result does not have; a run without saved times.
    """
    time = dataset["time"].values
    if not len(time):
        why = str(dataset.attrs.get("message", ""))
        what = "the run has no saved times" + (f": {why}" if why else "")
        raise ModelError(what, remedy="" if why else "let it run longer")
    known = [str(k) for k, v in dataset.data_vars.items() if v.dims[:1] == ("time",)]
    chosen = [_series(dataset, name, known) for name in names or known[:8]]
    lines: list[Mark] = []
    for array in chosen:
        values = array.values.reshape(len(time), -1)
        dims = dataset[array.name].dims[1:]
        labels = [[str(v) for v in np.atleast_1d(array[d].values)] for d in dims]
        for i, at in enumerate(np.ndindex(*(len(x) for x in labels))):
            element = ",".join(x[k] for x, k in zip(labels, at, strict=True))
            lines.append(
                Line(
                    f"{array.name}[{element}]" if element else str(array.name), time, values[:, i],
                    array.attrs.get("units", ""), array.attrs.get("description", ""),
                    len(lines) % len(COLOURS), len(lines) // len(COLOURS) % len(DASHES),
                )
            )  # fmt: skip
    units = list(dict.fromkeys(a.attrs.get("units", "") for a in chosen))
    return line_figure(lines, f"Time ({dataset['time'].attrs.get('units', '')})", ", ".join(units))


def _series(dataset: xr.Dataset, name: str, known: Sequence[str]) -> xr.DataArray:
    """A variable over time or part of it, found as in a `Run`."""
    try:
        found = Run(dataset)[name]
    except ModelError as error:
        if error.variable:  # the variable exists, the element does not
            raise
        found = None
    if found is None or str(found.name) not in known:
        raise ModelError(f"the result has no '{name}'", remedy=suggested(name, known))
    return found


# --- parts ------------------------------------------------------------------------------------

AXIS_REST = {k: v for k, v in AXIS.items() if k != "title"}
#: The format of axes whose numbers are not dates: thousands are separated.
VALUES = {**AXIS_REST, "separatethousands": True}


def dress(figure: go.Figure, height: int) -> None:
    """Apply the common style to a figure: font, margins, and a height in pixels."""
    figure.update_layout(**LAYOUT, height=height)
    figure.update_xaxes(title=AXIS["title"])
    figure.update_yaxes(title=AXIS["title"])


def _slide(figure: go.Figure, frames: Frames, percent: bool) -> None:
    count = sum(len(traces(m, percent)) for m in frames.marks[frames.start])
    figure.frames = [
        go.Frame(
            name=label, traces=list(range(count)),
            data=[t for m in marks for t in traces(m, percent)],
        )
        for label, marks in zip(frames.labels, frames.marks, strict=True)
    ]  # fmt: skip
    steps = [
        {
            "label": safe(label), "method": "animate",
            "args": [[label], {"mode": "immediate", "frame": {"duration": 0, "redraw": True},
                               "transition": {"duration": 0}}],
        }
        for label in frames.labels
    ]  # fmt: skip
    figure.update_layout(
        sliders=[
            {
                "active": frames.start, "steps": steps, "pad": {"t": 8}, "y": -0.34, "len": 0.96,
                "currentvalue": {"prefix": f"{safe(frames.name)}: ", "font": {"size": 14}},
            }
        ],
        margin={"b": 190},
    )  # fmt: skip
    figure.update_layout(height=(figure.layout.height or 460) + 130)
