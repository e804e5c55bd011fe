"""Files read whole (only regular ones, up to a size limit) and files replaced as a whole."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sdsim.base import host
from sdsim.base.errors import ModelError

#: The prefix for the names of files that are still being written.
PARTIAL = ".partial-"

_WEB = ("http:", "https:", "ftp:", "file:")


def read_bytes(path: Path, most: int, *, follow: bool = True) -> bytes:
    """The content of a regular file of at most ``most`` bytes.

    The file is opened before it is checked, so that the file checked is the one read; opening does
    not wait for the other end of a pipe.

    follow : whether to follow a symbolic link at the end of the path.

    Raises
    ------
    ModelError : no such file, not a regular file, too large or unreadable; without a place.
    """
    try:
        handle = host.open_to_read(path, follow)
    except FileNotFoundError:
        raise url(path) or ModelError("no such file", remedy="check the path") from None
    except (OSError, ValueError) as e:
        reason = getattr(e, "strerror", None) or "no path"
        raise ModelError(f"cannot be read: {reason}", remedy="check the path") from None
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        os.close(handle)
        what = "is a folder" if stat.S_ISDIR(info.st_mode) else "is not a regular file"
        raise ModelError(what, remedy="give the path of a file")
    with os.fdopen(handle, "rb") as stream:
        if info.st_size > most:
            raise too_large(info.st_size, most)
        try:
            data = stream.read(most + 1)
        except OSError as e:
            raise ModelError(f"cannot be read: {e.strerror}", remedy="check the path") from None
    if len(data) > most:  # it has grown, or did not report its size
        raise too_large(len(data), most)
    return data


def read_text(path: Path, most: int) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark; line ends become ``\\n``.

    Raises
    ------
    ModelError : as for `read_bytes`; or the text is not UTF-8.
    """
    try:
        text = read_bytes(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ModelError(f"is not UTF-8 at byte {e.start}", remedy="save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def url(path: Path, remedy: str = "download it first") -> ModelError | None:
    """The error for a web address given in place of a path; None for any other path."""
    if path.parts[:1] and path.parts[0].lower() in _WEB:
        said = path.as_posix().replace(":/", "://", 1)  # paths have single slashes
        what = "is a URL, expected the path of a file"
        return ModelError(what, remedy=remedy, file=said)
    return None


def writable(path: Path, suffixes: Sequence[str]) -> Path:
    """``path``, if a new file can be written there; nothing is written yet.

    Raises
    ------
    ModelError : an unknown suffix, a missing folder, a folder in its place, or no permission.
    """
    if fault := url(path, "write a file here, and take it there"):
        raise fault
    if path.suffix.lower() not in suffixes:
        got = f"'{path.suffix}'" if path.suffix else "a file without an ending"
        what = f"cannot write {got}"
        raise ModelError(what, remedy=f"use {', '.join(suffixes)}", file=str(path))
    target = Path(os.path.realpath(path))  # a link may lead elsewhere
    what, remedy = "", "name a file"
    if not target.parent.is_dir():
        what, remedy = f"there is no folder '{path.parent}'", "make it first"
    elif target.is_dir():
        what = "it is a folder"
    elif target.exists() and not target.is_file():
        what = "it is not a regular file"
    elif not os.access(target.parent, os.W_OK | os.X_OK):
        what, remedy = f"nothing may be written in '{path.parent}'", "choose another folder"
    if what:
        raise ModelError(f"cannot be written: {what}", remedy=remedy, file=str(path))
    return path


@contextmanager
def replacing(path: Path, *, durable: bool = False, private: bool = False) -> Iterator[Path]:
    """A new file beside ``path`` that replaces it when the block ends without an error.

    A reader of ``path`` sees either the old file or the new one, complete. After an error the old
    file is unchanged and the new one is removed. The new file has the mode of the one it replaces,
    or otherwise the default mode.

    durable : whether to flush the file to disk before the replacement, so that a power failure
        cannot leave half of it.
    private : whether only the owner may read it.

    Raises
    ------
    OSError : it cannot be written.
    """
    beside = path.with_name(f"{PARTIAL}{secrets.token_hex(8)}{path.suffix[:20]}")
    open(beside, "xb", opener=_privately if private else None).close()
    try:
        yield beside
        if not private and path.is_file():
            shutil.copymode(path, beside)
        if durable:
            with beside.open("r+b") as stream:
                os.fsync(stream.fileno())
        host.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    if durable:
        host.sync_folder(path.parent)


def tidy(folder: Path) -> None:
    """Remove partial files below a folder, left by processes that died while `replacing`."""
    for partial in folder.rglob(f"{PARTIAL}*"):
        partial.unlink(missing_ok=True)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def named(name: str) -> str:
    """A name as that of a file or folder, another one for each name: letters and digits; a blank as
    ``_``, other characters as their codes."""
    return re.sub(r"[^A-Za-z0-9]", lambda m: "_" if m[0] == " " else f"-{ord(m[0]):x}-", name)


def write_text(path: Path, text: str) -> Path:
    """Write a file in UTF-8, whole or not at all, with the folder it stands in; returns its path.

    Raises
    ------
    ModelError : the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(text, encoding="utf-8", newline="\n")
    except OSError as e:
        what = f"cannot be written: {e.strerror or e}"
        raise ModelError(what, file=str(path), remedy="choose another folder") from None
    return path


def too_large(size: int, most: int) -> ModelError:
    """The error for a file of ``size`` bytes."""
    return ModelError(
        f"has {size / 1e6:.4g} MB, at most {most / 1e6:.4g} MB are read",
        remedy="is this the right file?",
    )
