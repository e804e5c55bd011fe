"""A FINAL TIME that the model computes: the run ends at the first step at or after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sdsim.base import limits, names
from sdsim.base.errors import ModelError
from sdsim.run.control import moving_end
from sdsim.run.driver import march
from sdsim.run.prepared import Prepared

#: How often a changing FINAL TIME may move further away.
MOVES = 100


def followed(run: Prepared) -> Prepared:
    """The run of one member, with its actual end time.

    Raises
    ------
    ModelError : FINAL TIME keeps moving away and is never reached.
    """
    value = moving_end(run.system)
    if value is None or not run.method.on_grid:
        return run
    h = replace(run.horizon, saveper=run.horizon.step)
    for _ in range(MOVES):
        if (h.stop - h.start) / h.step > limits.SAVED_POINTS:
            break
        marched = march(replace(run, horizon=h), run.member(), [value])
        final, time = marched.values[:, 0, 0], marched.time
        over = np.flatnonzero(time >= final - 1e-9 * h.step)
        if over.size:
            return replace(run, horizon=replace(run.horizon, stop=float(time[over[0]])))
        if not np.isfinite(final[-1]) or (final[-1] - h.start) / h.step > limits.STEPS:
            break
        h = replace(h, stop=max(float(final[-1]), float(time[-1]) + h.step))
    line = run.system.model.variables[names.FINAL_TIME].line or None
    raise ModelError(
        "FINAL TIME moves on and is never reached", file=run.system.model.file or None, line=line,
        remedy="give it a fixed value (-F)",
    )  # fmt: skip
