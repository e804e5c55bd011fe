"""Models with reference outputs beside them: found, run, compared."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from sdsim.compare import compare, passed, tolerable
from sdsim.errors import ModelError
from sdsim.results import read_table, table
from sdsim.simulate import simulate
from sdsim.system import load

#: Names under which a reference output may lie beside a model, in order of preference.
REFERENCES = ("output.csv", "output.tab")
#: Tolerances tried from the strictest on, to report how well a model agrees.
LADDER = (1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


@dataclass(frozen=True)
class Case:
    """A model file and the table it should reproduce."""

    model: Path
    reference: Path
    name: str


@dataclass(frozen=True)
class Outcome:
    """How a case went: the strictest tolerance of the ladder it keeps, or why it fails."""

    name: str
    ok: bool
    tolerance: float
    reason: str = ""


def cases(folder: Path) -> list[Case]:
    """Every ``.mdl`` (``.MDL``) below ``folder`` with a reference output in its own folder."""
    out = []
    for model in sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".mdl"):
        references = [model.parent / n for n in REFERENCES if (model.parent / n).is_file()]
        if references:
            out.append(Case(model, references[0], str(model.relative_to(folder))))
    return out


def try_case(case: Case, rtol: float, atol: float) -> Outcome:
    """Run one model and compare every reference column; whatever goes wrong is the reason."""
    tolerable(rtol, atol)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            system = load(case.model)
            run = simulate(system)
            result, reference = table(run.dataset), read_table(case.reference)
    except ModelError as e:
        return Outcome(case.name, False, 0.0, str(e))
    for tolerance in (*(t for t in LADDER if t < rtol), rtol):
        try:
            columns = compare(result, reference, tolerance, atol)
        except ModelError as e:
            return Outcome(case.name, False, 0.0, str(e))
        if passed(columns):
            return Outcome(case.name, True, tolerance, run.message)
    bad = [c for c in columns if not c.ok]
    if not bad:
        return Outcome(case.name, False, 0.0, "the reference has no column to compare")
    first = bad[0]
    reason = first.problem or f"off by {first.worst:.2g} of its range at time {first.at:g}"
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return Outcome(
        case.name, False, 0.0, f"'{first.name}' {reason}{more}; {run.message}".rstrip("; ")
    )
