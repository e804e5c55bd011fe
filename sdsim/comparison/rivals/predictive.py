"""What a rival predicts of each datum: a mixture of Student's distributions, exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from sdsim.calibration.likelihoods import Student
from sdsim.comparison.panel import SCALES

Floats = NDArray[np.float64]
#: Degrees of freedom of what counts as normal.
NORMAL = 1e9


@dataclass(frozen=True)
class Predictive:
    """Predictions of m data, each by itself; what they have in common is not told.

    weights : (c, m) of the parts, adding up to 1 for each datum.
    location, width : (c, m) of each part, on the scale of the data; the width is that of a t
        distribution.   freedom : (m,) its degrees of freedom.
    scale : a key of `SCALES`.
    """

    weights: Floats
    location: Floats
    width: Floats
    freedom: Floats
    scale: str

    @classmethod
    def of(
        cls, weights: Floats, location: Floats, width: Floats, freedom: float, scale: str
    ) -> Predictive:
        """With (c,) weights and degrees of freedom that are the same for all data."""
        m = location.shape[1]
        shared = np.broadcast_to((weights / weights.sum())[:, None], location.shape)
        return cls(shared, location, width, np.full(m, freedom), scale)

    def log_density(self, values: Floats) -> Floats:
        """(m,) of values, in model units; -inf where a value has no place on the scale."""
        scale = SCALES[self.scale]
        values = np.asarray(values, dtype=np.float64)
        settings = {"width": self.width, "freedom": self.freedom}
        with np.errstate(invalid="ignore", divide="ignore"):
            there, slope = scale.there(values), scale.log_slope(values)
            each = Student("width", "freedom").log_density(there, self.location, settings)
            total = logsumexp(each + np.log(self.weights), axis=0) + slope
        return np.where(np.isfinite(there) & np.isfinite(slope), total, -np.inf)

    def draws(self, n: int, rng: np.random.Generator) -> Floats:
        """(n, m) values, in model units."""
        m = self.location.shape[1]
        picks, ends = rng.random((n, m)), np.cumsum(self.weights, axis=0)
        part = np.empty((n, m), dtype=np.int64)
        for j in range(m):
            part[:, j] = np.searchsorted(ends[:-1, j], picks[:, j], side="right")
        noise = rng.standard_t(np.broadcast_to(self.freedom, (n, m)))
        column = np.arange(m)
        drawn = self.location[part, column] + self.width[part, column] * noise
        return np.asarray(SCALES[self.scale].back(drawn))

    @property
    def centre(self) -> Floats:
        """(m,) the mean on the scale of the data, in model units: the median if symmetric."""
        mean = (self.weights * self.location).sum(axis=0)
        return np.asarray(SCALES[self.scale].back(mean))


def joined(parts: list[Predictive], rows: list[NDArray[np.int64]]) -> Predictive:
    """Predictions for different data as one.

    rows : for each of ``parts``, the places of its data in the whole.
    """
    c, m = max(len(p.weights) for p in parts), sum(len(r) for r in rows)
    weights, location, width = np.zeros((c, m)), np.zeros((c, m)), np.ones((c, m))
    freedom = np.empty(m)
    for part, at in zip(parts, rows, strict=True):
        here = np.ix_(np.arange(len(part.weights)), at)
        weights[here], location[here], width[here] = part.weights, part.location, part.width
        freedom[at] = part.freedom
    return Predictive(weights, location, width, freedom, parts[0].scale)
