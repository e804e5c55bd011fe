"""What a back end offers: one protocol, so that a run has no branch for any of them."""

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
        """The time of step ``k``, by one multiplication so that errors do not add up."""
        return self.start + k * self.step

    @property
    def times(self) -> Floats:
        """(n_saved,) the times at which outputs are kept."""
        return np.array([self.time(k) for k in self.saved], dtype=np.float64)


def keepable(numbers: int, steps: int) -> None:
    """Refuse a run whose fixed delays and functions of time keep too much at once.

    Raises
    ------
    ModelError : see `sdsim.base.limits.KEPT_NUMBERS`; without a place.
    """
    if numbers > limits.KEPT_NUMBERS:
        raise ModelError(
            f"fixed delays and functions of time keep {numbers:,} numbers over {steps:,} steps; "
            f"at most {limits.KEPT_NUMBERS:,}",
            remedy=f"use a larger TIME STEP or fewer DELAY FIXED, {limits.TRUSTED}",
        )


@dataclass(frozen=True)
class Members:
    """The runs of a batch: their parameters, and what their random streams depend on.

    params : (n_param, n_member), model units.
    numbers : (n_member,) the member's own number, whatever its place in the batch.
    moving : the only parameters in which members differ, here and in the batches that are likely to
        follow; None where that is not known. No bit depends on it; a kernel may be quicker for it.
    """

    params: Floats
    numbers: Ints
    seed: int = 0
    moving: frozenset[int] | None = None

    @property
    def count(self) -> int:
        """How many members."""
        return int(self.params.shape[1])

    def some(self, chosen: slice | NDArray[np.intp]) -> Members:
        """Some of them, by their places in the batch."""
        params = np.ascontiguousarray(self.params[:, chosen])
        return replace(self, params=params, numbers=self.numbers[chosen])


@dataclass(frozen=True)
class March:
    """What a fixed-step run leaves.

    values : (n_saved, n_wanted, n_member); from the first non-finite step on they mean nothing.
    stopped : (n_member,) number of the first step at which a wanted value, or a state that wanted
        values stand on, was not finite; -1 where all went well.
    """

    values: Floats
    stopped: Ints


class Kernel(Protocol):
    """A program made ready to run for one set of wanted values.

    States are (n_state, n_member), invariants opaque to the caller: what `start` returned.
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
        """A whole run on ``grid``: ``stages`` 1 is Euler, 4 the classical Runge-Kutta."""


class Backend(Protocol):
    """Makes kernels."""

    @property
    def name(self) -> str:
        """How results name it."""

    def compile(self, program: Program, wanted: Sequence[int]) -> Kernel:
        """A kernel that keeps the values ``wanted`` and computes only what they stand on."""
