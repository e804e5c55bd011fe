"""Bayesian linear regression with exact predictions: levels by group, errors that may persist.

On the scale of the data, ``z = columns @ slopes + level + error``. Given three numbers, everything
is conjugate (normal and scaled inverse chi-square), so that predictions are Student's and the
evidence is known: Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., sections 14.2 and
14.8. The three are summed over a grid, by their evidence:

- how large slopes may be beside the errors: such a mixture shrinks no more than the data want
  (Liang, F. et al. (2008). Mixtures of g priors for Bayesian variable selection. Journal of the
  American Statistical Association 103, 410-423);
- how far the levels of groups lie apart, which is partial pooling;
- the correlation of errors one typical step apart, a first-order autoregression in continuous time,
  uniform from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import PRIOR_FREEDOM, prior_scale
from sdsim.comparison.rivals.neighbours import neighbours, steps
from sdsim.comparison.rivals.predictive import Predictive

Floats = NDArray[np.float64]
#: Prior variances in units of the errors': of the overall level, of slopes of standardised columns,
#: and of the levels of groups.
LEVEL = 1e6
SLOPES = np.asarray(10.0 ** np.arange(-1, 8), dtype=np.float64)
GROUPS = np.asarray(10.0 ** np.arange(-2, 6), dtype=np.float64)
#: The share of the grid's least parts that is left out.
LOST = 5e-3


@dataclass(frozen=True)
class Sums:
    """What the data say, for each autocorrelation r of the grid, once errors are made independent.

    square : (r, k, k) and cross : (r, k), total : (r,) products of columns and values.
    own : (r, group), shared : (r, group, k), of : (r, group) the same of a group's level with
    itself, with the columns and with the values.   log_widths : (r,) of the errors.
    """

    square: Floats
    cross: Floats
    total: Floats
    own: Floats
    shared: Floats
    of: Floats
    log_widths: Floats


@dataclass(frozen=True)
class Regression:
    """A regression that knows its training data; a sum over c parts of the grid.

    train : by group and time.   columns : makes the columns of a panel.   centre, size : (k - 1,)
    of the columns.   z : (n,) values less ``middle``.   x : (n, k) a one and standardised columns.
    step : the typical one between times.
    share, correlation, apart, squares : (c,) weight, autocorrelation, prior variance of groups'
    levels in that of the errors, and the scaled sum of squares.
    slopes : (c, k).   spread : (c, k, k) their covariance, in the variance of the errors.
    level, loose : (c, group) groups' levels, and their variance given the slopes.
    lean : (c, group, k) how levels follow slopes.   freedom : degrees of freedom.
    """

    train: Panel
    columns: Callable[[Panel], Floats]
    centre: Floats
    size: Floats
    middle: float
    z: Floats
    x: Floats
    step: float
    share: Floats
    correlation: Floats
    apart: Floats
    squares: Floats
    slopes: Floats
    spread: Floats
    level: Floats
    loose: Floats
    lean: Floats
    freedom: float
    parameters: int
    informed: float

    def predict(self, test: Panel) -> Predictive:
        """See `Fitted`."""
        near = neighbours(self.train, test)
        x, place = self.standardised(test), test.places(self.train.names)
        location, width = np.empty((2, len(self.share), len(test)))
        for r in np.unique(self.correlation):
            before, after = r ** (near.since / self.step), r ** (near.until / self.step)
            rest = 1 - (before * after) ** 2
            back, on = before * (1 - after**2) / rest, after * (1 - before**2) / rest
            alone, noise = 1 - back - on, np.maximum(1 - before * back - after * on, 1e-24)
            own = x - back[:, None] * self.x[near.before] - on[:, None] * self.x[near.after]
            errors = back * self.z[near.before] + on * self.z[near.after]
            c = np.flatnonzero(self.correlation == r)
            level, loose, lean = (v[:, place] for v in self._groups(c))
            off = own - alone[:, None] * lean  # (c, m, k)
            unsure = ((off @ self.spread[c]) * off).sum(axis=-1) + alone**2 * loose
            location[c] = self.middle + self.slopes[c] @ own.T + errors + alone * level
            scale = (self.squares[c] / self.freedom)[:, None]
            width[c] = np.sqrt(scale * (noise / (1 - r**2) + unsure))
        return Predictive.of(self.share, location, width, self.freedom, self.train.scale)

    def _groups(self, c: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """``level``, ``loose`` and ``lean`` of some parts; a group never seen is the last."""
        level, loose, lean = self.level[c], self.loose[c], self.lean[c]
        return (
            np.append(level, np.zeros((len(c), 1)), axis=1),
            np.append(loose, self.apart[c, None], axis=1),
            np.append(lean, np.zeros_like(lean[:, :1]), axis=1),
        )

    def standardised(self, panel: Panel) -> Floats:
        """(m, k) a one and the columns of a panel, in the units of the training data's spread."""
        return _with_one((self.columns(panel) - self.centre) / self.size)

    @property
    def elasticities(self) -> tuple[Floats, Floats]:
        """(k - 1,) mean and standard deviation of each slope, in the units of its column: an
        elasticity if both are logarithms."""
        mean = self.share @ self.slopes
        own = np.diagonal(self.spread, axis1=1, axis2=2)
        variance = (self.squares / max(self.freedom - 2, 0.5))[:, None] * own
        variance = self.share @ (variance + (self.slopes - mean) ** 2)
        return mean[1:] / self.size, np.sqrt(variance[1:]) / self.size


