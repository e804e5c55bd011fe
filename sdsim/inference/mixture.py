"""Mixtures of Student's t: what importance sampling and independent moves draw from.

Cappé, O., Douc, R., Guillin, A., Marin, J.-M. and Robert, C. P. (2008). Statistics and Computing
18, 447-459: the refit is a step of expectation and maximisation under importance weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from sdsim.inference.optimum import Optimum
from sdsim.inference.target import Floats, log_sum

#: Degrees of freedom: tails heavy enough for weights of finite variance, and no heavier.
FREEDOM = 7.0
#: A component of less weight is dropped.
SMALL = 1e-3
#: Sets of draws from which a fit of several components starts: modes are missed by a single one.
TRIES = 4


@dataclass(frozen=True)
class Mixture:
    """weight : (c,) sums to one; centre : (c, k); factor : (c, k, k) lower Cholesky factors of the
    scales, which are the covariances times (freedom - 2) / freedom."""

    weight: Floats
    centre: Floats
    factor: Floats
    freedom: float = FREEDOM

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """(n, k) points."""
        which = rng.choice(len(self.weight), size=n, p=self.weight)
        z = rng.standard_normal((n, self.centre.shape[1]))
        z *= np.sqrt(self.freedom / rng.chisquare(self.freedom, n))[:, None]
        return np.asarray(self.centre[which] + np.einsum("nij,nj->ni", self.factor[which], z))

    def log_density(self, points: Floats) -> Floats:
        """(n,) normalised."""
        return np.asarray(log_sum(self._parts(points)[0]))

    def shares(self, points: Floats) -> Floats:
        """(c, n) how far each component answers for each point; they sum to 1 over components."""
        parts = self._parts(points)[0]
        return np.asarray(np.exp(parts - log_sum(parts)))

    def _parts(self, points: Floats) -> tuple[Floats, Floats]:
        """(c, n) log weight and density of each component, and squared distances from them."""
        k, nu = points.shape[1], self.freedom
        scores = np.linalg.inv(self.factor) @ (points - self.centre[:, None]).transpose(0, 2, 1)
        far = (scores**2).sum(axis=1)
        size = np.log(np.diagonal(self.factor, axis1=1, axis2=2)).sum(axis=1)
        constant = gammaln((nu + k) / 2) - gammaln(nu / 2) - 0.5 * k * np.log(nu * np.pi)
        height = np.log(self.weight) + constant - size
        return height[:, None] - 0.5 * (nu + k) * np.log1p(far / nu), far

    def refit(self, points: Floats, weights: Floats) -> Mixture:
        """The mixture after a step towards weighted points.

        A component's scale moves only as far as the points that it answers for can tell: the old
        one counts as k + 2 of them.

        weights : (n,) sum to one.
        """
        k = points.shape[1]
        parts, far = self._parts(points)
        share = np.exp(parts - log_sum(parts)) * weights
        pull = share * (self.freedom + k) / (self.freedom + far)
        stays = share.sum(axis=1) >= SMALL
        share, pull, factor = share[stays], pull[stays], self.factor[stays]
        weight = share.sum(axis=1)
        known = (weight**2 / (share**2).sum(axis=1))[:, None]
        middle = pull @ points / pull.sum(axis=1)[:, None]
        off = points - middle[:, None]
        scale = (pull[..., None] * off).transpose(0, 2, 1) @ off / weight[:, None, None]
        old, many = factor @ factor.transpose(0, 2, 1), known[..., None]
        mean = (many * scale + (k + 2) * old) / (many + k + 2)
        centre = (known * middle + 2 * self.centre[stays]) / (known + 2)
        return Mixture(weight / weight.sum(), centre, cholesky(mean))

    def with_component(self, weight: float, centre: Floats, scale: Floats) -> Mixture:
        """The mixture with one component more."""
        return Mixture(
            np.append(self.weight * (1 - weight), weight),
            np.concatenate([self.centre, centre[None]]),
            np.concatenate([self.factor, cholesky(scale)[None]]),
        )


def fitted(points: Floats, most: int, rng: np.random.Generator, passes: int = 12) -> Mixture:
    """A mixture for equal draws (n, k): of 1, 2, 4 ... components, at most ``most``, as long as
    more make that half of the draws likelier which was not fitted."""
    n, k = points.shape
    order = rng.permutation(n)
    held, own = points[order[: n // 2]], points[order[n // 2 :]]
    best, score, count = None, -np.inf, 1
    while count <= most and (count == 1 or len(own) >= 4 * k * count):
        tries = TRIES if count > 1 else 1
        tried = [_taught(_seeded(own, count, rng), own, passes) for _ in range(tries)]
        scores = [float(mixture.log_density(held).mean()) for mixture in tried]
        if max(scores) <= score + 0.01:
            break
        best, score, count = tried[int(np.argmax(scores))], max(scores), 2 * count
    assert best is not None
    return _taught(best, points, 2)


def _taught(mixture: Mixture, points: Floats, passes: int) -> Mixture:
    """After some refits to equal draws; one component needs few."""
    for _ in range(passes if len(mixture.weight) > 1 else 3):
        mixture = mixture.refit(points, np.full(len(points), 1 / len(points)))
    return mixture


def _seeded(points: Floats, count: int, rng: np.random.Generator) -> Mixture:
    """Components at draws that are far apart (k-means++), each with the scale of all draws near."""
    spread = np.maximum(points.std(axis=0), 1e-300)
    scaled = points / spread
    chosen = [int(rng.integers(len(points)))]
    far = ((scaled - scaled[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count:
        chosen.append(int(rng.choice(len(points), p=far / far.sum())))
        far = np.minimum(far, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
    nearest = ((scaled[:, None] - scaled[chosen]) ** 2).sum(axis=2).argmin(axis=1)
    whole = np.cov(points.T).reshape(len(spread), -1) + 1e-12 * np.diag(spread**2)
    factors, weight = [], []
    for i in range(count):
        own = points[nearest == i]
        local = np.cov(own.T).reshape(whole.shape) * len(own) if len(own) > 2 else 0.0 * whole
        rank = len(spread) + 2
        factors.append(cholesky((local + rank * whole / count) / (len(own) + rank)))
        weight.append(max(len(own), 1))
    return Mixture(np.array(weight) / sum(weight), points[chosen], np.array(factors))


def cholesky(scale: Floats) -> Floats:
    """The lower factors of covariances (..., k, k), made positive definite if need be."""
    size = np.sqrt(np.maximum(np.diagonal(scale, axis1=-2, axis2=-1), 1e-300))
    values, vectors = np.linalg.eigh(scale / size[..., None, :] / size[..., None])
    root = vectors * np.sqrt(np.maximum(values, 1e-10))[..., None, :]
    upper = np.linalg.qr(np.swapaxes(root, -1, -2))[1]
    lower = size[..., None] * np.swapaxes(upper, -1, -2)
    signs = np.sign(np.diagonal(lower, axis1=-2, axis2=-1))
    return np.asarray(lower * signs[..., None, :])


def from_optima(found: Sequence[Optimum], spread: Floats, most: int = 16) -> Mixture:
    """A component at each optimum, with the covariance that its curvature gives and the weight of
    Laplace's approximation, but none without weight.

    spread : (k,) of the prior; no direction is taken to be told worse than twice of it.
    """
    logs, factors = [], []
    for one in found[:most]:
        values, vectors = np.linalg.eigh(one.precision * spread * spread[:, None])
        values = np.maximum(values, 0.25)
        logs.append(-one.cost - 0.5 * np.log(values).sum())
        factors.append(cholesky((vectors / values) @ vectors.T * spread * spread[:, None]))
    weight = np.exp(np.array(logs) - log_sum(np.array(logs)))
    weight = 0.9 * weight + 0.1 / len(weight)
    return Mixture(weight, np.array([one.x for one in found[:most]]), np.array(factors))
