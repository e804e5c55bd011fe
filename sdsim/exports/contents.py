"""What a module must know about its model, as plain data: names, numbers, times, places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sdsim.backends.base import Grid
from sdsim.backends.llvm.environment import WORDS
from sdsim.backends.wasm import Emitted, emitted
from sdsim.base import names
from sdsim.base.errors import UnsupportedError
from sdsim.base.version import __version__
from sdsim.ir.model import label_of
from sdsim.run.control import moving_end
from sdsim.run.methods.fixed_step import Compiled
from sdsim.run.prepared import Prepared
from sdsim.run.saved import Saved, saved_of

#: Values that a run does not compute: their series are filled in.
_GIVEN = ("param", "const")
#: The most operations of a module; more take minutes to compile, here and in a browser.
MOST = 80_000
#: Sources of a series.
_COMPUTED, _PARAMETER, _CONSTANT = range(3)


@dataclass(frozen=True)
class Contents:
    """The contents of a module.

    about : data for the script, ready to be written as JSON.   code : the WebAssembly module.
    """

    about: dict[str, Any]
    code: bytes


def contents_of(run: Prepared, save: Iterable[str] | None = None, *, exact: bool) -> Contents:
    """The contents of a module that runs a prepared run.

    Parameters
    ----------
    save : names of the variables whose series can be read; None for all the modeller wrote.
    exact : whether all digits are the native engine's; otherwise it is faster.

    Raises
    ------
    UnsupportedError : the run has no grid of fixed steps, its end depends on the model, or the
        program is too large.
    """
    stages = _stages(run)
    saved = saved_of(run.system, save)
    ops = run.system.program.ops
    made = list(dict.fromkeys(v for v in saved.values if ops[v].code not in _GIVEN))
    _refuse_large(run, made)
    code = emitted(run.system.program, made, stages, exact=exact)
    about = {
        "name": run.system.model.name,
        "hash": run.system.model.hash,
        "version": __version__,
        "mode": "exact" if exact else "fast",
        "seed": run.seed,
        "kernel": kernel_of(code, run.grid, len(made)),
        "values": [_plain(x) for x in run.vector.tolist()],
        "levers": _levers(run),
        "fixed": sorted(_fixed(run)),
        "variables": _variables(run, saved),
        "series": _series(run, saved, made),
    }
    return Contents(about, code.binary)


def _stages(run: Prepared) -> int:
    """Evaluations per step; refuses what a module cannot run."""
    file = run.system.model.file or None
    if not isinstance(run.method, Compiled):
        what = f"{run.method} cannot be part of a module"
        raise UnsupportedError(what, remedy="use Euler or RK4", file=file)
    if moving_end(run.system) is not None:
        what = "FINAL TIME depends on the model, and the times of a module are fixed"
        raise UnsupportedError(what, remedy="give it a fixed value (-F)", file=file)
    if run.cases is not None or run.system.program.given:
        raise UnsupportedError("several cases in one module", remedy="export each", file=file)
    return run.method.stages


def _refuse_large(run: Prepared, made: Sequence[int]) -> None:
    """Refuse a program that is too large for a module."""
    count = len(run.system.program.needed(made))
    if count > MOST:
        what = f"has {count:,} operations; at most {MOST:,} in a module"
        remedy = "let fewer series be read (-r); ALLOCATE and large arrays need many"
        raise UnsupportedError(what, remedy=remedy, file=run.system.model.file or None)


def kernel_of(code: Emitted, grid: Grid, shown: int) -> dict[str, Any]:
    """What ``kernel.js`` needs in order to run the code, which computes ``shown`` values."""
    sizes = code.sizes
    return {
        **asdict(sizes), "frame": sizes.frame, "kept": sizes.kept(grid.steps), "shown": shown,
        "width": code.width, "stages": code.stages, "heap": code.heap, "words": list(WORDS),
        "start": grid.start, "step": grid.step, "steps": grid.steps, "saved": list(grid.saved),
    }  # fmt: skip


def _fixed(run: Prepared) -> set[int]:
    """The parameters that the times of the run depend on."""
    program, out = run.system.program, set()
    for name in names.CONTROL:
        for _, value in run.system.places.get(name, []):
            needed = (program.ops[v] for v in program.needed([value]))
            out |= {int(op.data) for op in needed if op.code == "param"}
        out |= {i for i, (key, _) in enumerate(program.param_cells) if key == name}
    return out


def _levers(run: Prepared) -> list[str]:
    """The name of each parameter; empty for those that the modeller did not write."""
    model = run.system.model
    out = []
    for key, cell in run.system.program.param_cells:
        variable = model.variables.get(key)
        hidden = variable is None or variable.hidden or run.system.kinds.get(key) != "constant"
        out.append("" if hidden or variable is None else label_of(model, variable, cell))
    return out


def _variables(run: Prepared, saved: Saved) -> list[dict[str, Any]]:
    """Name, kind, units, range, documentation and elements of each variable, in file order."""
    model, system = run.system.model, run.system
    rows: dict[str, list[int]] = {}
    for row, (key, _) in enumerate(system.program.param_cells):
        rows.setdefault(key, []).append(row)
    out = []
    for key, v in model.variables.items():
        if v.hidden:
            continue
        low, high = v.limits
        made: dict[str, Any] = {
            "name": v.name, "kind": system.kinds[key], "units": v.units, "low": low, "high": high,
            "group": v.group, "documentation": v.doc, "saved": key in saved.cells,
        }  # fmt: skip
        if system.kinds[key] == "constant" and key in rows:
            made["parameters"] = rows[key]
        out.append(made)
    return out


def _series(run: Prepared, saved: Saved, made: Sequence[int]) -> list[list[Any]]:
    """[name, source, number] of each series: a row of the code's results, a parameter, or a
    constant; the name of the whole variable follows that of an element."""
    model, ops = run.system.model, run.system.program.ops
    row = {v: k for k, v in enumerate(made)}
    places = ((model.variables[key], cell) for key, cells in saved.cells.items() for cell in cells)
    out = []
    for (variable, cell), v in zip(places, saved.values, strict=True):
        op, label = ops[v], label_of(model, variable, cell)
        if op.code == "const":
            found: list[Any] = [label, _CONSTANT, _plain(op.data)]
        elif op.code == "param":
            found = [label, _PARAMETER, int(op.data)]
        else:
            found = [label, _COMPUTED, row[v]]
        out.append(found if label == variable.name else [*found, variable.name])
    return out


def _plain(x: float) -> float | str:
    """A number for JSON, which has no name for those that are not finite."""
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else f"{'-' * (x < 0)}Infinity"
