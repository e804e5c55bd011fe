"""Levels of the processor: code is made for any of them, and run where the processor has it."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llvm_programs import GRID, LEVELS, ONE, RUNNABLE, Draft, decay, identical, lively_program

from sdsim.backends.llvm import Llvm, LlvmKernel, available, compiler
from sdsim.backends.llvm.code import Use
from sdsim.backends.llvm.machine import LEVELS as ALL
from sdsim.backends.llvm.machine import Machine, Processor, level_of
from sdsim.base import cache
from sdsim.base.errors import ModelError
from sdsim.ir.program import Program, State, Table

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")

X86 = ALL["x86_64"]
TRIPLES = ("x86_64", "aarch64", "arm64", "riscv64")


def plain(architecture: str = "x86_64", *features: str) -> Processor:
    """A processor with these features and no others."""
    every = {f for needs in ALL["x86_64"].values() for f in needs}
    return Processor(architecture, "plain", {f: f in features for f in every})


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[[Processor], None]:
    """``processor(host)``: from now on this process believes to run on it."""
    return lambda host: monkeypatch.setattr(compiler, "processor", lambda: host)


# --- what the processor has -----------------------------------------------------------------------


def test_what_is_found_agrees_with_what_numpy_finds() -> None:
    """NumPy asks the processor by itself."""
    found: dict[str, bool] = pytest.importorskip("numpy._core._multiarray_umath").__cpu_features__
    names = {"x86-64-v2": "X86_V2", "x86-64-v3": "X86_V3", "x86-64-v4": "X86_V4"}
    known = {level: found[name] for level, name in names.items() if name in found}
    if not known or "x86-64" not in LEVELS:
        pytest.skip("NumPy has no such levels here")
    assert {level: level in RUNNABLE for level in known} == known
    assert compiler.machine(None).vectors == found["AVX2"]
    assert compiler.machine(None).wide == found["X86_V4"]


def test_the_lowest_level_can_always_be_run() -> None:
    for architecture, levels in ALL.items():
        assert Processor(architecture, "plain", {}).runnable == [next(iter(levels))]
    assert plain("arm64").runnable == ["armv8-a"]
    assert plain("riscv64").runnable == []


@given(st.sets(st.sampled_from(sorted(X86["x86-64-v4"]))), st.sampled_from(list(X86)))
def test_a_level_is_had_when_every_feature_is(has: set[str], level: str) -> None:
    host, needs = plain("x86_64", *has), set(X86[level])
    assert (level in host.runnable) == (needs <= has)
    assert host.machine().wide == (set(X86["x86-64-v4"]) - set(X86["x86-64-v3"]) <= has)
    if needs <= has:
        assert host.checked(level) == level_of(level)
        return
    with pytest.raises(ModelError) as refused:
        host.checked(level)
    text = str(refused.value)
    assert f"'{level}'" in text
    assert set(re.findall(r"[\w.]+", text.split("lacks")[1].split(";")[0])) == needs - has
    assert all(other in text for other in host.runnable)
    assert "\n" not in text


@pytest.mark.parametrize("architecture", TRIPLES)
def test_a_level_of_another_architecture_is_refused(
    architecture: str, processor: Callable[[Processor], None]
) -> None:
    processor(plain(architecture, *X86["x86-64-v3"]))
    with pytest.raises(ModelError, match=f"no level 'haswell' of {architecture}; "):
        Llvm(features="haswell")
    arm = architecture in ("aarch64", "arm64")
    wrong = "x86-64" if arm else "armv8-a"
    with pytest.raises(ModelError, match=f"no level '{wrong}'.*leave features out"):
        Llvm(features=wrong)
    assert compiler.machine(None).cpu == "plain"


def test_without_a_compiler_a_level_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "why_not", lambda: "llvmlite is not installed")
    with pytest.raises(ModelError, match="llvmlite is not installed; pip install llvmlite"):
        Llvm(features="x86-64")


# --- nothing is run that the processor lacks ------------------------------------------------------


def test_what_the_processor_lacks_is_refused_by_name(
    processor: Callable[[Processor], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(plain("x86_64", *X86["x86-64-v2"]))
    monkeypatch.setattr(compiler, "load", lambda *_: pytest.fail("code was loaded"))
    for level in ("x86-64-v3", "x86-64-v4"):
        with pytest.raises(ModelError, match=rf"\(plain\) cannot run '{level}', it lacks avx, "):
            Llvm(features=level)


def test_a_back_end_that_travels_is_checked_where_it_arrives(
    processor: Callable[[Processor], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process on another machine gets it as bytes: nothing is asked when it is made of them."""
    processor(plain("x86_64", *X86["x86-64-v4"]))
    sent = pickle.dumps(Llvm(features="x86-64-v4", cache=False))
    processor(plain("x86_64", *X86["x86-64-v2"]))
    monkeypatch.setattr(compiler, "load", lambda *_: pytest.fail("code was loaded"))
    kernel = pickle.loads(sent).compile(decay(), [1])
    with pytest.raises(ModelError, match="cannot run 'x86-64-v4'"):
        kernel.march(ONE, GRID, 1)
    with pytest.raises(ModelError, match="cannot run 'x86-64-v4'"):
        kernel.start(ONE)


