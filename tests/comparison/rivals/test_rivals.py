"""Rivals: in worlds where they are the truth they cover and win; in others they lose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import rival_worlds as worlds
from scipy import stats

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals import (
    RIVALS,
    Autoregression,
    Gravity,
    LastGrowth,
    LastValue,
    Linear,
    Mean,
    PerGroup,
    Predictive,
    Trend,
    from_data,
)
from sdsim.inference.scores import ranks

SETS = 200
TRUE: dict[str, tuple[Any, Any]] = {
    **{kind: (made(), getattr(worlds, kind)) for kind, made in RIVALS.items()},
    "gravity, lagged": (Gravity(lagged=True), worlds.lagged),
    "trend, per group": (PerGroup(Trend()), worlds.trend),
}
EVERY = pytest.mark.parametrize("kind", sorted(TRUE))


@pytest.mark.parametrize("kind", sorted(set(TRUE) - {"trend, per group"}))
def test_intervals_cover_where_the_rival_is_the_truth(kind: str) -> None:
    """Over 200 data sets: the places of held-out data among draws are uniform. The data of one set
    depend on each other, so each set gives the share of its own that lie inside."""
    rival, make = TRUE[kind]
    shares = []
    for seed in range(SETS):
        train, test = worlds.world(make, seed)
        drawn = rival.fit(train).predict(test).draws(199, np.random.default_rng(seed))
        place = ranks(test.values, drawn)
        shares.append([(np.abs(place - 0.5) <= level / 2).mean() for level in (0.5, 0.9)])
    found, error = np.mean(shares, axis=0), np.std(shares, axis=0) / np.sqrt(SETS)
    assert (np.abs(found - [0.5, 0.9]) < 4 * error + 0.005).all(), (found, error)


def scores(rival: Any, make: Any, seeds: int = 12) -> Any:
    """(seed,) total log predictive density of held-out data."""
    found = []
    for seed in range(seeds):
        train, test = worlds.world(make, 1000 + seed)
        found.append(rival.fit(train).predict(test).log_density(test.values).sum())
    return np.array(found)


@pytest.mark.parametrize(
    ("right", "wrong", "make"),
    [
        (Trend(), Mean(), worlds.trend), (Trend(), LastGrowth(), worlds.trend),
        (LastValue(), Mean(), worlds.last_value), (LastGrowth(), Trend(), worlds.last_growth),
        (Gravity(), Trend(), worlds.gravity), (Gravity(), Mean(), worlds.gravity),
        (Linear(), Mean(), worlds.linear), (Gravity(lagged=True), Autoregression(), worlds.lagged),
        (Autoregression(), Trend(), worlds.ar1), (Trend(), PerGroup(Trend()), worlds.trend),
    ],
    ids=lambda v: getattr(v, "name", getattr(v, "__name__", "")),
)  # fmt: skip
def test_the_truth_wins_over_what_is_wrong(right: Any, wrong: Any, make: Any) -> None:
    better = scores(right, make) - scores(wrong, make)
    assert better.mean() > 2 * better.std() / np.sqrt(len(better)) > 0


@EVERY
def test_densities_are_those_of_the_draws(kind: str) -> None:
    """Densities integrate to 1 and have the draws' distribution function."""
    rival, make = TRUE[kind]
    train, test = worlds.world(make, 3)
    predicted = rival.fit(train).predict(test)
    drawn = np.log(predicted.draws(4000, np.random.default_rng(1)))
    for j in (0, len(test) - 1):
        low, high = np.quantile(drawn[:, j], [0.0005, 0.9995])
        grid = np.linspace(low - 3 * (high - low), high + 3 * (high - low), 801)
        repeated = Predictive(
            *(np.repeat(v[:, j : j + 1], 801, axis=1) for v in (
                predicted.weights, predicted.location, predicted.width)),
            np.repeat(predicted.freedom[j], 801), "log",
        )  # fmt: skip
        density = np.exp(repeated.log_density(np.exp(grid)) + grid)
        below = np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(grid))
        assert below[-1] == pytest.approx(1, abs=3e-3)
        share = np.interp(drawn[:, j], grid[1:], below)
        assert stats.kstest(share, "uniform").pvalue > 1e-4


