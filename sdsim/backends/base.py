"""The interface of a back end: one protocol, so that runs need no branch for any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdsim.base import limits
from sdsim.base.errors import ModelError
from sdsim.ir.program import Program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """The times of a fixed-step run: ``start + k * step`` for k = 0 .. ``steps``.

    saved : (n_saved,) increasing step numbers at which outputs are kept.
    """

    start: float
    step: float
    steps: int
    saved: tuple[int, ...]

    def time(self, k: int) -> float:
        """The time of step ``k``, by one multiplication so that errors do not accumulate."""
        return self.start + k * self.step

    @property
    def times(self) -> Floats:
        """(n_saved,) the times at which outputs are kept."""
        return np.array([self.time(k) for k in self.saved], dtype=np.float64)


def keepable(numbers: int, steps: int) -> None:
    """Refuse a run whose fixed delays and functions of time store too much at once.

    Raises
    ------
    ModelError : more than `sdsim.base.limits.KEPT_NUMBERS`; without a place.
    """
    if numbers > limits.KEPT_NUMBERS:
        raise ModelError(
            f"fixed delays and functions of time keep {numbers:,} numbers over {steps:,} steps; "
            f"at most {limits.KEPT_NUMBERS:,}",
            remedy=f"use a larger TIME STEP or fewer DELAY FIXED, {limits.TRUSTED}",
        )


@dataclass(frozen=True)
class Tables:
    """The tables that come with members instead of being part of the program.

    points : tables, as `sdsim.backends.pieces.pieces_of` stores them.
    of : (n_given, n_member) for each given table of the program and each member, which of them.
    """

    points: tuple[Floats, ...]
    of: Ints

    def some(self, chosen: slice | NDArray[np.intp]) -> Tables:
        """The tables of some of the members."""
        return replace(self, of=np.ascontiguousarray(self.of[:, chosen]))


@dataclass(frozen=True)
class Members:
    """The runs of a batch: their parameters, and the numbers that select their random streams.

    params : (n_param, n_member), model units.
    numbers : (n_member,) each member's own number, whatever its position in the batch.
    moving : the only parameters that differ between members, here and in the batches likely to
        follow; None if unknown. It never changes a bit of the results but may speed up a kernel.
    tables : for a program with given tables.
    """

    params: Floats
    numbers: Ints
    seed: int = 0
    moving: frozenset[int] | None = None
    tables: Tables | None = None

    @property
    def count(self) -> int:
        """The number of members."""
        return int(self.params.shape[1])

    def some(self, chosen: slice | NDArray[np.intp]) -> Members:
        """Some of the members, by their positions in the batch."""
        params = np.ascontiguousarray(self.params[:, chosen])
        tables = self.tables and self.tables.some(chosen)
        return replace(self, params=params, numbers=self.numbers[chosen], tables=tables)


def given_with(members: Members) -> Tables:
    """The tables of members of a program that needs some.

    Raises
    ------
    ValueError : there are none.
    """
    if members.tables is None:
        raise ValueError("the program has given tables, the members have none")
    return members.tables


@dataclass(frozen=True)
class March:
    """The result of a fixed-step run.

    values : (n_saved, n_wanted, n_member); meaningless from the first non-finite step on.
    stopped : (n_member,) number of the first step at which a wanted value, or a state that wanted
        values depend on, was not finite; -1 if there was none.
    """

    values: Floats
    stopped: Ints


class Kernel(Protocol):
    """A program made ready to run for one set of wanted values.

    States are (n_state, n_member); invariants are whatever `start` returned, opaque to the caller.
    """

    program: Program
    wanted: tuple[int, ...]

    def start(self, members: Members) -> tuple[Floats, Floats]:
        """Initial states (n_state, n_member) and invariants (any, n_member)."""

    def rates(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats, members: Members
    ) -> Floats:
        """(n_state, n_member): change per unit of time; for held states their next value."""

    def observe(
        self, time: float, event: float, step: int, states: Floats, fixed: Floats, members: Members
    ) -> Floats:
        """(n_wanted, n_member): the wanted values at one time."""

    def march(self, members: Members, grid: Grid, stages: int) -> March:
        """A whole run on ``grid``; ``stages`` is 1 for Euler, 4 for classical Runge-Kutta."""


class Backend(Protocol):
    """Makes kernels."""

    @property
    def name(self) -> str:
        """The name of the back end in results."""

    def compile(self, program: Program, wanted: Sequence[int]) -> Kernel:
        """A kernel that saves the ``wanted`` values and computes only what they depend on."""
