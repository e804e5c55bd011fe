"""Worlds in which each of the rivals is the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sdsim.comparison.panel import Panel

GROUPS = ("north", "south", "west")
#: Times to learn from, then times to predict.
LEARN, AHEAD = 14, 4


def world(make: Callable[[Any, Any], Any], seed: int, scale: str = "log") -> tuple[Panel, Panel]:
    """Training and test data of three groups. make : (rng, drivers (2, group, time)) -> (group,
    time) values on the scale."""
    rng = np.random.default_rng(seed)
    n = LEARN + AHEAD
    drivers = np.exp(np.cumsum(rng.normal(0, 0.3, (2, len(GROUPS), n)), axis=2))
    z = make(rng, drivers)
    values = np.exp(z) if scale == "log" else z
    times = np.tile(2000.0 + np.arange(n), len(GROUPS))
    groups = tuple(np.repeat(GROUPS, n))
    named = {"people": drivers[0].ravel(), "wage": drivers[1].ravel()}
    whole = Panel(times, values.ravel(), groups, named, scale)
    late = times >= 2000 + LEARN
    return whole.rows(~late), whole.rows(late)


def level(rng: Any) -> Any:
    return rng.normal(3, 1, (len(GROUPS), 1))


def last_value(rng: Any, drivers: Any) -> Any:
    return level(rng) + np.cumsum(rng.normal(0, 0.1, drivers.shape[1:]), axis=1)


def last_growth(rng: Any, drivers: Any) -> Any:
    return level(rng) + np.cumsum(np.cumsum(rng.normal(0, 0.01, drivers.shape[1:]), axis=1), axis=1)


def mean(rng: Any, drivers: Any) -> Any:
    return level(rng) + rng.normal(0, 0.2, drivers.shape[1:])


def trend(rng: Any, drivers: Any) -> Any:
    return mean(rng, drivers) + 0.07 * np.arange(drivers.shape[2])


def ar1(rng: Any, drivers: Any) -> Any:
    """Stationary from the beginning, correlation 0.7."""
    new = rng.normal(0, 0.2, drivers.shape[1:])
    new[:, 0] /= np.sqrt(1 - 0.7**2)
    for t in range(1, new.shape[1]):
        new[:, t] += 0.7 * new[:, t - 1]
    return level(rng) + new


def ar1_trend(rng: Any, drivers: Any) -> Any:
    return ar1(rng, drivers) + 0.07 * np.arange(drivers.shape[2])


def gravity(rng: Any, drivers: Any) -> Any:
    return mean(rng, drivers) + 0.8 * np.log(drivers[0]) - 0.4 * np.log(drivers[1])


def linear(rng: Any, drivers: Any) -> Any:
    return mean(rng, drivers) + 0.3 * drivers[0] - 0.2 * drivers[1]


def lagged(rng: Any, drivers: Any) -> Any:
    z = level(rng) + rng.normal(0, 0.1, drivers.shape[1:])
    pull = 0.5 * np.log(drivers[0]) + 0.2 * level(rng)
    for t in range(1, z.shape[1]):
        z[:, t] = 0.6 * z[:, t - 1] + pull[:, t] + rng.normal(0, 0.1, len(GROUPS))
    return z
