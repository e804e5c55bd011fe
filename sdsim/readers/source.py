"""Reads the text of a model from a path: checks the file type and decodes it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, UnsupportedError

MAX_CONTROL_SHARE = 0.02  # of the bytes; above it the file is not text

_SAVE_AS = "save the model as .mdl (text) in Vensim"
_BINARY = {".vmf", ".vmfx", ".vmfp", ".vpm", ".vpmx", ".vpd"}
#: XMILE, which `sdsim.readers.xmile` reads.
XMILE = {".xmile", ".stmx", ".itmx", ".xml"}

_ENCODINGS = {
    "utf8": "utf-8", "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be",
    "ascii": "ascii", "usascii": "ascii", "latin1": "iso-8859-1", "gb2312": "gbk", "gbk": "gbk",
    "gb18030": "gb18030", "big5": "big5", "shiftjis": "cp932", "sjis": "cp932", "cp932": "cp932",
    "windows31j": "cp932", "eucjp": "euc_jp", "euckr": "cp949", "cp949": "cp949",
    "koi8r": "koi8_r", "macroman": "mac_roman", "macintosh": "mac_roman",
} | {
    f"{prefix}{page}": f"cp{page}"
    for prefix in ("windows", "cp") for page in (874, *range(1250, 1259))
} | {f"iso8859{part}": f"iso-8859-{part}" for part in (*range(1, 12), *range(13, 17))}  # fmt: skip

_HEADER = re.compile(rb"\s*\{\s*([A-Za-z0-9_.:-]+)\s*\}")
_SKETCH = re.compile(rb"(?:\A|[\r\n])[ \t]*\\{2,}---///")
_PRINTABLE = bytes(c for c in range(256) if c >= 32 or c in b"\t\n\r\f\v\x1a")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
         (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a model up to its sketch, lines ending in ``\\n``.

    notes : what the user should know about how it was read.
    """

    text: str
    notes: tuple[str, ...] = ()


def read_bytes(path: Path) -> bytes:
    """The content of a model file.

    Raises
    ------
    UnsupportedError : binary Vensim files, by their suffix.
    ModelError : no such file, not a regular file, another suffix, empty, too large, unreadable.
    """
    suffix = path.suffix.lower()
    file = path.name
    if fault := files.url(path):
        raise fault
    if suffix in _BINARY:
        raise UnsupportedError(f"binary Vensim file ({suffix})", remedy=_SAVE_AS, file=file)
    if suffix != ".mdl" and suffix not in XMILE:
        got = f"extension '{suffix}'" if suffix else "no extension"
        got = "a folder" if path.is_dir() else got
        what = f"{got}: expected a Vensim .mdl file or an XMILE file (.xmile, .stmx)"
        raise ModelError(what, remedy=_SAVE_AS, file=str(path))
    try:
        data = files.read_bytes(path, limits.MODEL_BYTES)
    except ModelError as error:
        raise error.at(file=str(path) if error.what == "no such file" else file) from None
    if not data.strip():
        raise ModelError("empty file", remedy="save the model again", file=file)
    return data


def decode(data: bytes, file: str) -> Source:
    """Decode ``data`` by its byte-order mark, else as declared, else as UTF-8 or Windows-1252.

    Raises
    ------
    ModelError : NUL bytes, binary content, an unknown encoding or one that does not fit.
    """
    encoding, data = _encoding(data, file)
    notes: tuple[str, ...] = ()
    if encoding.startswith("utf-16"):
        data, encoding = _strict(data, encoding, file).encode(), "utf-8"
    if sketch := _SKETCH.search(data):
        data = data[: sketch.start()]
    _refuse_binary(data, file)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise _invalid(data, encoding, error, file) from None
        text = data.decode("cp1252", errors="replace")
        notes = (f"line {_line(data, error.start)} is not UTF-8: read as Windows-1252",)
    return Source(text.replace("\r\n", "\n").replace("\r", "\n"), notes)


def known_encoding(declared: str) -> str | None:
    """The codec that a file declares; None if it is not a known text encoding."""
    return _ENCODINGS.get(re.sub(r"[^a-z0-9]", "", declared.lower()))


def _encoding(data: bytes, file: str) -> tuple[str, bytes]:
    """The encoding, and the data without its byte-order mark."""
    for mark, name in _BOMS:
        if data.startswith(mark) and not data.startswith(codecs.BOM_UTF32_LE):
            return name, data[len(mark) :]
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise ModelError("encoding UTF-32", remedy="save the file as UTF-8", file=file)
    header = _HEADER.match(data)
    if header is None:
        return "utf-8", data
    declared = header.group(1).decode("ascii")
    known = known_encoding(declared)
    if known is None:
        raise ModelError(
            f"unknown encoding '{declared[:40]}'",
            remedy="save the file as UTF-8 with {UTF-8} as its first line",
            file=file,
            line=1,
        )
    return known, data


def _strict(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _invalid(data, encoding, error, file) from None


def _invalid(data: bytes, encoding: str, error: UnicodeDecodeError, file: str) -> ModelError:
    line = _line(data, error.start)
    return ModelError(
        f"not valid {encoding}", remedy="save the file as UTF-8", file=file, line=line
    )


def _refuse_binary(data: bytes, file: str) -> None:
    """Refuse binary data: text has hardly any control characters besides line ends and tabs."""
    control = data.translate(None, _PRINTABLE)
    if len(control) > MAX_CONTROL_SHARE * len(data):
        raise ModelError("not a Vensim text model", remedy=_SAVE_AS, file=file)
    at = data.find(b"\0")
    if at >= 0:
        raise ModelError(
            "NUL byte", remedy="save the file as UTF-8 text", file=file, line=_line(data, at)
        )


def _line(data: bytes, at: int) -> int:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1
