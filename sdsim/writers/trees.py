"""Causes as trees: each variable stands left of one effect, its own causes left of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sdsim.writers.causes import Page

ROW = 38.0  # between two names, one above the other
REACH = 34.0  # between two names, one beside the other
LETTER = 6.0
_RAISED = 16.0
_MANY = 12


#: What is covered, strip by strip from right to left: (top, bottom) by the number of the strip.
Outline = dict[int, tuple[float, float]]
STRIP = 16.0


@dataclass
class Leaf:
    """A place in a tree: a variable at home here, or a shadow of one.

    x, y : relative to the effect at the root, causes at negative x.   above : room over it.
    outline : what its tree covers around it.
    """

    key: str
    width: float
    shadow: bool = False
    above: float = ROW / 2
    causes: list[Leaf] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    outline: Outline = field(default_factory=dict)

    @property
    def left(self) -> float:
        """How far its tree reaches to the left of it."""
        return -STRIP * min(self.outline)


def wide(name: str, shadow: bool = False) -> float:
    """The width of a label on one line."""
    letters = sum(2 if ord(c) > 0x2E80 else 1 for c in name)
    return LETTER * (letters + 2 * shadow) + 8


def grown(
    page: Page,
    roots: Sequence[str],
    shown: Mapping[str, str],
    shadows: Iterable[tuple[str, str]] = (),
    stocks: Collection[str] = (),
) -> tuple[dict[str, Leaf], list[tuple[str, str]]]:
    """The tree of each root, and what is read but stands elsewhere on the page.

    Nearest to the roots first, so that trees are flat. Variables that no root reads become roots.

    Parameters
    ----------
    shown : names as written.   shadows : (cause, effect) that are to be a shadow at the effect.
    stocks : the shadows of these have more room above them, where some tools draw them.
    """
    own, apart = set(page.own), set(shadows)
    trees: dict[str, Leaf] = {}
    placed: set[str] = {*roots, *page.stocks, *page.flows}
    rest: list[tuple[str, str]] = []
    read = {c for causes in page.causes.values() for c in causes}
    lone = [k for k in page.own if k not in placed and k not in read]
    for root in [*roots, *lone, *page.own]:
        if root in trees or (root in placed and root not in roots):
            continue
        placed.add(root)
        trees[root] = Leaf(root, wide(shown[root]))
        level = [trees[root]]
        while level:
            after: list[Leaf] = []
            for leaf in level:
                for cause in page.causes[leaf.key]:
                    if cause not in own or (cause, leaf.key) in apart:
                        above = ROW / 2 + (_RAISED if cause in stocks else 0.0)
                        leaf.causes.append(Leaf(cause, wide(shown[cause], True), True, above))
                    elif cause in placed:
                        rest.append((cause, leaf.key))
                    else:
                        placed.add(cause)
                        leaf.causes.append(Leaf(cause, wide(shown[cause])))
                        after.append(leaf.causes[-1])
            level = after
    return trees, rest


def leaves(root: Leaf) -> list[Leaf]:
    """All items of a tree, the root first, each before its causes."""
    out = [root]
    for leaf in out:
        out.extend(leaf.causes)
    return out


def spread(root: Leaf) -> None:
    """Give every place of a tree its x and y relative to its effect."""
    for leaf in reversed(leaves(root)):
        stacked(leaf, leaf.causes, leaf.width / 2 + REACH)


def stacked(leaf: Leaf, causes: Sequence[Leaf], reach: float) -> None:
    """Place some causes left of an effect, around its height, clear of the outline of ``leaf``.

    reach : from the effect to the right end of their names.
    """
    half = math.ceil(leaf.width / 2 / STRIP)
    covered: Outline = {}
    many = len(causes) > _MANY
    beyond = max((c.width for c in causes[::2]), default=0.0) + STRIP
    for n, cause in enumerate(causes):
        # Many stand in two columns, each between two of the other.
        further = beyond if many and n % 2 else 0.0
        shift = -math.ceil((reach + further + cause.width / 2) / STRIP)
        cause.x = shift * STRIP
        cause.y = max(
            (covered[k + shift][1] - top for k, (top, _) in cause.outline.items()
             if k + shift in covered), default=0.0
        )  # fmt: skip
        if n:
            least = ROW / 2 if many else ROW / 2 + cause.above
            cause.y = max(cause.y, causes[n - 1].y + least)
        _cover(covered, cause.outline, shift, cause.y)
    own = dict.fromkeys(range(-half, half), (-leaf.above, ROW / 2))
    leaf.outline = dict(own)
    if not causes:
        return
    middle = (causes[0].y + causes[-1].y) / 2
    for cause in causes:
        cause.y -= middle
    _cover(leaf.outline, covered, 0, -middle)
    # Arrows run between the names and the effect.
    ends = (causes[0].y, causes[-1].y)
    strips = range(-math.ceil((reach + 24) / STRIP), 1)
    _cover(leaf.outline, dict.fromkeys(strips, ends), 0, 0.0)


def _cover(outline: Outline, other: Outline, shift: int, down: float) -> None:
    for k, (top, bottom) in other.items():
        high, low = outline.get(k + shift, (math.inf, -math.inf))
        outline[k + shift] = (min(high, top + down), max(low, bottom + down))


def extent(outline: Outline) -> tuple[float, float]:
    """The top and bottom of an outline."""
    return min(t for t, _ in outline.values()), max(b for _, b in outline.values())


def sides(causes: Sequence[Leaf], most: float) -> tuple[list[Leaf], list[Leaf]]:
    """Causes for one side of an effect and, where they would be higher than ``most``, the other."""
    high = [low - top for top, low in (extent(c.outline) for c in causes)]
    if sum(high) <= most:
        return list(causes), []
    so_far = 0.0
    for n, one in enumerate(high):
        if n and so_far + one / 2 > sum(high) / 2:
            return list(causes[:n]), list(causes[n:])
        so_far += one
    return list(causes), []


def settled(root: Leaf, x: float, y: float, turn: float = 1.0) -> list[tuple[Leaf, float, float]]:
    """Every place with where it stands if the root stands at (x, y); ``turn`` -1 mirrors."""
    out = [(root, x, y)]
    for leaf, ax, ay in out:
        out.extend((c, ax + turn * c.x, ay + c.y) for c in leaf.causes)
    return out
