"""Analysis of a finished sweep: applies the method its design was made for to all outcomes.

Any other design is analysed as a plain sample. A new method is a row of `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sdsim.analyses import morris as morris_room
from sdsim.analyses import sobol as sobol_room
from sdsim.analyses.common import checked_level, spread
from sdsim.analyses.discovery import Box, chosen, prim, simplified
from sdsim.analyses.morris import morris
from sdsim.analyses.pawn import FEWEST, pawn
from sdsim.analyses.policy import rank
from sdsim.analyses.regional import regional
from sdsim.analyses.tornado import tornado
from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.base.numerals import listed
from sdsim.design import Crossed, Design, Morris, OneAtATime, Posterior, Saltelli
from sdsim.study.missing import Missing, in_common, missing_of
from sdsim.study.tables import lines
from sdsim.sweeps import Sweep

#: The fewest members for boxes and distributions.
LEAST = 100
#: The most elements of one variable, and series in all, that get indices over time.
ELEMENTS, SERIES = 12, 36


class Result(Protocol):
    """The result of a method."""

    def to_data(self) -> dict[str, Any]:
        """As plain data."""


@dataclass(frozen=True)
class Bootstrap:
    """Settings of intervals: the number of resamples, the level, and the seed of the resampling."""

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        checked_level(self.level, self.resamples)


@dataclass(frozen=True)
class Study:
    """The analysis of a sweep's outcomes; ``print`` shows it as `sdsim sensitivity` does.

    outcomes, units : in the order of the results' second axis.   varies : whether members differ
        in the outcome; one that does not vary is not analysed.
    ranges : declared ranges of the factors, in their units.
    results : by method, then by outcome if the method takes one outcome at a time (otherwise "").
    over_time : indices along ``time``, in ``time_unit``, by variable or element.
    notes : what a reader needs to know, one line each.
    missing : the members that lack a value, by outcome; complete outcomes are not listed.
    common : whether only members with a value for every outcome were used.

    Examples
    --------
    >>> found = sdsim.sensitivity("sir.toml")
    >>> found.outcomes, found.members, found.failed
    (('cases',), 128, 0)
    >>> list(found.results)
    ['pawn']
    """

    design: str
    outcomes: tuple[str, ...]
    units: tuple[str, ...]
    varies: tuple[bool, ...]
    ranges: Mapping[str, tuple[float, float]]
    members: int
    failed: int
    results: Mapping[str, Mapping[str, Result]]
    over_time: Mapping[str, Result] = field(default_factory=dict)
    time: tuple[float, ...] = ()
    time_unit: str = ""
    notes: tuple[str, ...] = ()
    missing: Mapping[str, Missing] = field(default_factory=dict)
    common: bool = False

    def warned(self) -> list[str]:
        """Warnings to show before any number: outcomes without a value in part of the space."""
        return [m.sentence(name, self.design) for name, m in self.missing.items()]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "design": self.design, "outcomes": list(self.outcomes), "units": list(self.units),
            "varies": list(self.varies), "ranges": {f: list(r) for f, r in self.ranges.items()},
            "members": self.members, "failed": self.failed, "common": self.common,
            "missing": {o: m.to_data() for o, m in self.missing.items()},
            "results": {m: {o: r.to_data() for o, r in by.items()}
                        for m, by in self.results.items()},
            "over_time": {v: r.to_data() for v, r in self.over_time.items()},
            "time": list(self.time), "time_unit": self.time_unit, "notes": list(self.notes),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(lines(self))


@dataclass(frozen=True)
class _Given:
    """A sweep's results as arrays."""

    design: Design
    y: NDArray[np.float64]
    outcomes: tuple[str, ...]
    varies: NDArray[np.bool_]
    better: tuple[str, ...]
    series: Mapping[str, NDArray[np.float64]]
    settings: Bootstrap


Found = tuple[dict[str, dict[str, Result]], dict[str, Result], list[str]]


