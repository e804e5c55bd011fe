"""From a model file to a `sdsim.model.Model`; a model file is data, whatever it says."""

from __future__ import annotations

import hashlib
import re
from os import PathLike
from pathlib import Path

from sdsim.errors import ModelError
from sdsim.expr import Expr, Num
from sdsim.model import Model
from sdsim.read import cache as _cache
from sdsim.read.build import Builder
from sdsim.read.checks import check
from sdsim.read.dimensions import dimensions
from sdsim.read.external import External
from sdsim.read.folder import Folder
from sdsim.read.scan import scan
from sdsim.read.source import decode, read_bytes
from sdsim.read.translate import Spelling, translate

__all__ = ["read"]

_EXTERNAL = re.compile(rb"GET[\s_]+(XLS|DIRECT)", re.IGNORECASE)


def read(
    path: str | PathLike[str],
    *,
    data_folder: str | PathLike[str] | None = None,
    cache: bool = True,
) -> Model:
    """The model in a Vensim ``.mdl`` text file.

    Nothing in the file is executed, and nothing is written but the cache of parsed models
    (`sdsim.read.cache`). Data series without a value in the file become variables of role
    ``data`` without equations.

    Parameters
    ----------
    data_folder : where external data (GET DIRECT DATA and the like) may lie; the model's own
        folder by default. Files outside it are refused.
    cache : whether to look for, and keep, the parsed model.

    Raises
    ------
    UnsupportedError : a file format or construct that this version does not read, by name.
    ModelError : anything else that is wrong, by file, line and variable.
    """
    path = Path(path)
    data = read_bytes(path)
    file = path.name
    files = Folder(Path(data_folder) if data_folder is not None else path.resolve().parent)
    name = _cache.key(data, files.root if _EXTERNAL.search(data) else None)
    if cache and (kept := _cache.load(name, file, files)):
        return kept
    try:
        model = _read(data, path, files)
    except ModelError as error:
        raise error.at(file=file) from None
    if cache:
        _cache.store(name, model, files.used)
    return model


def _read(data: bytes, path: Path, files: Folder) -> Model:
    file = path.name
    source = decode(data, file)
    found = scan(source.text, file)
    check(found.entries, file)
    external = External(files)
    ranges = [e for e in found.entries if e.kind in ("range", "copy")]
    entries = [e for e in found.entries if e.kind not in ("range", "copy")]
    dims = dimensions(ranges, file, external.subscripts)
    spelling = Spelling()
    given = [e for e in entries if e.text]
    parsed = iter(translate(given, file, spelling))
    exprs: list[Expr] = [next(parsed) if e.text else Num(0.0) for e in entries]
    variables = Builder(dims, external, file, spelling).variables(entries, exprs)
    return Model(
        name=path.stem,
        variables=variables,
        dimensions=dims,
        file=file,
        digest=hashlib.sha256(data).hexdigest(),
        notes=(*source.notes, *found.notes, *external.notes),
    )
