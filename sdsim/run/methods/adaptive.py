"""Adaptive integration with SciPy's solve_ivp, restarted wherever inputs jump or bend."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Kernel, Members
from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.run.horizon import Horizon
from sdsim.run.methods.base import Marched, Method, Setting, Stop, positive, register
from sdsim.run.system import System

SOLVERS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")

#: Evaluations at practically the same time, and evaluations without a finite value, after which a
#: solver is stopped: it could stand still, or creep along an edge, for ever.
_PATIENCE = 2000
#: For each solver, the one that takes over if it fails on a value that is not finite.
_LADDERS = {
    "LSODA": ("LSODA", "Radau", "RK45"), "Radau": ("Radau", "RK45"), "BDF": ("BDF", "RK45"),
}  # fmt: skip


@register
@dataclass(frozen=True)
class Adaptive(Method):
    """An adaptive solver of `scipy.integrate.solve_ivp`, restarted where inputs jump or bend.

    rtol, atol : error tolerances per step (as in scipy).   solver : scipy's name of the method:
    ``RK45``, ``RK23``, ``DOP853``, ``Radau``, ``BDF`` or ``LSODA``.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> run = sdsim.simulate(model, method=sdsim.Adaptive(rtol=1e-9))
    >>> round(float(run["Teacup Temperature"][-1]), 3)
    75.477
    """

    name: ClassVar[str] = "adaptive"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("solver", str, "of the adaptive method (RK45)", SOLVERS),
        Setting("rtol", float, "relative tolerance of the adaptive method (1e-6)"),
        Setting("atol", float, "absolute tolerance of the adaptive method (1e-8)"),
    )

    rtol: float = 1e-6
    atol: float = 1e-8
    solver: str = "RK45"

    def __post_init__(self) -> None:
        positive("rtol", self.rtol)
        positive("atol", self.atol)
        if not isinstance(self.solver, str) or self.solver not in SOLVERS:
            raise ModelError(f"no solver '{self.solver}'", remedy=f"one of {', '.join(SOLVERS)}")

    def __str__(self) -> str:
        return f"Adaptive({self.solver}, rtol={self.rtol:g}, atol={self.atol:g})"

    def integrate(
        self, system: System, kernel: Kernel, members: Members, horizon: Horizon
    ) -> Marched:
        """Integrate one member from break to break; see `Method.integrate`.

        Raises
        ------
        UnsupportedError : the model contains a DELAY FIXED or a similar delay, which only works on
            a grid of steps.
        """
        program = system.program
        if program.buffers:
            raise UnsupportedError(
                "DELAY FIXED and similar functions have no meaning between time steps",
                remedy="run it with Euler or RK4", variable=names.spoken(program.buffers[0].label),
            )  # fmt: skip
        held = np.array([s.held for s in program.states], dtype=bool)
        start, fixed = kernel.start(members)
        state = start[:, 0].copy()
        due = horizon.due()
        rows: list[Floats] = []
        whole = np.array([v not in program.gaps for v in kernel.wanted], dtype=bool)
        edges = breaks(system, members, horizon)
        slack = _slack(horizon)
        for a, b in (*pairwise(edges), (edges[-1], edges[-1])):
            piece = _Piece(kernel, members, fixed, held, a, b, horizon)

            def stopped(time: float, y: Floats, piece: _Piece = piece) -> Marched:
                return _marched(rows, kernel, due, time, Stop(piece.event(time), y))

            if piece.on_grid:
                state[held] = piece.sampled(state)
            mine = due[(due >= a - slack) & ((due < b - slack) | (a == b))]
            if a < b and not piece.fine(state):
                return stopped(a, state)
            path, reached, state = piece.solve(state, np.clip(mine, a, b), self)
            for t, y in zip(mine, path.T, strict=False):
                row = piece.observe(float(t), y)
                if not (np.isfinite(row[whole]).all() and np.isfinite(y).all()):
                    return stopped(float(t), y)
                rows.append(row)
            if path.shape[1] < mine.size or reached != b:
                return stopped(reached, state)
        return _marched(rows, kernel, due, np.nan, None)


def _marched(
    rows: list[Floats], kernel: Kernel, due: Floats, time: float, stop: Stop | None
) -> Marched:
    values = np.full((due.size, len(kernel.wanted), 1), np.nan)
    values[: len(rows), :, 0] = np.array(rows).reshape(len(rows), len(kernel.wanted))
    return Marched(values, due, np.array([time]), np.array([len(rows)]), stop)


def _slack(horizon: Horizon) -> float:
    """How far apart two equal times may be, since rounding affects sums of steps."""
    return 8 * float(np.spacing(max(abs(horizon.start), abs(horizon.stop), horizon.step)))


def breaks(system: System, members: Members, horizon: Horizon) -> list[float]:
    """The start, each time at which the right-hand side may jump or bend, and the end; increasing.

    In models with held values or noise, which change at every time step, each step is a break.
    """
    program = system.program
    a, b = horizon.start, horizon.stop
    times = {a, b}
    if program.events:
        wanted = sorted({v for e in program.events for v in e if v >= 0})
        kernel = system.kernel(wanted)
        start, own = kernel.start(members)
        values = dict(
            zip(wanted, kernel.observe(a, a, 0, start, own, members)[:, 0].tolist(), strict=True)
        )
        for e in program.events:
            first = values[e.first]
            if e.period < 0:
                times.add(first)
                continue
            period, end = values[e.period], min(values[e.end], b)
            if period > 0 and (end - first) / period < 1e6:
                times.update(np.arange(first, end, period).tolist())
    if program.gridded:
        times.update((a + horizon.step * np.arange(int((b - a) / horizon.step) + 1)).tolist())
    slack, out = _slack(horizon), [a]
    for t in sorted(t for t in times if a < t < b - 4 * slack):
        if t - out[-1] > 4 * slack:
            out.append(t)
    return [*out, b] if b > a else out


class _Piece:
    """The part of a run between two breaks; the last piece is the end alone, with ``a == b``."""

    def __init__(
        self, kernel: Kernel, members: Members, fixed: Floats, held: NDArray[np.bool_],
        a: float, b: float, horizon: Horizon,
    ) -> None:  # fmt: skip
        self._kernel, self._members, self._fixed, self._held = kernel, members, fixed, held
        self._a, self._b = a, b
        slack = _slack(horizon)
        self._low = a + slack
        self._high = max(b - slack, self._low)
        near = round((a - horizon.start) / horizon.step)
        self.on_grid = abs(a - horizon.start - near * horizon.step) <= 4 * slack
        self._step = near if self.on_grid else int((a - horizon.start) // horizon.step)

    def event(self, t: float) -> float:
        """``t``, moved strictly inside the piece, so that its side of a jump is unambiguous."""
        return min(max(t, self._low), self._high)

    def _rates(self, t: float, y: Floats) -> Floats:
        t = self.event(t)
        column = np.ascontiguousarray(y).reshape(-1, 1)
        return self._kernel.rates(t, t, self._step, column, self._fixed, self._members)[:, 0]

    def fine(self, y: Floats) -> bool:
        """Whether the right-hand side is finite at the start of the piece."""
        return bool(np.isfinite(self._rates(self._a, y)).all())

    def observe(self, t: float, y: Floats) -> Floats:
        """(n_wanted,) the wanted values; at a break, those that hold after it."""
        column = np.ascontiguousarray(y).reshape(-1, 1)
        kernel, step = self._kernel, self._step
        return kernel.observe(t, self.event(t), step, column, self._fixed, self._members)[:, 0]

    def sampled(self, y: Floats) -> Floats:
        """(n_held,) the new values of held variables at the grid step that begins the piece.

        They see the time of that step exactly, as `observe` does: the value shown there is held
        until the next step, as in an Euler step.
        """
        if not self._held.any():
            return y[self._held]
        a, column = self._a, np.ascontiguousarray(y).reshape(-1, 1)
        kernel, step = self._kernel, self._step
        seen = kernel.rates(a, self.event(a), step, column, self._fixed, self._members)[:, 0]
        return seen[self._held]

    def solve(self, y: Floats, due: Floats, method: Adaptive) -> tuple[Floats, float, Floats]:
        """States (n_state, n_reached) at the saving times, the time reached, and the state there.

        If the end was not reached, the last two are the point without a finite value that stopped
        the solver. A solver gets NaN there and rejects the step; but LSODA accepts NaN as an
        answer, and implicit solvers cannot use it in their Jacobian, so the next solver repeats
        the piece.
        """
        if y.size == 0 or self._b == self._a:
            return np.repeat(y[:, None], due.size, axis=1), self._b, y.copy()
        *first, final = _LADDERS.get(method.solver, (method.solver,))
        for solver in first:
            with suppress(_NoValueError, ValueError, np.linalg.LinAlgError):
                return self._solve(y, due, method, solver)
        return self._solve(y, due, method, final)

    def _solve(
        self, y: Floats, due: Floats, method: Adaptive, solver: str
    ) -> tuple[Floats, float, Floats]:
        from scipy.integrate import solve_ivp  # slow to import; only this function needs it

        held, blind = self._held, solver == "LSODA"
        last: tuple[float, Floats] = (self._a, y)
        refused: tuple[float, Floats] | None = None
        stands, since, refusals = self._a, 0, 0
        patience = _PATIENCE + 20 * y.size

        def near(s: float, t: float) -> bool:
            return abs(t - s) <= 1e-12 * max(abs(t), abs(s), self._b - self._a)

        def f(t: float, x: Floats) -> Floats:
            nonlocal refused, stands, since, refusals
            since += 1
            if not near(stands, t):
                stands, since = t, 0
            out = self._rates(t, x)
            if not np.isfinite(out).all():
                refusals += 1
                if np.isfinite(x).all():
                    refused = (t, x.copy())
            elif since > patience or refusals > _PATIENCE:
                out = np.full_like(out, np.nan)
            if blind and not np.isfinite(out).all():
                raise _NoValueError
            return np.where(held, 0.0, out) if held.any() else out

        def accepted(t: float, x: Floats) -> float:
            nonlocal last, refused
            last = (t, x.copy())
            creeps = refusals > _PATIENCE or (refused and near(refused[0], t))
            refused = refused if creeps else None
            return 1.0

        with np.errstate(all="ignore"):
            solution = solve_ivp(
                f, (self._a, self._b), y, method=solver, t_eval=due, events=accepted,
                rtol=method.rtol, atol=method.atol,
            )  # fmt: skip
        path = np.asarray(solution.y, dtype=np.float64).reshape(y.size, -1)
        if solution.status == 0:
            return path, self._b, last[1]
        return (path, *(refused or last))


class _NoValueError(Exception):
    """A solver that cannot reject a step met a point without a finite value."""
