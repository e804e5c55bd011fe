"""What few need is installed apart: where it is missing, one line says how to get it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sdsim.base.errors import ModelError
from sdsim.base.identity import OWN

#: The extras of the distribution, and the packages that each brings.
EXTRAS = {
    "fast": ("llvmlite",),
    "excel": ("openpyxl", "xlrd"),
    "parquet": ("pyarrow",),
    "discovery": ("scikit-learn",),
    "search": ("pymoo",),
    "cluster": ("distributed",),
}


def command(name: str) -> str:
    """The command that installs an extra."""
    return f"pip install '{OWN}[{name}]'"


@contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Imports of what an extra brings.

    what : needs it, as the subject of a sentence.

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
