"""The look of figures: a palette safe for colour-blind readers, a quiet grid, plain type."""

from __future__ import annotations

import html
from typing import Any

#: Okabe & Ito (2008), "Color universal design"; black last.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A6D00",
)  # fmt: skip
DASHES = ("solid", "dash", "dot", "dashdot")
FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif"
GREY = "#5b6570"
GRID = "#e8ebee"

LAYOUT: dict[str, Any] = {
    "font": {"family": FONT, "size": 14, "color": "#1d2429"},
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "colorway": list(COLOURS),
    "margin": {"l": 64, "r": 24, "t": 44, "b": 52},
    "hoverlabel": {
        "font": {"family": FONT, "size": 13, "color": "#1d2429"},
        "bgcolor": "white",
        "align": "left",
        "namelength": -1,
    },
    "legend": {
        "orientation": "h",
        "y": -0.18,
        "x": 0,
        "xanchor": "left",
        "yanchor": "top",
        "traceorder": "normal",
    },
}
AXIS: dict[str, Any] = {
    "gridcolor": GRID,
    "zeroline": False,
    "linecolor": "#b9c1c8",
    "ticks": "outside",
    "tickcolor": "#b9c1c8",
    "exponentformat": "B",
    "minexponent": 6,  # no powers of ten, and no k, below a million
    "title": {"font": {"size": 13, "color": GREY}, "standoff": 8},
}


def safe(text: str) -> str:
    """Text from a model or data file, escaped so that it cannot act as HTML."""
    return html.escape(" ".join(str(text).split()), quote=True)


def wrapped(text: str, width: int = 60) -> str:
    """Escaped text, broken into lines for a hover label."""
    lines, line = [], ""
    for word in " ".join(str(text).split()).split(" "):
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "<br>".join(html.escape(x, quote=True) for x in [*lines, line])
