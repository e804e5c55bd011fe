"""Parsed models kept in the user's cache folder, as JSON under a checksum.

An entry is found by the content of the model and the versions that made it, and used only while
every external file it read still has the content it had. Anything unexpected is a miss; nothing
here ever fails a read. Writes go to a file of their own and are renamed into place, so that any
number of processes may load one model at once.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import platformdirs

from sdsim.errors import ModelError
from sdsim.model import Model, from_json, to_json
from sdsim.read.folder import Folder
from sdsim.read.worker import PYSD

FORMAT = 1  # counts up whenever what `read` returns changes
VARIABLE = "SDSIM_CACHE_DIR"
MAX_BYTES = 512 << 20


def folder() -> Path:
    """The cache folder: ``$SDSIM_CACHE_DIR``, or the user's own for this program."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("crossborder-sdsim"))


def key(data: bytes, root: Path | None) -> str:
    """The name of an entry; ``root`` is the data folder of a model that reads external files."""
    versions = f"{FORMAT} {PYSD} {sys.version_info[:2]} {root if root else ''}"
    return hashlib.sha256(versions.encode("utf-8", "surrogateescape") + b"\0" + data).hexdigest()


def load(name: str, file: str, files: Folder) -> Model | None:
    """The model under ``name``, as read from a file called ``file``; `None` where there is none."""
    try:
        place = folder()
        if not _ours(place):
            return None
        path = place / f"{name}.json"
        if path.stat().st_size > MAX_BYTES:
            return None
        checksum, _, body = path.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return None
        with _no_collection():
            entry = json.loads(body)
            for wanted, digest in entry["files"].items():
                files.read(wanted)
                if files.used[wanted] != digest:
                    return None
            return replace(from_json(entry["model"]), file=file, name=Path(file).stem)
    except (OSError, ModelError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def store(name: str, model: Model, used: Mapping[str, str]) -> None:
    """Keep ``model``, which read the files ``used``; where that cannot be done, do not."""
    try:
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours(place):
            return
        entry = {"files": dict(used), "model": to_json(model)}
        body = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        handle, temporary = tempfile.mkstemp(prefix=f".{name[:16]}", dir=place)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            os.replace(temporary, place / f"{name}.json")
        except BaseException:
            os.unlink(temporary)
            raise
    except (OSError, ValueError):
        return


@contextmanager
def _no_collection() -> Iterator[None]:
    """A hundred thousand small objects that all stay: the collector would walk them in vain."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _ours(place: Path) -> bool:
    """A folder that nobody else can write into."""
    info = place.stat()
    if not stat.S_ISDIR(info.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return info.st_uid == os.getuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
