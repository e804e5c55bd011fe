"""Distributions with exact answers, in batches of NumPy: what methods of inference must find.

Each class is a `sdsim.inference.target.Target`. ``exact`` gives means, standard deviations and the
log evidence where they are known in closed form or by quadrature over one or two dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.stats import norm, truncnorm

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Exact:
    """mean, sd : (k,); log_evidence : log of the integral of prior times likelihood."""

    mean: np.ndarray
    sd: np.ndarray
    log_evidence: float


class Normals:
    """Independent normal priors, and residuals of normal data: what the targets below share.

    A class gives ``centre``, ``spread`` (k,) of the prior, ``data`` and ``noise`` (m,), and
    ``predicted(points)`` (n, m). Bounds cut the prior off.
    """

    centre: np.ndarray
    spread: np.ndarray
    data: np.ndarray
    noise: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"p{i}" for i in range(len(self.centre)))

    @property
    def low(self) -> np.ndarray:
        return np.full(len(self.centre), -np.inf)

    @property
    def high(self) -> np.ndarray:
        return np.full(len(self.centre), np.inf)

    def predicted(self, points: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def prior_draws(self, n: int, rng: np.random.Generator) -> np.ndarray:
        a, b = (self.low - self.centre) / self.spread, (self.high - self.centre) / self.spread
        size = (n, len(self.centre))
        return truncnorm.rvs(a, b, self.centre, self.spread, size=size, random_state=rng)

    def log_prior(self, points: np.ndarray) -> np.ndarray:
        z = (points - self.centre) / self.spread
        return (-0.5 * z**2 - np.log(self.spread) - 0.5 * LOG_2PI).sum(axis=1) - self.log_inside

    @cached_property
    def log_inside(self) -> float:
        """Log of the share of the normal prior within the bounds."""
        a, b = (self.low - self.centre) / self.spread, (self.high - self.centre) / self.spread
        return float(np.log(norm.cdf(b) - norm.cdf(a)).sum())

    def log_likelihood(self, points: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            z = (self.data - self.predicted(points)) / self.noise
            return (-0.5 * z**2 - np.log(self.noise) - 0.5 * LOG_2PI).sum(axis=1)

    def residuals(self, points: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            z = (self.predicted(points) - self.data) / self.noise
        return np.concatenate([z, (points - self.centre) / self.spread], axis=1)


@dataclass(frozen=True)
class Linear(Normals):
    """Data are a matrix times the parameters: the posterior is normal, in closed form."""

    matrix: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    data: np.ndarray
    noise: np.ndarray

    def predicted(self, points: np.ndarray) -> np.ndarray:
        return points @ self.matrix.T

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        j = np.concatenate([self.matrix / self.noise[:, None], np.diag(1 / self.spread)])
        return np.broadcast_to(j, (len(points), *j.shape))

    @cached_property
    def covariance(self) -> np.ndarray:
        j = self.jacobian(self.centre[None])[0]
        return np.linalg.inv(j.T @ j)

    @cached_property
    def exact(self) -> Exact:
        weighted = self.matrix.T @ (self.data / self.noise**2) + self.centre / self.spread**2
        mean = self.covariance @ weighted
        total = self.matrix @ np.diag(self.spread**2) @ self.matrix.T + np.diag(self.noise**2)
        off = self.data - self.matrix @ self.centre
        size = len(self.data) * LOG_2PI + np.linalg.slogdet(total)[1]
        evidence = -0.5 * (size + off @ np.linalg.solve(total, off))
        return Exact(mean, np.sqrt(np.diag(self.covariance)), float(evidence))


def correlated(k: int = 20, seed: int = 1) -> Linear:
    """A normal posterior in ``k`` dimensions, its variances three decades apart and correlated."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(k, k)))[0]
    matrix = turn * np.logspace(0, 1.5, k)[:, None]
    truth = rng.normal(size=k)
    data = matrix @ truth + rng.normal(size=k)
    return Linear(matrix, np.zeros(k), np.full(k, 3.0), data, np.ones(k))


@dataclass(frozen=True)
class Ordinary:
    """Of one parameter by quadrature: ``log_f`` on a fine grid."""

    grid: np.ndarray
    log_f: np.ndarray

    @cached_property
    def weight(self) -> np.ndarray:
        w = np.exp(self.log_f - self.log_f.max())
        return w / w.sum()

    @property
    def log_integral(self) -> float:
        step = self.grid[1] - self.grid[0]
        return float(np.log(np.exp(self.log_f - self.log_f.max()).sum() * step) + self.log_f.max())

    @property
    def mean(self) -> float:
        return float(self.weight @ self.grid)

    @property
    def sd(self) -> float:
        return float(np.sqrt(self.weight @ (self.grid - self.mean) ** 2))

    def quantile(self, p: float) -> float:
        return float(np.interp(p, np.cumsum(self.weight), self.grid))


