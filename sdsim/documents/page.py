"""A book as one web page that needs no network; all that comes from the model is only text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sdsim.documents.book import Book, Entry, plural
from sdsim.documents.counts import Count
from sdsim.documents.look import SCRIPT, STYLE
from sdsim.documents.text import block, escaped, line

#: From here on a list of names is closed until somebody opens it.
MANY = 20


def page(book: Book, counts: Mapping[str, Sequence[Count]]) -> str:
    """The whole documentation as HTML."""
    title = escaped(book.model.name)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<div class="all">\n{"".join(_parts(book, counts))}</div>\n'
        f'<script type="application/json" id="book">{_data(book)}</script>\n'
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _parts(book: Book, counts: Mapping[str, Sequence[Count]]) -> Iterator[str]:
    places = {e.key: f"v{n}" for n, e in enumerate(book)}
    size = ", ".join(f"{n:,} {plural(k, n)}" for k, n in book.size().items() if n)
    yield (
        f'<header class="top"><h1>{escaped(book.model.name)}</h1>\n'
        f'<p class="soft">{escaped(book.model.file)}: {size}.</p></header>\n'
        '<div class="search"><input id="search" type="search" aria-label="Search"'
        ' placeholder="Search names, texts and equations"><span id="said" class="soft"'
        ' aria-live="polite"></span></div>\n'
    )
    contents = "".join(
        f'<li><a href="#g{n}">{escaped(g)}</a> <span class="soft">{len(es)}</span></li>\n'
        for n, (g, es) in enumerate(book.groups.items())
    )
    yield (
        '<nav aria-label="Contents"><ul>\n<li><a href="#assessment">Assessment</a></li>\n'
        f"{contents}</ul></nav>\n<main>\n"
    )
    yield f'<div id="rest">{_assessment(book, counts, places)}{_settings(book)}</div>\n'
    for n, (group, entries) in enumerate(book.groups.items()):
        yield f'<section class="group"><h2 id="g{n}">{escaped(group)}</h2>\n'
        yield from (_article(book, places, e) for e in entries)
        yield "</section>\n"
    yield "</main>\n"


def _links(book: Book, places: Mapping[str, str], keys: Sequence[str]) -> str:
    """Names that lead to their entries, behind a summary where they are many."""
    said = ", ".join(_link(book, places, k) for k in keys)
    if len(keys) <= MANY:
        return said
    return f"<details><summary>{len(keys)} variables</summary>{said}</details>"


def _assessment(
    book: Book, counts: Mapping[str, Sequence[Count]], places: Mapping[str, str]
) -> str:
    rows = [_row(plural(kind), n) for kind, n in book.size().items()]
    out = [
        '<h2 id="assessment">Assessment</h2>\n<p class="soft">Counted after SDM-Doc '
        "(Martinez-Moyano 2012); control variables are left out.</p>\n",
        _table("Size", rows),
    ]
    for title, found in counts.items():
        rows = []
        for c in found:
            why = f'<br><span class="soft">{escaped(c.why)}</span>' if c.why else ""
            which = ""
            if c.found:
                which = (
                    f"<details><summary>which</summary>"
                    f"{', '.join(_link(book, places, k) for k in c.found)}</details>"
                )
            rows.append(
                f'<tr><td>{escaped(c.what)}{why}{which}</td><td class="n">{len(c)}</td></tr>\n'
            )
        out.append(_table(title, rows))
    return "".join(out)


def _link(book: Book, places: Mapping[str, str], key: str) -> str:
    return f'<a href="#{places[key]}">{escaped(book.entries[key].name)}</a>'


def _row(what: str, value: object) -> str:
    return f'<tr><td>{escaped(what)}</td><td class="n">{escaped(str(value))}</td></tr>\n'


def _table(title: str, rows: Iterable[str]) -> str:
    head = f"<tr><th>{escaped(title)}</th><th></th></tr>"
    return f'<div class="wide"><table>{head}\n{"".join(rows)}</table></div>\n'


def _settings(book: Book) -> str:
    """Times, subscript ranges, and what reading noticed."""
    out = [_table("Time", (_pair(k, v) for k, v in book.times.items()))]
    if book.model.dimensions:
        out.append(
            _table(
                "Subscript ranges",
                (_pair(d.name, ", ".join(d.labels)) for d in book.model.dimensions.values()),
            )
        )
    if book.model.reality:
        rows = (
            _pair(r.name, f"{r.condition} implies {r.implies}" if r.implies else r.condition)
            for r in book.model.reality
        )
        out.append(_table("Reality checks", rows))
    if book.model.notes:
        rows = (f'<tr><td colspan="2">{escaped(n)}</td></tr>\n' for n in book.model.notes)
        out.append(_table("Notes of reading", rows))
    return "".join(out)


def _pair(name: str, value: str) -> str:
    return f"<tr><td>{escaped(name)}</td><td>{escaped(value)}</td></tr>\n"


def _article(book: Book, places: Mapping[str, str], entry: Entry) -> str:
    v, place = entry.variable, places[entry.key]
    facts = [("Units", escaped(v.units) or "none"), ("Range", escaped(entry.limits))]
    facts.append(("Source", escaped(entry.source)))
    facts.append(("Uses", _links(book, places, entry.uses)))
    facts.append(("Used by", _links(book, places, entry.used_by)))
    facts.append(("Line", str(v.line) if v.line else ""))
    words = escaped(f"{entry.name} {entry.group} {entry.kind} {v.units} {v.doc} {entry.equation}")
    said = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text)
    doc = f"<p>{block(v.doc)}</p>\n" if v.doc.strip() else ""
    equation = f"<pre>{block(entry.equation)}</pre>\n" if entry.equation else ""
    trees = "".join(
        f'<details data-of="{place[1:]}" data-way="{way}"><summary>{title}</summary></details>\n'
        for way, title, keys in (
            ("causes", "Tree of causes", entry.uses), ("users", "Tree of uses", entry.used_by)
        ) if keys
    )  # fmt: skip
    return (
        f'<article id="{place}" data-words="{words}"><h3>{escaped(entry.name)}'
        f'<span class="kind {entry.kind}">{entry.kind}</span></h3>\n{doc}{equation}'
        f"<dl>{said}</dl>\n{trees}</article>\n"
    )


def _data(book: Book) -> str:
    """Names, causes and uses by number, as JSON that no tag can end."""
    number = {e.key: n for n, e in enumerate(book)}
    data = {
        "names": [line(e.name) for e in book],
        "causes": [[number[k] for k in e.uses] for e in book],
        "users": [[number[k] for k in e.used_by] for e in book],
    }
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
