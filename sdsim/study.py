"""What a finished sweep says: the method that its design was made for, on all of its outcomes.

A design of another kind gets what plain samples allow. A new method is a row of `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sdsim.design import Crossed, Design, Morris, OneAtATime, Saltelli
from sdsim.errors import ModelError
from sdsim.sensitivity import sobol as sobol_room
from sdsim.sensitivity.discovery import Box, chosen, prim, simplified
from sdsim.sensitivity.morris import morris
from sdsim.sensitivity.pawn import FEWEST, pawn
from sdsim.sensitivity.policy import rank
from sdsim.sensitivity.regional import regional
from sdsim.sensitivity.tornado import tornado

#: Fewest members of which boxes and distributions say anything.
LEAST = 100


class Result(Protocol):
    """What every method gives."""

    def to_data(self) -> dict[str, Any]:
        """As plain data."""


@dataclass(frozen=True)
class Settings:
    """Resamples and level of intervals; seed of resampling."""

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Study:
    """What was found.

    outcomes, units : in the order of the results' second axis.
    results : by method, then, where a method takes one outcome at a time, by outcome (else "").
    over_time : by variable, indices along ``time``.
    notes : what a reader has to know, a line each.
    """

    design: str
    outcomes: tuple[str, ...]
    units: tuple[str, ...]
    members: int
    failed: int
    results: Mapping[str, Mapping[str, Result]]
    over_time: Mapping[str, Result] = field(default_factory=dict)
    time: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "design": self.design, "outcomes": list(self.outcomes), "units": list(self.units),
            "members": self.members, "failed": self.failed,
            "results": {m: {o: r.to_data() for o, r in by.items()}
                        for m, by in self.results.items()},
            "over_time": {v: r.to_data() for v, r in self.over_time.items()},
            "time": list(self.time), "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True)
class _Given:
    """A sweep's results as arrays."""

    design: Design
    y: NDArray[np.float64]
    outcomes: tuple[str, ...]
    better: tuple[str, ...]
    series: Mapping[str, NDArray[np.float64]]
    settings: Settings


Found = tuple[dict[str, dict[str, Result]], dict[str, Result], list[str]]


def study(found: xr.Dataset, design: Design, settings: Settings | None = None) -> Study:
    """Analyse a sweep.

    Parameters
    ----------
    found : what `sdsim.sweep.run_sweep` gave, with all members.   design : its design.

    Raises
    ------
    ModelError : members are missing, or nothing was asked that can be analysed.
    """
    settings = settings or Settings()
    if found.sizes["member"] != design.count:
        raise ModelError(f"{found.sizes['member']:,} of {design.count:,} members are there")
    if not found.sizes["outcome"]:
        raise ModelError("the sweep has no outcomes", remedy="name some under [outcomes]")
    outcomes = tuple(str(o) for o in found["outcome"].values)
    series = {
        str(name): found[name].values
        for name in found.data_vars
        if found[name].dims[:2] == ("member", "time") and found[name].ndim == 2
    }
    better = tuple(str(b) for b in found["better"].values)
    given = _Given(design, found["outcomes"].values, outcomes, better, series, settings)
    results, over_time, notes = READERS.get(design.kind, _sample)(given)
    failed = int((found["status"].values != "ok").sum())
    if failed:
        notes.insert(0, f"{failed:,} of {design.count:,} members failed and are left out")
    time = tuple(float(t) for t in found["time"].values) if series else ()
    units = tuple(str(u) for u in found["units"].values)
    return Study(
        design.kind, outcomes, units, design.count, failed, results, over_time, time, tuple(notes)
    )


def _sobol(g: _Given) -> Found:
    assert isinstance(g.design, Saltelli)
    names = [name for name, _ in g.design.moved]
    how = {"second_order": g.design.second_order, **g.settings.__dict__}
    whole = sobol_room.sobol(g.y, names, **how)
    results: dict[str, dict[str, Result]] = {"sobol": {"": whole}}
    if g.design.base >= 8:
        steps = sobol_room.convergence(
            g.y, names, **{**how, "resamples": min(g.settings.resamples, 200)}
        )
        results["convergence"] = {str(n): s for n, s in steps.items()}
    over_time = {
        name: sobol_room.sobol(y, names, **{**how, "resamples": min(g.settings.resamples, 200)})
        for name, y in g.series.items()
    }
    notes = [f"{g.outcomes[i]} does not vary" for i in np.flatnonzero(~whole.varies)]
    verdict = whole.verdict()
    if verdict:
        notes.append(f"{g.design.base:,} base points are few: {verdict}")
    return results, dict(over_time), notes


def _morris(g: _Given) -> Found:
    assert isinstance(g.design, Morris)
    names, members = zip(*g.design.moved, strict=True)
    unit = g.design.unit(0, g.design.count)
    found = morris(unit, g.y, names, members=members, **g.settings.__dict__)
    return {"morris": {"": found}}, {}, []


def _single(g: _Given) -> Found:
    found = tornado(g.y, [f.name for f in g.design.factors])
    return {"tornado": {"": found}}, {}, []


def _crossed(g: _Given) -> Found:
    assert isinstance(g.design, Crossed)
    policies = [p.title for p in g.design.policies]
    out: dict[str, Result] = {}
    notes = []
    for k, (name, better) in enumerate(zip(g.outcomes, g.better, strict=True)):
        if not better:
            notes.append(f'{name} ranks no policies: say better = "high" or "low"')
            continue
        table = g.y[:, k].reshape(g.design.draws.count, len(policies)).T
        out[name] = rank(table, policies, better, **g.settings.__dict__)
    return {"ranking": out}, {}, notes


def _sample(g: _Given) -> Found:
    """What any sample allows: distances of distributions; boxes for conditions."""
    names = [f.name for f in g.design.factors]
    count = g.design.count
    if count < LEAST:
        raise ModelError(f"{count} members are too few", remedy=f"take at least {LEAST}")
    x = g.design.values(0, count)
    slices = int(min(10, max(count // (3 * FEWEST), 2)))
    results: dict[str, dict[str, Result]] = {
        "pawn": {"": pawn(x, g.y, names, slices=slices, seed=g.settings.seed)}
    }
    notes = []
    for k, name in enumerate(g.outcomes):
        good = np.isfinite(g.y[:, k])
        values = g.y[good, k]
        if not np.isin(values, (0.0, 1.0)).all() or len(np.unique(values)) < 2:
            continue
        case = values == 1
        if min(case.sum(), (~case).sum()) < 10:
            notes.append(f"{name}: {int(case.sum())} of {len(case)} members, too few for boxes")
            continue
        results.setdefault("regional", {})[name] = regional(x[good], case, names)
        results.setdefault("box", {})[name] = box_of(x[good], case, names)
    return results, {}, notes


def box_of(x: NDArray[np.float64], case: NDArray[np.bool_], names: list[str]) -> Box:
    """The box of PRIM's peeling that covers and is dense, without what chance explains."""
    return simplified(x, case, chosen(prim(x, case, names)))


READERS: dict[str, Callable[[_Given], Found]] = {
    Saltelli.kind: _sobol, Morris.kind: _morris, OneAtATime.kind: _single, Crossed.kind: _crossed,
}  # fmt: skip
