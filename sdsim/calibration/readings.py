"""Readings: how rows of data are read from the runs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.ir.expr import Call, Expr, from_data, to_data, walk
from sdsim.outcomes import Evaluator, OutsideError
from sdsim.outcomes.measures import MEASURES
from sdsim.outcomes.values import Series

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """How rows of the data are read from the runs of one group.

    tree : the expression.   rows : their positions among all rows.
    times : (n_row,) model time, None for a number.   period : see `Data`.
    group : its number among all groups.
    """

    name: str
    tree: Expr
    rows: NDArray[np.int64]
    times: Floats | None
    period: float | None
    as_total: bool
    group: int = 0

    @property
    def whole(self) -> bool:
        """Whether it needs the whole run, rather than the values about some times."""
        called = (n.name for n in walk(self.tree) if isinstance(n, Call))
        return self.times is None or any(c in MEASURES for c in called)

    def to_data(self) -> list[Any]:
        """As plain data, for JSON."""
        times = None if self.times is None else self.times.tolist()
        tree = to_data(self.tree)
        return [self.name, tree, self.rows.tolist(), times, self.period, self.as_total,
                self.group]  # fmt: skip

    @classmethod
    def from_data(cls, data: Sequence[Any]) -> Reading:
        """The inverse of `to_data`."""
        name, tree, rows, times, period, total, group = data
        known = None if times is None else np.array(times)
        return cls(
            name, from_data(tree), np.array(rows, dtype=np.int64), known, period, total, group
        )

    def evaluated(self, evaluator: Evaluator) -> Series | Floats:
        """The value of the expression in some runs.

        Raises
        ------
        ModelError : it asks for a time outside the run.
        """
        try:
            value = evaluator.value(self.tree)
            return value if isinstance(value, Series) else np.asarray(value)
        except OutsideError as e:
            remedy = "ask for times within the run"
            raise ModelError(str(e), variable=self.name, remedy=remedy) from None

    def read(self, value: Series | Floats, count: int) -> Floats:
        """(count, n_row) the values of the rows in ``count`` runs with this value each."""
        if not isinstance(value, Series):
            return np.broadcast_to(np.atleast_1d(value)[:, None], (count, len(self.rows)))
        assert self.times is not None
        if self.period is None:
            return _at(value, self.times)
        area = _cumulated(value)
        total = _at(area, self.times) - _at(area, self.times - self.period)
        return total if self.as_total else total / self.period

    def refuse_outside(self, known: Floats) -> None:
        """Refuse rows whose times, or periods, lie outside a run with these times.

        Raises
        ------
        ModelError : the first such time.
        """
        if self.times is None:
            return
        slack = 1e-9 * max(1.0, abs(known[-1]))
        for t in (*(self.times - (self.period or 0.0)), *self.times):
            if not known[0] - slack <= t <= known[-1] + slack:
                what = f"time {t:g} is outside the run, {known[0]:g} to {known[-1]:g}"
                remedy = "leave the row out, or change when the run starts or ends"
                raise ModelError(what, variable=self.name, remedy=remedy)


def _at(series: Series, times: Floats) -> Floats:
    """(n_member, n_time) values at times, between points by straight lines."""
    x = series.axis
    if len(x) == 1:
        return np.broadcast_to(series.values.T, (series.values.shape[1], len(times)))
    left = np.clip(np.searchsorted(x, times, side="right") - 1, 0, len(x) - 2)
    share = (times - x[left]) / (x[left + 1] - x[left])
    share = np.where(np.abs(share - np.rint(share)) < 1e-6, np.rint(share), share)[:, None]
    a, b = series.values[left], series.values[left + 1]
    with np.errstate(all="ignore"):  # beyond a group's last row its runs may break
        between = a + share * (b - a)
    return np.asarray(np.where(share == 0, a, np.where(share == 1, b, between))).T


def _cumulated(series: Series) -> Series:
    """The integral from the first point, by trapezoids."""
    steps = np.diff(series.axis)[:, None] * (series.values[1:] + series.values[:-1]) / 2
    return Series(series.axis, np.concatenate([np.zeros_like(steps[:1]), np.cumsum(steps, axis=0)]))
