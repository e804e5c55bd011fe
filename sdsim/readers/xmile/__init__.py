"""Reads XMILE (``.xmile``, ``.stmx``, ``.itmx``) into the same entries and expressions as Vensim.

    bytes -> elements (document) -> flattened modules (scopes) -> equations (grammar, equations,
    words) -> entries (variables) -> `sdsim.readers.build`

Sources: XMILE 1.0 (OASIS 2015), and Stella's help where it goes further.
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
    """Read the model from a file's bytes.

    Raises
    ------
    UnsupportedError : an unsupported construct, by name.
    ModelError : any other fault, with file, line and variable.
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
    """Notes on features requested outside the equations that are ignored."""
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
