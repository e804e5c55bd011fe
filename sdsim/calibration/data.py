"""Data of a calibration: observed values, what in the model they are of, and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, counted, said
from sdsim.calibration.likelihoods import Likelihood

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """Observed values of one quantity.

    name : what messages and tables call it.
    expression : what the model says about it, in the model's own notation: ``"Infectious"``,
        ``"Births / Population"``, ``"SUM(Stock[age!])"``; or a text for each row. One that has
        values over time is read at the rows' times, between saved times by straight lines; any
        other (``"PEAK(Infectious)"``) is a number of the whole run.
    values : (m,) observed, in the units of the expression.
    times : (m,) model time; None if the expression is a number.
    errors : how observations scatter about the model, one of `sdsim.likelihoods`; what its
        settings name is a free parameter or a column.
    period : if given, the model's value is the total (``as_total``) or the mean of the expression
        over the period that ends at the row's time, model time.
    coverage : the share of the true value that the data catch; it multiplies the model's value. A
        number, or the name of a free parameter.
    group : (m,) names of groups, if the calibration has any.
    columns : (m,) numbers of further columns, by name, that the errors refer to.
    held_out : (m,) whether a row is kept from the fit, to be predicted.

    Raises
    ------
    ModelError : an argument of the wrong kind, or of another length than ``values``.

    Examples
    --------
    >>> data = sdsim.Data("cases", "Infectious", [3, 8, 26], [0, 1, 2], sdsim.likelihoods.Poisson())
    >>> len(data)
    3
    """

    name: str
    expression: str | Sequence[str]
    values: Any
    times: Any
    errors: Likelihood
    period: float | None = None
    as_total: bool = True
    coverage: float | str = 1.0
    group: Sequence[str] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    held_out: Any = None
    units: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ModelError(
                f"data: expected a name, got {said(self.name)}",
                remedy='write sdsim.Data("cases", "Infectious", values, times, errors)',
            )
        values = self._numbers("values", self.values)
        if not values.size:
            raise self._fault("no values", "give at least one")
        self._set("values", values)
        if self.times is not None:
            self._set("times", self._row("times", self.times))
        one = isinstance(self.expression, str)
        texts = (self.expression,) * len(self) if one else tuple(self.expression)
        if len(texts) != len(self) or not all(isinstance(t, str) for t in texts):
            raise self._fault("expected an expression, or one for each value", "write one")
        self._set("expression", texts)
        group = (self.group,) * len(self) if isinstance(self.group, str) else tuple(self.group)
        if group and len(group) != len(self):
            what = f"{counted(len(group), 'group')} for {counted(len(self), 'value')}"
            raise self._fault(what, "give one for each value")
        self._set("group", group)
        self._set("columns", {k: self._row(k, v) for k, v in self.columns.items()})
        out = np.zeros(len(self), bool) if self.held_out is None else np.asarray(self.held_out)
        if out.dtype != np.bool_ or out.shape != values.shape:
            raise self._fault("held_out: expected true or false for each value", "leave it out")
        self._set("held_out", out)
        if isinstance(self.errors, type) or not hasattr(self.errors, "log_density"):
            got = said(self.errors)
            raise self._fault(
                f"errors: expected an error model, got {got}",
                "write sdsim.likelihoods.Normal(sd=2)",
            )
        for f in fields(self.errors):
            own = getattr(self.errors, f.name)
            if isinstance(own, tuple) and len(own) != len(self):
                what = f"{f.name}: {counted(len(own), 'number')} for {counted(len(self), 'value')}"
                raise self._fault(what, "give one for each value, or one for all")
        if self.period is not None and not self.period > 0:
            raise self._fault(f"period: expected a time above 0, got {self.period:g}", "raise it")
        if strange := np.flatnonzero(~self.errors.valid(values)).tolist():
            got = f"value {strange[0] + 1} is {values[strange[0]]:g}"
            what = f"{self.errors.kind} errors need {self.errors.takes}: {got}"
            raise self._fault(what, "correct it, or choose other errors")
        if self.period is not None and self.times is None:
            raise self._fault("a period without times", "give the times at which periods end")

        self._sort()

    def _sort(self) -> None:
        """Put the rows in the order of groups and times, as autocorrelated errors need them."""
        places = {g: k for k, g in enumerate(dict.fromkeys(self.group))}
        groups = np.array([places[g] for g in self.group] or np.zeros(len(self)))
        times = np.zeros(len(self)) if self.times is None else self.times
        order = np.lexsort((times, groups))
        for key in ("values", "times", "held_out"):
            if (own := getattr(self, key)) is not None:
                self._set(key, own[order])
        for key in ("expression", "group"):
            if own := getattr(self, key):
                self._set(key, tuple(own[i] for i in order))
        self._set("columns", {k: v[order] for k, v in self.columns.items()})
        given = {f.name: getattr(self.errors, f.name) for f in fields(self.errors)}
        rows = {k: tuple(v[i] for i in order) for k, v in given.items() if isinstance(v, tuple)}
        self._set("errors", replace(self.errors, **rows))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def texts(self) -> tuple[str, ...]:
        """(m,) the expression of each row."""
        assert isinstance(self.expression, tuple)
        return self.expression

    @property
    def words(self) -> frozenset[str]:
        """Names that its errors and coverage refer to: free parameters or columns."""
        covered = (self.coverage,) if isinstance(self.coverage, str) else ()
        return frozenset((*self.errors.named, *covered))

    def _set(self, key: str, value: Any) -> None:
        object.__setattr__(self, key, value)

    def _numbers(self, what: str, given: Any) -> Floats:
        try:
            out = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise self._fault(
                f"{what}: expected numbers, got {said(given)}", "correct it"
            ) from None
        if out.ndim != 1:
            raise self._fault(f"{what}: expected a list of numbers", "write [1, 2, 3]")
        if not np.isfinite(out).all():
            row = int(np.argmin(np.isfinite(out))) + 1
            raise self._fault(f"{what}: value {row} is not finite", "leave missing rows out")
        return out

    def _row(self, what: str, given: Any) -> Floats:
        out = self._numbers(what, given)
        if len(out) != len(self.values):
            sizes = f"{counted(len(out), 'number')} for {counted(len(self.values), 'value')}"
            raise self._fault(f"{what}: {sizes}", "give one for each value")
        return out

    def _fault(self, what: str, remedy: str) -> ModelError:
        return ModelError(what, remedy=remedy, variable=str(self.name))
