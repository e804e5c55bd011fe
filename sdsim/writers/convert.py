"""Converts a model file: writes it, reads it back, and only then puts it in place."""

from __future__ import annotations

import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from sdsim.base import files
from sdsim.base.errors import ModelError
from sdsim.base.numerals import listed
from sdsim.compile.expand import expand
from sdsim.compile.lower import lower
from sdsim.compile.order import order
from sdsim.ir.model import Model
from sdsim.ir.program import Program
from sdsim.readers import read
from sdsim.writers import Written, differing, redrawn, write_vensim, write_xmile

#: The writer for each suffix.
WRITERS: dict[str, Callable[[Model], Written]] = {
    ".mdl": write_vensim, ".xmile": write_xmile, ".stmx": write_xmile,
}  # fmt: skip


def convert(
    source: str | PathLike[str],
    target: str | PathLike[str],
    *,
    force: bool = False,
    sketch_only: bool = False,
    data_folder: str | PathLike[str] | None = None,
) -> tuple[str, ...]:
    """Write the model in ``source`` to ``target``, in the format of its suffix.

    The new file is read back before it is put in place; it must have the same equations.

    Parameters
    ----------
    force : whether an existing file may be replaced.
    sketch_only : whether a Vensim file keeps everything but its sketch byte for byte.
    data_folder : folder of external data; the model's own folder by default.

    Returns
    -------
    What is written differently from the original, one line each.

    Raises
    ------
    ModelError : the source cannot be read; the target's format is not known, cannot say what is
        in the model, or the file already exists.
    """
    source, target = Path(source), Path(target)
    writer = WRITERS.get(target.suffix.lower())
    if sketch_only and {source.suffix.lower(), target.suffix.lower()} != {".mdl"}:
        raise ModelError(
            "a sketch is drawn from .mdl to .mdl alone",
            file=target.name,
            remedy="give two .mdl files, or leave out --sketch-only",
        )
    files.writable(target, (*WRITERS,))
    assert writer is not None
    vacant(target, force)
    model = read(source, data_folder=data_folder)
    made = redrawn(source.read_bytes(), model) if sketch_only else writer(model)
    # What was external is so still where only the sketch is new.
    where = (data_folder or source.resolve().parent) if sketch_only else None

    runs = _runs(model)

    def checked(path: Path) -> None:
        try:
            again = read(path, cache=False, data_folder=where)
            fault = differing(made.model, again)
            if fault is None and runs:
                _program(again)
        except ModelError as error:
            fault = error
        if fault:
            what = f"{fault.what} (the new file would not mean the same)"
            remedy = fault.remedy or "that format cannot express this model"
            raise ModelError(what, remedy=remedy, file=source.name, variable=fault.variable)

    replace(target, made.text, checked)
    if not model.reads or sketch_only:
        return made.notes
    return (*made.notes, f"data of other files stand in the new one: {listed(model.reads)}")


def _program(model: Model) -> Program:
    return lower(order(expand(model)))


def _runs(model: Model) -> bool:
    """Whether everything that the model calls exists."""
    try:
        _program(model)
    except ModelError:
        return False
    return True


def vacant(target: Path, force: bool) -> None:
    """
    Raises
    ------
    ModelError : the file is there, or a link that may lead anywhere, and may not be replaced.
    """
    if os.path.lexists(target) and not force:
        raise ModelError(
            "already exists", remedy="choose another name, or --force", file=str(target)
        )


def replace(target: Path, text: str, check: Callable[[Path], None]) -> None:
    """Put a file in place once it is complete and ``check`` has passed it.

    Raises
    ------
    ModelError : the folder cannot be written to; whatever ``check`` raises.
    """
    target = Path(os.path.realpath(target))
    try:
        with files.replacing(target) as beside:
            beside.write_text(text, encoding="utf-8", newline="")
            check(beside)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ModelError(what, file=str(target), remedy="choose another folder") from None
