"""The user's cache folder: what was costly to make, kept under a name and a checksum.

A name is a digest of everything the content depends on. Anything unexpected is a miss and nothing
here ever fails: a folder that others can write into is not used, entries are written beside and
renamed into place, so any number of processes may share it. Contents are data for their readers;
nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

import platformdirs

VARIABLE = "SDSIM_CACHE_DIR"
#: The largest entry that is read, in bytes.
MAX_BYTES = 512 << 20


def folder() -> Path:
    """The cache folder: ``$SDSIM_CACHE_DIR``, or the user's own for this program."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("crossborder-sdsim"))


def load(room: str, name: str) -> bytes | None:
    """The content kept under ``name`` in ``room`` (a subfolder), None where there is none."""
    try:
        place = folder() / room
        if not _ours(place):
            return None
        path = place / name
        if path.stat().st_size > MAX_BYTES:
            return None
        checksum, _, body = path.read_bytes().partition(b"\n")
    except (OSError, ValueError):
        return None
    return body if _checksum(body) == checksum else None


def store(room: str, name: str, body: bytes) -> None:
    """Keep ``body``; where that cannot be done, do not."""
    try:
        place = folder() / room
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours(place):
            return
        handle, temporary = tempfile.mkstemp(prefix=".", dir=place)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_checksum(body) + b"\n" + body)
            os.replace(temporary, place / name)
        except BaseException:
            os.unlink(temporary)
            raise
    except (OSError, ValueError):
        return


def source_digest(*rooms: str) -> str:
    """A digest of the source files of the named rooms of this package, for use in names."""
    here = Path(__file__).parent
    out = hashlib.sha256()
    for room in rooms:
        place = here / room
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            try:
                out.update(file.read_bytes())
            except OSError:
                out.update(os.urandom(16))
    return out.hexdigest()


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _ours(place: Path) -> bool:
    """A folder that nobody else can write into."""
    info = place.stat()
    if not stat.S_ISDIR(info.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return info.st_uid == os.getuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
