"""The cache of parsed models, as JSON.

An entry is found by the content of the model and by the code that read it, and is used only if
every external file it read still has the same content.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sdsim.base import cache
from sdsim.base.errors import ModelError
from sdsim.base.garbage import no_collection
from sdsim.ir.model import Model, from_json, knowing, to_json
from sdsim.readers.folder import Folder
from sdsim.readers.worker import PYSD

ROOM = "models"
#: Code that reads a model.
ROOMS = ("base", "ir", "tables", "functions", "readers")


def versions() -> str:
    """Everything besides the text that affects the parsed model: the sources here and below."""
    return f"{cache.source_digest(*ROOMS)} {PYSD} {sys.version_info[:2]}"


def key(data: bytes, root: Path | None, suffix: str = ".mdl") -> str:
    """The name of an entry; ``root`` is the data folder, for a model that reads external files, and
    ``suffix`` the suffix of the model file."""
    known = f"{versions()} {root if root else ''} {suffix}"
    return hashlib.sha256(known.encode("utf-8", "surrogateescape") + b"\0" + data).hexdigest()


def load(name: str, file: str, files: Folder, beside: Sequence[str] = ()) -> Model | None:
    """The model stored under ``name``, as read from a file called ``file``; `None` if absent.

    beside : the exported data files that this model looks for.
    """
    body = cache.load(ROOM, name)
    if body is None:
        return None
    try:
        with no_collection():
            entry = json.loads(body)
            if not set(entry["beside"]) <= set(beside):  # a copy of the model under another name
                return None
            for wanted, digest in entry["files"].items():
                if digest:
                    files.read(wanted)
                else:
                    files.find(wanted)
                if files.used[wanted] != digest:
                    return None
            model = from_json(entry["model"])
            model = replace(model, file=file, name=Path(file).stem, reads=files.taken)
            return knowing(model, str(entry["hash"]))
    except (OSError, ModelError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def store(name: str, model: Model, used: Mapping[str, str], beside: Sequence[str] = ()) -> None:
    """Store ``model``, which read the files ``used``; those in ``beside`` depend on its name."""
    data = to_json(model)
    looked = [w for w in used if w in beside]
    entry = {"files": dict(used), "beside": looked, "hash": model.hash, "model": data}
    try:
        body = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return
    cache.store(ROOM, name, body)
