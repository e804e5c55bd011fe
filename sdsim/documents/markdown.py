"""A book as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sdsim.documents.book import Book, Entry, plural
from sdsim.documents.counts import Count
from sdsim.documents.text import fenced, marked

#: How deep the tree of causes of a stock goes, and how wide at each place.
DEPTH, WIDTH = 3, 12


def markdown(book: Book, counts: Mapping[str, Sequence[Count]]) -> str:
    """The whole documentation in one text."""
    return "\n".join(_lines(book, counts)).rstrip() + "\n"


def _lines(book: Book, counts: Mapping[str, Sequence[Count]]) -> Iterator[str]:
    places = {e.key: f"v{n}" for n, e in enumerate(book)}

    def links(keys: Iterable[str]) -> str:
        return ", ".join(f"[{marked(book.entries[k].name)}](#{places[k]})" for k in keys)

    yield f"# {marked(book.model.name)}\n"
    yield f"Written from {marked(book.model.file)} by sdsim.\n"
    yield "| what | how many |\n|---|---|"
    for kind, count in book.size().items():
        yield f"| {plural(kind)} | {count} |"
    yield "\n| time | |\n|---|---|"
    for name, value in book.times.items():
        yield f"| {marked(name)} | {marked(value)} |"
    yield "\n## Contents\n"
    for n, (group, entries) in enumerate(book.groups.items()):
        yield f"- [{marked(group)}](#g{n}) ({len(entries)})"
    yield "\n## Assessment\n"
    yield "Counted after SDM-Doc (Martinez-Moyano 2012); control variables are left out.\n"
    for title, rows in counts.items():
        yield f"### {title}\n\n| what | how many | which |\n|---|---|---|"
        for row in rows:
            why = f" ({marked(row.why)})" if row.why else ""
            yield f"| {marked(row.what)}{why} | {len(row)} | {links(row.found)} |"
        yield ""
    if book.model.dimensions:
        yield "## Subscript ranges\n\n| range | elements |\n|---|---|"
        for d in book.model.dimensions.values():
            yield f"| {marked(d.name)} | {marked(', '.join(d.labels))} |"
        yield ""
    if book.model.notes:
        yield "## Notes of reading\n"
        yield from (f"- {marked(n)}" for n in book.model.notes)
        yield ""
    for n, (group, entries) in enumerate(book.groups.items()):
        yield f'<a id="g{n}"></a>\n\n## {marked(group)}\n'
        for e in entries:
            yield f'<a id="{places[e.key]}"></a>\n\n### {marked(e.name)}\n'
            yield f"*{_facts(e)}*\n"
            if e.variable.doc.strip():
                yield f"{marked(e.variable.doc)}\n"
            if e.equation:
                yield f"{fenced(e.equation)}\n"
            if e.uses:
                yield f"Uses: {links(e.uses)}\n"
            if e.used_by:
                yield f"Used by: {links(e.used_by)}\n"
            if e.kind == "stock":
                yield "What moves it:\n"
                yield from _tree(book, places, e.key)
                yield ""


def _facts(entry: Entry) -> str:
    said = [entry.kind, entry.variable.units or "no units"]
    if entry.limits:
        said.append(f"range {entry.limits}")
    if entry.source:
        said.append(f"source: {entry.source}")
    if entry.variable.line:
        said.append(f"line {entry.variable.line}")
    return ", ".join(marked(s) for s in said)


def _tree(book: Book, places: Mapping[str, str], root: str) -> Iterator[str]:
    """Causes of causes, as a nested list; what stands above is not opened again."""
    stack: list[tuple[str, tuple[str, ...]]] = [
        (k, (root,)) for k in reversed(book.entries[root].uses[:WIDTH])
    ]
    while stack:
        key, above = stack.pop()
        again = key in above
        entry = book.entries[key]
        mark = " (above)" if again else ""
        yield f"{'    ' * (len(above) - 1)}- [{marked(entry.name)}](#{places[key]}){mark}"
        if not again and len(above) < DEPTH:
            stack += [(k, (*above, key)) for k in reversed(entry.uses[:WIDTH])]
