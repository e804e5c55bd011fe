"""Methods with a fixed step: the time loop, and the methods that back ends compile."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from sdsim.backends.base import Floats, Grid, Ints, Kernel, Members
from sdsim.base import names
from sdsim.base.errors import UnsupportedError
from sdsim.run.horizon import Horizon
from sdsim.run.methods.base import Marched, Method, positive
from sdsim.run.system import System

#: Rates of change (n_state, n_member) at a time and state; 0 for states that change by jumps.
Rates = Callable[[float, Floats], Floats]


@dataclass(frozen=True)
class FixedStep(Method):
    """A method with a fixed step, defined by one formula: write ``step``.

    dt : step in units of model time; None takes the model's TIME STEP.

    Examples
    --------
    The midpoint method, of order 2::

        @register
        @dataclass(frozen=True)
        class Midpoint(FixedStep):
            name: ClassVar[str] = "midpoint"
            stages: ClassVar[int] = 2

            def step(self, rates, time, state, dt):
                half = state + dt / 2 * rates(time, state)
                return state + dt * rates(time + dt / 2, half)
    """

    dt: float | None = None
    on_grid: ClassVar[bool] = True
    batches: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.dt is not None:
            positive("dt", self.dt)

    def __str__(self) -> str:
        own = type(self).__name__
        return own if self.dt is None else f"{own}(dt={self.dt:g})"

    def with_step(self, dt: float) -> Self:
        """The same method with another step, model time."""
        return replace(self, dt=dt)

    @abstractmethod
    def step(self, rates: Rates, time: float, state: Floats, dt: float) -> Floats:
        """The state (n_state, n_member) at ``time + dt``.

        state : (n_state, n_member) at ``time``, each in its model units; must not be modified.
        """

    def integrate(
        self, system: System, kernel: Kernel, members: Members, horizon: Horizon
    ) -> Marched:
        """Integrate step by step, all members side by side; see `Method.integrate`.

        Raises
        ------
        UnsupportedError : the model contains a DELAY FIXED or a similar delay. What those keep from
            step to step is in the back ends' own code, which only `Compiled` methods use.
        """
        program, grid = kernel.program, horizon.grid()
        if program.buffers:
            raise UnsupportedError(
                f"{type(self).__name__} cannot carry what DELAY FIXED and similar functions keep",
                remedy="run it with Euler or RK4", variable=names.spoken(program.buffers[0].label),
            )  # fmt: skip
        held = np.array([s.held for s in program.states], dtype=bool)[:, None]
        needed = (program.ops[v] for v in program.needed(kernel.wanted))
        watched = [int(op.data) for op in needed if op.code == "state"]
        whole = np.array([v not in program.gaps for v in kernel.wanted], dtype=bool)
        state, fixed = kernel.start(members)
        values = np.empty((len(grid.saved), len(kernel.wanted), members.count))
        stopped = np.full(members.count, -1, dtype=np.int64)
        row = {k: i for i, k in enumerate(grid.saved)}
        for k in range(grid.steps + 1):
            time = grid.time(k)
            event = time + 0.5 * grid.step

            def change(t: float, y: Floats, event: float = event, k: int = k) -> Floats:
                return kernel.rates(t, event, k, np.ascontiguousarray(y), fixed, members)

            def rates(t: float, y: Floats, change: Rates = change) -> Floats:
                return np.where(held, 0.0, change(t, y))

            fine = np.isfinite(state[watched]).all(axis=0)
            if k in row:
                seen = kernel.observe(time, event, k, state, fixed, members)
                values[row[k]] = seen
                fine &= np.isfinite(seen[whole]).all(axis=0)
            stopped[(stopped < 0) & ~fine] = k
            if k == grid.steps or (stopped >= 0).all():
                break
            with np.errstate(all="ignore"):
                after = self.step(rates, time, state, grid.step)
            state = np.where(held, change(time, state), after) if held.any() else after
        return on_grid(grid, values, stopped)


@dataclass(frozen=True)
class Compiled(FixedStep):
    """A method whose whole run the back ends write as one loop; ``stages`` is 1 or 4."""

    def integrate(
        self, system: System, kernel: Kernel, members: Members, horizon: Horizon
    ) -> Marched:
        """See `Method.integrate`; gives the result of ``step`` to the last bit."""
        grid = horizon.grid()
        march = kernel.march(members, grid, self.stages)
        return on_grid(grid, march.values, march.stopped)


def on_grid(grid: Grid, values: Floats, stopped: Ints) -> Marched:
    """The result of a run on a grid of steps.

    stopped : (n_member,) the number of the step at which each member stopped, -1 if none.
    """
    went_well = stopped < 0
    at = np.where(went_well, np.nan, grid.start + stopped * grid.step)
    before = np.searchsorted(grid.saved, stopped)
    return Marched(values, grid.times, at, np.where(went_well, len(grid.saved), before))
