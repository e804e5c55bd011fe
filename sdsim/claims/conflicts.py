"""Conflicts: where claims contradict each other or others; shown, not settled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdsim.base.toml import read_toml

MAX_BYTES = 1_000_000
MAX_CONFLICTS = 1000


@dataclass(frozen=True)
class Conflict:
    """Claims, or a claim and others outside, that contradict each other.

    claims : their ids.   others : who else, in words.   model : what the model says about it, in
    words.
    """

    id: str
    issue: str
    claims: tuple[str, ...]
    others: str = ""
    model: str = ""


def read_conflicts(path: str | Path) -> tuple[Conflict, ...]:
    """The conflicts in a file of ``[[conflict]]`` tables.

    Raises
    ------
    ModelError : no TOML, an unknown key, a value of the wrong kind, an id given twice; line and
        key are named.
    """
    top = read_toml(Path(path), MAX_BYTES)
    top.only("conflict")
    found: dict[str, Conflict] = {}
    for row in top.rows("conflict", MAX_CONFLICTS):
        row.only("id", "issue", "claims", "others", "model")
        conflict = Conflict(
            row.words("id"), row.words("issue"), row.texts("claims"), row.words("others", ""),
            row.words("model", ""),
        )  # fmt: skip
        if conflict.id in found:
            raise row.fault(f"the id '{conflict.id}' is taken", "id", "give each its own")
        found[conflict.id] = conflict
    return tuple(found.values())
