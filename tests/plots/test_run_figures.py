"""Figures of a single run: which parts are drawn, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sdsim
from sdsim import ModelError, Run, System, simulate

MODEL = """
    Area: north, south
    Age: young, old
    Stock[Area] = INTEG(rate[Area] * Stock[Area], 10)
    rate[Area] = 0.1, 0.2
    both[Area, Age] = Stock[Area] * share[Age]
    share[Age] = 0.25, 0.75
    total = SUM(Stock[Area!])
"""


@pytest.fixture(scope="module")
def run(system: Callable[..., System]) -> Run:
    return simulate(system(MODEL, stop=4))


@pytest.mark.parametrize("name", ["Stock[north]", "stock[ South ]", "both[*,old]", "both", "TOTAL"])
@pytest.mark.parametrize("saved", [False, True])
def test_a_part_is_drawn(run: Run, name: str, saved: bool, tmp_path: Path) -> None:
    given: Any = run.save(tmp_path / "run.nc") if saved else run
    lines = {line.name: list(line.y) for line in sdsim.plot(given, name).data}
    table = run.to_dataframe()
    part = run.to_dataframe(name)
    assert len(lines) == len(part.columns)
    assert [table[n].tolist() for n in lines] == [part[c].tolist() for c in part.columns]
    assert lines == {n: table[n].tolist() for n in lines}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Stock[west]", "'Stock': 'Area' has no element 'west'"),
        ("Stok[north]", "the result has no 'Stok"),
        ("Stok", "the result has no 'Stok'; did you mean 'Stock'"),
        ("time", "the result has no 'time'"),
        ("Area", "the result has no 'Area'"),
    ],
)
def test_an_unknown_name_is_refused(run: Run, name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        run.plot(name)


def test_a_run_without_saved_times_says_why(system: Callable[..., System], tmp_path: Path) -> None:
    run = simulate(system("y = 1 / k\nk = 0"))
    assert run.status == "nonfinite"
    for given in (run, run.save(tmp_path / "zero.nc")):
        with pytest.raises(ModelError, match=r"the run has no saved times: .*'y' is not finite at"):
            sdsim.plot(given)


def test_a_second_name_is_no_file(run: Run) -> None:
    with pytest.raises(ModelError) as found:
        run.plot("total", "Stock[north]")
    assert 'write a list: ["total", "Stock[north]"]' in str(found.value)
    with pytest.raises(ModelError, match=r"cannot write '.png'; use .html"):
        run.plot("total", "total.png")


def test_what_is_no_result_is_refused(run: Run) -> None:
    given: Any = 3
    with pytest.raises(ModelError, match="expected a run, a dataset or a path, got 3"):
        sdsim.plot(given)
    with pytest.raises(ModelError, match="names: expected the names of variables, got 3"):
        sdsim.plot(run, given)
    with pytest.raises(ModelError, match="names: expected the names of variables, got 3"):
        sdsim.plot(run, ["total", given])
    with pytest.raises(ModelError, match=r"output: expected an .html file, got 3"):
        sdsim.plot(run, "total", given)
