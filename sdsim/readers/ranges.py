"""Subscript ranges: ordered elements, expanded subranges, copies, and mappings.

A mapping ``DimA: a1, a2 -> DimB`` is by position. ``-> (DimB: b2, SubB)`` names, for each element
of this range (or each item of its definition, if that has subranges), the corresponding element or
subrange of the other dimension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, one_line, suggested
from sdsim.ir.model import Dimension
from sdsim.readers.checks import unusable
from sdsim.readers.scan import Entry, items, mask

_NUMERIC = re.compile(r"\(\s*\"?\s*([^()\"]*?)(\d+)\s*\"?\s*-\s*\"?\s*([^()\"]*?)(\d+)\s*\"?\s*\)")
_IMPORT = re.compile(r"GET[\s_]+(?:XLS|DIRECT)[\s_]+SUBSCRIPTS?\s*\((.*)\)\s*", re.IGNORECASE)
_STRING = re.compile(r"'([^']*)'")
_MAPPING = re.compile(
    r"""\s*(?:\(((?:[^()"]|"(?:\\"|[^"])*")*)\)|("(?:\\"|[^"])*"|[^(),"]+))\s*(?:,|$)"""
)

#: (file, tab, first cell, last cell, prefix) -> the elements, as written
Import = Callable[[Sequence[str]], Sequence[str]]


@dataclass
class _Range:
    """A definition before its items are expanded."""

    entry: Entry
    items: list[str]
    imported: bool = False
    maps: list[tuple[str, list[str]]] = field(default_factory=list)


def dimensions(entries: Sequence[Entry], file: str, fetch: Import) -> dict[str, Dimension]:
    """The dimensions of a model by canonical name, in file order.

    Raises
    ------
    ModelError : a range that is defined twice, is too large, contains itself, or maps to an
        unknown dimension or element; a numeric range that makes no sense.
    """
    return _Ranges(entries, file, fetch).all()


class _Ranges:
    def __init__(self, entries: Sequence[Entry], file: str, fetch: Import) -> None:
        self.file, self.fetch = file, fetch
        self.ranges: dict[str, _Range] = {}
        self.done: dict[str, list[str]] = {}
        for entry in entries:
            if entry.key in self.ranges:
                first = self.ranges[entry.key].entry
                raise self.error(entry, f"defined twice, first in line {first.line}", "delete one")
            self.ranges[entry.key] = self.parse(entry)

    def error(self, entry: Entry, what: str, remedy: str) -> ModelError:
        return ModelError(
            what, remedy=remedy, file=self.file, line=entry.line, variable=entry.label
        )

    def parse(self, entry: Entry) -> _Range:
        if entry.kind == "copy":
            return _Range(entry, items(entry.text))
        if found := _IMPORT.match(entry.text):
            arguments = _STRING.findall(found.group(1))
            rest = entry.text[found.end() :]
            if len(arguments) < 4:
                raise self.error(
                    entry,
                    f"GET SUBSCRIPT with {len(arguments)} arguments",
                    "give file, tab, first cell, last cell and prefix",
                )
            found_there = list(self.fetch(arguments))
            self.once(entry, found_there)
            return _Range(entry, found_there, True, self.mappings(entry, rest))
        hidden = mask(entry.text)
        arrow = hidden.find("->")
        left, rest = (entry.text, "") if arrow < 0 else (entry.text[:arrow], entry.text[arrow:])
        listed: list[str] = []
        for item in items(left):
            listed.extend(self.numeric(entry, item) if item.startswith("(") else [item])
        if not listed:
            raise self.error(entry, "a subscript range without elements", "list its elements")
        if len(listed) > limits.RANGE:
            raise self.too_large(entry, len(listed))
        self.once(entry, listed)
        return _Range(entry, listed, False, self.mappings(entry, rest))

    def once(self, entry: Entry, listed: Sequence[str]) -> None:
        """Refuse a range that names an element twice, since its position would be a guess."""
        met: dict[str, str] = {}
        for item in listed:
            if (key := names.canonical(item)) in met:
                first = met[key]
                what = f"has the element '{one_line(names.display(item), 80)}' twice"
                also = names.display(first) != names.display(item)
                remedy = "rename one; case, blanks and underscores do not count"
                raise self.error(entry, what, remedy if also else "delete one")
            met[key] = item

    def too_large(self, entry: Entry, count: int) -> ModelError:
        what = f"subscript range too large: {count} elements, at most {limits.RANGE}"
        return self.error(entry, what, "use a coarser range")

    def numeric(self, entry: Entry, item: str) -> list[str]:
        match = _NUMERIC.fullmatch(item)
        if match is None:
            raise self.error(entry, f"'{item[:60]}' is not a range (A1-A9)", "write it like that")
        stem, first, other, last = match.groups()
        if not stem or names.canonical(stem) != names.canonical(other):
            what = f"'{item[:60]}' does not go from a name to the same name"
            raise self.error(entry, what, "write it as (A1-A9)")
        if len(first) > 12 or len(last) > 12:
            raise self.too_large(entry, 10**12)
        low, high = int(first), int(last)
        if low >= high:
            raise self.error(entry, f"'{item[:60]}' does not ascend", "write it as (A1-A9)")
        if high - low >= limits.RANGE:
            raise self.too_large(entry, high - low + 1)
        width = len(first) if first.startswith("0") else 0
        return [f"{stem}{i:0{width}d}" for i in range(low, high + 1)]

    def mappings(self, entry: Entry, rest: str) -> list[tuple[str, list[str]]]:
        """``-> Other, (Another: a, b)`` as names with their element lists."""
        rest = rest.strip()
        if not rest:
            return []
        if not rest.startswith("->"):
            raise self.error(entry, f"cannot be read near '{rest[:40]}'", "write '-> other range'")
        found: list[tuple[str, list[str]]] = []
        text, at = rest[2:], 0
        while at < len(text):
            match = _MAPPING.match(text, at)
            if match is None:
                what = f"cannot be read near '{text[at : at + 40]}'"
                raise self.error(entry, what, "write '-> (other range: its elements)'")
            at = match.end()
            if match.group(2) is not None:
                found.append((match.group(2).strip(), []))
                continue
            colon = mask(match.group(1)).find(":")
            if colon < 0:
                raise self.error(
                    entry,
                    f"'({match.group(1)[:40]})' maps to nothing",
                    "write '-> (other range: its elements)'",
                )
            listed = items(match.group(1)[colon + 1 :])
            found.append((match.group(1)[:colon].strip(), listed))
        return found

    def elements(self, key: str) -> list[str]:
        """The elements of a range as written, with subranges expanded."""
        if key in self.done:
            return self.done[key]
        stack = [key]
        while stack:
            here = stack[-1]
            of = self.ranges[here]
            inner = [] if of.imported else [k for k in map(names.canonical, of.items)
                                            if k in self.ranges and k not in self.done]  # fmt: skip
            if here in inner:
                own = next(i for i in of.items if names.canonical(i) == here)
                what = f"its element '{own}' has the name of the range itself (case does not count)"
                raise self.error(of.entry, what, "rename one of the two")
            if any(k in stack for k in inner):
                raise self.error(of.entry, "a subscript range that contains itself", "delete it")
            if inner:
                stack.append(inner[0])
                continue
            listed: dict[str, str] = {}
            for item in of.items:
                if fault := unusable(item):
                    what = f"element '{one_line(item, 40)}': {fault}"
                    raise self.error(of.entry, what, "give it another name")
                for element in self.done.get(names.canonical(item), [item]):
                    listed.setdefault(names.canonical(element), names.display(element))
            if len(listed) > limits.RANGE:
                raise self.too_large(of.entry, len(listed))
            self.done[stack.pop()] = list(listed.values())
        return self.done[key]

    def all(self) -> dict[str, Dimension]:
        copies = [r for r in self.ranges.values() if r.entry.kind == "copy"]
        for r in copies:
            if names.canonical(r.items[0] if r.items else "") not in self.ranges:
                raise self.unknown(r.entry, names.display(r.items[0] if r.items else ""))
        plain = {}
        for key in self.ranges:
            labels = tuple(self.elements(key))
            elements = tuple(map(names.canonical, labels))
            plain[key] = Dimension(names.display(self.ranges[key].entry.name), elements, labels)
        return {
            key: Dimension(d.name, d.elements, d.labels, self.maps(self.ranges[key], d, plain))
            for key, d in plain.items()
        }

    def unknown(self, entry: Entry, name: str) -> ModelError:
        known = [names.display(r.entry.name) for r in self.ranges.values() if r.entry is not entry]
        return self.error(entry, f"no subscript range called '{name}'", suggested(name, known))

    def maps(
        self, of: _Range, own: Dimension, all_: Mapping[str, Dimension]
    ) -> dict[str, tuple[tuple[str, ...], ...]]:
        result = {}
        for name, listed in of.maps:
            other = all_.get(names.canonical(name))
            if other is None:
                raise self.unknown(of.entry, names.display(name))
            targets = [self.target(of.entry, t, other, all_) for t in listed or other.elements]
            if len(targets) != len(own.elements):
                targets = self.by_item(of, own, targets, other)
            result[names.canonical(name)] = tuple(targets)
        return result

    def target(
        self, entry: Entry, name: str, other: Dimension, all_: Mapping[str, Dimension]
    ) -> tuple[str, ...]:
        key = names.canonical(name)
        chosen = (key,) if key in other.elements else all_[key].elements if key in all_ else ()
        if not chosen or not set(chosen) <= set(other.elements):
            what = f"maps to '{names.display(name)}', which is not an element of '{other.name}'"
            raise self.error(entry, what, suggested(names.display(name), other.labels))
        return chosen

    def by_item(
        self, of: _Range, own: Dimension, targets: list[tuple[str, ...]], other: Dimension
    ) -> list[tuple[str, ...]]:
        """One target for each item of the definition, repeated for the elements of the item."""
        sizes = [len(self.done.get(names.canonical(item), (item,))) for item in of.items]
        if len(sizes) != len(targets) or sum(sizes) != len(own.elements):
            what = f"maps {len(own.elements)} elements to {len(targets)} of '{other.name}'"
            raise self.error(of.entry, what, "give one for each")
        return [target for target, n in zip(targets, sizes, strict=True) for _ in range(n)]
