"""`sdsim compete SPEC -o FOLDER`: which theory predicts what it was not shown."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sdsim.cli.options import add_fit_options
from sdsim.cli.progress import Rounds, busy
from sdsim.cli.stopping import stoppable

HELP = "Fit models, variants and rivals to the same data, and score them on held-out data."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument(
        "spec", metavar="SPEC", help="a TOML file: a calibration and its variants; or a calibration"
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", required=True, help="folder for stores")
    add_fit_options(parser, "FOLDER", "a calibration has not converged")
    parser.add_argument("--json", action="store_true", help="the scores as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.comparison.competition import compete, lines
    from sdsim.comparison.record import write_record
    from sdsim.comparison.spec import read_competition

    with stoppable(args.output):
        with busy(f"reading {args.spec}"):
            competition = read_competition(args.spec)
        with Rounds() as bar:
            outcome = compete(
                competition, args.output, resume=args.resume, jobs=args.jobs,
                told=lambda name, s: bar.show(f"{name}: {s.stage}", s.rounds, s.runs, s.recalled),
            )  # fmt: skip
        write_record(args.output, outcome, competition.title)
    for data, why in outcome.left_out.items():
        for rival, reason in why.items():
            print(f"note: {data}: {rival} takes no part: {reason}", file=sys.stderr)
    if args.json:
        print(json.dumps(outcome.to_data()))
    else:
        for name, found in outcome.tables.items():
            print(f"{name}: {found.n} held-out values\n{shown(found)}\n")
        print("\n".join(lines(outcome)))
        level = next(iter(outcome.tables.values())).level
        print(
            f"Differences are over held-out data, with {level:.0%} intervals; all is conditional "
            "on the models, their priors and error models."
        )
    return 1 if args.strict and outcome.unsure else 0


def shown(found: Any) -> str:
    """A table of scores as text."""
    import pandas as pd

    rows = {
        r.name: {
            "log density": r.log_density.value, "to best": r.log_density.to_best.total,
            "low": r.log_density.to_best.low, "high": r.log_density.to_best.high,
            "RMS error": r.rms_error.value, "CRPS": r.crps.value,
            "in 90 %": _at(r.coverage, 0.9), "weight": r.weight,
            "parameters": r.parameters, "informed": r.informed,
            "ruled out": "surely" if r.surely else "yes" if r.ruled_out else "no",
        }
        for r in found.rows
    }  # fmt: skip
    frame = pd.DataFrame.from_dict(rows, orient="index")
    return frame.to_string(float_format=lambda v: f"{v:.3g}", na_rep="-")


def _at(coverage: Any, level: float) -> float:
    """The share of data inside the central interval of a level."""
    return float(coverage.share[list(coverage.level).index(level)])
