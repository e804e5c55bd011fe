"""From a calibration to the runs that predict its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, nearest
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.readings import Reading
from sdsim.calibration.runs import GroupRuns, Runs
from sdsim.ir.expr import Expr
from sdsim.outcomes import parse_expressions
from sdsim.overrides import Overrides, is_parameter, locate
from sdsim.run.methods import in_batches
from sdsim.run.prepared import prepare
from sdsim.run.prepared_cases import prepare_cases

Floats = NDArray[np.float64]


def _hidden(stock: str) -> str:
    """The constant that holds the initial value of a stock, or of some of its elements."""
    name, bracket, subs = stock.partition("[")
    return names.part(names.display(name), "start") + bracket + subs


class Predictor:
    """The rows of a calibration's data, and the runs that predict them.

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
    def runs(self) -> Runs:
        """What has to be run."""
        readings = [self._readings(label) for label in self.calibration.labels]
        # a group without rows has nothing to say, unless a restriction asks of every run
        asked = [g for g, own in enumerate(readings) if own or self.calibration.restrictions]
        try:
            batches = [self._batch(asked, readings)]
        except ModelError:
            parts = self._alike(asked)
            if len(parts) == 1:
                raise
            batches = [self._batch(part, readings) for part in parts]
        return Runs(batches, self.count, tuple(p.label for p in self.constants))

    def _alike(self, groups: Sequence[int]) -> list[list[int]]:
        """Groups that change the same and run over the same times, together."""
        out: dict[Any, list[int]] = {}
        for g in groups:
            own = self._changes(self.calibration.labels[g])
            keys = [frozenset(map(names.canonical, getattr(own, f.name))) for f in fields(own)]
            times = [
                (k, v) for k, v in own.constants.items() if names.canonical(k) in names.CONTROL
            ]
            out.setdefault((*keys, str(times)), []).append(g)
        return list(out.values())

    def _changes(self, label: str) -> Overrides:
        c = self.calibration
        return c.params | c.groups.get(label, Overrides())

    def _batch(self, groups: Sequence[int], readings: Sequence[list[Reading]]) -> GroupRuns:
        """Some groups, by their numbers, as the cases of one run."""
        c = self.calibration
        initial = Overrides(initial={
            p.name: float(p.prior.ppf(np.array([0.5]))[0]) for p in c.parameters if p.initial
        })  # fmt: skip
        each = {c.labels[g]: self._changes(c.labels[g]) | initial for g in groups}
        if len(each) == 1:
            run = prepare(c.system, each[c.labels[groups[0]]], c.method, seed=c.seed)
        else:
            run = prepare_cases(c.system, each, None, c.method, seed=c.seed)
        in_batches(run.method, "a calibration runs")
        moving = {
            names.canonical(locate(run.system.model, n)[0].name)
            for changes in each.values() for n in changes.series
        }  # fmt: skip
        return GroupRuns(
            run, groups, [r for g in groups for r in readings[g]],
            {name: self.trees[name, t] for name, t in c.restrictions.items()}, frozenset(moving),
            [_hidden(p.name) if p.initial else p.name for p in self.constants],
        )  # fmt: skip

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
                raise ModelError("is not a stock", variable=p.name, remedy="leave out initial")
            if not p.initial and not is_parameter(variable):
                remedy = "name a constant, or write initial = true for the start of a stock"
                raise ModelError(
                    "is not a constant and cannot be free", variable=p.name, remedy=remedy
                )
            out.append(p)
        return out

    def _readings(self, label: str) -> list[Reading]:
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
                    Reading(
                        d.name, self.trees[d.name, text], position[at], times, d.period,
                        d.as_total, self.calibration.labels.index(label),
                    )
                )  # fmt: skip
        return out
