"""Machine code for other systems: compiled, its symbols checked, and run where that can be done.

Code for Windows and for Intel Macs is x86-64 as well, so that it runs in this process on Linux: for
Windows through bridges that go from one calling convention to the other. What cannot be shown so is
the loading by those systems' own linkers.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lief
import pytest
from llvm_programs import GRID, identical, lively_program, members

from sdsim.backends.llvm import Llvm, compiler
from sdsim.backends.llvm import code as codes
from sdsim.backends.llvm.code import Code, Use
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.module import Sizes
from sdsim.base import host


@dataclass(frozen=True)
class Kind:
    """A kind of machine. mark : what its format puts before a C name."""

    system: str
    triple: str
    levels: tuple[str, ...]
    mark: str = ""

    def machine(self, level: str) -> Machine:
        wide = level == "x86-64-v4"
        return Machine(level, "", wide, wide or level == "x86-64-v3", self.triple)


KINDS = (
    Kind("linux", "x86_64-unknown-linux-gnu", ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")),
    Kind("linux", "aarch64-unknown-linux-gnu", ("generic",)),
    Kind("macos", "x86_64-apple-macosx11.0.0", ("x86-64", "x86-64-v3", "x86-64-v4"), "_"),
    Kind("macos", "arm64-apple-macosx11.0.0", ("apple-m1",), "_"),
    Kind("windows", "x86_64-pc-windows-msvc", ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")),
)
CASES = [pytest.param(k, level, id=f"{k.triple}-{level}") for k in KINDS for level in k.levels]

#: Which library of a system exports a name. Windows: the import libraries of mingw-w64 for
#: ``ucrtbase.dll`` and ``ntdll.dll``; macOS: the stub ``libSystem.tbd``.
_C = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "fma", "floor", "trunc",
      "memcpy", "memset")  # fmt: skip
EXPORTED = {
    "windows": {**dict.fromkeys(_C, "ucrtbase"), "__chkstk": "ntdll", "_fltused": "sdsim"},
    "macos": {**dict.fromkeys(_C, "libSystem"), "bzero": "libSystem", "__bzero": "libSystem"},
    "linux": {**dict.fromkeys(_C, "libm and libc")},
}


@pytest.fixture(scope="module")
def lively() -> Any:
    return lively_program()


def made_for(machine: Machine, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compiler, "machine", lambda features: machine)


def undefined(code: bytes, kind: Kind) -> set[str]:
    """The names that an object file leaves to others, as C spells them."""
    # The parsed file stays in a variable: its symbols do not keep it alive.
    parsed = lief.COFF.parse(list(code)) if kind.system == "windows" else lief.parse(list(code))
    if kind.system == "windows":
        names = {str(s.name) for s in parsed.symbols if s.is_undefined}
    elif kind.system == "macos":
        names = {str(s.name) for s in parsed.imported_symbols}
    else:
        names = {str(s.name) for s in parsed.symtab_symbols if s.shndx == 0 and s.name}
    assert all(n.startswith(kind.mark) for n in names)
    return {n.removeprefix(kind.mark) for n in names}


@pytest.mark.parametrize(("kind", "level"), CASES)
def test_code_leaves_to_others_only_what_they_have(
    kind: Kind, level: str, lively: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, wanted = lively
    machine = kind.machine(level)
    made_for(machine, monkeypatch)
    supplied, found = compiler.outside(kind.system), set()
    for (purpose, width), hard in itertools.product((("march4", 8), ("points", 1)), (0, 2)):
        use = Use(purpose, width)
        ir, _ = Llvm(cache=False).compile(program, wanted).codes.written(use)
        found |= undefined(compiler.compile_object(ir, machine, hard), kind)
    assert found <= set(supplied)
    assert {supplied[name] for name in found} <= set(EXPORTED[kind.system])
    assert "sdsim_sin" in found
    if kind.system == "windows":
        assert {"__chkstk", "_fltused"} <= found
    assert ("fma" in found) == (level in ("x86-64", "x86-64-v2"))


@pytest.mark.parametrize("system", EXPORTED)
def test_all_that_is_supplied_is_exported(system: str) -> None:
    assert set(compiler.outside(system).values()) == set(EXPORTED[system])


def test_a_large_frame_is_touched_page_by_page_on_windows_alone() -> None:
    """What `__chkstk` is for: 64 kB on the stack, filled with zeros."""
    text = """define void @f(ptr %out) {
  %a = alloca [8192 x double], align 64
  call void @llvm.memset.p0.i64(ptr %a, i8 0, i64 65536, i1 false)
  %b = load volatile double, ptr %a
  store double %b, ptr %out
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""
    for kind in KINDS:
        machine = kind.machine(kind.levels[0])
        found = undefined(compiler.compile_object(text, machine, 0), kind)
        assert found <= set(compiler.outside(kind.system)), kind
        assert ("__chkstk" in found) == (kind.system == "windows"), kind
        assert found & {"memset", "bzero", "__bzero"}, kind


# --- run ------------------------------------------------------------------------------------------

here = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="code for Windows and Intel Macs runs on an Intel Linux",
)
_NAMES = itertools.count()
_ARGUMENTS = {
    "march": ("ptr",), "tape": ("double", "double", "i64", "ptr"), "start": ("ptr",) * 3,
    "rates": (*("double",) * 3, *("ptr",) * 4), "observe": (*("double",) * 3, *("ptr",) * 4),
}  # fmt: skip
_MEMORY = {"memcpy": ("ptr", ("ptr", "ptr", "i64")), "memset": ("ptr", ("ptr", "i32", "i64"))}


