"""Coordinates without bounds: what presses against a bound is made normal by its own shape.

Logits stretch what lies at a bound into an endless tail; the distribution function of a truncated
normal with the same mean and variance does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from sdsim.inference.target import Floats

#: A bound within so many standard deviations of the mean counts.
REACH = 5.0
#: Sides of the integrals, in standard deviations, where there is no bound; and their nodes.
SIDE, NODES = 12.0, 201


@dataclass(frozen=True)
class Warp:
    """From points to scores and back: linear where bounds are far, else through the normal with
    location ``middle`` and scale ``width``, cut off at ``low`` and ``high``. All are (k,)."""

    low: Floats
    high: Floats
    middle: Floats
    width: Floats
    near: Floats

    def scores(self, points: Floats) -> tuple[Floats, Floats]:
        """(n, k) scores, and (n,) the log of the volume they take for each unit of the points'."""
        x = (points - self.middle) / self.width
        logs = np.broadcast_to(-np.log(self.width), x.shape)
        at = np.flatnonzero(self.near)
        if not len(at):
            return x, logs.sum(axis=1)
        out, logs = x.copy(), logs.copy()
        # From the side where probabilities are small: there they keep their digits.
        side, start, share = self._sides()
        part = (ndtr(side * x[:, at]) - start) / share
        z = side * ndtri(np.clip(part, 1e-300, 1 - 1e-16))
        out[:, at] = z
        logs[:, at] += 0.5 * (z**2 - x[:, at] ** 2) - np.log(share)
        return out, logs.sum(axis=1)

    def points(self, scores: Floats) -> Floats:
        """(n, k) the points that have these scores."""
        x = scores.copy()
        at = np.flatnonzero(self.near)
        if not len(at):
            return self.middle + self.width * x
        side, start, share = self._sides()
        x[:, at] = side * ndtri(start + share * ndtr(side * scores[:, at]))
        return np.clip(self.middle + self.width * x, self.low, self.high)

    def _sides(self) -> tuple[Floats, Floats, Floats]:
        """Of the coordinates that are warped: 1 if probabilities count from below, else -1; where
        they start, and how much lies within the bounds."""
        at = np.flatnonzero(self.near)
        ends = np.stack([self.low[at], self.high[at]])
        a, b = (ends - self.middle[at]) / self.width[at]
        side = np.where(a + b > 0, -1.0, 1.0)
        lower, upper = np.where(side > 0, a, -b), np.where(side > 0, b, -a)
        return side, ndtr(lower), ndtr(upper) - ndtr(lower)


def warped(points: Floats, low: Floats, high: Floats) -> Warp:
    """The warp for draws (n, k) within bounds."""
    mean = points.mean(axis=0)
    sd = np.maximum(points.std(axis=0), 1e-12 * np.maximum(1.0, np.abs(mean)))
    a, b = (low - mean) / sd, (high - mean) / sd
    near = (a > -REACH) | (b < REACH)
    shift, scale = np.zeros(len(mean)), np.ones(len(mean))
    if near.any():
        shift[near], scale[near] = _truncated(a[near], b[near])
    return Warp(low, high, mean + sd * shift, sd * scale, near)


def _truncated(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Location and scale of the normals that have mean 0 and variance 1 once cut off: Newton's
    method for the convex problem in the factors of x and its square."""
    t = np.linspace(0, 1, NODES)
    x = np.maximum(low, -SIDE)[:, None] * (1 - t) + np.minimum(high, SIDE)[:, None] * t
    powers = np.cumprod(np.broadcast_to(x, (4, *x.shape)), axis=0)
    one, two = np.zeros(len(low)), np.full(len(low), -0.5)
    for _ in range(60):
        log_f = one[:, None] * x + two[:, None] * powers[1]
        f = np.exp(log_f - log_f.max(axis=1, keepdims=True))
        f /= f.sum(axis=1, keepdims=True)
        m = np.einsum("in,pin->pi", f, powers)
        aa, ab, bb = m[1] - m[0] ** 2, m[2] - m[0] * m[1], m[3] - m[1] ** 2
        off_a, off_b = -m[0], 1 - m[1]
        det = np.maximum(aa * bb - ab**2, 1e-12)
        da, db = (bb * off_a - ab * off_b) / det, (aa * off_b - ab * off_a) / det
        if max(np.abs(off_a).max(), np.abs(off_b).max()) < 1e-6:
            break
        damp = np.minimum(1.0, 0.5 / np.maximum(np.hypot(da, db), 1e-12))
        one, two = one + damp * da, np.minimum(two + damp * db, -0.02)
    return -one / (2 * two), np.sqrt(-1 / (2 * two))
