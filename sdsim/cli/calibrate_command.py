"""`sdsim calibrate SPEC -o STORE`: fit a model's free parameters to data."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sdsim.cli.options import add_fit_options
from sdsim.cli.progress import Rounds, busy
from sdsim.cli.stopping import stoppable

HELP = "Fit a model's free parameters to data, and find how sure the fit is."
COLUMNS = ["prior 5 %", "prior 95 %", "best", "5 %", "50 %", "95 %", "told by"]
SCORES = [
    "n",
    "RMSE",
    "R2",
    "RMS log error",
    "log score",
    "left out",
    "worst k-hat",
    "in 90 %",
    "autocorrelation",
]


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("spec", metavar="SPEC", help="a TOML file: model, parameters, data")
    parser.add_argument("-o", "--output", metavar="STORE", required=True, help="folder to write")
    add_fit_options(parser, "STORE", "the draws have not converged")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="a Dask scheduler, tcp://HOST:PORT or tls://..., or local"
    )
    parser.add_argument("--json", action="store_true", help="what was found as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.calibration.drive import calibrate
    from sdsim.calibration.spec import read_calibration
    from sdsim.sweeps import vacant

    vacant(Path(args.output), args.resume)  # before any work is done
    with stoppable(args.output):
        with busy(f"reading {args.spec}"):
            calibration = read_calibration(args.spec)
        with Rounds() as bar:
            fit = calibrate(
                calibration, args.output, resume=args.resume, jobs=args.jobs, dask=args.dask,
                progress=lambda s: bar.show(s.stage, s.rounds, s.runs, s.recalled),
            )  # fmt: skip
    for note in fit.notes:
        print(f"note: {note}", file=sys.stderr)
    print(json.dumps(summary(fit, args.output)) if args.json else told(fit, args.output))
    return 1 if args.strict and not fit.converged else 0


def told(fit: Any, output: str) -> str:
    """The verdict first; then the parameters and the scores."""
    parameters = fit.parameters[COLUMNS].to_string(float_format=lambda v: f"{v:.4g}")
    scores = fit.scores[SCORES].to_string(float_format=lambda v: f"{v:.3g}", na_rep="-")
    return (
        f"{fit.verdict}\n\n{parameters}\n\n{_informed(fit)}\n\n{scores}\n\n"
        "Intervals hold 5 to 95 % of the posterior, conditional on the model, its priors and error "
        f"models.\n{output}: {len(fit.dataset['draw']):,} draws, {fit.summary['rounds']:,} rounds, "
        f"{fit.summary['runs']:,} runs"
    )


def _informed(fit: Any) -> str:
    """How much the data tell, and the direction of which they say least."""
    count, last = len(fit.parameters), fit.directions.iloc[-1]
    told = f"The data tell {fit.summary['informed_parameters']:.1f} of {count} free numbers"
    if count == 1:
        return f"{told}."
    moved = last.iloc[2:]
    main = moved[abs(moved) > 0.3].index.tolist()
    return f"{told}, least of all {' with '.join(main)} ({last['narrowed']:.0%} of the prior)."


def summary(fit: Any, output: str) -> dict[str, Any]:
    """The output of `--json`."""
    parameters = json.loads(fit.parameters.to_json(orient="index", double_precision=15))
    scores = json.loads(fit.scores.reset_index().to_json(orient="records", double_precision=15))
    return {"output": output, **fit.summary, "parameters": parameters, "scores": scores}
