"""How much work something is: counted, or as a ratio of two sizes. No other test reads a clock.

Seconds depend on the processor and on what else it does; calls do not, and a ratio hardly.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Work = Callable[[], object]


def calls(work: Work) -> int:
    """How many functions, in Python or in C, the work calls in this thread."""
    count = 0

    def note(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def growth(small: Work, large: Work) -> float:
    """How many times the small work's processor time the large one takes."""
    small()  # what is made once does not count
    return _least(large) / _least(small)


def _least(work: Work) -> float:
    """Seconds of the processor: the least of as many times as fit into half a second."""
    spent: list[float] = []
    while sum(spent) < 0.5 and len(spent) < 20:
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return max(min(spent), 1e-4)
