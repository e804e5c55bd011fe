"""The kernel against other ways to run the same program, as ratios from one process.

Bars are told, met or missed; what a benchmark asserts is that the results agree.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import bench_growth
import bench_models
import bench_native
import numpy as np
import pytest
from bench_engines import Ensemble, Simlin
from bench_timing import ROOT, at_least, at_most, imports, paired, timed, told

from sdsim.backends.base import Kernel, Members
from sdsim.backends.llvm import Llvm, available, compiler

pytestmark = pytest.mark.skipif(not available(), reason="no LLVM")
needs_c = pytest.mark.skipif(bool(bench_native.why_not()), reason=bench_native.why_not())

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
    return _sectors(path)


@pytest.fixture(scope="module")
def uneven(folder: Path) -> Ensemble:
    """The same size, harder."""
    path = folder / "uneven.mdl"
    path.write_text(bench_models.uneven())
    return _sectors(path)


def _sectors(path: Path) -> Ensemble:
    outcomes = [f"{what} {k}" for k in (0, 7, 11) for what in ("pool", "welfare")]
    return Ensemble(path, [f"Normal gain {k}" for k in range(5)], outcomes)


@pytest.fixture(scope="module")
def functions(folder: Path) -> Ensemble:
    """12 EXP and 12 powers."""
    path = folder / "functions.mdl"
    path.write_text(bench_models.functions())
    return Ensemble(path, [f"Bend {k}" for k in range(4)], ["stock 0", "output 3"])


@pytest.fixture(scope="module")
def flagship() -> Ensemble:
    """The cross-border model with 20 outcomes."""
    path, preset = FLAGSHIP / "cross_border.mdl", FLAGSHIP / "presets/us_mexico.toml"
    drawn = ["Cost of moving", "Reference income ratio"]
    system = Ensemble(path, drawn, []).ready.system
    scalars = [
        key for key, v in system.model.variables.items()
        if not v.dims and not v.hidden and system.kinds[key] in ("stock", "auxiliary", "flow")
    ]  # fmt: skip
    chosen = ["migrant stock", *scalars[:: len(scalars) // 19][:19]]
    return Ensemble(path, drawn, list(dict.fromkeys(chosen)), preset)


def levels() -> list[tuple[str, str | None]]:
    """Levels of the processor to make code for, this one first where it has 512-bit vectors."""
    wide = [("AVX-512", None)] if compiler.machine(None).wide else []
    runs = compiler.processor().runnable
    return wide + ([("AVX2", "x86-64-v3")] if "x86-64-v3" in runs else [])


def ready(ensemble: Ensemble, count: int, **settings: object) -> tuple[Kernel, Members]:
    """A kernel that has run, and that many members."""
    kernel = ensemble.kernel(Llvm(**{"threads": 1, "optimise": 2, **settings}))  # type: ignore[arg-type]
    members = ensemble.members(count)
    ensemble.march(kernel, ensemble.members(64))
    return kernel, members


def against_simlin(
    ensemble: Ensemble, features: str | None, count: int, few: int, pairs: int = PAIRS
) -> tuple[float, float]:
    """Runs a second of sdsim on one core, and how many times those of pysimlin."""
    pytest.importorskip("simlin")
    simlin = Simlin(ensemble)
    kernel, members = ready(ensemble, count, features=features)
    ours = ensemble.march(kernel, members)[:, :few]
    np.testing.assert_allclose(simlin.march(few, count), ours, rtol=1e-6, atol=1e-9)
    mine, _, ratio = paired(
        lambda: ensemble.march(kernel, members), lambda: simlin.march(few, count), pairs
    )
    return count / mine, ratio * count / few


def against_native(
    ensemble: Ensemble, way: str, count: int, folder: Path, pairs: int = PAIRS
) -> tuple[float, float]:
    """Runs a second of gcc's code on one core, and how many times those sdsim does."""
    kernel, members = ready(ensemble, count)
    native = bench_native.compiled(ensemble.ready.system.program, ensemble.wanted, way, folder)
    np.testing.assert_allclose(
        native.march(members, ensemble.grid), ensemble.march(kernel, members), rtol=1e-9
    )
    _, other, ratio = paired(
        lambda: ensemble.march(kernel, members), lambda: native.march(members, ensemble.grid), pairs
    )
    return count / other, ratio


@pytest.mark.parametrize("model", ["large", "uneven"])
def test_pysimlin_on_a_model_of_world3s_size(model: str, request: pytest.FixtureRequest) -> None:
    ensemble: Ensemble = request.getfixturevalue(model)
    for name, features in levels():
        rate, ratio = against_simlin(ensemble, features, 8192, 24)
        told(f"{model}, {name}: {rate:,.0f} runs/s on one core, {ratio:.0f}x pysimlin")
        wide, plain = {"large": (150, 100), "uneven": (120, 90)}[model]
        at_least(f"{model}, {name} / pysimlin", ratio, plain if features else wide)


def test_the_model_of_world3s_size_has_its_operations(large: Ensemble) -> None:
    program = large.ready.system.program
    codes = [program.ops[v].code for v in program.needed(large.wanted)]
    assert {code: codes.count(code) for code in bench_models.WORLD3S} == bench_models.WORLD3S


