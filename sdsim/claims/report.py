"""The output of `sdsim check`: a table of the claims, then remarks on some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sdsim.base.errors import one_line
from sdsim.claims.findings import Result, spreads_of, within
from sdsim.claims.reality import Verdict


def claim_lines(results: Sequence[Result], drawn: int = 0) -> list[str]:
    """A row for each claim, remarks on it, and the number of claims by status.

    drawn : how many constants were drawn.
    """
    spreads = spreads_of(results)
    shares = [within(s) for s in spreads]
    head = ("id", "status", "margin", "ablations", "null", *shares, "data")
    rows = [head, *(_row(r, spreads) for r in results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    out = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    out.append("")
    out += [one_line(f"{r.claim.id}: {said}") for r in results for said in _remarks(r)]
    return [*out, _summary(results, drawn)]


def _remarks(r: Result) -> Iterator[str]:
    """Remarks on a claim, printed under the table."""
    if not r.as_expected:
        yield f"{r.status}, expected {r.claim.expect}: {r.reason or 'passes'}"
    elif r.reason:
        yield f"{r.status}: {r.reason}"
    for a in r.ablations:
        if a.breaks is False or a.margin is None:
            yield f"ablation '{a.name}': {a.reason or 'the check still holds'}"
    for label, value in r.reported.items():
        shown = value if isinstance(value, bool) or value is None else f"{value:.4g}"
        yield f"{label}: {shown}"
    for robust in r.robust:
        if robust.share.failed:
            of = f"{robust.share.failed} of {robust.share.of}"
            source = f"at {within(robust.spread)}" if robust.spread else "of the posterior"
            yield f"{of} draws {source} have no value and count as not holding"
    yield from (f"note: {note}" for note in r.notes)


def reality_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each reality check, and the number of checks by status."""
    lines = []
    width = max(len(v.name) for v in verdicts)
    for v in verdicts:
        said = v.reason
        if v.part:
            sides = [f"{x:.6g}" for x in (v.left, v.right) if x is not None]
            said = f"at time {v.time:.10g}: {v.part}" + f" ({' and '.join(sides)})" * bool(sides)
        if v.inputs:
            said = f"with {', '.join(v.inputs)}" + f": {said}" * bool(said)
        lines.append(f"{v.name.ljust(width)}  {v.status.ljust(13)}  {said}".rstrip())
    counts = Counter(v.status for v in verdicts)
    parts = [f"{n} {'hold' if s == 'holds' else 'fail' if s == 'fails' else s}"
             for s, n in sorted(counts.items())]  # fmt: skip
    return [*lines, ", ".join([_numbered(len(verdicts), "reality check"), *parts])]


def _numbered(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _row(r: Result, spreads: Sequence[float | None]) -> tuple[str, ...]:
    counted = [a for a in r.ablations if a.breaks is not None]
    null = {None: "", False: "definitional", True: "evidence"}[r.evidence]
    if r.definitional is not None and r.evidence is None:
        null = "-"
    return (
        r.claim.id,
        r.status + ("" if r.as_expected else " !"),
        "" if r.margin is None else _percent(r.margin),
        f"{sum(bool(a.breaks) for a in counted)}/{len(counted)} break" if counted else "",
        null,
        *(_interval(r, s) for s in spreads),
        r.claim.data,
    )


def _percent(margin: float) -> str:
    """A margin in per cent; without a sign if it rounds to zero."""
    shown = f"{100 * margin:+.1f} %"
    return "0.0 %" if shown in ("+0.0 %", "-0.0 %") else shown


def _interval(r: Result, spread: float | None) -> str:
    share = r.share(spread)
    if share is None:
        return ""
    if share.failed == share.of:
        return "no value"
    low, high = share.interval
    return f"{100 * share.share:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


def _summary(results: Sequence[Result], drawn: int) -> str:
    counts = Counter(r.status for r in results)
    parts = [_numbered(len(results), "claim"), *(f"{n} {s}" for s, n in sorted(counts.items()))]
    known = [r.evidence for r in results if r.evidence is not None]
    if known:
        parts.append(f"{known.count(False)} definitional, {known.count(True)} evidence")
    broken = [a.breaks for r in results for a in r.ablations if a.breaks is not None]
    if broken:
        parts.append(f"{sum(broken)} of {len(broken)} ablations break their check")
    if drawn:
        parts.append(_numbered(drawn, "constant") + " drawn")
    unexpected = sum(not r.as_expected for r in results)
    return ", ".join([*parts, f"{unexpected} not as expected"])
