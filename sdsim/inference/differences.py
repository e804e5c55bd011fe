"""Jacobians by central differences: all points and parameters in one batch, steps measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdsim.inference.target import Floats, Target, exact_jacobian

#: Steps that are tried, as shares of a parameter's spread under the prior.
LADDER = 10.0 ** -np.arange(1.0, 8.0)


@dataclass(frozen=True)
class Steps:
    """How far each parameter moves in a difference.

    size : (k,) in working coordinates.
    error : (k,) how much the derivatives change, relative to their length, if the step is ten times
        as large or as small: what curvature and noise leave unsure. NaN where nothing moves.
    """

    size: Floats
    error: Floats


def stencil(target: Target, points: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Where to evaluate for differences at ``points`` (n, k): (n, k, 2, k), and by how far each
    parameter moves in them, (n, k, 2).

    Both steps go to the same side, the second twice as far, where a bound leaves no room.
    """
    ahead = np.broadcast_to(size, points.shape)
    up, down = points + ahead <= target.high, points - ahead >= target.low
    first = np.where(up, ahead, -ahead)
    second = np.where(up & down, -ahead, 2 * first)
    move = np.stack([first, second], axis=2)
    at = points[:, None, None, :] + move[..., None] * np.eye(points.shape[1])[:, None, :]
    return at, np.stack([at[:, i, :, i] - points[:, i, None] for i in range(len(size))], axis=1)


def derivatives(middle: Floats, beside: Floats, moved: Floats) -> Floats:
    """(n, m, k) from residuals at the points (n, m) and beside them (n, k, 2, m): of second order.

    Where one of the two is not defined, the other alone is used; where neither is, 0.
    """
    a, b = moved[..., 0, None], moved[..., 1, None]
    with np.errstate(all="ignore"):
        da, db = ((beside[:, :, i] - middle[:, None]) / s for i, s in enumerate((a, b)))
        slope = (da * b - db * a) / (b - a)
    slope = np.where(np.isfinite(slope), slope, np.where(np.isfinite(da), da, db))
    return np.asarray(np.where(np.isfinite(slope), slope, 0.0).transpose(0, 2, 1))


def both(target: Target, points: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Residuals (n, m) and their Jacobian (n, m, k), in one batch of n (2 k + 1) points; of the
    target's own derivatives, if it has any."""
    if exact := exact_jacobian(target):
        return target.residuals(points), exact(points)
    n, k = points.shape
    at, moved = stencil(target, points, size)
    values = target.residuals(np.concatenate([points, at.reshape(-1, k)]))
    return values[:n], derivatives(values[:n], values[n:].reshape(n, k, 2, -1), moved)


def measured_steps(target: Target, points: Floats, spread: Floats) -> Steps:
    """The step of each parameter at which its derivatives are surest, over some points.

    Too long a step errs by the curvature, too short a one by the noise of the solver; both show as
    a change of the derivative from one step of a ladder to the next. The step with the least change
    on both sides is taken, all in one batch.

    Parameters
    ----------
    points : (n, k) where residuals are defined, such as the best draws of the prior.
    spread : (k,) of each parameter under the prior; the ladder are shares of it.
    """
    n, k = points.shape
    if exact_jacobian(target):
        return Steps(LADDER[3] * spread, np.zeros(k))
    stencils = [stencil(target, points, share * spread) for share in LADDER]
    every = np.concatenate([points, *(at.reshape(-1, k) for at, _ in stencils)])
    values = target.residuals(every)
    beside = values[n:].reshape(len(LADDER), n, k, 2, -1)
    slopes = np.array(
        [derivatives(values[:n], beside[i], moved) for i, (_, moved) in enumerate(stencils)]
    )
    length = np.sqrt((slopes**2).sum(axis=2))
    change = np.sqrt((np.diff(slopes, axis=0) ** 2).sum(axis=2))
    with np.errstate(all="ignore"):
        change = change / np.maximum(length[1:], length[:-1])
    # The worst of the two neighbours, at the median of the points.
    worst = np.median(np.maximum(change[1:], change[:-1]), axis=1)
    best = np.where(np.isnan(worst), np.inf, worst).argmin(axis=0)
    return Steps(LADDER[1:-1][best] * spread, worst[best, np.arange(k)])
