"""Is one predictor better than another? Paired differences of scores, with intervals.

Scores of neighbouring times depend on each other, so that the standard error of independent data
is too small. Within a series, the variance of the sum comes from its first few cosine transforms,
whose number is the degrees of freedom of Student's t: Lazarus, E., Lewis, D. J., Stock, J. H. and
Watson, M. W. (2018). HAR inference: recommendations for practice. Journal of Business & Economic
Statistics 36, 541-559. It is exact if the differences are normal and independent. With at least
`MANY` series, or if each has one datum, their sums are the sample, whatever the dependence within
them: Ibragimov, R. and Müller, U. K. (2010). t-statistic based correlation and heterogeneity robust
inference. Journal of Business & Economic Statistics 28, 453-468.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sdsim.base.errors import ModelError

Floats = NDArray[np.float64]
#: From so many series on, their sums are the sample.
MANY = 6


@dataclass(frozen=True)
class Difference:
    """The sum of paired differences, and the interval in which its expectation lies.

    total, mean : summed over the data, and per datum.   low, high : interval of the total; infinite
        if the data are too few to tell.   error : standard error of the total.
    freedom : degrees of freedom of Student's t.   n, series : data, and the series they form.
    level : of the interval.
    """

    total: float
    mean: float
    low: float
    high: float
    error: float
    freedom: float
    n: int
    series: int
    level: float

    @property
    def decided(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


def difference(
    first: Floats, second: Floats, series: Sequence[object] | None = None, *, level: float = 0.95
) -> Difference:
    """The paired difference of two predictors' scores, first less second.

    The interval is about the data: other held-out data of the same kind might have come out
    otherwise. It does not know that other data to fit to might have, too.

    Parameters
    ----------
    first, second : (m,) the scores of the same data, in order of time within a series.
    series : (m,) what tells series apart; data that do not depend on each other are a series each.
        By default, all are one series.
    level : of the interval.

    Raises
    ------
    ModelError : other shapes; no data; NaN, or a datum that both find impossible.

    Examples
    --------
    >>> found = difference(np.array([0.1, -0.2, 0.3, 0.4]), np.zeros(4), series=range(4))
    >>> round(found.total, 6), found.decided
    (0.6, False)
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or not len(first) or not 0 < level < 1:
        what = f"scores of shapes {first.shape} and {second.shape}, level {level:g}"
        raise ModelError(what, remedy="give two scores of each datum, and a level such as 0.95")
    with np.errstate(invalid="ignore"):
        apart = first - second
    if np.isnan(apart).any():
        at = int(np.flatnonzero(np.isnan(apart))[0])
        what = f"datum {at + 1} has no difference of scores ({first[at]:g} and {second[at]:g})"
        raise ModelError(what, remedy="leave out what neither predictor finds possible")
    cut = _series(apart, series)
    total = float(apart.sum())
    if not np.isfinite(total):
        ends = total, total
        variance, freedom = np.inf, 0.0
    else:
        alone = len(cut) == len(apart) > 1
        of_sums = alone or len(cut) >= MANY
        variance, freedom = _variance_of_sums(cut) if of_sums else _variance_within(cut)
        reach = float(stdtrit(freedom, (1 + level) / 2) * np.sqrt(variance)) if freedom else np.inf
        ends = total - reach, total + reach
    return Difference(
        total, total / len(apart), *ends, float(np.sqrt(variance)), freedom, len(apart), len(cut),
        level,
    )  # fmt: skip


def _series(apart: Floats, series: Sequence[object] | None) -> list[Floats]:
    """The differences of each series, in order."""
    if series is None:
        return [apart]
    _, which = np.unique([str(s) for s in series], return_inverse=True)
    if which.shape != apart.shape:
        what = f"{len(which)} series for {len(apart)} scores"
        raise ModelError(what, remedy="say for each datum to which series it belongs")
    return [apart[which == k] for k in range(which.max() + 1)]


def _variance_of_sums(cut: Sequence[Floats]) -> tuple[float, float]:
    """Variance of the total, and its degrees of freedom, from the sums of many series."""
    sums = np.array([part.sum() for part in cut])
    return float(len(sums) * sums.var(ddof=1)), float(len(sums) - 1)


def _variance_within(cut: Sequence[Floats]) -> tuple[float, float]:
    """The same from what each of a few series does over time (degrees of freedom by Welch and
    Satterthwaite); none if one of them has a single datum."""
    each = [_variance_over_time(part) for part in cut]
    if any(freedom == 0 for _, freedom in each):
        return np.inf, 0.0
    variance = sum(v for v, _ in each)
    spread = sum(v**2 / freedom for v, freedom in each)
    least = float(min(freedom for _, freedom in each))
    return variance, variance**2 / spread if spread > 0 else least


def _variance_over_time(part: Floats) -> tuple[float, int]:
    """Variance of the sum of one series and its degrees of freedom, from cosine transforms."""
    n = len(part)
    freedom = min(max(round(0.4 * n ** (2 / 3)), 1), n - 1)
    waves = np.arange(1, freedom + 1)[:, None] * np.pi * (np.arange(n) + 0.5) / n
    transforms = np.sqrt(2 / n) * np.cos(waves) @ part
    return float(n * (transforms**2).sum() / max(freedom, 1)), freedom
