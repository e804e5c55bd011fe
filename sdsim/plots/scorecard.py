"""A scorecard of claims: one row each, which opens to show its check, plot and equations."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from sdsim.claims import Changes, Claim, Conflict, Result
from sdsim.claims.findings import spreads_of, within
from sdsim.ir.expr import Call, Ref, to_text, walk
from sdsim.ir.model import Model
from sdsim.plots.scorecard_curves import figure_of, units_of
from sdsim.plots.scorecard_look import SCRIPT, STYLE

__all__ = [
    "SCRIPT", "STYLE", "bar", "conflicts", "equations", "group_of", "groups", "rows",
    "unsupported",
]  # fmt: skip

_BADGES = {"supported": "yes", "not supported": "no", "not testable": "none", "ERROR": "error"}

#: Groups in the order of the page: a title and what it means.
GROUPS = {
    "passes without feedback": "Supported, and its check holds in the model as well when the loops "
    "that are closed in its runs are held: a first-order response. Definitional.",
    "written down by the toy": "Supported, needs a loop, but the toy, which was written with the "
    "checks in view, passes too. Definitional.",
    "evidence": "Supported, and no opponent passes.",
    "not supported": "The check fails or is too close; whether an opponent passes it says nothing.",
    "not testable": "What is missing is said in the row.",
    "ERROR": "A value that is not finite, or a time outside the run.",
}


#: Colours of the groups in the bar.
_SHADES = ("#b48ead", "#d3b6cd", "#0072B2", "#d98c5f", "#9aa5ae", "#1d2429")


def group_of(r: Result) -> str:
    """The group of a row: its status and, if supported, which null models pass as well."""
    if r.status != "supported":
        return r.status
    if r.held:
        return "passes without feedback"
    return "written down by the toy" if r.toy else "evidence"


def groups(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The rows by group, definitional ones first, then by id."""
    found = {g: [r for r in results if group_of(r) == g] for g in GROUPS}
    return {g: sorted(rs, key=lambda r: r.claim.id) for g, rs in found.items() if rs}


def bar(results: Sequence[Result]) -> str:
    """A bar of the number of rows in each group, with its legend, as HTML."""
    parts, legend = [], []
    for i, (group, found) in enumerate(groups(results).items()):
        style = f"flex: {len(found)} 0 0; background: {_SHADES[i % len(_SHADES)]}"
        parts.append(f'<a href="#{_group_anchor(group)}" style="{style}">{len(found)}</a>')
        dot = f'<i style="background: {_SHADES[i % len(_SHADES)]}"></i>'
        legend.append(f"<p>{dot}<b>{len(found)} {_text(group)}</b> {_text(GROUPS[group])}</p>")
    return f'<div class="bar">{"".join(parts)}</div><div class="legend">{"".join(legend)}</div>'


def rows(results: Sequence[Result], model: Model) -> str:
    """The rows of the scorecard, definitional ones first, as HTML."""
    titles = (
        "claim", "", "the model says", "margin", "ablations that break it", "null control",
        *(f"draws that hold, {within(s)}" for s in spreads_of(results)), "data in hand",
    )  # fmt: skip
    head = "".join(f"<span>{t}</span>" for t in titles)
    units, spreads = units_of(results, model), spreads_of(results)
    out = []
    for group, found in groups(results).items():
        anchor = _group_anchor(group)
        title = f'<h3 id="{anchor}">{_text(group[0].upper() + group[1:])}: {len(found)}</h3>'
        out.append(f"{title}<p class='small'>{_text(GROUPS[group])}</p>")
        out.append(f'<div class="head">{head}</div>')
        out += [_row(r, model, units, spreads) for r in found]
    return "\n".join(out)


def _row(r: Result, model: Model, units: Mapping[str, str], spreads: Sequence[float | None]) -> str:
    c = r.claim
    place = f"Seed {c.seed}" + (f", {c.place}" if c.place else "")
    expected = f"expected: {c.expect}" if r.as_expected else f"but expected: {c.expect}"
    cells = (
        f'<span class="id">{_text(c.id)}</span>',
        f'<span class="claim">{_text(c.claim)}<small>{_text(place)}</small></span>',
        f'<span data-label="the model says"><span class="badge {_BADGES[r.status]}">'
        f"{_text(r.status)}</span><small>{_text(expected)}</small></span>",
        f'<span data-label="margin">{_percent(r.margin)}</span>',
        f'<span data-label="ablations that break it">{_verdict(r)}</span>',
        f'<span data-label="null control">{_null(r)}</span>',
        *(
            f'<span data-label="draws that hold, {within(s)}">{_share(r, s)}</span>'
            for s in spreads
        ),
        f'<span data-label="data in hand">{_text(c.data)}</span>',
    )
    return (
        f'<details id="{_text(c.id)}" ontoggle="drawn(this)"><summary>{"".join(cells)}</summary>'
        f'<div class="open">{_inside(r, model, units)}</div></details>'
    )


