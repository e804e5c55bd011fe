"""The order of operations within a section: bits do not depend on it, speed does.

A short program stays as it is: its values fit the nearest cache, and what was written side by side
is mostly independent. In a long one each value is made just before what first needs it, so that
few are alive at once; within one unit, what the longest chains wait for then comes first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from sdsim.ir.program import Op

#: Values in a section from which on fewer of them alive matters more than their independence.
LONG = 3000
_CYCLES = {"div": 13, "sqrt": 15, "pow": 40, "exp": 25, "log": 25, "table": 25}
_OTHERS = 4


def ordered(ops: Sequence[Op], values: Iterable[int], targets: Iterable[int]) -> list[int]:
    """``values`` with operands before their users; ``targets`` are needed in that order."""
    left = set(values)
    if len(left) < LONG:
        return sorted(left)
    out: list[int] = []
    for target in (*targets, *sorted(left)):
        stack = [(target, False)]
        while stack:
            v, ready = stack.pop()
            if ready:
                out.append(v)
            elif v in left:
                left.discard(v)
                stack.append((v, True))
                stack.extend((a, False) for a in reversed(ops[v].args))
    return out


def urgent_first(ops: Sequence[Op], values: Sequence[int]) -> list[int]:
    """``values`` with those first on which the longest chains of operations wait."""
    users: dict[int, list[int]] = {v: [] for v in values}
    missing: dict[int, int] = {}
    for v in values:
        operands = {a for a in ops[v].args if a in users}
        missing[v] = len(operands)
        for a in operands:
            users[a].append(v)
    ahead: dict[int, int] = {}
    for v in reversed(values):
        ahead[v] = _CYCLES.get(ops[v].code, _OTHERS) + max((ahead[u] for u in users[v]), default=0)
    ready = [(-ahead[v], v) for v in values if not missing[v]]
    heapq.heapify(ready)
    out = []
    while ready:
        v = heapq.heappop(ready)[1]
        out.append(v)
        for u in users[v]:
            missing[u] -= 1
            if not missing[u]:
                heapq.heappush(ready, (-ahead[u], u))
    return out
