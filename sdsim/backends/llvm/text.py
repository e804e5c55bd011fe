"""Lines of LLVM IR: types for members side by side, and a function body that numbers its values."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Comparison = Literal["olt", "ole", "ogt", "oge", "oeq", "une", "uno", "ord"]


def bits(x: float) -> int:
    """The 64 bits of a double."""
    return int.from_bytes(struct.pack("<d", x), "little")


def literal(x: float) -> str:
    """A double in IR notation, with every bit preserved."""
    return f"0x{bits(x):016X}"


@dataclass(frozen=True)
class Lanes:
    """The number of members side by side; width 1 means plain scalars."""

    width: int

    def of(self, element: str) -> str:
        """The type with one ``element`` in each lane."""
        return element if self.width == 1 else f"<{self.width} x {element}>"

    @property
    def floats(self) -> str:
        """Type of one double for each lane."""
        return self.of("double")

    @property
    def ints(self) -> str:
        """Type of one 64-bit integer for each lane."""
        return self.of("i64")

    @property
    def masks(self) -> str:
        """Type of one truth value for each lane."""
        return self.of("i1")

    def mangled(self, element: str) -> str:
        """The suffix of intrinsics for this type: ``v8f64``, ``f64``."""
        return element if self.width == 1 else f"v{self.width}{element}"

    def number(self, x: float) -> str:
        """The constant ``x`` in every lane."""
        return literal(x) if self.width == 1 else f"splat (double {literal(x)})"

    def whole(self, n: int, kind: str = "i64") -> str:
        """The constant integer ``n`` in every lane."""
        size = int(kind[1:])
        n &= (1 << size) - 1
        signed = n - (1 << size) if n >> (size - 1) else n
        return str(signed) if self.width == 1 else f"splat ({kind} {signed})"


class Body:
    """The lines of a function being written, and the declarations they need.

    Values are text: a name such as ``%v12``, or a constant.
    """

    def __init__(self, lanes: Lanes, declared: dict[str, str], first: int = 0) -> None:
        self.lanes, self.declared = lanes, declared
        self.lines: list[str] = []
        self._next = first
        self._masks: dict[str, str] = {}

    def fresh(self, stem: str = "v") -> str:
        """A name not yet used in this body."""
        self._next += 1
        return f"%{stem}{self._next}"

    def let(self, text: str) -> str:
        """A new value, defined by ``text``."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Write an instruction that has no result."""
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        """Start a basic block."""
        self.lines.append(f"{name}:")

    # --- doubles ------------------------------------------------------------------------------

    def add(self, a: str, b: str) -> str:
        """a + b."""
        return self.let(f"fadd {self.lanes.floats} {a}, {b}")

    def sub(self, a: str, b: str) -> str:
        """a - b."""
        return self.let(f"fsub {self.lanes.floats} {a}, {b}")

    def mul(self, a: str, b: str) -> str:
        """a * b."""
        return self.let(f"fmul {self.lanes.floats} {a}, {b}")

    def div(self, a: str, b: str) -> str:
        """a / b."""
        return self.let(f"fdiv {self.lanes.floats} {a}, {b}")

    def neg(self, a: str) -> str:
        """-a."""
        return self.let(f"fneg {self.lanes.floats} {a}")

    def fma(self, a: str, b: str, c: str) -> str:
        """a * b + c, rounded once; exact on every machine, slow without the instruction."""
        return self.intrinsic("fma", a, b, c)

    def intrinsic(self, name: str, *args: str) -> str:
        """``llvm.<name>`` on doubles, lane by lane."""
        full = f"@llvm.{name}.{self.lanes.mangled('f64')}"
        return self.call(full, self.lanes.floats, [(self.lanes.floats, a) for a in args])

    def number(self, x: float) -> str:
        """The constant ``x`` in every lane."""
        return self.lanes.number(x)

    # --- truth --------------------------------------------------------------------------------

    def compare(self, how: Comparison, a: str, b: str) -> str:
        """The mask of a comparison."""
        return self.let(f"fcmp {how} {self.lanes.floats} {a}, {b}")

    def choose(self, mask: str, a: str, b: str) -> str:
        """``a`` where the mask is set, else ``b``; doubles."""
        f = self.lanes.floats
        return self.let(f"select {self.lanes.masks} {mask}, {f} {a}, {f} {b}")

    def as_number(self, mask: str) -> str:
        """1.0 if the mask is set, else 0.0; `truth` can return the same mask."""
        value = self.choose(mask, self.number(1.0), self.number(0.0))
        self._masks[value] = mask
        return value

    def truth(self, a: str) -> str:
        """The mask of the lanes in which ``a`` is not 0.0."""
        known = self._masks.get(a)
        return known if known is not None else self.compare("une", a, self.number(0.0))

    def both(self, a: str, b: str, how: str = "and") -> str:
        """Two masks combined with ``and``, ``or`` or ``xor``."""
        return self.let(f"{how} {self.lanes.masks} {a}, {b}")

    def anywhere(self, mask: str) -> str:
        """One bit: is the mask set in any lane?"""
        w = self.lanes.width
        if w == 1:
            return mask
        packed = self.let(f"bitcast <{w} x i1> {mask} to i{w}")
        return self.let(f"icmp ne i{w} {packed}, 0")

    # --- integers -----------------------------------------------------------------------------

    def integer(self, how: str, a: str, b: str) -> str:
        """An integer operation, lane by lane."""
        return self.let(f"{how} {self.lanes.ints} {a}, {b}")

    def whole(self, n: int) -> str:
        """The constant integer ``n`` in every lane."""
        return self.lanes.whole(n)

    def to_bits(self, a: str) -> str:
        """The bits of the doubles."""
        return self.let(f"bitcast {self.lanes.floats} {a} to {self.lanes.ints}")

    def from_bits(self, a: str) -> str:
        """The doubles with these bits."""
        return self.let(f"bitcast {self.lanes.ints} {a} to {self.lanes.floats}")

    # --- lanes, memory, calls -----------------------------------------------------------------

    def spread(self, scalar: str, element: str = "double") -> str:
        """A scalar copied to every lane."""
        w = self.lanes.width
        if w == 1:
            return scalar
        one = self.let(f"insertelement <{w} x {element}> poison, {element} {scalar}, i64 0")
        return self.let(
            f"shufflevector <{w} x {element}> {one}, <{w} x {element}> poison,"
            f" <{w} x i32> zeroinitializer"
        )

    def lane(self, vector: str, k: int, element: str = "double") -> str:
        """The scalar in lane ``k``."""
        if self.lanes.width == 1:
            return vector
        return self.let(f"extractelement {self.lanes.of(element)} {vector}, i64 {k}")

    def gather(self, scalars: Iterable[str], element: str = "double") -> str:
        """A vector with one scalar per lane."""
        out = "poison"
        kind = self.lanes.of(element)
        for k, s in enumerate(scalars):
            if self.lanes.width == 1:
                return s
            out = self.let(f"insertelement {kind} {out}, {element} {s}, i64 {k}")
        return out

    def at(self, base: str, offset: str, element: str = "i8") -> str:
        """The address ``offset`` elements after ``base``."""
        return self.let(f"getelementptr inbounds {element}, ptr {base}, i64 {offset}")

    def load(self, kind: str, address: str, align: int = 8) -> str:
        """A value loaded from memory."""
        return self.let(f"load {kind}, ptr {address}, align {align}")

    def store(self, kind: str, value: str, address: str, align: int = 8) -> None:
        """Store a value in memory."""
        self.do(f"store {kind} {value}, ptr {address}, align {align}")

    def call(self, name: str, result: str, args: Sequence[tuple[str, str]]) -> str:
        """Call a function by name, declaring it unless the module defines it."""
        kinds = ", ".join(kind for kind, _ in args)
        self.declared.setdefault(name, f"declare {result} {name}({kinds})")
        given = ", ".join(f"{kind} {value}" for kind, value in args)
        return self.let(f"call {result} {name}({given})")

    def in_pieces(self, name: str, args: Sequence[str], most: int) -> str:
        """Call ``<name>_<width>`` on doubles, at most ``most`` lanes at a time."""
        w = self.lanes.width
        if w <= most:
            f = self.lanes.floats
            return self.call(f"@{name}_{w}", f, [(f, a) for a in args])
        small = Lanes(most).floats
        parts = []
        for start in range(0, w, most):
            picked = ", ".join(f"i32 {k}" for k in range(start, start + most))
            given = [
                (small, self.let(f"shufflevector {self.lanes.floats} {a}, {self.lanes.floats}"
                                 f" poison, <{most} x i32> <{picked}>"))
                for a in args
            ]  # fmt: skip
            parts.append(self.call(f"@{name}_{most}", small, given))
        return self.joined(parts, most)

    def joined(self, parts: list[str], width: int) -> str:
        """Vectors of ``width`` lanes concatenated; their number is a power of two."""
        while len(parts) > 1:
            kind = Lanes(width).floats
            order = ", ".join(f"i32 {k}" for k in range(2 * width))
            parts = [
                self.let(f"shufflevector {kind} {a}, {kind} {b}, <{2 * width} x i32> <{order}>")
                for a, b in zip(parts[::2], parts[1::2], strict=True)
            ]
            width *= 2
        return parts[0]
