"""Which variable it was that had no finite value first, for each member that stopped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Grid, Members
from sdsim.base import names
from sdsim.ir.model import label_of
from sdsim.run.methods import Adaptive
from sdsim.run.prepared import Prepared

#: Numbers that the search may keep at once.
ROOM = 8_000_000


class Blame(NamedTuple):
    """When, in model time, and which element of which variable."""

    time: float
    label: str


def blame(
    run: Prepared, members: Members, stopped: NDArray[np.int64], at: NDArray[np.int64]
) -> list[Blame]:
    """For members ``at`` of a batch, the first variable, in order of evaluation, that is not finite
    at the step where the member stopped.

    stopped : (n_member,) those steps.
    """
    assert not isinstance(run.method, Adaptive)
    model, stages = run.system.ordered.model, run.method.stages
    named = [o for o in run.system.program.outputs if o.name not in names.CONTROL]
    gaps = run.system.program.gaps  # left open by the model itself
    named = [o for o in named if o.value not in gaps]
    kernel = run.system.kernel([o.value for o in named])
    out = [Blame(np.nan, "")] * len(at)
    most = max(ROOM // max(len(named), 1), 1)
    for step in np.unique(stopped[at]):
        grid = Grid(run.grid.start, run.grid.step, int(step), (int(step),))
        mine = np.flatnonzero(stopped[at] == step)
        for k in range(0, len(mine), most):
            some = mine[k : k + most]
            chosen = at[some]
            own = Members(members.params[:, chosen], members.numbers[chosen], members.seed)
            bad = ~np.isfinite(kernel.march(own, grid, stages).values[0])
            for i, found, first in zip(some, bad.any(axis=0), bad.argmax(axis=0), strict=True):
                o = named[int(first)]
                label = label_of(model, model.variables[o.name], o.cell) if found else "a stock"
                out[i] = Blame(grid.time(int(step)), label)
    return out
