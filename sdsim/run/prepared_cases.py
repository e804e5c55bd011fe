"""Several cases of one model prepared as one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.overrides import Overrides, checked_seed, in_case, mapping
from sdsim.run.cases import Cases, cases_of
from sdsim.run.control import horizon_of
from sdsim.run.horizon import Horizon
from sdsim.run.methods import Method, checked_method
from sdsim.run.prepared import (
    Prepared,
    changes_of,
    controls_of,
    method_of,
    refuse_long_delays,
)
from sdsim.run.system import System, checked_system


def prepare_cases(
    system: System,
    cases: Mapping[str, Any],
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    *,
    control: Sequence[Any] = (),
    seed: int = 0,
) -> Prepared:
    """Prepare several cases of one model as one run, whose members belong to a case each.

    Every member has the bits it has if its case is prepared alone. The tables, series and start
    values of a case are data of the run: there is one program, however many cases there are.

    Parameters
    ----------
    cases : the changes of each case by its name: as ``params`` of `prepare`, or a `Preset`.
    params : changes common to all cases; where a case gives something else, the case wins.
    control : as for `prepare`, the same for all cases.

    Raises
    ------
    ModelError : no case, a change that does not fit, an equation that some cases replace and others
        keep, or cases that start, end, step or save at different times.
    """
    system, seed = checked_system(system), checked_seed(seed)
    method = method_of(system) if method is None else checked_method(method)
    if not mapping(cases, "cases"):
        raise ModelError("no cases", remedy="write cases={'name': changes}")
    common = changes_of(system, params)
    each = {name: common | _of_case(system, name, given) for name, given in cases.items()}
    if any(value is not None for value in control):
        fixed = controls_of(system, method, params, control)
        each = {name: changes | fixed for name, changes in each.items()}
        common |= fixed
    ready, both = system.serving(each)
    found = cases_of(ready.program, tuple(each), both)
    if ready.program.buffers:
        every = np.arange(found.count)
        refuse_long_delays(ready, found.members(every, every, seed))
    horizon = _same_horizon(ready, found, each, method)
    return Prepared(ready, common, found.vectors[:, 0], horizon, method, seed, found)


def _of_case(system: System, name: str, given: Any) -> Overrides:
    """The changes of one case."""
    try:
        return changes_of(system, getattr(given, "overrides", given))
    except ModelError as e:
        raise in_case(e, name) from None


def _same_horizon(
    system: System, cases: Cases, changes: Mapping[str, Overrides], method: Method
) -> Horizon:
    """The times of all cases.

    Raises
    ------
    ModelError : two cases differ in them, or they are impossible.
    """
    own = [i for i, (key, _) in enumerate(system.program.param_cells) if key in names.CONTROL]
    whole = all((key, 0) in system.program.param_places for key in system.places
                if key in names.CONTROL)  # fmt: skip
    found: dict[Any, tuple[str, Horizon]] = {}
    for k, name in enumerate(cases.names):
        vector = cases.vectors[:, k].copy()
        known = tuple(vector[own]) if whole else k
        if known not in found:
            try:
                horizon = horizon_of(
                    system, vector, method, False, changes[name], cases.tables_of(k)
                )
            except ModelError as e:
                raise in_case(e, name) from None
            found[known] = (name, horizon)
    (first, horizon), *others = found.values()
    for name, other in others:
        if other != horizon:
            raise ModelError(
                f"case '{name}' runs from {other.start:g} to {other.stop:g} (step {other.step:g}, "
                f"saved every {other.saveper:g}), case '{first}' from {horizon.start:g} to "
                f"{horizon.stop:g} (step {horizon.step:g}, saved every {horizon.saveper:g})",
                remedy="give all cases the same times, or run them one by one",
            )
    if method.dt is not None and (names.TIME_STEP, 0) in system.program.param_places:
        cases.vectors[system.program.param_places[names.TIME_STEP, 0]] = method.dt
    return horizon
