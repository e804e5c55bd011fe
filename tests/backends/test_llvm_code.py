"""Machine code of the LLVM back end: its making, its cache, its settings."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from counting import growth
from llvm_programs import (
    GRID,
    ONE,
    RUNNABLE,
    Draft,
    decay,
    identical,
)

from sdsim.backends.base import March, Members
from sdsim.backends.llvm import Llvm, available, compiler, why_not
from sdsim.backends.llvm import code as code_module
from sdsim.backends.llvm import memory as memory_module
from sdsim.backends.llvm.digest import digest
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.memory import Job
from sdsim.base import cache
from sdsim.ir.program import Program, State

pytestmark = pytest.mark.skipif(not available(), reason="no compiler")


def long_program(equations: int) -> Program:
    """States that drive each other through ``equations`` operations."""
    rng = np.random.default_rng(0)
    d = Draft()
    n = max(equations // 50, 1)
    values = [d("state", data=k) for k in range(n)]
    codes = ("add", "sub", "mul", "max", "div", "lt", "exp")
    for k in range(equations):
        code = codes[k % 7]
        given = rng.choice(values[-60:], 1 if code == "exp" else 2)
        values.append(d(code, *map(int, given)))
    for k in range(n):
        d.states.append(State(f"s{k}", d.const(1.0), values[-1 - k]))
    return d.program()


def test_a_program_is_cut_into_functions() -> None:
    """LLVM's time grows faster than the longest function."""
    longest, text = [], []
    for size in (1_000, 10_000):
        ir = Llvm(width=8).compile(long_program(size), [0]).ir()
        longest.append(max(body.count("\n") for body in ir.split("\ndefine ")))
        text.append(len(ir))
    assert longest[1] < 4 * longest[0]
    assert text[1] < 15 * text[0]


def test_compile_time_grows_like_the_program() -> None:
    """From 1,000 to 10,000 operations: about tenfold, where one function would take hundredfold."""

    def compiled(size: int) -> Callable[[], object]:
        program = long_program(size)
        backend = Llvm(cache=False, optimise=1, width=8)
        return lambda: backend.compile(program, [0]).march(ONE, GRID, 1)

    assert growth(compiled(1_000), compiled(10_000)) < 35


def test_the_kernel_can_be_read() -> None:
    text = Llvm(width=8).compile(decay(), [1]).ir()
    assert "define void @march" in text
    assert "fmul <8 x double>" in text
    assert "fast" not in text
    assert "fmuladd" not in text


# --- the cache ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    return tmp_path / "code"


def run(**settings: object) -> March:
    return Llvm(**settings).compile(decay(), [1]).march(ONE, GRID, 1)  # type: ignore[arg-type]


def test_cached_code_is_used_and_needs_no_ir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    want = run()
    (entry,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700

    def never(*_: object) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler, "compile_object", never)
    identical(run(), want)
    levels = ({"features": level} for level in RUNNABLE)
    for other in ({"optimise": 1}, {"width": 4}, {"chunk": 9}, *levels):
        with pytest.raises(AssertionError, match="compiled again"):
            run(**other)
    with pytest.raises(AssertionError, match="compiled again"):
        Llvm().compile(decay(-2.0), [1]).march(ONE, GRID, 1)
    assert list(folder.iterdir()) == [entry]


def test_better_code_takes_over_when_it_repays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quick code first; after enough steps better code, with the same bits; then from the cache."""
    levels: list[int] = []
    original = compiler.compile_object

    def noting(ir: str, of: Machine, optimise: int) -> bytes:
        levels.append(optimise)
        return original(ir, of, optimise)

    monkeypatch.setattr(compiler, "compile_object", noting)
    monkeypatch.setattr(code_module, "REPAID", 1000)
    kernel = Llvm(width=8).compile(decay(), [1])
    first = kernel.march(ONE, GRID, 1)
    for _ in range(8):
        identical(kernel.march(ONE, GRID, 1), first)
    kernel.codes.settled()
    identical(kernel.march(ONE, GRID, 1), first)
    assert levels == [0, 2]
    identical(Llvm(width=8).compile(decay(), [1]).march(ONE, GRID, 1), first)
    assert levels == [0, 2]
    assert len(list(folder.iterdir())) == 2


def test_better_code_takes_over_within_a_march(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first march begins with quick code and ends with better code; no bit tells where."""
    program, want = long_program(300), [0, 5, 9]
    many = Members(np.empty((0, 20_000)), np.arange(20_000))
    alone = Llvm(width=8, optimise=0, cache=False).compile(program, want).march(many, GRID, 1)
    original, used = compiler.compile_object, set()

    def slowly(ir: str, of: Machine, optimise: int) -> bytes:
        time.sleep(0.05 * optimise)
        return original(ir, of, optimise)

    def noting(job: Job, *given: object) -> None:
        used.add(job.code.level)
        portions(job, *given)  # type: ignore[arg-type]
        used.add(job.code.level)

    portions = Job._march_portions
    monkeypatch.setattr(compiler, "compile_object", slowly)
    monkeypatch.setattr(Job, "_march_portions", noting)
    monkeypatch.setattr(memory_module, "_PORTION", 0.002)
    monkeypatch.setattr(code_module, "REPAID", 1)
    for threads in (1, 2):
        kernel = Llvm(width=8, threads=threads, cache=False).compile(program, want)
        identical(kernel.march(many, GRID, 1), alone)
        kernel.codes.settled()
        identical(kernel.march(many, GRID, 1), alone)
    assert used == {0, 2}


