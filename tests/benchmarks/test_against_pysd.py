"""Speed against PySD on the same file, as ratios from one run: `make bench`."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench_timing import ROOT, Runner, at_least, at_most, imports, paired, timed, told

import sdsim
from sdsim.base.names import canonical

FLAGSHIP = ROOT / "models/cross_border/cross_border.mdl"
MODELS = {
    "teacup": (ROOT / "models/teacup/teacup.mdl", "Room Temperature", "Teacup Temperature"),
    "sir": (ROOT / "models/sir/sir.mdl", None, None),
    "cross_border": (FLAGSHIP, "Caging strength", "Migrant stock"),
}
MEMBERS = 10_000


@dataclass(frozen=True)
class Case:
    """A model in both engines: ours warm; PySD's plain run, and its run of one member."""

    name: str
    system: sdsim.System
    run: Runner
    member: Runner
    constant: str
    value: float
    outcome: str

    @property
    def repeats(self) -> int:
        """How often PySD is timed: once where a run takes minutes."""
        return 1 if self.name == "cross_border" else 15


@pytest.fixture(scope="module", params=list(MODELS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Each model of the comparison; PySD writes beside the model it reads, so it gets a copy."""
    pysd = pytest.importorskip("pysd")
    path, constant, outcome = MODELS[request.param]
    system = sdsim.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pysd.read_vensim(shutil.copy(path, tmp_path_factory.mktemp("pysd")))

    def first(kind: str) -> str:
        variables = system.model.variables.items()
        return next(v.name for k, v in variables if system.kinds[k] == kind and not v.dims)

    def quietly(**how: Any) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return peer.run(**how)

    constant, outcome = constant or first("constant"), outcome or first("stock")
    place = {where: i for i, where in enumerate(system.program.param_cells)}
    value = system.program.defaults[place[canonical(constant), 0]]
    final = [system.program.defaults[place["final time", 0]]]
    member = partial(
        quietly, params={constant: value}, return_columns=[outcome], return_timestamps=final
    )
    return Case(request.param, system, quietly, member, constant, value, outcome)


def test_one_labelled_run(case: Case) -> None:
    """One run in a warm process, every variable labelled."""
    sdsim.simulate(case.system)
    mine, other, ratio = paired(lambda: sdsim.simulate(case.system), case.run, case.repeats)
    told(
        f"one labelled run, {case.name}: sdsim {mine * 1e3:.2f} ms, PySD {other * 1e3:,.1f} ms: "
        f"{ratio:,.0f}x"
    )
    bar = {"teacup": 3, "sir": 3, "cross_border": 1000}[case.name]
    at_least(f"one labelled run, {case.name} / PySD", ratio, bar)


def test_an_ensemble(case: Case) -> None:
    """10,000 members on all cores, one constant varied, one outcome at the end; PySD one by one."""
    draws = {case.constant: np.linspace(0.9 * case.value, 1.1 * case.value, MEMBERS)}
    place = {where: i for i, where in enumerate(case.system.program.param_cells)}
    start, final = (
        case.system.program.defaults[place[f"{end} time", 0]] for end in ("initial", "final")
    )
    kept = {"SAVEPER": final - start}

    def ours() -> object:
        return sdsim.simulate_many(case.system, draws, kept, save=[case.outcome])

    ours()
    mine = statistics.median(timed(ours) for _ in range(case.repeats)) / MEMBERS
    other = statistics.median(timed(case.member) for _ in range(case.repeats))
    told(
        f"{MEMBERS:,} members, {case.name}: sdsim {mine * 1e6:.3g} us a member, "
        f"PySD {other * 1e3:,.1f} ms: {other / mine:,.0f}x a member"
    )
    at_least(f"a member, {case.name} / PySD", other / mine, 10_000)


def test_a_cold_process_to_a_file(tmp_path: Path) -> None:
    """`sdsim run` on the flagship, parse cached, to a netCDF file, against its imports alone."""
    out = tmp_path / "run.nc"
    command = [sys.executable, "-m", "sdsim", "run", str(FLAGSHIP), "-o", str(out)]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    again = partial(subprocess.run, command, check=True, cwd=ROOT, env=env)
    again()
    mine, least, ratio = paired(again, imports, 7)
    told(f"cold process to the flagship's result in a file: {mine:.2f} s, imports {least:.2f} s")
    assert out.stat().st_size > 0
    at_most("cold process to a file / imports", 1 / ratio, 1.3)


def test_a_second_make_run() -> None:
    """The main job again, everything cached, against its imports alone."""
    if os.environ.get("CI"):
        pytest.skip("needs the environment that make run leaves")
    again = partial(subprocess.run, ["make", "run"], check=True, cwd=ROOT)
    again()
    mine, least, ratio = paired(again, imports, 1)
    told(f"second make run: {mine:.1f} s, imports {least:.2f} s")
    at_most("second make run / imports", 1 / ratio, 20)
