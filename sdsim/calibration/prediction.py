"""What a model says about data: runs for many values of the parameters, read at the data's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, nearest
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.parameter import Parameter
from sdsim.ir.expr import Call, Expr, walk
from sdsim.outcomes import Batch, Evaluator, Kind, OutsideError, Scope, fixed_in, parse_expressions
from sdsim.outcomes.measures import MEASURES
from sdsim.outcomes.values import Series
from sdsim.overrides import Overrides, is_parameter, locate
from sdsim.run.driver import at_once, march
from sdsim.run.methods import in_batches
from sdsim.run.prepared import Prepared, prepare

Floats = NDArray[np.float64]
#: The most numbers that runs may keep at once (32 megabytes).
ROOM = 4_000_000


class Predicted(NamedTuple):
    """What the model says.

    values : (n, m) for each row of the data, one series after the other, in their units and
        before coverage; NaN where the run failed.
    fits : (n,) whether every run reached its end and met the restrictions.
    """

    values: Floats
    fits: NDArray[np.bool_]


@dataclass(frozen=True)
class _Reading:
    """How rows of the data are read from the runs of one group.

    tree : the expression.   rows : their positions among all rows.
    times : (n_row,) model time, None for a number.   period : see `Data`.
    """

    name: str
    tree: Expr
    rows: NDArray[np.int64]
    times: Floats | None
    period: float | None
    as_total: bool

    @property
    def whole(self) -> bool:
        """Whether the whole run must be saved, rather than its values about some times."""
        called = (n.name for n in walk(self.tree) if isinstance(n, Call))
        return self.times is None or self.period is not None or any(c in MEASURES for c in called)


class _Group:
    """The runs of one group, and the rows of the data that are read from them."""

    def __init__(self, run: Prepared, readings: Sequence[_Reading], conditions: Mapping[str, Expr],
                 moving: frozenset[str], drawn: Sequence[str]) -> None:  # fmt: skip
        self.readings, self.conditions, self.drawn = readings, conditions, drawn
        model = run.system.model
        self.scope = Scope(model, fixed_in(model) - moving)
        for r in readings:
            kind = self._kind(r.name, r.tree)
            if kind.condition or kind.marks:
                what = "a condition" if kind.condition else "still runs over a range"
                raise ModelError(what, variable=r.name, remedy="write an expression of one number")
            if r.times is None and kind.timed:
                remedy = "give the rows times, or bring it down: FINAL(...), PEAK(...)"
                raise ModelError("has values over time", variable=r.name, remedy=remedy)
        for name, tree in conditions.items():
            kind = self._kind(name, tree)
            if not kind.condition or kind.timed or kind.marks:
                remedy = "write a comparison of numbers, such as FINAL(x) > 0"
                raise ModelError("is no condition", variable=name, remedy=remedy)
        self.run = self._until(run)
        self.rows = self.run.rows(drawn)
        places = {name: dict(cells) for name, cells in self.run.system.places.items()}
        cells = list(self.scope.needs.get("base", {}))
        self.wanted = list(dict.fromkeys(places[n][c] for n, c in cells))
        at = {value: row for row, value in enumerate(self.wanted)}
        self.cells = {(n, c): at[places[n][c]] for n, c in cells}

    def _kind(self, name: str, tree: Expr) -> Kind:
        try:
            return self.scope.kind(tree)
        except ModelError as e:
            raise ModelError(e.what, remedy=e.remedy, variable=name) from None

    def _until(self, run: Prepared) -> Prepared:
        """The run, ended where the data end and saving only what they need."""
        timed = [(r, r.times) for r in self.readings if r.times is not None]
        for r, times in timed:
            _refuse_outside(run, r, times)
        if self.conditions or not timed or any(r.whole for r in self.readings):
            return run
        horizon = run.horizon
        steps = (np.concatenate([times for _, times in timed]) - horizon.start) / horizon.step
        near = np.rint(steps)
        exact = np.abs(steps - near) < 1e-6
        kept = np.concatenate([near[exact], np.floor(steps[~exact]), np.ceil(steps[~exact])])
        saved = np.unique(np.clip(kept, 0, run.grid.steps)).astype(np.int64)
        return replace(run, horizon=horizon.saving(saved.tolist()))

    def predict(self, values: Sequence[Floats], count: int, out: Floats) -> NDArray[np.bool_]:
        """Fill the group's columns of ``out`` (count, m); returns (count,) which runs are good."""
        fits = np.ones(count, dtype=bool)
        size = at_once(self.run, len(self.wanted), ROOM)
        for first in range(0, count, size):
            some = slice(first, min(first + size, count))
            numbers = np.zeros(some.stop - some.start, dtype=np.int64)  # the same random streams
            members = self.run.members(self.rows, [v[some] for v in values], numbers)
            marched = march(self.run, members, self.wanted)
            batch = Batch(
                marched.time, {c: marched.values[:, row] for c, row in self.cells.items()}
            )
            good = np.isnan(marched.stopped)
            evaluator = Evaluator(self.scope, {"base": batch})
            for tree in self.conditions.values():
                good &= np.broadcast_to(evaluator.number(tree) > 0, good.shape)
            for r in self.readings:
                out[some, r.rows] = np.where(good[:, None], _read(evaluator, r, len(good)), np.nan)
            fits[some] = good
        return fits


