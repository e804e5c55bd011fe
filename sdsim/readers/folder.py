"""Opens files that a model names, if they are inside the model's folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, UnsupportedError


class Folder:
    """One folder; `used` holds the SHA-256 of every file read from it, by the name asked for."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self.used: dict[str, str] = {}
        #: The file behind each ``?name``, casefolded.
        self.tags: Mapping[str, str] = {}
        self._read: dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        """The content of a regular file inside the folder.

        Raises
        ------
        UnsupportedError : a ``?name`` that the model's settings do not explain, or a URL.
        ModelError : outside the folder (also through ``..`` or a link), a device, missing, large.
        """
        if name in self._read:
            return self._read[name]
        data = self._open(name)
        self._read[name] = data
        self.used[name] = hashlib.sha256(data).hexdigest()
        return data

    def find(self, name: str) -> bytes | None:
        """The content of an optional file; if it is missing, `used` holds an empty digest."""
        try:
            return self.read(name)
        except ModelError:
            self.used[name] = ""
            return None

    @property
    def taken(self) -> tuple[str, ...]:
        """The names of the files that were read."""
        return tuple(name for name, digest in self.used.items() if digest)

    def meant(self, name: str) -> str:
        """The file behind a name; a ``?name`` that is not in the settings stays as it is."""
        return self.tags.get(name.casefold(), name)

    def _open(self, name: str) -> bytes:
        name = self.meant(name)
        shown = f"external file '{name}'"
        here = "put the file into the model's folder"
        if name.startswith("?"):
            raise UnsupportedError(
                f"{shown} is indirect, and the model's settings do not say which file it is",
                remedy="write the name of the file",
            )
        if "://" in name or name.lower().startswith(("http:", "https:", "ftp:", "file:")):
            raise UnsupportedError(f"{shown} is a URL", remedy=f"download it; {here}")
        if not name.strip() or "\0" in name:
            raise ModelError(f"{shown} is not a file name", remedy="write the name of the file")
        relative = name.replace("\\", "/")
        windows = PureWindowsPath(name)
        if relative.startswith("/") or windows.drive or windows.root:
            what = f"{shown} is not a regular file inside the model's folder"
            raise ModelError(what, remedy=here)
        path = Path(os.path.realpath(self.root / relative))
        if not path.is_relative_to(self.root):
            raise ModelError(f"{shown} lies outside the model's folder", remedy=here)
        try:
            return files.read_bytes(path, limits.DATA_BYTES, follow=False)
        except ModelError as error:
            said = f": {error.what}" if error.what == "no such file" else f" {error.what}"
            remedy = "keep only the cells the model reads" if "at most" in said else here
            raise ModelError(shown + said, remedy=remedy) from None
