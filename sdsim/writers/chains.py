"""Stocks and flows in a row: pipes along it, further flows below, causes above each valve.

Between two stocks stand, from the left: the flow that joins them under its causes, and what the
right stock reads. Below the row, each in a band of its own: what else flows out of the left stock,
then what else flows into the right one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sdsim.writers.causes import Page
from sdsim.writers.drawing import Point, half
from sdsim.writers.trees import REACH, ROW, Leaf, extent, settled, sides, stacked

OVER = 27.0  # from a valve, or a stock with its label, up to the items above it
OVER_STOCK = 48.0
MOST = 5 * ROW  # the height from which causes stand on both sides
MOST_ALONE = 10 * ROW
UNDER = 40.0  # from a pipe down past the label of its valve
PIPE = 52.0  # from a valve to a cloud
_SIDE = 26.0  # from a valve across to its causes
_CORNERS = 20.0  # how far from the middle of a stock a pipe may leave it


@dataclass
class Block:
    """A part of a view with its own coordinates; `left` to `bottom` bound it."""

    spots: list[tuple[str, str, float, float, float]] = field(default_factory=list)
    arrows: list[tuple[int, int]] = field(default_factory=list)
    pipes: list[tuple[int, int, int, tuple[Point | None, Point | None]]] = field(
        default_factory=list
    )
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0

    def put(self, kind: str, key: str, x: float, y: float, width: float) -> int:
        """Place an item and return its number within the block."""
        self.spots.append((kind, key, x, y, width))
        side = half(kind, width) + 2
        self.left, self.right = min(self.left, x - side), max(self.right, x + side)
        self.top, self.bottom = min(self.top, y - ROW / 2), max(self.bottom, y + ROW / 2)
        return len(self.spots) - 1

    def tree(self, places: Sequence[tuple[Leaf, float, float]], effect: int) -> None:
        """Place a cause with all its causes; ``effect`` is what the first of them acts on."""
        number: dict[int, int] = {}
        for leaf, x, y in places:
            kind = "shadow" if leaf.shadow else "variable"
            number[id(leaf)] = self.put(kind, leaf.key, x, y, leaf.width)
        self.arrows.append((number[id(places[0][0])], effect))
        for leaf, _, _ in places:
            self.arrows += [(number[id(c)], number[id(leaf)]) for c in leaf.causes]


def alone(root: Leaf, kind: str = "variable") -> Block:
    """A variable with its causes, on both sides if there are many."""
    block = Block()
    me = block.put(kind, root.key, 0.0, 0.0, root.width)
    for turn, causes in zip((1.0, -1.0), sides(root.causes, MOST_ALONE), strict=True):
        stacked(root, causes, half(kind, root.width) + REACH)
        for cause in causes:
            block.tree(settled(cause, turn * cause.x, cause.y, turn), me)
    return block


def listed(roots: Sequence[Leaf]) -> Block:
    """Variables that nothing on the page reads and that read nothing, in columns."""
    block = Block()
    high = max(3, math.isqrt(2 * len(roots)))
    x = 0.0
    for first in range(0, len(roots), high):
        column = roots[first : first + high]
        wide = max(r.width for r in column)
        for n, r in enumerate(column):
            block.put("variable", r.key, x + wide / 2, n * ROW, r.width)
        x += wide + _SIDE
    return block


def rows_of(page: Page) -> list[list[str]]:
    """The stocks that flows join, each set in an order in which neighbours are joined."""
    after: dict[str, list[str]] = {s: [] for s in page.own if s in page.stocks}
    before = dict.fromkeys(after, 0)
    near: dict[str, list[str]] = {s: [] for s in after}
    for start, end in page.flows.values():
        if start is not None and end is not None:
            after[start].append(end)
            before[end] += 1
            near[start].append(end)
            near[end].append(start)
    out: list[list[str]] = []
    seen: set[str] = set()
    for first in sorted(after, key=lambda s: before[s]):
        if first in seen:
            continue
        row, stack = [], [first]
        while stack:
            stock = stack.pop()
            if stock in seen:
                continue
            seen.add(stock)
            row.append(stock)
            stack += [s for s in near[stock] if s not in after[stock]] + after[stock][::-1]
        out.append(row)
    place = {k: n for n, k in enumerate(page.own)}
    return sorted(out, key=lambda row: min(place[s] for s in row))


@dataclass(frozen=True)
class Fan:
    """What acts on a valve or stock, above it on the one side and on the other.

    raised : how far each part is moved up.   outer, inner : how far it reaches to each side.
    up : how far it reaches up.
    """

    parts: tuple[Sequence[Leaf], Sequence[Leaf]]
    raised: tuple[float, float]
    outer: float
    inner: float
    up: float


def fan(leaf: Leaf, over: float = OVER) -> Fan:
    """The causes of a valve or stock in place."""
    parts = sides(leaf.causes, MOST)
    aside, raised, up = [], [], 0.0
    for part in parts:
        point = Leaf("", 0.0)
        stacked(point, part, _SIDE)
        top, bottom = extent(point.outline) if part else (0.0, 0.0)
        raised.append(bottom + over)
        aside.append(point.left if part else 0.0)
        up = max(up, bottom - top + over if part else 0.0)
    return Fan(parts, (raised[0], raised[1]), aside[0], aside[1], up)


class Row:
    """One row of stocks as a block, made from left to right."""

    def __init__(self, row: Sequence[str], page: Page, trees: Mapping[str, Leaf]) -> None:
        self.row, self.trees, self.block = row, trees, Block()
        self.at = {s: n for n, s in enumerate(row)}
        self.ends = {
            f: e for f, e in page.flows.items() if (e[0] or e[1]) in self.at
        }  # fmt: skip
        self.fans = {k: fan(trees[k]) for k in self.ends}
        self.fans |= {k: fan(trees[k], OVER_STOCK) for k in row}
        self.main = self._main()
        self.x: dict[str, float] = {}
        self.spot: dict[str, int] = {}

    def _main(self) -> dict[int, str]:
        """The flow in the row itself, by gap: gap 0 is left of the first stock."""
        out: dict[int, str] = {}
        last = len(self.row)
        for flow, (start, end) in self.ends.items():
            a = self.at.get(start or "", -1)
            b = self.at.get(end or "", -1)
            if start is None and b == 0:
                out.setdefault(0, flow)
            elif end is None and a == last - 1:
                out.setdefault(last, flow)
            elif start is not None and end is not None and abs(a - b) == 1:
                out.setdefault(max(a, b), flow)
        return out

    def made(self) -> Block:
        """The block."""
        x = 0.0
        for gap in range(len(self.row) + 1):
            x = self._gap(gap, x)
        bottom = UNDER
        for gap in range(len(self.row) + 1):
            bottom = max(bottom, self._below(gap))
        self._across(bottom)
        return self.block

    def _half(self, flow: str) -> float:
        return self.trees[flow].width / 2

    def _side(self, stock: str | None) -> float:
        return half("stock", self.trees[stock].width) if stock else 0.0

    def _gap(self, gap: int, x: float) -> float:
        """Place the stock right of a gap and the flow in it; where that stock is."""
        flow, last = self.main.get(gap), gap == len(self.row)
        stock = None if last else self.row[gap]
        left = self.row[gap - 1] if gap else None
        before = x
        above = before + max(self.fans[left].inner, self._side(left)) if left else before
        if flow is not None:
            of, label = self.fans[flow], max(self._half(flow) + 8, 40.0)
            room = self._side(left) + label if left else max(PIPE + 10, label)
            x = valve = max(before + room, above + of.outer + 20)
            above = valve + of.inner
        if stock is not None:
            x = max(x, above + max(self.fans[stock].outer, self._side(stock)) + 20)
            if flow is not None:
                x = max(x, valve + label + self._side(stock))
            elif left:
                x = max(x, before + self._side(left) + self._side(stock) + 60)
            below = [
                self._wide(f, stock if self.ends[f][0] is None else left or stock)
                for f in self._bands(gap)
            ]
            if below and left:
                x = max(x, before + max(below) + self._side(stock) + 30)
            self.x[stock] = x
            self.spot[stock] = self.block.put("stock", stock, x, 0.0, self.trees[stock].width)
            self._causes(stock, self.spot[stock], x, 0.0)
        if flow is not None:
            me = self._valve(flow, valve, 0.0, -1.0)
            start, end = self.ends[flow]
            ends = []
            for one, side in ((start, -1.0), (end, 1.0)):
                away = max(PIPE, self._half(flow) * 0.6)
                ends.append(self.spot[one] if one is not None else
                            self.block.put("cloud", "", valve + side * away, 0.0, 0.0))  # fmt: skip
            self.block.pipes.append((me, ends[0], ends[1], (None, None)))
        return x

    def _wide(self, flow: str, stock: str) -> float:
        """How wide a band below the row is."""
        of, label = self.fans[flow], self._half(flow)
        return self._side(stock) + max(label, of.inner) + max(of.outer, label, PIPE) + 24

    def _bands(self, gap: int) -> list[str]:
        """What flows below the row in a gap: out of its left stock, then into its right one."""
        left = self.row[gap - 1] if gap else None
        right = self.row[gap] if gap < len(self.row) else None
        there = [f for f in self.ends if f not in self.main.values()]
        out = [f for f in there if self.ends[f] == (left, None) and left is not None]
        return out + [f for f in there if self.ends[f] == (None, right) and right is not None]

    def _below(self, gap: int) -> float:
        y = UNDER + 12
        bands = self._bands(gap)
        outwards = [f for f in bands if self.ends[f][0] is not None]
        for flow in bands:
            out = self.ends[flow][0] is not None
            among = outwards if out else [f for f in bands if f not in outwards]
            turn = 1.0 if out else -1.0
            stock = self.row[gap - 1] if out else self.row[gap]
            corner = self._corner(stock, among.index(flow), len(among), turn)
            of, label = self.fans[flow], self._half(flow)
            y += max(of.up, ROW / 2)
            x = self.x[stock] + turn * (self._side(stock) + max(label, of.inner) + 12)
            me = self._valve(flow, x, y, turn)
            cloud = self.block.put("cloud", "", x + turn * max(PIPE, label * 0.6), y, 0.0)
            if out:
                self.block.pipes.append((me, self.spot[stock], cloud, ((corner, y), None)))
            else:
                self.block.pipes.append((me, cloud, self.spot[stock], (None, (corner, y))))
            y += UNDER
        return y

    def _corner(self, stock: str, number: int, among: int, turn: float) -> float:
        """Where a pipe leaves a stock downwards: the higher the band, the further out."""
        return self.x[stock] + turn * _CORNERS * (among - number) / among

    def _across(self, bottom: float) -> None:
        """Place flows between stocks that are not adjacent, or already joined, below everything."""
        used = {p[0] for p in self.block.pipes}
        drawn = {self.block.spots[n][1] for n in used}
        for flow, (start, end) in self.ends.items():
            if flow in drawn or start is None or end is None:
                continue
            bottom += max(self.fans[flow].up, ROW / 2)
            a, b = self.x[start], self.x[end]
            x = (a + b) / 2
            me = self._valve(flow, x, bottom, -1.0)
            turns = ((a + (4 if b > a else -4), bottom), (b + (4 if a > b else -4), bottom))
            self.block.pipes.append((me, self.spot[start], self.spot[end], turns))
            bottom += UNDER

    def _valve(self, flow: str, x: float, y: float, turn: float) -> int:
        me = self.block.put("valve", flow, x, y, self.trees[flow].width)
        self._causes(flow, me, x, y, -turn)
        return me

    def _causes(self, key: str, me: int, x: float, y: float, turn: float = 1.0) -> None:
        """What acts on a valve or stock, above it: on its left, with ``turn`` -1 on its right."""
        of = self.fans[key]
        for way, part, raised in zip((turn, -turn), of.parts, of.raised, strict=True):
            for c in part:
                self.block.tree(settled(c, x + way * c.x, y - raised + c.y, way), me)


def blocks_of(page: Page, trees: Mapping[str, Leaf]) -> Iterator[Block]:
    """The blocks of a page: rows of stocks first, then variables that stand alone."""
    for row in rows_of(page):
        if len(row) > 1 or any(row[0] in ends for ends in page.flows.values()):
            yield Row(row, page, trees).made()
        else:
            yield alone(trees[row[0]], "stock")
    lone = [t for k, t in trees.items() if k not in page.flows and k not in page.stocks]
    yield from (alone(t) for t in lone if t.causes)
    singles = [t for t in lone if not t.causes]
    if singles:
        yield listed(singles)
