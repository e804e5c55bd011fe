"""Optional packages: if one is missing, a one-line error says how to install it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sdsim.base.errors import ModelError
from sdsim.base.identity import OWN

#: The extras of the distribution, and the packages in each.
EXTRAS = {
    "fast": ("llvmlite",),
    "excel": ("openpyxl", "xlrd"),
    "parquet": ("pyarrow",),
    "discovery": ("scikit-learn",),
    "search": ("pymoo",),
    "cluster": ("distributed",),
    "emcee": ("emcee",),
}


def command(name: str) -> str:
    """The command that installs an extra."""
    return f"pip install '{OWN}[{name}]'"


@contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Guard the import of packages that belong to an extra.

    what : what needs it, as the subject of a sentence.

    Raises
    ------
    ModelError : it is not installed.
    """
    try:
        yield
    except ImportError as e:
        missing = e.name or " or ".join(EXTRAS[name])
        raise ModelError(
            f"{what} needs {missing}, which is not installed", remedy=command(name)
        ) from None
