"""A worker process that makes runs: `python -m sdsim.calibration.worker`.

It reads messages of `sdsim.calibration.executors.say` from standard input: ``runs`` once, then
``values`` of the parameters. It answers with predictions, or ``error``; it ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import warnings

import numpy as np

from sdsim.base import host
from sdsim.base.errors import ModelError, one_line
from sdsim.calibration.executors import heard, say
from sdsim.calibration.runs import Runs


def main() -> None:
    """Make runs until the input ends."""
    host.ignore_interrupts()  # the parent process decides when to stop
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    runs: Runs | None = None
    while True:
        try:
            what, arrays = heard(sys.stdin.buffer)
        except EOFError:
            return
        if "runs" in what:
            runs = Runs.from_json(json.dumps(what["runs"]), threads=1)
            continue
        assert runs is not None
        try:
            found = runs.predict(dict(zip(what["values"], arrays, strict=True)))
            say(answers, {}, np.ascontiguousarray(found.values), found.fits)
        except ModelError as e:
            say(answers, _error(e.what, e.remedy, e.variable))
        except MemoryError:
            full = "a batch does not fit into this machine's memory"
            say(answers, _error(full, "use fewer jobs, or jobs = 0"))
        except Exception as e:
            fault = f"a fault of sdsim itself: {type(e).__name__}: {e}"
            say(answers, _error(one_line(fault), "jobs = 0 shows where"))


def _error(what: str, remedy: str, variable: str | None = None) -> dict[str, object]:
    return {"error": {"what": what, "remedy": remedy, "variable": variable}}


if __name__ == "__main__":
    main()
