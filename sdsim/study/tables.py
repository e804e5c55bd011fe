"""The output of `sdsim sensitivity`: a table for each method and outcome, then the notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sdsim.base.numerals import shown, style_of

#: The most pairs of factors listed.
PAIRS = 10


class Study(Protocol):
    """The parts of a `sdsim.study.study.Study` that this file needs to print it."""

    @property
    def design(self) -> str: ...
    @property
    def outcomes(self) -> tuple[str, ...]: ...
    @property
    def units(self) -> tuple[str, ...]: ...
    @property
    def varies(self) -> tuple[bool, ...]: ...
    @property
    def members(self) -> int: ...
    @property
    def results(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    def warned(self) -> list[str]: ...


def lines(said: Study) -> list[str]:
    """The whole output, as lines."""
    out = [f"missing: {w}" for w in said.warned()]
    for method, by in said.results.items():
        for name, result in by.items():
            out += TABLES[method](said, name, result) if method in TABLES else []
    out += [f"note: {n}" for n in said.notes]
    out.append(
        f"{said.members:,} members, design: {said.design}; conditional on these assumptions: the "
        "model's equations, and the ranges and distributions of what varies"
    )
    return out


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    return [
        "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w)
            for i, (c, w) in enumerate(zip(r, widths, strict=True))
        )
        for r in [head, *rows]
    ]


def _titled(said: Study, k: int, what: str) -> str:
    unit = f" ({said.units[k]})" if said.units[k] else ""
    return f"\n{said.outcomes[k]}{unit}: {what}"


def _varying(said: Study) -> list[int]:
    """Outcomes that can be analysed; the notes name the others."""
    return [k for k, varies in enumerate(said.varies) if varies]


def _sobol(said: Study, name: str, r: Any) -> list[str]:
    out = []
    for k in _varying(said):
        order = sorted(range(len(r.factors)), key=lambda i: -r.total.value[i, k])
        rows = [[r.factors[i], _share(r.first, i, k), _share(r.total, i, k)] for i in order]
        what = f"shares of variance, {r.level:.0%} intervals"
        out += [_titled(said, k, what), *_table(["factor", "first order", "total"], rows)]
        if r.second is not None and len(r.pairs):
            out += _pairs(said, k, r)
    return out


def _share(part: Any, i: int, k: int) -> str:
    return f"{part.value[i, k]:.3f} [{part.low[i, k]:.3f}, {part.high[i, k]:.3f}]"


def _pairs(said: Study, k: int, r: Any) -> list[str]:
    """Interactions of pairs of factors: their effect beyond what each has alone."""
    found, of = r.above_chance(k), len(r.pairs)
    if not found:
        return [_titled(said, k, f"second order: none of {of:,} pairs is above what chance gives")]
    rows = [
        [" x ".join(r.factors[j] for j in r.pairs[i]), _share(r.second, i, k)]
        for i in found[:PAIRS]
    ]
    what = f"{len(found):,} of {of:,} pairs of factors are above what chance gives"
    if len(found) > PAIRS:
        what += f", the largest {PAIRS}"
    return [_titled(said, k, what), *_table(["pair", "second order"], rows)]


def _morris(said: Study, name: str, r: Any) -> list[str]:
    out = []
    for k in _varying(said):
        order = sorted(range(len(r.factors)), key=lambda i: -r.star[i, k])
        style = style_of([*r.high[:, k], *r.deviation[:, k]])
        rows = [
            [r.factors[i], f"{style(r.star[i, k])} [{style(r.low[i, k])}, {style(r.high[i, k])}]",
             style(r.mean[i, k]), style(r.deviation[i, k])]
            for i in order
        ]  # fmt: skip
        what = f"change over a factor's whole range, {r.level:.0%} intervals of its size"
        head = ["factor", "size", "mean", "deviation"]
        out += [_titled(said, k, what), *_table(head, rows)]
    return out


def _tornado(said: Study, name: str, r: Any) -> list[str]:
    out = []
    for k in _varying(said):
        style = style_of([*r.low[:, k], *r.high[:, k], *r.low_band[..., k].flat,
                          *r.high_band[..., k].flat])  # fmt: skip
        bands = (r.low_band, r.high_band) if r.used > 1 else ()
        rows = [
            [r.factors[i], style.signed(r.low[i, k]), style.signed(r.high[i, k]),
             *(f"[{style.signed(b[0, i, k])}, {style.signed(b[1, i, k])}]" for b in bands)]
            for i in r.order(k)
        ]  # fmt: skip
        what = f"change from {shown(r.centre[k])} at the low and the high end of one factor"
        head = ["factor", "low", "high", *(["low, 5-95 %", "high, 5-95 %"] if bands else [])]
        out += [_titled(said, k, what), *_table(head, rows)]
    return out


def _pawn(said: Study, name: str, r: Any) -> list[str]:
    out = []
    for k in _varying(said):
        order = sorted(range(len(r.factors)), key=lambda i: -r.median[i, k])
        rows = [[r.factors[i], f"{r.median[i, k]:.3f}", f"{r.largest[i, k]:.3f}"] for i in order]
        what = f"how far a known factor moves the distribution (nothing: {r.dummy[k]:.3f})"
        out += [_titled(said, k, what), *_table(["factor", "median", "largest"], rows)]
    return out


def _box(said: Study, name: str, r: Any) -> list[str]:
    words = r.words() or ["no box: nothing but chance"]
    return [
        f"\n{name}: holds in {r.density:.0%} of the members with", *(f"  {w}" for w in words),
        f"  which are {r.mass:.0%} of all, and {r.coverage:.0%} of those in which it holds",
    ]  # fmt: skip


def _ranking(said: Study, name: str, r: Any) -> list[str]:
    style = style_of([*r.mean_low, *r.mean_high])
    loss = style_of(r.regret[:, :2].flat)
    rows = [
        [r.policies[i], f"{style(r.mean[i])} [{style(r.mean_low[i])}, {style(r.mean_high[i])}]",
         loss(r.regret[i, 0]), loss(r.regret[i, 1]), f"{r.best[i]:.0%}"]
        for i in r.order()
    ]  # fmt: skip
    head = ["policy", "mean", "mean regret", "regret, 90 %", "best in"]
    k = said.outcomes.index(name)
    what = f"{r.better} is better, {r.level:.0%} intervals of the mean, {r.used:,} draws"
    return [_titled(said, k, what), *_table(head, rows)]


TABLES: dict[str, Callable[[Study, str, Any], list[str]]] = {
    "sobol": _sobol, "morris": _morris, "tornado": _tornado, "pawn": _pawn, "box": _box,
    "ranking": _ranking,
}  # fmt: skip
