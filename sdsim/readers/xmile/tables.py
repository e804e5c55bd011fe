"""Graphical functions (XMILE 1.0, 3.1.4) as tables of points."""

from __future__ import annotations

import math
from itertools import pairwise

from sdsim.base import limits
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.expr import Lookup, distinct
from sdsim.readers.xmile.document import Element

_KINDS = {"": "interpolate", "continuous": "interpolate", "extrapolate": "extrapolate",
          "discrete": "hold_backward"}  # fmt: skip


def has_table(element: Element) -> bool:
    """Whether a variable, or one of its elements, has a table."""
    return element.tag == "gf" or any(
        part.first("gf") is not None for part in (element, *element.all("element"))
    )


def table_of(element: Element) -> Lookup:
    """The table of a variable, or of one of its elements.

    Raises
    ------
    ModelError : no points, points that are not numbers or not in order, an unknown type.
    """
    gf = element if element.tag == "gf" else element.first("gf")
    if gf is None:
        raise ModelError("a table without points", remedy="give each element its <gf>")
    try:
        return _table(gf)
    except ModelError as e:
        raise e.at(line=gf.line) from None


def _table(gf: Element) -> Lookup:
    y, x = _numbers(gf, "ypts"), _numbers(gf, "xpts")
    if not y:
        raise ModelError("a table without <ypts>", remedy="write <ypts>0,1,4</ypts>")
    if not x:
        scale = gf.first("xscale")
        if scale is None:
            remedy = 'write <xscale min="0" max="10"/>'
            raise ModelError("a table needs <xpts> or <xscale>, got neither", remedy=remedy)
        low, high = _ends(scale)
        n = max(len(y) - 1, 1)
        x = [low + k * (high - low) / n for k in range(len(y))]
        x[-1] = high if len(y) > 1 else low
    if len(x) != len(y):
        what = f"a table of {len(x)} xpts and {len(y)} ypts, expected as many of each"
        raise ModelError(what, remedy="give each x its y")
    x, y = distinct(x, y)
    for a, b in pairwise(x):
        if b <= a:
            raise ModelError(
                f"lookup x not increasing: {b:g} after {a:g}",
                remedy="sort the points and keep each x once",
            )
    kind = gf.get("type").strip().lower()
    if kind not in _KINDS:
        raise ModelError(f"table of type '{kind}'", remedy="continuous, extrapolate or discrete")
    return Lookup(tuple(x), tuple(y), _KINDS[kind])


def _ends(element: Element) -> tuple[float, float]:
    try:
        low, high = float(element.get("min")), float(element.get("max"))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high)):
        what = f"<{element.tag}> needs numbers min and max"
        remedy = f'write <{element.tag} min="0" max="10"/>'
        raise ModelError(what, remedy=remedy).at(line=element.line)
    return low, high


def _numbers(gf: Element, tag: str) -> list[float]:
    found = gf.first(tag)
    if found is None or not found.text.strip():
        return []
    parts = found.text.strip().split(found.get("sep") or ",")
    if len(parts) > limits.TABLE_POINTS:
        what = f"<{tag}> of {len(parts):,} points; the limit is {limits.TABLE_POINTS:,}"
        raise ModelError(what, remedy=f"use a coarser table, {limits.TRUSTED}")
    return [_number(p.strip(), tag, found.line) for p in parts if p.strip()]


def _number(text: str, tag: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        what = f"<{tag}>: expected finite numbers, got '{one_line(text, 40)}'"
        raise ModelError(what, remedy="write numbers with commas between them").at(line=line)
    return value
