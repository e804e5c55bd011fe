"""The LLVM back end: a Program as machine code, one ensemble member in each vector lane.

Arithmetic is strict: no reordering, no contraction; exp, log and pow are part of the kernel. So
one member's bits do not depend on lane width, threads, its place in the batch, how hard the code
was optimised, or which vector instructions the processor has.

    Program -> plan -> units -> module (IR) -> compiler (object code) -> kernel

A large program's short runs are left to NumPy (`interpreted`), with the same bits: making the code
would take longer. Wanted constants and repeated values are copied by NumPy always (`outputs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdsim.backends.llvm import compiler
from sdsim.backends.llvm.kernel import LlvmKernel
from sdsim.backends.llvm.settings import Settings
from sdsim.ir.program import Program


@dataclass(frozen=True)
class Llvm(Settings):
    """Makes kernels of machine code."""

    name: str = "llvm"

    def compile(self, program: Program, wanted: Sequence[int]) -> LlvmKernel:
        """See `Backend.compile`; the code itself is made when it is first needed."""
        return LlvmKernel(program, wanted, self)


def available() -> bool:
    """Whether there is a compiler to use; `why_not` says why not."""
    return not compiler.why_not()


why_not = compiler.why_not

__all__ = ["Llvm", "LlvmKernel", "available", "why_not"]