@dataclass(frozen=True)
class TwoModes(Normals):
    """The data tell the square of the first parameter; the prior leans to one side. Two far modes
    of unequal weight; the other parameters are normal and independent."""

    k: int = 4
    square: float = 9.0
    lean: float = 0.4
    error: float = 0.6

    @property
    def centre(self) -> np.ndarray:
        return np.r_[self.lean, np.zeros(self.k - 1)]

    @property
    def spread(self) -> np.ndarray:
        return np.r_[2.0, np.ones(self.k - 1)]

    @property
    def data(self) -> np.ndarray:
        return np.r_[self.square, np.full(self.k - 1, 0.5)]

    @property
    def noise(self) -> np.ndarray:
        return np.r_[self.error, np.full(self.k - 1, 0.3)]

    def predicted(self, points: np.ndarray) -> np.ndarray:
        return np.concatenate([points[:, :1] ** 2, points[:, 1:]], axis=1)

    @cached_property
    def first(self) -> Ordinary:
        x = np.linspace(-12, 12, 240001)
        log_f = -0.5 * ((self.data[0] - x**2) / self.error) ** 2 - np.log(self.error)
        return Ordinary(x, log_f - 0.5 * ((x - self.lean) / 2) ** 2 - np.log(2) - LOG_2PI)

    @property
    def right(self) -> float:
        """The share of the mode at positive values."""
        return float(self.first.weight[self.first.grid > 0].sum())

    @cached_property
    def exact(self) -> Exact:
        m, total = self.k - 1, 0.3**2 + 1.0
        mean, sd = 0.5 / total, np.sqrt(0.3**2 / total)
        rest = m * -0.5 * (LOG_2PI + np.log(total) + 0.25 / total)
        return Exact(
            np.r_[self.first.mean, np.full(m, mean)], np.r_[self.first.sd, np.full(m, sd)],
            self.first.log_integral + rest,
        )  # fmt: skip


