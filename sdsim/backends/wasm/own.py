"""What WebAssembly lacks: the fused product, and the functions of the C library.

The IR of the LLVM back end declares them; here each declaration becomes a definition.

The exact fused product has the bits of the instruction as long as nothing underflows or overflows
on the way: the product as two doubles (Dekker 1971), their sum with the third rounded to odd, then
to nearest (Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums").
"""

from __future__ import annotations

import re

from sdsim.backends.llvm import maths
from sdsim.backends.llvm.rules import LIBRARY, library_name
from sdsim.backends.llvm.text import Body, Lanes
from sdsim.backends.wasm import circular

_FUSED = re.compile(r"^declare .*@llvm\.fma\..*$", re.MULTILINE)
_CALL = re.compile(r"@llvm\.fma\.(?:v(\d+))?f64\(")
_LIBRARY = re.compile(rf"^declare double @{library_name('')}(\w+)\(.*$", re.MULTILINE)
_KNOWN = re.compile(r"^(?:declare|define) .*?@([\w.]+)\(", re.MULTILINE)
#: Names of the fused product, followed by the number of lanes: rounded once, and twice.
EXACT, FAST = "fused", "multiplied_and_added"
_ATTRIBUTES = "nounwind willreturn memory(none)"
#: Multiplying by this splits a double into two of half its bits.
_SPLITTER = float((1 << 27) + 1)
Pair = tuple[str, str]


def completed(ir: str, exact: bool) -> str:
    """The IR with definitions of all that the machine does not have.

    exact : whether the fused product is rounded once.
    """
    name = EXACT if exact else FAST
    codes = [code for code in LIBRARY if code in _LIBRARY.findall(ir)]
    ir = _FUSED.sub("", _LIBRARY.sub("", ir))
    declared: dict[str, str] = {}
    parts = [circular.definition(c, library_name(c), _ATTRIBUTES, declared) for c in codes]
    if "@exp_1" in declared and "@exp_1(double %x)" not in ir:
        parts.append(maths.definition("exp", 1, _ATTRIBUTES, declared))
    text = "\n".join([ir, *parts])
    widths = {(name, int(width or 1)) for width in _CALL.findall(text)}
    if f"@{EXACT}_1(" in text:
        widths.add((EXACT, 1))
    parts += [_fused(kind, width, declared) for kind, width in sorted(widths)]
    known = {*_KNOWN.findall(ir)}
    parts += [
        text for key, text in sorted(declared.items())
        if key.startswith("@llvm.") and "llvm.fma" not in key and key[1:] not in known
    ]  # fmt: skip
    return _CALL.sub(lambda m: f"@{name}_{m[1] or 1}(", "\n".join([ir, *parts, ""]))


def _fused(kind: str, width: int, declared: dict[str, str]) -> str:
    """The IR of ``<kind>_<width>(a, b, c)``."""
    body = Body(Lanes(width), declared)
    value = _once(body) if kind == EXACT else body.add(body.mul("%a", "%b"), "%c")
    f, lines = body.lanes.floats, "\n".join(body.lines)
    return (
        f"define internal {f} @{kind}_{width}({f} %a, {f} %b, {f} %c) alwaysinline {_ATTRIBUTES}"
        f" {{\n{lines}\n  ret {f} {value}\n}}\n"
    )


def _once(b: Body) -> str:
    """a b + c, rounded once; rounded twice if a part of it is not finite."""
    product, missed = _product(b, "%a", "%b")
    plain = b.add(product, "%c")
    near, rest = _sum(b, "%c", missed)
    high, low = _sum(b, product, near)
    value = b.add(high, _odd(b, low, rest))
    exact = b.both(b.compare("oeq", missed, b.number(0.0)), b.compare("uno", value, value), "or")
    return b.choose(exact, plain, value)


def _sum(b: Body, x: str, y: str) -> Pair:
    """x + y as two doubles."""
    high = b.add(x, y)
    part = b.sub(high, x)
    return high, b.add(b.sub(x, b.sub(high, part)), b.sub(y, part))


def _halves(b: Body, x: str) -> Pair:
    scaled = b.mul(x, b.number(_SPLITTER))
    high = b.sub(scaled, b.sub(scaled, x))
    return high, b.sub(x, high)


def _product(b: Body, x: str, y: str) -> Pair:
    """x y as two doubles."""
    product = b.mul(x, y)
    (x_high, x_low), (y_high, y_low) = _halves(b, x), _halves(b, y)
    missed = b.sub(b.mul(x_high, y_high), product)
    missed = b.add(b.add(missed, b.mul(x_high, y_low)), b.mul(x_low, y_high))
    return product, b.add(missed, b.mul(x_low, y_low))


def _odd(b: Body, x: str, y: str) -> str:
    """x + y; if that is not a double, the one beside it whose last bit is set."""
    total, missed = _sum(b, x, y)
    bits = b.to_bits(total)
    across = b.integer("ashr", b.integer("xor", bits, b.to_bits(missed)), b.whole(63))
    away = b.integer("add", b.whole(1), b.integer("shl", across, b.whole(1)))
    even = b.let(f"icmp eq {b.lanes.ints} {b.integer('and', bits, b.whole(1))}, {b.whole(0)}")
    needed = b.both(even, b.compare("une", missed, b.number(0.0)))
    i = b.lanes.ints
    step = b.let(f"select {b.lanes.masks} {needed}, {i} {away}, {i} {b.whole(0)}")
    return b.from_bits(b.integer("add", bits, step))
