"""The user's cache folder: costly results kept under a name with a checksum.

A name is a digest of everything the content depends on. Anything unexpected counts as a miss, and
nothing here ever fails: entries that another user could have written are ignored, and each write
goes to its own file and is then renamed into place, so any number of processes may share the
folder. Contents are plain data; nothing is ever unpickled.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from pathlib import Path

import platformdirs

from sdsim.base import files, host, limits

VARIABLE = "SDSIM_CACHE_DIR"
#: The largest entry that is read, in bytes, and the most entries kept in a room.
MAX_BYTES = 512 << 20
KEPT = 1000
_DIGEST = 32


def folder() -> Path:
    """The cache folder: ``$SDSIM_CACHE_DIR``, or this program's folder in the user's cache."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("crossborder-sdsim"))


def load(room: str, name: str) -> bytes | None:
    """The content stored under ``name`` in ``room`` (a subfolder); None if there is none."""
    place = folder() / room
    try:
        if not host.only_mine(place.stat()):
            return None
        with (place / name).open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not host.only_mine(status) or status.st_size > MAX_BYTES:
                return None
            entry = stream.read()
    except (OSError, ValueError):
        return None
    body = entry[_DIGEST:]
    return body if hashlib.sha256(body).digest() == entry[:_DIGEST] else None


def store(room: str, name: str, body: bytes) -> None:
    """Store ``body``; do nothing if that fails."""
    place = folder() / room
    with contextlib.suppress(OSError, ValueError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not host.only_mine(place.stat()):
            return
        with files.replacing(place / name, private=True) as beside:
            beside.write_bytes(hashlib.sha256(body).digest() + body)
        _prune(place)


@functools.cache
def source_digest(*rooms: str) -> str:
    """A digest of some of this package's source files and the limits in force, for use in names.

    rooms : folders or files of the package, without suffix: ``backends/llvm``, ``ir``.
    """
    package = Path(__file__).parents[1]
    out = hashlib.sha256(str(limits.TIMES).encode())
    for room in rooms:
        place = package / room
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            out.update(file.read_bytes())
    return out.hexdigest()


def _prune(place: Path) -> None:
    """Remove the oldest entries beyond `KEPT`."""
    entries = [e for e in os.scandir(place) if e.is_file()]
    if len(entries) > KEPT:
        for e in sorted(entries, key=lambda e: e.stat().st_mtime)[: len(entries) - KEPT]:
            with contextlib.suppress(OSError):
                os.unlink(e.path)
