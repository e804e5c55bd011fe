"""Which element of which variable is computed from which, and in what order; loops are named."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdsim import names
from sdsim.errors import ModelError, nearest
from sdsim.expand import is_constant
from sdsim.expr import Call, Expr, Ref, children, walk
from sdsim.functions import NAMES
from sdsim.model import Dimension, Equation, Model, Variable

#: The most elements a model may have in all.
MAX_CELLS = 2_000_000

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """One equation and the elements it defines.

    cells : (n,) positions of these elements in the flattened variable.
    at : for each reference in the expression (by ``id`` of its node) the (n,) positions it reads
        in the referenced variable; for the name of a dimension used as a number, (n,) numbers
        from 1.
    """

    variable: str
    equation: Equation
    cells: Positions
    at: Mapping[int, Positions]

    @property
    def root(self) -> str:
        """The root form of the equation, or ``constant``, ``data``, ``lookup`` or ``auxiliary``."""
        expr = self.equation.expr
        if is_constant(expr):
            return "constant"
        return expr.name if isinstance(expr, Call) else "auxiliary"


@dataclass(frozen=True)
class Ordered:
    """A model with its elements in order of evaluation.

    sequence : (block, index into its cells, initial?) with operands before their users;
        ``initial`` marks the value an element has at the start of a run.
    kinds : ``stock``, ``flow``, ``auxiliary``, ``constant``, ``lookup`` or ``data`` for each
        variable.
    """

    model: Model
    blocks: tuple[Block, ...]
    sequence: tuple[tuple[int, int, bool], ...]
    kinds: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    where: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = field(repr=False)


def shape_of(model: Model, variable: Variable) -> tuple[int, ...]:
    """(elements of each dimension) of a variable."""
    return tuple(len(e) for e in model.elements(variable.dims))


def order(model: Model) -> Ordered:
    """Put an expanded model in order.

    Raises
    ------
    ModelError : an undefined name, a subscript that does not fit, an element without an equation
        or with two, an algebraic loop or circular initial values (named ``a -> b -> a``).
    """
    shapes = {k: shape_of(model, v) for k, v in model.variables.items()}
    total = sum(int(np.prod(s)) for s in shapes.values())
    if total > MAX_CELLS:
        raise ModelError(f"{total:,} elements in all; the limit is {MAX_CELLS:,}", file=model.file)
    blocks: list[Block] = []
    where: dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
    for key, variable in model.variables.items():
        size = int(np.prod(shapes[key]))
        block_of = np.full(size, -1, dtype=np.int32)
        index_in = np.zeros(size, dtype=np.int32)
        for equation in variable.equations:
            try:
                block = _ground(model, key, variable, equation, shapes[key])
            except ModelError as e:
                raise e.at(file=model.file, line=equation.line, variable=variable.name) from None
            twice = block.cells[block_of[block.cells] >= 0]
            if twice.size:
                label = label_of(model, variable, int(twice[0]))
                raise ModelError(
                    f"'{label}' is defined twice",
                    remedy="remove one of its equations, or use :EXCEPT:",
                    file=model.file, line=equation.line,
                )  # fmt: skip
            block_of[block.cells] = len(blocks)
            index_in[block.cells] = np.arange(block.cells.size)
            blocks.append(block)
        where[key] = (block_of, index_in)
    sequence = tuple(_Sorter(model, blocks, where).run())
    return Ordered(model, tuple(blocks), sequence, kinds_of(model), shapes, where)


def kinds_of(model: Model) -> dict[str, str]:
    """Stock, flow, auxiliary, constant, lookup or data, for each variable."""
    kinds: dict[str, str] = {}
    flows: set[str] = set()
    for key, v in model.variables.items():
        roots = [e.expr for e in v.equations]
        if v.role != "equation":
            kinds[key] = v.role
        elif roots and all(is_constant(r) for r in roots):
            kinds[key] = "constant"
        elif any(isinstance(r, Call) and r.name == "integ" for r in roots):
            kinds[key] = "stock"
            for r in roots:
                if isinstance(r, Call) and r.name == "integ":
                    flows |= {n.name for n in _summands(r.args[0]) if isinstance(n, Ref)}
        else:
            kinds[key] = "auxiliary"
    return {k: "flow" if kind == "auxiliary" and k in flows else kind for k, kind in kinds.items()}


def _summands(expr: Expr) -> Iterator[Expr]:
    """The terms of a sum, differences and signs seen through."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if getattr(node, "op", None) in ("+", "-"):
            stack.extend(children(node))
        else:
            yield node


