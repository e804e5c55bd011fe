"""A stock-and-flow diagram as plain values: positions in pixels, y downwards."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


#: The least half of a stock's box.
BOX = 45.0


def half(kind: str, width: float) -> float:
    """How far something with a label of that width reaches from its middle."""
    return max(width / 2, {"stock": BOX, "cloud": 10.0, "valve": 10.0}.get(kind, 0.0))


@dataclass(frozen=True)
class Node:
    """An item on a diagram.

    id : its number within the view, from 1.
    kind : ``stock``, ``valve`` (the label of a flow hangs below it), ``variable``, ``shadow`` (a
        variable that is drawn elsewhere) or ``cloud``.
    key : canonical name of the variable; empty for a cloud.
    x, y : centre.   width : of its label on one line.
    """

    id: int
    kind: str
    key: str
    x: float
    y: float
    width: float = 0.0


@dataclass(frozen=True)
class Arrow:
    """From cause to effect, by `Node.id`; through ``handle`` where it bends."""

    start: int
    end: int
    handle: Point | None = None


@dataclass(frozen=True)
class Pipe:
    """What flows through ``valve``: from a stock or cloud to a stock or cloud.

    corners : (before the valve, after it), where the pipe turns.
    """

    valve: int
    start: int
    end: int
    corners: tuple[Point | None, Point | None] = (None, None)


@dataclass(frozen=True)
class View:
    """One page of a diagram."""

    name: str
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    pipes: tuple[Pipe, ...]
