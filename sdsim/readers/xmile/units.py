"""Names of units in XMILE: the standard ones, and those that a file defines."""

from __future__ import annotations

from collections.abc import Iterator

from sdsim.base import names
from sdsim.ir.model import UnitNames
from sdsim.readers.xmile.document import Element

#: XMILE 1.0, 4.1.5: the units that every file may use, with their aliases.
_BASELINE = (
    ("nanoseconds", "ns", "nanosecond"),
    ("microseconds", "us", "microsecond"),
    ("milliseconds", "ms", "millisecond"),
    ("seconds", "s", "second"),
    ("minutes", "min", "minute"),
    ("hours", "hr", "hour"),
    ("days", "day"),
    ("weeks", "wk", "week"),
    ("months", "mo", "month"),
    ("quarters", "qtr", "quarter"),
    ("years", "yr", "year"),
)
_PER = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")


def unit_names(root: Element) -> UnitNames:
    """The unit names of a file: its <model_units> (XMILE 1.0, 2.4) and the standard ones.

    A unit with ``disabled="true"`` removes the meaning of a standard name. The file's definitions
    take precedence over the standard ones.
    """
    off: set[str] = set()
    alike: list[tuple[str, ...]] = []
    meant: list[tuple[str, str]] = []
    for name, aliases, equation, disabled in _defined(root):
        if disabled:
            off |= {names.canonical(n) for n in (name, *aliases)}
            continue
        if aliases or not equation:
            alike.append((name, *aliases))
        if equation:
            meant.append((name, equation))
    own = {names.canonical(n) for n in (*(n for group in alike for n in group),
                                        *(n for n, _ in meant))}  # fmt: skip
    for group in _BASELINE:
        kept = tuple(n for n in group if n not in off and (n == group[0] or n not in own))
        if len(kept) > 1:
            alike.append(kept)
    meant += [(f"per_{u}", f"1/{u}") for u in _PER if not {f"per_{u}", f"per {u}"} & (off | own)]
    return UnitNames(tuple(alike), tuple(meant), minus=True)


def _defined(root: Element) -> Iterator[tuple[str, tuple[str, ...], str, bool]]:
    """(name, other names, equation, whether it is disabled) of each unit of a file."""
    for block in root.all("model_units"):
        for unit in block.all("unit"):
            name = unit.get("name").strip()
            aliases = tuple(a.text.strip() for a in unit.all("alias") if a.text.strip())
            if name:
                disabled = unit.get("disabled").strip().lower() in ("true", "1")
                yield name, aliases, unit.said("eqn"), disabled