def check_sweep(sweep: Sweep) -> None:
    """Refuse, before anything runs, a sweep that could not be analysed afterwards.

    Raises
    ------
    ModelError : no outcomes, too few members for the method, nothing to rank by, several cases; the
        place in the sweep's file is named.
    """
    if len(sweep.cases) > 1:
        what = f"the sweep has {len(sweep.cases)} cases, {_APART}"
        remedy = "give one as the preset, or run `sdsim sweep` and take one case of its results"
        raise (
            sweep.spec.fault(what, "cases", remedy)
            if sweep.spec
            else ModelError(what, remedy=remedy)
        )
    fault = _hopeless(sweep.design, [o.better for o in sweep.outcomes])
    if fault is not None:
        what, remedy, keys = fault
        if sweep.spec is None:
            raise ModelError(what, remedy=remedy)
        top = sweep.spec if len(keys) == 1 else sweep.spec.section(keys[0])
        raise top.fault(what, keys[-1] if top.has(keys[-1]) else None, remedy)


def _hopeless(design: Design, better: Sequence[str]) -> tuple[str, str, tuple[str, ...]] | None:
    """What is wrong, the remedy, and the place in the spec."""
    if not better:
        return "the sweep has no outcomes", "name some under [outcomes]", ("outcomes",)
    if isinstance(design, Crossed):
        if not any(better):
            remedy = 'write better = "high" or "low" for at least one'
            return "no outcome says which way is better, and so ranks no policies", remedy, (
                "outcomes",)  # fmt: skip
        return None
    key, count, least = "members", design.count, LEAST
    if isinstance(design, Saltelli):
        key, count, least = "base", design.base, sobol_room.LEAST
    elif isinstance(design, Morris):
        key, count, least = "trajectories", design.trajectories, morris_room.LEAST
    elif isinstance(design, OneAtATime):
        return None
    if count >= least:
        return None
    what = f"{count:,} {_COUNTED[key]} are too few for a {design.kind} design to say anything"
    return what, f"take at least {least}", ("design", key)


_APART = "which are analysed one at a time"
#: What a design counts, by its keyword in specs.
_COUNTED = {"members": "members", "base": "base points", "trajectories": "trajectories"}


def study(
    found: xr.Dataset, design: Design, settings: Bootstrap | None = None, *, time_unit: str = "",
    common: bool = False,
) -> Study:  # fmt: skip
    """Analyse a sweep.

    Parameters
    ----------
    found : the result of `sdsim.sweeps.run_sweep`, with all members.   design : its design.
    time_unit : of the series' times; see `time_unit_of`.
    common : use only members with a value for every outcome (that any member has), so that all
        outcomes are compared over the same part of the space. Otherwise each outcome uses every
        member with a value for it. Either way `Study.missing` reports what is left out.

    Raises
    ------
    ModelError : members are missing, or there is nothing to analyse (see `check_sweep`).
    """
    settings = settings or Bootstrap()
    cases = list(dict.fromkeys(map(str, found["case"].values))) if "case" in found.coords else []
    if len(cases) > 1:
        raise ModelError(
            f"the sweep has {len(cases)} cases, {_APART}",
            remedy=f"take one: found.isel(member=(found['case'] == '{cases[0]}').values)",
        )
    if found.sizes["member"] != design.count:
        raise ModelError(
            f"{found.sizes['member']:,} of {design.count:,} members are finished",
            remedy="finish the sweep with --resume",
        )
    better = tuple(str(b) for b in found["better"].values)
    fault = _hopeless(design, better)
    if fault is not None:
        raise ModelError(fault[0], remedy=fault[1])
    outcomes = tuple(str(o) for o in found["outcome"].values)
    whole, failing = found["outcomes"].values, found["status"].values != "ok"
    there = in_common(whole) if common else np.ones(len(whole), dtype=bool)
    y = np.where(there[:, None], whole, np.nan)
    known = np.asarray(np.isfinite(y))
    varies = spread(y, known) > 0
    series, notes = _series(found) if isinstance(design, Saltelli) else ({}, _unused(found))
    if not there.all():
        series = {name: np.where(there[:, None], v, np.nan) for name, v in series.items()}
    given = _Given(design, y, outcomes, varies, better, series, settings)
    results, over_time, told = READERS.get(design.kind, _sample)(given)
    notes = [*_silent(outcomes, np.asarray(known.any(axis=0)), varies), *told, *notes]
    failed = int(failing.sum())
    if failed:
        notes.insert(
            0, f"{failed:,} of {design.count:,} members failed: an outcome that stands on what was "
            "not finite has no value there; any other has",
        )  # fmt: skip
    return Study(
        design.kind, outcomes, tuple(str(u) for u in found["units"].values),
        tuple(bool(v) for v in varies),
        {f.name: (float(f.distribution.low), float(f.distribution.high)) for f in design.factors},
        design.count, failed, results, over_time,
        tuple(float(t) for t in found["time"].values) if series else (), time_unit, tuple(notes),
        missing_of(design, outcomes, whole, y, failing), common,
    )  # fmt: skip