def _refuse_outside(run: Prepared, r: _Reading, times: Floats) -> None:
    """Refuse rows whose times, or periods, lie outside the run."""
    known = run.grid.times
    slack = 1e-9 * max(1.0, abs(known[-1]))
    for t in (*(times - (r.period or 0.0)), *times):
        if not known[0] - slack <= t <= known[-1] + slack:
            raise ModelError(
                f"time {t:g} is outside the run, {known[0]:g} to {known[-1]:g}",
                variable=r.name, remedy="leave the row out, or change when the run starts or ends",
            )  # fmt: skip


def _read(evaluator: Evaluator, r: _Reading, count: int) -> Floats:
    """(count, n_row) the values of a reading."""
    value = evaluator.value(r.tree)
    if not isinstance(value, Series):
        return np.broadcast_to(np.atleast_1d(value)[:, None], (count, len(r.rows)))
    assert r.times is not None
    try:
        if r.period is None:
            return _at(value, r.times)
        area = _cumulated(value)
        total = _at(area, r.times) - _at(area, r.times - r.period)
        return total if r.as_total else total / r.period
    except OutsideError as e:
        raise ModelError(str(e), variable=r.name) from None


def _at(series: Series, times: Floats) -> Floats:
    """(n_member, n_time) values at times, between points by straight lines."""
    x = series.axis
    if len(x) == 1:
        return np.broadcast_to(series.values.T, (series.values.shape[1], len(times)))
    left = np.clip(np.searchsorted(x, times, side="right") - 1, 0, len(x) - 2)
    share = (times - x[left]) / (x[left + 1] - x[left])
    share = np.where(np.abs(share - np.rint(share)) < 1e-6, np.rint(share), share)[:, None]
    a, b = series.values[left], series.values[left + 1]
    return np.asarray(np.where(share == 0, a, np.where(share == 1, b, a + share * (b - a)))).T


def _cumulated(series: Series) -> Series:
    """The integral from the first point, by trapezoids."""
    steps = np.diff(series.axis)[:, None] * (series.values[1:] + series.values[:-1]) / 2
    return Series(series.axis, np.concatenate([np.zeros_like(steps[:1]), np.cumsum(steps, axis=0)]))


def _hidden(stock: str) -> str:
    """The constant that holds the initial value of a stock, or of some of its elements."""
    name, bracket, subs = stock.partition("[")
    return names.part(names.display(name), "start") + bracket + subs


