"""Timing in pairs, since other work on the machine slows both halves of a pair alike; and bars, all
of them ratios, which are told and do not stop what follows."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Bar:
    """A ratio and what it should be.

    at_least : whether more is better.   why : what limits it, where that is known.
    """

    name: str
    figure: float
    bar: float
    at_least: bool = True
    why: str = ""

    @property
    def met(self) -> bool:
        return self.figure >= self.bar if self.at_least else self.figure <= self.bar

    @property
    def verdict(self) -> str:
        return "met" if self.met else "MISSED"


#: The bars of this session, in the order in which they were measured.
BARS: list[Bar] = []


def at_least(name: str, figure: float, bar: float, why: str = "") -> None:
    """Enter a ratio of which more is better."""
    BARS.append(Bar(name, figure, bar, True, why))


def at_most(name: str, figure: float, bar: float, why: str = "") -> None:
    """Enter a ratio of which less is better."""
    BARS.append(Bar(name, figure, bar, False, why))


def imports() -> None:
    """A process that imports what any such program does: the measure of a start."""
    subprocess.run([sys.executable, "-c", "import numpy, scipy, xarray"], check=True)
