"""The units of one model: synonyms, and names defined in terms of others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdsim.base.errors import ModelError
from sdsim.ir.model import UnitNames
from sdsim.unitcheck.unit import DIMENSIONLESS, Unit, canonical, parse_unit, spellings

#: The longest chain of definitions followed; a name at the end of a longer one stays as it is.
MAX_DEPTH = 50
_PART = re.compile(r"[^*/^()\[\]]+")
_WITHIN = re.compile(r"(?<=\S)\s*-\s*(?=\S)")


class UnitBook:
    """Interprets unit texts as a file defines them.

    faults : (name, what, remedy) of definitions that make no sense; those names stand for
        themselves.   spelled : names in definitions as written, by canonical name.
    """

    def __init__(self, said: UnitNames) -> None:
        self.minus = said.minus
        self.faults: list[tuple[str, str, str]] = []
        self.spelled: dict[str, str] = {}
        self._first: dict[str, str] = {}  # from each synonym towards its group's main name
        self._meant: dict[str, str] = {}
        self._made: dict[str, Unit] = {}
        for group in said.alike:
            self._join([self._key(name) for name in group])
        for name, text in said.meant:
            self._meant.setdefault(self._head(self._key(name)), text)
        self._named = frozenset(self.spelled)

    def parse(self, text: str) -> Unit:
        """The unit that a text means.

        Raises
        ------
        ModelError : it cannot be read as a unit.
        """
        return self._replaced(parse_unit(self.plain(text)), ())

    def spellings(self, text: str) -> Iterator[tuple[str, str]]:
        """(canonical name, name as written) for each name in a text."""
        return spellings(self.plain(text))

    def _key(self, name: str) -> str:
        key = canonical(_bare(name))
        self.spelled.setdefault(key, " ".join(_bare(name).replace("_", " ").split()))
        return key

    def _join(self, keys: list[str]) -> None:
        """Join synonyms; a dimensionless name, or one defined by a product, is the group's head."""
        heads = [self._head(key) for key in keys]
        head = next((h for h in heads if _alone(h) != Unit(((h, 1),))), heads[0])
        self._first |= {h: head for h in heads if h != head}

    def _head(self, key: str) -> str:
        met = []
        while key in self._first:
            met.append(key)
            key = self._first[key]
        self._first |= dict.fromkeys(met, key)
        return key

    def _replaced(self, unit: Unit, within: tuple[str, ...]) -> Unit:
        if not self._first and not self._meant:
            return unit
        out = DIMENSIONLESS
        for name, power in unit.powers:
            out = out * self._meaning(self._head(name), within) ** power
        return out

    def _meaning(self, key: str, within: tuple[str, ...]) -> Unit:
        if key not in self._meant:
            return _alone(key)
        if key in within or len(within) >= MAX_DEPTH:
            what = "the unit is defined by way of itself" if key in within else (
                f"more than {MAX_DEPTH} definitions of units one behind the other")  # fmt: skip
            self._fault(key, what, "define it by other units")
            return _alone(key)
        if key not in self._made:
            try:
                self._made[key] = self._replaced(
                    parse_unit(self.plain(self._meant[key])), (*within, key)
                )
            except ModelError as e:
                self._fault(key, e.what, e.remedy)
                self._made[key] = _alone(key)
        return self._made[key]

    def _fault(self, key: str, what: str, remedy: str) -> None:
        if all(name != key for name, _, _ in self.faults):
            self.faults.append((key, what, remedy))

    def plain(self, text: str) -> str:
        """The text without quotes, with ``*`` for each ``-`` that means multiplication."""
        if not self.minus or ("-" not in text and '"' not in text):
            return text
        if canonical(_bare(text)) in self._named:
            return _bare(text)
        out, at = [], 0
        for found in _PART.finditer(text):
            out.append(text[at : found.start()])
            before = text[: found.start()].rstrip()[-1:]
            after = text[found.end() :].lstrip()[:1]
            out.append(self._multiplied(found.group(), before, after))
            at = found.end()
        return "".join((*out, text[at:]))

    def _multiplied(self, part: str, before: str, after: str) -> str:
        if canonical(part) in self._named or "-" not in part or '"' in part:
            return part.replace('"', "")
        body = part.strip()
        head = "*" if body.startswith("-") and before == ")" else ""
        tail = "*" if body.endswith("-") and after == "(" else ""
        body = body[1:] if head else body
        body = body[:-1] if tail else body
        return head + _WITHIN.sub("*", body) + tail


def _bare(name: str) -> str:
    return name.strip().strip('"')


def _alone(key: str) -> Unit:
    """The unit of one canonical name."""
    try:
        return parse_unit(key)
    except ModelError:
        return Unit(((key, 1),))
