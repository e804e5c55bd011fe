"""Subscripts: the elements each equation defines, and the elements it reads from others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError, counted, nearest, some
from sdsim.functions import NAMES, REFUSED
from sdsim.ir.expr import Call, Ref, is_constant, walk
from sdsim.ir.model import Equation, Model, Variable, shape_of

Positions = NDArray[np.int64]

#: The only element of a variable without subscripts; most equations use no other.
_ONLY: Positions = np.zeros(1, dtype=np.int64)
_ONLY.flags.writeable = False


@dataclass(frozen=True)
class Block:
    """One equation and the elements it defines.

    cells : (n,) positions of these elements in the flattened variable.
    at : for each reference in the expression (by ``id`` of its node), the (n,) positions it reads
        in the referenced variable; for a dimension name used as a number, (n,) numbers from 1.
    places : (n,) the positions of these elements among all ``width`` elements on the left-hand
        side, including those excepted; a table of numbers has its values in that order.
    """

    variable: str
    equation: Equation
    cells: Positions
    at: Mapping[int, Positions]
    places: Positions
    width: int

    @property
    def root(self) -> str:
        """The root form of the equation, or ``constant``, ``data``, ``lookup`` or ``auxiliary``."""
        expr = self.equation.expr
        if is_constant(expr):
            return "constant"
        return expr.name if isinstance(expr, Call) else "auxiliary"


def ground(
    model: Model, key: str, variable: Variable, equation: Equation, shape: tuple[int, ...]
) -> Block:
    subs = equation.subs
    if len(subs) != len(variable.dims):
        raise ModelError(
            f"has {counted(len(subs), 'subscript')} here and {len(variable.dims)} elsewhere",
            remedy="give every equation of it the same number",
        )
    if not subs:
        return Block(key, equation, _ONLY, _read(_Reader(model, (), (), 1), equation), _ONLY, 1)
    axes = [_along(model, s, d) for s, d in zip(subs, variable.dims, strict=True)]
    left = [
        [model.dimensions[d].elements[i] for i in a]
        for a, d in zip(axes, variable.dims, strict=True)
    ]
    size = math.prod(len(a) for a in axes)
    grid = np.indices([len(a) for a in axes]).reshape(len(axes), size)
    picked = [np.asarray(a, dtype=np.int64)[g] for a, g in zip(axes, grid, strict=True)]
    cells = _flat(picked, shape)
    keep = np.ones(cells.size, dtype=bool)
    for group in equation.excepts:
        out = np.ones(cells.size, dtype=bool)
        for p, (s, d) in enumerate(zip(group, variable.dims, strict=False)):
            out &= np.isin(picked[p], _meeting(model, s, d))
        keep &= ~out
    names_left = [[e[i] for i in g[keep]] for e, g in zip(left, grid, strict=True)]
    reader = _Reader(model, subs, names_left, int(keep.sum()))
    at = _read(reader, equation)
    return Block(key, equation, cells[keep], at, np.flatnonzero(keep), size)


def _read(reader: _Reader, equation: Equation) -> dict[int, Positions]:
    """The positions read by each reference of an equation, by ``id`` of its node."""
    at: dict[int, Positions] = {}
    for node in walk(equation.expr):
        if isinstance(node, Ref | Call) and id(node) not in at:
            found = reader.positions(node)
            if found is not None:
                at[id(node)] = found
    return at


def _flat(axes: Sequence[Positions], shape: tuple[int, ...]) -> Positions:
    """Positions in the flattened variable, from positions along each dimension."""
    return np.ravel_multi_index(tuple(axes), shape).astype(np.int64)


def _along(model: Model, sub: str, dim: str) -> list[int]:
    """Positions in ``dim`` of an element, or of the elements of a dimension."""
    elements = {e: i for i, e in enumerate(model.dimensions[dim].elements)}
    if sub in elements:
        return [elements[sub]]
    if sub in model.dimensions:
        inside = model.dimensions[sub].elements
        if all(e in elements for e in inside):
            return [elements[e] for e in inside]
    raise _bad_subscript(model, sub, dim)


def _meeting(model: Model, sub: str, dim: str) -> list[int]:
    """The same for exceptions, which may lie partly or wholly outside ``dim``."""
    inside = model.dimensions[sub].elements if sub in model.dimensions else (sub,)
    return [i for i, e in enumerate(model.dimensions[dim].elements) if e in inside]


def _bad_subscript(model: Model, sub: str, dim: str) -> ModelError:
    labels = model.dimensions[dim].labels
    known = [*labels, *(d.name for d in model.dimensions.values())]
    return ModelError(
        f"subscript '{sub}' is not an element of '{model.dimensions[dim].name}'",
        remedy=nearest(sub, known) or f"one of {some(labels)}",
    )


class _Reader:
    """Finds what the references of one equation read, for each element on the left-hand side."""

    def __init__(
        self, model: Model, subs: Sequence[str], left: Sequence[Sequence[str]], size: int
    ) -> None:
        self._model, self._size = model, size
        self._places: dict[str, dict[str, int]] = {}  # positions of elements, by dimension
        self._bound = {
            s: column for s, column in zip(subs, left, strict=True) if s in model.dimensions
        }

    def positions(self, node: Ref | Call) -> Positions | None:
        """(size,) positions read by ``node``; None for Time and for builtins."""
        variable = self._model.variables.get(node.name)
        if variable is None:
            if isinstance(node, Call):
                if node.name in NAMES:
                    return None
                if node.name in REFUSED:
                    what = f"{node.name.upper()} is not supported in this version"
                    raise UnsupportedError(what, remedy=REFUSED[node.name])
                raise ModelError(
                    f"unknown function '{node.name.upper()}'",
                    remedy=nearest(node.name, NAMES, 0.8) or "it is not supported by this version",
                )
            return self._number(node)
        if len(node.subs) != len(variable.dims):
            raise ModelError(
                f"'{variable.name}' has {counted(len(variable.dims), 'subscript')}, "
                f"used with {len(node.subs)}",
                remedy=f"{self._model.spelled(variable)}, or elements in their place"
                if variable.dims
                else self._model.spelled(variable),
            )
        if not node.subs:
            return _ONLY if self._size == 1 else np.zeros(self._size, dtype=np.int64)
        axes = [self._axis(s, d) for s, d in zip(node.subs, variable.dims, strict=True)]
        return _flat(axes, shape_of(self._model, variable))

    def _number(self, node: Ref) -> Positions | None:
        """The number, from 1, of a dimension's element or an element used as a number."""
        if node.name == names.TIME and not node.subs:
            return None
        dims = self._model.dimensions
        if node.name in self._bound:
            places = {e: i + 1 for i, e in enumerate(self._model.widest(node.name).elements)}
            return np.array([places[e] for e in self._bound[node.name]], dtype=np.int64)
        for bound, column in self._bound.items() if node.name in dims else ():
            if mapped := self._model.mapped(bound, node.name):
                places = {e: i + 1 for i, e in enumerate(dims[node.name].elements)}
                return np.array([places[mapped[e]] for e in column], dtype=np.int64)
        owner = next((k for k, d in dims.items() if node.name in d.elements), None)
        if owner is not None:
            place = self._model.widest(owner).elements.index(node.name) + 1
            return np.full(self._size, place, dtype=np.int64)
        known = [v.name for v in self._model.variables.values() if not v.hidden]
        raise ModelError(
            f"uses '{node.name}', which is undefined",
            remedy=nearest(node.name, known) or "define it",
        )

    def _axis(self, sub: str, dim: str) -> Positions:
        """(size,) positions along ``dim`` meant by the subscript ``sub``."""
        place = self._places.get(dim)
        if place is None:
            place = {e: i for i, e in enumerate(self._model.dimensions[dim].elements)}
            self._places[dim] = place
        if sub in self._bound:
            return self._placed(self._bound[sub], sub, dim, place)
        if sub in place:
            return np.full(self._size, place[sub], dtype=np.int64)
        if sub in self._model.dimensions:
            for bound, column in self._bound.items():
                mapped = self._model.mapped(bound, sub)
                if mapped:
                    return self._placed([mapped[e] for e in column], sub, dim, place)
            own = self._model.dimensions[sub]
            raise ModelError(
                f"the range '{own.name}' does not stand on the left of this equation",
                remedy=f"write one of {some(own.labels)}, or put it there; "
                f"SUM(...[{own.name}!]) runs over it",
            )
        raise _bad_subscript(self._model, sub, dim)

    def _placed(
        self, column: Sequence[str], sub: str, dim: str, place: Mapping[str, int]
    ) -> Positions:
        if not all(e in place for e in column):
            mapped = self._model.mapped(sub, dim)
            if not mapped:
                lost = next(e for e in column if e not in place)
                raise _bad_subscript(self._model, lost, dim)
            column = [mapped[e] for e in column]
        return np.array([place[e] for e in column], dtype=np.int64)
