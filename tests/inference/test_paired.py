"""Paired differences: exact intervals of white noise, honest ones of persistent series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal, stats

from sdsim.base.errors import ModelError
from sdsim.inference.paired import MANY, difference

RNG = np.random.default_rng(4)


def covered(made: Any, series: Any = None, level: float = 0.9) -> float:
    """How often the interval of the total holds 0."""
    found = [difference(d, np.zeros_like(d), series, level=level) for d in made]
    return float(np.mean([f.low <= 0 <= f.high for f in found]))


@pytest.mark.parametrize("n", [2, 5, 30])
def test_the_interval_is_exact_for_one_series_of_white_noise(n: int) -> None:
    share = covered(RNG.normal(size=(2000, n)))
    assert share == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 2000))


def test_an_interval_over_data_that_do_not_depend_is_students() -> None:
    d = RNG.normal(0.3, 1, 12)
    found = difference(d + 5, np.full(12, 5.0), series=range(12))
    want = stats.ttest_1samp(d, 0).confidence_interval(0.95)
    assert (found.low / 12, found.high / 12) == pytest.approx((want.low, want.high))
    assert (found.total, found.mean) == pytest.approx((d.sum(), d.mean()))
    assert (found.freedom, found.series, found.n) == (11, 12, 12)
    three = difference(d[:3], np.zeros(3), series="abc")
    assert three.freedom == 2


def test_persistent_differences_are_not_taken_for_many() -> None:
    """With a correlation of 0.5, an interval for independent data covers far less than 90 %."""
    n = 40
    noise = RNG.normal(size=(1500, n + 50))
    made = signal.lfilter([1], [1, -0.5], noise, axis=1)[:, 50:]
    naive = np.abs(made.mean(axis=1)) < stats.t.ppf(0.95, n - 1) * made.std(axis=1, ddof=1) / n**0.5
    assert naive.mean() < 0.72
    assert covered(made) > 0.84


@pytest.mark.parametrize("count", [3, MANY])
def test_series_whose_errors_persist(count: int) -> None:
    """Few series: each over its own time. Many: their sums, however strong the dependence."""
    n = 20
    noise = RNG.normal(size=(1000, count, n + 50))
    made = signal.lfilter([1], [1, -0.5], noise, axis=-1)[..., 50:].reshape(1000, -1)
    share = covered(made, np.repeat(np.arange(count), n))
    assert share > 0.84
    if count == MANY:
        assert share == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 1000))


def test_freedom_of_few_series_is_between_one_and_their_sum() -> None:
    d = RNG.normal(size=60)
    one = difference(d[:30], np.zeros(30))
    two = difference(d, np.zeros(60), series=["a"] * 30 + ["b"] * 30)
    assert one.freedom == 4
    assert 4 <= two.freedom <= 8
    assert two.error**2 == pytest.approx(one.error**2 + difference(d[30:], np.zeros(30)).error ** 2)


@pytest.mark.filterwarnings("error")
def test_what_cannot_be_told() -> None:
    single = difference(np.array([3.0]), np.array([1.0]))
    assert (single.total, single.low, single.high) == (2.0, -np.inf, np.inf)
    assert not single.decided
    uneven = difference(np.arange(4.0), np.zeros(4), series=[1, 1, 1, 2])
    assert uneven.high == np.inf


def test_the_impossible_decides() -> None:
    lost = difference(np.array([-1.0, -np.inf]), np.array([-2.0, -2.0]))
    assert (lost.total, lost.high, lost.decided) == (-np.inf, -np.inf, True)
    same = difference(np.ones(5), np.ones(5))
    assert (same.total, same.low, same.high, same.decided) == (0, 0, 0, False)
    better = difference(np.full(5, 2.0), np.ones(5))
    assert better.decided


@pytest.mark.parametrize(
    ("first", "second", "series", "said"),
    [
        ([1.0], [1.0, 2.0], None, r"shapes \(1,\) and \(2,\)"),
        ([], [], None, "scores of shapes"),
        ([1.0, -np.inf], [1.0, -np.inf], None, "datum 2 has no difference of scores"),
        ([1.0, 2.0], [1.0, np.nan], None, "datum 2"),
        ([1.0, 2.0], [1.0, 2.0], [1], "1 series for 2 scores"),
    ],
)
def test_refusals(first: Any, second: Any, series: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        difference(np.array(first), np.array(second), series)
