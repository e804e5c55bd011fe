"""Vensim's exported data: a name on a line of its own, then lines ``time<tab>value``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdsim.base import names

_SUBSCRIPTED = re.compile(r"^(?P<name>.*?)\s*\[(?P<subs>.*)\]\s*$", re.S)

Series = Mapping[float, float]


def exported(text: str) -> dict[str, dict[float, float]] | None:
    """The values of each name by time; None if the text is something else."""
    columns: dict[str, dict[float, float]] = {}
    now: dict[float, float] | None = None
    for line in text.splitlines():
        time, tab, value = line.rstrip().rpartition("\t")
        if not line.strip():
            continue
        try:
            pair = (float(time), float(value)) if tab else None
        except ValueError:
            return None
        if pair is None:
            now = columns.setdefault(line.strip(), {})
        elif now is None:
            return None
        else:
            now[pair[0]] = pair[1]
    return columns or None


def element(name: str) -> tuple[str, ...]:
    """The canonical name of ``Name[a,b]``, followed by those of its elements."""
    match = _SUBSCRIPTED.match(name)
    if match is None:
        return (names.canonical(name),)
    return (names.canonical(match["name"]), *map(names.canonical, match["subs"].split(",")))


def decoded(data: bytes) -> str:
    """The text of a table, decoded as UTF-8 or else as Windows programs write it."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
