"""The flagship, loaded once."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import sdsim

FOLDER = Path(__file__).resolve().parents[2] / "models" / "cross_border"


@pytest.fixture(scope="session")
def flagship() -> sdsim.System:
    """The cross-border model."""
    return sdsim.load(FOLDER / "cross_border.mdl")


@pytest.fixture(scope="session")
def preset() -> sdsim.Preset:
    """Mexico to the United States."""
    return sdsim.read_preset(FOLDER / "presets" / "us_mexico.toml")


@pytest.fixture(scope="session")
def history(flagship: sdsim.System, preset: sdsim.Preset) -> sdsim.Run:
    """The corridor as it was, every time step saved."""
    return sdsim.simulate(flagship, preset.overrides | sdsim.Overrides({"SAVEPER": 0.125}))


@pytest.fixture(scope="session")
def targets() -> list[dict[str, str]]:
    """The observations, a row each."""
    with (FOLDER / "data" / "targets.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
