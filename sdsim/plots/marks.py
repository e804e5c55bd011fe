"""What can be drawn on a set of axes: lines, dots with errors, bands; each as Plotly traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from sdsim.plots.theme import COLOURS, DASHES, safe, wrapped

Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A curve. ``definition`` and ``unit`` are shown on hover; ``colour`` counts in the palette."""

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
    """Observations: points with an optional error (half width), a source for each set."""

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


Mark = Line | Dots | Band


def _hover(mark: Mark, percent: bool) -> str:
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


def _format(mark: Mark) -> str:
    """Whole numbers for large values, three digits for small ones."""
    values = np.asarray(mark.high if isinstance(mark, Band) else mark.y, dtype=float)
    largest = float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    return "%{y:,.0f}" if largest >= 1000 else "%{y:.3~g}"


def _after(mark: Mark) -> str:
    return f" {safe(mark.x_unit)}" if not isinstance(mark, Band) and mark.x_unit else ""


def _numbers(values: Numbers) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