@dataclass(frozen=True)
class Banana(Normals):
    """Pairs (a, b), b told to be near 0, or in ``bent`` of them near a bent function of a (Haario,
    Saksman and Tamminen 1999): given a, b is normal, so that quadrature over a gives the rest."""

    k: int = 20
    bent: int = 1
    bend: float = 0.5
    error: float = 0.3

    @property
    def centre(self) -> np.ndarray:
        return np.zeros(self.k)

    @property
    def spread(self) -> np.ndarray:
        return np.tile([2.0, 10.0], self.k // 2)

    @property
    def data(self) -> np.ndarray:
        return np.zeros(self.k // 2)

    @property
    def noise(self) -> np.ndarray:
        return np.full(self.k // 2, self.error)

    def predicted(self, points: np.ndarray) -> np.ndarray:
        bends = np.where(np.arange(self.k // 2) < self.bent, self.bend, 0.0)
        return points[:, 1::2] - bends * points[:, ::2] ** 2

    def first(self, bend: float) -> Ordinary:
        x = np.linspace(-16, 16, 64001)
        total = 100 + self.error**2
        log_f = -0.5 * ((bend * x**2) ** 2 / total + np.log(total) + (x / 2) ** 2)
        return Ordinary(x, log_f - np.log(2) - LOG_2PI)

    @cached_property
    def exact(self) -> Exact:
        shrink, means, sds, evidence = 100 / (100 + self.error**2), [], [], 0.0
        for i in range(self.k // 2):
            bend = self.bend if i < self.bent else 0.0
            first = self.first(bend)
            middle = shrink * bend * first.grid**2
            mean = first.weight @ middle
            means += [first.mean, mean]
            sd = np.sqrt(first.weight @ (middle - mean) ** 2 + shrink * self.error**2)
            sds += [first.sd, sd]
            evidence += first.log_integral
        return Exact(np.array(means), np.array(sds), evidence)


@dataclass(frozen=True)
class Ridge(Normals):
    """The data tell a product of two parameters alone, both positive: a curved ridge."""

    product: float = 2.0
    error: float = 0.05

    centre = np.array([1.0, 1.0])
    spread = np.array([2.0, 2.0])

    @property
    def low(self) -> np.ndarray:
        return np.zeros(2)

    @property
    def data(self) -> np.ndarray:
        return np.array([self.product])

    @property
    def noise(self) -> np.ndarray:
        return np.array([self.error])

    def predicted(self, points: np.ndarray) -> np.ndarray:
        return points[:, :1] * points[:, 1:]

    @cached_property
    def first(self) -> Ordinary:
        """Given one parameter the posterior of the other is a normal cut off at 0."""
        x = np.linspace(1e-4, 14, 140001)
        precision = (x / self.error) ** 2 + 0.25
        middle = (x * self.product / self.error**2 + 0.25) / precision
        height = (self.product / self.error) ** 2 + 0.25 - precision * middle**2
        log_f = -0.5 * height - 0.5 * np.log(precision) + norm.logcdf(middle * np.sqrt(precision))
        log_f -= 0.5 * ((x - 1) / 2) ** 2 + 2 * np.log(2) + np.log(self.error) + LOG_2PI
        return Ordinary(x, log_f)

    @cached_property
    def exact(self) -> Exact:
        one = self.first
        return Exact(np.full(2, one.mean), np.full(2, one.sd), one.log_integral - self.log_inside)


@dataclass(frozen=True)
class Bounded(Normals):
    """Independent parameters, several of them pushed against 0: half normals and exponential-like
    tails, each cut off at its bounds."""

    k: int = 21
    pushed: int = 8
    noise_: float = 0.5
    centre: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre", np.full(self.k, 1.0))

    @property
    def spread(self) -> np.ndarray:
        return np.full(self.k, 2.0)

    @property
    def low(self) -> np.ndarray:
        return np.zeros(self.k)

    @property
    def high(self) -> np.ndarray:
        return np.full(self.k, 4.0)

    @property
    def data(self) -> np.ndarray:
        return np.r_[np.linspace(-1.5, 0, self.pushed), np.full(self.k - self.pushed, 2.0)]

    @property
    def noise(self) -> np.ndarray:
        return np.full(self.k, self.noise_)

    def predicted(self, points: np.ndarray) -> np.ndarray:
        return points

    @cached_property
    def exact(self) -> Exact:
        x = np.linspace(0, 4, 40001)
        each = [
            Ordinary(x, -0.5 * (((d - x) / self.noise_) ** 2 + ((x - 1) / 2) ** 2)
                     - np.log(2 * self.noise_) - LOG_2PI)
            for d in self.data
        ]  # fmt: skip
        return Exact(
            np.array([o.mean for o in each]), np.array([o.sd for o in each]),
            sum(o.log_integral for o in each) - self.log_inside,
        )  # fmt: skip


def runge_kutta(slope, state: np.ndarray, dt: float, steps: int) -> np.ndarray:
    """(steps + 1, ...) of the classical method."""
    out = [state]
    for _ in range(steps):
        a = slope(state)
        b = slope(state + dt / 2 * a)
        c = slope(state + dt / 2 * b)
        d = slope(state + dt * c)
        state = state + dt / 6 * (a + 2 * b + 2 * c + d)
        out.append(state)
    return np.array(out)


@dataclass(frozen=True)
class LotkaVolterra(Normals):
    """Prey and predators told with log-normal error (the model of Stan's case study of lynx and
    hare): logarithms of four rates and two first values, and of two errors."""

    seed: int = 3
    centre = np.log([0.55, 0.03, 0.8, 0.025, 30.0, 5.0, 0.25, 0.25])
    spread = np.array([0.5, 0.5, 0.5, 0.5, 0.7, 0.7, 0.5, 0.5])
    times = 21

    def states(self, points: np.ndarray) -> np.ndarray:
        """(n, 2 times) logarithms."""
        a, b, c, d, u, v = np.exp(points[:, :6]).T

        def slope(s: np.ndarray) -> np.ndarray:
            return np.array([s[0] * (a - b * s[1]), s[1] * (d * s[0] - c)])

        with np.errstate(all="ignore"):
            path = runge_kutta(slope, np.array([u, v]), 0.125, 8 * (self.times - 1))[::8]
            return np.log(path).reshape(2 * self.times, -1).T

    @cached_property
    def data(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        return self.states(self.centre[None])[0] + 0.2 * rng.normal(size=2 * self.times)

    def _errors(self, points: np.ndarray) -> np.ndarray:
        return np.tile(np.exp(points[:, 6:]), self.times)

    def log_likelihood(self, points: np.ndarray) -> np.ndarray:
        error = self._errors(points)
        with np.errstate(all="ignore"):
            z = (self.data - self.states(points)) / error
            return (-0.5 * z**2 - np.log(error) - 0.5 * LOG_2PI).sum(axis=1)

    def residuals(self, points: np.ndarray) -> np.ndarray:
        """The logarithm of an error counts as a square root, from far below what it may be."""
        error = self._errors(points)
        with np.errstate(all="ignore"):
            z = (self.data - self.states(points)) / error
            size = np.sqrt(2 * (np.log(error) + 20))
        return np.concatenate([z, size, (points - self.centre) / self.spread], axis=1)


@dataclass(frozen=True)
class Epidemic(Normals):
    """An SIR epidemic in 763 pupils: infection, recovery and first infected, as logarithms, told by
    the number in bed on 14 days with a normal error."""

    seed: int = 5
    centre = np.log([1.7, 0.45, 2.0])
    spread = np.array([0.5, 0.5, 1.0])
    noise = np.full(14, 15.0)

    def predicted(self, points: np.ndarray) -> np.ndarray:
        infection, recovery, first = np.exp(points).T

        def slope(s: np.ndarray) -> np.ndarray:
            new = infection * s[0] * s[1] / 763
            return np.array([-new, new - recovery * s[1]])

        with np.errstate(all="ignore"):
            return runge_kutta(slope, np.array([763 - first, first]), 0.25, 56)[4::4, 1].T

    @cached_property
    def data(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        return self.predicted(np.log([[1.9, 0.5, 1.2]]))[0] + rng.normal(0, 15, 14)