def regress(train: Panel, columns: Callable[[Panel], Floats], *, persistent: bool) -> Regression:
    """Fit the regression.

    train : by group and time, with values.   columns : makes (m, k) columns of a panel.
    persistent : whether errors may be autocorrelated.
    """
    raw = columns(train)
    centre, size = raw.mean(axis=0), raw.std(axis=0)
    size = np.where(size > 1e-12 * np.abs(centre), size, 1.0)
    x, middle = _with_one((raw - centre) / size), float(train.scaled.mean())
    z = train.scaled - middle
    gaps = steps(train)[1]
    step = float(np.median(gaps)) if len(gaps) else 1.0
    r, r_share = _correlations() if persistent and len(gaps) else (np.zeros(1), np.ones(1))
    apart = GROUPS if len(train.names) > 1 else np.zeros(1)
    wide = SLOPES if raw.shape[1] else np.ones(1)
    sums = _sums(train, x, z, r, step)

    loose = apart[:, None] / (1 + apart[:, None] * sums.own[:, None])  # (r, apart, group)
    leaning = loose[..., None] * sums.shared[:, None]  # (r, apart, group, k)
    square = sums.square[:, None] - np.swapaxes(leaning, 2, 3) @ sums.shared[:, None]
    cross = sums.cross[:, None] - (leaning * sums.of[:, None, :, None]).sum(axis=2)
    total = sums.total[:, None] - (loose * sums.of[:, None] ** 2).sum(axis=2)
    precision = np.full((len(wide), x.shape[1]), 1 / wide[:, None])
    precision[:, 0] = 1 / LEVEL
    full = square[:, :, None] + precision[:, None] * np.eye(x.shape[1])  # (r, apart, wide, k, k)
    spread: Floats = np.asarray(np.linalg.inv(full), dtype=np.float64)
    slopes: Floats = (spread @ cross[:, :, None, :, None])[..., 0]
    fitted = total[..., None] - (slopes * cross[:, :, None]).sum(axis=-1)
    squares = np.maximum(fitted, 0.0) + PRIOR_FREEDOM * prior_scale(train) ** 2
    freedom = len(z) + PRIOR_FREEDOM
    evidence = 0.5 * np.log(precision).sum(axis=1) - 0.5 * np.linalg.slogdet(full)[1]
    evidence = evidence - 0.5 * freedom * np.log(squares) + np.log(r_share)[:, None, None]
    levels = np.log1p(apart[:, None] * sums.own[:, None]).sum(axis=2)
    evidence = evidence - 0.5 * levels[..., None] - sums.log_widths[:, None, None]

    share = np.exp(evidence - evidence.max())
    i, j, k = kept = np.nonzero(share >= _least(share))
    share = share[kept] / share[kept].sum()
    lean, spread, slopes = leaning[i, j], spread[kept], slopes[kept]
    level: Floats = loose[i, j] * sums.of[i] - (lean @ slopes[:, :, None])[..., 0]
    own = (lean @ spread * lean).sum(axis=-1) + loose[i, j]
    told = x.shape[1] - (np.diagonal(spread, axis1=1, axis2=2) * precision[k]).sum(axis=1)
    parameters, informed = x.shape[1] + 1, float(share @ told) + len(z) / freedom
    if len(apart) > 1:
        parameters += len(train.names) + 1
        informed += float(share @ (1 - own / apart[j][:, None]).sum(axis=1))
        informed += _told(share, np.log(apart)[j], float(np.log(apart).var()))
    if len(r) > 1:
        parameters += 1
        informed += _told(share, r[i], 1 / 12)
    return Regression(
        train, columns, centre, size, middle, z, x, step, share, r[i], apart[j], squares[kept],
        slopes, spread, level, loose[i, j], lean, freedom, parameters, informed,
    )  # fmt: skip


def _sums(train: Panel, x: Floats, z: Floats, r: Floats, step: float) -> Sums:
    """The products of all that is linear, after errors are made independent."""
    rows, gaps = steps(train)
    kept = np.zeros((len(r), len(z)))
    kept[:, rows] = r[:, None] ** (gaps / step)
    width = np.sqrt((1 - kept**2) / (1 - r[:, None] ** 2))
    earlier = np.maximum(np.arange(len(z)) - 1, 0)
    xs = (x - kept[..., None] * x[earlier]) / width[..., None]
    zs, ones = (z - kept * z[earlier]) / width, (1 - kept) / width
    starts = np.flatnonzero(np.diff(train.places(train.names), prepend=-1))

    def by_group(values: Floats) -> Floats:
        return np.add.reduceat(values, starts, axis=1)

    across = np.swapaxes(xs, 1, 2)
    return Sums(
        across @ xs, (across @ zs[..., None])[..., 0], (zs**2).sum(axis=1), by_group(ones**2),
        by_group(ones[..., None] * xs), by_group(ones * zs), np.log(width).sum(axis=1),
    )  # fmt: skip


def _least(share: Floats) -> float:
    """The least share of the parts that are kept."""
    ordered = np.sort(share, axis=None)
    lost = np.cumsum(ordered) <= LOST * ordered.sum()
    return float(ordered[int(lost.sum())])


@cache
def _correlations() -> tuple[Floats, Floats]:
    """Gauss's points and weights for a uniform prior from 0 to 1, closer together near 1."""
    at, weight = np.polynomial.legendre.leggauss(20)
    u = (at + 1) / 2
    return 1 - (1 - u) ** 2, weight * (1 - u)


def _told(share: Floats, values: Floats, prior: float) -> float:
    """How much less uncertain than its prior variance a number of the grid is, 0 to 1."""
    variance = float(share @ values**2 - (share @ values) ** 2)
    return min(max(1 - variance / prior, 0.0), 1.0)


def _with_one(columns: Floats) -> Floats:
    return np.concatenate([np.ones((len(columns), 1)), columns], axis=1)
