"""A small sweep to break in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sweeping import CHUNK, FACTORS, MEMBERS, MODEL, OUTCOMES

import sdsim
from sdsim.design import MonteCarlo
from sdsim.sweeps import Sweep, faults


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> sdsim.System:
    path = tmp_path_factory.mktemp("model") / "level.mdl"
    path.write_text(MODEL)
    return sdsim.load(path)


@pytest.fixture(scope="session")
def sweep(system: sdsim.System) -> Sweep:
    """400 members that all end well."""
    return Sweep(
        system, MonteCarlo(FACTORS, MEMBERS, seed=0), OUTCOMES, save=("Level",),
        times=(5.0, 20.0), chunk=CHUNK, timeout=600.0,
    )  # fmt: skip


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put faults in; see `sdsim.sweeps.faults`."""

    def put(*what: dict[str, Any]) -> None:
        monkeypatch.setenv(faults.VARIABLE, json.dumps(what))

    return put
