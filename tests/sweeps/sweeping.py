"""A small model to sweep over, and what a test looks at."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sdsim.design import Uncertainty, Uniform
from sdsim.sweeps import Outcome

#: A stock that grows or decays; below 0 its square root is no number.
MODEL = """{UTF-8}
Level = INTEG(Change, Start) ~ thing ~ |
Change = Rate * Level - Loss ~ thing/Year ~ |
Rate = 0.1 ~ 1/Year ~ |
Loss = 1 ~ thing/Year ~ |
Start = 10 ~ thing ~ |
Root = SQRT(Level) ~ thing ~ |
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 20 ~ Year ~ |
TIME STEP = 0.25 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
"""
#: What the members differ in.
FACTORS = (Uncertainty("Rate", Uniform(0.1, 0.3)), Uncertainty("Loss", Uniform(0.0, 0.9)))
OUTCOMES = (
    Outcome("final level", "FINAL(Level)", "thing"),
    Outcome("when it doubles", "UPWARD CROSSING(Level, 2 * Start)", "Year"),
    Outcome("it grows", "FINAL(Level) > INITIAL VALUE(Level)"),
)
MEMBERS, CHUNK = 400, 64


def files_of(store: Path) -> dict[str, str]:
    """A digest of every file of a store, by place."""
    return {
        str(p.relative_to(store)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(store.rglob("*"))
        if p.is_file() and p.name not in (".lock", ".holder")
    }


def children() -> set[int]:
    """Processes that descend from this one."""
    found: set[int] = set()
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                )
            except OSError:
                continue
    grown = True
    while grown:
        more = {p for p, above in parents.items() if above == os.getpid() or above in found} - found
        grown = bool(more)
        found |= more
    return found
