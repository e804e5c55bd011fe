"""Test inputs over time: STEP, RAMP, PULSE, PULSE TRAIN. Each declares the times where it jumps.

They look at the *event* time, which on a grid is half a step later. So rounding never makes a run
miss a step due at a grid point, and nothing changes inside a Runge-Kutta step.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsim.functions.base import Builder, Function

VENSIM = "Vensim Reference Manual, Functions"


def _between(b: Builder, t: int, start: int, stop: int) -> int:
    return b.op("and", b.op("gt", t, start), b.op("lt", t, stop))


def _step(b: Builder, a: Sequence[int]) -> int:
    height, at = a
    b.breaks(at)
    return b.op("select", b.op("gt", b.event(), at), height, b.const(0.0))


def _ramp(b: Builder, a: Sequence[int]) -> int:
    slope, start = a[0], a[1]
    t = b.time()
    b.breaks(start)
    if len(a) == 3:
        b.breaks(a[2])
        t = b.op("min", t, a[2])
    rise = b.op("mul", slope, b.op("sub", t, start))
    return b.op("select", b.op("gt", b.time(), start), rise, b.const(0.0))


def _pulse(b: Builder, a: Sequence[int]) -> int:
    start, width = a
    stop = b.op("add", start, b.op("max", width, b.dt()))
    b.breaks(start)
    b.breaks(stop)
    return _between(b, b.event(), start, stop)


def _pulse_train(b: Builder, a: Sequence[int]) -> int:
    start, width, period, end = a
    width = b.op("max", width, b.dt())
    t = b.event()
    since = b.op("sub", t, start)
    whole = b.op("mul", period, b.op("floor", b.op("div", since, period)))
    on = b.op("lt", b.op("sub", since, whole), width)
    # A pulse that begins at the end still lasts one step, as in Vensim's own output.
    stop = b.op("add", end, b.dt())
    b.breaks(start, period, stop)
    b.breaks(b.op("add", start, width), period, stop)
    b.breaks(stop)
    return b.op("and", _between(b, t, start, stop), on)


ROWS = (
    Function("step", (2, 2), _step, "step", VENSIM),
    Function("ramp", (2, 3), _ramp, "ramp", VENSIM),
    Function("pulse", (2, 2), _pulse, "time inputs", VENSIM),
    Function("pulse train", (4, 4), _pulse_train, "time inputs", VENSIM),
)
