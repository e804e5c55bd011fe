"""Series that a sweep saves: whole variables and single elements, in memory and in a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sdsim
from sdsim.base.errors import ModelError, ModelWarning
from sdsim.design import LatinHypercube, Uncertainty, Uniform

ARRAYS = """
place: north, south, west
Stock[place] = INTEG(Growth * Stock[place], Start[place])
Start[place] = 1, 2, 3
Growth = 0.1
Root = SQRT(1.5 - Growth * Time)
"""
DESIGN = LatinHypercube((Uncertainty("Growth", Uniform(0.0, 0.3)),), 8)


@pytest.fixture(scope="module")
def arrays(written: Callable[..., Path]) -> sdsim.System:
    return sdsim.load(written(ARRAYS, stop=10, step=1))


def test_single_elements_are_those_of_the_whole(arrays: sdsim.System, tmp_path: Path) -> None:
    whole = sdsim.sweep(arrays, DESIGN, {"end": "FINAL(Stock[west])"}, save="Stock")["Stock"]
    axis = whole.dims[-1]
    for k, save in enumerate((["Stock[west]", "Stock[north]"], ["Stock[*]"])):
        some = sdsim.sweep(
            arrays, DESIGN, {"end": "FINAL(Stock[west])"}, save=save, store=tmp_path / f"{k}"
        )
        at = ["Stock[north]", "Stock[west]"] if k == 0 else whole[axis].values.tolist()
        xr.testing.assert_identical(some["Stock"], whole.sel({axis: at}))
        memory = sdsim.sweep(arrays, DESIGN, {"end": "FINAL(Stock[west])"}, save=save)
        xr.testing.assert_identical(some, memory)


def test_one_element_has_its_own_name(arrays: sdsim.System, tmp_path: Path) -> None:
    whole = sdsim.sweep(arrays, DESIGN, {"end": "FINAL(Stock[west])"}, save="Stock")["Stock"]
    one = sdsim.sweep(
        arrays, DESIGN, "FINAL(Root)", save="Stock[west]", store=tmp_path / "store", jobs=2
    )["Stock[west]"]
    assert one.dims == ("member", "time")
    assert np.array_equal(one.values, whole.values[..., 2])


def test_an_element_that_is_not_there_is_refused(arrays: sdsim.System) -> None:
    with pytest.raises(ModelError, match="'east' is not an element of 'place'"):
        sdsim.sweep(arrays, DESIGN, "FINAL(Growth)", save="Stock[east]")


def test_failed_members_are_said(arrays: sdsim.System) -> None:
    with pytest.warns(ModelWarning, match=r"of 8 members failed \(\d nonfinite\), the first is"):
        found = sdsim.sweep(arrays, DESIGN, {"root": "FINAL(Root)"})
    assert 0 < int(found.attrs["failed"]) < 8
