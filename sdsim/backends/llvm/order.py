"""The order of operations within a section, which affects speed but not a single bit.

A short program stays as it is: its values fit in the nearest cache, and neighbouring operations are
mostly independent. In a long one, each value is made just before it is first needed, so that few
are live at once; within a unit, the values that the longest chains wait for come first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from sdsim.ir.program import Op

#: The number of values in a section above which few live values matter more than independence.
LONG = 3000
_CYCLES = {"div": 13, "sqrt": 15, "pow": 40, "exp": 25, "log": 25, "table": 25, "given": 25}
_OTHERS = 4


def ordered(ops: Sequence[Op], values: Iterable[int], targets: Iterable[int]) -> list[int]:
    """``values`` with operands before users; ``targets`` are needed in the given order."""
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
    """``values``, with those first that the longest chains of operations wait for."""
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