@EVERY
def test_values_and_order_of_what_is_asked_do_not_matter(kind: str) -> None:
    rival, make = TRUE[kind]
    train, test = worlds.world(make, 5)
    order = np.random.default_rng(0).permutation(len(train))
    blank = Panel(test.times, np.full(len(test), np.nan), test.groups, test.drivers, "log")
    want = rival.fit(train).predict(test).log_density(test.values)
    back = np.arange(len(test))[::-1]
    found = rival.fit(train.rows(order)).predict(blank.rows(back)).log_density(test.values[::-1])
    # Draws of coefficients go by the order of groups, which shows in the third digit.
    close = {"rel": 1e-6} if kind != "gravity, lagged" else {"abs": 0.15}
    assert found[::-1] == pytest.approx(want, **close)


def test_last_value_by_hand() -> None:
    """Changes of 1 and 3 a step apart, on the level: variance 5 of each, Student's."""
    train = Panel(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 8.0]), (), {}, "level")
    fitted = LastValue().fit(train)
    prior = 0.1 * (0.03**2 * (16 + 25 + 64) / 3)
    sd = np.sqrt((10 + prior) / 2.1)
    found = fitted.predict(Panel(np.array([4.0, 7.0]), np.array([0.0, 0.0]), (), {}, "level"))
    want = stats.t(2.1, 8, sd * np.array([1, 2]))
    values = np.array([7.0, 11.0])
    assert found.log_density(values) == pytest.approx(want.logpdf(values))
    middle = fitted.predict(Panel(np.array([1.25]), np.array([0.0]), (), {}, "level"))
    bridge = stats.t(2.1, 4.25, sd * np.sqrt(0.25 * 0.75))
    assert middle.log_density(np.array([4.0])) == pytest.approx([bridge.logpdf(4.0)])


def test_last_growth_by_hand() -> None:
    """On logarithms: growth of 0.1, then 0.3; one change of 0.2."""
    train = Panel(np.array([0.0, 1.0, 2.0]), np.exp([0.0, 0.1, 0.4]))
    found = LastGrowth().fit(train).predict(Panel(np.array([3.0, 4.0]), np.ones(2)))
    sd = np.sqrt((0.2**2 + 0.1 * 0.03**2) / 1.1)
    want = stats.t(1.1, [0.7, 1.0], [sd, sd * np.sqrt(5)])
    y = np.array([1.5, 3.0])
    assert found.log_density(y) == pytest.approx(want.logpdf(np.log(y)) - np.log(y))
    assert found.centre == pytest.approx(np.exp([0.7, 1.0]))


def test_elasticities_of_gravity_come_back() -> None:
    near = []
    for seed in range(40):
        fit: Any = Gravity().fit(worlds.world(worlds.gravity, seed)[0])
        mean, sd = fit.elasticities
        near.append((mean - [0.8, -0.4]) / sd)
    assert np.abs(np.mean(near, axis=0)).max() < 0.7
    assert np.std(near, axis=0) == pytest.approx([1, 1], abs=0.4)


def test_a_group_never_seen_gets_wide_predictions_or_is_refused() -> None:
    train, test = worlds.world(worlds.mean, 1)
    new = replace(test.rows(np.arange(4)), groups=("east",) * 4)
    known = Mean().fit(train).predict(test).draws(500, np.random.default_rng(1))
    unknown = Mean().fit(train).predict(new).draws(500, np.random.default_rng(1))
    assert np.log(unknown).std() > 2 * np.log(known).std(axis=0).max()
    for rival in (LastValue(), LastGrowth(), PerGroup(Mean())):
        with pytest.raises(ModelError, match="group 'east'"):
            rival.fit(train).predict(new)


def test_parameters_are_counted() -> None:
    train, _ = worlds.world(worlds.trend, 1)
    counts = {kind: rival.fit(train) for kind, (rival, _) in TRUE.items()}
    for kind, fitted in counts.items():
        assert 0 < fitted.informed <= fitted.parameters, kind
    assert counts["last_value"].parameters == 1
    assert counts["trend"].parameters == 7  # line, variance, three levels and their spread
    assert counts["ar1_trend"].parameters == 8
    assert counts["trend, per group"].parameters == 9


