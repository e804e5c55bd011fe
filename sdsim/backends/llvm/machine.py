"""The processor a kernel is made for, its features and its levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdsim.base.errors import ModelError


@dataclass(frozen=True)
class Machine:
    """cpu and features are LLVM's names; ``wide``: 512-bit vectors; ``vectors``: AVX2 or better.

    triple : LLVM's name for another kind of system, for which this process can only compile.
    """

    cpu: str
    features: str
    wide: bool = False
    vectors: bool = False
    triple: str = ""

    @property
    def piece(self) -> int:
        """The most lanes in one call of a mathematical function, so that they fit in registers."""
        return 16 if self.wide else 8

    @property
    def reloc(self) -> str:
        """How code refers to addresses: WebAssembly has no place that is far away."""
        return "static" if self.triple.startswith("wasm") else "pic"

    @property
    def attributes(self) -> str:
        """The attributes given to every function."""
        size = 512 if self.wide else 256 if self.vectors else 128
        return f'nounwind "prefer-vector-width"="{size}" "min-legal-vector-width"="{size}"'


_V2 = ("cx16", "sahf", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2")
_V3 = (*_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave")
_WIDE = ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")

#: Levels of each architecture, lowest first, with the features that code for them may use. Source:
#: System V ABI, AMD64 supplement 1.0, table 3.1; every AArch64 processor has NEON.
LEVELS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "x86_64": {"x86-64": (), "x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": (*_V3, *_WIDE)},
    "aarch64": {"armv8-a": ()},
}
#: LLVM's name of a level, where it differs.
_CPUS = {"armv8-a": "generic"}


@dataclass(frozen=True)
class Processor:
    """The processor of this process, as reported by its own instructions and the system.

    architecture : first part of LLVM's triple.   features : the known features, and whether
    it has each of them; empty if the system does not tell.
    """

    architecture: str
    cpu: str
    features: Mapping[str, bool]

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Levels of its architecture, lowest first, whether or not it supports them."""
        architecture = {"arm64": "aarch64", "amd64": "x86_64"}.get(
            self.architecture, self.architecture
        )
        return LEVELS.get(architecture, {})

    def lacks(self, level: str) -> list[str]:
        """The features of a level that this processor is not known to have."""
        return [f for f in self.levels[level] if not self.features.get(f, False)]

    @property
    def runnable(self) -> list[str]:
        """The levels that it supports, lowest first."""
        return [level for level in self.levels if not self.lacks(level)]

    def machine(self) -> Machine:
        """This processor with all its features."""
        has = self.features.get
        flat = ",".join(f"{'+' if has(f) else '-'}{f}" for f in sorted(self.features))
        wide = all(has(f, False) for f in _WIDE)
        return Machine(self.cpu, flat, wide, bool(has("avx2", False)))

    def checked(self, level: str) -> Machine:
        """A level, provided that this processor supports it.

        Raises
        ------
        ModelError : its architecture has no such level, or it lacks some of the level's features.
        """
        remedy = "leave features out for all that this processor has"
        if self.runnable:
            remedy = f"choose from {', '.join(self.runnable)}, or {remedy}"
        if level not in self.levels:
            raise ModelError(f"features: no level '{level}' of {self.architecture}", remedy=remedy)
        lacking = self.lacks(level)
        if lacking:
            raise ModelError(
                f"features: this processor ({self.cpu}) cannot run '{level}', it lacks "
                f"{', '.join(lacking)}",
                remedy=remedy,
            )
        return level_of(level)


def level_of(level: str) -> Machine:
    """A level by name, whether or not this processor supports it: for compiling, not running."""
    return Machine(
        _CPUS.get(level, level), "", level == "x86-64-v4", level in ("x86-64-v3", "x86-64-v4")
    )
