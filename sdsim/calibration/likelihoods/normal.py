"""Normal errors: the same spread at any height of the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.calibration.likelihoods.base import (
    Floats,
    Given,
    Settings,
    no_density,
    undefined,
)
from sdsim.calibration.likelihoods.continuous import Continuous, errors, scale_columns

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Normal(Continuous):
    """Data are normal around the prediction.

    sd : standard deviation, units of the data.   autocorrelation : correlation of errors one unit
        of time apart, from 0 to below 1; see `sdsim.calibration.likelihoods.autocorrelation`.
    """

    sd: Given
    autocorrelation: Given = 0.0

    kind: ClassVar[str] = "normal"
    width: ClassVar[str] = "sd"

    def log_density(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        new, log_scale = self._innovations(observed, predicted, settings, gaps)
        with np.errstate(all="ignore"):
            return no_density(-0.5 * new**2 - log_scale - HALF_LOG_2PI)

    def residuals(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        new, log_scale = self._innovations(observed, predicted, settings, gaps)
        if not self.by_member(settings):
            return undefined(new)
        return undefined(np.concatenate([new, scale_columns(log_scale)], axis=1))

    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """See `Likelihood`."""
        noise = rng.standard_normal(predicted.shape)
        known = None if given is None else given - predicted
        return predicted + errors(noise, *self._scale(settings), gaps, known)