@pytest.mark.parametrize(
    ("rival", "change", "said"),
    [
        (Gravity(("peple",)), {}, "no driver 'peple'; did you mean 'people'?"),
        (Gravity(), {"scale": "level"}, "gravity: data on the scale 'level'"),
        (Linear(), {"drivers": {"people": np.full(42, np.nan)}}, "driver 'people' has no value"),
        (Gravity(), {"drivers": {"people": np.zeros(42)}}, "driver 'people' is 0 at time 2000"),
        (Trend(), {"values": np.full(42, np.nan)}, "trend: data to learn from without values"),
    ],
)  # fmt: skip
def test_refusals(rival: Any, change: Any, said: str) -> None:
    train, _ = worlds.world(worlds.gravity, 1)
    given = {
        "times": train.times, "values": train.values, "groups": train.groups,
        "drivers": train.drivers, "scale": "log", **change,
    }  # fmt: skip
    with pytest.raises(ModelError) as refused:
        rival.fit(Panel(**given))
    assert said in str(refused.value)


@EVERY
def test_too_few_data_are_refused(kind: str) -> None:
    rival, make = TRUE[kind]
    train, _ = worlds.world(make, 1)
    with pytest.raises(ModelError, match="1 data to learn from; give"):
        rival.fit(train.rows(np.array([0])))


def test_last_stock_needs_even_steps() -> None:
    train, test = worlds.world(worlds.lagged, 1)
    later = test.rows(test.times > 2014)
    with pytest.raises(ModelError, match="no value one step before 2015 of group 'north'"):
        Gravity(lagged=True).fit(train).predict(later)
    uneven = Panel(np.array([0, 1, 3, 7.0, 15]), np.arange(1.0, 6))
    with pytest.raises(ModelError, match="data that follow another at even steps"):
        Gravity(lagged=True).fit(uneven)


def test_a_lagged_regression_without_drivers_is_an_autoregression_at_even_times() -> None:
    """Given the same coefficients, each step ahead is the last one's, pulled and spread: with a
    long series, both find the same predictions."""
    rng = np.random.default_rng(2)
    z = np.zeros(400)
    for t in range(1, 400):
        z[t] = 0.8 * z[t - 1] + rng.normal(0, 0.1)
    train, test = Panel(np.arange(400.0), np.exp(z)), Panel(400.0 + np.arange(6), np.ones(6))
    own = Gravity(lagged=True).fit(train).predict(test)
    ar1 = Autoregression().fit(train).predict(test)
    assert np.log(own.centre) == pytest.approx(np.log(ar1.centre), abs=0.02)
    for y in np.exp([-0.3, 0.0, 0.2]):
        values = np.full(6, y)
        assert own.log_density(values) == pytest.approx(ar1.log_density(values), abs=0.25)


def test_rivals_from_plain_data() -> None:
    assert from_data({"rival": "trend"}) == Trend()
    want = PerGroup(Gravity(("people",), lagged=True))
    assert (
        from_data({"rival": "gravity", "drivers": ["people"], "lagged": True, "each": True}) == want
    )
    assert {kind: from_data({"rival": kind}).kind for kind in RIVALS} == {k: k for k in RIVALS}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"rival": "trnd"}, "unknown rival 'trnd'; did you mean 'trend'?"),
        ({}, "unknown rival ''; one of last_value"),
        ({"rival": "gravity", "laged": True}, "gravity has no 'laged'; did you mean 'lagged'?"),
        ({"rival": "trend", "drivers": ["x"]}, "trend has no 'drivers'; it has no settings"),
        ({"rival": "linear", "drivers": "x"}, "linear: drivers: expected a list of names, got 'x'"),
        ({"rival": "trend", "each": 1}, "trend: each: expected true or false, got 1"),
    ],
)
def test_what_no_rival_has(data: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        from_data(data)
    assert said in str(refused.value)
