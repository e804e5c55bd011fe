"""Conformance tests: models with reference outputs beside them are found, run and compared."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from sdsim.base.errors import ModelError
from sdsim.readers import read
from sdsim.run.simulate import simulated
from sdsim.run.system import load
from sdsim.tables.compare import compare, passed, tolerable
from sdsim.tables.results import read_table, table

#: File names of a reference output beside a model, in order of preference; Vensim's own files have
#: the model's name.
REFERENCES = ("output.csv", "output.tab")
OWN = (".dat", ".vdf", ".vdfx")
#: Tables with the model's name, which may also be data that the model reads.
EITHER = (".csv", ".tab")
#: The same for output of Stella; a Stella file need only agree with one of these.
STELLA = "output_stella*.csv"
SUFFIXES = (".mdl", ".xmile", ".stmx", ".itmx")
#: Tolerances, strictest first, tried to report how well a model agrees.
LADDER = (1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


@dataclass(frozen=True)
class Case:
    """A model file and the table it should reproduce; any of ``others`` will do as well."""

    model: Path
    reference: Path
    name: str
    others: tuple[Path, ...] = ()


@dataclass(frozen=True)
class CaseResult:
    """The result of a case: the strictest tolerance in the ladder that it meets, or its fault."""

    name: str
    ok: bool
    tolerance: float
    reason: str = ""


def cases(folder: Path) -> list[Case]:
    """Every model below ``folder`` that has a reference output in its own folder."""
    out = []
    for model in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        own = (f"{model.stem}{suffix}" for suffix in OWN)
        references = [model.parent / n for n in (*REFERENCES, *own) if (model.parent / n).is_file()]
        references += _unread(model)
        if model.suffix.lower() != ".mdl":
            references += sorted(model.parent.glob(STELLA))
        if references:
            name = str(model.relative_to(folder))
            out.append(Case(model, references[0], name, tuple(references[1:])))
    return out


def _unread(model: Path) -> list[Path]:
    """Tables with the model's name that are not its own data."""
    found = [p for p in (model.with_suffix(suffix) for suffix in EITHER) if p.is_file()]
    if not found:
        return []
    try:
        reads = read(model).reads
    except ModelError:
        return found  # the case will say why the model is refused
    if any(name.startswith("?") for name in reads):
        return []  # the model's settings say which file that is
    taken = [model.parent / name.replace("\\", "/") for name in reads]
    return [p for p in found if not any(t.exists() and p.samefile(t) for t in taken)]


def try_case(case: Case, rtol: float, atol: float) -> CaseResult:
    """Run one model and compare every reference column; any failure becomes the reason given."""
    first = _against(case, case.reference, rtol, atol)
    for other in () if first.ok else case.others:
        again = _against(case, other, rtol, atol)
        if again.ok:
            return again
    return first


def _against(case: Case, reference_file: Path, rtol: float, atol: float) -> CaseResult:
    tolerable(rtol, atol)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            system = load(case.model)
            run = simulated(system)
            result, reference = table(run.dataset), read_table(reference_file)
    except ModelError as e:
        return CaseResult(case.name, False, 0.0, str(e))
    for tolerance in (*(t for t in LADDER if t < rtol), rtol):
        try:
            columns = compare(result, reference, tolerance, atol)
        except ModelError as e:
            return CaseResult(case.name, False, 0.0, str(e))
        if passed(columns):
            return CaseResult(case.name, True, tolerance, run.message)
    bad = [c for c in columns if not c.ok]
    if not bad:
        return CaseResult(case.name, False, 0.0, "the reference has no column to compare")
    first = bad[0]
    reason = first.problem or f"off by {first.worst:.2g} of its range at time {first.at:g}"
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return CaseResult(
        case.name, False, 0.0, f"'{first.name}' {reason}{more}; {run.message}".rstrip("; ")
    )
