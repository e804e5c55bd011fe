"""``--data``: what one model worked out feeds another that lacks it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from commands import sdsim
from making import mdl

WORLD = """
    sector: farms, works
    "Demand, total"[sector] = INTEG(growth[sector], 10)
    growth[farms] = 1
    growth[works] = 2
"""
REGION = """
    sector: farms, works
    "Demand, total"[sector]
    share[sector] = 0.1 * "Demand, total"[sector]
    own = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "world.mdl").write_text(mdl(WORLD, stop=4))
    (tmp_path / "region.mdl").write_text(mdl(REGION, stop=4, step=0.5))
    return tmp_path


@pytest.mark.parametrize("name", ["world.nc", "world.csv", "world.tab", "world.parquet"])
def test_results_fill_what_a_model_lacks(folder: Path, name: str) -> None:
    assert sdsim("run", "world.mdl", "-o", name, at=folder).returncode == 0
    done = sdsim("run", "region.mdl", "--data", name, "-o", "region.csv", at=folder)
    assert (done.returncode, done.stderr) == (0, "")
    table = pd.read_csv(folder / "region.csv", index_col=0)
    assert table["share[farms]"].to_numpy() == pytest.approx(1 + 0.1 * table.index)
    assert table["share[works]"].to_numpy() == pytest.approx(1 + 0.2 * table.index)


def test_what_is_given_by_hand_comes_after_data(folder: Path) -> None:
    sdsim("run", "world.mdl", "-o", "world.csv", at=folder)
    preset = '[series]\n"Demand, total[farms]" = {time = [0, 4], values = [50, 50]}\n'
    (folder / "p.toml").write_text(preset)
    done = sdsim(
        "run", "region.mdl", "--data", "world.csv", "--preset", "p.toml", "--set", "own=4",
        "-o", "region.csv", at=folder,
    )  # fmt: skip
    assert done.returncode == 0
    table = pd.read_csv(folder / "region.csv", index_col=0)
    assert set(table["share[farms]"]) == {5}
    assert set(table["own"]) == {4}


@pytest.mark.parametrize("more", [["--set", "Demand, total=50"], ["--params", "p.csv"]])
def test_a_constant_by_hand_takes_the_place_of_data(folder: Path, more: list[str]) -> None:
    sdsim("run", "world.mdl", "-o", "world.csv", at=folder)
    (folder / "p.csv").write_text('name,value\n"Demand, total",50\n')
    done = sdsim("run", "region.mdl", "--data", "world.csv", *more, "-o", "r.csv", at=folder)
    assert (done.returncode, done.stderr) == (0, "")
    table = pd.read_csv(folder / "r.csv", index_col=0)
    assert set(table["share[farms]"]) == set(table["share[works]"]) == {5}


def test_the_time_step_is_checked_with_the_data(folder: Path) -> None:
    sdsim("run", "world.mdl", "-o", "world.csv", at=folder)
    done = sdsim("run", "region.mdl", "--data", "world.csv", "--check-dt", at=folder)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Time,other\n0,1\n4,2\n",
         "d.csv: has no column for 'Demand, total'; name columns as the model does: Name[a,b]\n"),
        ('Time,"Demand, total[farms]"\n0,1\n4,2\n',
         "region.mdl:12: 'share': needs data for 'Demand, total[works]'; give it as a series "
         "(--data FILE: results that have it)\n"),
        ('Time,"Demand, total[farms]"\n0,1\n0,2\n',
         "d.csv: 'Demand, total[farms]': x must increase, got 0 after 0; sort the points and keep "
         "each x once\n"),
    ],
)  # fmt: skip
def test_data_that_do_not_fit(folder: Path, body: str, expected: str) -> None:
    (folder / "d.csv").write_text(body)
    done = sdsim("run", "region.mdl", "--data", "d.csv", at=folder)
    assert (done.returncode, done.stderr) == (2, expected)


def test_a_model_that_lacks_nothing_says_so(folder: Path) -> None:
    (folder / "d.csv").write_text("Time,x\n0,1\n")
    done = sdsim("run", "world.mdl", "--data", "d.csv", at=folder)
    assert done.returncode == 2
    assert done.stderr == "d.csv: has nothing to fill: the model lacks no data; leave it out\n"


def test_compare_runs_any_model(folder: Path) -> None:
    """An XMILE file is a model there, and no table."""
    assert sdsim("convert", "world.mdl", "world.xmile", at=folder).returncode == 0
    sdsim("run", "world.mdl", "-o", "world.csv", at=folder)
    done = sdsim("compare", "world.xmile", "world.csv", at=folder)
    assert (done.returncode, done.stdout.split(" columns")[0]) == (0, "4 of 4")
