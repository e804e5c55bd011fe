"""The first variable without a finite value, for each member that stopped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Members
from sdsim.ir.model import label_of
from sdsim.ir.program import Output
from sdsim.run.driver import march_in_blocks
from sdsim.run.methods import Marched, Stop
from sdsim.run.prepared import Prepared

#: How many numbers the search may hold at once.
ROOM = 8_000_000
#: What a modeller can do about it.
LOOK_FOR = (
    "look for a division by zero, a logarithm or root of a negative number, or growth without bound"
)


class Cause(NamedTuple):
    """Why a member stopped: the model time, the element of a variable, and what was wrong."""

    time: float
    label: str
    what: str = "is not finite"


def causes(
    run: Prepared, members: Members, marched: Marched, among: NDArray[np.intp] | None = None
) -> list[Cause]:
    """For each member that stopped, the first variable, in order of evaluation, that was not
    finite then.

    among : positions in the batch of members that stopped; None for all of them.
    """
    at = marched.failed if among is None else among
    outputs = run.system.program.outputs
    gaps = run.system.program.gaps  # undefined in the model itself, so they stop nothing
    named = [o for o in outputs if o.value not in gaps] or list(outputs)
    if marched.stop is not None:
        return [_at_its_stop(run, members, named, float(t), marched.stop) for t in marched.stopped]
    values = [o.value for o in named]
    out = [Cause(float(t), "a variable") for t in marched.stopped[at]]
    step = np.rint((marched.stopped[at] - run.horizon.start) / run.horizon.step).astype(np.int64)
    for number in np.unique(step):
        mine = np.flatnonzero(step == number)
        batch = members.some(at[mine])
        for some, again in march_in_blocks(run, batch, values, ROOM, saved=[int(number)]):
            for i, row in zip(mine[some], again.values[0].T, strict=True):
                out[i] = out[i]._replace(label=_first(run, named, row) or out[i].label)
    return out


def _first(run: Prepared, named: Sequence[Output], row: Floats) -> str:
    """The element with the first value that is not finite; empty if all are finite."""
    bad = np.flatnonzero(~np.isfinite(row))
    if not bad.size:
        return ""
    o, model = named[int(bad[0])], run.system.ordered.model
    return label_of(model, model.variables[o.name], o.cell)


def _at_its_stop(
    run: Prepared, members: Members, named: Sequence[Output], time: float, stop: Stop
) -> Cause:
    """The same for a method that knows its last state; the rates of change are checked too."""
    kernel = run.system.kernel([o.value for o in named])
    _, fixed = kernel.start(members)
    state = np.ascontiguousarray(stop.state).reshape(-1, 1)
    for t in (time, stop.event):  # there may be a jump between the two
        row = kernel.observe(t, stop.event, 0, state, fixed, members)[:, 0]
        rates = np.abs(kernel.rates(t, stop.event, 0, state, fixed, members)[:, 0])
        if not (np.isfinite(row).all() and np.isfinite(rates).all()):
            break
    if label := _first(run, named, row):
        return Cause(time, label)
    grown = rates / np.maximum(np.abs(state[:, 0]), 1.0)
    label = run.system.program.states[int(np.argmax(np.nan_to_num(grown, nan=np.inf)))].label
    if np.isfinite(rates).all():
        return Cause(time, label, "grows beyond any step the solver can take")
    return Cause(time, label, "has a rate of change that is not finite")
