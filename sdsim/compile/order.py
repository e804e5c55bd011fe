"""The order of evaluation: which element depends on which; loops are reported by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdsim.base import limits, names
from sdsim.base.errors import ModelError
from sdsim.compile.subscripts import Block, Positions, ground
from sdsim.functions import KEPT
from sdsim.functions.tables import COMPUTED
from sdsim.ir.expr import Call, Expr, Ref, children, is_constant, walk
from sdsim.ir.model import Model, label_of, shape_of


@dataclass(frozen=True)
class Ordered:
    """A model with its elements in order of evaluation.

    sequence : (block, index into its cells, initial?) with operands before the elements that use
        them; ``initial`` marks the value an element has at the start of a run.
    kinds : ``stock``, ``flow``, ``auxiliary``, ``constant``, ``lookup`` or ``data`` for each
        variable.
    """

    model: Model
    blocks: tuple[Block, ...]
    sequence: tuple[tuple[int, int, bool], ...]
    kinds: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    where: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = field(repr=False)


def order(model: Model) -> Ordered:
    """Put an expanded model in order of evaluation.

    Raises
    ------
    ModelError : an undefined name, a subscript that does not fit, an element with no equation or
        with two, an algebraic loop or circular initial values (shown as ``a -> b -> a``).
    """
    shapes = {k: shape_of(model, v) for k, v in model.variables.items()}
    total = sum(int(np.prod(s)) for s in shapes.values())
    if total > limits.ELEMENTS:
        raise ModelError(
            f"{total:,} elements in all, delays written out; at most {limits.ELEMENTS:,}",
            remedy=f"use coarser subscript ranges, {limits.TRUSTED}", file=model.file,
        )  # fmt: skip
    blocks: list[Block] = []
    where: dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
    for key, variable in model.variables.items():
        size = int(np.prod(shapes[key]))
        block_of = np.full(size, -1, dtype=np.int32)
        index_in = np.zeros(size, dtype=np.int32)
        for equation in variable.equations:
            try:
                block = ground(model, key, variable, equation, shapes[key])
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
    """The terms of a sum, including those inside differences, signs and bounds."""
    stack = [expr]
    while stack:
        node = stack.pop()
        bound = isinstance(node, Call) and node.name in ("max", "min")
        if bound or getattr(node, "op", None) in ("+", "-"):
            stack.extend(children(node))
        else:
            yield node


# --- order of evaluation ----------------------------------------------------------------------


class _Sorter:
    """Depth-first sort of elements, operands first, without recursion."""

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
        self._bases = np.asarray(self._base, dtype=np.int64)
        self._operands: dict[tuple[int, bool], list[list[int]]] = {}
        self._alone = {  # variables with one element, as most have
            key: self._base[int(owner[0])]
            for key, (owner, _) in where.items() if owner.size == 1 and owner[0] >= 0
        }  # fmt: skip

    def run(self) -> Iterator[tuple[int, int, bool]]:
        """The elements in order, each in the contexts in which something needs it."""
        for block in self._blocks:
            if block.root in ("integ", *KEPT):  # the net flow is read but does not affect the order
                for part in walk(block.equation.expr):
                    if isinstance(part, Ref) and part.name in self._model.variables:
                        self._nodes(block, part)
        done = bytearray(2 * self._total)  # 1 in progress, 2 done
        owner = np.repeat(np.arange(len(self._blocks)), [b.cells.size for b in self._blocks])
        roots = list(range(self._total))
        for i, block in enumerate(self._blocks):  # values needed only during the run come last
            if block.root in ("integ", "sample if true", *KEPT):
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
        """For each cell of a block, the nodes that its value depends on."""
        block = self._blocks[number]
        variable = self._model.variables[block.variable]
        known = variable.role != "equation" and block.root not in COMPUTED
        if known or block.root == "constant":
            return [[] for _ in range(block.cells.size)]
        size = block.cells.size
        columns: list[list[int]] = []
        for expr, start in parts_of(block, at_start):
            later = self._total if start else 0
            for node in walk(expr):
                if not isinstance(node, Ref):
                    continue
                if node.name in self._alone:
                    columns.append([self._alone[node.name] + later] * size)
                elif node.name in self._model.variables:
                    columns.append((self._nodes(block, node) + later).tolist())
        if not columns:
            return [[] for _ in range(size)]
        needs = [list(row) for row in zip(*columns, strict=True)]
        if block.root == "sample if true" and not at_start:  # its own name means the value held
            own = range(self._base[number], self._base[number + 1])
            needs = [[n for n in row if n != me] for me, row in zip(own, needs, strict=True)]
        return needs

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
                what, remedy="give it as a series (--data FILE: results that have it)"
                if variable.role == "data"
                else "write one, or read another element",
                file=self._model.file, line=block.equation.line,
                variable=names.spoken(user.name),
            )  # fmt: skip
        return self._bases[owners] + index_in[at]

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
    """The expressions a block's value reads, each with its context (true: at the start)."""
    expr = block.equation.expr
    if isinstance(expr, Call):
        a, kept = expr.args, KEPT.get(expr.name)
        if kept:
            return [(a[k], True) for k in reversed(kept.start)] if at_start else []
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
            case "sample if true", True:
                return [(a[2], True)]
            case "sample if true", False:
                return [(a[0], False), (a[1], False)]
    return [(expr, at_start)]
