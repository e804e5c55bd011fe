"""Members of an ensemble: a fan of each series over time, the distribution of each outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, suggested
from sdsim.base.names import element_label
from sdsim.base.numerals import style_of
from sdsim.plots.figures import Panel, line_figure, panels
from sdsim.plots.marks import Band, Bars, Line, Mark
from sdsim.plots.page import Section
from sdsim.tables.compare import column_key

Floats = NDArray[np.float64]
#: Shares of the members that the bands of a fan hold, the widest first.
SHARES = (0.9, 0.8, 0.5)
#: Series and outcomes that are drawn where nobody names any.
MOST = 8
#: Bars of a distribution; so many different values at most have a bar each.
BARS = 30
EACH = 12
MEMBERS, TIME = "member", "time"


@dataclass(frozen=True)
class Series:
    """One saved series of all members.

    members : (n_member,) their numbers.   values : (n_member, n_time), NaN where there is none.
    """

    name: str
    unit: str
    definition: str
    time: Floats
    members: Sequence[int]
    values: Floats


@dataclass(frozen=True)
class Numbers:
    """One outcome of all members.

    values : (n_member,), NaN where a member has none.
    """

    name: str
    unit: str
    definition: str
    values: Floats


Drawn = Series | Numbers


def is_ensemble(dataset: xr.Dataset) -> bool:
    """Whether a result has members: that of a sweep, or of `sdsim.simulate_many`."""
    return MEMBERS in dataset.dims


# --- what is there ------------------------------------------------------------------------------


def drawable(dataset: xr.Dataset) -> Iterator[tuple[str, str, Drawn]]:
    """Each series (an element at a time) and outcome: its variable's key, its own, its values."""
    members = dataset[MEMBERS].values.tolist()
    for name, array in dataset.data_vars.items():
        if TIME not in array.dims or MEMBERS not in array.dims:
            continue
        dims = [d for d in array.dims if d not in (TIME, MEMBERS)]
        block = _finite(array.transpose(*dims, MEMBERS, TIME).values)
        labels = [[str(v) for v in dataset[d].values] for d in dims]
        for at in np.ndindex(*block.shape[: len(dims)]):
            picked = tuple(x[k] for x, k in zip(labels, at, strict=True))
            own = _label(str(name), picked)
            yield column_key(str(name)), column_key(own), Series(
                own, array.attrs.get("units", ""), array.attrs.get("description", ""),
                np.asarray(dataset[TIME].values, dtype=np.float64), members, block[at],
            )  # fmt: skip
    if "outcome" in dataset.dims:
        values = _finite(dataset["outcomes"].transpose("outcome", MEMBERS).values)
        rows = zip(*(dataset[k].values for k in ("outcome", "units", "expression")), strict=True)
        for (name, unit, said), row in zip(rows, values, strict=True):
            definition = "" if said == name else str(said)
            yield column_key(name), column_key(name), Numbers(name, unit, definition, row)


def _label(name: str, picked: tuple[str, ...]) -> str:
    """The name of an element; that of a sweep's series begins with its variable's already."""
    if len(picked) == 1 and column_key(picked[0]).startswith(f"{column_key(name)}["):
        return picked[0]
    return element_label(name, picked) if picked else name


def _finite(values: Any) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def chosen(dataset: xr.Dataset, names: Sequence[str] | None = None) -> tuple[list[Drawn], int]:
    """What is to be drawn, and how many series and outcomes there are in all.

    Raises
    ------
    ModelError : a name that the result does not have; a result with nothing to draw.
    """
    there = list(drawable(dataset))
    if not there:
        what = "has neither outcomes nor series over time"
        raise ModelError(what, remedy="name variables under [save], or with save=")
    if not names:
        series = [d for _, _, d in there if isinstance(d, Series)]
        outcomes = [d for _, _, d in there if isinstance(d, Numbers)]
        return [*series[:MOST], *outcomes[:MOST]], len(there)
    found: list[Drawn] = []
    for name in names:
        mine = [d for whole, own, d in there if column_key(name) in (whole, own)]
        if not mine:
            remedy = suggested(name, [d.name for _, _, d in there])
            raise ModelError(f"the result has no '{name}'", remedy=remedy)
        found += [d for d in mine if not any(d is f for f in found)]
    return found, len(there)


# --- what is drawn ------------------------------------------------------------------------------


