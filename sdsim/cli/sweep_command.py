"""`sdsim sweep SPEC -o STORE`: run a sweep into a store that survives interruption."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sdsim.base.errors import ModelError
from sdsim.cli.progress import Bar, busy
from sdsim.cli.stopping import stoppable

HELP = "Run a model many times as a spec says."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("spec", metavar="SPEC", help="a TOML file: model, design, outcomes")
    parser.add_argument("-o", "--output", metavar="STORE", required=True, help="folder to write")
    parser.add_argument("--resume", action="store_true", help="finish what is missing in STORE")
    parser.add_argument(
        "--jobs", metavar="N", type=int,
        help="worker processes; one for each processor by default, 0 runs in this process",
    )  # fmt: skip
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="a Dask scheduler, tcp://HOST:PORT or tls://..., or local"
    )
    parser.add_argument("--json", action="store_true", help="a summary as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.sweeps import sweep as swept
    from sdsim.sweeps import read_sweep, vacant

    if args.dask is not None and args.jobs is not None:
        raise ModelError("--jobs and --dask do not go together", remedy="choose one")
    vacant(Path(args.output), args.resume)  # before any work is done
    with stoppable(args.output):
        with busy(f"reading {args.spec}"):
            sweep = read_sweep(args.spec)
        with Bar(sweep.count, "runs") as bar:
            out = swept(
                sweep, store=args.output, jobs=args.jobs, resume=args.resume, dask=args.dask,
                progress=lambda s: bar.show(s.done, s.before, s.failed),
            )  # fmt: skip
    if args.json:
        print(json.dumps(summary(out, args.output)))
    else:
        print(table(out))
        bad = int(out.attrs["failed"])
        done = f"{bad:,} failed" if bad else "all ok"
        print(f"{args.output}: {out.attrs['members']:,} members, {done}")
    return 0


def table(out: Any) -> str:
    """A table of each outcome: mean, 5, 50 and 95 % quantiles over members, and unit."""
    import numpy as np
    import pandas as pd

    from sdsim.base.numerals import style_of

    values = out["outcomes"].values
    rows = {}
    for k, name in enumerate(out["outcome"].values):
        known = values[np.isfinite(values[:, k]), k]
        q = np.quantile(known, [0.05, 0.5, 0.95]) if known.size else [np.nan] * 3
        mean = known.mean() if known.size else np.nan
        unit = str(out["units"].values[k])
        style = style_of((mean, *q), 5)
        rows[str(name)] = [*(style(v) for v in (mean, *q)), f"{known.size:,}", unit]
    columns = ["mean", "5 %", "50 %", "95 %", "members", "unit"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).to_string()


def summary(out: Any, output: str) -> dict[str, Any]:
    """The output of `--json`."""
    import numpy as np

    from sdsim.sweeps import failures

    values = out["outcomes"].values
    outcomes = {}
    for k, name in enumerate(out["outcome"].values):
        known = values[np.isfinite(values[:, k]), k]
        q = np.quantile(known, [0.05, 0.5, 0.95]).tolist() if known.size else [None] * 3
        mean = float(known.mean()) if known.size else None
        outcomes[str(name)] = {
            "mean": mean, "q05": q[0], "q50": q[1], "q95": q[2], "members": int(known.size),
            "units": str(out["units"].values[k]), "expression": str(out["expression"].values[k]),
        }  # fmt: skip
    kept = {k: v.item() if hasattr(v, "item") else v for k, v in out.attrs.items()}
    return {"output": output, **kept, "failures": failures(out), "outcomes": outcomes}
