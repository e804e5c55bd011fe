"""Comparison of a table of results with a reference table, column by column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sdsim.base import names
from sdsim.base.errors import ModelError

#: How far apart two equal times may be: reference files print six digits.
TIME_SLACK = 1e-5

#: Text that marks an empty cell, besides the markers that pandas knows.
BLANKS = ("", "nan", "na", "n/a", "null", "none", "-nan")

_SUBSCRIPTED = re.compile(r"^(?P<name>.*?)\s*\[(?P<subs>.*)\]\s*$", re.S)


@dataclass(frozen=True)
class Column:
    """The comparison of one reference column.

    worst : largest of |a - b| - atol, relative to the tolerance's scale max|reference column|;
        NaN if the result lacks the column.
    at : time of the largest difference.   values : how many values were compared.

    Examples
    --------
    >>> column = sdsim.compare("teacup.mdl", "teacup.mdl")[0]
    >>> column.name, column.ok, column.values
    ('Teacup Temperature', True, 241)
    """

    name: str
    ok: bool
    worst: float
    at: float
    values: int
    problem: str = ""


def column_key(name: str) -> str:
    """A column's name in a form that ignores differences of spelling: ``name[a,b]``.

    Quotes are ignored: some files put them around the whole name, some around parts of it.
    """
    name = str(name).replace('\\"', "").replace('"', "")
    match = _SUBSCRIPTED.match(name)
    if not match:
        return names.canonical(name)
    subs = ",".join(names.canonical(s) for s in match["subs"].split(","))
    return f"{names.canonical(match['name'])}[{subs}]"


def compare(
    result: pd.DataFrame, reference: pd.DataFrame, rtol: float = 1e-5, atol: float = 1e-8
) -> list[Column]:
    """Compare every column of ``reference`` at all of its times: |a - b| <= atol + rtol * max|b|.

    Blank reference cells (and ``nan``, ``NA`` and the like, see
    `sdsim.tables.results.read_table`) are not compared, nor are rows
    without a time. A reference column or time missing from the result fails, and so does a result
    that is not finite where the reference is.

    Raises
    ------
    ModelError : a tolerance below 0 or not finite, or a reference cell that is not a number.
    """
    tolerable(rtol, atol)
    mine = {column_key(c): result[c].to_numpy(dtype=float) for c in result.columns}
    times = np.asarray(result.index, dtype=float)
    wanted = np.asarray(reference.index, dtype=float)
    rows = _rows(times, wanted)
    out = []
    for number, label in enumerate(reference.columns):
        key = column_key(label)
        if key in ("time", "time step", "saveper", "initial time", "final time"):
            if key not in mine:
                continue
        elif key.startswith("unnamed"):
            continue
        if key not in mine:
            out.append(Column(str(label), False, np.nan, np.nan, 0, "missing in the result"))
            continue
        b = _numbers(str(label), reference.iloc[:, number], wanted)
        out.append(_column(str(label), mine[key], b, rows, wanted, rtol, atol))
    return out


def tolerable(rtol: float, atol: float) -> None:
    """Refuse tolerances that are below 0 or not finite."""
    for label, tolerance in (("rtol", rtol), ("atol", atol)):
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise ModelError(
                f"{label} must be a number of 0 or above, got {tolerance:g}",
                remedy="write one such as 1e-5",
            )


def _numbers(label: str, column: pd.Series, wanted: np.ndarray) -> np.ndarray:
    """A reference column as numbers, with NaN for blank cells."""
    out = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    for i in np.flatnonzero(np.isnan(out) & np.isfinite(wanted) & column.notna().to_numpy()):
        text = str(column.iloc[i]).strip()
        if text.casefold() not in BLANKS:
            raise ModelError(
                f"column '{label}' of the reference, row {i + 1} (time {wanted[i]:g}): expected a "
                f"number, got '{text}'",
                remedy="leave cells blank that are not to be compared",
            )
    return out


def _rows(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each wanted time, the row of the result; -1 if there is none."""
    if not times.size:
        return np.full(wanted.shape, -1)
    at = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    before = np.clip(at - 1, 0, None)
    at = np.where(np.abs(times[before] - wanted) < np.abs(times[at] - wanted), before, at)
    near = np.abs(times[at] - wanted) <= TIME_SLACK * np.maximum(1.0, np.abs(wanted))
    return np.where(near, at, -1)


def _column(
    label: str, a: np.ndarray, b: np.ndarray, rows: np.ndarray, wanted: np.ndarray,
    rtol: float, atol: float,
) -> Column:  # fmt: skip
    given = np.isfinite(b) & np.isfinite(wanted)
    if not given.any():
        return Column(label, True, 0.0, np.nan, 0)
    if (rows[given] < 0).any():
        at = float(wanted[given][rows[given] < 0][0])
        return Column(label, False, np.nan, at, 0, f"the result has no value at time {at:g}")
    x, y = a[rows[given]], b[given]
    scale = float(np.abs(y).max())
    with np.errstate(invalid="ignore"):
        off = np.abs(x - y)
    off = np.where(np.isfinite(x), off, np.inf)
    k = int(np.argmax(off))
    worst = max(float(off[k]) - atol, 0.0)
    ok = worst <= rtol * scale
    relative = worst / scale if scale > 0 else worst
    return Column(label, bool(ok), relative, float(wanted[given][k]), int(given.sum()))


def passed(columns: Iterable[Column]) -> bool:
    """Whether every column passes and at least one has values."""
    listed = list(columns)
    return all(c.ok for c in listed) and any(c.values for c in listed)
