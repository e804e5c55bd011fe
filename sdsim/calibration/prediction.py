"""From a calibration to the runs that predict its data."""

from __future__ import annotations

from functools import cached_property

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
from sdsim.run.prepared import Prepared, prepare

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
        c = self.calibration
        conditions = {name: self.trees[name, t] for name, t in c.restrictions.items()}
        groups = []
        for label in c.labels:
            run, drawn, moving = self._prepared(label)
            groups.append(GroupRuns(run, self._readings(label), conditions, moving, drawn))
        return Runs(groups, self.count, tuple(p.label for p in self.constants))

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
                        d.name, self.trees[d.name, text], position[at], times, d.period, d.as_total
                    )
                )
        return out
