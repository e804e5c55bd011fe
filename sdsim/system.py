"""A model made ready to run: read -> expand -> order -> lower -> back end, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Any

from sdsim import names, overrides
from sdsim.backends import default_backend
from sdsim.backends.base import Backend, Kernel
from sdsim.errors import ModelError
from sdsim.expand import expand
from sdsim.lower import lower
from sdsim.model import Model
from sdsim.order import Ordered, order
from sdsim.overrides import Overrides
from sdsim.program import Program
from sdsim.read import read


@dataclass(frozen=True)
class System:
    """A model with its program and the back end that runs it. Never changed by a run.

    model : as read (or as overridden).
    """

    model: Model
    backend: Backend = field(default_factory=default_backend)
    _kernels: dict[tuple[int, ...], Kernel] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def ordered(self) -> Ordered:
        """The expanded model in order of evaluation."""
        return order(expand(self.model))

    @cached_property
    def program(self) -> Program:
        """The flat list of scalar operations."""
        return lower(self.ordered)

    @property
    def kinds(self) -> Mapping[str, str]:
        """Stock, flow, auxiliary, constant, lookup or data, by canonical name."""
        return self.ordered.kinds

    @cached_property
    def places(self) -> dict[str, list[tuple[int, int]]]:
        """For each variable, (flat position, value in the program) of its elements."""
        out: dict[str, list[tuple[int, int]]] = {}
        for o in self.program.outputs:
            out.setdefault(o.name, []).append((o.cell, o.value))
        return out

    def kernel(self, wanted: Iterable[int]) -> Kernel:
        """The kernel for a set of values, compiled once."""
        key = tuple(wanted)
        if key not in self._kernels:
            self._kernels[key] = self.backend.compile(self.program, key)
        return self._kernels[key]

    def chosen(self, save: Iterable[str] | None) -> list[str]:
        """Canonical names of the variables to keep: those named, or all that the modeller wrote.

        Raises
        ------
        ModelError : an unknown name, or one that has no values over time.
        """
        if save is None:
            return [
                k for k in self.places
                if not self.ordered.model.variables[k].hidden and k not in names.CONTROL
            ]  # fmt: skip
        out = []
        for name in save:
            key = names.canonical(self.model.find(name).name)
            if key not in self.places:
                raise ModelError("is a lookup and has no values over time", variable=name)
            out.append(key)
        return list(dict.fromkeys(out))

    def overridden(self, changes: Overrides) -> tuple[System, Mapping[str, Mapping[int, float]]]:
        """A system with the structural changes put in, and the numbers left for its parameters."""
        model, parameters = overrides.apply(self.model, changes)
        return (self if model is self.model else System(model, self.backend)), parameters


def load(path: str | PathLike[str], *, backend: Backend | None = None, **options: Any) -> System:
    """Read a model file and make it ready to run.

    Parameters
    ----------
    path : a Vensim ``.mdl`` file.
    backend : None takes LLVM where ``llvmlite`` is installed, NumPy otherwise.
    options : passed to `sdsim.read.read`.

    Raises
    ------
    ModelError : the file cannot be used; the one-line message names place, fault and remedy.
    """
    return System(read(path, **options), backend or default_backend())