def middle_and_bands(values: Floats) -> tuple[Floats, dict[float, tuple[Floats, Floats]]]:
    """The median along members, and for each of `SHARES` the ends of a band that holds at least so
    many of the members that have a value; NaN where they are too few to leave any out.

    values : (n_member, ...).
    """
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(values).sum(axis=0)
    there = count > 0

    def at(place: Floats, up: bool) -> Floats:
        whole = np.ceil(place - 1e-9) if up else np.floor(place + 1e-9)
        index = np.clip(whole, 0, max(len(values) - 1, 0)).astype(np.int64)
        return np.asarray(np.take_along_axis(ordered, index[None], axis=0)[0])

    last = np.maximum(count - 1, 0).astype(np.float64)
    median = (at(last / 2, False) + at(last / 2, True)) / 2
    bands = {}
    for share in SHARES:
        enough = count >= 2 / (1 - share) - 1e-9
        low, high = (at(last * (1 + sign * share) / 2, sign > 0) for sign in (-1, 1))
        bands[share] = (np.where(enough, low, np.nan), np.where(enough, high, np.nan))
    return np.where(there, median, np.nan), bands


def fan(series: Series, lines: int) -> list[Mark]:
    """The marks of one series: bands, lines of some members, the median."""
    median, bands = middle_and_bands(series.values)
    marks: list[Mark] = []
    for share, (low, high) in bands.items():
        named = f"{share:.0%} of members"
        for n, part in enumerate(_stretches(np.isfinite(low))):
            said = f"Upper end of a band that holds {share:.0%}."
            time = series.time[part]
            marks.append(Band(named, time, low[part], high[part], series.unit, said, legend=not n))
    for k in spread(len(series.values), lines):
        one = f"member {series.members[k]}"
        values = series.values[k]
        marks.append(Line(one, series.time, values, series.unit, colour=5, width=0.8, legend=False))
    marks.append(Line("median", series.time, median, series.unit, series.definition))
    return marks


def spread(count: int, lines: int) -> list[int]:
    """So many places from the first to the last, evenly."""
    places = np.linspace(0, count - 1, min(count, lines)).round()
    return [int(k) for k in np.unique(places)]


