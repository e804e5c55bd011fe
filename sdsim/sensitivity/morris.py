"""Screening by elementary effects (Morris 1991; mu* of Campolongo, Cariboni and Saltelli 2007)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, blocks, checked_level, interval, plain, resampled


@dataclass(frozen=True)
class Morris:
    """Effects of moving a factor (or group) across its whole range, at other points of the cube.

    mean, star, deviation : (n_factor, ...) of the effects, of their sizes, their deviation, in
        units of the output.   low, high : of ``star``.
    used : (n_factor, ...) effects that are finite.
    """

    factors: tuple[str, ...]
    mean: Floats
    star: Floats
    deviation: Floats
    low: Floats
    high: Floats
    used: NDArray[np.int64]
    level: float

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "factors": list(self.factors), "level": self.level, "mean": plain(self.mean),
            "star": plain(self.star), "deviation": plain(self.deviation),
            "low": plain(self.low), "high": plain(self.high), "used": plain(self.used),
        }  # fmt: skip


def morris(
    unit: Floats, y: Floats, factors: Sequence[str], *,
    members: Sequence[Sequence[int]] | None = None, resamples: int = 1000, level: float = 0.95,
    seed: int = 0,
) -> Morris:  # fmt: skip
    """Effects from the outputs of a `sdsim.design.Morris` design.

    Parameters
    ----------
    unit : (n_run, n_column) in [0, 1], and y : (n_run, ...), trajectory after trajectory.
    factors : names of what moves; ``members`` the columns of each, one each where it is left out.
        The effect of a group is taken by its size alone, since its members move different ways.

    Raises
    ------
    ModelError : a step in which anything else moves than one factor or group.
    """
    checked_level(level, resamples)
    columns = members or [(i,) for i in range(len(factors))]
    size = len(factors) + 1
    cut, shape = blocks(y, size, "Morris")
    x = blocks(unit, size, "Morris")[0]
    step = np.diff(x, axis=1)
    moved = np.abs(step) > 1e-12
    owner = np.full(x.shape[2], -1)
    for k, at in enumerate(columns):
        owner[list(at)] = k
    first = moved.argmax(axis=2)
    which = owner[first]
    if not moved.any(axis=2).all() or (moved & (owner[None, None] != which[:, :, None])).any():
        raise ModelError("a step moves nothing, or more than one factor or group")
    if (np.sort(which, axis=1) != np.arange(len(factors))).any():
        raise ModelError("a trajectory does not move every factor once")
    length = np.take_along_axis(step, first[:, :, None], axis=2)
    with np.errstate(invalid="ignore"):
        effect = np.diff(cut, axis=1) / length
    order = np.argsort(which, axis=1)
    effect = np.take_along_axis(effect, order[:, :, None], axis=1)
    grouped = np.array([len(c) > 1 for c in columns])
    effect[:, grouped] = np.abs(effect[:, grouped])
    good = np.isfinite(effect)
    kept = np.where(good, effect, 0.0)
    n = good.sum(axis=0)
    with np.errstate(all="ignore"):
        mean, star = kept.sum(axis=0) / n, np.abs(kept).sum(axis=0) / n
        spread = np.where(good, (effect - mean) ** 2, 0.0).sum(axis=0) / (n - 1)
        rng = np.random.default_rng(seed)
        flat = np.abs(kept).reshape(len(kept), -1)
        weight = good.reshape(len(good), -1).astype(np.float64)
        parts = [
            (c @ flat) / (c @ weight)
            for c in resampled(len(flat), resamples, rng, 2 * flat.shape[1])
        ]
    low, high = interval(np.concatenate(parts), level)

    def whole(v: Floats) -> Floats:
        return v.reshape(len(factors), *shape)

    mean = np.where(grouped[:, None], np.nan, mean)
    return Morris(
        tuple(factors), whole(mean), whole(star), whole(np.sqrt(spread)), whole(low),
        whole(high), n.reshape(len(factors), *shape), level,
    )  # fmt: skip
