"""A member that stops has the outcomes that do not stand on what stopped it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sdsim
from sdsim.design import MonteCarlo, Uncertainty, Uniform
from sdsim.sweeps import Outcome, Sweep, read_store, run_sweep

ROOT = Outcome("root", "FINAL(Root)")
LEVEL = Outcome("level", "FINAL(Level)")
BOTH = Outcome("both", "PEAK(Root) + FINAL(Level)")
EVER = Outcome("ever", "EVER(Level < 0)")


def swept(system: sdsim.System, *outcomes: Outcome, save: tuple[str, ...] = (),
    store: Path | None = None,
) -> xr.Dataset:  # fmt: skip
    design = MonteCarlo((Uncertainty("Loss", Uniform(0.0, 3.0)),), 300, seed=1)
    return run_sweep(Sweep(system, design, outcomes, save=save, chunk=100), store)


def test_each_outcome_is_what_it_is_when_it_is_asked_for_alone(system: sdsim.System) -> None:
    """Bit for bit, whatever stops beside it; and so are kept series."""
    together = swept(system, ROOT, LEVEL, BOTH, EVER, save=("Level", "Root"))
    failed = together["status"].values != "ok"
    assert 0 < failed.sum() < 300
    for k, outcome in enumerate((ROOT, LEVEL, BOTH, EVER)):
        alone = swept(system, outcome)
        np.testing.assert_array_equal(
            together["outcomes"].values[:, k], alone["outcomes"].values[:, 0]
        )
    values = together["outcomes"].values
    assert np.isnan(values[failed][:, [0, 2]]).all()
    assert np.isfinite(values[:, [1, 3]]).all()
    assert (values[failed, 3] == 1).all()  # a level below 0 is what stops the root
    np.testing.assert_array_equal(
        together["Level"].values, swept(system, LEVEL, save=("Level",))["Level"].values
    )
    assert np.isnan(together["Root"].values[failed]).all()


def test_a_store_keeps_them(system: sdsim.System, tmp_path: Path) -> None:
    plain = swept(system, ROOT, LEVEL, save=("Level",))
    swept(system, ROOT, LEVEL, save=("Level",), store=tmp_path / "store")
    kept = read_store(tmp_path / "store")
    for name in ("outcomes", "Level"):
        np.testing.assert_array_equal(plain[name].values, kept[name].values)
    assert (plain["status"].values == kept["status"].values).all()


@pytest.mark.parametrize("outcomes", [(ROOT,), (ROOT, BOTH)])
def test_what_stands_on_it_has_no_value(
    system: sdsim.System, outcomes: tuple[Outcome, ...]
) -> None:
    found = swept(system, *outcomes)
    failed = found["status"].values != "ok"
    assert (np.isnan(found["outcomes"].values) == failed[:, None]).all()