def label_of(model: Model, variable: Variable, cell: int) -> str:
    """``Name[a,b]`` for an element by its flat position."""
    shape = shape_of(model, variable)
    at = np.unravel_index(cell, shape) if shape else ()
    labels = tuple(model.labels(d)[int(i)] for d, i in zip(variable.dims, at, strict=True))
    return names.element_label(variable.name, labels)


# --- which elements an equation defines and reads ---------------------------------------------


def _ground(
    model: Model, key: str, variable: Variable, equation: Equation, shape: tuple[int, ...]
) -> Block:
    subs = equation.subs
    if len(subs) != len(variable.dims):
        raise ModelError(f"has {len(subs)} subscripts here and {len(variable.dims)} elsewhere")
    axes = [_along(model, s, d) for s, d in zip(subs, variable.dims, strict=True)]
    left = [
        [model.dimensions[d].elements[i] for i in a]
        for a, d in zip(axes, variable.dims, strict=True)
    ]
    size = math.prod(len(a) for a in axes)
    grid = np.indices([len(a) for a in axes]).reshape(len(axes), size)
    picked = [np.asarray(a, dtype=np.int64)[g] for a, g in zip(axes, grid, strict=True)]
    cells = _flat(picked, shape, size)
    keep = np.ones(cells.size, dtype=bool)
    for group in equation.excepts:
        out = np.ones(cells.size, dtype=bool)
        for p, (s, d) in enumerate(zip(group, variable.dims, strict=False)):
            out &= np.isin(picked[p], _along(model, s, d))
        keep &= ~out
    names_left = [[e[i] for i in g[keep]] for e, g in zip(left, grid, strict=True)]
    reader = _Reader(model, subs, names_left, int(keep.sum()))
    at: dict[int, Positions] = {}
    for node in walk(equation.expr):
        if isinstance(node, Ref | Call) and id(node) not in at:
            found = reader.positions(node)
            if found is not None:
                at[id(node)] = found
    return Block(key, equation, cells[keep], at)


def _flat(axes: Sequence[Positions], shape: tuple[int, ...], size: int) -> Positions:
    """Positions in the flattened variable from positions along each dimension."""
    if not shape:
        return np.zeros(size, dtype=np.int64)
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


def _bad_subscript(model: Model, sub: str, dim: str) -> ModelError:
    known = [*model.dimensions[dim].labels, *(d.name for d in model.dimensions.values())]
    return ModelError(
        f"subscript '{sub}' is no element of '{model.dimensions[dim].name}'",
        remedy=nearest(sub, known),
    )


