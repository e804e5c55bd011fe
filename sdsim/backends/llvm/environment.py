"""The environment passed to all units of machine code: 64-bit words by name."""

from __future__ import annotations

from sdsim.backends.llvm.text import Body

#: Addresses are those of shared arrays at the block's first member. ``stride``: bytes from one
#: parameter to the next.
WORDS = (
    "params", "stride", "numbers", "seed", "steps", "saved", "step", "half", "sixth", "tape",
    "out", "count", "stopped", "frame", "ring", "lags", "counter", "blocks", "last", "given",
    "cursors",
)  # fmt: skip


def word(b: Body, name: str, kind: str = "i64") -> str:
    """A word of the environment."""
    return b.load(kind, b.at("%env", str(WORDS.index(name)), "i64"))
