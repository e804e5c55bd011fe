"""Which assumptions decide what the cross-border model says, and when?

Screens every assumed or borrowed constant (Morris), takes indices of variance for the dozen that matter
most (Sobol, over time as well) and for sectors of the model moved as a whole, and writes
`figures/global_sensitivity.html`.

Finding: see the page. A dozen of several hundred constants carries nearly all of the variance; which
ones they are differs between stocks, money and ties, and changes over the decades.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from sdsim.design import Morris, Saltelli
from sdsim.plots import Section, write_index, write_page
from sdsim.plots.estimates import Estimate, Rows, estimates
from sdsim.plots.study import sections
from sdsim.study.study import Bootstrap, study, time_unit_of
from sdsim.sweeps import read_sweep, run_sweep

ROOT = Path(__file__).resolve().parent.parent
SPEC = Path(__file__).with_suffix(".toml")
PAGE = ROOT / "figures" / "global_sensitivity.html"
CHOSEN = 12
LEAD = """
Every constant that the model calls assumed, borrowed or an analogy moves within 25 per cent of its value
and within its declared range, alone and together. Conditional on these assumptions: the model's
equations, its preset for Mexico and the United States, independent uniform ranges.
"""


def main() -> None:
    """Screen, take indices, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--base", type=int, default=512, help="base points of the indices")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    args = parser.parse_args()
    sweep = read_sweep(SPEC)
    assert isinstance(sweep.design, Morris)
    names = [o.name for o in sweep.outcomes]
    screened = study(run_sweep(replace(sweep, save=())), sweep.design, Bootstrap(200))
    effects = screened.results["morris"][""]
    star = effects.star / np.nanmax(effects.star, axis=0)
    order = np.argsort(-np.nanmax(star, axis=1))
    kept = {effects.factors[int(i)] for i in order[:CHOSEN]}
    factors = tuple(f for f in sweep.design.factors if f.name in kept)

    alone = Saltelli(factors, args.base, sweep.seed)
    indices = study(run_sweep(replace(sweep, design=alone)), alone, time_unit=time_unit_of(sweep))
    groups = Saltelli(sweep.design.factors, args.base, sweep.seed, by_group=True)
    sectors = study(run_sweep(replace(sweep, design=groups, save=())), groups)
    whole = sectors.results["sobol"][""]
    provenance = Saltelli(
        tuple(replace(f, group=f.source.split(":")[0].split(",")[0].split(" (")[0])
              for f in sweep.design.factors), args.base, sweep.seed, by_group=True,
    )  # fmt: skip
    sources = study(run_sweep(replace(sweep, design=provenance, save=())), provenance)

    def rows(result, most: int) -> list[Rows]:
        out = []
        for k, name in enumerate(names):
            best = [int(i) for i in np.argsort(-result.total.value[:, k])][:most]
            series = [
                (part, [Estimate(result.factors[i], v.value[i, k], v.low[i, k], v.high[i, k]) for i in best])
                for part, v in (("total", result.total), ("first order", result.first))
            ]  # fmt: skip
            out.append(Rows(name, series, "share of variance", mark=0.0))
        return out

    screen = []
    for k, (name, unit) in enumerate(zip(names, screened.units, strict=True)):
        best = [int(i) for i in np.argsort(-effects.star[:, k])][:8]
        screen.append(Rows(name, [("mean size of effects", [
            Estimate(effects.factors[i], effects.star[i, k], effects.low[i, k], effects.high[i, k])
            for i in best
        ])], unit))  # fmt: skip
    explained = indices.results["sobol"][""]
    covered = [
        [
            "outcome",
            f"first orders of the {CHOSEN} together",
            "the leading constant",
            "its total, 95 % interval",
        ]
    ]
    for k, name in enumerate(names):
        i = int(np.argmax(explained.total.value[:, k]))
        total = explained.total
        covered.append([
            name, f"{np.clip(explained.first.value[:, k].sum(), 0, 1):.0%}", explained.factors[i],
            f"{total.value[i, k]:.2f} ({total.low[i, k]:.2f} to {total.high[i, k]:.2f})",
        ])  # fmt: skip
    leading = [f"{name}: {explained.factors[int(np.argmax(explained.total.value[:, k]))]}"
               for k, name in enumerate(names)]  # fmt: skip
    runs = sweep.design.count + alone.count + groups.count + provenance.count
    own = sections(indices)
    write_page(
        args.page, str(sweep.about["title"]),
        [
            Section("Screening", estimates(screen),
                    text=f"What changes when a constant crosses its range. {len(sweep.design.factors)} constants, "
                    f"{sweep.design.trajectories} trajectories; the eight with the largest effects on each outcome.",
                    note="Mean size of elementary effects with 95 % bootstrap intervals."),
            *(replace(s, table=covered) if n == 0 else s for n, s in enumerate(own)),
            Section("By sector", estimates(rows(whole, 10)),
                    text="All constants of a sector of the model move together and have one index."),
            Section("By provenance", estimates(rows(sources.results["sobol"][""], 6)),
                    text="The same, by what stands behind a constant: what is assumed, what is an analogy, what the "
                    "literature says."),
        ],
        lead=LEAD,
        footer="\n\n".join(
            f"{what}: {n}." for what, found in (("Alone", indices), ("By sector", sectors),
                                                ("By provenance", sources)) for n in found.notes),
    )  # fmt: skip
    write_index(PAGE.parent)
    print(f"{runs:,} runs; the leading constant of {'; '.join(leading)}")
    print(
        f"the page is {args.page.relative_to(ROOT) if args.page.is_relative_to(ROOT) else args.page}"
    )


if __name__ == "__main__":
    main()
