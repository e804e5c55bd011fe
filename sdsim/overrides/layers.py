"""Presets laid one over another, as ``a.toml+b.toml`` asks: what the later one gives holds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path

from sdsim.base import names
from sdsim.base.errors import ModelError, ModelWarning, some
from sdsim.overrides.preset import Preset, read_preset


def layer_paths(text: str, folder: Path = Path()) -> list[Path]:
    """The files that ``a.toml+b.toml`` names, from ``folder``; names of files and folders may have
    a ``+`` of their own.

    Raises
    ------
    ModelError : nothing before or after a ``+``.
    """
    parts = [p.strip() for p in text.split("+")]
    found, begun = [], list[str]()
    for part in parts:
        begun.append(part)
        if (folder / "+".join(begun)).is_file():
            found.append(folder / "+".join(begun))
            begun = []
    if not begun:
        return found
    if not all(parts):
        raise ModelError(f"expected presets around '+', got '{text}'", remedy="write a.toml+b.toml")
    return [folder / p for p in parts]


def read_layers(text: str, folder: Path = Path()) -> Preset:
    """Read one preset, or several as one: ``a.toml+b.toml`` is a.toml with b.toml laid over it.

    Where two give a value, the later one's holds; a `ModelWarning` says for which names.

    Raises
    ------
    ModelError : as in `read_preset`; nothing before or after a ``+``.
    """
    paths = layer_paths(text, folder)
    presets = [read_preset(p) for p in paths]
    for n, path in enumerate(paths[1:], start=1):
        if both := list(_given_again(presets[:n], presets[n])):
            said = f"{path.name} holds for what is given before it, too: {some(both)}"
            warnings.warn(said, ModelWarning, stacklevel=2)
    return reduce(layered, presets)


def layered(under: Preset, over: Preset) -> Preset:
    """One preset of two; where both give a value, that of ``over`` holds.

    Raises
    ------
    ModelError : ``over`` has a number for an element of what is a series in ``under``.
    """
    series = {names.canonical(n) for n in under.overrides.series}
    for name in over.overrides.constants:
        if name.endswith("]") and names.canonical(name.partition("[")[0]) in series:
            what = "a number for an element of what the preset below gives as one series"
            remedy = "give that series for each of its elements, there"
            raise over.overrides.placed(ModelError(what, remedy=remedy, variable=name), name)
    return Preset(
        f"{under.title} + {over.title}",
        under.overrides | over.overrides,
        {**under.sources, **over.sources},
        {**under.about, **over.about},
        {**under.units, **over.units},
    )


def _given_again(under: Sequence[Preset], over: Preset) -> Iterator[str]:
    """The names in ``over`` that a preset under it gives as well."""
    given = {names.canonical(n) for p in under for n in p.overrides.names}
    yield from (n for n in over.overrides.names if names.canonical(n) in given)
