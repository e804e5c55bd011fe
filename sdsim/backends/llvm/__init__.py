"""The LLVM back end: a Program as machine code, one ensemble member in each vector lane.

Arithmetic is strict: no reordering, no contraction; exp, log and pow are part of the kernel. So
the bits of a member do not depend on lane width, threads, its position in the batch, the level of
optimisation, or the vector instructions of the processor.

    Program -> plan -> units -> module (IR) -> compiler (object code) -> kernel

Short runs of a large program are left to NumPy (`interpreted`), with the same bits, since compiling
would take longer. Wanted constants and repeated values are always copied by NumPy (`outputs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdsim.backends.llvm import compiler
from sdsim.backends.llvm.kernel import LlvmKernel
from sdsim.backends.llvm.settings import LlvmSettings
from sdsim.ir.program import Program


@dataclass(frozen=True)
class Llvm(LlvmSettings):
    """The LLVM back end, which makes kernels of machine code."""

    name: str = "llvm"

    def compile(self, program: Program, wanted: Sequence[int]) -> LlvmKernel:
        """See `Backend.compile`; the machine code itself is made when first needed."""
        return LlvmKernel(program, wanted, self)


def available() -> bool:
    """Whether a compiler is available; `why_not` gives the reason if not."""
    return not compiler.why_not()


why_not = compiler.why_not

__all__ = ["Llvm", "LlvmKernel", "available", "why_not"]
