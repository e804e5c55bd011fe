"""Scales on which parameters are searched: one row each, from model units to working units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.design.distributions import Distribution, LogNormal, LogUniform

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """A scale.

    onto, back : from model units to working units, and the inverse; ``(x, low, high)``.
    log_slope : logarithm of the inverse's derivative at working values ``(z, low, high)``.
    unsuited : what is wrong with a prior on ``low`` to ``high``; empty if nothing is.
    """

    onto: Callable[[Floats, float, float], Floats]
    back: Callable[[Floats, float, float], Floats]
    log_slope: Callable[[Floats, float, float], Floats]
    unsuited: Callable[[float, float], str]


def _logit(x: Floats, low: float, high: float) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x - low) - np.log(high - x))


def _expit(z: Floats, low: float, high: float) -> Floats:
    return np.asarray(low + (high - low) / (1.0 + np.exp(-z)))


def _logit_slope(z: Floats, low: float, high: float) -> Floats:
    return np.asarray(np.log(high - low) - np.logaddexp(0.0, z) - np.logaddexp(0.0, -z))


def _log(x: Floats, low: float, high: float) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x))


SCALES: dict[str, Scale] = {
    "none": Scale(
        lambda x, low, high: x, lambda z, low, high: z,
        lambda z, low, high: np.zeros_like(z), lambda low, high: "",
    ),
    "log": Scale(
        _log, lambda z, low, high: np.asarray(np.exp(z)), lambda z, low, high: z,
        lambda low, high: "" if low >= 0 else f"the prior reaches down to {low:g}",
    ),
    "logit": Scale(
        _logit, _expit, _logit_slope,
        lambda low, high: "" if np.isfinite([low, high]).all() else "the prior has no two ends",
    ),
}  # fmt: skip


def scale_of(prior: Distribution) -> str:
    """The usual scale of a prior: logarithmic if it is uniform or normal in the logarithm."""
    return "log" if isinstance(prior, LogUniform | LogNormal) else "none"