class _Reader:
    """Finds what the references of one equation read, for each element on the left."""

    def __init__(
        self, model: Model, subs: Sequence[str], left: Sequence[Sequence[str]], size: int
    ) -> None:
        self._model, self._size = model, size
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
                raise ModelError(
                    f"unknown function '{node.name.upper()}'",
                    remedy=nearest(node.name, NAMES) or "it is not supported by this version",
                )
            return self._number(node)
        if len(node.subs) != len(variable.dims):
            raise ModelError(
                f"'{variable.name}' has {len(variable.dims)} subscripts, used with {len(node.subs)}"
            )
        if not node.subs:
            return np.zeros(self._size, dtype=np.int64)
        axes = [self._axis(s, d) for s, d in zip(node.subs, variable.dims, strict=True)]
        return _flat(axes, shape_of(self._model, variable), self._size)

    def _number(self, node: Ref) -> Positions | None:
        """A dimension or an element used as a number: its place, from 1."""
        if node.name == names.TIME and not node.subs:
            return None
        dims = self._model.dimensions
        if node.name in self._bound:
            places = {e: i + 1 for i, e in enumerate(self._largest(node.name).elements)}
            return np.array([places[e] for e in self._bound[node.name]], dtype=np.int64)
        owner = next((k for k, d in dims.items() if node.name in d.elements), None)
        if owner is not None:
            place = self._largest(owner).elements.index(node.name) + 1
            return np.full(self._size, place, dtype=np.int64)
        known = [v.name for v in self._model.variables.values() if not v.hidden]
        raise ModelError(
            f"uses '{node.name}', which is undefined", remedy=nearest(node.name, known)
        )

    def _largest(self, dim: str) -> Dimension:
        """The range that gives a name its number: the widest, the first by name among equals."""
        dims = self._model.dimensions
        mine = set(dims[dim].elements)
        wider = {k: d for k, d in dims.items() if mine <= set(d.elements)}
        return wider[min(wider, key=lambda k: (-len(wider[k].elements), k))]

    def _axis(self, sub: str, dim: str) -> Positions:
        """(size,) positions along ``dim`` that the subscript ``sub`` names."""
        place = {e: i for i, e in enumerate(self._model.dimensions[dim].elements)}
        if sub in self._bound:
            return self._placed(self._bound[sub], sub, dim, place)
        if sub in place:
            return np.full(self._size, place[sub], dtype=np.int64)
        if sub in self._model.dimensions:
            for bound, column in self._bound.items():
                mapped = self._mapped(bound, sub)
                if mapped:
                    return self._placed([mapped[e] for e in column], sub, dim, place)
        raise _bad_subscript(self._model, sub, dim)

    def _placed(
        self, column: Sequence[str], sub: str, dim: str, place: Mapping[str, int]
    ) -> Positions:
        if not all(e in place for e in column):
            mapped = self._mapped(sub, dim)
            if not mapped:
                lost = next(e for e in column if e not in place)
                raise _bad_subscript(self._model, lost, dim)
            column = [mapped[e] for e in column]
        return np.array([place[e] for e in column], dtype=np.int64)

    def _mapped(self, source: str, target: str) -> dict[str, str]:
        """For each element of ``source`` the element of ``target`` that goes with it."""
        a, b = self._model.dimensions[source], self._model.dimensions[target]
        if target in a.maps:
            return {e: images[0] for e, images in zip(a.elements, a.maps[target], strict=True)}
        if source in b.maps:
            return {
                image: e
                for e, images in zip(b.elements, b.maps[source], strict=True)
                for image in images
            }
        if set(a.elements) <= set(b.elements):
            return {e: e for e in a.elements}
        for middle in itertools.chain(a.maps, b.maps):
            if middle not in (source, target) and middle in self._model.dimensions:
                first = self._direct(source, middle)
                second = self._direct(middle, target)
                if first and second and all(v in second for v in first.values()):
                    return {e: second[v] for e, v in first.items()}
        return {}

    def _direct(self, source: str, target: str) -> dict[str, str]:
        a, b = self._model.dimensions[source], self._model.dimensions[target]
        if target in a.maps:
            return {e: i[0] for e, i in zip(a.elements, a.maps[target], strict=True)}
        if source in b.maps:
            return {i: e for e, im in zip(b.elements, b.maps[source], strict=True) for i in im}
        if set(a.elements) <= set(b.elements):
            return {e: e for e in a.elements}
        return {}


# --- order of evaluation ----------------------------------------------------------------------


