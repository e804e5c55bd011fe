"""What can be chosen about the kernels."""

from __future__ import annotations

from dataclasses import dataclass

from sdsim.backends.llvm import compiler
from sdsim.base.errors import ModelError


@dataclass(frozen=True)
class Settings:
    """How kernels are made and run.

    threads : at most so many for a march; None takes one for each processor.
    width : members side by side, a power of two up to 64; None chooses by the program's size.
    optimise : 0 to 3: how hard the code is worked on; None works quickly at first, harder once a
        kernel has run for so long that it repays.
    cache : keep machine code in the user's cache folder.
    features : a level of the processor to make code for: ``x86-64``, ``x86-64-v2`` to ``-v4``, or
        ``armv8-a``; None takes all that it has. A level that it lacks is a `ModelError`.
    chunk : about how many operations make one function.
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
