"""Errors with a scale: what normal, log-normal and Student errors share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.calibration.likelihoods.autocorrelation import chained, innovations
from sdsim.calibration.likelihoods.base import LEAST_SCALE, Likelihood, Settings

Floats = NDArray[np.float64]
#: Below the logarithm of any scale, with room for an autocorrelation close to 1.
LOG_FLOOR = np.log(LEAST_SCALE) - 20.0


@dataclass(frozen=True)
class Continuous(Likelihood):
    """A likelihood of any finite number, whose errors have a scale and may persist.

    width : the setting that is their scale.
    """

    width: ClassVar[str]
    takes: ClassVar[str] = "finite numbers"

    def valid(self, observed: Floats) -> NDArray[np.bool_]:
        """See `Likelihood`."""
        return np.isfinite(observed)

    def _scale(self, settings: Settings) -> tuple[Floats, Floats]:
        return self.value(self.width, settings), self.value("autocorrelation", settings)

    def _innovations(
        self, observed: Floats, predicted: Floats, settings: Settings, gaps: Floats | None
    ) -> tuple[Floats, Floats]:
        return standardised(observed - predicted, *self._scale(settings), gaps)


def standardised(
    error: Floats, scale: Floats, autocorrelation: Floats, gaps: Floats | None
) -> tuple[Floats, Floats]:
    """(n_member, n_datum) innovations over their scale, and the logarithm of that scale.

    error : (n_member, n_datum) observed less predicted, in the units of ``scale``.
    """
    with np.errstate(all="ignore"):
        whole = error / scale
        if _none(autocorrelation):
            return whole, np.log(scale) + np.zeros_like(whole)
        new, shrinkage = innovations(whole, autocorrelation, needed(gaps))
        return new, np.log(scale) + shrinkage


def errors(
    noise: Floats, scale: Floats, autocorrelation: Floats, gaps: Floats | None,
    known: Floats | None = None,
) -> Floats:  # fmt: skip
    """(n_member, n_datum) errors in the units of ``scale`` from noise of scale 1.

    known : (n_member, n_datum) errors that later ones go on from, NaN where unknown.
    """
    if not _none(autocorrelation):
        known = None if known is None else known / scale
        noise = chained(noise, autocorrelation, needed(gaps), known)
    return noise * scale


def scale_columns(log_scale: Floats, turn: float = 1.0) -> Floats:
    """(n_member, 1 + 2 n_datum) residuals for scales that differ between members.

    The first column's square is twice the sum of the log scales, above a floor. It is nearly flat,
    and the innovations know but half of what a normal datum tells about the logarithm of its scale,
    so Gauss and Newton's steps would be twice too long. The other columns turn with the log scale
    (a cosine and a sine of amplitude ``turn``): their squares add up to a constant, so that they
    change neither the sum nor its gradient, but they bring the missing half to J'J.
    """
    with np.errstate(invalid="ignore"):
        total = np.sqrt(2 * (log_scale - LOG_FLOOR).sum(axis=1, keepdims=True))
        return np.concatenate([total, turn * np.cos(log_scale), turn * np.sin(log_scale)], axis=1)


def needed(gaps: Floats | None) -> Floats:
    """The gaps of autocorrelated errors, which must be given."""
    if gaps is None:
        what = "autocorrelated errors without the times between data"
        raise ModelError(what, remedy="give gaps")
    return np.asarray(gaps, dtype=np.float64)


def _none(autocorrelation: Floats) -> bool:
    return np.ndim(autocorrelation) == 0 and autocorrelation == 0