#: Better code is compiled again and again: who waits until it is done waits for ever.
LEAVES_EARLY = """
import atexit

def last():  # what was registered first is called last
    print("left", any(maker.is_alive() for maker in kernel.codes._makers.values()), flush=True)

atexit.register(last)
import numpy as np
from test_llvm_code import GRID, Llvm, Members, code_module, compiler, long_program

original = compiler.compile_object

def endless(ir, of, optimise):
    while True:
        made = original(ir, of, optimise)
        if optimise == 0:
            return made

code_module.REPAID = 1
compiler.compile_object = endless
kernel = Llvm(width=8, cache=False).compile(long_program(1_500), [0])
kernel.march(Members(np.empty((0, 8)), np.arange(8)), GRID, 1)
assert any(maker.is_alive() for maker in kernel.codes._makers.values())
"""


def test_a_process_does_not_wait_for_better_code() -> None:
    """It ends while the compiler is at work, without a fault."""
    command = [sys.executable, "-W", "ignore", "-c", LEAVES_EARLY]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for _ in range(2):
        done = subprocess.run(
            command, cwd=Path(__file__).parent, env=env, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "left True\n"), done.stderr


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_entry_is_made_anew(folder: Path, damage: str) -> None:
    want = run()
    (entry,) = folder.iterdir()
    content = bytearray(entry.read_bytes())
    if damage == "cut":
        content = content[:-100]
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
    else:
        content = bytearray(b"" if damage == "empty" else b"no machine code")
    entry.write_bytes(content)
    identical(run(), want)
    assert cache.load("code", entry.name) is not None


def test_an_entry_that_others_could_write_is_not_run(folder: Path) -> None:
    run()
    (entry,) = folder.iterdir()
    entry.chmod(0o666)
    assert cache.load("code", entry.name) is None


def test_many_writers_and_readers_of_one_entry(folder: Path) -> None:
    want, results = run(cache=False), []

    def work() -> None:
        results.append(run())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 8
    for got in results:
        identical(got, want)
    assert len(list(folder.iterdir())) == 1


def test_an_unusable_folder_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file"))
    identical(run(), run(cache=False))


def test_names_do_not_decide_the_code() -> None:
    p = decay()
    renamed = replace(p, states=(p.states[0]._replace(label="y"),))
    assert digest(p) == digest(renamed)
    held = replace(p, states=(p.states[0]._replace(held=True),))
    assert digest(p) != digest(held)


def test_only_what_is_needed_is_computed() -> None:
    d = Draft()
    x, y = d("state", data=0), d("state", data=1)
    d.states += [State("x", d.const(1.0), d("neg", x)), State("y", d.const(1.0), d("exp", y))]
    assert "@exp_" not in Llvm().compile(d.program(), [x]).ir()
    assert "@exp_" in Llvm().compile(d.program(), [y]).ir()


def test_without_a_compiler_the_reason_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_not() == ""
    compiler.why_not.cache_clear()
    monkeypatch.setattr(compiler, "version", lambda: "0.40.1")
    try:
        assert not available()
        assert why_not() == "llvmlite is 0.40.1, 0.50 or later is needed"
    finally:
        compiler.why_not.cache_clear()


@pytest.mark.parametrize("wrong", [{"width": 3}, {"threads": 0}, {"optimise": 4}, {"chunk": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Llvm(**wrong)  # type: ignore[arg-type]
