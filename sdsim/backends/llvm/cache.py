"""Machine code kept in the user's cache folder.

An entry is found by everything that decides its bytes and holds a digest of itself. Whatever is
missing, cut short, altered or somebody else's is a miss; nothing here makes a run fail. Writes go
to a file of their own and are renamed into place, so that any number of processes may write.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import tempfile
from array import array
from itertools import chain
from pathlib import Path

import platformdirs

from sdsim.program import Program

VARIABLE = "SDSIM_CACHE_DIR"
KEPT = 1000
_DIGEST = 32


def folder() -> Path:
    """``code`` under ``$SDSIM_CACHE_DIR`` or under the user's own cache folder."""
    chosen = os.environ.get(VARIABLE)
    base = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("crossborder-sdsim"))
    return base / "code"


def digest(program: Program) -> bytes:
    """What of a program decides its code: everything but names and defaults."""
    ops = program.ops
    h = hashlib.sha256()
    h.update(" ".join([op.code for op in ops]).encode())
    h.update(array("q", chain.from_iterable([op.args for op in ops])).tobytes())
    h.update(array("d", [op.data for op in ops]).tobytes())
    h.update(repr([(s.initial, s.change, s.held) for s in program.states]).encode())
    h.update(repr([(b.input, b.steps, b.initial) for b in program.buffers]).encode())
    for t in program.tables:
        h.update(f"{t.kind} {len(t.x)} ".encode())
        h.update(array("d", (*t.x, *t.y)).tobytes())
    return h.digest()


@functools.cache
def own_digest() -> bytes:
    """What writes the code decides it too: this back end's own sources."""
    h = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        h.update(path.read_bytes())
    return h.digest()


def load(key: str) -> bytes | None:
    """The entry, or None."""
    path = folder() / key
    try:
        with open(path, "rb") as f:
            if not _ours(os.fstat(f.fileno())):
                return None
            entry = f.read()
    except OSError:
        return None
    content = entry[_DIGEST:]
    return content if hashlib.sha256(content).digest() == entry[:_DIGEST] else None


def store(key: str, content: bytes) -> None:
    """Keep an entry if that is possible."""
    place = folder()
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours(place.stat()):
            return
        handle, name = tempfile.mkstemp(dir=place, prefix=".")
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(hashlib.sha256(content).digest() + content)
            os.replace(name, place / key)
        except OSError:
            os.unlink(name)
        _prune(place)


def _prune(place: Path) -> None:
    """Remove the oldest entries beyond `KEPT`."""
    entries = [e for e in os.scandir(place) if e.is_file()]
    if len(entries) > KEPT:
        for e in sorted(entries, key=lambda e: e.stat().st_mtime)[: len(entries) - KEPT]:
            with contextlib.suppress(OSError):
                os.unlink(e.path)


def _ours(status: os.stat_result) -> bool:
    """Written by this user and by nobody else: what is loaded from it will be executed."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
