"""Sweeps over cases: each case has the results of a sweep of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from making import mdl

import sdsim
from sdsim import LatinHypercube, ModelError, Outcome, Overrides, Points, Sweep, Uncertainty
from sdsim.run.cases import cases_from_data, cases_to_data
from sdsim.study.study import check_sweep, study
from sdsim.sweeps import read_store, run_sweep

MODEL = """
x = INTEG(f(Time) * rate + noise, begun)
f((0,1),(9,3))
rate = 0.5
begun = 1
noise = RANDOM UNIFORM(0, 0.1, 0)
wide = x * 2
"""
CASES = {
    "own": Overrides(),
    "falling": Overrides({"begun": 3}, {"f": Points([0, 9], [2, 0])}),
    "pushed": Overrides(initial={"x": 7}),
}


@pytest.fixture(scope="module")
def model(written: Callable[..., Path]) -> sdsim.System:
    return sdsim.load(written(MODEL, stop=6, step=0.5))


@pytest.fixture(scope="module")
def sweep(model: sdsim.System) -> Sweep:
    factors = (Uncertainty("rate", sdsim.Uniform(0.1, 1)),)
    outcomes = (Outcome("end", "FINAL(x)"), Outcome("top", "PEAK(wide)"))
    return Sweep(model, LatinHypercube(factors, 120), outcomes, save=("wide",), cases=CASES)


def test_each_case_as_a_sweep_of_its_own(sweep: Sweep) -> None:
    both = run_sweep(sweep)
    assert both.sizes["member"] == 360
    for case, changes in CASES.items():
        alone = run_sweep(replace(sweep, params=changes, cases={}))
        mine = both.isel(member=(both["case"] == case).values)
        for name in ("outcomes", "factors", "wide"):
            assert mine[name].values.tobytes() == alone[name].values.tobytes(), name
        assert study(mine, sweep.design).results.keys() == study(alone, sweep.design).results.keys()


def test_a_store_has_the_cases_whatever_the_chunks_and_workers(
    sweep: Sweep, tmp_path: Path
) -> None:
    whole = run_sweep(sweep)
    run_sweep(replace(sweep, chunk=64), tmp_path / "store", jobs=1)
    found = read_store(tmp_path / "store")
    assert found["outcomes"].values.tobytes() == whole["outcomes"].values.tobytes()
    assert found["case"].values.tolist() == [c for c in CASES for _ in range(120)]
    changed = {**CASES, "pushed": Overrides(initial={"x": 8})}
    with pytest.raises(ModelError, match=r"preset|changes"):
        run_sweep(replace(sweep, chunk=64, cases=changed), tmp_path / "store", resume=True)


def test_cases_travel_as_data(sweep: Sweep) -> None:
    cases = sweep.task().run.cases
    assert cases is not None
    again = cases_from_data(cases_to_data(cases))
    assert again.names == cases.names
    np.testing.assert_array_equal(again.vectors, cases.vectors)
    assert again.tables is not None
    assert cases.tables is not None
    np.testing.assert_array_equal(again.tables.of, cases.tables.of)


def test_cases_are_analysed_one_at_a_time(sweep: Sweep) -> None:
    with pytest.raises(ModelError, match=r"3 cases, .* take one: found\.isel"):
        study(run_sweep(sweep), sweep.design)
    with pytest.raises(ModelError, match="3 cases, which are analysed one at a time"):
        check_sweep(sweep)


SPEC = """
model = "m.mdl"
[design]
kind = "monte carlo"
members = 5
[uncertainties]
rate = [0.1, 1]
[outcomes]
end = "FINAL(x)"
[constants]
"FINAL TIME" = 4
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.mdl").write_text(mdl(MODEL, stop=6, step=0.5))
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.toml").write_text("[constants]\nbegun = 2\n'FINAL TIME' = 5")
    (tmp_path / "p" / "b.toml").write_text("[lookups]\nf = {x = [0, 9], y = [2, 0]}")
    (tmp_path / "p" / "many.toml").write_text(
        "[cases]\nfile = 'many.csv'\n[constants]\nbegun = {column = 'size'}"
    )
    (tmp_path / "p" / "many.csv").write_text("case,size\nsmall,1\nlarge,9\n")
    return tmp_path


def read(folder: Path, cases: str) -> Sweep:
    (folder / "s.toml").write_text(f"{SPEC}\n[cases]\n{cases}")
    return sdsim.read_sweep(folder / "s.toml")


def test_a_spec_lists_presets_or_a_template(folder: Path) -> None:
    found = run_sweep(read(folder, 'presets = ["p/a.toml", "p/b.toml"]'))
    assert list(dict.fromkeys(found["case"].values)) == ["a", "b"]
    assert found.attrs["members"] == 10
    sweep = read(folder, 'template = "p/many.toml"')
    assert list(sweep.cases) == ["small", "large"]
    assert sweep.task().run.horizon.stop == 4


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("", r"s.toml:\d+: 'cases': expected presets or a template, one of them"),
        ('presets = ["p/a.toml", "a.toml"]', "'cases.presets'"),
        ('presets = ["p/a.toml", "p/a.toml"]', "two presets are called 'a'"),
        ('template = "p/a.toml"', "'cases.template': .*'cases' is"),
        ('preset = "p/a.toml"', "'cases.preset': unknown key; did you mean 'presets'"),
    ],
)
def test_refused(folder: Path, cases: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read(folder, cases)