class Predictor:
    """Predicts rows of a calibration's data.

    fitted : whether to predict the rows that are fitted; otherwise all of them.

    Raises
    ------
    ModelError : an expression, parameter or restriction that does not fit the model; a row whose
        time lies outside the run.
    """

    def __init__(self, calibration: Calibration, fitted: bool = True) -> None:
        self.calibration, self.fitted = calibration, fitted
        self.masks = [
            calibration.fitted(d) if fitted else np.ones(len(d), bool) for d in calibration.data
        ]
        self.count = int(sum(m.sum() for m in self.masks))

    def __reduce__(self) -> tuple[type[Predictor], tuple[Calibration, bool]]:
        return Predictor, (self.calibration, self.fitted)

    @cached_property
    def trees(self) -> dict[tuple[str, str], Expr]:
        """The trees of all expressions and restrictions, by (name, text)."""
        c = self.calibration
        texts = {(d.name, t): t for d in c.data for t in d.texts}
        texts |= {(name, t): t for name, t in c.restrictions.items()}
        try:
            return parse_expressions(texts)
        except ModelError as e:
            raise ModelError(e.what, remedy=e.remedy, variable=e.file or e.variable) from None

    @cached_property
    def groups(self) -> list[_Group]:
        """One for each group of the calibration."""
        c = self.calibration
        conditions = {name: self.trees[name, t] for name, t in c.restrictions.items()}
        out = []
        for label in c.labels:
            run, drawn, moving = self._prepared(label)
            out.append(_Group(run, self._readings(label), conditions, moving, drawn))
        return out

    def _prepared(self, label: str) -> tuple[Prepared, list[str], frozenset[str]]:
        """The run of a group, the names of the constants that vary, and constants given series."""
        c = self.calibration
        changes = c.params | c.groups.get(label, Overrides())
        initial = {
            p.name: float(p.prior.ppf(np.array([0.5]))[0]) for p in c.parameters if p.initial
        }
        run = prepare(c.system, changes | Overrides(initial=initial), c.method, seed=c.seed)
        in_batches(run.method, "a calibration runs")
        series = {names.canonical(locate(run.system.model, n)[0].name) for n in changes.series}
        drawn = [_hidden(p.name) if p.initial else p.name for p in self.constants]
        return run, drawn, frozenset(series)

    @cached_property
    def constants(self) -> list[Parameter]:
        """The parameters that the model knows, as opposed to those of the errors."""
        c = self.calibration
        asked = {name for d in c.data for name in d.words}
        out = []
        for p in c.parameters:
            if p.name in asked and names.canonical(p.name) not in c.system.model.variables:
                continue
            try:
                variable, _ = locate(c.system.model, p.name)
            except ModelError as e:
                known = sorted(asked - {q.name for q in c.parameters})
                remedy = nearest(p.name, known) or e.remedy
                what = "neither a constant of the model, nor named by the errors of any data"
                raise ModelError(what, variable=p.name, remedy=remedy) from None
            if p.initial and not variable.is_stock:
                raise ModelError("is no stock", variable=p.name, remedy="leave out initial")
            if not p.initial and not is_parameter(variable):
                remedy = "name a constant, or write initial = true for the start of a stock"
                raise ModelError(
                    "is no constant and cannot be free", variable=p.name, remedy=remedy
                )
            out.append(p)
        return out

    def _readings(self, label: str) -> list[_Reading]:
        out, first = [], 0
        for d, mask in zip(self.calibration.data, self.masks, strict=True):
            position = np.full(len(d), -1)
            position[mask] = first + np.arange(mask.sum())
            first += int(mask.sum())
            mine = mask & (np.array([g == label for g in d.group]) if d.group else True)
            for text in dict.fromkeys(t for t, m in zip(d.texts, mine, strict=True) if m):
                at = np.flatnonzero(mine & np.array([t == text for t in d.texts]))
                times = None if d.times is None else np.asarray(d.times)[at]
                out.append(
                    _Reading(
                        d.name, self.trees[d.name, text], position[at], times, d.period, d.as_total
                    )
                )
        return out

    def predict(self, values: Mapping[str, Floats]) -> Predicted:
        """Predictions for values of the parameters, (n, n_group) each, by label (see `Space`)."""
        count = len(next(iter(values.values())))
        out = np.full((count, self.count), np.nan)
        fits = np.ones(count, dtype=bool)
        for number, group in enumerate(self.groups):
            given = [np.ascontiguousarray(values[p.label][:, number]) for p in self.constants]
            fits &= group.predict(given, count, out)
        return Predicted(out, fits)
