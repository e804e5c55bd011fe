"""Whether this package's folder holds its own files: another distribution has the same import name.

`sdsim` on the package index is an unrelated tool. Installed beside this one it writes into the same
folder, or stands in front of it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

#: The distribution that this package is, and the other one of the same import name.
OWN, OTHER = "crossborder-sdsim", "sdsim"
REMEDY = (
    f"python -m pip uninstall -y {OTHER} {OWN}, then python -m pip install --force-reinstall {OWN}"
)
#: Files of the other distribution that this one does not have.
_FOREIGN = ("sdsim.py", "__version__.py")


def mixed_with(folder: Path, search: Sequence[str]) -> str:
    """What of the other distribution stands in or beside the package's folder; empty where nothing.

    folder : of this package.   search : folders that imports are looked for in, as `sys.path`.
    """
    for name in _FOREIGN:
        if (folder / name).is_file():
            return f"'{folder / name}' belongs to the unrelated package '{OTHER}'"
    for place in dict.fromkeys((str(folder.parent), *search)):
        try:
            names = sorted(os.listdir(place or "."))
        except OSError:
            continue
        for name in names:
            stem = name.lower()
            if stem.startswith(f"{OTHER}-") and stem.endswith((".dist-info", ".egg-info")):
                return f"the unrelated package '{OTHER}' is installed as well ('{name}' in {place})"
    return ""


def warn_of_others(folder: Path, search: Sequence[str]) -> None:
    """One warning where the other distribution stands in or beside the package's folder."""
    if found := mixed_with(folder, search):
        warnings.warn(f"{found}; {REMEDY}", UserWarning, stacklevel=3)