def _null(r: Result) -> str:
    """Whether a null model passes; shown only for supported claims, where it means something."""
    if r.evidence is None:
        return "–"
    if r.evidence:
        return '<span class="badge evidence">evidence</span>'
    who = [n for n, passes in (("toy", r.toy), ("loops held", r.held)) if passes]
    return f'<span class="badge def">definitional</span><small>{" and ".join(who)}</small>'


def _inside(r: Result, model: Model, units: Mapping[str, str]) -> str:
    c = r.claim
    links = ", ".join(
        f'<a href="#{_anchor(model.find(v).name)}">{_text(model.find(v).name)}</a>'
        for v in c.variables
    )
    out = [f"<p>Equations: {links}</p>"]
    if c.missing:
        out.append(f"<p>Missing: {_text(c.missing)}</p>")
    if c.why:
        out.append(f"<p>{_text(c.why)}</p>")
    if r.curves:
        figure = f'<script type="application/json">{figure_of(r, units)}</script>'
        out.append(f'<div class="plot"></div>{figure}')
    out += _runs(c)
    if r.sides:
        out.append("<h4>The check: all of these must hold</h4>")
    for side in r.sides:
        values = ""
        if side.left is not None and side.right is not None:
            values = f" <span class='small'>({side.left:.4g} against {side.right:.4g})</span>"
        out.append(f"<p><code>{_text(side.text)}</code> margin {_percent(side.margin)}{values}</p>")
    if r.reason:
        out.append(f"<p>Weakest: {_text(r.reason)}</p>")
    if r.ablations:
        out.append("<h4>Ablations</h4>")
    for a in r.ablations:
        said = {True: "the check breaks", False: "the check still holds", None: a.reason}
        out.append(f"<p>{_text(a.name)}: {_text(said[a.breaks])}.</p>")
    out += _control(r)
    if r.reported:
        out.append("<h4>Reported; ratios unless a unit is named</h4>")
    for name, value in r.reported.items():
        shown = f"{value:.4g}" if isinstance(value, float) else "yes" if value else "no"
        shown = "no value" if value is None else shown
        out.append(f"<p class='small'>{_text(name)}: {shown}</p>")
    out.append("<h4>Data and check</h4>")
    out.append(f"<p>The data in hand: {_text(c.data)}. {_text(c.data_note)}</p>")
    if c.changed:
        out.append(f"<p>About the check: {_text(c.changed)}</p>")
    return "".join(out)


def _runs(c: Claim) -> list[str]:
    """The changes made by each run of a claim."""
    found = {"all runs": c.base, **c.runs}
    said = {name: _changes(changes) for name, changes in found.items()}
    lines = [f"<p class='small'>{_text(n)}: {_text(what)}</p>" for n, what in said.items() if what]
    return ["<h4>Runs</h4>", *lines] if lines else []


def _changes(c: Changes) -> str:
    parts = [f"{k} = {v:g}" for k, v in c.overrides.constants.items()]
    parts += [f"{k} times {v:g}" for k, v in c.scale.items()]
    parts += [f"{k} held in {v}" for k, v in (t.split("->") for t in c.hold)]
    others = (*c.overrides.series, *c.overrides.lookups, *c.overrides.initial)
    return ", ".join(" ".join(p.split()) for p in (*parts, *(f"{k} given" for k in others)))


def _control(r: Result) -> list[str]:
    """The results of the null models, and which loops were closed in these runs."""
    if r.evidence is None:
        return []
    toy = {True: "passes", False: "fails", None: "has no such output"}[r.toy]
    out = ["<h4>Null control</h4>", f"<p>The toy {toy}.</p>"]
    if r.closed is None or r.open is None:
        return out
    if not r.closed:
        return [*out, "<p>No declared loop is closed in these runs: holding them is no test.</p>"]
    held = "still holds" if r.held else "fails"
    out.append(
        f"<p>With the {len(r.closed)} loops held that are closed in these runs the check {held}. "
        f"Held one at a time {len(r.felt or ())} of them change the margin"
        + (f"; it fails without {_text(', '.join(r.needs))}" if r.needs else "")
        + ".</p>"
    )
    if r.open:
        out.append(
            f"<p class='small'>Open here, so not held: {_text(', '.join(r.open))}. A choice of a "
            "state they pass through replays history in these runs.</p>"
        )
    return out