def _bridge(convention: str, name: str, result: str, kinds: tuple[str, ...]) -> str:
    given = ", ".join(f"{t} %a{k}" for k, t in enumerate(kinds))
    return (
        f"declare {result} @{name}({', '.join(kinds)})\n"
        f"define {convention} {result} @out_{name}({given}) {{\n"
        f"  %r = call {result} @{name}({given})\n  ret {result} %r\n}}\n"
    )


def _entered(name: str, kinds: tuple[str, ...]) -> str:
    given = ", ".join(f"{t} %a{k}" for k, t in enumerate(kinds))
    return (
        f"define void @in_{name}(ptr %f, {given}) {{\n"
        f"  call win64cc void %f({given})\n  ret void\n}}\n"
    )


@pytest.fixture(scope="module")
def bridges() -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Addresses that code for Windows may call, and those through which it is called."""
    functions = {n: ("double", ("double",) * (3 if n == "fma" else 1)) for n in _C[:-2]} | _MEMORY
    text = "".join(_bridge("win64cc", n, *f) for n, f in functions.items())
    text += "".join(_entered(n, kinds) for n, kinds in _ARGUMENTS.items())
    builder = compiler._llvm().JITLibraryBuilder().add_ir(text)
    for name in functions:
        builder.import_symbol(name, host.address_of(name))
        builder.export_symbol(f"out_{name}")
    for name in _ARGUMENTS:
        builder.export_symbol(f"in_{name}")
    linked = builder.link(compiler._linker(), f"bridges{next(_NAMES)}")
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xc3")  # return: this stack needs no touching
    first = ctypes.c_char.from_buffer(page)
    outside = {name: linked[f"out_{name}"] for name in functions}
    outside["__chkstk"] = ctypes.addressof(first)
    outside["_fltused"] = host.address_of("_fltused") or 0
    yield outside, {name: linked[f"in_{name}"] for name in _ARGUMENTS}
    del first


def linked(code: bytes, names: tuple[str, ...], kind: Kind, outside: dict[str, int]) -> Any:
    builder = compiler._llvm().JITLibraryBuilder().add_object_img(code)
    for symbol, name in compiler.outside(kind.system).items():
        if name in outside:
            builder.import_symbol(kind.mark + symbol, outside[name])
    for name in names:
        builder.export_symbol(kind.mark + name)
    return builder.link(compiler._linker(), f"other{next(_NAMES)}")


def runs_as(
    kind: Kind, bridges: tuple[dict[str, int], dict[str, int]], patch: pytest.MonkeyPatch
) -> None:
    """From here on machine code is loaded as that of another kind of system."""
    outside, entries = bridges
    if kind.system == "macos":
        outside = {n: host.address_of(n) or 0 for n in _C}

    def loaded(self: Any, use: Use, level: int, sizes: Sizes, binary: bytes) -> Code:
        names = codes._EXPORTS[use.purpose.rstrip("14")]
        library = linked(binary, names, kind, outside)
        call: dict[str, Callable[..., None]] = {}
        for name in names:
            prototype: Any = codes._PROTOTYPES[name]
            address = library[kind.mark + name]
            if kind.system == "macos":
                call[name] = prototype(address)
                continue
            through = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *prototype._argtypes_)
            call[name] = _first(through(entries[name]), address)
        return Code(sizes, use.width, level, call, library)

    patch.setattr(codes.Codes, "_loaded", loaded)


def _first(function: Callable[..., None], address: int) -> Callable[..., None]:
    return lambda *given: function(address, *given)


@here
@pytest.mark.parametrize("kind", [k for k in KINDS if k.mark or k.system == "windows"][::2],
                         ids=lambda k: k.triple)  # fmt: skip
@pytest.mark.parametrize(("hard", "width"), [(0, 1), (0, 8), (2, 8)])
def test_code_of_other_systems_gives_the_same_bits(
    kind: Kind, hard: int, width: int, lively: Any, bridges: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, wanted = lively
    given = members(37)
    level = "x86-64-v3" if compiler.machine(None).vectors else "x86-64"
    backend = Llvm(cache=False, optimise=hard, width=width)
    own = backend.compile(program, wanted)
    runs = [own.march(given, GRID, stages) for stages in (1, 4)]
    states, fixed = own.start(given)
    rates = own.rates(0.3, 0.35, 3, states, fixed, given)
    seen = own.observe(0.3, 0.35, 3, states, fixed, given)
    made_for(kind.machine(level), monkeypatch)
    runs_as(kind, bridges, monkeypatch)
    other = backend.compile(program, wanted)
    for stages, run in zip((1, 4), runs, strict=True):
        identical(other.march(given, GRID, stages), run)
    states2, fixed2 = other.start(given)
    assert states2.tobytes() == states.tobytes()
    assert other.rates(0.3, 0.35, 3, states, fixed2, given).tobytes() == rates.tobytes()
    assert other.observe(0.3, 0.35, 3, states, fixed2, given).tobytes() == seen.tobytes()
