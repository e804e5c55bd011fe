"""Program -> callable. Two back ends read the same list: NumPy (the reference) and LLVM."""

from __future__ import annotations

import platform

from sdsim.backends.base import Backend
from sdsim.backends.llvm import Llvm, available, compiler, why_not
from sdsim.backends.numpy import Numpy
from sdsim.base.errors import ModelError, warn
from sdsim.base.extras import command


def default_backend() -> Backend:
    """LLVM if its compiler is installed, otherwise NumPy."""
    if available():
        return Llvm()
    if why_not() == compiler.MISSING:
        what = f"{compiler.MISSING}: runs are made by NumPy, with the same results and slower"
        warn(f"{what}; {command('fast')}")
    return Numpy()


def backend_named(name: str, threads: int | None = None) -> Backend:
    """The back end with the given name, as in results.

    threads : number of threads for a march in machine code; None for one per processor.

    Raises
    ------
    ModelError : there is no back end of that name, or it cannot be used here.
    """
    if name == "numpy":
        return Numpy()
    if name != "llvm":
        raise ModelError(f"no back end '{name}'", remedy="'llvm' or 'numpy'")
    if not available():
        raise ModelError(
            f"the back end 'llvm' cannot be used: {why_not()}",
            remedy=f"{command('fast')}, or leave the back end out",
        )
    return Llvm(threads=threads)


def compiler_version() -> str:
    """The version of the compiler; empty if there is none."""
    return compiler.version() if available() else ""


def machine_class() -> str:
    """The kind of this processor, for the record: architecture and vector width."""
    if not available():
        return platform.machine()
    own = compiler.machine(None)
    least = "NEON" if "armv8-a" in compiler.processor().levels else "SSE"
    return f"{platform.machine()} {'AVX-512' if own.wide else 'AVX2' if own.vectors else least}"


__all__ = [
    "Llvm", "Numpy", "backend_named", "compiler_version", "default_backend", "machine_class",
]  # fmt: skip
