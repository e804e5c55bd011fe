"""Files that a model names, opened only where they lie inside the model's folder."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path, PureWindowsPath

from sdsim.errors import ModelError, UnsupportedError

MAX_BYTES = 64 << 20


class Folder:
    """One folder; `used` holds the SHA-256 of every file read from it, by the name asked for."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.used: dict[str, str] = {}
        self._read: dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        """The content of a regular file inside the folder.

        Raises
        ------
        UnsupportedError : a reference through a variable (``?name``) or a URL.
        ModelError : outside the folder (also through ``..`` or a link), a device, missing, large.
        """
        if name in self._read:
            return self._read[name]
        data = self._open(name)
        self._read[name] = data
        self.used[name] = hashlib.sha256(data).hexdigest()
        return data

    def _open(self, name: str) -> bytes:
        shown = f"external file '{name}'"
        here = "put the file into the model's folder"
        if name.startswith("?"):
            raise UnsupportedError(f"{shown} is indirect", remedy="write the name of the file")
        if "://" in name or name.lower().startswith(("http:", "https:", "ftp:", "file:")):
            raise UnsupportedError(f"{shown} is a URL", remedy=f"download it; {here}")
        if not name.strip() or "\0" in name:
            raise ModelError(f"{shown} is no file name", remedy="write the name of the file")
        relative = name.replace("\\", "/")
        windows = PureWindowsPath(name)
        if relative.startswith("/") or windows.drive or windows.root:
            what = f"{shown} is not a regular file inside the model's folder"
            raise ModelError(what, remedy=here)
        path = Path(os.path.realpath(self.root / relative))
        if not path.is_relative_to(self.root):
            raise ModelError(f"{shown} lies outside the model's folder", remedy=here)
        try:
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            raise ModelError(f"{shown}: no such file", remedy=here) from None
        except OSError as error:
            raise ModelError(f"{shown} cannot be read: {error.strerror}", remedy=here) from None
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                raise ModelError(f"{shown} is not a regular file", remedy=here)
            if info.st_size > MAX_BYTES:
                what = f"{shown} has {info.st_size >> 20} MB, at most {MAX_BYTES >> 20} MB"
                raise ModelError(what, remedy="keep only the cells the model reads")
            with os.fdopen(handle, "rb", closefd=False) as stream:
                return stream.read(MAX_BYTES + 1)
        finally:
            os.close(handle)
