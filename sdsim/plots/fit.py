"""The page of a calibration: whether it converged, the data with predictions, what was learnt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sdsim.base.errors import ModelError, suggested
from sdsim.base.numerals import shown
from sdsim.calibration.fitted import Fitted
from sdsim.inference.scores import autocorrelation
from sdsim.plots.estimates import Estimate, Rows, estimates
from sdsim.plots.figures import Panel, panels
from sdsim.plots.marks import Band, Dots, Line, Mark
from sdsim.plots.page import Section, write_page

#: The most series of data, parameters and lags that are drawn; the tables hold all.
SERIES, PARAMETERS, LAGS = 12, 24, 8
CONDITION = (
    "All of it is conditional on these assumptions: the model's equations, the priors and the "
    "error models."
)
DEFINITIONS = (
    ("word", "meaning"),
    ("prior, posterior", "what was believed of a parameter before the data, and after them"),
    ("told by", "the data, if they narrow the prior's standard deviation to less than half; the "
     "prior, if to more than nine tenths; otherwise both"),
    ("RMSE, MAE", "root mean square and mean absolute error of the median, in units of the data"),
    ("R2", "share of the data's variance that the median prediction explains"),
    ("bias, variance, covariance", "Theil's shares of the mean square error: unequal means, "
     "unequal spread, and what is left; they sum to one"),
    ("log score", "log predictive density of the data, summed; larger is better"),
    ("in 90 %", "share of the data within their central 90 % predictive interval; near 0.9 if the "
     "errors are of the right size"),
    ("autocorrelation", "correlation of a residual with the one before; near 0 if independent"),
)  # fmt: skip
SCORES = (
    "n", "RMSE", "MAE", "R2", "bias", "variance", "covariance", "log score", "in 90 %",
    "autocorrelation",
)  # fmt: skip


def fit_figure(fit: Fitted, names: Sequence[str] | None = None) -> go.Figure:
    """Each series of data with its predictive bands; what was held out is shaded.

    names : of data sets; the first few series without it.

    Raises
    ------
    ModelError : a name that no data set has.
    """
    chosen = _series(fit, names)[:SERIES]
    columns = 1 if len(chosen) <= 4 else 2
    figure = panels([_panel(fit, *c) for c in chosen], columns=columns)
    for i, (_, rows) in enumerate(chosen):
        for low, high in _held_out(rows):
            figure.add_vrect(
                low, high, fillcolor="#5b6570", opacity=0.09, line_width=0, layer="below",
                row=i // columns + 1, col=i % columns + 1,
            )  # fmt: skip
    return figure


def write_fit(
    path: str | Path, fit: Fitted, names: Sequence[str] | None = None, title: str = ""
) -> Path:
    """Write a calibration as a page, whether it converged first."""
    own = title or str(fit.dataset.attrs.get("title", "")) or "Calibration"
    alarm = "" if fit.converged else f"Not converged: these draws are no posterior. {fit.verdict}"
    said = _sentence(fit)
    lead = f"{said} {CONDITION}" if fit.converged else CONDITION
    if fit.converged:
        lead += f"\n\n{fit.verdict[:1].upper()}{fit.verdict[1:]}."
    notes = "\n\n".join(fit.notes)
    return write_page(path, own, _sections(fit, names), lead=lead, footer=notes, alarm=alarm)


def _sections(fit: Fitted, names: Sequence[str] | None) -> list[Section]:
    series = _series(fit, names)
    more = f" The first {SERIES} of {len(series)} series." if len(series) > SERIES else ""
    return [
        Section(
            "Data and predictions", fit_figure(fit, names),
            text="Dots are data; the bands hold half and 90 % of the values that the fitted model, "
            "with its observation errors, predicts. Shaded, with open dots: held out, and "
            "predicted without having been shown.",
            note=f"Central intervals of {fit.dataset.sizes['sample']:,} posterior predictive "
            f"draws.{more}",
        ),
        _parameters(fit),
        Section(
            "How well it fits", table=_table(fit.scores[list(SCORES)]),
            text="Fitted and held-out rows apart; the errors are those of the median prediction.",
        ),
        _residuals(fit),
        Section("Words", table=DEFINITIONS),
    ]  # fmt: skip


def _sentence(fit: Fitted) -> str:
    """The answer: the parameters that the data tell best, with intervals."""
    rows = fit.parameters.sort_values("narrowed", kind="stable")
    told = rows[rows["told by"] == "data"]
    if told.empty:
        return "The data tell none of the parameters by themselves."
    each = [f"{n} is {_interval(r)}" for n, r in told.head(3).iterrows()]
    rest = f"; the data tell {len(told)} of {len(rows)} parameters"
    return f"{', '.join(each)} (medians with 90 % intervals){rest}."


def _interval(row: pd.Series) -> str:
    return f"{shown(row['50 %'])} [{shown(row['5 %'])} to {shown(row['95 %'])}]"


def _series(fit: Fitted, names: Sequence[str] | None) -> list[tuple[str, pd.DataFrame]]:
    """(title, rows in order of time) of each series."""
    rows = fit.rows
    known = list(dict.fromkeys(rows["data"]))
    for name in names or ():
        if name not in known:
            raise ModelError(f"the fit has no data '{name}'", remedy=suggested(name, known))
    kept = rows[rows["data"].isin(names)] if names else rows
    return [
        (f"{data}, {group}" if group else str(data), mine.sort_values("time", kind="stable"))
        for (data, group), mine in kept.groupby(["data", "group"], sort=False)
    ]


def _at(rows: pd.DataFrame) -> np.ndarray:
    """Where rows stand along x: their times, or their numbers if they have none."""
    time = rows["time"].to_numpy(dtype=float)
    return time if np.isfinite(time).all() else np.arange(1.0, len(rows) + 1)


def _panel(fit: Fitted, title: str, rows: pd.DataFrame) -> Panel:
    at, x = rows.index.to_numpy(), _at(rows)
    units = str(fit.dataset["units"].to_numpy()[at[0]])
    simulated = fit.dataset["simulated"].to_numpy()[:, at]
    low, high = np.nanquantile(simulated, [0.25, 0.75], axis=0)
    fitted = rows["fitted"].to_numpy(dtype=bool)
    seen = rows["observed"].to_numpy()
    marks: list[Mark] = [
        Band("90 % of predictions", x, rows["5 %"].to_numpy(), rows["95 %"].to_numpy(), units),
        Band("50 % of predictions", x, low, high, units),
        Line("median of the model", x, rows["model"].to_numpy(), units),
        Dots("data, fitted", x[fitted], seen[fitted], units, colour=1),
        Dots("data, held out", x[~fitted], seen[~fitted], units, colour=1, open=True),
    ]
    timed = np.isfinite(rows["time"].to_numpy(dtype=float)).all()
    return Panel(
        title, [m for m in marks if not isinstance(m, Dots) or len(m.x)],
        "time" if timed else "row of the data", units or "units of the data",
    )  # fmt: skip


def _held_out(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """The stretches of held-out rows, each to half-way to its fitted neighbours."""
    x, held = _at(rows), ~rows["fitted"].to_numpy(dtype=bool)
    edges = np.concatenate([x[:1], (x[1:] + x[:-1]) / 2, x[-1:]])
    turns = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(int)))
    return [(float(edges[a]), float(edges[b])) for a, b in list(pairwise(turns))[::2]]


def _parameters(fit: Fitted) -> Section:
    table = fit.parameters
    items = [
        Rows(
            f"{name}: told by {'both' if r['told by'] == 'both' else 'the ' + r['told by']}",
            [
                ("prior", [Estimate("prior", *_middle(r, "prior "))]),
                ("posterior", [Estimate("posterior", *_middle(r, ""))]),
            ],
            "value, in the model's units", ["prior", "posterior"],
        )
        for name, r in table.head(PARAMETERS).iterrows()
    ]  # fmt: skip
    more = f" The first {PARAMETERS} of {len(table)}." if len(table) > PARAMETERS else ""
    columns = ["prior 5 %", "prior 95 %", "best", "5 %", "50 %", "95 %", "narrowed", "told by"]
    return Section(
        "Parameters, before and after the data", estimates(items, columns=1),
        text="Medians with central 90 % intervals. Where the posterior repeats the prior, the "
        f"number is only what was put in.{more}",
        table=_table(table[columns]),
    )  # fmt: skip


def _middle(row: pd.Series, of: str) -> tuple[float, float, float]:
    return tuple(float(row[f"{of}{q} %"]) for q in (50, 5, 95))  # type: ignore[return-value]


def _residuals(fit: Fitted) -> Section:
    """Autocorrelation of what the median prediction leaves, for each data set."""
    items = []
    for name, rows in fit.rows[fit.rows["fitted"].astype(bool)].groupby("data", sort=False):
        rows = rows.sort_values(["group", "time"], kind="stable")
        lags = min(LAGS, len(rows) // 2, len(rows) - 2)
        if lags < 1 or not np.isfinite(rows["time"]).all():
            continue
        left = (rows["observed"] - rows["model"]).to_numpy()
        found = autocorrelation(left, lags, list(rows["group"])).correlation
        x = np.arange(1.0, lags + 1)
        bound = np.full(lags, 1.96 / np.sqrt(len(rows)))
        marks: list[Mark] = [
            Band("95 % of independent errors", x, -bound, bound, colour=5),
            Dots("autocorrelation", x, found),
        ]
        items.append(Panel(str(name), marks, "lag, rows", "correlation", (-1.05, 1.05)))
    title = "What the residuals remember"
    if not items:
        return Section(title, text="Too few rows in time for autocorrelations.")
    return Section(
        title, panels(items[:SERIES], columns=1 if len(items) <= 4 else 2, height=240),
        text="If dots leave the band, errors depend on the ones before: the intervals are "
        "too narrow, and the errors want autocorrelation, or the model lacks something.",
        note="Residuals are data less the median prediction, fitted rows only; no pair is from two "
        "groups.",
    )  # fmt: skip


def _table(frame: pd.DataFrame) -> list[list[str]]:
    """A frame as rows of text, its index first."""
    flat = frame.reset_index()
    return [list(map(str, flat.columns)),
            *([_cell(v) for v in row] for row in flat.itertuples(index=False))]  # fmt: skip


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        return shown(float(value)) if np.isfinite(value) else "-"
    return str(value)
