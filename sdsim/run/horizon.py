"""When a run starts, ends and saves, and its step; numbers already checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdsim.backends.base import Floats, Grid


@dataclass(frozen=True)
class Horizon:
    """When a run starts and ends, its step, and when it saves, all in model time.

    only : (n_saved,) numbers of the steps to save, instead of every ``saveper``.
    """

    start: float
    stop: float
    step: float
    saveper: float
    only: tuple[int, ...] | None = None

    def saving(self, steps: Sequence[int]) -> Horizon:
        """The same run, saved only at these steps (increasing numbers); it ends at the last one."""
        stop = self.start + steps[-1] * self.step
        return replace(self, stop=stop, only=tuple(int(k) for k in steps))

    def grid(self) -> Grid:
        """The grid of steps; it never goes beyond ``stop``."""
        if self.only is not None:
            return Grid(self.start, self.step, self.only[-1], self.only)
        steps = int(np.floor((self.stop - self.start) / self.step * (1 + 1e-12) + 1e-9))
        each = max(self.saveper / self.step, 1e-9)
        at = np.unique(np.minimum(np.rint(np.arange(self._count) * each).astype(np.int64), steps))
        return Grid(self.start, self.step, steps, tuple(int(k) for k in at))

    def due(self) -> Floats:
        """(n_saved,) the times at which a run without a grid saves."""
        if self.only is not None:
            return self.grid().times
        out: Floats = np.minimum(self.start + self.saveper * np.arange(self._count), self.stop)
        return out

    @property
    def _count(self) -> int:
        """How many times a run saves."""
        return int(np.floor((self.stop - self.start) / self.saveper * (1 + 1e-12) + 1e-9)) + 1
