"""A check of the time step: runs with the step, a half, a quarter, and an adaptive method."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.overrides import Overrides
from sdsim.run.methods import Adaptive, Method
from sdsim.run.prepared import prepare
from sdsim.run.result import Run
from sdsim.run.simulate import simulated
from sdsim.run.system import System
from sdsim.tables import results

#: A variable is off if its error exceeds this share of its range.
TOLERABLE = 0.01


@dataclass(frozen=True)
class Off:
    """The error of one element of a variable.

    error : largest difference from the best run, as a share of the variable's range there.
    at : the time of that difference.   own, best : the values then, model units.
    order : how fast the difference shrinks as the step is halved: 1 for Euler if the solution is
        smooth, NaN if it cannot be determined.
    """

    name: str
    error: float
    at: float
    own: float
    best: float
    order: float


@dataclass(frozen=True)
class Steps:
    """The result of a time-step check.

    step : the model's own.   method : used for it.   against : what the best run was.
    off : all elements, worst error first.   notes : remarks for the reader.
    """

    step: float
    method: str
    against: str
    off: tuple[Off, ...]
    notes: tuple[str, ...] = ()

    @property
    def misled(self) -> tuple[Off, ...]:
        """The elements with an error beyond `TOLERABLE`."""
        return tuple(o for o in self.off if o.error > TOLERABLE)

    def to_data(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "step": self.step, "method": self.method, "against": self.against,
            "tolerable": TOLERABLE, "misled": len(self.misled), "notes": list(self.notes),
            "variables": [
                {k: (None if isinstance(v, float) and not math.isfinite(v) else v)
                 for k, v in o.__dict__.items()} for o in self.off
            ],
        }  # fmt: skip


def check_steps(
    system: System,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: list[str] | None = None,
    *,
    seed: int = 0,
) -> Steps:
    """Compare a model's run with runs at half and a quarter of its step, and an adaptive one.

    The adaptive run is the reference; if there is none (the solver fails, or the model uses random
    numbers), the quarter step is.

    Raises
    ------
    ModelError : the errors of `simulate`; a method without a fixed step; a run that does not reach
        its end.
    """
    made = prepare(system, params, method, seed=seed, alone=True)
    method, step = made.method, made.horizon.step
    own, half, quarter = (
        simulated(system, params, m, save, seed=seed)
        for m in (method, method.with_step(step / 2), method.with_step(step / 4))
    )
    notes = []
    kind = type(method).__name__
    best, against = quarter, f"{kind} with a quarter of the step"
    if any(op.code == "random" for op in made.system.program.ops):
        notes.append("random numbers are drawn anew each step: part of the difference is chance")
    else:
        try:
            adaptive = simulated(system, params, Adaptive(1e-8, 1e-10), save, seed=seed)
            if adaptive.message:
                raise ModelError(adaptive.message)
            best, against = adaptive, str(Adaptive(1e-8, 1e-10))
        except ModelError as e:
            notes.append(f"no adaptive run: {e}")
    for run in (own, half, quarter):
        if run.message:
            raise ModelError(
                f"a run did not reach its end: {run.message}", remedy="correct that first"
            )
    tables = [_table(run, own) for run in (own, half, quarter, best)]
    time = tables[0].index.to_numpy()
    off = []
    for name in tables[0].columns:
        first, second, third, last = (t[name].to_numpy(dtype=float) for t in tables)
        off.append(_off(name, first, second, third, last, time))
    off.sort(key=lambda o: -o.error)
    return Steps(step, kind, against, tuple(off), tuple(notes))


def _table(run: Run, own: Run) -> Any:
    """A run's values at the times that all runs have."""
    table = results.table(run.dataset)
    wanted = results.table(own.dataset).index.to_numpy(dtype=float)
    at = table.index.to_numpy(dtype=float)
    slack = 1e-9 * max(1.0, float(np.abs(wanted).max()))
    near = np.minimum(np.searchsorted(at, wanted - slack), len(at) - 1)
    out = table.iloc[near]
    out.index = wanted
    return out


def _off(name: str, own: Any, half: Any, quarter: Any, best: Any, time: Any) -> Off:
    size = float(np.ptp(best)) or float(np.abs(best).max()) or 1.0
    error = np.abs(own - best) / size
    k = int(np.nanargmax(error)) if np.isfinite(error).any() else 0
    coarse, fine = float(np.abs(own - half).max()), float(np.abs(half - quarter).max())
    order = math.log2(coarse / fine) if coarse > 1e-12 * size and fine > 1e-13 * size else math.nan
    return Off(name, float(error[k]), float(time[k]), float(own[k]), float(best[k]), order)


def told(found: Steps, most: int = 12) -> str:
    """The report as text."""
    lines = [f"TIME STEP {found.step:g}, {found.method}, against {found.against}"]
    lines += [f"note: {n}" for n in found.notes]
    if not found.misled:
        worst = found.off[0] if found.off else None
        said = f" (the worst is {worst.name}, {worst.error:.2%} of its range)" if worst else ""
        return "\n".join([*lines, f"no variable is off by more than {TOLERABLE:.0%}{said}"])
    lines.append(f"{len(found.misled)} of {len(found.off)} variables are off by more than "
                 f"{TOLERABLE:.0%} of their range; the worst:")  # fmt: skip
    lines.append(f"{'off by':>8}  {'at time':>9}  {'own step':>12}  {'best':>12}  order  variable")
    for o in found.misled[:most]:
        order = f"{o.order:5.1f}" if math.isfinite(o.order) else "    -"
        values = f"{o.at:9.6g}  {o.own:12.6g}  {o.best:12.6g}"
        lines.append(f"{o.error:8.1%}  {values}  {order}  {o.name}")
    return "\n".join(lines)
