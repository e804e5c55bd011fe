"""Negative binomial errors: counts that scatter more than independent events would.

Hilbe, J. M. (2011). Negative Binomial Regression, 2nd ed., Cambridge University Press; its NB2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, xlogy

from sdsim.calibration.likelihoods.base import Floats, Given, Settings
from sdsim.calibration.likelihoods.discrete import Discrete, drawn_counts, whole


@dataclass(frozen=True)
class NegativeBinomial(Discrete):
    """Data are counts whose mean is the prediction.

    dispersion : the variance is ``mean + dispersion * mean ** 2``, so its root is about the
        relative error of large counts.
    """

    dispersion: Given

    kind: ClassVar[str] = "negative_binomial"
    takes: ClassVar[str] = "whole numbers from 0"

    def valid(self, observed: Floats) -> NDArray[np.bool_]:
        """See `Likelihood`."""
        return whole(observed)

    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """See `Likelihood`."""
        size = self._size(settings) + np.zeros(predicted.shape)
        fits = np.isfinite(size) & self._possible(predicted)
        rate = rng.standard_gamma(np.where(fits, size, 1.0)) * predicted / size
        return drawn_counts(np.where(fits, rate, np.nan), rng)

    def _size(self, settings: Settings) -> Floats:
        return np.asarray(1 / self.value("dispersion", settings))

    def _perfect(self, observed: Floats, settings: Settings) -> Floats:
        size = self._size(settings)
        # gamma(y + size) / gamma(size), by beta functions, which keep their digits for huge sizes.
        rise = np.where(observed > 0, gammaln(observed) - betaln(size, observed), 0.0)
        zeros = -size * np.log1p(observed / size)
        share = xlogy(observed, observed / (observed + size))
        return np.asarray(rise - gammaln(observed + 1) + share + zeros)

    def _half_deviance(self, observed: Floats, predicted: Floats, settings: Settings) -> Floats:
        size = self._size(settings)
        excess = observed - predicted
        own = np.where(observed > 0, observed * np.log1p(excess / predicted), 0.0)
        return own - (observed + size) * np.log1p(excess / (predicted + size))

    def _possible(self, predicted: Floats) -> NDArray[np.bool_]:
        return predicted >= 0