def time_unit_of(sweep: Sweep) -> str:
    """The unit of a sweep's model time; empty if the model has none."""
    step = sweep.system.model.variables.get(names.TIME_STEP)
    return step.units if step else ""


def _silent(
    outcomes: Sequence[str], known: NDArray[np.bool_], varies: NDArray[np.bool_]
) -> list[str]:
    """Outcomes that cannot be analysed, and why."""
    none = [o for o, k in zip(outcomes, known, strict=True) if not k]
    still = [o for o, k, v in zip(outcomes, known, varies, strict=True) if k and not v]
    out = [f"no member has a value of {listed(none)}"] if none else []
    if still:
        out.append(f"{listed(still)} {'does' if len(still) == 1 else 'do'} not vary")
    return out


def _series(found: xr.Dataset) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Saved series (member, time) that vary, by variable or element, and the ones left out."""
    out: dict[str, NDArray[np.float64]] = {}
    notes: list[str] = []
    still: list[str] = []
    late: list[str] = []
    for name in _saved(found):
        v = found[name]
        labels = [name] if v.ndim == 2 else [str(e) for e in v[v.dims[2]].values]
        block = v.values.reshape(*v.shape[:2], len(labels))
        good = np.isfinite(block)
        moves = spread(block, good).max(axis=0) > 0
        still += [n for n, m in zip(labels, moves, strict=True) if not m]
        with np.errstate(all="ignore"):
            far = np.nanmean(np.nanstd(np.where(good, block, np.nan), axis=0), axis=0)
        order = [int(i) for i in np.argsort(-np.nan_to_num(far), kind="stable") if moves[i]]
        kept = sorted(order[:ELEMENTS])
        if len(kept) < len(order):
            notes.append(
                f"{name} over time: the {len(kept)} of {len(labels):,} elements that vary most; "
                f"left out: {listed([labels[i] for i in order[ELEMENTS:]])}"
            )
        for i in kept:
            if len(out) < SERIES:
                out[labels[i]] = block[:, :, i]
            else:
                late.append(labels[i])
    if still:
        notes.append(f"over time, {listed(still)} {'does' if len(still) == 1 else 'do'} not vary")
    if late:
        notes.append(f"no more than {SERIES} series over time; left out: {listed(late)}")
    return out, notes


def _saved(found: xr.Dataset) -> list[str]:
    """Variables whose series are saved."""
    return [str(n) for n in found.data_vars if found[n].dims[:2] == ("member", "time")]


def _unused(found: xr.Dataset) -> list[str]:
    """The series that a method without a time axis leaves out."""
    kept = _saved(found)
    what = f"saved series ({listed(kept)}) are analysed in {Saltelli.kind} designs only"
    return [what] if kept else []


def _sobol(g: _Given) -> Found:
    assert isinstance(g.design, Saltelli)
    factors = [name for name, _ in g.design.moved]
    how = {"second_order": g.design.second_order, **g.settings.__dict__}
    whole = sobol_room.sobol(g.y, factors, **how)
    results: dict[str, dict[str, Result]] = {"sobol": {"": whole}}
    if g.design.base >= 8:
        steps = sobol_room.convergence(
            g.y, factors, **{**how, "resamples": min(g.settings.resamples, 200)}
        )
        results["convergence"] = {str(n): s for n, s in steps.items()}
    over_time = {
        name: sobol_room.sobol(y, factors, **{**how, "resamples": min(g.settings.resamples, 200)})
        for name, y in g.series.items()
    }
    notes = _short(whole.note)
    verdict = whole.verdict()
    if verdict:
        notes.append(f"{g.design.base:,} base points are few: {verdict}")
    return results, dict(over_time), notes


def _morris(g: _Given) -> Found:
    assert isinstance(g.design, Morris)
    factors, members = zip(*g.design.moved, strict=True)
    unit = g.design.unit(0, g.design.count)
    found = morris(unit, g.y, factors, members=members, **g.settings.__dict__)
    return {"morris": {"": found}}, {}, _short(found.note)


def _single(g: _Given) -> Found:
    found = tornado(g.y, [f.name for f in g.design.factors])
    return {"tornado": {"": found}}, {}, []


def _crossed(g: _Given) -> Found:
    assert isinstance(g.design, Crossed)
    policies = [p.title for p in g.design.policies]
    out: dict[str, Result] = {}
    notes, aimless = [], []
    for k, (name, better) in enumerate(zip(g.outcomes, g.better, strict=True)):
        if not better:
            aimless.append(name)
        elif g.varies[k]:
            table = g.y[:, k].reshape(g.design.draws.count, len(policies)).T
            if np.isfinite(table).all(axis=0).any():
                out[name] = rank(table, policies, better, **g.settings.__dict__)
            else:
                notes.append(f"{name}: in no draw has every policy a value")
    if aimless:
        which = f"{len(aimless):,} of {len(g.outcomes):,} outcomes rank no policies"
        notes.append(f'{which} ({listed(aimless)}): say better = "high" or "low"')
    return {"ranking": out}, {}, notes


def _short(note: str) -> list[str]:
    return [note] if note else []


def _sample(g: _Given) -> Found:
    """The analysis of any plain sample: distances of distributions, and boxes for conditions."""
    factors = [f.name for f in g.design.factors]
    count = g.design.count
    x = g.design.values(0, count)
    slices = int(min(10, max(count // (3 * FEWEST), 2)))
    whole = pawn(x, g.y, factors, slices=slices, seed=g.settings.seed)
    results: dict[str, dict[str, Result]] = {"pawn": {"": whole}}
    notes = _short(whole.note)
    if isinstance(g.design, Posterior):
        notes.append(
            "the parameters of a posterior depend on each other: a factor is given what it shares "
            "with others, too"
        )
    for k, name in enumerate(g.outcomes):
        good = np.isfinite(g.y[:, k])
        values = g.y[good, k]
        if not np.isin(values, (0.0, 1.0)).all() or len(np.unique(values)) < 2:
            continue
        case = values == 1
        if min(case.sum(), (~case).sum()) < 10:
            notes.append(f"{name}: {int(case.sum())} of {len(case)} members, too few for boxes")
            continue
        results.setdefault("regional", {})[name] = regional(x[good], case, factors)
        results.setdefault("box", {})[name] = box_of(x[good], case, factors)
    return results, {}, notes


def box_of(x: NDArray[np.float64], case: NDArray[np.bool_], factors: list[str]) -> Box:
    """The box of PRIM's peeling with the best coverage and density, without chance restrictions."""
    return simplified(x, case, chosen(prim(x, case, factors)))


READERS: dict[str, Callable[[_Given], Found]] = {
    Saltelli.kind: _sobol, Morris.kind: _morris, OneAtATime.kind: _single, Crossed.kind: _crossed,
}  # fmt: skip
