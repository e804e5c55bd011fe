"""What can be drawn on axes: lines, dots with errors, bands, bars; each as Plotly traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from sdsim.base.numerals import style_of
from sdsim.plots.theme import COLOURS, DASHES, safe, wrapped

Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A curve. Hovering shows ``definition`` and ``unit``; ``colour`` is a palette index."""

    name: str
    x: Numbers
    y: Numbers
    unit: str = ""
    definition: str = ""
    colour: int = 0
    dash: int = 0
    width: float = 2.4
    legend: bool = True
    x_unit: str = ""


@dataclass(frozen=True)
class Dots:
    """Observations: points with an optional error (half-width) and a source for the set."""

    name: str
    x: Numbers
    y: Numbers
    unit: str = ""
    definition: str = ""
    colour: int = 0
    error: Numbers | None = None
    open: bool = False
    legend: bool = True
    x_unit: str = ""


@dataclass(frozen=True)
class Band:
    """A range between two curves, under the lines."""

    name: str
    x: Numbers
    low: Numbers
    high: Numbers
    unit: str = ""
    definition: str = ""
    colour: int = 0
    legend: bool = True


@dataclass(frozen=True)
class Bars:
    """Bars side by side, such as those of a distribution: from ``low`` to ``high`` along x."""

    name: str
    low: Numbers
    high: Numbers
    height: Numbers
    unit: str = ""
    definition: str = ""
    colour: int = 0
    legend: bool = False


Mark = Line | Dots | Band | Bars


def _hover(mark: Line | Dots | Band, percent: bool) -> str:
    value = "%{y:.1%}" if percent else _format(mark)
    unit = f" {safe(mark.unit)}" if mark.unit and not percent else ""
    definition = (
        f"<br><span style='color:#5b6570'>{wrapped(mark.definition)}</span>"
        if mark.definition
        else ""
    )
    at = f"%{{x:.6~g}}{_after(mark)}"
    return f"<b>{safe(mark.name)}</b><br>{at}: {value}{unit}{definition}<extra></extra>"


def traces(mark: Mark, percent: bool) -> list[Any]:
    colour = COLOURS[mark.colour % len(COLOURS)]
    if isinstance(mark, Bars):
        return [_bars(mark, colour)]
    common = {"name": safe(mark.name), "hovertemplate": _hover(mark, percent)}
    x = [float(v) for v in mark.x]
    if isinstance(mark, Line):
        return [
            go.Scatter(
                x=x, y=_numbers(mark.y), mode="lines", showlegend=mark.legend,
                line={"color": colour, "width": mark.width, "dash": DASHES[mark.dash % 4]},
                **common,
            )
        ]  # fmt: skip
    if isinstance(mark, Dots):
        error = None
        if mark.error is not None:
            error = {"type": "data", "array": list(mark.error), "thickness": 1.2, "width": 3}
        return [
            go.Scatter(
                x=x, y=_numbers(mark.y), mode="markers", error_y=error, showlegend=mark.legend,
                marker={
                    "size": 9, "color": "white" if mark.open else colour,
                    "line": {"color": colour, "width": 2},
                }, **common,
            )
        ]  # fmt: skip
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    fill = f"rgba({red},{green},{blue},0.16)"
    low = go.Scatter(
        x=x, y=_numbers(mark.low), mode="lines", line={"width": 0}, showlegend=False,
        hoverinfo="skip",
    )  # fmt: skip
    high = go.Scatter(
        x=x, y=_numbers(mark.high), mode="lines", line={"width": 0}, fill="tonexty",
        fillcolor=fill, showlegend=mark.legend, **common,
    )  # fmt: skip
    return [low, high]


def _bars(mark: Bars, colour: str) -> Any:
    low, high = (np.asarray(v, dtype=float) for v in (mark.low, mark.high))
    style = style_of((*low, *high))
    ends = [[style(float(a)), style(float(b))] for a, b in zip(low, high, strict=True)]
    unit = f" {safe(mark.unit)}" if mark.unit else ""
    return go.Bar(
        x=((low + high) / 2).tolist(), y=_numbers(mark.height), width=(high - low).tolist(),
        name=safe(mark.name), showlegend=mark.legend, customdata=ends,
        marker={"color": colour, "line": {"color": "white", "width": 0.5}},
        hovertemplate=f"<b>{safe(mark.name)}</b><br>%{{customdata[0]}} to %{{customdata[1]}}{unit}"
        ": %{y:.3~g} %<extra></extra>",
    )  # fmt: skip


def _format(mark: Line | Dots | Band) -> str:
    """Whole numbers for large values, three digits for small ones."""
    values = np.asarray(mark.high if isinstance(mark, Band) else mark.y, dtype=float)
    largest = float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    return "%{y:,.0f}" if largest >= 1000 else "%{y:.3~g}"


def _after(mark: Line | Dots | Band) -> str:
    return f" {safe(mark.x_unit)}" if not isinstance(mark, Band) and mark.x_unit else ""


def _numbers(values: Numbers) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
