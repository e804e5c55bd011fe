"""Modes of behaviour: classifies a curve by its turns and its curvature.

Follows the classes used in system dynamics (Ford 1999; Yücel and Barlas 2011): a member's curve is
scaled to 0..1 in both directions, turns smaller than `SLACK` of its range are ignored, and a curve
without turns is compared with the straight line between its ends.
"""

from __future__ import annotations

import numpy as np

from sdsim.outcomes.values import Numbers, Series

#: By code, 0, 1, 2, ...
MODES = (
    "steady",
    "linear growth", "growth that speeds up", "growth that slows down", "S-shaped growth",
    "linear decline", "decline that speeds up", "decline that slows down", "S-shaped decline",
    "rise and fall", "fall and rise", "several turns",
)  # fmt: skip
#: A turn smaller than this share of the range, or a bend this close to a line, does not count.
SLACK = 0.05
#: A range smaller than this share of the largest value counts as zero.
STEADY = 1e-3


def mode(s: Series) -> Numbers:
    """(n_member,) the index in `MODES` of each member's curve; NaN if the curve is not finite."""
    v = s.values
    low, high = v.min(axis=0), v.max(axis=0)
    size = high - low
    with np.errstate(all="ignore"):
        u = (v - low) / size
    turns, way = _turns(u)
    last = np.where(turns == 0, np.sign(u[-1] - u[0]), way)
    out = np.where(turns >= 2, 11.0, np.where(way > 0, 9.0, 10.0))
    bend = _bend(u, s.axis, last)
    straight = np.where(last > 0, 1.0, 5.0) + bend
    out = np.where(turns == 0, straight, out)
    out = np.where(size <= STEADY * np.maximum(np.abs(low), np.abs(high)), 0.0, out)
    return np.where(np.isfinite(v).all(axis=0), out, np.nan)


def _turns(u: Numbers) -> tuple[Numbers, Numbers]:
    """The number of turns of each curve, and its first direction (1 up, -1 down)."""
    n = u.shape[1]
    way, first, turns = np.zeros(n), np.zeros(n), np.zeros(n)
    high, low = u[0].copy(), u[0].copy()
    for x in u[1:]:
        high, low = np.maximum(high, x), np.minimum(low, x)
        up = (way <= 0) & (x - low > SLACK)
        down = (way >= 0) & (high - x > SLACK) & ~up
        turned = (up | down) & (way != 0)
        turns += turned
        way = np.where(up, 1.0, np.where(down, -1.0, way))
        first = np.where(first == 0, way, first)
        high, low = np.where(up | down, x, high), np.where(up | down, x, low)
    return turns, first


def _bend(u: Numbers, axis: Numbers, way: Numbers) -> Numbers:
    """0 straight, 1 speeding up, 2 slowing down, 3 first the one and then the other."""
    if len(axis) < 3:
        return np.zeros(u.shape[1])
    along = ((axis - axis[0]) / (axis[-1] - axis[0]))[:, None]
    ends = u[-1] - u[0]
    with np.errstate(all="ignore"):
        off = (u - u[0]) / ends - along
    below, above = off.min(axis=0) < -SLACK, off.max(axis=0) > SLACK
    early = off.argmin(axis=0) < off.argmax(axis=0)
    both = np.where(early, 3.0, 0.0)
    return np.where(below & above, both, np.where(below, 1.0, np.where(above, 2.0, 0.0)))
