"""Values of expressions: one number per member of a batch, or such numbers along an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: (n_member,), or () if all members have the same value.
Numbers = NDArray[np.float64]


class OutsideError(Exception):
    """Raised for a value outside the data; the text says what and where."""


@dataclass(frozen=True)
class Series:
    """Numbers along an axis: time, or the elements of a range.

    axis : (n,) increasing.   values : (n, n_member).
    """

    axis: NDArray[np.float64]
    values: NDArray[np.float64]

    def at(self, where: Numbers) -> Numbers:
        """(n_member,) values at places on the axis, interpolated linearly between the points.

        Raises
        ------
        OutsideError : a place beyond either end.
        """
        x, n = self.axis, self.values.shape[1]
        where = np.broadcast_to(np.asarray(where, dtype=np.float64), (n,))
        slack = 1e-9 * max(1.0, float(np.abs(x).max()))
        out = (where < x[0] - slack) | (where > x[-1] + slack)
        if out.any():
            raise OutsideError(f"{where[out][0]:g} is outside {x[0]:g} to {x[-1]:g}")
        if len(x) == 1:
            return np.where(np.isnan(where), np.nan, self.values[0])
        known = np.clip(np.nan_to_num(where, nan=x[0]), x[0], x[-1])
        left = np.clip(np.searchsorted(x, known, side="right") - 1, 0, len(x) - 2)
        share = (known - x[left]) / (x[left + 1] - x[left])
        member = np.arange(n)
        a, b = self.values[left, member], self.values[left + 1, member]
        between = np.where(share == 0, a, np.where(share == 1, b, a + share * (b - a)))
        return np.where(np.isnan(where), np.nan, between)

    def between(self, start: float, stop: float) -> Series:
        """The part from ``start`` to ``stop``, with interpolated points at both ends.

        Raises
        ------
        OutsideError : the part reaches beyond the axis, or ends before it starts.
        """
        if stop < start:
            raise OutsideError(f"{start:g} to {stop:g} ends before it starts")
        slack = 1e-9 * max(1.0, abs(start), abs(stop))
        first, last = self.at(np.array(start)), self.at(np.array(stop))
        inside = (self.axis > start + slack) & (self.axis < stop - slack)
        if stop - start <= slack:
            return Series(np.array([start]), first[None])
        return Series(
            np.array([start, *self.axis[inside], stop]),
            np.concatenate([first[None], self.values[inside], last[None]]),
        )

    def member(self, i: int) -> Series:
        """The series of one member."""
        return Series(self.axis, self.values[:, i : i + 1])


def together(a: Series, b: Series) -> tuple[Series, Series]:
    """Both series on the axis points they have in common.

    Raises
    ------
    OutsideError : they have none in common.
    """
    if a.axis is b.axis or np.array_equal(a.axis, b.axis):
        return a, b
    _, i, j = np.intersect1d(np.round(a.axis, 9), np.round(b.axis, 9), return_indices=True)
    if not i.size:
        raise OutsideError("two runs, or two rows, have no points in common")
    return Series(a.axis[i], a.values[i]), Series(b.axis[j], b.values[j])
