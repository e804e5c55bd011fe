"""How well predictions fit: of single values against data, of draws and densities against data.

All are per call for many predictions at once; the data are along the last axis.

Theil's shares: Theil, H. (1966). Applied Economic Forecasting, section 2.5; for system dynamics,
Sterman, J. D. (1984). Appropriate summary statistics for evaluating the historical fit of system
dynamics models. Dynamica 10(2), 51-66.
Scores of distributions: Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules,
prediction, and estimation. Journal of the American Statistical Association 102, 359-378.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtrc, logsumexp

from sdsim.base.errors import ModelError

Floats = NDArray[np.float64]
#: The levels of central intervals whose coverage is usually told.
LEVELS = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Fit:
    """How close predictions come to data. Each field is (...), one number per prediction.

    bias, variance, covariance : Theil's shares of the mean squared error, adding up to 1: unequal
        means, unequal standard deviations, and what does not move together. A model with a small
        error is sound if most of it is covariance. NaN if the fit is perfect.
    rmse, mae : root mean square and mean absolute error, units of the data.
    mape : mean absolute error as a share of the data; NaN if a datum is 0.
    r2 : share of the data's variance that is explained, 1 - error / variance; below 0 if the mean
        of the data comes closer; NaN if the data do not vary.
    correlation : Pearson's, NaN if either side does not vary.
    rms_log : root mean square of log(predicted / observed), about a relative error if small; NaN
        unless all are above 0.
    """

    bias: Floats
    variance: Floats
    covariance: Floats
    rmse: Floats
    mae: Floats
    mape: Floats
    r2: Floats
    correlation: Floats
    rms_log: Floats


def fit(observed: Floats, predicted: Floats) -> Fit:
    """How close predictions come to data.

    Parameters
    ----------
    observed : (m,) at least one.   predicted : (..., m), same units; a prediction that is not
        finite makes all figures of its row NaN.

    Examples
    --------
    >>> found = fit(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    >>> float(found.bias), float(found.rmse)
    (1.0, 1.0)
    """
    observed, predicted = np.asarray(observed, dtype=float), np.asarray(predicted, dtype=float)
    with np.errstate(all="ignore"):
        predicted = np.where(np.isfinite(predicted), predicted, np.nan)
        error = predicted - observed
        square = (error**2).mean(axis=-1)
        means = predicted.mean(axis=-1), observed.mean()
        spreads = predicted.std(axis=-1), observed.std()
        around = (predicted - means[0][..., None]) * (observed - means[1])
        together = around.mean(axis=-1)
        share = np.where(square > 0, square, np.nan)
        ratio = np.where((predicted > 0) & (observed > 0), predicted / observed, np.nan)
        return Fit(
            (means[0] - means[1]) ** 2 / share,
            (spreads[0] - spreads[1]) ** 2 / share,
            2 * (spreads[0] * spreads[1] - together) / share,
            np.sqrt(square),
            np.abs(error).mean(axis=-1),
            np.abs(error / np.where(observed == 0, np.nan, observed)).mean(axis=-1),
            1 - square / (spreads[1] ** 2 if spreads[1] > 0 else np.nan),
            together / np.where(spreads[0] > 0, spreads[0], np.nan) / spreads[1],
            np.sqrt((np.log(ratio) ** 2).mean(axis=-1)),
        )


def log_score(log_density: Floats, weights: Floats | None = None) -> Floats:
    """(m,) the log predictive density of each datum: the logarithm of its mean over draws.

    log_density : (n_draw, m) of each datum at each draw of the parameters; -inf counts as 0.
    weights : (n_draw,) of the draws; equal if not given.
    """
    with np.errstate(divide="ignore"):
        log_weights = np.log(_shares(weights, len(log_density)))[:, None]
    return np.asarray(logsumexp(log_density + log_weights, axis=0))


def crps(observed: Floats, draws: Floats, weights: Floats | None = None) -> Floats:
    """(m,) the continuous ranked probability score, E|X - y| - E|X - X'| / 2, in units of the data:
    the absolute error of a distribution. Smaller is better.

    It has no bias for few draws, since pairs of a draw with itself are not counted: Ferro, C. A. T.
    (2014). Fair scores for ensemble forecasts. Quarterly Journal of the Royal Meteorological
    Society 140, 1917-1923. For data of one point, the absolute error.

    Parameters
    ----------
    observed : (m,).   draws : (n_draw, m) from the predictive distribution of each datum.
    weights : (n_draw,) of the draws; equal if not given.
    """
    share = _shares(weights, len(draws))
    off = (share[:, None] * np.abs(draws - observed)).sum(axis=0)
    if len(draws) == 1:
        return np.asarray(off)
    order = np.argsort(draws, axis=0)
    ordered, each = np.take_along_axis(draws, order, axis=0), share[order]
    # Between neighbours lies the product of the weights on either side: the sum over pairs.
    below = np.cumsum(each, axis=0)[:-1]
    apart = 2 * (np.diff(ordered, axis=0) * below * (1 - below)).sum(axis=0)
    return np.asarray(off - 0.5 * apart / (1 - (share**2).sum()))


def ranks(observed: Floats, draws: Floats, weights: Floats | None = None) -> Floats:
    """(m,) the place of each datum among its draws, from 0 to 1, never at either end: uniform if
    the prediction is right (the probability integral transform). Equal draws count half.

    Parameters as in `crps`.
    """
    share = _shares(weights, len(draws))[:, None]
    below = (share * ((draws < observed) + 0.5 * (draws == observed))).sum(axis=0)
    effective = 1 / (share**2).sum()
    return np.asarray((below * effective + 0.5) / (effective + 1))


def quantiles(draws: Floats, levels: Sequence[float], weights: Floats | None = None) -> Floats:
    """(n_level, m) quantiles of weighted draws, linear between the middles of their weights; with
    equal weights, Hazen's.

    draws : (n_draw, m).   levels : between 0 and 1.   weights : (n_draw,); equal if not given.
    """
    share = _shares(weights, len(draws))
    order = np.argsort(draws, axis=0)
    ordered, each = np.take_along_axis(draws, order, axis=0), share[order]
    at = np.cumsum(each, axis=0) - each / 2
    columns = range(draws.shape[1])
    found = [np.interp(levels, at[:, j], ordered[:, j]) for j in columns]
    return np.array(found).reshape(len(columns), len(levels)).T


@dataclass(frozen=True)
class Coverage:
    """How many data lie in the central intervals of their predictions.

    level, share : (n_level,) nominal and found.   low, high : (n_level,) the exact 95 % interval of
        the probability to lie within (Clopper and Pearson 1934), if data do not depend on each
        other; with data that do, it is too narrow.   n : data.
    """

    level: Floats
    share: Floats
    low: Floats
    high: Floats
    n: int

    @property
    def holds(self) -> NDArray[np.bool_]:
        """(n_level,) whether the nominal level lies in the interval."""
        return (self.low <= self.level) & (self.level <= self.high)


def coverage(ranks: Floats, levels: Sequence[float] = LEVELS) -> Coverage:
    """Coverage of central intervals, from the places of data among their draws (`ranks`).

    Examples
    --------
    >>> coverage(np.linspace(0.005, 0.995, 100), [0.5]).share.tolist()
    [0.5]
    """
    level, n = np.asarray(levels, dtype=float), len(ranks)
    if not n or not ((level > 0) & (level < 1)).all():
        what = f"coverage of {n} data at levels {', '.join(f'{v:g}' for v in level)}"
        raise ModelError(what, remedy="give data, and levels between 0 and 1")
    inside = (np.abs(np.asarray(ranks) - 0.5)[:, None] <= level / 2 + 1e-12).sum(axis=0)
    low = np.where(inside > 0, betaincinv(np.maximum(inside, 1), n - inside + 1, 0.025), 0.0)
    high = np.where(inside < n, betaincinv(inside + 1, np.maximum(n - inside, 1), 0.975), 1.0)
    return Coverage(level, inside / n, low, high, n)


@dataclass(frozen=True)
class Autocorrelation:
    """What residuals know of the ones before them.

    lag, correlation : (n_lag,).   statistic : Ljung and Box's, over all lags.   chance : of one at
        least as large if residuals do not depend on each other.   n : residuals.
    """

    lag: NDArray[np.int64]
    correlation: Floats
    statistic: float
    chance: float
    n: int


def autocorrelation(
    residuals: Floats, lags: int | None = None, series: Sequence[object] | None = None
) -> Autocorrelation:
    """Autocorrelation of residuals at even times, with the test of Ljung, G. M. and Box, G. E. P.
    (1978). On a measure of lack of fit in time series models. Biometrika 65, 297-303.

    Parameters
    ----------
    residuals : (m,) in order; standardised ones, such as those of an error model. Their mean counts
        as 0, so that a bias shows.
    lags : how many; by default m / 4, at most 10.
    series : (m,) what tells series apart; pairs from different ones do not count.

    Raises
    ------
    ModelError : fewer residuals than lags + 2; residuals that are not finite.
    """
    r = np.asarray(residuals, dtype=np.float64)
    lags = max(min(10, len(r) // 4), 1) if lags is None else lags
    if not 1 <= lags <= len(r) - 2 or not np.isfinite(r).all():
        what = f"autocorrelation of {len(r)} residuals at {lags} lags"
        raise ModelError(what, remedy="give finite residuals, and at least two more than lags")
    _, which = np.unique([str(s) for s in series or [0] * len(r)], return_inverse=True)
    correlation, pairs = np.zeros(lags), np.zeros(lags)
    with np.errstate(invalid="ignore"):
        for k in range(1, lags + 1):
            same = which[k:] == which[:-k]
            pairs[k - 1] = same.sum()
            correlation[k - 1] = (r[k:] * r[:-k])[same].sum() / (r**2).sum()
    counted = pairs > 0
    of = np.where(counted, correlation**2 / np.maximum(pairs, 1), 0.0)
    statistic = float(len(r) * (len(r) + 2) * of.sum())
    chance = float(chdtrc(max(int(counted.sum()), 1), statistic))
    lag = np.arange(1, lags + 1)
    return Autocorrelation(lag, np.where(counted, correlation, np.nan), statistic, chance, len(r))


def _shares(weights: Any, n: int) -> Floats:
    """(n,) weights that add up to 1."""
    if weights is None:
        return np.full(n, 1 / n)
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (n,) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        what = f"weights of shape {weights.shape} for {n} draws"
        raise ModelError(what, remedy="give each draw a weight of at least 0, not all of them 0")
    return np.asarray(weights / weights.sum())
