"""What stands behind the sketch of a Vensim file: names of data files; nothing else is of use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

_BEGIN = re.compile(rb"^:L[^\r\n]*\r?$", re.MULTILINE)
_TAG = re.compile(rb"^30:(\?[^=\r\n]+)=([^\r\n]+?)\s*$", re.MULTILINE)
_DATA = re.compile(rb"^13:([^\r\n]+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Settings:
    """tags : the file that stands for each ``?name``, casefolded.   data : exported data (.dat) to
    look for in the model's folder, those that Vensim loads with the model first."""

    tags: Mapping[str, str] = field(default_factory=dict)
    data: tuple[str, ...] = ()


def settings_of(data: bytes, stem: str) -> Settings:
    """The settings in the bytes of a file called ``stem``; what they do not say stays empty."""
    begin = None
    for begin in _BEGIN.finditer(data):  # noqa: B007 - the last one counts
        pass
    tail = data[begin.end() :] if begin else b""
    tags = {_text(t).casefold(): _inside(_text(f)) for t, f in _TAG.findall(tail)}
    loaded = [
        PureWindowsPath(_inside(part.strip())).with_suffix(".dat").name
        for line in _DATA.findall(tail)
        for part in _text(line).split(",")
        if part.strip()
    ]
    return Settings(tags, tuple(dict.fromkeys((*loaded, f"{stem}_data.dat"))))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").strip()


def _inside(name: str) -> str:
    """A path on the machine of whoever saved the model means the file of that name beside it."""
    path = PureWindowsPath(name)
    return path.name if path.drive or path.root else name
