"""A page of figures that works offline: one HTML file that includes Plotly."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
from plotly.offline import get_plotlyjs

from sdsim.base import files


@dataclass(frozen=True)
class Section:
    """A figure with its text. ``text`` says what it shows, ``note`` how it was made; plain text.

    table : rows of text under the figure; the first row is the header.
    body : ready-made HTML under the figure, from `sdsim.plots`.
    """

    title: str
    figure: go.Figure | None = None
    text: str = ""
    note: str = ""
    table: Sequence[Sequence[str]] = ()
    body: str = ""


_STYLE = """
:root { --ink: #1d2429; --soft: #5b6570; --line: #e3e7ea; --accent: #0072B2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 17px/1.6 Inter, "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 980px; margin: 0 auto; padding: 48px 24px 96px; }
h1 { font-size: 34px; line-height: 1.2; margin: 0 0 12px; letter-spacing: -0.01em; }
h2 { font-size: 23px; line-height: 1.3; margin: 64px 0 8px; letter-spacing: -0.005em; }
p { margin: 0 0 14px; max-width: 46em; }
.lead { font-size: 19px; color: #333c43; }
.note { color: var(--soft); font-size: 14px; line-height: 1.5; max-width: 62em; }
.figure { margin: 8px 0 4px; }
.alarm { color: #b3261e; font-size: 19px; font-weight: 600; }
nav { margin: 28px 0 0; padding: 14px 0; border-top: 1px solid var(--line);
  border-bottom: 1px solid var(--line); font-size: 15px;
  display: flex; flex-wrap: wrap; gap: 6px 22px; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; margin: 10px 0 16px; width: 100%; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td { font-variant-numeric: tabular-nums; }
footer { margin-top: 72px; padding-top: 18px; border-top: 1px solid var(--line); }
"""


def write_page(
    path: str | Path,
    title: str,
    sections: Sequence[Section | go.Figure],
    *,
    lead: str = "",
    footer: str = "",
    style: str = "",
    script: str = "",
    alarm: str = "",
) -> Path:
    """Write one self-contained HTML file, completely or not at all, and return its path.

    alarm : what a reader must know first, in red.

    Raises
    ------
    ModelError : the folder cannot be written.
    """
    path = Path(path)
    parts = [s if isinstance(s, Section) else Section("", s) for s in sections]
    body = "\n".join(_section(i, s) for i, s in enumerate(parts, start=1))
    links = "".join(
        f'<a href="#s{i}">{html.escape(s.title)}</a>'
        for i, s in enumerate(parts, start=1)
        if s.title
    )
    nav = f"<nav>{links}</nav>" if len(parts) > 1 else ""
    foot = f"<footer>{_paragraphs(footer, 'note')}</footer>"
    said = _paragraphs(alarm, "alarm") + _paragraphs(lead, "lead")
    top = f"<h1>{html.escape(title)}</h1>\n{said}{nav}"
    head = f"<style>{style}</style>\n<script>{get_plotlyjs()}\n{script}</script>\n"
    text = _document(title, f"{top}\n{body}\n{foot}", head)
    return files.write_text(path, text)


def write_index(folder: str | Path) -> Path:
    """Write ``index.html``, which lists the pages in ``folder`` by title."""
    folder = Path(folder)
    items = []
    for page in sorted(folder.glob("*.html")):
        if page.name != "index.html":
            with page.open(encoding="utf-8") as stream:
                head = stream.read(4000)
            title = head.partition("<title>")[2].partition("</title>")[0] or page.stem
            items.append(f'<p><a href="{html.escape(page.name)}">{title}</a></p>')
    body = "<h1>Figures</h1>\n" + "\n".join(items)
    text = _document("Figures", body)
    return files.write_text(folder / "index.html", text)


def _document(title: str, body: str, head: str = "") -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n{head}</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(number: int, section: Section) -> str:
    head = f'<h2 id="s{number}">{html.escape(section.title)}</h2>\n' if section.title else ""
    figure = ""
    if section.figure is not None:
        config: dict[str, Any] = {
            "displaylogo": False,
            "responsive": True,
            "displayModeBar": "hover",
        }
        config["modeBarButtonsToRemove"] = ["select2d", "lasso2d", "autoScale2d"]
        made = pio.to_html(
            section.figure, config=config, include_plotlyjs=False, full_html=False, auto_play=False,
            div_id=f"figure-{number}",
        )  # fmt: skip
        figure = f'<div class="figure">{made}</div>\n'
    return (
        f"<section>\n{head}{_paragraphs(section.text)}{figure}{section.body}{table_html(section.table)}"
        f"{_paragraphs(section.note, 'note')}</section>"
    )


def _paragraphs(text: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return "".join(
        f"<p{mark}>{html.escape(' '.join(p.split()))}</p>\n"
        for p in text.split("\n\n")
        if p.strip()
    )


def table_html(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as an HTML table; the first row is the header."""
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(str(c))}</th>" for c in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in r) + "</tr>\n" for r in rows[1:]
    )
    whole = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="wide">{whole}</div>\n'
