"""Builtins with a value held from step to step: samples, bounded stocks, depreciation, clock."""

from __future__ import annotations

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.functions.base import Maker, Stateful
from sdsim.ir.expr import NA, Binary, Call, Expr, Num, Ref

VENSIM = "Vensim Reference Manual, Functions"
Args = tuple[Expr, ...]


def _sample_until(m: Maker, a: Args) -> Expr:
    """The input until a given time, and from then on its value at that time."""
    last, x, initial = a
    half = Binary("/", Ref(names.TIME_STEP), Num(2.0))
    before = Binary("<", Ref(names.TIME), Binary("+", last, half))
    return m.add(Call("sample if true", (before, x, initial)))


def _special_integral(m: Maker, a: Args) -> Expr:
    """SINTEG: a stock that is adjusted after each step: rounded to a multiple, snapped to a nearby
    special value, or kept between limits. Always in Euler steps, whatever the method."""
    rate, initial, *limits = a
    least, most, multiple, special, near = (m.constant(x) for x in limits)

    def restricted(v: Expr) -> Expr:
        if multiple is not None and multiple != NA:
            v = Call("quantum", (v, Num(multiple)))
        if special is not None and special != NA and near is not None and near != NA:
            v = m.add(v)
            off = Call("abs", (Binary("-", v, Num(special)),))
            v = Call("if then else", (Binary("<", off, Num(near)), Num(special), v))
        if most is not None and most != NA:
            v = Call("min", (v, Num(most)))
        return Call("max", (v, Num(least))) if least is not None and least != NA else v

    if None in (least, most, multiple, special, near):
        raise ModelError(
            "SINTEG: the last five arguments must be numbers or :NA:", remedy="write numbers there"
        )
    if {least, most, multiple, special} == {NA}:
        return m.stock(initial, lambda _: rate)
    step = Ref(names.TIME_STEP)
    return m.held(
        restricted(initial),
        lambda me: m.add(restricted(Binary("+", me, Binary("*", step, rate)))),
    )


def _depreciated(m: Maker, a: Args) -> Expr:
    """Equal parts over the given time, starting at once, as in Vensim's own output."""
    stream, time, period, initial = a
    if m.constant(period) != m.constant(Ref(names.TIME_STEP)):
        raise UnsupportedError(
            "DEPRECIATE STRAIGHTLINE with a fiscal period other than TIME STEP is not supported "
            "in this version",
            remedy="gather the stream over the period first",
        )
    x, time = m.add(stream), m.nonzero(time, "depreciation time")
    gone = m.add(Call("delay fixed", (x, time, initial)))
    left = m.stock(Binary("*", initial, time), lambda _: Binary("-", x, gone))
    step = Ref(names.TIME_STEP)
    now = Binary("*", Binary("-", x, gone), step)
    parts = Binary("/", Binary("+", left, now), time)
    # A run may use another step; it is better to refuse than to give a wrong number.
    return Call("if then else", (Binary("=", period, step), parts, Binary("/", Num(0.0), Num(0.0))))


def _time_base(_: Maker, a: Args) -> Expr:
    return Binary("+", a[0], Binary("*", a[1], Ref(names.TIME)))


def _time_value(m: Maker, a: Args) -> Expr:
    """The time in the model's own units; calendars are not supported."""
    start, measure = m.constant(a[0]), m.constant(a[2])
    if measure != 0 or start not in (0, 1):
        raise UnsupportedError(
            "GET TIME VALUE by the calendar or the clock is not supported in this version",
            remedy="use measure 0 relative to 0 or 1",
        )
    return Binary("+", Ref(names.TIME if start == 0 else names.INITIAL_TIME), a[1])


ROWS = (
    Stateful("sample until", (3, 3), _sample_until, "any", VENSIM),
    Stateful("sinteg", (7, 7), _special_integral, "any", VENSIM),
    Stateful("depreciate straightline", (4, 4), _depreciated, "any", VENSIM),
    Stateful("time base", (2, 2), _time_base, "any", VENSIM),
    Stateful("get time value", (3, 3), _time_value, "any", VENSIM),
)