@pytest.mark.skipif("WORLD3" not in os.environ, reason="WORLD3=wrld3-03.mdl make bench")
def test_pysimlin_on_world3() -> None:
    """World3-03 as its authors distribute it, which is not ours to copy."""
    outcomes = ["population", "nonrenewable resources", "persistent pollution", "food per capita"]
    drawn = ["Life Expectancy Normal", "desired completed family size normal"]
    world = Ensemble(Path(os.environ["WORLD3"]), drawn, outcomes)
    for name, features in levels():
        rate, ratio = against_simlin(world, features, 8192, 24)
        told(f"World3-03, {name}: {rate:,.0f} runs/s on one core, {ratio:.0f}x pysimlin")
        at_least(f"World3-03, {name} / pysimlin", ratio, 100 if features else 150)


def test_pysimlin_on_exp_and_pow(functions: Ensemble) -> None:
    for name, features in levels():
        rate, ratio = against_simlin(functions, features, 8192, 96)
        told(f"12 EXP and 12 powers, {name}: {rate:,.0f} runs/s on one core, {ratio:.1f}x pysimlin")
        at_least(f"EXP and powers, {name} / pysimlin", ratio, 15 if features else 20)


@needs_c
@pytest.mark.parametrize("model", ["large", "functions"])
def test_gcc(model: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """Scalar C, what gcc makes of a loop over members, and explicit vectors."""
    ensemble: Ensemble = request.getfixturevalue(model)
    rates = {}
    for way, bar in (("scalar", 5.0), ("simd", 1.0), ("vectors", 0.7)):
        rates[way], ratio = against_native(ensemble, way, 2048, folder)
        told(f"{model}, C {way}: {rates[way]:,.0f} runs/s on one core; sdsim {ratio:.2f}x")
        at_least(f"{model} / C {way}", ratio, bar)
    strength = rates["vectors"] / rates["simd"]
    told(f"{model}: explicit vectors are {strength:.1f}x what gcc makes of the loop")


@needs_c
def test_the_flagship_against_c(flagship: Ensemble, folder: Path) -> None:
    rate, ratio = against_native(flagship, "scalar", 128, folder, 5)
    told(f"flagship, scalar C: {rate:,.0f} runs/s on one core; sdsim {ratio:.1f}x")
    at_least("flagship / scalar C", ratio, 5)


def test_the_flagship_against_pysimlin(flagship: Ensemble) -> None:
    rate, ratio = against_simlin(flagship, None, 256, 2, 3)
    told(f"flagship: {rate:,.0f} runs/s on one core, {ratio:,.0f}x pysimlin")
    at_least("flagship / pysimlin", ratio, 150)


def test_two_threads(flagship: Ensemble) -> None:
    """Two threads against one, and what 10^4 runs with 20 outcomes at all saved times take."""
    one, members = ready(flagship, 512)
    two, _ = ready(flagship, 512, threads=2)
    _, _, ratio = paired(
        lambda: flagship.march(two, members), lambda: flagship.march(one, members), PAIRS
    )
    many, grid = flagship.members(10_000), flagship.ready.grid
    seconds = timed(lambda: two.march(many, grid, 1))
    told(
        f"flagship: two threads {ratio:.2f}x one; 10^4 runs, {len(flagship.wanted)} outcomes at "
        f"{len(grid.saved)} times: {seconds:.2f} s in the kernel, for 10^5 {10 * seconds:.0f} s"
    )
    at_least("flagship, two threads / one", ratio, 1.8, "are the cores shared with other work?")


def test_growth(functions: Ensemble, large: Ensemble, folder: Path) -> None:
    """Time against members, equations and saved points: straight lines; a page shows them."""
    curves = [
        bench_growth.of_members(functions),
        bench_growth.of_equations(folder),
        bench_growth.of_saved(large),
    ]
    bench_growth.page(curves, ROOT / "figures" / "benchmarks.html")
    for curve in curves:
        told(curve.told())
    for curve in curves[:2]:
        at_most(f"slope: {curve.told().partition(':')[0]}", curve.slope(), 1.25)


def test_ten_thousand_equations(folder: Path) -> None:
    """From the parsed model to the first result, without and with machine code in the cache.

    A small model runs before: what a process loads once does not count.
    """
    small = bench_growth.parsed(folder, 4)
    bench_growth.first_result(small, bench_growth.every(4), False)
    model, outcomes = bench_growth.parsed(folder, 390), bench_growth.every(390)
    fresh = bench_growth.first_result(model, outcomes, False)
    bench_growth.first_result(model, outcomes, True)
    kept = bench_growth.first_result(model, outcomes, True)
    told(f"{len(model.variables):,} variables: first result {fresh}; all cached {kept}")
    start = statistics.median(timed(imports) for _ in range(5))
    why = "the way from the model to the program, in Python"
    at_most("10,000 variables, first result / imports", fresh.wall / start, 4, why)
    at_most("10,000 variables, all cached / imports", kept.wall / start, 0.6, why)
