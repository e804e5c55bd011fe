"""A new sketch for a Vensim file whose equations stay as they are, byte for byte."""

from __future__ import annotations

import re

from sdsim.base.errors import ModelError
from sdsim.ir.model import Model
from sdsim.writers.layout import MAX_DRAWN, views
from sdsim.writers.sketch import sketch
from sdsim.writers.vensim_text import Names
from sdsim.writers.written import Written

_BEGIN = re.compile(rb"^[ \t]*\\{2,}---///", re.MULTILINE)
_END = b"///---\\\\\\"


def redrawn(data: bytes, model: Model) -> Written:
    """The file in ``data``, which says ``model``, with a sketch in place of its own.

    Raises
    ------
    ModelError : a file that is not UTF-8, or too large a model to draw.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        what = "the file is not UTF-8, and would change"
        raise ModelError(what, remedy="convert it without --sketch-only", file=model.file) from None
    if len(model.variables) > MAX_DRAWN:
        what = f"more than {MAX_DRAWN:,} variables are not drawn"
        raise ModelError(what, file=model.file)
    made = sketch(views(model, hidden=False), Names(model).of)
    line_end = "\r\n" if "\r\n" in text else "\n"
    begin = _BEGIN.search(data)
    head = data[: begin.start()] if begin else data
    _, mark, settings = data[len(head) :].rpartition(_END)
    if not head.endswith(b"\n"):
        head += line_end.encode()
    tail = settings.lstrip(b"\r\n") if mark else b""
    whole = head + made.replace("\n", line_end).encode() + tail
    return Written(whole.decode("utf-8"), model)
