"""Rows of a data set in a problem: observed values, settings of their errors, coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, suggested
from sdsim.calibration.data import Data
from sdsim.calibration.likelihoods import Likelihood, gaps, log_density_ahead

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a data set.

    rows : (m,) their positions in the data set.   at : their places among all rows.
    labels : names of all groups.   known : (m,) whether they are fitted, not held out.
    """

    data: Data
    rows: tuple[int, ...]
    at: slice
    labels: tuple[str, ...]
    known: NDArray[np.bool_]

    @cached_property
    def observed(self) -> Floats:
        """(m,) observed values."""
        return np.asarray(self.data.values)[list(self.rows)]

    @cached_property
    def times(self) -> Floats | None:
        """(m,) model time; None for numbers of whole runs."""
        return None if self.data.times is None else np.asarray(self.data.times)[list(self.rows)]

    @cached_property
    def group(self) -> tuple[str, ...]:
        """(m,) name of each row's group; empty names if there are none."""
        return tuple(self.data.group[r] if self.data.group else "" for r in self.rows)

    @cached_property
    def errors(self) -> Likelihood:
        """The error model, its numbers for each row cut to these rows."""
        own = self.data.errors
        given = {f.name: getattr(own, f.name) for f in fields(own)}
        return replace(own, **{
            k: tuple(v[r] for r in self.rows) for k, v in given.items() if isinstance(v, tuple)
        })  # fmt: skip

    @cached_property
    def gaps(self) -> Floats | None:
        """(m,) the time since the row before, for autocorrelated errors; otherwise None.

        Raises
        ------
        ModelError : rows without times, or two of a group at one time.
        """
        if getattr(self.data.errors, "autocorrelation", 0.0) == 0.0:
            return None
        if self.times is None:
            what = "autocorrelated errors of rows without times"
            raise ModelError(what, variable=self.data.name, remedy="leave the autocorrelation out")
        try:
            return gaps(self.times, self.group)
        except ModelError as e:
            raise e.at(variable=self.data.name) from None

    def settings(
        self, values: Mapping[str, Floats]
    ) -> tuple[Mapping[str, Floats], Floats | None]:  # fmt: skip
        """What the error model needs besides predictions: its settings that are given by name, and
        the gaps.

        values : of the parameters, (n, n_group) each, by label.
        """
        return {word: self._named(word, values) for word in self.errors.named}, self.gaps

    def log_density(self, predicted: Floats, values: Mapping[str, Floats]) -> Floats:
        """(n, m) log density of each row, given those before it that are known.

        predicted : (n, m), coverage included.   values : as in `settings`.
        """
        settings, gaps = self.settings(values)
        if gaps is None or self.times is None or self.known.all():
            return self.errors.log_density(self.observed, predicted, settings, gaps)
        return log_density_ahead(
            self.errors, self.observed, predicted, settings, self.times, self.group, self.known
        )

    def draw(
        self, predicted: Floats, values: Mapping[str, Floats], rng: np.random.Generator
    ) -> Floats:
        """(n, m) new observations. Errors that persist go on from the known rows into those that
        are held out; known rows themselves are drawn afresh.

        Parameters as in `log_density`.
        """
        settings, gaps = self.settings(values)
        fresh = self.errors.draw(predicted, settings, rng, gaps)
        if gaps is None or self.known.all():
            return fresh
        given = np.where(self.known, self.observed, np.nan)
        ahead = self.errors.draw(predicted, settings, rng, gaps, given)
        return np.where(self.known, fresh, ahead)

    def covered(self, predicted: Floats, values: Mapping[str, Floats]) -> Floats:
        """(n, m) predictions multiplied by the data's coverage."""
        coverage = self.data.coverage
        if isinstance(coverage, str):
            return predicted * self._named(coverage, values)
        return predicted if coverage == 1 else predicted * coverage

    @cached_property
    def _groups(self) -> NDArray[np.int64]:
        return np.array([self.labels.index(g) if g else 0 for g in self.group], dtype=np.int64)

    def _named(self, word: str, values: Mapping[str, Floats]) -> Floats:
        """A column (m,), or a free parameter (n, 1) or, if it differs between groups, (n, m)."""
        if word in self.data.columns:
            return np.asarray(self.data.columns[word])[list(self.rows)]
        if word not in values:
            known = [*self.data.columns, *values]
            raise ModelError(
                f"'{word}' is neither a column nor a parameter", variable=self.data.name,
                remedy=suggested(word, known),
            )  # fmt: skip
        found = values[word]
        return found[:, :1] if found.shape[1] == 1 else found[:, self._groups]
