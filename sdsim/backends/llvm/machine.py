"""The processor a kernel is made for: what the writers of IR need to know about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """cpu and features are LLVM's names; ``wide``: 512-bit vectors; ``vectors``: AVX2 or better.

    triple : LLVM's name of another kind of system, whose code this process can make and not run.
    """

    cpu: str
    features: str
    wide: bool = False
    vectors: bool = False
    triple: str = ""

    @property
    def piece(self) -> int:
        """Most lanes given to one call of a mathematical function: what fits its registers."""
        return 16 if self.wide else 8

    @property
    def attributes(self) -> str:
        """Attributes of every function."""
        size = 512 if self.wide else 256 if self.vectors else 128
        return f'nounwind "prefer-vector-width"="{size}" "min-legal-vector-width"="{size}"'