class _Sorter:
    """Depth first over elements, operands first, without recursion."""

    def __init__(
        self,
        model: Model,
        blocks: Sequence[Block],
        where: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int32]]],
    ) -> None:
        self._model, self._blocks, self._where = model, blocks, where
        self._base, total = [0] * (len(blocks) + 1), 0
        for i, block in enumerate(blocks):
            self._base[i] = total
            total += block.cells.size
        self._base[-1] = self._total = total
        self._operands: dict[tuple[int, bool], list[list[int]]] = {}

    def run(self) -> Iterator[tuple[int, int, bool]]:
        """The elements in order, each in the context(s) in which something needs it."""
        done = bytearray(2 * self._total)  # 1 under way, 2 done
        owner = np.repeat(np.arange(len(self._blocks)), [b.cells.size for b in self._blocks])
        roots = list(range(self._total))
        for i, block in enumerate(self._blocks):  # what only a run's steps need comes last
            if block.root in ("integ", "delay fixed", "sample if true"):
                roots += range(self._total + self._base[i], self._total + self._base[i + 1])
        for root in roots:
            if done[root]:
                continue
            stack = [(root, iter(self._needs(root, owner)))]
            done[root] = 1
            while stack:
                node, needs = stack[-1]
                for other in needs:
                    if done[other] == 1:
                        raise self._loop([n for n, _ in stack], other, owner)
                    if not done[other]:
                        done[other] = 1
                        stack.append((other, iter(self._needs(other, owner))))
                        break
                else:
                    stack.pop()
                    done[node] = 2
                    mine = int(owner[node % self._total])
                    yield mine, node % self._total - self._base[mine], node >= self._total

    def _needs(self, node: int, owner: NDArray[np.int64]) -> list[int]:
        at_start = node >= self._total
        cell = node % self._total
        block = int(owner[cell])
        key = (block, at_start)
        if key not in self._operands:
            self._operands[key] = self._edges(block, at_start)
        return self._operands[key][cell - self._base[block]]

    def _edges(self, number: int, at_start: bool) -> list[list[int]]:
        """For each cell of a block, the nodes its value reads."""
        block = self._blocks[number]
        variable = self._model.variables[block.variable]
        if variable.role != "equation" or block.root == "constant":
            return [[] for _ in range(block.cells.size)]
        columns = []
        for expr, start in parts_of(block, at_start):
            for node in walk(expr):
                if isinstance(node, Ref) and node.name in self._model.variables:
                    columns.append(self._nodes(block, node) + (self._total if start else 0))
        return np.stack(columns, axis=1).tolist() if columns else [[] for _ in block.cells]

    def _nodes(self, block: Block, ref: Ref) -> Positions:
        block_of, index_in = self._where[ref.name]
        at = block.at[id(ref)]
        owners = block_of[at]
        variable = self._model.variables[ref.name]
        if (owners < 0).any():
            missing = label_of(self._model, variable, int(at[int(np.argmin(owners))]))
            user = self._model.variables[block.variable]
            what = (
                f"needs data for '{missing}'"
                if variable.role == "data"
                else f"uses '{missing}', which has no equation"
            )
            raise ModelError(
                what, remedy="give it as a series" if variable.role == "data" else "",
                file=self._model.file, line=block.equation.line, variable=user.name,
            )  # fmt: skip
        return np.asarray(self._base, dtype=np.int64)[owners] + index_in[at]

    def _loop(self, path: list[int], back: int, owner: NDArray[np.int64]) -> ModelError:
        ring = path[path.index(back) :] + [back]
        labels = []
        for node in ring:
            block = self._blocks[int(owner[node % self._total])]
            cell = int(block.cells[node % self._total - self._base[int(owner[node % self._total])]])
            labels.append(label_of(self._model, self._model.variables[block.variable], cell))
        first = self._blocks[int(owner[back % self._total])]
        at_start = back >= self._total
        shown = labels if len(labels) <= 12 else [*labels[:10], "…", labels[-1]]
        return ModelError(
            ("circular initial values: " if at_start else "algebraic loop: ") + " -> ".join(shown),
            remedy="give one of them an initial value of its own"
            if at_start
            else "a stock, delay or INITIAL must stand somewhere in it",
            file=self._model.file,
            line=first.equation.line,
            variable=self._model.variables[first.variable].name,
        )


def parts_of(block: Block, at_start: bool) -> list[tuple[Expr, bool]]:
    """What the value of a block reads: expressions, each in its context (true: at the start)."""
    expr = block.equation.expr
    if isinstance(expr, Call):
        a = expr.args
        match expr.name, at_start:
            case "integ", True:
                return [(a[1], True)]
            case "integ", False:
                return []
            case "initial", _:
                return [(a[0], True)]
            case "active initial", True:
                return [(a[1], True)]
            case "active initial", False:
                return [(a[0], False)]
            case "delay fixed", True:
                return [(a[1], True), (a[2], True)]
            case "delay fixed", False:
                return []
            case "sample if true", True:
                return [(a[2], True)]
            case "sample if true", False:
                return [(a[0], False), (a[1], False)]
    return [(expr, at_start)]
