"""Binomial errors: shares found in samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from sdsim.calibration.likelihoods.base import Floats, Given, Settings
from sdsim.calibration.likelihoods.discrete import MOST, Discrete


@dataclass(frozen=True)
class Binomial(Discrete):
    """Data are shares found in samples; the prediction is the share in the population.

    trials : how many were asked. A weighted survey has its effective sample size here, which need
        not be whole; the probability of a share is then continued by gamma functions.
    """

    trials: Given

    kind: ClassVar[str] = "binomial"
    takes: ClassVar[str] = "shares from 0 to 1"

    def valid(self, observed: Floats) -> NDArray[np.bool_]:
        """See `Likelihood`."""
        return (observed >= 0) & (observed <= 1)

    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """See `Likelihood`; trials are rounded to whole numbers."""
        trials = np.round(self.value("trials", settings)) + np.zeros(predicted.shape)
        fits = self._possible(predicted) & (trials < MOST)
        asked = np.where(fits, trials, 1.0)
        found = rng.binomial(asked.astype(np.int64), np.where(fits, predicted, 0.0))
        return np.where(fits, found / asked, np.nan)

    def _perfect(self, observed: Floats, settings: Settings) -> Floats:
        trials = self.value("trials", settings)
        yes, no = trials * observed, trials * (1 - observed)
        ways = gammaln(trials + 1) - gammaln(yes + 1) - gammaln(no + 1)
        return np.asarray(ways + xlogy(yes, observed) + xlogy(no, 1 - observed))

    def _half_deviance(self, observed: Floats, predicted: Floats, settings: Settings) -> Floats:
        trials = self.value("trials", settings)
        excess = observed - predicted
        yes = np.where(observed > 0, observed * np.log1p(excess / predicted), 0.0)
        no = np.where(observed < 1, (1 - observed) * np.log1p(-excess / (1 - predicted)), 0.0)
        return np.asarray(trials * (yes + no))

    def _possible(self, predicted: Floats) -> NDArray[np.bool_]:
        return (predicted >= 0) & (predicted <= 1)
