"""A model made ready to run: read -> expand -> order -> lower -> back end, in one object."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from sdsim import overrides
from sdsim.backends import default_backend
from sdsim.backends.base import Backend, Kernel
from sdsim.base import cache as cache_folder
from sdsim.base import names
from sdsim.base.errors import ModelError, said
from sdsim.base.garbage import no_collection
from sdsim.compile.expand import expand
from sdsim.compile.lower import lower
from sdsim.compile.order import Ordered, order
from sdsim.ir.equations import equation_text
from sdsim.ir.model import Model, shape_of
from sdsim.ir.program import Program, from_bytes, to_bytes
from sdsim.overrides import Overrides
from sdsim.readers import read

#: Source folders on which the translation from model to program depends.
ROOMS = ("base", "ir", "functions", "compile")
#: How many systems with structural overrides are kept ready.
MAX_VARIANTS = 32


@dataclass(frozen=True, repr=False)
class System:
    """A model with its program and the back end that runs it; a run never changes it.

    It can be pickled and copied at any time; compiled code and caches are not carried along.

    model : as read (or with overrides applied).
    cached : whether to use the user's cache folder for the program.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> model.kinds["teacup temperature"]
    'stock'
    >>> model.value("room temperature")
    70.0
    >>> model.variables.loc["Heat Loss to Room", "equation"]
    '(Teacup Temperature - Room Temperature) / Characteristic Time'
    """

    model: Model
    backend: Backend = field(default_factory=default_backend)
    cached: bool = False
    _kernels: dict[tuple[int, ...], Kernel] = field(default_factory=dict, compare=False)
    _variants: dict[str, System] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return f"<System {self.model.counts()}, {self.backend.name}>"

    def __reduce__(self) -> tuple[type[System], tuple[Model, Backend, bool]]:
        return System, (self.model, self.backend, self.cached)

    def _repr_html_(self) -> str:
        """The HTML shown in notebooks: one line, and the table of variables."""
        return f"<p>{html.escape(repr(self))}</p>{self.variables.to_html(max_rows=40)}"

    @property
    def variables(self) -> pd.DataFrame:
        """A table with a row for each variable the modeller wrote, in file order.

        Index: the name, with its subscript ranges. Columns: ``kind`` (stock, flow, auxiliary,
        constant, lookup, data), ``units``, ``low`` and ``high`` (declared range; NaN for an open
        end), ``group``, ``documentation``, ``equation``.
        """
        model, rows = self.model, {}
        for key, v in model.variables.items():
            if not v.hidden:
                over = ",".join(model.dimensions[d].name for d in v.dims)
                low, high = (math.nan if end is None else end for end in v.limits)
                rows[f"{v.name}[{over}]" if over else v.name] = (
                    self.kinds[key], v.units, low, high, v.group, v.doc, equation_text(model, v)
                )  # fmt: skip
        columns = ["kind", "units", "low", "high", "group", "documentation", "equation"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("name")

    def value(self, name: str) -> float | np.ndarray[Any, np.dtype[np.float64]]:
        """The value of a constant, in model units: a number, or an array in the shape of its
        subscripts. For one element (``"rate[north]"``), a number.

        Raises
        ------
        ModelError : no such name, or the variable is not a constant.
        """
        if not isinstance(name, str):
            what = f"expected the name of a constant, got {said(name)}"
            raise ModelError(what, remedy="write it as text")
        variable, cells = overrides.locate(self.model, name)
        key = names.canonical(variable.name)
        if self.kinds[key] == "lookup":
            remedy = 'its points are in the column "equation" of model.variables'
            raise ModelError("is a lookup and has no single value", variable=name, remedy=remedy)
        own = {c: i for i, (k, c) in enumerate(self.program.param_cells) if k == key}
        if not own or self.kinds[key] != "constant":
            what = f"is not a constant; its kind is {self.kinds[key]}"
            remedy = "run the model: sdsim.simulate(model)[name]"
            raise ModelError(what, variable=name, remedy=remedy)
        shape = shape_of(self.model, variable)
        wanted = range(math.prod(shape)) if cells is None else cells
        found = np.array([self.program.defaults[own[c]] if c in own else math.nan for c in wanted])
        if len(found) == 1 and (cells is not None or not shape):
            return float(found[0])
        return found.reshape(shape) if cells is None else found

    @cached_property
    def ordered(self) -> Ordered:
        """The expanded model in order of evaluation."""
        return order(expand(self.model))

    @cached_property
    def program(self) -> Program:
        """The program: the model as a flat list of scalar operations."""
        with no_collection():
            return self._kept() if self.cached else lower(self.ordered)

    def _kept(self) -> Program:
        """The program, from the cache if possible; otherwise it is made and stored there."""
        name = f"{self.model.hash}-{cache_folder.source_digest(*ROOMS)}"
        body = cache_folder.load("programs", name)
        if body is not None:
            with suppress(ValueError, KeyError, TypeError, IndexError):
                return from_bytes(body)
        made = lower(self.ordered)
        cache_folder.store("programs", name, to_bytes(made))
        return made

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
        """The kernel for a set of wanted values, compiled once."""
        key = tuple(wanted)
        if key not in self._kernels:
            self._kernels[key] = self.backend.compile(self.program, key)
        return self._kernels[key]

    def chosen(self, save: Iterable[str] | None) -> list[str]:
        """Canonical names of the variables to save: those named, or all that the modeller wrote.

        Naming an element saves its whole variable; a plain string is one name.

        Raises
        ------
        ModelError : an unknown name, or a variable without values over time.
        """
        if save is None:
            return [
                k for k in self.places
                if k in self.model.variables and not self.model.variables[k].hidden
                and k not in names.CONTROL
            ]  # fmt: skip
        out = []
        for name in (save,) if isinstance(save, str) else save:
            if not isinstance(name, str):
                raise ModelError(
                    f"expected a name to save, got {said(name)}", remedy="write names as text"
                )
            key = names.canonical(overrides.locate(self.model, name)[0].name)
            if key not in self.places:
                raise ModelError(
                    "is a lookup and has no values over time",
                    variable=name,
                    remedy="name a variable that changes",
                )
            out.append(key)
        return list(dict.fromkeys(out))

    def overridden(self, changes: Overrides) -> tuple[System, Mapping[str, Mapping[int, float]]]:
        """A system with the structural changes applied, and the rest as parameter values."""
        model, parameters = overrides.apply(self.model, changes)
        return self._variant(model), parameters

    def serving(self, cases: Mapping[str, Overrides]) -> tuple[System, overrides.Together]:
        """A system that serves several cases, and what differs between them."""
        both = overrides.together(self.model, cases, self._default)
        return self._variant(both.model), both

    def _default(self, key: str, cell: int) -> float:
        """The number of an element of a constant (canonical name, flat position)."""
        return self.program.defaults[self.program.param_places[key, cell]]

    def _variant(self, model: Model) -> System:
        """The system of a changed model, kept ready for the next time."""
        if model is self.model:
            return self
        if model.hash not in self._variants:
            if len(self._variants) >= MAX_VARIANTS:
                self._variants.pop(next(iter(self._variants)))
            self._variants[model.hash] = System(model, self.backend, self.cached)
        return self._variants[model.hash]


def checked_system(system: object) -> System:
    """``system``, if it is a `System`.

    Raises
    ------
    ModelError : a path or a `Model` was given instead.
    """
    if isinstance(system, System):
        return system
    got = repr(str(system)) if isinstance(system, str | PathLike) else type(system).__name__
    remedy = "use sdsim.load(path)"
    if isinstance(system, Model):
        remedy += ", or sdsim.System(model)"
    raise ModelError(f"expected a System, got {got}", remedy=remedy)


def load(
    path: str | PathLike[str],
    *,
    backend: Backend | None = None,
    data_folder: str | PathLike[str] | None = None,
    cache: bool = True,
) -> System:
    """Read a model file and make it ready to run.

    Parameters
    ----------
    path : a Vensim ``.mdl`` file.
    backend : None uses LLVM if ``llvmlite`` is installed, otherwise NumPy.
    data_folder : the folder in which external data may be; by default the model's own.
    cache : whether to use the cache of parsed models and programs.

    Raises
    ------
    ModelError : the file cannot be used; the one-line message names place, fault and remedy.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model)
    >>> round(float(run["Teacup Temperature"][-1]), 2)
    75.37
    """
    model = read(path, cache=cache, data_folder=data_folder)
    return System(model, backend or default_backend(), cache)
