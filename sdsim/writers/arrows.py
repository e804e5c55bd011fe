"""Routes arrows: straight or with one bend, clear of names, with few crossings."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdsim.writers.drawing import Arrow, Node, Point, View, half

_LONGEST = 430.0
_CROSSINGS = 1
_BENDS = (0.0, 0.15, -0.15, 0.3, -0.3, 0.5, -0.5)
_STEPS = 17
_TURN, _LEAST = math.radians(38), math.radians(18)

Path = NDArray[np.float64]


def bent(start: Node, end: Node) -> Point | None:
    """The handle of an arrow that leaves its cause sideways; None for a straight one."""
    dx, dy = end.x - start.x, end.y - start.y
    if abs(dy) < 12 or (end.kind == "stock" and abs(dx) < 1):
        return None
    steep = math.atan2(abs(dy), abs(dx))
    turn = min(steep, _TURN, max(math.pi / 2 - steep, _LEAST))
    bulge = math.tan(turn / 2) / 2
    # Towards the side on which the arrow has left its cause.
    side = -1.0 if (dx > 0) == (dy > 0) else 1.0
    return (start.x + dx / 2 - side * dy * bulge, start.y + dy / 2 + side * dx * bulge)


def curve(a: Point, b: Point, handle: Point | None) -> Path:
    """Points along the arc from a to b through the handle."""
    t = np.linspace(0, 1, _STEPS)[:, None]
    p, q = np.array(a), np.array(b)
    middle = (p + q) / 2 if handle is None else 2 * np.array(handle) - (p + q) / 2
    way: Path = (1 - t) ** 2 * p + 2 * t * (1 - t) * middle + t**2 * q
    return way


class Arrows:
    """The routes already taken on a view."""

    def __init__(self, view: View) -> None:
        by_id = {n.id: n for n in view.nodes}
        self.ids = np.array([n.id for n in view.nodes])
        self.boxes = np.array([_box(n) for n in view.nodes]).reshape(-1, 4)
        self.parts: list[Path] = []  # rows of x, y, x, y
        for arrow in view.arrows:
            a, b = by_id[arrow.start], by_id[arrow.end]
            self._take(curve((a.x, a.y), (b.x, b.y), arrow.handle), (a.id, b.id))
        for pipe in view.pipes:
            valve = by_id[pipe.valve]
            for end, corner in zip((pipe.start, pipe.end), pipe.corners, strict=True):
                n = by_id[end]
                way = [(valve.x, valve.y), *([corner, (corner[0], n.y)] if corner else
                                             [(n.x, n.y)])]  # fmt: skip
                self._take(np.array(way), (valve.id, end), pipe=True)

    def _take(self, way: Path, ends: tuple[int, int], pipe: bool = False) -> None:
        n = len(way) - 1
        marks = np.tile([float(e) for e in ends] if not pipe else [-1.0, -1.0], (n, 1))
        self.parts.append(np.hstack([way[:-1], way[1:], marks]))

    def way(self, start: Node, end: Node) -> Arrow | None:
        """Take the clearest route from cause to effect; None if there is no good one."""
        dx, dy = end.x - start.x, end.y - start.y
        length = math.hypot(dx, dy)
        if not 1 < length <= _LONGEST:
            return None
        others = (self.ids != start.id) & (self.ids != end.id)
        boxes = self.boxes[others]
        taken = np.vstack(self.parts) if self.parts else np.zeros((0, 6))
        taken = taken[~np.isin(taken[:, 4:], (start.id, end.id)).any(axis=1)]
        best: tuple[float, Point | None, Path] | None = None
        # An arrow along a pipe would not be visible.
        least = 0.25 if abs(dy) < 1 and {"valve", "stock"} <= {start.kind, end.kind} else 0.0
        for bend in (b for b in _BENDS if abs(b) >= least):
            handle = None
            if bend:
                handle = (start.x + dx / 2 - dy * bend, start.y + dy / 2 + dx * bend)
            path = curve((start.x, start.y), (end.x, end.y), handle)
            if _through(path, boxes):
                continue
            crossings = _crossings(_between(path, start, end), taken)
            cost = crossings + abs(bend)
            if crossings <= _CROSSINGS and (best is None or cost < best[0]):
                best = (cost, handle, path)
        if best is None:
            return None
        self._take(best[2], (start.id, end.id))
        return Arrow(start.id, end.id, best[1])


def _box(node: Node) -> tuple[float, float, float, float]:
    """What a node covers: left, top, right, bottom."""
    side = max(half(node.kind, node.width), 10.0)
    up, down = (38.0, 20.0) if node.kind == "stock" else (10.0, 27.0)
    if node.kind == "cloud":
        up, down = 10.0, 10.0
    return node.x - side, node.y - up, node.x + side, node.y + down


def _between(path: Path, start: Node, end: Node) -> Path:
    """The part of a path that is seen: outside both ends."""
    seen = np.ones(len(path), bool)
    for left, top, right, bottom in (_body(start), _body(end)):
        x, y = path[:, 0], path[:, 1]
        seen &= ~((x > left) & (x < right) & (y > top) & (y < bottom))
    return path[seen]


def _body(node: Node) -> tuple[float, float, float, float]:
    side, up = (half("stock", node.width), 20.0) if node.kind == "stock" else (10.0, 10.0)
    return node.x - side, node.y - up, node.x + side, node.y + up


def _through(path: Path, boxes: Path) -> bool:
    """Whether a path meets any of the boxes."""
    x, y = path[:, 0, None], path[:, 1, None]
    inside = (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])
    return bool(inside.any())


def _crossings(path: Path, taken: Path) -> int:
    """How many of the taken parts a path crosses."""
    if not len(taken):
        return 0
    a, b = path[:-1, None, :], path[1:, None, :]
    c, d = taken[None, :, 0:2], taken[None, :, 2:4]

    def turn(p: Path, q: Path, r: Path) -> Path:
        u, v = q - p, r - p
        return np.sign(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])

    hit = (turn(a, b, c) * turn(a, b, d) < 0) & (turn(c, d, a) * turn(c, d, b) < 0)
    return int(hit.sum())
