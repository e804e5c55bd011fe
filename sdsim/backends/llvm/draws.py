"""Philox4x32-10 as IR: the same bits as `sdsim.backends.philox`, a member in each lane."""

from __future__ import annotations

from sdsim.backends.llvm.text import Body, Lanes, bits
from sdsim.backends.philox import MULTIPLIERS, ROUNDS, WEYL

_LOW = 0xFFFFFFFF


def definition(width: int, attributes: str, declared: dict[str, str]) -> str:
    """The IR of ``draw_<width>(step, stream, seed, numbers)``."""
    body = Body(Lanes(width), declared)
    value = _uniform(body)
    f, lines = body.lanes.floats, "\n".join(body.lines)
    return (
        f"define internal {f} @draw_{width}({f} %step, i64 %stream, i64 %seed,"
        f" ptr %numbers) {attributes} {{\n{lines}\n  ret {f} {value}\n}}\n"
    )


def draw(b: Body, step: str, stream: int, seed: str, numbers: str) -> str:
    """A call of that function; ``numbers`` is the address of the lanes' member numbers."""
    f = b.lanes.floats
    name = f"@draw_{b.lanes.width}"
    b.declared[name] = ""
    return b.let(f"call {f} {name}({f} {step}, i64 {stream & _LOW}, i64 {seed}, ptr {numbers})")


def _low(b: Body, x: str) -> str:
    return b.integer("and", x, b.whole(_LOW))


def _high(b: Body, x: str) -> str:
    return b.integer("lshr", x, b.whole(32))


def _uniform(b: Body) -> str:
    one = b.add("%step", b.number(1.0))
    f, i = b.lanes.floats, b.lanes.ints
    name = f"llvm.fptosi.sat.{b.lanes.mangled('i64')}.{b.lanes.mangled('f64')}"
    count = b.call(f"@{name}", i, [(f, one)])
    n = b.load(i, "%numbers")
    words = [_low(b, count), b.spread("%stream", "i64"), _low(b, n), _high(b, n)]
    key = [b.let(f"and i64 %seed, {_LOW}"), b.let("lshr i64 %seed, 32")]
    for _ in range(ROUNDS):
        p0 = b.integer("mul", words[0], b.whole(MULTIPLIERS[0]))
        p1 = b.integer("mul", words[2], b.whole(MULTIPLIERS[1]))
        k0, k1 = (b.spread(k, "i64") for k in key)
        words = [
            b.integer("xor", b.integer("xor", _high(b, p1), words[1]), k0),
            _low(b, p1),
            b.integer("xor", b.integer("xor", _high(b, p0), words[3]), k1),
            _low(b, p0),
        ]
        key = [
            b.let(f"and i64 {b.let(f'add i64 {k}, {w}')}, {_LOW}")
            for k, w in zip(key, WEYL, strict=True)
        ]
    top = b.integer("shl", words[0], b.whole(20))
    drawn = b.integer("or", top, b.integer("lshr", words[1], b.whole(12)))
    # Below 2^52, so the integer fits into the fraction of a double.
    laid = b.from_bits(b.integer("or", drawn, b.whole(bits(2.0**52))))
    whole = b.sub(laid, b.number(2.0**52))
    return b.mul(b.add(whole, b.number(0.5)), b.number(2.0**-52))
