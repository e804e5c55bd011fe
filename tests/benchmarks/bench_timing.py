"""Timing in pairs, since other work on the machine slows both halves of a pair alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Runner = Callable[[], object]


def timed(run: Runner) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def paired(ours: Runner, theirs: Runner, pairs: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median ratio theirs / ours over alternating pairs."""
    rows = [(timed(ours), timed(theirs)) for _ in range(pairs)]
    mine, other = (statistics.median(r[k] for r in rows) for k in (0, 1))
    return mine, other, statistics.median(b / a for a, b in rows)


def told(text: str) -> None:
    """Print a result, and keep it beside the other figures."""
    print(f"\n{text}")
    with (ROOT / "figures" / "benchmarks.txt").open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")


def short_of(figure: float, bar: float, why: str) -> None:
    """Tell of a bar that is not reached yet, and what limits the figure; nothing is asserted."""
    met = "met" if figure >= bar else f"not met: {why}"
    told(f"    bar {bar:g}x, measured {figure:.2f}x: {met}")
