"""XMILE (``.xmile``, ``.stmx``, ``.itmx``): the same entries and expressions as from Vensim.

    bytes -> elements (document) -> modules laid flat (scopes) -> equations (grammar, equations,
    words) -> entries (variables) -> `sdsim.readers.build`

XMILE 1.0 (OASIS 2015) is the source, and Stella's help where that goes further.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sdsim.base.errors import one_line
from sdsim.ir.model import Model
from sdsim.readers.build import Builder
from sdsim.readers.external import External
from sdsim.readers.folder import Folder
from sdsim.readers.xmile.document import Element, parse_document
from sdsim.readers.xmile.known import unread_parts
from sdsim.readers.xmile.specs import dimensions, integration, specs_of
from sdsim.readers.xmile.units import unit_names
from sdsim.readers.xmile.variables import Reader

__all__ = ["SUFFIXES", "read_xmile"]

SUFFIXES = (".xmile", ".stmx", ".itmx")


def read_xmile(data: bytes, path: Path, files: Folder) -> Model:
    """The model in a file's bytes.

    Raises
    ------
    UnsupportedError : a construct that this version does not read, by name.
    ModelError : anything else that is wrong, by file, line and variable.
    """
    file = path.name
    root = parse_document(data, file)
    seen = tuple(unread_parts(root, file))
    dims = dimensions(root, file)
    reader = Reader(root, dims, file)
    entries, exprs = reader.read()
    builder = Builder(dims, External(files), file, reader.spelling, reader.meaning.arrays)
    variables = builder.variables(entries, exprs)
    return Model(
        name=path.stem,
        variables=variables,
        dimensions=dims,
        file=file,
        digest=hashlib.sha256(data).hexdigest(),
        notes=tuple(dict.fromkeys((*seen, *reader.notes, *builder.notes, *_left_out(root)))),
        method=integration(root, file),
        unit_names=unit_names(root),
    )


def _left_out(root: Element) -> Iterator[str]:
    """What is asked for outside the equations, and not done."""
    for data in root.all("data"):
        for found in data.all("import"):
            yield (
                f"line {found.line}: data imported from '{one_line(found.get('resource'), 60)}' "
                "are not read; the equations hold"
            )
    specs = specs_of(root)
    for found in specs.all("run") if specs else ():
        if found.get("by", "all").strip().lower() != "all":
            yield f"line {found.line}: <run by='{one_line(found.get('by'), 20)}'>: all of it is run"
    for found in root.all("includes"):
        yield f"line {found.line}: included files are not read"
