"""Round trips: models converted to another format and back, and their runs compared."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from sdsim.base.errors import ModelError
from sdsim.run.conformance import SUFFIXES, CaseResult
from sdsim.run.simulate import simulated
from sdsim.run.system import load
from sdsim.tables.compare import compare, passed
from sdsim.tables.results import table
from sdsim.writers.convert import convert

#: The formats that a file is converted through, by its own format.
_WAYS = {".mdl": ((".mdl",), (".xmile", ".mdl")), "": ((".xmile",), (".mdl", ".xmile"))}


def models(folder: Path) -> list[Path]:
    """Every model file under ``folder``."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)


def round_trips(model: Path, name: str, rtol: float, atol: float) -> Iterator[CaseResult]:
    """One result per converted file: its values compared with those of the original model.

    A model that does not run, or that a format cannot express, has no values to compare. Its
    result gives the reason and the tolerance 0, and is not a failure.
    """
    try:
        before = _values(model)
    except ModelError as error:
        yield CaseResult(name, True, 0.0, f"does not run: {error}")
        return
    own = model.suffix.lower()
    for way in _WAYS.get(own, _WAYS[""]):
        with tempfile.TemporaryDirectory() as folder:
            source, passing = model, name
            for step, suffix in enumerate(way):
                target = Path(folder) / f"{step}{suffix}"
                passing = f"{passing} > {suffix}"
                try:
                    convert(source, target)
                except ModelError as error:
                    yield CaseResult(passing, True, 0.0, f"is not written: {error}")
                    break
                yield _compared(target, before, passing, rtol, atol)
                source = target


def _values(path: Path) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return table(simulated(load(path)).dataset)


def _compared(path: Path, before: pd.DataFrame, name: str, rtol: float, atol: float) -> CaseResult:
    try:
        columns = compare(_values(path), before, rtol, atol)
    except ModelError as error:
        return CaseResult(name, False, 0.0, str(error))
    bad = [c for c in columns if not c.ok]
    if passed(columns) or not columns:
        return CaseResult(name, True, rtol)
    first = bad[0]
    reason = first.problem or f"off by {first.worst:.2g} of its range at time {first.at:g}"
    return CaseResult(name, False, 0.0, f"'{first.name}' {reason} ({len(bad)} of {len(columns)})")
