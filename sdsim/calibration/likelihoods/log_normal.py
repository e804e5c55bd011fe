"""Log-normal errors: the same relative spread at any height of the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.calibration.likelihoods.base import Floats, Given, Likelihood, Settings, no_density
from sdsim.calibration.likelihoods.normal import Normal


@dataclass(frozen=True)
class LogNormal(Likelihood):
    """Logarithms of data are normal around the logarithm of the prediction, which is the median.

    sd : standard deviation of the natural logarithm, about the relative error if small.
    autocorrelation : correlation of the logarithm's errors one unit of time apart, from 0 to
        below 1; see `sdsim.calibration.likelihoods.autocorrelation`.
    """

    sd: Given
    autocorrelation: Given = 0.0

    kind: ClassVar[str] = "log_normal"
    takes: ClassVar[str] = "numbers above 0"

    def valid(self, observed: Floats) -> NDArray[np.bool_]:
        """See `Likelihood`."""
        return np.isfinite(observed) & (observed > 0)

    def log_density(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`; of the data themselves, not of their logarithms."""
        logs = _log(observed)
        return no_density(self._logs.log_density(logs, _log(predicted), settings, gaps) - logs)

    def residuals(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None = None
    ) -> Floats:
        """See `Likelihood`."""
        return self._logs.residuals(_log(observed), _log(predicted), settings, gaps)

    def draw(
        self, predicted: Floats, settings: Settings, rng: np.random.Generator,
        gaps: Floats | None = None, given: Floats | None = None,
    ) -> Floats:  # fmt: skip
        """See `Likelihood`."""
        known = None if given is None else _log(given)
        return np.exp(self._logs.draw(_log(predicted), settings, rng, gaps, known))

    @property
    def _logs(self) -> Normal:
        return Normal(self.sd, self.autocorrelation)


def _log(values: Floats) -> Floats:
    """Natural logarithms, NaN of what is not above 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(np.where(np.asarray(values) > 0, values, np.nan))
