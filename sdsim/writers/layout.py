"""Model -> views: a layout that reads from the left, with short arrows and few crossings.

Each view is a set of blocks (`sdsim.writers.chains`, `sdsim.writers.trees`), packed on a page. An
arrow that would be long, or run through a name, is replaced by a shadow of the cause that stands
beside the effect, as modellers do; then the view is laid out again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from sdsim.base import names
from sdsim.ir.model import Model
from sdsim.writers.arrows import Arrows, bent
from sdsim.writers.causes import Page, pages
from sdsim.writers.chains import Block, blocks_of
from sdsim.writers.drawing import Arrow, Node, Pipe, Point, View
from sdsim.writers.trees import grown, spread

_APART = 46.0  # between blocks
_EDGE = 40.0  # around the page
_SHAPE = 1.5  # a page's width for its height
_TRIES = 6
#: The most variables that are drawn, and the most places among which clear ways are looked for.
MAX_DRAWN, _MOST = 5_000, 1_000


def views(model: Model, hidden: bool = True) -> tuple[View, ...]:
    """A view for each group of the model, in the order of the file; none for very many variables.

    hidden : whether the parts of macros are drawn.
    """
    if len(model.variables) > MAX_DRAWN:
        return ()
    shown = {k: v.name for k, v in model.variables.items()} | {names.TIME: "Time"}
    made = pages(model, hidden)
    stocks = {s for page in made for s in page.stocks}
    return tuple(_view(page, shown, stocks) for page in made)


def _view(page: Page, shown: Mapping[str, str], stocks: Collection[str]) -> View:
    shadows: set[tuple[str, str]] = set()
    roots = [k for k in page.own if k in page.stocks or k in page.flows]
    for attempt in range(_TRIES):
        trees, rest = grown(page, roots, shown, shadows, stocks)
        for tree in trees.values():
            spread(tree)
        made = _assembled(page.name, list(blocks_of(page, trees)))
        extra, bad = _joined(made, rest)
        if not bad:
            break
        # In the end every arrow between blocks is a shadow, so that the last layout stands.
        shadows |= set(bad) if attempt < _TRIES - 2 else set(rest)
    return View(made.name, made.nodes, (*made.arrows, *extra), made.pipes)


def _joined(
    view: View, rest: Sequence[tuple[str, str]]
) -> tuple[list[Arrow], list[tuple[str, str]]]:
    """Arrows for what is read across the view, and those that find no clear way."""
    if len(view.nodes) > _MOST:
        return [], list(rest)
    at = {n.key: n for n in view.nodes if n.key and n.kind != "shadow"}
    board = Arrows(view)
    found: list[Arrow] = []
    bad: list[tuple[str, str]] = []
    for cause, effect in rest:
        arrow = board.way(at[cause], at[effect])
        if arrow is None:
            bad.append((cause, effect))
        else:
            found.append(arrow)
    return found, bad


def _assembled(name: str, blocks: Sequence[Block]) -> View:
    """The blocks on a page."""
    nodes: list[Node] = []
    arrows: list[Arrow] = []
    pipes: list[Pipe] = []
    for block, (x, y) in zip(blocks, _packed(blocks), strict=True):
        dx, dy, first = x - block.left, y - block.top, len(nodes) + 1
        for n, (kind, key, bx, by, width) in enumerate(block.spots):
            nodes.append(Node(first + n, kind, key, bx + dx, by + dy, width))
        for a, b in block.arrows:
            start, end = nodes[first + a - 1], nodes[first + b - 1]
            arrows.append(Arrow(start.id, end.id, bent(start, end)))
        for valve, start_at, end_at, corners in block.pipes:
            turned = tuple(None if c is None else (c[0] + dx, c[1] + dy) for c in corners)
            pipes.append(
                Pipe(first + valve, first + start_at, first + end_at, (turned[0], turned[1]))
            )
    return View(name, tuple(nodes), tuple(arrows), tuple(pipes))


def _packed(blocks: Sequence[Block]) -> list[Point]:
    """The upper left corner of each block: as high as it fits, the tallest first."""
    sizes = [(b.right - b.left + _APART, b.bottom - b.top + _APART) for b in blocks]
    area = sum(w * h for w, h in sizes)
    total = max([math.sqrt(area * _SHAPE) * 1.1, *(w for w, _ in sizes)])
    line = [(0.0, total, 0.0)]  # from, to, how far down it is full
    out: dict[int, Point] = {}
    rows = [n for n, b in enumerate(blocks) if any(s[0] == "stock" for s in b.spots)]
    rest = sorted((n for n in range(len(blocks)) if n not in rows), key=lambda n: -sizes[n][1])
    for n in [*sorted(rows, key=lambda n: -sizes[n][1]), *rest]:
        width, height = sizes[n]
        best = (math.inf, 0.0)
        for a, _, _ in line:
            if a + width <= total + 1e-9:
                full = max(f for s, e, f in line if s < a + width and e > a)
                best = min(best, (full, a))
        y, x = best
        out[n] = (x + _EDGE, y + _EDGE)
        cut = [(s, min(e, x), f) for s, e, f in line if s < x]
        cut += [(x, x + width, y + height)]
        cut += [(max(s, x + width), e, f) for s, e, f in line if e > x + width]
        line = cut
    return [out[n] for n in range(len(blocks))]
