"""Conditions at saved times: comparisons of two series, combined with and, or, not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import UnsupportedError
from sdsim.claims.trajectories import is_path, path_of, refuse_paths
from sdsim.ir.expr import Binary, Call, Expr, Ref, Unary, walk
from sdsim.ir.model import Model

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

#: The comparisons; all but ``=`` and ``<>`` may be forced.
COMPARED = ("=", "<", "<=", ">", ">=")
_COMPARISONS = (*COMPARED, "<>")
#: Two values count as equal if they differ by no more than this share of the larger one.
ROUNDING = 1e-9
CROSSING, ONCE = f"{names.PART} crossing", f"{names.PART} once"


class Judge:
    """Splits conditions into the series a run must save, then decides them from those series.

    sides : the expressions to save, by name.   values : (n_saved,) their values, once known.
    """

    def __init__(self, model: Model, prefix: str) -> None:
        self.model, self.prefix = model, prefix
        self.sides: dict[str, Expr] = {}
        self.values: Mapping[str, Floats] = {}
        self._of: dict[int, tuple[str, ...]] = {}
        self._marks: dict[int, list[str]] = {}
        self._kept: list[Expr] = []  # nodes are looked up by id, so they must stay alive

    def take(self, node: Expr, line: int) -> None:
        """Collect the series that a condition needs.

        Raises
        ------
        ModelError : an RC function or a word where it means nothing.
        """
        self._kept.append(node)
        if isinstance(node, Binary) and node.op in ("and", "or"):
            self.take(node.left, line)
            self.take(node.right, line)
        elif isinstance(node, Unary) and node.op == "not":
            self.take(node.x, line)
        elif isinstance(node, Binary) and node.op in _COMPARISONS:
            right, self._marks[id(node)] = _unmarked(node.right)
            parts: tuple[Expr, ...] = (node.left, right)
            if isinstance(right, Call) and is_path(right, check=True):
                for argument in right.args:
                    refuse_paths(argument)
                path = path_of(right, self.model)
                parts = (node.left, path.value, path.inside)
            else:
                refuse_paths(right)
            refuse_paths(node.left)
            self._save(node, parts)
        else:
            refuse_paths(node)
            self._save(node, (node,))
        if any(n.name in (CROSSING, ONCE) for e in self.sides.values() for n in _refs(e)):
            raise UnsupportedError("a word that does not follow a comparison's sign")

    def _save(self, node: Expr, parts: Sequence[Expr]) -> None:
        found = []
        for part in parts:
            found.append(names.part(self.prefix, str(len(self.sides) + 1)))
            self.sides[found[-1]] = part
        self._of[id(node)] = tuple(found)

    # --- with the values known ----------------------------------------------------------------

    def all_true(self, nodes: Sequence[Expr], count: int) -> Flags:
        """Whether all conditions hold, at each saved time."""
        out = np.ones(count, dtype=bool)
        for node in nodes:
            out &= self.truth(node, out)
        return out

    def truth(self, node: Expr, reached: Flags) -> Flags:
        """(n_saved,) whether a condition holds, at the times that ``reached`` selects.

        A condition on the whole run (crossings, at least once) is false at the time that disproves
        it, and true everywhere else.
        """
        if isinstance(node, Binary) and node.op == "and":
            return self.truth(node.left, reached) & self.truth(node.right, reached)
        if isinstance(node, Binary) and node.op == "or":
            return self.truth(node.left, reached) | self.truth(node.right, reached)
        if isinstance(node, Unary) and node.op == "not":
            return ~self.truth(node.x, reached)
        series = [self.values[n] for n in self._of[id(node)]]
        if len(series) == 1:
            return np.asarray(series[0] != 0.0, dtype=bool)
        assert isinstance(node, Binary)
        inside: Flags = np.ones(len(reached), dtype=bool)
        if len(series) == 3:
            inside &= series[2] != 0.0
        marks = self._marks[id(node)]
        asked = inside & reached
        holds: Flags = _compared(node.op, series[0], series[1])
        if CROSSING in marks:
            first = 1.0 if node.op in (">", ">=") else -1.0
            return _crosses(series[0], series[1], asked, first, marks.count(CROSSING))
        if ONCE in marks:
            out = np.ones(len(reached), dtype=bool)
            if asked.any() and not (holds & asked).any():
                out[np.flatnonzero(asked)[-1]] = False
            return out
        return np.asarray(holds | ~inside, dtype=bool)

    def culprit(self, node: Expr, reached: Flags, at: int) -> Expr:
        """The part of a condition that fails at a saved time."""
        if isinstance(node, Binary) and node.op in ("and", "or"):
            bad = node.left if not self.truth(node.left, reached)[at] else node.right
            return self.culprit(bad, reached, at)
        return node

    def both(self, node: Expr, at: int) -> tuple[float | None, float | None]:
        """The two sides of a comparison at a saved time; for any other part, its value."""
        found = self._of.get(id(node), ())
        sides = [float(self.values[n][at]) for n in found[:2]]
        return (sides[0] if sides else None, sides[1] if len(sides) > 1 else None)


def _refs(expr: Expr) -> list[Ref]:
    return [n for n in walk(expr) if isinstance(n, Ref)]


def _unmarked(right: Expr) -> tuple[Expr, list[str]]:
    """The right side of a comparison without its leading keywords, and those keywords."""
    chain: list[Binary] = []
    node = right
    while isinstance(node, Binary) and node.op in ("+", "-"):
        chain.append(node)
        node = node.left
    if not isinstance(node, Ref) or node.name not in (CROSSING, ONCE):
        return right, []
    marks, value = [node.name], None
    for outer in reversed(chain):
        if value is None and isinstance(outer.right, Ref) and outer.right.name in (CROSSING, ONCE):
            marks.append(outer.right.name)
        else:
            value = outer.right if value is None else Binary(outer.op, value, outer.right)
    if value is None or len(set(marks)) > 1 or marks.count(ONCE) > 1:
        raise UnsupportedError(":CROSSING: and :AT LEAST ONCE: together")
    return value, marks


def _near(a: Floats, b: Floats) -> Flags:
    return np.asarray(np.abs(a - b) <= ROUNDING * np.maximum(np.abs(a), np.abs(b)))


def _compared(op: str, a: Floats, b: Floats) -> Flags:
    if op in ("=", "<>"):
        return _near(a, b) if op == "=" else ~_near(a, b)
    out = np.less(a, b) if op[0] == "<" else np.greater(a, b)
    return np.asarray(out | _near(a, b) if op[1:] else out)


def _crosses(a: Floats, b: Floats, asked: Flags, first: float, count: int) -> Flags:
    """Whether a - b starts with the sign ``first`` and changes sign ``count`` times in all.

    Times at which a equals b are ignored. A wrong first sign or one change too many is false at
    the time it happens; too few changes is false at the last time selected.
    """
    out = np.ones(len(a), dtype=bool)
    where = np.flatnonzero(asked)
    if not where.size:
        return out
    sign = np.where(_near(a, b), 0.0, np.sign(a - b))
    now, changes = 0.0, 0
    for i in where:
        if sign[i] == 0.0 or sign[i] == now:
            continue
        changes += now != 0.0
        if (now == 0.0 and sign[i] != first) or changes > count:
            out[i] = False
            return out
        now = sign[i]
    out[where[-1]] = changes == count
    return out
