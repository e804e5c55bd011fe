"""Program -> callable. Two back ends read the same list: NumPy (the reference) and LLVM."""

from __future__ import annotations

from sdsim.backends.base import Backend
from sdsim.backends.llvm import Llvm, available
from sdsim.backends.numpy import Numpy


def default_backend() -> Backend:
    """LLVM where its compiler is installed, otherwise NumPy."""
    return Llvm() if available() else Numpy()


__all__ = ["Llvm", "Numpy", "default_backend"]
