"""Views as one XMILE page, below each other, each in the frame of its group (XMILE 1.0, ch. 5)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from sdsim.writers.drawing import Arrow, Node, Pipe, View, half

_GAP = 80


def page(views: Sequence[View], name: Callable[[str], str]) -> Iterator[str]:
    """The lines of ``<view>``; ``name`` writes a canonical name."""
    yield '<view isee:show_pages="false" type="stock_flow">'
    down, uid = 0.0, 1
    for view in views:
        if not view.nodes:
            continue
        wide = max(n.x + half(n.kind, n.width) for n in view.nodes) + 30
        high = max(n.y for n in view.nodes) + 50
        yield (f'<group name={quoteattr(view.name)} x="0" y="{down:.0f}" '
               f'width="{wide:.0f}" height="{high:.0f}">')  # fmt: skip
        yield from (f"<var>{escape(name(n.key))}</var>" for n in view.nodes
                    if n.key and n.kind != "shadow")  # fmt: skip
        yield "</group>"
        yield from _things(view, name, down, uid)
        uid += len(view.nodes) + len(view.arrows)
        down += high + _GAP
    yield "</view>"


def _things(view: View, name: Callable[[str], str], down: float, uid: int) -> Iterator[str]:
    at = {n.id: n for n in view.nodes}
    pipes = {p.valve: p for p in view.pipes}
    for n in view.nodes:
        place = f'x="{n.x:.0f}" y="{n.y + down:.0f}"'
        label = f"name={quoteattr(name(n.key))}"
        match n.kind:
            case "stock":
                wide = 2 * half(n.kind, n.width)
                yield f'<stock {place} width="{wide:.0f}" height="40" {label}/>'
            case "variable":
                yield f"<aux {place} {label}/>"
            case "shadow":
                yield f'<alias {place} uid="{uid + n.id}"><of>{escape(name(n.key))}</of></alias>'
            case "valve":
                points = "".join(f'<pt x="{x:.0f}" y="{y + down:.0f}"/>'
                                 for x, y in _points(pipes[n.id], at))  # fmt: skip
                yield f'<flow {place} {label} label_side="bottom"><pts>{points}</pts></flow>'
    for k, arrow in enumerate(view.arrows):
        yield _connector(arrow, at, name, uid, uid + len(view.nodes) + k + 1)


def _points(pipe: Pipe, at: dict[int, Node]) -> list[tuple[float, float]]:
    """From where it comes, past its corners, to where it goes: at the edges of the boxes."""
    valve = at[pipe.valve]
    before, after = pipe.corners
    start, end = at[pipe.start], at[pipe.end]
    first = _edge(start, before or (valve.x, valve.y))
    last = _edge(end, after or (valve.x, valve.y))
    return [first, *([before] if before else []), *([after] if after else []), last]


def _edge(node: Node, towards: tuple[float, float]) -> tuple[float, float]:
    if node.kind != "stock":
        return node.x, node.y
    x, y = towards
    if abs(y - node.y) > 20:
        return x, node.y + math.copysign(20.0, y - node.y)
    return node.x + math.copysign(half(node.kind, node.width), x - node.x), node.y


def _connector(
    arrow: Arrow, at: dict[int, Node], name: Callable[[str], str], uid: int, own: int
) -> str:
    start, end = at[arrow.start], at[arrow.end]
    cause = escape(name(start.key))
    if start.kind == "shadow":
        cause = f'<alias uid="{uid + start.id}"/>'
    return (f'<connector uid="{own}" angle="{_angle(start, end, arrow):.2f}"><from>{cause}</from>'
            f"<to>{escape(name(end.key))}</to></connector>")  # fmt: skip


def _angle(start: Node, end: Node, arrow: Arrow) -> float:
    """The direction in which an arrow leaves, against the clock from the right."""
    dx, dy = end.x - start.x, end.y - start.y
    straight = math.atan2(-dy, dx)
    turn = 0.0
    if arrow.handle:
        # Half the angle of an arc is twice the one between chord and handle.
        hx, hy = arrow.handle[0] - start.x, arrow.handle[1] - start.y
        turn = 2 * math.remainder(math.atan2(-hy, hx) - straight, 2 * math.pi)
    return math.degrees(straight + turn) % 360
