"""A scorecard of claims: a row each, opened for its check, its plot and its equations."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.io as pio

from sdsim.check import Result
from sdsim.expr import to_text
from sdsim.model import Model
from sdsim.plot.figures import line_figure
from sdsim.plot.marks import Line
from sdsim.plot.theme import COLOURS, DASHES

_BADGES = {"supported": "yes", "not supported": "no", "not testable": "none", "ERROR": "error"}

STYLE = """
main { max-width: 1240px; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 10px; font-size: 13px;
  white-space: nowrap; }
.yes { background: #d9f0e6; color: #00593f; } .no { background: #fbe3d6; color: #8a3600; }
.none { background: #eceff1; color: #47525b; } .error { background: #1d2429; color: #fff; }
.def { background: #f3e4f1; color: #6d2c63; }
details { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; display: grid; gap: 14px; padding: 9px 0; font-size: 14px;
  grid-template-columns: 46px 1fr 112px 66px 76px 92px 92px 104px; align-items: start; }
summary::-webkit-details-marker { display: none; }
summary .id { font-weight: 600; }
.head { display: grid; gap: 14px; padding: 6px 0; font-size: 12.5px; color: var(--soft);
  grid-template-columns: 46px 1fr 112px 66px 76px 92px 92px 104px;
  border-bottom: 1px solid #b9c1c8; }
.open { padding: 4px 0 26px 60px; font-size: 14px; }
.open p { margin: 0 0 8px; }
.open code, .equations code { font-size: 12.5px; overflow-wrap: anywhere; }
.small { color: var(--soft); font-size: 12.5px; }
.equations p { margin: 0 0 2px; max-width: none; } .equations div { padding: 10px 0;
  border-bottom: 1px solid var(--line); font-size: 14px; }
.equations div:target { background: #fff8e1; }
"""

SCRIPT = """
function drawn(row) {
  if (!row.open || row.dataset.done) return;
  row.dataset.done = 1;
  const place = row.querySelector('.plot');
  if (!place) return;
  const f = JSON.parse(row.querySelector('script').textContent);
  Plotly.newPlot(place, f.data, f.layout, {displaylogo: false, responsive: true});
}
"""


@dataclass(frozen=True)
class Conflict:
    """Claims, or a claim and others outside, that contradict each other."""

    id: str
    issue: str
    claims: tuple[str, ...]
    others: str = ""


def rows(results: Sequence[Result], model: Model) -> str:
    """The rows of the scorecard, those that are definitional first, as HTML."""
    order = sorted(results, key=lambda r: (not r.definitional, r.claim.id))
    titles = (
        "claim", "", "the model says", "margin", "ablation breaks it", "holds at ±25 %",
        "holds at ±50 %", "the data in hand",
    )  # fmt: skip
    head = "".join(f"<span>{t}</span>" for t in titles)
    return f'<div class="head">{head}</div>\n' + "\n".join(_row(r, model) for r in order)


def _row(r: Result, model: Model) -> str:
    c = r.claim
    definitional = ' <span class="badge def">definitional</span>' if r.definitional else ""
    cells = (
        f'<span class="id">{_text(c.id)}</span>',
        f"<span>{_text(c.claim)}{definitional}</span>",
        f'<span class="badge {_BADGES[r.status]}">{_text(r.status)}</span>',
        f"<span>{_percent(r.margin)}</span>",
        f"<span>{_verdict(r)}</span>",
        *(f"<span>{_share(r, s)}</span>" for s in (0.25, 0.5)),
        f"<span>{_text(c.data)}</span>",
    )
    return (
        f'<details id="{_text(c.id)}" ontoggle="drawn(this)"><summary>{"".join(cells)}</summary>'
        f'<div class="open">{_inside(r, model)}</div></details>'
    )


def _inside(r: Result, model: Model) -> str:
    c = r.claim
    out = []
    if c.missing:
        out.append(f"<p>Missing: {_text(c.missing)}</p>")
    if r.reason:
        out.append(f"<p>{_text(r.reason)}</p>")
    for side in r.sides:
        values = ""
        if side.left is not None and side.right is not None:
            values = f" <span class='small'>{side.left:.4g} against {side.right:.4g}</span>"
        out.append(f"<p><code>{_text(side.text)}</code> margin {_percent(side.margin)}{values}</p>")
    for a in r.ablations:
        said = {True: "breaks the check", False: "the check still holds", None: "does not count"}
        out.append(f"<p>Ablation, {_text(a.name)}: {said[a.breaks]}. {_text(a.reason)}</p>")
    if r.definitional:
        who = [
            n
            for n, x in (
                ("a toy without feedback", r.toy),
                ("the model with its loops held", r.held),
            )
            if x
        ]
        out.append(f"<p>{_text(' and '.join(who))} passes as well: a definition, not evidence.</p>")
    if r.needs:
        out.append(f"<p>Fails when held: {_text(', '.join(r.needs))}.</p>")
    for name, value in r.reported.items():
        shown = f"{value:.4g}" if isinstance(value, float) else _text(str(value))
        out.append(f"<p class='small'>{_text(name)}: {shown}</p>")
    data = f"Data: {c.data}. {c.data_note}".strip()
    out.append(f"<p class='small'>{_text(data)}</p>")
    if c.changed:
        out.append(f"<p class='small'>About the check: {_text(c.changed)}</p>")
    place = f"Seed {c.seed}" + (f", {c.place}" if c.place else "")
    links = ", ".join(
        f'<a href="#{_anchor(model.find(v).name)}">{_text(model.find(v).name)}</a>'
        for v in c.variables
    )
    out.append(f"<p class='small'>{_text(place)}. Equations: {links}</p>")
    if r.curves:
        out.append(f'<div class="plot"></div><script type="application/json">{_figure(r)}</script>')
    return "".join(out)


def _figure(r: Result) -> str:
    lines = [
        Line(text, time, values, "", "", i % len(COLOURS), i // len(COLOURS) % len(DASHES))
        for i, (text, (time, values)) in enumerate(r.curves.items())
    ]
    figure = line_figure(lines, "Year", "in the units of each variable", height=380)
    return str(pio.to_json(figure)).replace("<", "\\u003c")


def conflicts(found: Sequence[Conflict], results: Sequence[Result]) -> str:
    """Each conflict with what the model says of the claims on its sides, as HTML."""
    by_id = {r.claim.id: r for r in results}
    out = []
    for c in found:
        sides = []
        for key in c.claims:
            r = by_id.get(key)
            if r is None:
                sides.append(f"<p class='small'>{_text(key)}: not among the claims checked</p>")
                continue
            badge = f'<span class="badge {_BADGES[r.status]}">{_text(r.status)}</span>'
            sides.append(
                f'<p><a href="#{_text(key)}">{_text(key)}</a> {badge} {_text(r.claim.claim)}</p>'
            )
        others = (
            f"<p class='small'>On the other side, outside the claims: {_text(c.others)}.</p>"
            if c.others
            else ""
        )
        out.append(
            f"<div><p><b>{_text(c.id)}</b> {_text(c.issue)}</p>{''.join(sides)}{others}</div>"
        )
    return f'<div class="equations">{"".join(out)}</div>'


def equations(model: Model, results: Sequence[Result]) -> str:
    """The equations of every variable that a claim names, as HTML."""
    keys = dict.fromkeys(model.find(v).name for r in results for v in r.claim.variables)
    return f'<div class="equations">{"".join(_equation(model, k) for k in sorted(keys))}</div>'


def _equation(model: Model, name: str) -> str:
    v = model.find(name)
    dims = f"[{','.join(model.dimensions[d].name for d in v.dims)}]" if v.dims else ""
    lines = "".join(
        f"<p><code>= {_text(to_text(e.expr, model.display))}</code></p>" for e in v.equations[:6]
    )
    doc = f"<p class='small'>{_text(v.doc)}</p>"
    head = f"<p><b>{_text(v.name)}{_text(dims)}</b> ({_text(v.units)})</p>"
    return f'<div id="{_anchor(v.name)}">{head}{lines}{doc}</div>'


def _anchor(name: str) -> str:
    return "eq-" + re.sub(r"\W+", "-", name.casefold())


def _text(text: str) -> str:
    return html.escape(str(text), quote=True)


def _percent(margin: float | None) -> str:
    return "" if margin is None else f"{100 * max(min(margin, 9.99), -9.99):+.0f} %"


def _verdict(r: Result) -> str:
    counted = [a.breaks for a in r.ablations if a.breaks is not None]
    return f"{sum(counted)} of {len(counted)}" if counted else ""


def _share(r: Result, spread: float) -> str:
    share = r.share(spread)
    if share is None:
        return ""
    low, high = share.interval
    return f"{share.share:.0%} <span class='small'>({low:.0%}–{high:.0%})</span>"
