"""Poisson errors: counts of events that do not depend on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from sdsim.calibration.likelihoods.base import Floats, Settings
from sdsim.calibration.likelihoods.discrete import Discrete, drawn_counts, whole


@dataclass(frozen=True)
class Poisson(Discrete):
    """Data are Poisson counts whose mean is the prediction."""

    kind: ClassVar[str] = "poisson"
    takes: ClassVar[str] = "whole numbers from 0"

    def valid(self, observed: Floats) -> NDArray[np.bool_]:
        """See `Likelihood`."""
        return whole(observed)

    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """See `Likelihood`."""
        return drawn_counts(predicted, rng)

    def _perfect(self, observed: Floats, settings: Settings) -> Floats:
        return np.asarray(xlogy(observed, observed) - observed - gammaln(observed + 1))

    def _half_deviance(self, observed: Floats, predicted: Floats, settings: Settings) -> Floats:
        excess = observed - predicted
        return np.where(observed > 0, observed * np.log1p(excess / predicted), 0.0) - excess

    def _possible(self, predicted: Floats) -> NDArray[np.bool_]:
        return predicted >= 0
