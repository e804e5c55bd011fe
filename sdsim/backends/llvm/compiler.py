"""The only interface to LLVM: IR to object code, object code to callable addresses."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from sdsim.backends.llvm.machine import Machine, Processor
from sdsim.backends.llvm.rules import LIBRARY, library_name
from sdsim.base import host
from sdsim.base.errors import ModelError

#: Functions that code for older processors may call; all of them give the exact result.
_EXACT = ("fma", "floor", "trunc")
_OLDEST = 50
#: The reason that a plain installation has no compiler.
MISSING = "llvmlite is not installed"


@cache
def _llvm() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@cache
def version() -> str:
    """The version of llvmlite."""
    import llvmlite

    return str(llvmlite.__version__)


@cache
def target() -> str:
    """What determines machine code besides IR and processor: LLVM's version and the system."""
    llvm = _llvm()
    release = ".".join(map(str, llvm.llvm_version_info))
    return f"{version()} {release} {llvm.get_process_triple()}"


@cache
def why_not() -> str:
    """The reason that there is no compiler, in one line; empty if there is one."""
    try:
        major, minor = (int(n) for n in version().split(".")[:2])
        if major == 0 and minor < _OLDEST:
            return f"llvmlite is {version()}, 0.{_OLDEST} or later is needed"
        _llvm()
    except ImportError:
        return MISSING
    except (OSError, RuntimeError) as e:
        return f"llvmlite cannot be used: {e}".splitlines()[0]
    return ""


@cache
def processor() -> Processor:
    """The processor of this machine."""
    llvm = _llvm()
    architecture = llvm.get_process_triple().split("-")[0]
    return Processor(architecture, llvm.get_host_cpu_name(), dict(llvm.get_host_cpu_features()))


def machine(features: str | None) -> Machine:
    """This processor, or one of its levels by name.

    Raises
    ------
    ModelError : ``features`` is not a level, or this processor lacks it.
    """
    return processor().machine() if features is None else processor().checked(features)


def _target_machine(of: Machine, optimise: int) -> Any:
    llvm = _llvm()
    if of.triple:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(of.triple or llvm.get_process_triple())
    return target.create_target_machine(
        cpu=of.cpu, features=of.features, opt=optimise, reloc=of.reloc, codemodel="small", jit=True
    )


#: Passes that help straight-line arithmetic, at a fraction of the time of the usual passes.
_PASSES = {
    1: ("always_inliner", "sroa", "simplify_cfg", "instruction_combine"),
    2: (
        "always_inliner", "sroa", "simplify_cfg", "instruction_combine", "new_gvn",
        "dead_store_elimination",
    ),
}  # fmt: skip


def _optimised(ir: str, target: Any, optimise: int) -> Any:
    llvm = _llvm()
    module = llvm.parse_assembly(ir)
    module.triple = target.triple
    options = llvm.create_pipeline_tuning_options(speed_level=optimise)
    options.slp_vectorization = options.loop_vectorization = False
    builder = llvm.create_pass_builder(target, options)
    if optimise in _PASSES:
        manager = llvm.create_new_module_pass_manager()
        for name in _PASSES[optimise]:
            getattr(manager, f"add_{name}_pass")()
    else:
        manager = builder.getModulePassManager()
    manager.run(module, builder)
    return module


_compiling = threading.Lock()


def compile_object(ir: str, of: Machine, optimise: int) -> bytes:
    """Object code for a module of IR."""
    with _compiling:
        target = _target_machine(of, optimise)
        return bytes(target.emit_object(_optimised(ir, target, optimise)))


def assembly(ir: str, of: Machine, optimise: int) -> str:
    """The same as assembly text."""
    with _compiling:
        target = _target_machine(of, optimise)
        return str(target.emit_assembly(_optimised(ir, target, optimise)))


@dataclass(frozen=True)
class Loaded:
    """Code loaded into memory; it stays there as long as this object lives."""

    addresses: dict[str, int]
    keep: object

    def __getitem__(self, name: str) -> int:
        return self.addresses[name]


_numbers = itertools.count()


@cache
def _linker() -> Any:
    # JITLink has no stubs through which COFF code could reach a library far away in memory.
    return _llvm().create_lljit_compiler(use_jit_link=host.system() != "windows")


def outside(system: str) -> dict[str, str]:
    """The symbols that kernels may need on a system, and the C functions that provide them."""
    names = {library_name(code): code for code in LIBRARY}
    return names | {name: name for name in (*_EXACT, *host.HELPERS[system])}


@cache
def _addresses() -> dict[str, int]:
    """The addresses, in this process, of everything that kernels may need.

    Raises
    ------
    ModelError : no library of this system has one of them.
    """
    out = {}
    for symbol, name in outside(host.system()).items():
        address = host.address_of(name)
        if not address:
            what = f"the back end 'llvm' cannot be used: this system's C library has no '{name}'"
            raise ModelError(what, remedy="use the back end 'numpy'")
        out[symbol] = address
    return out


def load(code: bytes, exports: tuple[str, ...]) -> Loaded:
    """Load object code so that it can be called."""
    with _compiling:
        builder = _llvm().JITLibraryBuilder().add_object_img(code)
        for symbol, address in _addresses().items():
            builder.import_symbol(symbol, address)
        for name in exports:
            builder.export_symbol(name)
        tracker = builder.link(_linker(), f"sdsim{next(_numbers)}")
        return Loaded({name: tracker[name] for name in exports}, tracker)
