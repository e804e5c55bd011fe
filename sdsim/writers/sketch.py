"""Views as the sketch section of a Vensim file.

The records, as Vensim itself writes them: 10 a variable, 11 a valve, 12 a cloud, 1 an arrow or
a piece of pipe. Source: Vensim Reference Manual, and files that Vensim has written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sdsim.writers.drawing import Arrow, Node, Point, View, half

#: What begins the section; everything from here on is no part of the equations.
START = "\\\\\\---/// Sketch information - do not modify anything except names\n"
_VERSION = "V300  Do not put anything below this section - it will be ignored\n"
_END = "///---\\\\\\\n"
_LOOK = "$192-192-192,0,Arial|10||0-0-0|0-0-0|0-0-255|-1--1--1|255-255-255|96,96,100,0\n"
_GREY = "128-128-128"


def sketch(views: Iterable[View], name: Callable[[str], str]) -> str:
    """The whole section; ``name`` writes a canonical name as the equations do."""
    out = []
    for view in views:
        out.append(f"{START}{_VERSION}*{_title(view.name)}\n{_LOOK}")
        out.extend(f"{record}\n" for record in _records(view, name))
    return "".join(out) + _END if out else ""


def _title(name: str) -> str:
    return " ".join(name.split()) or "View 1"


def _records(view: View, name: Callable[[str], str]) -> Iterator[str]:
    """Numbers as in the view, but a flow has its label's after its valve's."""
    at = {n.id: n for n in view.nodes}
    number: dict[int, int] = {}
    label: dict[int, int] = {}
    last = 0
    for node in view.nodes:
        last += 1
        number[node.id] = label[node.id] = last
        if node.kind == "valve":
            yield f"11,{last},0,{_xy(node)},6,8,34,3,0,0,1,0,0,0"
            last += 1
            label[node.id] = last
            side = round(node.width / 2)
            below = f"{round(node.x)},{round(node.y) + 18}"
            yield f"10,{last},{name(node.key)},{below},{side},9,40,3,0,0,-1,0,0,0"
        else:
            yield _node(node, last, name)
    for pipe in view.pipes:
        for end, mark, corner in zip((pipe.end, pipe.start), (4, 100), pipe.corners[::-1],
                                     strict=True):  # fmt: skip
            last += 1
            point = corner or _middle(at[pipe.valve], at[end])
            yield _pipe(last, number[pipe.valve], number[end], mark, point)
    for arrow in view.arrows:
        last += 1
        yield _arrow(last, label[arrow.start], label[arrow.end], arrow)


def _node(node: Node, number: int, name: Callable[[str], str]) -> str:
    side = round(half(node.kind, node.width))
    match node.kind:
        case "cloud":
            return f"12,{number},48,{_xy(node)},10,8,0,3,0,0,-1,0,0,0"
        case "stock":
            return f"10,{number},{name(node.key)},{_xy(node)},{side},20,3,3,0,0,0,0,0,0"
        case "shadow":
            return (f"10,{number},{name(node.key)},{_xy(node)},{side},9,8,2,0,3,-1,0,0,0,"
                    f"{_GREY},0-0-0,|||{_GREY}")  # fmt: skip
    return f"10,{number},{name(node.key)},{_xy(node)},{side},9,8,3,0,0,0,0,0,0"


def _pipe(number: int, valve: int, end: int, mark: int, point: Point) -> str:
    x, y = map(round, point)
    return f"1,{number},{valve},{end},{mark},0,0,22,0,0,0,-1--1--1,,1|({x},{y})|"


def _arrow(number: int, start: int, end: int, arrow: Arrow) -> str:
    x, y = map(round, arrow.handle or (0, 0))
    shape = 1 if arrow.handle else 0
    return f"1,{number},{start},{end},{shape},0,0,0,0,64,0,-1--1--1,,1|({x},{y})|"


def _xy(node: Node) -> str:
    return f"{round(node.x)},{round(node.y)}"


def _middle(a: Node, b: Node) -> Point:
    return (a.x + b.x) / 2, (a.y + b.y) / 2
