"""What is wrong with a preset, or deserves a look: one line each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sdsim.base.errors import ModelError

Kind = Literal[
    "unreadable", "unknown", "twice", "range", "units", "shares", "horizon", "home", "shared",
    "source",
]  # fmt: skip


@dataclass(frozen=True)
class PresetFinding:
    """One fault of a preset, or a note; as text it is one line.

    kind : what was checked; see `sdsim.check_preset`.   error : False for a note.
    file, line : where the preset gives the value; None where it does not.
    names : the variables or elements concerned.

    Examples
    --------
    >>> found = sdsim.check_preset("teacup.mdl", "winter.toml")
    >>> [(f.kind, f.error, f.names) for f in found]
    [('home', False, ('Teacup Temperature',)), ('home', False, ('Characteristic Time',))]
    >>> print(found[0])
    winter.toml: left at the home case: Teacup Temperature; give it if this case differs
    """

    kind: Kind
    error: bool
    file: str | None
    line: int | None
    names: tuple[str, ...]
    what: str
    remedy: str

    @classmethod
    def of(cls, kind: Kind, e: ModelError, name: str = "") -> PresetFinding:
        """The finding that an error is; ``tables.Name`` as its variable is the entry ``Name``."""
        variable = e.variable or ""
        named = tuple(filter(None, [name or variable.partition(".")[2] or variable]))
        return cls(kind, True, e.file, e.line, named, e.what, e.remedy)

    def __str__(self) -> str:
        name = self.names[0] if self.line and len(self.names) == 1 else None
        return str(ModelError(
            self.what, remedy=self.remedy, file=self.file, line=self.line, variable=name
        ))  # fmt: skip

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"names": list(self.names)}
