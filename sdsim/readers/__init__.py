"""Reads a model file into a `sdsim.ir.model.Model`. A model file is data and never runs code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from os import PathLike
from pathlib import Path

from sdsim.base.errors import ModelError
from sdsim.base.garbage import no_collection
from sdsim.ir.expr import Call, Expr, Ref, walk
from sdsim.ir.model import Dimension, Model, UnitNames
from sdsim.readers import cache as _cache
from sdsim.readers.build import Builder
from sdsim.readers.checks import added, check
from sdsim.readers.external import External
from sdsim.readers.folder import Folder
from sdsim.readers.macros import Body, Inliner, without_outputs
from sdsim.readers.ranges import dimensions
from sdsim.readers.scan import Entry, Scan, scan_text
from sdsim.readers.settings import FileSettings, settings_of
from sdsim.readers.source import XMILE, decode, read_bytes
from sdsim.readers.translate import Spelling, expressions

__all__ = ["read"]

_RANGES = ("range", "copy")
_EXTERNAL = re.compile(rb"GET[\s_]+(XLS|DIRECT)", re.IGNORECASE)


def read(
    path: str | PathLike[str],
    *,
    data_folder: str | PathLike[str] | None = None,
    cache: bool = True,
) -> Model:
    """Read the model in a Vensim ``.mdl`` text file or an XMILE file (``.xmile``, ``.stmx``).

    Nothing in the file is executed, and nothing is written except the cache of parsed models
    (`sdsim.readers.cache`). Data variables without a source take their values from exported data
    beside the model: a ``.dat`` file that the model's settings load, or ``<model>_data.dat``.
    Those without any values have role ``data`` and no equations.

    Parameters
    ----------
    data_folder : folder of external data (GET DIRECT DATA and the like); the model's own folder
        by default. Files outside it are refused.
    cache : whether to use and update the cache of parsed models.

    Raises
    ------
    UnsupportedError : a file format or construct that is not supported, by name.
    ModelError : any other fault, with file, line and variable.

    Examples
    --------
    >>> model = sdsim.read("teacup.mdl")
    >>> model.find("room temperature").units
    'Degrees Fahrenheit'
    """
    if not isinstance(path, str | PathLike):
        what = f"expected the path of a model file, got {type(path).__name__}"
        raise ModelError(what, remedy='write sdsim.load("model.mdl")')
    path = Path(path)
    if data_folder is not None and not Path(data_folder).is_dir():
        remedy = "name the folder with the model's data"
        raise ModelError("no such folder", remedy=remedy, file=str(data_folder))
    data = read_bytes(path)
    file = path.name
    files = Folder(Path(data_folder) if data_folder is not None else path.resolve().parent)
    settings = settings_of(data, path.stem)
    files.tags = settings.tags
    root = files.root if _EXTERNAL.search(data) else None
    name = _cache.key(data, root, path.suffix.lower())
    if cache and (kept := _cache.load(name, file, files, settings.data)):
        return kept
    try:
        with no_collection():
            model = replace(_read(data, path, files, settings), reads=files.taken)
    except ModelError as error:
        raise error.at(file=file) from None
    if cache:
        _cache.store(name, model, files.used, settings.data)
    return model


def _read(data: bytes, path: Path, files: Folder, settings: FileSettings) -> Model:
    file = path.name
    if path.suffix.lower() in XMILE:
        xmile = import_module("sdsim.readers.xmile")  # load its parser only when needed
        model: Model = xmile.read_xmile(data, path, files)
        return model
    source = decode(data, file)
    found = scan_text(source.text, file)
    check(found, file)
    external = External(files, settings.data)
    ranges = [e for e in found.entries if e.kind in _RANGES]
    dims = dimensions(ranges, file, external.subscripts)
    entries, exprs, spelling = _expressions(found, file, dims)
    builder = Builder(dims, external, file, spelling)
    variables = builder.variables(entries, exprs)
    notes = (*source.notes, *found.notes, *external.notes, *builder.notes, settings.note)
    return Model(
        name=path.stem,
        variables=variables,
        dimensions=dims,
        file=file,
        digest=hashlib.sha256(data).hexdigest(),
        notes=tuple(dict.fromkeys(filter(None, notes))),
        method=settings.method,
        reality=found.reality,
        unit_names=UnitNames(settings.alike),
    )


def _expressions(
    found: Scan, file: str, dims: Mapping[str, Dimension]
) -> tuple[list[Entry], list[Expr], Spelling]:
    """The entries of the model's variables with their expressions, macros expanded."""
    whole = [e for e in found.entries if e.kind not in _RANGES]
    main = [without_outputs(e, found.macros, file) for e in whole]
    inner = [
        without_outputs(e, found.macros, file) for macro in found.macros for e in macro.entries
    ]
    spelling = Spelling()
    parsed = expressions([*main, *inner], file, spelling)
    for entry, expr in zip([*main, *inner], parsed, strict=True):
        _checked(entry, expr, file)
    exprs, rest = parsed[: len(main)], iter(parsed[len(main) :])
    parts = iter(inner)
    macros = [replace(m, entries=tuple(next(parts) for _ in m.entries)) for m in found.macros]
    bodies = [Body(m, tuple(next(rest) for _ in m.entries)) for m in macros]
    inliner = Inliner({b.key: b for b in bodies}, dims, file)
    exprs = [inliner.inline(e, x) for e, x in zip(main, exprs, strict=True)]
    return [*main, *inliner.entries], [*exprs, *inliner.exprs], spelling


def _checked(entry: Entry, expr: Expr, file: str) -> None:
    """Refuse names reserved for parts that sdsim adds, and MIN and MAX of other than two arguments
    (in XMILE they may have any number, or an array)."""
    for node in walk(expr):
        if isinstance(node, Ref | Call) and (fault := added(node.name)):
            raise ModelError(
                fault, remedy="name what the file itself defines", file=file, line=entry.line,
                variable=entry.label,
            )  # fmt: skip
        if isinstance(node, Call) and node.name in ("min", "max") and len(node.args) != 2:
            name, got = node.name.upper(), len(node.args)
            remedy = f"write {name}({name}(a, b), c) for three, V{name}(x[range!]) for an array"
            raise ModelError(
                f"{name} takes 2 arguments, got {got}", remedy=remedy, file=file, line=entry.line,
                variable=entry.label,
            )  # fmt: skip
