"""The kernel against other ways to run the same program, as ratios from one process.

A bar that is met is asserted; one that is not is printed with what it reaches.
"""

from __future__ import annotations

from pathlib import Path

import bench_models
import numpy as np
import pytest
from bench_engines import Ensemble, Simlin
from bench_timing import ROOT, paired, short_of, told

from sdsim.backends.llvm import Llvm, available, compiler

pytestmark = pytest.mark.skipif(not available(), reason="no LLVM")

FLAGSHIP = ROOT / "models/cross_border"
PAIRS = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def large(folder: Path) -> Ensemble:
    """World3's size."""
    path = folder / "large.mdl"
    path.write_text(bench_models.large())
    outcomes = [f"{what} {k}" for k in (0, 7, 14) for what in ("pool", "welfare")]
    return Ensemble(path, [f"Normal gain {k}" for k in range(5)], outcomes)


@pytest.fixture(scope="module")
def functions(folder: Path) -> Ensemble:
    """12 EXP and 12 powers."""
    path = folder / "functions.mdl"
    path.write_text(bench_models.functions())
    return Ensemble(path, [f"Bend {k}" for k in range(4)], ["stock 0", "output 3"])


def levels() -> list[tuple[str, str | None]]:
    """Levels of the processor to make code for, this one first where it has 512-bit vectors."""
    own = compiler.machine(None)
    wide = [("AVX-512", None)] if own.wide else []
    return wide + ([("AVX2", "x86-64-v3")] if own.vectors else [])


def against_simlin(ensemble: Ensemble, features: str | None, count: int) -> tuple[float, float]:
    """Runs a second of sdsim on one core, and how many times those of pysimlin."""
    simlin = Simlin(ensemble)
    kernel = ensemble.kernel(Llvm(threads=1, optimise=2, features=features))
    members = ensemble.members(count)
    few = max(2, count // 400)
    ours = ensemble.march(kernel, members)[:, :few]
    np.testing.assert_allclose(simlin.march(few, count), ours, rtol=1e-8)
    mine, _, ratio = paired(
        lambda: ensemble.march(kernel, members), lambda: simlin.march(few, count), PAIRS
    )
    return count / mine, ratio * count / few


def test_pysimlin_on_a_model_of_world3s_size(large: Ensemble) -> None:
    pytest.importorskip("simlin")
    for name, features in levels()[:1]:
        rate, ratio = against_simlin(large, features, 8192)
        told(f"World3's size, {name}: {rate:,.0f} runs/s on one core, {ratio:.0f}x pysimlin")
        short_of(ratio, 150, "see the profile")


def test_pysimlin_on_exp_and_pow(functions: Ensemble) -> None:
    pytest.importorskip("simlin")
    for name, features in levels():
        rate, ratio = against_simlin(functions, features, 8192)
        told(f"12 EXP and 12 powers, {name}: {rate:,.0f} runs/s on one core, {ratio:.1f}x pysimlin")
        assert ratio >= (15 if name == "AVX-512" else 6)
