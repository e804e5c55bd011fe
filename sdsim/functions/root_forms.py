"""Root forms that keep their past: discrete delays and the like, and the use of their arguments.

Vensim's discrete delays act only at time steps. A delay time is rounded to the nearest multiple of
TIME STEP, halves up, and is at least one step. DELAY FIXED uses the delay time at the start; DELAY
MATERIAL and DELAY INFORMATION give each input the delay time at which it enters, so that later
inputs may overtake it. Inputs that arrive together are added (material), or the last to enter
counts (information).
"""

from __future__ import annotations

from dataclasses import dataclass

from sdsim.base import names

VENSIM = "Vensim Reference Manual, Functions"
#: The conveyor's belt (`sdsim.functions.conveyors`); no file can contain this name.
BELT = f"{names.PART} belt"


@dataclass(frozen=True)
class RootForm:
    """A root form that becomes a `sdsim.ir.program.Buffer` of some kind.

    count : number of arguments.   start : arguments used at the start; the initial output is first.
    push : arguments read at each step.   time : the one that is a delay time, counted in steps.
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
    RootForm("delay fixed", 3, (2, 1), (0,), "fixed"),
    RootForm("delay material", 4, (2, 1), (0, 1, 3), "material", units="material delay"),
    RootForm("delay information", 3, (2, 1), (0, 1), "information"),
    RootForm(BELT, 5, (0, 2), (1, 2, 3, 4), "belt", time=None, units="any"),
)
