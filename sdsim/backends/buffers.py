"""Buffers of the reference back end: the past values that a program keeps, members along an axis.

`sdsim.ir.program.Buffer` defines their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Ints, keepable
from sdsim.ir.program import HALF, NEAR, ROWS, SCALED, Buffer

#: Maps the number of a value in the program to the row that holds it.
Row = Callable[[int], int]


class Kept(Protocol):
    """The memory of one buffer."""

    def read(self) -> Floats:
        """(n_member,) the current output."""

    def push(self, *values: Floats) -> None:
        """Store the values at the end of a step, each (n_member,), and move on to the next step."""


class Past:
    """All buffers of a program during one march of a given number of steps.

    Raises
    ------
    ModelError : they would store more than `sdsim.base.limits.KEPT_NUMBERS`.
    """

    def __init__(self, buffers: Sequence[Buffer], row: Row, fixed: Floats, steps: int) -> None:
        count = fixed.shape[1]
        rows = sum(a * steps + b for a, b in (ROWS[x.kind] for x in buffers))
        keepable(rows * count, steps)
        self._push = [[row(v) for v in b.push] for b in buffers]
        self._kept: list[Kept] = [
            _KINDS[b.kind](steps, *(fixed[row(v)] for v in b.start)) for b in buffers
        ]

    def read(self, buffer: int) -> Floats:
        """The current output of a buffer."""
        return self._kept[buffer].read()

    def push(self, v: Floats) -> None:
        """End a step, given all values at its beginning."""
        for kept, rows in zip(self._kept, self._push, strict=True):
            kept.push(*(v[r] for r in rows))


def _counted(steps: Floats, most: int) -> Ints:
    """Numbers of steps as integers from 1 to ``most``, halves rounded up; NaN becomes 1."""
    with np.errstate(invalid="ignore"):
        whole = np.nan_to_num(np.floor(steps + HALF), nan=1.0)
        out: Ints = np.clip(whole, 1, most).astype(np.int64)
    return out


class _Fixed:
    """All values so far, read with a lag in steps."""

    def __init__(self, steps: int, initial: Floats, lag: Floats) -> None:
        self._initial, self._lag = initial, _counted(lag, steps + 1)
        self._values = np.empty((steps + 1, initial.size))
        self._members, self._now = np.arange(initial.size), 0

    def read(self) -> Floats:
        at = self._now - self._lag
        before = self._values[np.maximum(at, 0), self._members]
        out: Floats = np.where(at >= 0, before, self._initial)
        return out

    def push(self, *values: Floats) -> None:
        self._values[self._now] = values[0]
        self._now += 1


class _Slots:
    """A slot for every step, filled in advance; -0.0 marks an empty slot and is never stored."""

    def __init__(self, steps: int, initial: Floats, lag: Floats) -> None:
        self._steps, self._now, self._members = steps, 0, np.arange(initial.size)
        early = np.arange(steps + 2)[:, None] < _counted(lag, steps + 1)
        self._slots = np.where(early, initial + 0.0, -0.0)

    def read(self) -> Floats:
        out: Floats = self._slots[self._now]
        return out

    def place(self, value: Floats, lag: Floats) -> tuple[Ints, Floats, Floats]:
        """The slot where a value arrives (the last is beyond the end), its content, the value."""
        at = np.minimum(self._now + _counted(lag, self._steps + 1), self._steps + 1)
        return at, self._slots[at, self._members], value + 0.0

    def fill(self, at: Ints, value: Floats, missing: Floats) -> None:
        """Fill a slot, then make sure that the next step's slot is not empty."""
        self._slots[at, self._members] = value
        self._now += 1
        now = self._slots[self._now]
        self._slots[self._now] = np.where((now == 0.0) & np.signbit(now), missing, now)

    def push(self, *values: Floats) -> None:
        raise NotImplementedError


class _Material(_Slots):
    def push(self, *values: Floats) -> None:
        value, lag, missing = values
        at, there, value = self.place(value, lag)
        with np.errstate(all="ignore"):
            self.fill(at, there + value, missing)


class _Information(_Slots):
    def push(self, *values: Floats) -> None:
        at, _, value = self.place(*values)
        self.fill(at, value, self.read())


class _Belt:
    """Pieces in a row, each with an amount and a width; the first is empty, the rest of the belt.

    The common factor of all amounts is stored separately and applied when it becomes small.
    """

    def __init__(self, steps: int, initial: Floats, room: Floats) -> None:
        count = initial.size
        self._amount, self._width = np.zeros((2, steps + 1, count))
        self._out, self._scale = initial, np.ones(count)
        self._first = np.zeros(count, dtype=np.int64)
        self._left, self._owed = 1.0 - room, np.zeros(count)  # left of the first piece; room owed
        self._old, self._young = np.zeros((2, count), dtype=np.int64)  # pieces scaled once; never
        self._members, self._last = np.arange(count), 0

    def read(self) -> Floats:
        return self._out

    def push(self, *values: Floats) -> None:
        amount, width, room, keep = values
        with np.errstate(all="ignore"):
            self._last += 1
            self._amount[self._last] = amount / self._scale
            self._width[self._last] = width
            self._left = np.where(self._first == self._last, width, self._left)
            self._scale = self._scale * keep
            small = self._scale < SCALED
            if small.any():
                self._multiply(small)
            self._out = self._scale * self._taken(room)

    def _multiply(self, small: NDArray[np.bool_]) -> None:
        number = np.arange(self._last + 1)[:, None]
        here = self._amount[: self._last + 1]
        gone = small & (number >= self._old) & (number < self._young)
        young = small & (number >= self._young)
        here[:] = np.where(gone, 0.0, np.where(young, here * self._scale, here))
        self._old = np.where(small, self._young, self._old)
        self._young = np.where(small, self._last + 1, self._young)
        self._scale = np.where(small, 1.0, self._scale)

    def _taken(self, room: Floats) -> Floats:
        """The amount on the first ``room`` of the belt, which is taken off."""
        need, near = room + self._owed, NEAR * room
        got = np.zeros_like(room)
        going = ~(need <= 0.0)
        while going.any():
            at = np.minimum(self._first, self._last), self._members
            whole = going & (self._left - need <= near)
            part = going & ~whole
            share = np.where(part, self._amount[at] * (need / self._left), self._amount[at])
            got = np.where(going, got + share, got)
            self._amount[at] = np.where(part, self._amount[at] - share, self._amount[at])
            left = np.where(part, self._left - need, self._left)
            need = np.where(whole, need - self._left, np.where(part, 0.0, need))
            self._first = self._first + whole
            following = self._width[np.minimum(self._first, self._last), self._members]
            self._left = np.where(whole, following, left)
            going = whole & (need > near) & (self._first <= self._last)
        self._owed = need
        return got


_KINDS: dict[str, Callable[..., Kept]] = {
    "fixed": _Fixed,
    "material": _Material,
    "information": _Information,
    "belt": _Belt,
}
