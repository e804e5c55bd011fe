"""Designs that a file gives together with their factors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sdsim.base.toml import Section
from sdsim.design.base import Design
from sdsim.design.posterior import Posterior, posterior_of
from sdsim.design.table import Table
from sdsim.design.vensim import KIND as VENSIM
from sdsim.design.vensim import read_vensim


def _of_file(read: Callable[[Path], Design]) -> Callable[[Section, Path], Design]:
    """A design whose only setting is its file."""

    def made(s: Section, folder: Path) -> Design:
        s.only("kind", "file")
        name = s.words("file")
        if not (folder / name).is_file():
            raise s.fault(f"no file '{name}'", "file", "a path from the spec's own folder")
        return read(folder / name)

    return made


#: By kind, made from a spec's table and the folder that paths start from.
GIVEN: dict[str, Callable[[Section, Path], Design]] = {
    Table.kind: _of_file(Table.read),
    VENSIM: _of_file(read_vensim),
    Posterior.kind: posterior_of,
}