# --- code for every level -------------------------------------------------------------------------


def assembly(kernel: LlvmKernel, level: str, purpose: str, optimise: int) -> str:
    return compiler.assembly(kernel.ir(purpose, of=level_of(level)), level_of(level), optimise)


@pytest.mark.parametrize("purpose", ["march1", "march4", "points"])
@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("level", LEVELS)
def test_code_is_made_for_every_level(level: str, width: int, purpose: str) -> None:
    """Whether this processor has it or not; it is not run here."""
    program, wanted = lively_program()
    kernel = Llvm(width=width).compile(program, wanted)
    ir = kernel.ir(purpose, of=level_of(level))
    assert len(compiler.compile_object(ir, level_of(level), 0)) > 1000


@pytest.mark.parametrize("level", [level for level in LEVELS if level in X86])
def test_code_of_a_level_keeps_to_its_registers(level: str) -> None:
    text = assembly(Llvm(width=16).compile(tabled(), [0]), level, "march1", 2)
    widest = max(r for r in ("xmm", "ymm", "zmm") if re.search(rf"%{r}\d", text))
    rank = list(X86).index(level)
    assert widest == ("xmm", "xmm", "ymm", "zmm")[rank]
    assert bool(re.search(r"\tvmulpd\t", text)) == (rank >= 2)
    assert bool(re.search(r"\troundpd\t", text)) == (rank == 1)


def tabled() -> Program:
    d = Draft()
    x = d("state")
    d.states.append(State("x", d.const(0.5), d("table", d("mul", x, d("floor", x)))))
    points = Table((0.0, 1.0, 2.5, 3.0, 4.0), (1.0, 1.5, 0.25, 3.0, 2.0))
    return d.program(tables=[points])


@pytest.mark.parametrize("level", LEVELS)
def test_no_level_contracts(level: str) -> None:
    """A product and a sum are rounded one after the other, whatever the processor offers."""
    d = Draft()
    x = d("state")
    d.states.append(State("x", d("param"), d("add", d("mul", x, d("param")), d("param"))))
    kernel = Llvm(width=8).compile(d.program(1), [x])
    own = assembly(kernel, level, "points", 3).split("rates_0:")[1].split("ret")[0]
    assert re.search(r"mulpd|fmul", own)
    assert not re.search(r"vfn?m(add|sub)|fml[as]|fn?m(add|sub)", own)


# --- a cache that machines share ------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    return tmp_path / "code"


def lesser() -> list[Processor]:
    """Processors that have less than this one, whose code it can run."""
    own = compiler.processor()
    out = [own]
    for lost in (("avx512f", "avx512vl"), ("avx512f", "avx2", "fma"), ("avx512bw",)):
        less = {f: has and f not in lost for f, has in own.features.items()}
        out.append(Processor(own.architecture, own.cpu, less))
    named = Processor(own.architecture, level_of(LEVELS[0]).cpu, own.features)
    return [h for k, h in enumerate([*out, named]) if h not in [*out, named][:k]]


@pytest.mark.skipif(not LEVELS, reason="no level is known")
def test_machines_that_share_a_cache_make_their_own_code(
    folder: Path, processor: Callable[[Processor], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finds its own again, and nobody another's."""
    made: list[Machine] = []
    original = compiler.compile_object

    def noting(ir: str, of: Machine, optimise: int) -> bytes:
        made.append(of)
        return original(ir, of, optimise)

    monkeypatch.setattr(compiler, "compile_object", noting)
    want = Llvm(cache=False, width=8).compile(decay(), [1]).march(ONE, GRID, 1)
    made.clear()
    hosts = lesser()
    assert len(hosts) > 1
    for _ in range(2):
        for host in hosts:
            processor(host)
            identical(Llvm(width=8).compile(decay(), [1]).march(ONE, GRID, 1), want)
        assert made == [host.machine() for host in hosts]
        assert len(list(folder.iterdir())) == len(hosts)


features = st.dictionaries(st.sampled_from(["avx", "avx2", "fma", "avx512f"]), st.booleans())
hosts = st.builds(Processor, st.sampled_from(TRIPLES[:1]), st.sampled_from(["a", "b"]), features)


@given(hosts, hosts)
def test_a_key_names_the_processor(a: Processor, b: Processor) -> None:
    """Two processors have one key only if LLVM is told the same of both."""
    keys = []
    for host in (a, b):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compiler, "processor", lambda host=host: host)
            codes = Llvm(width=8).compile(decay(), [1]).codes
            keys.append(codes._key(Use("march1", 8), 0))
    assert (keys[0] == keys[1]) == ((a.cpu, a.features) == (b.cpu, b.features))


@pytest.mark.parametrize("level", RUNNABLE)
def test_a_level_has_its_own_entry(level: str, folder: Path) -> None:
    results = [
        Llvm(width=8, features=f).compile(decay(), [1]).march(ONE, GRID, 1).values
        for f in (None, level, None, level)
    ]
    assert len(list(folder.iterdir())) == 2
    for values in results[1:]:
        np.testing.assert_array_equal(values, results[0])