def unsupported(results: Sequence[Result]) -> str:
    """Every claim that is not supported, with the reason, as HTML."""
    out = []
    for r in sorted(results, key=lambda r: r.claim.id):
        if r.status in ("supported", "not testable"):
            continue
        why = r.claim.why or r.reason
        close = " <span class='small'>(too close)</span>" if (r.margin or 0) > 0 else ""
        out.append(
            f'<div><a href="#{_text(r.claim.id)}">{_text(r.claim.id)}</a><div>'
            f"<p><b>{_text(r.claim.claim)}</b>{close}</p><p>{_text(why)}</p>"
            f"<p class='small'>The data in hand: {_text(r.claim.data)}.</p></div></div>"
        )
    return f'<div class="why">{"".join(out)}</div>'


def conflicts(found: Sequence[Conflict], results: Sequence[Result]) -> str:
    """Each conflict, with what the model says about it and the claims on each side, as HTML."""
    by_id = {r.claim.id: r for r in results}
    out = []
    for c in found:
        sides = []
        absent = [key for key in c.claims if key not in by_id]
        for key in c.claims:
            r = by_id.get(key)
            if r is None:
                continue
            badge = f'<span class="badge {_BADGES[r.status]}">{_text(r.status)}</span>'
            sides.append(
                f'<p><a href="#{_text(key)}">{_text(key)}</a> {badge} {_text(r.claim.claim)}</p>'
            )
        said = f"<p>The model: {_text(c.model)}</p>" if c.model else ""
        outside = [f"{', '.join(absent)} (not among the claims checked)"] if absent else []
        outside += [c.others] if c.others else []
        others = (
            f"<p class='small'>On the other side: {_text('; '.join(outside))}.</p>"
            if outside
            else ""
        )
        out.append(
            f"<div><p><b>{_text(c.id)}</b> {_text(c.issue)}</p>{said}{''.join(sides)}{others}</div>"
        )
    return f'<div class="equations">{"".join(out)}</div>'


def equations(model: Model, results: Sequence[Result]) -> str:
    """The equations of every variable named in a claim, as HTML, with links to their inputs."""
    named = {model.find(v).name for r in results for v in r.claim.variables}
    keys = dict.fromkeys(sorted(named))
    return f'<div class="equations">{"".join(_equation(model, k, named) for k in keys)}</div>'


def _equation(model: Model, name: str, named: set[str]) -> str:
    v = model.find(name)
    dims = f"[{','.join(model.dimensions[d].name for d in v.dims)}]" if v.dims else ""
    lines = "".join(
        f"<p><code>= {_text(to_text(e.expr, model.display))}</code></p>" for e in v.equations[:6]
    )
    if len(v.equations) > 6:
        lines += f"<p class='small'>and {len(v.equations) - 6} more, for other elements</p>"
    read = {
        model.variables[n.name].name
        for e in v.equations
        for n in walk(e.expr)
        if isinstance(n, Ref | Call) and n.name in model.variables
    }
    here = sorted(read & named - {v.name})
    jumps = ", ".join(f'<a href="#{_anchor(n)}">{_text(n)}</a>' for n in here)
    reads = f"<p class='small'>Reads, on this page: {jumps}</p>" if here else ""
    doc = f"<p class='small'>{_text(v.doc)}</p>"
    head = f"<p><b>{_text(v.name)}{_text(dims)}</b> ({_text(v.units)})</p>"
    return f'<div id="{_anchor(v.name)}">{head}{lines}{doc}{reads}</div>'


def _group_anchor(group: str) -> str:
    return "group-" + re.sub(r"\W+", "-", group.casefold())


def _anchor(name: str) -> str:
    return "eq-" + re.sub(r"\W+", "-", name.casefold())


def _text(text: str) -> str:
    return html.escape(str(text), quote=True)


def _percent(margin: float | None) -> str:
    if margin is None:
        return "–"
    bound = max(min(margin, 9.99), -9.99)
    return (
        f"{'over ' if margin > bound else 'under ' if margin < bound else ''}{100 * bound:+.0f} %"
    )


def _verdict(r: Result) -> str:
    counted = [a.breaks for a in r.ablations if a.breaks is not None]
    return f"{sum(counted)} of {len(counted)}" if counted else "–"


def _share(r: Result, spread: float | None) -> str:
    share = r.share(spread)
    if share is None:
        return "–"
    low, high = share.interval
    return f"{_rate(share.share)}<small>{_rate(low)} to {_rate(high)}</small>"


def _rate(share: float) -> str:
    """A share in per cent; with a decimal near 0 and 100, so that nearly all is not all."""
    near = 0 < min(share, 1 - share) < 0.0095
    return f"{share:.1%}" if near else f"{share:.0%}"
