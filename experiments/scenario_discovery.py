"""Under which conditions does convergence last, and under which does control backfire?

Runs the cross-border model under thousands of draws of its assumed and borrowed constants, each world
twice: with the border guarded as it was, and kept at its lowest feasible level from 1986 on. Control
backfires where the guarded world has more irregular migrants in 2010. Boxes are found by peeling (PRIM)
and by a tree (CART). Writes `figures/scenario_discovery.html`.

Finding: see the page, whose numbers are written from the runs. Whether the build-up of guarding kept more
people in than out is open at this doubt, and a few constants decide it. The convergence index is a
definition, so its box tells about the index and not about the world.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from sdsim.analyses.discovery import cart, chosen, prim, simplified, stability
from sdsim.analyses.regional import regional
from sdsim.design import Crossed
from sdsim.plots import Section, write_index, write_page
from sdsim.plots.estimates import Estimate, Rows, boxes, estimates
from sdsim.sweeps import read_sweep, run_sweep

ROOT = Path(__file__).resolve().parent.parent
SPEC = Path(__file__).with_suffix(".toml")
PAGE = ROOT / "figures" / "scenario_discovery.html"
#: Factors that are looked at: those whose distributions differ most between cases and the rest.
LOOKED_AT = 25
LEAD = """
Thousands of worlds that differ in every assumed or borrowed constant, by up to 50 per cent; each is run
as history had it and with a border that stays at its lowest feasible level from 1986 on. Conditional on
these assumptions: the model's equations, its preset for Mexico and the United States, independent
uniform ranges.
"""


def shifts(x: np.ndarray, case: np.ndarray, names: list[str], order: list[int]) -> list[Estimate]:
    """How far the median of a factor in the cases lies from that in the others, as a share of its range,
    with 95 % bootstrap intervals."""
    rng = np.random.default_rng(0)
    some = x[:, order] / np.ptp(x[:, order], axis=0)

    def shift(pick: np.ndarray) -> np.ndarray:
        at, yes = some[pick], case[pick]
        return np.median(at[yes], axis=0) - np.median(at[~yes], axis=0)

    drawn = [shift(rng.integers(0, len(x), len(x))) for _ in range(200)]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    value = shift(np.arange(len(x)))
    return [Estimate(names[j], value[n], low[n], high[n]) for n, j in enumerate(order)]


def main() -> None:
    """Find the boxes and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, help="worlds")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    args = parser.parse_args()
    sweep = read_sweep(SPEC)
    design = sweep.design
    assert isinstance(design, Crossed)
    if args.draws:
        design = replace(design, draws=replace(design.draws, count=args.draws))
        sweep = replace(sweep, design=design)
    found = run_sweep(sweep)
    n = design.draws.count
    y = found["outcomes"].values.reshape(n, 2, -1)
    good = np.isfinite(y).all(axis=(1, 2))
    x, y = design.draws.values(0, n)[good], y[good]
    names = [f.name for f in design.draws.factors]
    ranges = {f.name: (f.distribution.low, f.distribution.high) for f in design.draws.factors}
    history, open_border = y[:, 0], y[:, 1]
    cases = {
        "control backfires": history[:, 0] > open_border[:, 0],
        "control backfires by 5 %": history[:, 0] > 1.05 * open_border[:, 0],
        "convergence lasts to 2020": history[:, 1] > 0,
    }
    sections, said = [], []
    for name, case in cases.items():
        share = case.mean()
        if not 0.01 < share < 0.99:
            sections.append(
                Section(
                    name.capitalize(),
                    text=f"It holds in {share:.1%} of worlds: too one-sided to look for conditions.",
                )
            )
            continue
        region = regional(x, case, names)
        order = region.order()[:LOOKED_AT]
        some, few = x[:, order], [names[i] for i in order]
        peeled = prim(some, case, few)
        box = simplified(some, case, chosen(peeled))
        tree = simplified(
            some, case, max(cart(some, case, few), key=lambda b: b.coverage * b.density)
        )
        again = stability(some, case, few, resamples=10)
        steady = {few[j]: again[j] for j in np.flatnonzero(box.restricted)}
        rows = [
            [
                "found by",
                "holds in",
                "share of all such worlds",
                "share of all worlds",
                "conditions",
            ]
        ]
        for how, b in (("peeling", box), ("tree", tree)):
            words = "; ".join(b.words()) or "nothing but chance"
            rows.append(
                [how, f"{b.density:.0%} of the box", f"{b.coverage:.0%}", f"{b.mass:.0%}", words]
            )
        trade = [["coverage", "density", "share of worlds", "conditions"]]
        for b in peeled[:: max(len(peeled) // 8, 1)]:
            trade.append(
                [
                    f"{b.coverage:.0%}",
                    f"{b.density:.0%}",
                    f"{b.mass:.0%}",
                    str(int(b.restricted.sum())),
                ]
            )
        top = shifts(x, case, names, region.order()[:10])
        sections += [
            Section(
                name.capitalize(), boxes([("peeling", box), ("tree", tree)], ranges),
                table=rows,
                text=f"It holds in {share:.0%} of {len(case):,} worlds. The boxes are conditions under which it is "
                "common; thick lines are the part of a range that belongs to the box.",
                note="Restrictions that chance explains (quasi-p above 0.05) are dropped. In resampled worlds peeling restricts "
                + (", ".join(f"{k} in {v:.0%}" for k, v in steady.items()) or "nothing") + ".",
            ),
            Section("", estimates([Rows(f"{name}: where such worlds lie", [("shift of the median", top)],
                                        "shift as a share of the factor's range", mark=0.0)], columns=1),
                    table=trade, note="Ten constants whose distributions differ most between such worlds and the others "
                    "(Kolmogorov and Smirnov); bars are 95 % bootstrap intervals. Table: the trade-off along the peeling."),
        ]  # fmt: skip
        said.append(
            f"{name} in {share:.0%} of worlds; in {box.density:.0%} where {' and '.join(box.words()) or 'nothing'}"
        )
    write_page(args.page, str(sweep.about["title"]), sections, lead=LEAD)
    write_index(PAGE.parent)
    print(f"{design.count:,} runs; {'; '.join(said)}")
    print(
        f"the page is {args.page.relative_to(ROOT) if args.page.is_relative_to(ROOT) else args.page}"
    )


if __name__ == "__main__":
    main()
