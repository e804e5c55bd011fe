"""Program -> callable. Two back ends read the same list: NumPy (the reference) and LLVM."""

from __future__ import annotations

from importlib.util import find_spec

from sdsim.backends.base import Backend
from sdsim.backends.numpy import Numpy


def default_backend() -> Backend:
    """LLVM where its compiler is installed, otherwise NumPy."""
    if find_spec("llvmlite") is None or find_spec("sdsim.backends.llvm") is None:
        return Numpy()
    from sdsim.backends.llvm import Llvm  # the one door to the compiler, opened only when used

    return Llvm()


__all__ = ["Numpy", "default_backend"]
