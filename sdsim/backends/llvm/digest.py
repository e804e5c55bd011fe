"""What decides the bytes of machine code: a digest of the program and of what writes the code."""

from __future__ import annotations

import hashlib
from array import array
from itertools import chain

from sdsim.base import cache
from sdsim.ir.program import Program

#: What writes machine code.
ROOMS = ("base", "backends", "ir")


def digest(program: Program) -> bytes:
    """What of a program decides its code: all but names and numbers that a run is told."""
    ops = program.ops
    h = hashlib.sha256()
    h.update(" ".join([op.code for op in ops]).encode())
    h.update(array("q", chain.from_iterable([op.args for op in ops])).tobytes())
    h.update(array("d", [op.data for op in ops]).tobytes())
    h.update(repr([(s.initial, s.change, s.held) for s in program.states]).encode())
    h.update(repr([b[1:] for b in program.buffers]).encode())
    for t in program.tables:
        h.update(f"{t.kind} {len(t.x)} ".encode())
        h.update(array("d", (*t.x, *t.y)).tobytes())
    h.update(repr(sorted(program.gaps)).encode())  # outputs that need not be finite
    return h.digest()


def own_digest() -> bytes:
    """What writes the code decides it too: the sources of the back ends and of what they read."""
    return bytes.fromhex(cache.source_digest(*ROOMS))
