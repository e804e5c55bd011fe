"""Parsed models in the cache, as JSON.

An entry is found by the content of the model and by what read it, and used only while every
external file it read still has the content it had.
"""

from __future__ import annotations

import gc
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sdsim import cache
from sdsim.errors import ModelError
from sdsim.model import Model, from_json, to_json
from sdsim.read.folder import Folder
from sdsim.read.worker import PYSD

ROOM = "models"


def key(data: bytes, root: Path | None) -> str:
    """The name of an entry; ``root`` is the data folder of a model that reads external files."""
    reader = cache.source_digest("read", "expr", "names", "model")
    versions = f"{reader} {PYSD} {sys.version_info[:2]} {root if root else ''}"
    return hashlib.sha256(versions.encode("utf-8", "surrogateescape") + b"\0" + data).hexdigest()


def load(name: str, file: str, files: Folder) -> Model | None:
    """The model under ``name``, as read from a file called ``file``; `None` where there is none."""
    body = cache.load(ROOM, name)
    if body is None:
        return None
    try:
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
    """Keep ``model``, which read the files ``used``."""
    entry = {"files": dict(used), "model": to_json(model)}
    try:
        body = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return
    cache.store(ROOM, name, body)


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
