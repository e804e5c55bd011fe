"""The settings after the sketch of a Vensim file: data files, integration method, equivalent
units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

_BEGIN = re.compile(rb"^:L[^\r\n]*\r?$", re.MULTILINE)
_TAG = re.compile(rb"^30:(\?[^=\r\n]+)=([^\r\n]+?)\s*$", re.MULTILINE)
#: The fourth number is the method: 0 Euler, 1 and 5 RK4 (automatic steps, or TIME STEP), 2
#: differences, 3 and 4 RK2.
_METHOD = re.compile(rb"^15:\d+,\d+,\d+,(\d)", re.MULTILINE)
_DATA = re.compile(rb"^13:([^\r\n]+?)\s*$", re.MULTILINE)
#: All names of one unit (Vensim: Model > Settings > Units Equiv.).
_ALIKE = re.compile(rb"^22:([^\r\n]+?)\s*$", re.MULTILINE)
_METHODS = {
    b"1": ("rk4", "the file asks for RK4 with steps of its own choice: RK4 with TIME STEP is used"),
    b"2": ("", "the file asks for integration by differences: Euler's method is used"),
    b"3": ("rk4", "the file asks for RK2: RK4 is used"),
    b"4": ("rk4", "the file asks for RK2: RK4 is used"),
    b"5": ("rk4", ""),
}


@dataclass(frozen=True)
class FileSettings:
    """The settings of a Vensim file.

    tags : the file behind each ``?name``, casefolded.   data : exported data (.dat) to look for in
        the model's folder; those that Vensim loads with the model come first.
    method : ``rk4``, or empty for Euler.   note : set if that is not quite what the file asks for.
    alike : groups of names for the same unit.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    method: str = ""
    note: str = ""
    alike: tuple[tuple[str, ...], ...] = ()


def settings_of(data: bytes, stem: str) -> FileSettings:
    """The settings in the bytes of a file called ``stem``; missing ones stay empty."""
    begin = None
    for begin in _BEGIN.finditer(data):  # noqa: B007 - the last one counts
        pass
    tail = data[begin.end() :] if begin else b""
    tags = {_text(t).casefold(): _inside(_text(f)) for t, f in _TAG.findall(tail)}
    loaded = [
        f"{PureWindowsPath(part.strip()).stem}.dat"
        for line in _DATA.findall(tail)
        for part in _text(line).split(",")
        if part.strip()
    ]
    said = _METHOD.search(tail)
    method, note = _METHODS.get(said[1] if said else b"0", ("", ""))
    alike = tuple(
        tuple(part.strip() for part in _text(line).split(",") if part.strip())
        for line in _ALIKE.findall(tail)
    )
    data_files = tuple(dict.fromkeys((*loaded, f"{stem}_data.dat")))
    return FileSettings(tags, data_files, method, note, tuple(a for a in alike if len(a) > 1))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").strip()


def _inside(name: str) -> str:
    """The file beside the model with the name of a path from the machine that saved it."""
    path = PureWindowsPath(name)
    return path.name if path.drive or path.root else name
