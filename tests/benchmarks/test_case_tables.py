"""What tables of their own cost the members of an ensemble: the flagship, 600 cases at once."""

from __future__ import annotations

import resource

import numpy as np
import pytest
from bench_timing import ROOT, at_most, paired, told

import sdsim
from sdsim import Overrides, Points
from sdsim.backends.llvm import Llvm, available
from sdsim.run.driver import march
from sdsim.run.prepared_cases import prepare_cases

pytestmark = pytest.mark.skipif(not available(), reason="no LLVM")

FOLDER = ROOT / "models/cross_border"
CASES, PAIRS = 600, 9
SAVED = ["migrant stock", "remittances", "leverage", "net migration"]


def test_lookup_overrides_in_an_ensemble() -> None:
    """The same constants and start values in both; one ensemble has tables of its own as well."""
    model = sdsim.load(FOLDER / "cross_border.mdl", backend=Llvm(threads=1, optimise=2))
    preset = sdsim.read_preset(FOLDER / "presets/us_mexico.toml").overrides
    rng = np.random.default_rng(0)

    def near(value: float) -> float:
        return value * rng.uniform(0.95, 1.05)

    def case() -> Overrides:
        tables = {
            name: Points(p.x, [near(y) for y in p.y], p.kind) for name, p in preset.lookups.items()
        }
        constants = {name: near(value) for name, value in preset.constants.items()}
        return Overrides(constants, tables, initial=preset.initial)

    cases = {f"{k}": case() for k in range(CASES)}
    plain = {k: Overrides(c.constants, initial=c.initial) for k, c in cases.items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    runs = [prepare_cases(model, given) for given in (cases, plain)]
    assert [run.system.program.given > 30 for run in runs] == [True, False]
    jobs = []
    for run in runs:
        assert run.cases is not None
        jobs.append((run, run.members((), (), *run.cases.crossed(1)), run.wanted(SAVED)))
    for job in jobs:
        march(*job)
    own, same, ratio = paired(lambda: march(*jobs[0]), lambda: march(*jobs[1]), PAIRS)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    told(
        f"flagship, {CASES} cases in one batch: {own:.2f} s with tables of their own, {same:.2f} s "
        f"with the model's; {grown:.0f} MB more at the peak, compiling included"
    )
    at_most("lookup overrides in an ensemble / the same without", 1 / ratio, 1.2)
