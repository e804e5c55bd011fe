"""Digests of everything that determines machine code: the program and the code's own sources."""

from __future__ import annotations

import hashlib
from array import array
from itertools import chain

from sdsim.base import cache
from sdsim.ir.program import Program

#: The source files that write machine code.
ROOMS = ("base", "backends", "ir")


def digest(program: Program) -> bytes:
    """A digest of the program without names and parameter values, which do not affect its code."""
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
    h.update(repr(sorted(program.gaps)).encode())  # values that need not be finite
    return h.digest()


def own_digest() -> bytes:
    """A digest of the sources that write the code: the back ends and the modules they use."""
    return bytes.fromhex(cache.source_digest(*ROOMS))
