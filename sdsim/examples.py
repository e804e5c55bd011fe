"""Models that come with the package: their files, data and presets."""

from __future__ import annotations

from pathlib import Path

from sdsim.base.errors import ModelError, suggested

_HERE = Path(__file__).parent
#: Where a wheel has them, and where a checkout does.
_PLACES = (_HERE / "example_models", _HERE.parent / "models")


def folder() -> Path:
    """The folder that holds a folder for each example.

    Raises
    ------
    ModelError : this copy of the package came without them.
    """
    for place in _PLACES:
        if place.is_dir():
            return place
    raise ModelError("the examples are missing", remedy="install the package from a wheel")


def names() -> list[str]:
    """The examples: each is a folder with a model, its README and what it reads."""
    return sorted(p.name for p in folder().iterdir() if any(p.glob("*.mdl")))


def path(name: str) -> Path:
    """The path of an example's file: ``teacup/teacup.mdl``; ``teacup`` alone is its model.

    >>> import sdsim.examples
    >>> sdsim.examples.path("teacup").name
    'teacup.mdl'

    Raises
    ------
    ModelError : there is no such file among the examples.
    """
    root = folder().resolve()
    found = (root / name).resolve()
    if found.is_dir():
        found = found / f"{found.name}.mdl"
    if not found.is_file() or not found.is_relative_to(root):
        known = [p.relative_to(root).as_posix() for p in sorted(root.rglob("*")) if p.is_file()]
        remedy = suggested(name, known if "/" in name else names())
        raise ModelError(f"no example '{name}'", remedy=remedy)
    return found
