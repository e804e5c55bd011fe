"""The curves in a row of the scorecard, with the units of the plotted expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import NDArray

from sdsim.claims import Result
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary
from sdsim.ir.model import Model
from sdsim.outcomes.formula import parse_expressions
from sdsim.plots.figures import Panel, line_figure, panels
from sdsim.plots.marks import Line
from sdsim.plots.theme import COLOURS, DASHES
from sdsim.unitcheck import unit


def units_of(results: Sequence[Result], model: Model) -> dict[str, str]:
    """The units of each plotted expression."""
    found = {("", text): text for r in results for text in r.curves}
    return {
        text: _shown(_spelled(tree, model)) for (_, text), tree in parse_expressions(found).items()
    }


def _spelled(e: Expr, model: Model) -> str:
    """The units of an expression; for a variable, in the modeller's spelling."""
    while isinstance(e, Call) and e.name == "in":
        e = e.args[-1]
    if isinstance(e, Ref) and e.name in model.variables:
        return model.variables[e.name].units
    return str(_unit(e, model))


def _unit(e: Expr, model: Model) -> unit.Unit:
    """The units of an expression, if it has any; a sum has those of its first term."""
    if isinstance(e, Ref) and e.name in model.variables:
        return unit.parse_unit(model.variables[e.name].units)
    if isinstance(e, Unary):
        return _unit(e.x, model)
    if isinstance(e, Binary):
        left = _unit(e.left, model)
        if e.op in "*/":
            right = _unit(e.right, model)
            return left * right if e.op == "*" else left / right
        return _unit(e.right, model) if isinstance(e.left, Num) and e.op in "+-" else left
    if isinstance(e, Call) and e.args:
        return _unit(e.args[-1 if e.name == "in" else 0], model)
    return unit.parse_unit("Dmnl")


def _shown(units: str) -> str:
    return "share or index" if units.casefold() in ("1", "dmnl", "") else units


def figure_of(r: Result, units: Mapping[str, str]) -> str:
    """The curves of a row as JSON for a Plotly figure, one panel per unit."""
    lines: dict[str, list[Line]] = {}
    first = min((_begins(values) for _, values in r.curves.values()), default=0)
    for i, (text, (time, values)) in enumerate(r.curves.items()):
        colour, dash = i % len(COLOURS), i // len(COLOURS) % len(DASHES)
        lines.setdefault(units[text], []).append(
            Line(_named(text), time[first:], values[first:], units[text], "", colour, dash)
        )
    figure: go.Figure
    if len(lines) == 1:
        (what, found), *_ = lines.items()
        figure = line_figure(found, "Year", what, height=360)
    else:
        shown = [Panel("", found, "Year", what) for what, found in lines.items()]
        figure = panels(shown, columns=1, height=260)
    figure.update_layout(legend={"yanchor": "top", "y": -0.2})
    return str(pio.to_json(figure)).replace("<", "\\u003c")


def _begins(values: NDArray[np.float64]) -> int:
    """The last saved time before a curve first moves."""
    moved = np.flatnonzero(values != values[0])
    return max(int(moved[0]) - 1, 0) if moved.size else len(values) - 1


def _named(text: str) -> str:
    """``IN(run, x)`` as x, run."""
    match = re.fullmatch(r"\s*IN\(([^,()]+),\s*(.+)\)\s*", text, re.S | re.I)
    return f"{match[2]} · {match[1]}" if match else text
