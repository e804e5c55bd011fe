"""The nearest data that are known, before and after each time, within its group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.comparison.panel import Panel

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Neighbours:
    """The known data around each of m data.

    before, after : (m,) rows of the known data, 0 where there is none.
    since, until : (m,) the times that lie between, infinite where there is none.
    """

    before: Whole
    since: Floats
    after: Whole
    until: Floats


def neighbours(known: Panel, asked: Panel) -> Neighbours:
    """The data of ``known`` (by group and time) around those of ``asked``; at the same time, they
    are before."""
    places = known.places(known.names)
    starts = np.searchsorted(places, np.arange(len(known.names) + 1))
    before, after = np.zeros((2, len(asked)), dtype=np.int64)
    since, until = np.full((2, len(asked)), np.inf)
    for i, (place, time) in enumerate(zip(asked.places(known.names), asked.times, strict=True)):
        if place < 0:
            continue
        first, stop = starts[place], starts[place + 1]
        at = first + int(np.searchsorted(known.times[first:stop], time, side="right"))
        if at > first:
            before[i], since[i] = at - 1, time - known.times[at - 1]
        if at < stop:
            after[i], until[i] = at, known.times[at] - time
    return Neighbours(before, since, after, until)


def steps(known: Panel) -> tuple[Whole, Floats]:
    """Of data by group and time: the rows that have one before them in their group, and the times
    since it."""
    places = known.places(known.names)
    rows = np.flatnonzero(np.diff(places) == 0) + 1
    return rows, known.times[rows] - known.times[rows - 1]
