"""Speed against PySD on the same file, as ratios from one run: `make bench`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sdsim

ROOT = Path(__file__).resolve().parents[2]
MODELS = {
    "teacup": (ROOT / "models/teacup/teacup.mdl", "Room Temperature", "Teacup Temperature"),
    "sir": (ROOT / "models/sir/sir.mdl", None, None),
    "cross_border": (
        ROOT / "models/cross_border/cross_border.mdl",
        "Caging strength",
        "Migrant stock",
    ),
}
MEMBERS = 10_000


def timed(run: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def paired(
    ours: Callable[[], object], theirs: Callable[[], object], pairs: int
) -> tuple[float, float, float]:
    """Median seconds of each, and the median ratio theirs / ours over alternating pairs."""
    rows = []
    for _ in range(pairs):
        rows.append((timed(ours), timed(theirs)))
    mine, other = (statistics.median(r[k] for r in rows) for k in (0, 1))
    return mine, other, statistics.median(b / a for a, b in rows)


def told(text: str) -> None:
    """Print a result, and keep it beside the other figures."""
    print(f"\n{text}")
    with (ROOT / "figures" / "benchmarks.txt").open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")


@pytest.fixture(scope="module", params=list(MODELS))
def case(
    request: pytest.FixtureRequest,
) -> tuple[str, sdsim.System, Callable[[], object], str, str]:
    """A model in both engines: ours warm, PySD's run as a callable, a constant, an outcome."""
    pysd = pytest.importorskip("pysd")
    name = request.param
    path, constant, outcome = MODELS[name]
    system = sdsim.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pysd.read_vensim(str(path))
    kinds = system.kinds
    constant = constant or next(
        v.name for k, v in system.model.variables.items() if kinds[k] == "constant" and not v.dims
    )
    outcome = outcome or next(
        v.name for k, v in system.model.variables.items() if kinds[k] == "stock"
    )

    def theirs() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return peer.run()

    return name, system, theirs, constant, outcome


def test_one_labelled_run(case: tuple[str, sdsim.System, Callable[[], object], str, str]) -> None:
    """One run in a warm process, every variable labelled."""
    name, system, theirs, _, _ = case
    sdsim.simulate(system)
    pairs = 3 if name == "cross_border" else 15
    mine, other, ratio = paired(
        lambda: sdsim.simulate(system), theirs, 1 if name == "cross_border" else pairs
    )
    told(
        f"one labelled run, {name}: sdsim {mine * 1e3:.2f} ms, PySD {other * 1e3:.1f} ms: {ratio:,.0f}x"
    )
    assert ratio >= {"teacup": 3, "sir": 3, "cross_border": 1000}[name]


def test_an_ensemble(case: tuple[str, sdsim.System, Callable[[], object], str, str]) -> None:
    """10,000 members on all cores, one constant varied, one outcome kept; PySD a run at a time."""
    name, system, theirs, constant, outcome = case
    value = float(np.ravel(system.program.defaults)[0])
    place = {w: i for i, w in enumerate(system.program.param_cells)}
    value = system.program.defaults[place[sdsim.names.canonical(constant), 0]]
    draws = {constant: np.linspace(0.9 * value, 1.1 * value, MEMBERS)}

    def ours() -> object:
        return sdsim.simulate_many(system, draws, save=[outcome])

    sdsim.simulate_many(system, {constant: draws[constant][:64]}, save=[outcome])
    mine = (
        statistics.median(timed(ours) for _ in range(1 if name == "cross_border" else 3)) / MEMBERS
    )
    other = timed(theirs)
    told(
        f"{MEMBERS:,} members, {name}: sdsim {mine * 1e6:.2f} us a member, PySD {other * 1e3:.1f} ms: "
        f"{other / mine:,.0f}x a member"
    )
    assert other / mine >= 10_000


def test_a_cold_process_to_a_file(tmp_path: Path) -> None:
    """`sdsim run` on the flagship, parse cached, to a netCDF file: under a second."""
    out = tmp_path / "run.nc"
    command = [sys.executable, "-m", "sdsim", "run", str(MODELS["cross_border"][0]), "-o", str(out)]
    subprocess.run(command, check=True, cwd=ROOT)
    seconds = [timed(lambda: subprocess.run(command, check=True, cwd=ROOT)) for _ in range(7)]
    told(
        f"cold process to the flagship's result in a file: median {statistics.median(seconds):.2f} s, least {min(seconds):.2f} s"
    )
    assert out.stat().st_size > 0
    assert min(seconds) < 1


def test_a_second_make_run() -> None:
    """The main job again, everything cached: under ten seconds."""
    if os.environ.get("CI"):
        pytest.skip("needs the environment that make run leaves")
    subprocess.run(["make", "run"], check=True, cwd=ROOT)
    seconds = timed(lambda: subprocess.run(["make", "run"], check=True, cwd=ROOT))
    told(f"second make run: {seconds:.1f} s")
    assert seconds < 10
