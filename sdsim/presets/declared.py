"""What a model's author says of its cases, in ``case.toml`` beside the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, said, suggested
from sdsim.base.toml import Section, read_toml
from sdsim.ir.model import Model, Variable

FILE = "case.toml"
#: Whether a case must bring a value, may, or shares it with all others; the first declared holds.
Rank = Literal["must", "may", "shared"]
RANKS: tuple[Rank, ...] = ("must", "may", "shared")
_LISTS = [key for rank in RANKS for key in (rank, f"{rank}_groups")]


@dataclass(frozen=True)
class Declared:
    """What the author of a model says of its cases; nothing where there is no file.

    home : the case whose values are the model's own.
    listed : patterns of canonical names (``*`` matches anything) and, under ``must_groups`` and the
        like, groups in the model file.
    sums : what sums to one: a constant and the range over which it does, or a title and constants.
    """

    home: str = ""
    listed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sums: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @property
    def says_what_it_must(self) -> bool:
        """Whether the author says what a case must give; it is then not guessed."""
        return any(self.listed.get(key) for key in ("must", "must_groups"))

    def rank(self, key: str, variable: Variable) -> Rank | None:
        """What is declared for a variable, one of `RANKS`; names come before groups.

        key : its canonical name.
        """
        for rank in RANKS:
            if any(fnmatchcase(key, p) for p in self.listed.get(rank, ())):
                return rank
        for rank in RANKS:
            if variable.group in self.listed.get(f"{rank}_groups", ()):
                return rank
        return None


def read_declared(path: Path, model: Model) -> Declared:
    """Read a ``case.toml``.

    Raises
    ------
    ModelError : it cannot be used, or names what the model does not have.
    """
    top = read_toml(path, limits.TOML_BYTES)
    top.only("home", "sum_to_one", *_LISTS)
    listed = {key: _listed(top, key, model) for key in _LISTS}
    return Declared(top.words("home", ""), listed, _sums(top.section("sum_to_one"), model))


def _listed(top: Section, key: str, model: Model) -> list[str]:
    """The patterns or groups under a key; each must stand for something in the model."""
    groups = list(dict.fromkeys(v.group for v in model.variables.values() if v.group))
    entries = top.texts(key, ())
    if key.endswith("_groups"):
        for entry in entries:
            if entry not in groups:
                raise top.fault(f"no group '{entry}'", key, suggested(entry, groups))
        return list(entries)
    patterns = [names.canonical(entry) for entry in entries]
    for entry, pattern in zip(entries, patterns, strict=True):
        if not any(fnmatchcase(known, pattern) for known in model.variables):
            known = [v.name for v in model.variables.values() if not v.hidden]
            raise top.fault(f"no variable called '{entry}'", key, suggested(entry, known))
    return patterns


def _sums(section: Section, model: Model) -> dict[str, Any]:
    """The declared sums, each name and range checked."""
    out: dict[str, Any] = {}
    for title, value in section.data.items():
        if not isinstance(value, str | list):
            what = f"expected a range, or a list of constants, got {said(value)}"
            raise section.fault(what, title, 'write "Name" = "Range" or title = ["A", "B"]')
        with section.placing(title):
            if isinstance(value, str):
                variable = model.find(title)
                ranges = [model.dimensions[d].name for d in variable.dims]
                if names.canonical(value) not in variable.dims:
                    what = f"'{variable.name}' has no range '{value}'"
                    raise ModelError(what, remedy=suggested(value, ranges))
                out[title] = value
            else:
                out[title] = section.texts(title)
                for name in out[title]:
                    if model.find(name).dims:
                        remedy = 'give its range instead: "Name" = "Range"'
                        raise ModelError(f"'{name}' has subscripts", remedy=remedy)
    return out
