"""A program, on a grid, as a WebAssembly module and what its caller must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdsim.backends.llvm import compiler
from sdsim.backends.llvm.code import Codes, Use
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.module import Sizes
from sdsim.backends.llvm.outputs import Outputs
from sdsim.backends.llvm.settings import LlvmSettings
from sdsim.backends.wasm import own
from sdsim.backends.wasm.linker import link
from sdsim.base.garbage import no_collection
from sdsim.ir.program import Program

#: WebAssembly 2.0 as all browsers have it since 2023: vectors, saturating conversion, bulk memory.
MACHINE = Machine(
    "generic", "+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext",
    triple="wasm32-unknown-unknown",
)  # fmt: skip
#: Members side by side: two doubles fill a register.
WIDTH = 2
#: Level of optimisation; the browser's own compiler optimises once more.
OPTIMISE = 1
EXPORTS = ("march", "tape")


@dataclass(frozen=True)
class Emitted:
    """A module.

    binary : the module.   heap : the first address that its caller may use.
    width : members side by side.   stages : 1 for Euler, 4 for Runge-Kutta.
    """

    binary: bytes
    heap: int
    sizes: Sizes
    width: int
    stages: int


def emitted(program: Program, wanted: Sequence[int], stages: int, *, exact: bool) -> Emitted:
    """The module that computes the wanted values of a program.

    Parameters
    ----------
    wanted : values that are neither parameters nor constants, each once.
    stages : 1 for Euler, 4 for classical Runge-Kutta.
    exact : whether fused products are rounded once, as in the native engine, or twice.
    """
    settings = LlvmSettings(cache=False)
    with no_collection():
        codes = Codes(program, wanted, Outputs(program, wanted), settings)
        ir, sizes = codes.written(Use(f"march{stages}", WIDTH), MACHINE)
        ir = own.completed(ir, exact)
    linked = link(compiler.compile_object(ir, MACHINE, OPTIMISE), EXPORTS)
    return Emitted(linked.binary, linked.heap, sizes, WIDTH, stages)
