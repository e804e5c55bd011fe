"""Integration methods, one file each: every method is an object with its own settings."""

from importlib import import_module
from pkgutil import iter_modules

from sdsim.run.methods.adaptive import SOLVERS, Adaptive
from sdsim.run.methods.base import (
    METHODS,
    Marched,
    Method,
    Setting,
    Stop,
    batch_names,
    checked_method,
    in_batches,
    method_named,
    register,
)
from sdsim.run.methods.euler import Euler
from sdsim.run.methods.fixed_step import FixedStep, Rates
from sdsim.run.methods.rk4 import RK4

for _found in iter_modules(__path__):  # a new file in this folder is a new method
    import_module(f"{__name__}.{_found.name}")

__all__ = [
    "METHODS", "RK4", "SOLVERS", "Adaptive", "Euler", "FixedStep", "Marched", "Method", "Rates",
    "Setting", "Stop", "batch_names", "checked_method", "in_batches", "method_named", "register",
]  # fmt: skip
