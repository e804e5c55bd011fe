"""A model with an exact answer, and calibrations of it: a stock that drains, in small steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from making import mdl

import sdsim
from sdsim.calibration import likelihoods
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter

EQUATIONS = """Level= INTEG (-Outflow, Start)
Outflow= Rate*Level
Rate= 0.3
Start= 10
"""
TIMES = np.array([0.0, 1.0, 2.5, 4.0, 5.0])


def decay(folder: Path, step: float = 0.125, **control: Any) -> sdsim.System:
    """The model: Level(t) = Start exp(-Rate t), nearly, under RK4."""
    path = folder / "decay.mdl"
    path.write_text(mdl(EQUATIONS, step=step, stop=5, **control), encoding="utf-8")
    return sdsim.load(path)


def observed(rate: float = 0.4, start: float = 8.0, times: np.ndarray = TIMES) -> np.ndarray:
    """What would be seen without error."""
    return start * np.exp(-rate * times)


def calibration(system: sdsim.System, **changes: Any) -> Calibration:
    """Rate and Start from five values of Level."""
    values = observed() * np.array([1.02, 0.97, 1.01, 0.99, 1.03])
    given: dict[str, Any] = {
        "parameters": [
            Parameter("Rate", sdsim.LogUniform(0.05, 2)),
            Parameter("Start", sdsim.LogNormal(10, 0.5)),
        ],
        "data": [Data("level", "Level", values, TIMES, likelihoods.LogNormal(sd=0.05))],
        "method": sdsim.RK4(),
    }
    return Calibration(system, **(given | changes))
