"""A linker of one object: relocatable WebAssembly to a module that can be instantiated.

The object is complete: it calls no function from outside, so all indices stay as they are. What is
left to do is to give it a memory, a stack and an address for its constants, and to export its
functions. Source: WebAssembly core specification 1.0, and "Linking" of its tool conventions.

    memory: | stack, downwards | constants | room of the caller, from ``heap`` on |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

MAGIC = b"\0asm\1\0\0\0"
PAGE = 65_536
#: Bytes of stack; the code keeps its numbers in locals and in its caller's room.
STACK = 2 * PAGE
_CUSTOM, _TYPE, _IMPORT, _FUNCTION, _MEMORY, _GLOBAL, _EXPORT, _CODE, _DATA = (
    0, 1, 2, 3, 5, 6, 7, 10, 11,
)  # fmt: skip
_ALIGN = 64
_OF_FUNCTION, _OF_DATA, _OF_SECTION = 0, 1, 3
_SYMBOLS = 8
_UNDEFINED, _NAMED = 0x10, 0x40
#: Relocations of an address: how many bytes it takes, and whether it is written as a LEB128.
_ADDRESSES = {3: (5, True), 4: (5, True), 5: (4, False)}
#: Relocations of an index, which does not change: functions, types, globals.
_INDICES = (0, 6, 7)


@dataclass(frozen=True)
class Linked:
    """A module, and the first address that its caller may use."""

    binary: bytes
    heap: int


class _Reader:
    """Reads the numbers and names of a section."""

    def __init__(self, body: bytes, at: int = 0) -> None:
        self.body, self.at = body, at

    def __bool__(self) -> bool:
        return self.at < len(self.body)

    def byte(self) -> int:
        self.at += 1
        return self.body[self.at - 1]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self) -> int:
        start = self.at
        value = self.unsigned()
        size = 7 * (self.at - start)
        return value - (1 << size) if value >> (size - 1) else value

    def taken(self, count: int) -> bytes:
        self.at += count
        return self.body[self.at - count : self.at]

    def name(self) -> str:
        return self.taken(self.unsigned()).decode()


def unsigned(value: int, width: int = 0) -> bytes:
    """LEB128 of a number of at least 0, padded to ``width`` bytes."""
    out = bytearray()
    while value > 0x7F or len(out) + 1 < width:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes((*out, value))


def link(object_code: bytes, exports: Sequence[str]) -> Linked:
    """Link an object.

    exports : the functions to export, beside ``memory``.

    Raises
    ------
    ValueError : the object needs something from outside.
    """
    sections = list(_sections(object_code))
    bodies = {kind: body for kind, body in sections if kind != _CUSTOM}
    custom = [_Reader(body) for kind, body in sections if kind == _CUSTOM]
    named = {reader.name(): reader for reader in custom}
    functions, data = _symbols(named["linking"])
    segments = list(_segments(bodies.get(_DATA, b"\0")))
    has_stack = _checked_imports(bodies.get(_IMPORT, b"\0"))
    ends = [offset + len(content) for offset, content in segments]
    heap = -(-(STACK + max(ends, default=0)) // _ALIGN) * _ALIGN

    def address(symbol: int) -> int:
        segment, offset = data[symbol]
        return STACK + segments[segment][0] + offset

    code = bytearray(bodies[_CODE])
    if "reloc.CODE" in named:
        _relocate(code, named["reloc.CODE"], address)
    if "reloc.DATA" in named:
        raise ValueError("constants with addresses in them")
    exported = [
        (b"memory", b"\2\0"),
        *((n.encode(), b"\0" + unsigned(functions[n])) for n in exports),
    ]
    out = {
        _TYPE: bodies[_TYPE],
        _FUNCTION: bodies[_FUNCTION],
        _MEMORY: b"\1\0" + unsigned(-(-heap // PAGE)),
        _GLOBAL: b"\1\x7f\1\x41" + _signed(STACK) + b"\x0b" if has_stack else b"\0",
        _EXPORT: _vector([unsigned(len(name)) + name + what for name, what in exported]),
        _CODE: bytes(code),
        _DATA: _vector([
            b"\0\x41" + _signed(STACK + offset) + b"\x0b" + unsigned(len(content)) + content
            for offset, content in segments
        ]),
    }  # fmt: skip
    parts = (bytes((kind,)) + unsigned(len(body)) + body for kind, body in out.items())
    return Linked(MAGIC + b"".join(parts), heap)


def _vector(items: Sequence[bytes]) -> bytes:
    return unsigned(len(items)) + b"".join(items)


def _signed(value: int) -> bytes:
    """Signed LEB128 of a number of at least 0."""
    return unsigned(value, value.bit_length() // 7 + 1)


def _sections(binary: bytes) -> Iterator[tuple[int, bytes]]:
    if binary[: len(MAGIC)] != MAGIC:
        raise ValueError("not a WebAssembly object")
    reader = _Reader(binary, len(MAGIC))
    while reader:
        kind, size = reader.byte(), reader.unsigned()
        yield kind, reader.taken(size)


def _checked_imports(body: bytes) -> bool:
    """Whether the object uses the stack; all else that it imports is its memory."""
    reader, stack = _Reader(body), False
    for _ in range(reader.unsigned()):
        reader.name()
        name, kind = reader.name(), reader.byte()
        if kind == 2:
            limited = reader.unsigned()
            reader.unsigned()
            if limited & 1:
                reader.unsigned()
        elif kind == 3 and name == "__stack_pointer":
            reader.taken(2)
            stack = True
        else:
            raise ValueError(f"the object needs '{name}' from outside")
    return stack


def _segments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Offset, as the compiler laid them out, and content of each block of constants."""
    reader = _Reader(body)
    for _ in range(reader.unsigned()):
        kind, code = reader.unsigned(), reader.byte()
        offset = reader.signed()
        if (kind, code, reader.byte()) != (0, 0x41, 0x0B):
            raise ValueError("constants at a computed address")
        yield offset, reader.taken(reader.unsigned())


def _symbols(reader: _Reader) -> tuple[dict[str, int], dict[int, tuple[int, int]]]:
    """Index of each function by name; segment and offset of each constant by symbol number."""
    functions: dict[str, int] = {}
    data: dict[int, tuple[int, int]] = {}
    reader.unsigned()
    while reader:
        kind, size = reader.byte(), reader.unsigned()
        part = _Reader(reader.taken(size))
        for number in range(part.unsigned() if kind == _SYMBOLS else 0):
            what, flags = part.byte(), part.unsigned()
            if what == _OF_DATA:
                part.name()
                if not flags & _UNDEFINED:
                    segment, offset = part.unsigned(), part.unsigned()
                    part.unsigned()
                    data[number] = (segment, offset)
            elif what == _OF_SECTION:
                part.unsigned()
            else:
                index = part.unsigned()
                if not flags & _UNDEFINED or flags & _NAMED:
                    name = part.name()
                    if what == _OF_FUNCTION:
                        functions[name] = index
    return functions, data


def _relocate(code: bytearray, reader: _Reader, address: Callable[[int], int]) -> None:
    """Write the addresses of constants into the code."""
    reader.unsigned()
    for _ in range(reader.unsigned()):
        kind, at, symbol = reader.byte(), reader.unsigned(), reader.unsigned()
        if kind in _ADDRESSES:
            width, leb = _ADDRESSES[kind]
            value = address(symbol) + reader.signed()
            code[at : at + width] = (
                unsigned(value, width) if leb else value.to_bytes(width, "little")
            )
        elif kind not in _INDICES:
            raise ValueError(f"a relocation of kind {kind}")
