"""Many runs at once: the same model, one set of parameters for each member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from sdsim import names
from sdsim.backends.base import Members
from sdsim.errors import ModelError, UnsupportedError
from sdsim.ground import shape_of
from sdsim.horizon import horizon_of
from sdsim.methods import Adaptive, Euler, Method
from sdsim.overrides import Overrides, locate, many_numbers, parameter_vector, sorted_out
from sdsim.run import assemble
from sdsim.system import System


def simulate_many(
    system: System,
    draws: Mapping[str, Sequence[float]],
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: Iterable[str] | None = None,
    *,
    seed: int = 0,
    numbers: Sequence[int] | None = None,
) -> xr.Dataset:
    """Run a model once for each member.

    Parameters
    ----------
    draws : for each constant that varies, (n_member,) values, by name (``Name`` or ``Name[a,b]``).
    params : what is the same for all members; see `sdsim.simulate.simulate`.
    method : `Euler` or `RK4`.
    save : names of the variables to keep.
    numbers : (n_member,) the members' own numbers, on which random streams depend; 0, 1, ... where
        not given. A member's result does not depend on who else is in the batch.

    Returns
    -------
    Dataset over ``time``, the model's subscripts and ``member``, with ``stopped (member)``: the
    time at which a member had no finite value any more, NaN for those that went well. Values of a
    member from that time on are NaN.

    Raises
    ------
    ModelError : a name or value that does not fit, lengths that differ.
    """
    method = method or Euler()
    if isinstance(method, Adaptive):
        raise UnsupportedError("an ensemble runs on a grid", remedy="use Euler or RK4")
    changes = params if isinstance(params, Overrides) else sorted_out(system.model, params or {})
    system, parameters = system.overridden(changes)
    program = system.program
    vector = parameter_vector(program, parameters)
    horizon = horizon_of(system, vector, method)
    sizes = {len(v) for v in (*draws.values(), *(() if numbers is None else (numbers,)))}
    if len(sizes) > 1:
        raise ModelError(f"draws or numbers of different lengths: {sorted(sizes)}")
    count = sizes.pop() if sizes else 1
    matrix = np.repeat(vector[:, None], count, axis=1)
    rows = {where: i for i, where in enumerate(program.param_cells)}
    for name, drawn in draws.items():
        checked = many_numbers(drawn, name)
        for row in _rows(system, rows, name):
            matrix[row] = checked
    own = np.asarray(range(count) if numbers is None else numbers, dtype=np.int64)
    members = Members(matrix, own, seed)
    chosen = system.chosen(save)
    kernel = system.kernel(v for key in chosen for _, v in system.places[key])
    grid = horizon.grid()
    march = kernel.march(members, grid, method.stages)
    time = np.array([grid.time(k) for k in grid.saved])
    values = march.values
    if (march.stopped >= 0).any():
        last = np.where(march.stopped < 0, grid.steps + 1, march.stopped)
        late = np.asarray(grid.saved)[:, None] >= last
        values = np.where(late[:, None, :], np.nan, values)
    columns = {key: [cell for cell, _ in system.places[key]] for key in chosen}
    stopped = np.where(march.stopped < 0, np.nan, grid.start + march.stopped * grid.step)
    out = assemble(system.model, columns, values, time, {"method": str(method), "seed": seed}, own)
    return out.assign(stopped=("member", stopped))


def _rows(system: System, rows: Mapping[tuple[str, int], int], name: str) -> list[int]:
    """The parameter rows that ``name`` sets."""
    variable, given = locate(system.model, name)
    key = names.canonical(variable.name)
    if key in names.CONTROL:
        raise ModelError("is the same for all members", variable=variable.name)
    shape = shape_of(system.model, variable)
    cells = range(int(np.prod(shape))) if given is None else given
    found = [rows[key, c] for c in cells if (key, c) in rows]
    if not found:
        raise ModelError("is no constant and cannot vary between members", variable=variable.name)
    return found
