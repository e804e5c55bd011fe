"""Delays, smooths and trends, written out as the stocks they stand for."""

from __future__ import annotations

from sdsim.base import names
from sdsim.functions.base import Maker, Stateful
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, minus, over, times

VENSIM = "Vensim Reference Manual, Functions"
STELLA = "Stella's help, Financial builtins"
Args = tuple[Expr, ...]
#: The share of a step by which rounding may make a delay time too short.
_NEAR = 1e-6


def delay(m: Maker, x: Expr, time: Expr, initial: Expr, order: int) -> Expr:
    """The outflow of ``order`` stocks in series, each emptied in ``time / order``."""
    stage = m.add(over(m.nonzero(time, "delay time"), Num(float(order)))) if order > 1 else time
    if order == 1:
        stage = m.nonzero(time, "delay time")
    flow = m.add(x)
    for _ in range(order):
        content = m.stock(times(initial, stage), lambda s, f=flow: minus(f, over(s, stage)))  # type: ignore[misc]
        flow = m.add(over(content, stage))
    return flow


def delay_n(m: Maker, x: Expr, time: Expr, initial: Expr, order: Expr) -> Expr:
    """As `delay`, but the order may change during the run and is at most ``time`` / TIME STEP.

    Material flows through as many stocks as the current order. When the order falls, the contents
    of the stocks no longer entered drain through the others, so nothing is lost.
    """
    known = m.constant(order)
    most = round(m.number(order, "order")) if known is not None else m.most(order, "order")
    if most == 1:
        return delay(m, x, time, initial, 1)
    time = m.add(m.nonzero(time, "delay time"))
    steps = _whole(Binary("+", over(time, Ref(names.TIME_STEP)), Num(_NEAR)))
    wanted = _whole(Binary("+", order, Num(0.5))) if known is None else Num(float(most))
    wanted = Call("min", (wanted, steps))
    n = m.add(Call("max", (Call("min", (wanted, Num(float(most)))), Num(1.0))))
    stage, flow = m.add(over(time, n)), m.add(x)
    start = m.add(times(initial, stage))
    out: Expr | None = None
    for k in range(most, 0, -1):
        used = Binary(">=", n, Num(float(k)))
        here = Call("if then else", (Binary("=", n, Num(float(k))), flow, Num(0.0)))
        inflow = here if out is None else Binary("+", out, here)
        content = m.stock(
            Call("if then else", (used, start, Num(0.0))),
            lambda s, f=inflow: minus(f, over(s, stage)),  # type: ignore[misc]
        )
        out = m.add(over(content, stage))
    assert out is not None
    return out


def _whole(x: Expr) -> Expr:
    return Call("integer", (x,))


def smooth(m: Maker, x: Expr, time: Expr, initial: Expr, order: int) -> Expr:
    """The last of ``order`` stocks in series, each closing its gap in ``time / order``."""
    stage = over(m.nonzero(time, "smooth time"), Num(float(order))) if order > 1 else time
    if order == 1:
        stage = m.nonzero(time, "smooth time")
    level = x
    for _ in range(order):
        level = m.stock(initial, lambda s, f=level: over(minus(f, s), stage))  # type: ignore[misc]
    return level


def trend(m: Maker, x: Expr, time: Expr, initial: Expr) -> Expr:
    """Fractional change of ``x`` per unit of time, relative to its own exponential average."""
    time = m.nonzero(time, "averaging time")
    x = m.add(x)
    start = over(x, Binary("+", Num(1.0), times(initial, time)))
    average = m.stock(start, lambda s: over(minus(x, s), time))
    return Call("zidz", (minus(x, average), times(time, Call("abs", (average,)))))


def forecast(m: Maker, x: Expr, time: Expr, horizon: Expr, initial: Expr = Num(0.0)) -> Expr:  # noqa: B008
    """``x`` extrapolated ``horizon`` ahead along its trend."""
    slope = trend(m, x, time, initial)
    return times(x, Binary("+", Num(1.0), times(slope, horizon)))


def npv(m: Maker, stream: Expr, rate: Expr, initial: Expr, factor: Expr) -> Expr:
    """The net present value of a stream: one stock discounts, another accumulates, and this
    step's share is added (Vensim's own equations for NPV)."""
    step, flow = Ref(names.TIME_STEP), m.add(stream)
    shrink = Binary("+", Num(1.0), times(rate, step))
    worth = m.stock(Num(1.0), lambda s: Unary("-", over(times(s, rate), shrink)))
    total = m.stock(initial, lambda _: times(flow, worth))
    return times(Binary("+", total, times(times(flow, step), worth)), factor)


def effective_npv(m: Maker, stream: Expr, rate: Expr, initial: Expr | None = None) -> Expr:
    """Stella's NPV: the rate is the effective rate per unit of time, whatever the step.

    It starts with ``initial``, by default the first value of the stream, and includes the share of
    each later step as soon as it is due. Stella's help does not settle this; the timing follows
    the expected values of Stella users (tests of BPTK-Py, ``test_npv``).
    """
    step, flow = Ref(names.TIME_STEP), m.add(stream)
    since = minus(Ref(names.TIME), Ref(names.INITIAL_TIME))
    growth = Binary("^", Binary("+", Num(1.0), rate), since)
    worth = m.add(over(flow, growth))
    first = m.add(Call("initial", (flow,)))
    start = minus(first if initial is None else initial, times(step, first))
    total = m.stock(start, lambda _: worth)
    return Binary("+", total, times(step, worth))


def _fixed(kind: str, order: int, given: bool) -> Stateful:
    make = delay if kind == "delay" else smooth

    def expand(m: Maker, a: Args) -> Expr:
        return make(m, a[0], a[1], a[2] if given else a[0], order)

    digit = "" if (kind, order) == ("smooth", 1) else str(order)
    name = f"{kind}{digit}{'i' if given else ''}"
    return Stateful(name, (3, 3) if given else (2, 2), expand, kind, VENSIM)


def _smooth_n(m: Maker, a: Args) -> Expr:
    return smooth(m, a[0], a[1], a[2], round(m.number(a[3], "order")))


ROWS = (
    *(_fixed(k, n, i) for k in ("delay", "smooth") for n in (1, 3) for i in (False, True)),
    Stateful("delay n", (4, 4), lambda m, a: delay_n(m, *a), "delay", VENSIM),
    Stateful("smooth n", (4, 4), _smooth_n, "smooth", VENSIM),
    Stateful("trend", (3, 3), lambda m, a: trend(m, *a), "trend", VENSIM),
    Stateful("npv", (4, 4), lambda m, a: npv(m, *a), "any", VENSIM),
    Stateful("stella npv", (2, 3), lambda m, a: effective_npv(m, *a), "any", STELLA),
    Stateful("forecast", (3, 4), lambda m, a: forecast(m, *a), "forecast", VENSIM),
)
