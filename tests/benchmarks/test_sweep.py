"""What a sweep costs beyond its kernel: the flagship, 20 outcomes, a store with checksums."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from bench_timing import at_most, told

import sdsim
from sdsim.backends import backend_named
from sdsim.design import MonteCarlo, uncertainties_of
from sdsim.sweeps import Outcome, Sweep, run_sweep

FOLDER = Path(__file__).resolve().parents[2] / "models" / "cross_border"
STOCKS = (
    "Migrant stock", "Irregular stock", "Legal stock", "Naturalised stock", "Remittances",
    "Leverage", "Mean slow tie", "Mean distance", "Mean competence", "Net migration",
)  # fmt: skip
MEMBERS, ALL = 20_000, 100_000


def test_the_whole_sweep_against_its_kernel(tmp_path: Path) -> None:
    """At most 1.5 times the kernel's own time on the same two cores; and 10^5 runs, timed."""
    system = sdsim.load(FOLDER / "cross_border.mdl")
    preset = sdsim.read_preset(FOLDER / "presets" / "us_mexico.toml").overrides
    outcomes = tuple(
        Outcome(f"{measure} {name}", f"{measure}({name})")
        for name in STOCKS for measure in ("FINAL", "PEAK")
    )  # fmt: skip
    factors = uncertainties_of(
        system.model, leave=("Lowest *", "Highest *", "Policy phase in", "Endogenous phase in")
    )

    def sweep(count: int) -> Sweep:
        return Sweep(system, MonteCarlo(factors, count, seed=0), outcomes, preset)

    task = sweep(MEMBERS).task()
    kernel, grid, stages = task._kernel, task.run.grid, 1
    own = backend_named("llvm", 2).compile(kernel.program, kernel.wanted)
    members = task.members(0, MEMBERS)
    parts = [slice(k, k + 2048) for k in range(0, MEMBERS, 2048)]
    blocks = [
        type(members)(np.ascontiguousarray(members.params[:, p]), members.numbers[p], members.seed)
        for p in parts
    ]
    for block in blocks[:2]:
        own.march(block, grid, stages)

    def march() -> float:
        began = time.perf_counter()
        for block in blocks:
            own.march(block, grid, stages)
        return time.perf_counter() - began

    def whole(count: int, name: str) -> float:
        began = time.perf_counter()
        run_sweep(sweep(count), tmp_path / name, jobs=2)
        return time.perf_counter() - began

    whole(512, "warm")
    pairs = [(march(), whole(MEMBERS, f"{k}")) for k in range(3)]
    ratio = float(np.median([b / a for a, b in pairs]))
    everything = whole(ALL, "all")
    kernel_all = float(np.median([a for a, _ in pairs])) * ALL / MEMBERS
    told(
        f"flagship, {MEMBERS:,} runs, 20 outcomes, two cores: the sweep with its store takes "
        f"{ratio:.2f} times its kernel's time; {ALL:,} runs in {everything:.0f} s "
        f"({ALL / everything:,.0f} runs/s; kernel alone {kernel_all:.0f} s, "
        f"{everything / kernel_all:.2f} times)"
    )
    at_most("10^5 runs with their store / kernel", everything / kernel_all, 1.5)
