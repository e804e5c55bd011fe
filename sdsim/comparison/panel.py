"""Data of one outcome, in one or many groups, with what may drive it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sdsim.base.errors import ModelError, nearest

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_] | NDArray[np.int64]


@dataclass(frozen=True)
class Scale:
    """The scale on which data scatter alike.

    there, back : from data to the scale and back.   log_slope : of ``there``, at data.
    takes : the data that have a place on it, in words.
    """

    there: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    log_slope: Callable[[Floats], Floats]
    takes: str


#: Scales by name: errors of one size, of one relative size (also with
#: zeros among counts), and of shares.
SCALES = {
    "level": Scale(np.asarray, np.asarray, np.zeros_like, "finite numbers"),
    "log": Scale(np.log, np.exp, lambda y: -np.log(y), "numbers above 0"),
    "log1p": Scale(np.log1p, np.expm1, lambda y: -np.log1p(y), "numbers above -1"),
    "logit": Scale(logit, expit, lambda y: -np.log(y) - np.log1p(-y), "shares between 0 and 1"),
}


@dataclass(frozen=True)
class Panel:
    """Data of one outcome: a value for each time of each group.

    times : (m,) each once in a group, in any order.   values : (m,) model units; NaN where only a
        prediction is asked for.
    groups : (m,) the group of each datum; by default, all are of one.
    drivers : by name, (m,) values of what may drive the outcome.
    scale : a key of `SCALES`: on which scale errors have the same size.

    Raises
    ------
    ModelError : shapes that differ; an unknown scale; a value that has no place on it; a group with
        two data at one time.
    """

    times: Floats
    values: Floats
    groups: tuple[str, ...] = ()
    drivers: Mapping[str, Floats] = field(default_factory=dict)
    scale: str = "log"

    def __post_init__(self) -> None:
        times, values = (np.asarray(v, dtype=np.float64) for v in (self.times, self.values))
        drivers = {k: np.asarray(v, dtype=np.float64) for k, v in self.drivers.items()}
        groups = tuple(str(g) for g in self.groups) or ("",) * len(times)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "drivers", drivers)
        object.__setattr__(self, "groups", groups)
        for name, column in {"values": values, "groups": np.array(groups), **drivers}.items():
            if column.shape != times.shape or times.ndim != 1:
                what = f"{name} of shape {column.shape} for times of shape {times.shape}"
                raise ModelError(what, remedy="give one of each for each datum")
        self._check_data()

    def _check_data(self) -> None:
        if self.scale not in SCALES:
            remedy = nearest(self.scale, SCALES) or f"one of {', '.join(SCALES)}"
            raise ModelError(f"unknown scale '{self.scale}'", remedy=remedy)
        with np.errstate(all="ignore"):
            wrong = ~np.isnan(self.values) & ~np.isfinite(self.scaled)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            what = f"the {self._said(at)} is {self.values[at]:g}; scale {self.scale} needs"
            raise ModelError(f"{what} {SCALES[self.scale].takes}", remedy="use another scale")
        seen: set[tuple[str, float]] = set()
        for at, key in enumerate(zip(self.groups, self.times, strict=True)):
            if key in seen:
                raise ModelError(f"the {self._said(at)} is there twice", remedy="keep one of them")
            seen.add(key)

    def _said(self, at: int) -> str:
        of = f" of {self.groups[at]}" if self.groups[at] else ""
        return f"value{of} at time {self.times[at]:g}"

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def scaled(self) -> Floats:
        """(m,) the values on their scale."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(SCALES[self.scale].there(self.values))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The groups, each once."""
        return tuple(dict.fromkeys(self.groups))

    def places(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """(m,) the place of each datum's group among ``names``; -1 if it is not there."""
        at = {name: place for place, name in enumerate(names)}
        return np.array([at.get(g, -1) for g in self.groups], dtype=np.int64)

    def rows(self, rows: Rows) -> Panel:
        """Some of the data: (m,) true where they stay, or their numbers in order."""
        kept = np.flatnonzero(rows) if rows.dtype == bool else rows
        drivers = {k: v[kept] for k, v in self.drivers.items()}
        groups = tuple(self.groups[i] for i in kept)
        return Panel(self.times[kept], self.values[kept], groups, drivers, self.scale)

    def sorted(self) -> Panel:
        """The data by group and time."""
        return self.rows(np.lexsort((self.times, self.places(self.names))))

    def driver(self, name: str) -> Floats:
        """(m,) values of a driver.

        Raises
        ------
        ModelError : there is none of the name; a value that is not finite.
        """
        if name not in self.drivers:
            remedy = nearest(name, self.drivers) or f"there are {', '.join(self.drivers) or 'none'}"
            raise ModelError(f"no driver '{name}'", remedy=remedy)
        column = self.drivers[name]
        if not np.isfinite(column).all():
            at = int(np.flatnonzero(~np.isfinite(column))[0])
            what = f"driver '{name}' has no {self._said(at)}"
            raise ModelError(what, remedy="leave this time out, or the driver")
        return column
