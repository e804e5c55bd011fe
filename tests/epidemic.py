"""The epidemic of models/sir, and what is uncertain in it, for tests of studies."""

from __future__ import annotations

from pathlib import Path

from sdsim.design import Uncertainty, Uniform

PATH = Path(__file__).resolve().parents[1] / "models/sir/sir.mdl"
FACTORS = (
    Uncertainty("Contact Infectivity", Uniform(0.2, 0.6), group="disease"),
    Uncertainty("Duration", Uniform(3, 8), group="disease"),
    Uncertainty("Initial Infectious", Uniform(1, 100), group="start"),
)
