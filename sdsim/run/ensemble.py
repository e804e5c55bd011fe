"""Ensembles: the same model run many times, with its own parameters for each member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sdsim.base import host, names
from sdsim.base.errors import ModelError, some, warn
from sdsim.ir.model import Model, label_of
from sdsim.overrides import Overrides, locate, many_numbers, mapping
from sdsim.run.driver import march
from sdsim.run.methods import Method, in_batches
from sdsim.run.nonfinite import LOOK_FOR, causes
from sdsim.run.prepared import prepare
from sdsim.run.prepared_cases import prepare_cases
from sdsim.run.ranges import outside_computed, outside_drawn, outside_in_cases, outside_set
from sdsim.run.result import assemble
from sdsim.run.saved import saved_of
from sdsim.run.system import System


def simulate_many(
    system: System,
    draws: Mapping[str, Any] | pd.DataFrame,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] | None = None,
    *,
    cases: Mapping[str, Any] | None = None,
    seed: int = 0,
    numbers: Sequence[int] | None = None,
    initial_time: float | None = None,
    final_time: float | None = None,
    time_step: float | None = None,
    saveper: float | None = None,
) -> xr.Dataset:
    """Run a model once for each member.

    Parameters
    ----------
    draws : for each constant that varies, (n_member,) values by name (``Name`` or ``Name[a,b]``);
        or a DataFrame with a column for each constant and a row for each member.
    params : changes common to all members; see `sdsim.run.simulate.simulate`.
    method : `Euler`, `RK4` or another with a fixed step; None uses the file's method, else Euler.
    save : names of the variables to save, or a single name; see `sdsim.simulate`.
    cases : several sets of changes by name, each like ``params`` or a `Preset`: all members run
        once in each case. Cases may have their own tables, series and start values; one program
        serves them all, whose results are those of each case run alone, to the bit. Where a case
        and ``params`` give the same, the case wins; ``draws`` win over both.
    numbers : (n_member,) the members' own numbers, which select their random streams; 0, 1, ... by
        default. A member's result does not depend on the other members in the batch.
    initial_time, final_time, time_step, saveper : INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER
        of all members, model time; None keeps the values from the model and ``params``.

    Returns
    -------
    Dataset over ``time``, the model's subscripts and ``member``, with three additions: ``stopped
    (member)``, the time at which a member no longer had finite values, NaN for complete runs;
    ``cause (member)``, the first variable, in order of evaluation, that was not finite, empty for
    complete runs; and the coordinate ``draws (draw, member)``, the values given to each member, by
    name, in model units. A member's values are NaN from the time at which it stopped. The
    attributes are those of a single run, plus ``draws``: the names of the constants that vary.
    With ``cases``, everything but ``draws`` is over ``case`` too, before ``member``.

    Raises
    ------
    ModelError : a name or value that does not fit, no members, different lengths, a constant drawn
        twice, or more values than this machine can hold; cases that run over
        different times, or of which some replace an equation that others keep.

    Warns
    -----
    ModelWarning : members stopped at values that are not finite; values outside the ranges that
        the model declares.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> many = sdsim.simulate_many(model, {"Room Temperature": [50, 70]}, save="Teacup Temperature")
    >>> many["Teacup Temperature"].isel(time=-1).values.round(1).tolist()
    [56.4, 75.4]

    Cases side by side, each with the draws:

    >>> rooms = {"cool": {"Room Temperature": 60}, "warm": {"Room Temperature": 80}}
    >>> many = sdsim.simulate_many(model, {"Characteristic Time": [5, 10]}, cases=rooms)
    >>> many["Teacup Temperature"].isel(time=-1).sel(case="warm").values.round(1).tolist()
    [80.2, 84.9]
    """
    control = (initial_time, final_time, time_step, saveper)
    out = simulated_many(
        system,
        draws,
        params,
        method,
        save,
        cases=cases,
        seed=seed,
        numbers=numbers,
        control=control,
    )
    if said := _told(system.model, out):
        warn(said)
    return out


def simulated_many(
    system: System,
    draws: Mapping[str, Any] | pd.DataFrame,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] | None = None,
    *,
    cases: Mapping[str, Any] | None = None,
    seed: int = 0,
    numbers: Sequence[int] | None = None,
    control: Sequence[float | None] = (),
) -> xr.Dataset:
    """`simulate_many` for callers who report themselves that members stopped: no warning of that.

    control : INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER; None keeps the model's value.
    """
    if cases is None:
        run = prepare(system, params, method, control=control, seed=seed)
    else:
        run = prepare_cases(system, cases, params, method, control=control, seed=seed)
    in_batches(run.method, "an ensemble runs")
    by_name = mapping(draws, "draws")
    _in_rows(run.system.model, by_name)
    drawn = {name: _drawn(name, values) for name, values in by_name.items()}
    given = None if numbers is None else _drawn("numbers", numbers)
    if given is not None and not np.array_equal(given, np.rint(given)):
        raise ModelError(
            "numbers: expected whole numbers",
            remedy="give the numbers of the members, such as range(100)",
        )
    sizes = {len(v) for v in (*drawn.values(), *(() if given is None else (given,)))}
    if len(sizes) > 1:
        raise ModelError(
            f"draws or numbers of different lengths: {sorted(sizes)}",
            remedy="give each as many values as there are members",
        )
    if sizes == {0}:
        empty = ", ".join(f"'{name}'" for name in list(drawn)[:3]) or "numbers"
        raise ModelError(
            f"no members: {empty} has no values",
            remedy="give a value for each member, such as [1, 2, 3]",
        )
    count = sizes.pop() if sizes else 1
    saved = saved_of(run.system, save)
    wanted = saved.values
    each = len(run.grid.saved) * len(wanted)
    labels = () if run.cases is None else run.cases.names
    times = max(1, len(labels))
    total = times * count
    _room_for(each + len(run.vector), total)
    own = np.arange(count, dtype=np.int64) if given is None else given.astype(np.int64)
    members = run.members(
        run.rows(drawn), [np.tile(v, times) for v in drawn.values()], np.tile(own, times),
        np.repeat(np.arange(times), count),
    )  # fmt: skip
    try:
        marched = march(run, members, wanted)
    except MemoryError:
        raise _too_large(each, total) from None
    values = marched.values
    if marched.failed.size:
        late = np.arange(len(marched.time))[:, None] >= marched.kept
        values = np.where(late[:, None, :], np.nan, values)
    cause = np.full(total, "", dtype=object)
    cause[marched.failed] = [c.label for c in causes(run, members, marched)]
    for text in (
        *outside_set(system.model, run.changes), *outside_in_cases(run),
        *outside_drawn(system.model, drawn), *outside_computed(run, saved, values, drawn),
    ):  # fmt: skip
        warn(text)
    attributes = run.attributes()
    attributes["draws"] = "; ".join(sorted(drawn))
    over: dict[str, Any] = {"case": list(labels)} if labels else {}
    over["member"] = own
    shape = tuple(map(len, over.values()))
    try:
        values = values.reshape(*values.shape[:2], *shape)
        out = assemble(run.system.model, saved, values, marched.time, attributes, over)
    except MemoryError:
        raise _too_large(each, total) from None
    axes = tuple(over)
    stopped, said = marched.stopped.reshape(shape), cause.astype(str).reshape(shape)
    out = out.assign(stopped=(axes, stopped), cause=(axes, said))
    return _with_draws(out, drawn) if drawn else out


def _told(model: Model, out: xr.Dataset) -> str:
    """One line that says which members of an ensemble stopped; empty if none did."""
    stopped, cause = out["stopped"].values, out["cause"].values
    at = [tuple(place) for place in np.argwhere(~np.isnan(stopped)).tolist()]
    if not at:
        return ""
    first = some(
        (f"{_which(out, i)}: '{names.spoken(cause[i])}' is not finite at time {stopped[i]:.10g}"
         for i in at), 3,
    )  # fmt: skip
    file = f"{model.file}: " if model.file else ""
    return (
        f"{file}{len(at):,} of {stopped.size:,} members stopped early and are NaN from then on "
        f"({first}); 'stopped' and 'cause' of the result list all of them: {LOOK_FOR}"
    )


def _which(out: xr.Dataset, place: tuple[int, ...]) -> str:
    """A member of an ensemble, and its case if there are cases, in words."""
    member = f"member {out['member'].values[place[-1]]}"
    return member if len(place) == 1 else f"{member} of case '{out['case'].values[place[0]]}'"


def _with_draws(out: xr.Dataset, drawn: Mapping[str, np.ndarray[Any, Any]]) -> xr.Dataset:
    """The dataset with each member's given values as a coordinate: ``draws (draw, member)``."""
    taken = {*out.dims, *out.variables}
    axis = next(n for n in ("draw", "drawn constant", "name of a draw") if n not in taken)
    values = np.stack(list(drawn.values()))
    return out.assign_coords({axis: list(drawn), "draws": ((axis, "member"), values)})


