"""A check for another distribution that has the same import name as this package.

`sdsim` on the package index is an unrelated tool. Installed beside this one, it writes into the
same folder or hides it on the import path.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

#: The name of this distribution, and of the other one with the same import name.
OWN, OTHER = "crossborder-sdsim", "sdsim"
REMEDY = (
    f"python -m pip uninstall -y {OTHER} {OWN}, then python -m pip install --force-reinstall {OWN}"
)
#: Files that the other distribution has and this one does not.
_FOREIGN = ("sdsim.py", "__version__.py")


def mixed_with(folder: Path, search: Sequence[str]) -> str:
    """What the other distribution has put in or beside the package's folder; empty if nothing.

    folder : of this package.   search : folders searched by imports, as `sys.path`.
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
    """Warn once if the other distribution is in or beside the package's folder."""
    if found := mixed_with(folder, search):
        warnings.warn(f"{found}; {REMEDY}", UserWarning, stacklevel=3)
