"""What to draw from instead of a distribution: a mixture of t over warped coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdsim.inference.mixture import Mixture, fitted
from sdsim.inference.target import Floats
from sdsim.inference.warp import Warp, warped


@dataclass(frozen=True)
class Proposal:
    """A mixture for the scores of a warp: it draws within bounds, and fits what presses on them."""

    warp: Warp
    mixture: Mixture

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """(n, k) points."""
        return self.warp.points(self.mixture.draw(n, rng))

    def log_density(self, points: Floats) -> Floats:
        """(n,) normalised; points must lie within the bounds."""
        scores, volume = self.warp.scores(points)
        return self.mixture.log_density(scores) + volume


def learnt(
    points: Floats, low: Floats, high: Floats, most: int, rng: np.random.Generator
) -> Proposal:
    """A proposal fitted to equal draws (n, k), of at most ``most`` components."""
    warp = warped(points, low, high)
    return Proposal(warp, fitted(warp.scores(points)[0], most, rng))
