"""Counts and shares of counts: what their error models share.

Residuals are signed roots of the deviance (McCullagh, P. and Nelder, J. A. (1989). Generalized
Linear Models, 2nd ed., section 2.4.3).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.calibration.likelihoods.base import Floats, Likelihood, Settings, no_density, undefined

#: Counts beyond this are not drawn.
MOST = 1e18


@dataclass(frozen=True)
class Discrete(Likelihood):
    """A likelihood whose log density is that of a perfect prediction less half a deviance."""

    @abstractmethod
    def _perfect(self, observed: Floats, settings: Settings) -> Floats:
        """Log density of data that are as predicted; never above 0, as it is a probability."""

    @abstractmethod
    def _half_deviance(self, observed: Floats, predicted: Floats, settings: Settings) -> Floats:
        """(n_member, n_datum) what the prediction loses against a perfect one, at least 0."""

    @abstractmethod
    def _possible(self, predicted: Floats) -> NDArray[np.bool_]:
        """(n_member, n_datum) whether a prediction can be one."""

    def log_density(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        with np.errstate(all="ignore"):
            perfect = self._perfect(observed, settings)
            return no_density(perfect - self._loss(observed, predicted, settings))

    def residuals(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        with np.errstate(all="ignore"):
            loss = self._loss(observed, predicted, settings)
            signed = np.sign(observed - predicted) * np.sqrt(2 * loss)
            if not self.by_member(settings):
                return undefined(signed)
            perfect = self._perfect(observed, settings) + np.zeros_like(signed)
            cost = np.sqrt(np.maximum(-2 * perfect.sum(axis=1, keepdims=True), 0.0))
        return undefined(np.concatenate([signed, cost], axis=1))

    def _loss(self, observed: Floats, predicted: Floats, settings: Settings) -> Floats:
        loss = self._half_deviance(observed, predicted, settings)
        return np.where(self._possible(predicted), np.maximum(loss, 0.0), np.nan)


def whole(observed: Floats) -> NDArray[np.bool_]:
    """(n_datum,) whether a datum is a count."""
    return np.asarray(np.isfinite(observed) & (observed >= 0) & (observed == np.round(observed)))


def drawn_counts(mean: Floats, rng: np.random.Generator) -> Floats:
    """Poisson counts of a mean, NaN where there can be none."""
    fits = (mean >= 0) & (mean < MOST)
    return np.where(fits, rng.poisson(np.where(fits, mean, 0.0)), np.nan)
