"""The settings of the LLVM back end."""

from __future__ import annotations

from dataclasses import dataclass

from sdsim.backends.llvm import compiler
from sdsim.base.errors import ModelError


@dataclass(frozen=True)
class LlvmSettings:
    """How kernels are made and run.

    threads : the most threads for a march; None for one per processor.
    width : members side by side, a power of two up to 64; None chooses by the program's size.
    optimise : level of optimisation, 0 to 3; None compiles quickly at first and optimises more once
        a kernel has run long enough for that to pay.
    cache : whether to keep machine code in the user's cache folder.
    features : the processor level to make code for: ``x86-64``, ``x86-64-v2`` to ``-v4``, or
        ``armv8-a``; None uses everything this processor has. A level it lacks is a `ModelError`.
    chunk : the approximate number of operations in one function.
    """

    threads: int | None = None
    width: int | None = None
    optimise: int | None = None
    cache: bool = True
    features: str | None = None
    chunk: int = 128

    def __post_init__(self) -> None:
        if self.width is not None and self.width not in (1, 2, 4, 8, 16, 32, 64):
            raise ValueError(f"width is {self.width}, expected a power of two up to 64")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads is {self.threads}, expected at least 1")
        if self.optimise not in (None, 0, 1, 2, 3):
            raise ValueError(f"optimise is {self.optimise}, expected 0, 1, 2 or 3")
        if self.chunk < 1:
            raise ValueError(f"chunk is {self.chunk}, expected at least 1")
        if self.features is not None:
            if compiler.why_not():
                raise ModelError(compiler.why_not(), remedy="pip install llvmlite")
            compiler.machine(self.features)
