"""A model's documentation, written as files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path as _Path

from sdsim.api.models import model_of
from sdsim.base import files
from sdsim.documents import book_of, counts_of, markdown, page
from sdsim.ir.model import Model
from sdsim.run.system import System

Path = str | PathLike[str]
NAME = "model"


def document(
    model: Path | System | Model, folder: Path, *, data_folder: Path | None = None
) -> tuple[_Path, _Path]:
    """Write the documentation of a model: one web page and one Markdown file.

    Every variable has its kind, equation, units, documentation, range, causes and uses, by group;
    an assessment counts what is missing or deserves a look, after SDM-Doc (Martinez-Moyano 2012).
    The page needs no network; trees of causes and uses open in it, and it has a search box. The
    model is not run, and its data may be missing.

    Parameters
    ----------
    model : the path of a model file, or a model that is loaded.
    folder : where the files go; it is made. Files of the same names are replaced.
    data_folder : where external data may lie; the model's own folder by default.

    Returns
    -------
    The paths of ``NAME.html`` and ``NAME.md``, called like the model's file.

    Raises
    ------
    ModelError : the file cannot be used, or nothing can be written in the folder.

    Examples
    --------
    >>> page, text = sdsim.document("teacup.mdl", "documentation")
    >>> page.name, text.name
    ('teacup.html', 'teacup.md')
    """
    found = model_of(model, data_folder)
    book = book_of(found)
    counts = counts_of(book)
    stem = _Path(_Path(found.file).name).stem or NAME
    target = _Path(folder)
    return (
        files.write_text(target / f"{stem}.html", page(book, counts)),
        files.write_text(target / f"{stem}.md", markdown(book, counts)),
    )
