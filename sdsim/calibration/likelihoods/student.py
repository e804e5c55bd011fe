"""Student's errors: heavy tails, so that an outlier pulls little.

Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical modeling using the t
distribution. Journal of the American Statistical Association 84, 881-896.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betaln

from sdsim.calibration.likelihoods.base import (
    Floats,
    Given,
    Settings,
    no_density,
    undefined,
)
from sdsim.calibration.likelihoods.continuous import Continuous, errors, scale_columns


@dataclass(frozen=True)
class Student(Continuous):
    """Data have Student's t distribution around the prediction.

    scale : units of the data; the standard deviation is larger by ``sqrt(freedom / (freedom - 2))``
        where that exists.   freedom : degrees of freedom; 4 is a usual robust choice.
    autocorrelation : share of an error left after one unit of time, from 0 to below 1. What is new
        in each error has the t distribution, at the scale that errors of that autocorrelation have
        if they are normal; see `sdsim.calibration.likelihoods.autocorrelation`.
    """

    scale: Given
    freedom: Given = 4.0
    autocorrelation: Given = 0.0

    kind: ClassVar[str] = "student"
    width: ClassVar[str] = "scale"

    def log_density(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        new, log_scale = self._innovations(observed, predicted, settings, gaps)
        freedom = self.value("freedom", settings)
        with np.errstate(all="ignore"):
            tail = 0.5 * (freedom + 1) * np.log1p(new**2 / freedom)
            return no_density(_log_peak(freedom) - tail - log_scale)

    def residuals(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        new, log_scale = self._innovations(observed, predicted, settings, gaps)
        freedom = self.value("freedom", settings)
        with np.errstate(all="ignore"):
            tail = np.sign(new) * np.sqrt((freedom + 1) * np.log1p(new**2 / freedom))
        if not self.by_member(settings):
            return undefined(tail)
        # The density's peak depends on the degrees of freedom as on a scale: both are one cost.
        peak = _log_peak(freedom) + np.zeros_like(new)
        columns = scale_columns(log_scale, self._turn(freedom))
        columns[:, :1] = np.sqrt(columns[:, :1] ** 2 - 2 * peak.sum(axis=1, keepdims=True))
        return undefined(np.concatenate([tail, columns], axis=1))

    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """See `Likelihood`."""
        freedom = self.value("freedom", settings) + np.zeros(predicted.shape)
        fits = np.isfinite(freedom)
        noise = np.where(fits, rng.standard_t(np.where(fits, freedom, 1.0)), np.nan)
        known = None if given is None else given - predicted
        return predicted + errors(noise, *self._scale(settings), gaps, known)

    def _turn(self, freedom: Floats) -> float:
        """The amplitude that completes what a datum tells about the logarithm of its scale, within
        2 % from 3 degrees of freedom on; one for all members, so that it adds a constant."""
        typical = 10.0 if np.ndim(freedom) == 2 else float(np.median(freedom))
        return float(np.sqrt(typical / (typical + 5)))


def _log_peak(freedom: Floats) -> Floats:
    """The log density of the standard distribution at 0; never above that of the normal one."""
    with np.errstate(invalid="ignore"):
        return np.asarray(-betaln(freedom / 2, 0.5) - 0.5 * np.log(freedom))
