"""Which variable depends on which at the same instant, before the model is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdsim.base import names
from sdsim.functions import FUNCTIONS, KEPT
from sdsim.ir.expr import Call, Expr, Ref, children

#: Functions whose current value does not depend on the current values of their arguments.
_MEMORY = frozenset((
    *KEPT, "initial", "integ", "delay n", "smooth n", "delay1", "delay1i", "delay3",
    "delay3i", "smooth", "smoothi", "smooth3", "smooth3i",
))  # fmt: skip
_ACTING = frozenset(("step", "ramp", "pulse", "pulse train", "sample if true"))


class Graph:
    """A graph of edges from a variable to those it reads, by canonical name; stocks read none."""

    def __init__(self, exprs: Mapping[str, Sequence[Expr]]) -> None:
        self.exprs = dict(exprs)
        self.edges = {k: set().union(*map(_now, parts)) for k, parts in exprs.items()}
        self.uses = {k: set().union(*map(_all, parts)) for k, parts in exprs.items()}
        self.starts: dict[str, set[str]] = {}

    def add(self, user: str, used: str) -> None:
        """Add an edge."""
        self.edges.setdefault(user, set()).add(used)

    def know(self, key: str, expr: Expr) -> None:
        """Add a variable."""
        self.exprs[key] = [expr]
        self.edges[key], self.uses[key] = _now(expr), _all(expr)

    def reaches(self, user: str, used: str) -> bool:
        """Whether ``user`` is, or depends on, ``used``."""
        return used in self._from([user], self.edges)

    def starts_from(self, stock: str, used: str) -> bool:
        """Whether the initial value of a stock depends on ``used``."""
        if not self.starts:
            self.starts = dict(self.uses)
            for key, parts in self.exprs.items():
                for x in parts:
                    if isinstance(x, Call) and x.name == "integ":
                        self.starts[key] = _all(x.args[1])
        return used in self._from([stock], self.starts)

    def settled(self, expr: Expr) -> bool:
        """Whether an expression is constant during a run."""
        for key in self._from(_all(expr), self.uses):
            if key == names.TIME or any(map(_moves, self.exprs.get(key, ()))):
                return False
        return not _moves(expr)

    @staticmethod
    def _from(roots: Sequence[str] | set[str], edges: Mapping[str, set[str]]) -> set[str]:
        seen, stack = set(roots), list(roots)
        while stack:
            for other in edges.get(stack.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen


def _now(root: Expr) -> set[str]:
    """What an expression reads at the same instant."""
    out, stack = set(), [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Call) and node.name in _MEMORY:
            continue
        if isinstance(node, Ref):
            out.add(node.name)
        stack.extend(children(node))
    return out


def _all(root: Expr) -> set[str]:
    out, stack = set(), [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Ref):
            out.add(node.name)
        stack.extend(children(node))
    return out


def _moves(root: Expr) -> bool:
    """Whether an expression changes over time by itself."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Call) and (
            node.name in _MEMORY or node.name in _ACTING or node.name.startswith("random ")
            or (node.name not in FUNCTIONS and node.name != "with lookup")
        ):  # fmt: skip
            return True
        stack.extend(children(node))
    return False