def _stretches(there: NDArray[np.bool_]) -> list[slice]:
    """The stretches in a row that are there."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], there.astype(np.int8), [0]))))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def bars(outcome: Numbers) -> list[Mark]:
    """The mark of one outcome: how many members lie where, in per cent of those with a value."""
    values = outcome.values[np.isfinite(outcome.values)]
    if not values.size:
        return []
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= EACH and len(different) < max(len(values) / 2, 2):
        gap = float(np.diff(different).min()) if len(different) > 1 else 1.0
        low, high = different - 0.4 * gap, different + 0.4 * gap
    else:
        number = min(BARS, max(int(np.ceil(np.sqrt(len(values)))), 1))
        edges = np.linspace(values.min(), values.max(), number + 1)
        counts, low, high = np.histogram(values, edges)[0], edges[:-1], edges[1:]
    share = 100 * counts / len(values)
    return [Bars(outcome.name, low, high, share, outcome.unit, outcome.definition)]


def panel_of(drawn: Drawn, time_unit: str, lines: int) -> Panel:
    """A set of axes for one series or outcome."""
    if isinstance(drawn, Series):
        along = f"Time ({time_unit})" if time_unit else "Time"
        return Panel(drawn.name, fan(drawn, lines), along, drawn.unit, _ends(drawn.values))
    return Panel(drawn.name, bars(drawn), drawn.unit or drawn.name, "% of members")


def _ends(values: Floats) -> tuple[float, float] | None:
    """The range of an axis whose values lie far from 0; None where it may begin there."""
    there = values[np.isfinite(values)]
    low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 0.0)
    if not (0 < high / 2 < low or high / 2 < low < 0):
        return None
    return low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)


def members_figure(dataset: xr.Dataset, names: Sequence[str] | None, lines: int) -> go.Figure:
    """One figure of all: a set of axes for each series and outcome.

    names : variables, elements (``Stock[north]``) or outcomes; the first few by default.
    lines : how many members are drawn as lines.

    Raises
    ------
    ModelError : see `chosen`.
    """
    found, _ = chosen(dataset, names)
    items = [panel_of(d, _time_unit(dataset), lines) for d in found]
    return panels(items, columns=1 if len(items) == 1 else 2)


# --- a page ---------------------------------------------------------------------------------------


def members_sections(
    dataset: xr.Dataset, names: Sequence[str] | None, lines: int
) -> tuple[str, list[Section]]:
    """The first words of a page, and its sections; arguments as of `members_figure`."""
    found, there = chosen(dataset, names)
    out = [_section(dataset, d, lines) for d in found]
    out += [s for s in (_varied(dataset), _failed(dataset)) if s]
    return _lead(dataset, len(found), there), out


def _lead(dataset: xr.Dataset, shown: int, there: int) -> str:
    count = dataset.sizes[MEMBERS]
    members = f"{count:,} member{'' if count == 1 else 's'}"
    design = dataset.attrs.get("design", "")
    ranges = (
        f"the ranges and distributions of the design ({design}), listed below" if design
        else "the values that the members were given, listed below"
    )  # fmt: skip
    text = (
        f"{members}. Conditional on the model's equations and on {ranges}. Shares are shares of "
        "these members, not probabilities of what will happen."
    )
    if shown < there:
        text += f" {shown} of {there:,} series and outcomes are drawn; others can be named."
    return text


def _section(dataset: xr.Dataset, drawn: Drawn, lines: int) -> Section:
    panel = panel_of(drawn, _time_unit(dataset), lines)
    figure = line_figure(panel.marks, panel.x, panel.y, y_range=panel.y_range, height=420)
    if isinstance(drawn, Numbers):
        figure.update_yaxes(rangemode="tozero")
        figure.update_layout(bargap=0)
        note = _lacking(int(np.isnan(drawn.values).sum()), len(drawn.values), "value")
        table = _quantiles(drawn)
        return Section(drawn.name, figure, text=drawn.definition, note=note, table=table)
    lacks = ~np.isfinite(drawn.values)
    some, late = int(lacks.any(axis=1).sum()), int(lacks[:, -1:].any(axis=1).sum())
    note = (
        "The bands hold 50, 80 and 90 % of the members that have a value at that time (drawn from "
        f"4, 10 and 20 members on). {_lacking(some, len(lacks), 'value at some time')}"
    )
    if some:
        note += f" At the last time {late:,} have none."
    if shown := len(spread(len(lacks), lines)):
        note += f" Thin lines: {shown} of the members, evenly spread over their numbers."
    return Section(drawn.name, figure, text=drawn.definition, note=note)


def _lacking(count: int, of: int, what: str) -> str:
    if not count:
        return f"Every one of the {of:,} members has a {what.replace('some', 'every')}."
    return f"{count:,} of {of:,} members have no {what}; the others are shown."


def _quantiles(outcome: Numbers) -> list[list[str]]:
    values = outcome.values[np.isfinite(outcome.values)]
    if not values.size:
        return []
    median, bands = middle_and_bands(values)
    style = style_of(values)
    rows = [["share of members", f"from ({outcome.unit or 'no units'})", "to"]]
    rows.append(["median", style(float(median)), ""])
    for share in reversed(SHARES):
        low, high = (float(v) for v in bands[share])
        if np.isfinite(low):
            rows.append([f"{share:.0%}", style(low), style(high)])
    rows.append(["all", style(float(values.min())), style(float(values.max()))])
    return rows


def _varied(dataset: xr.Dataset) -> Section | None:
    """What the members differ in."""
    if "factors" in dataset and {"low", "high"} <= {*dataset.coords}:
        head = ["what varies", "from", "to", "source"]
        columns = [dataset[k].values for k in ("factor", "low", "high", "source")]
        rows = [list(r) for r in zip(*columns, strict=True)]
    elif "draws" in dataset.coords:
        head = ["what varies", "lowest given", "highest given", ""]
        draws = dataset["draws"]
        axis = next(d for d in draws.dims if d != MEMBERS)
        low, high = draws.min(MEMBERS).values, draws.max(MEMBERS).values
        rows = [[n, a, b, ""] for n, a, b in zip(draws[axis].values, low, high, strict=True)]
    else:
        return None
    table = [head]
    for name, low, high, source in rows:
        style = style_of((low, high))
        table.append([str(name), style(float(low)), style(float(high)), str(source)])
    return Section("What varies", text="In model units.", table=table)


def _failed(dataset: xr.Dataset) -> Section | None:
    """How members ended that did not run to the end."""
    if "status" in dataset:
        ended = Counter(str(s) for s in dataset["status"].values if s != "ok")
    elif "cause" in dataset:
        ended = Counter(f"no finite value of {c}" for c in dataset["cause"].values if c)
    else:
        return None
    if not ended:
        return None
    table = [["how they ended", "members"], *([k, f"{n:,}"] for k, n in ended.most_common(20))]
    count = f"{sum(ended.values()):,} of {dataset.sizes[MEMBERS]:,} members"
    return Section("Members that stopped", table=table, text=f"{count} did not run to the end.")


def _time_unit(dataset: xr.Dataset) -> str:
    return str(dataset[TIME].attrs.get("units", "")) if TIME in dataset else ""