def _in_rows(model: Model, draws: Mapping[str, Any]) -> None:
    """Refuse several numbers for one member."""
    for name, values in draws.items():
        first = values[0] if isinstance(values, list | tuple) and values else None
        nested = isinstance(first, list | tuple | np.ndarray) and np.ndim(first) > 0
        if not nested and getattr(values, "ndim", 1) < 2:
            continue
        variable, cells = locate(model, name)
        remedy = "give a row of numbers, one for each member"
        if variable.dims and cells is None:
            remedy = f'vary elements by name, such as "{label_of(model, variable, 0)}"'
        raise ModelError(
            "expected one number for each member, got several", remedy=remedy, variable=name
        )


def _drawn(name: str, values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n_member,) checked values of one constant that varies."""
    if isinstance(values, str | bytes) or not np.ndim(values):
        raise ModelError(
            f"expected a value for each member, got {values!r}",
            remedy="what is the same for all belongs in params", variable=name,
        )  # fmt: skip
    plain: Any = values.to_numpy() if isinstance(values, pd.Series | xr.DataArray) else values
    return many_numbers(plain, name)


def _room_for(each: int, count: int) -> None:
    """Refuse more than this machine can hold: the values, plus their copy ordered by subscripts."""
    memory = host.physical_memory()  # unknown on some systems
    if memory is not None and 16 * each * count > memory:
        raise _too_large(each, count)


def _too_large(each: int, count: int) -> ModelError:
    return ModelError(
        f"{count:,} members of {each:,} values ({8e-9 * each * count:.3g} GB) are too large for "
        "this machine's memory",
        remedy="name the variables to keep with save=, raise SAVEPER, or run fewer at a time",
    )
