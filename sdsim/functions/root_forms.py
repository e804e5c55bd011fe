"""What keeps its past: root forms, and what of their arguments counts when.

Vensim's discrete delays act at time steps only. A delay time is rounded to the nearest multiple of
TIME STEP, a half up, and is one step at least. That of DELAY FIXED is the one at the start; that of
DELAY MATERIAL and DELAY INFORMATION is given to each input as it enters, so that later ones may
overtake it: what arrives together is added up (material), or the last to enter counts
(information).
"""

from __future__ import annotations

from dataclasses import dataclass

from sdsim.base import names

VENSIM = "Vensim Reference Manual, Functions"
#: The conveyor's belt (`sdsim.functions.conveyors`); no file can spell it.
BELT = f"{names.PART} belt"


@dataclass(frozen=True)
class Kept:
    """A root form that becomes a `sdsim.ir.program.Buffer` of a kind.

    count : how many arguments.   start : those that count at the start; what it gives there first.
    push : those it takes in at each step.   time : which of them is a delay time, counted in steps.
    """

    name: str
    count: int
    start: tuple[int, ...]
    push: tuple[int, ...]
    kind: str
    time: int | None = 1
    units: str = "delay"
    source: str = VENSIM


ROWS = (
    Kept("delay fixed", 3, (2, 1), (0,), "fixed"),
    Kept("delay material", 4, (2, 1), (0, 1, 3), "material", units="material delay"),
    Kept("delay information", 3, (2, 1), (0, 1), "information"),
    Kept(BELT, 5, (0, 2), (1, 2, 3, 4), "belt", time=None, units="any"),
)
