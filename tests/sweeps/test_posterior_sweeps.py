"""Sweeps over a posterior: alone, under policies, analysed, searched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sweeping import MODEL

from sdsim import search
from sdsim.base.errors import ModelError
from sdsim.design import Crossed, Posterior
from sdsim.study.study import study
from sdsim.sweeps import read_sweep, run_sweep
from sdsim.sweeps.results import read_store

SPEC = """model = "level.mdl"
seed = 7
[design]
kind = "posterior"
store = "fit"
members = 120
[outcomes]
end = {expression = "FINAL(Level)", better = "high"}
peak = {expression = "PEAK(Change)", better = "low"}
"""
CROSSED = SPEC.replace(
    'kind = "posterior"\nstore = "fit"\nmembers = 120',
    'kind = "policies x draws"\ndraws = {kind = "posterior", store = "fit", members = 30}\n'
    "[policies.open]\nLoss = 0\n[policies.shut]\nLoss = 0.5",
)
ROWS = np.random.default_rng(3).uniform([0.1, 1.0], [0.3, 9.0], (200, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "level.mdl").write_text(MODEL)
    (tmp_path / "fit").mkdir()
    text = "\n".join(["Rate,Start", *(f"{a!r},{b!r}" for a, b in ROWS.tolist())])
    (tmp_path / "fit" / "draws.csv").write_text(text)
    return tmp_path


def spec(folder: Path, text: str) -> Path:
    path = folder / "spec.toml"
    path.write_text(text)
    return path


def test_members_are_the_draws(folder: Path) -> None:
    sweep = read_sweep(spec(folder, SPEC))
    assert sweep.design == Posterior.read(folder / "fit", 120, 7)
    found = run_sweep(sweep, folder / "s")
    np.testing.assert_array_equal(found["factors"].values, sweep.design.values(0, 120))
    assert found["low"].values.tolist() == found["factors"].values.min(axis=0).tolist()
    assert read_store(folder / "s").identical(found)
    told = study(found, sweep.design)
    assert told.results["pawn"]
    assert any("depend on each other" in note for note in told.notes)


def test_policies_meet_the_same_draws(folder: Path) -> None:
    sweep = read_sweep(spec(folder, CROSSED))
    assert isinstance(sweep.design, Crossed)
    assert sweep.design.count == 60
    values = sweep.design.values(0, 60)
    names = [f.name for f in sweep.design.factors]
    assert names == ["Loss", "Rate", "Start"]
    np.testing.assert_array_equal(values[::2, 1:], values[1::2, 1:])
    np.testing.assert_array_equal(
        values[::2, 1:], Posterior.read(folder / "fit", 30, 7).values(0, 30)
    )
    found = run_sweep(sweep)
    assert set(study(found, sweep.design).results["ranking"]) >= {"end"}


def test_a_search_keeps_the_dependence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its uncertainties are rows of the posterior, not columns drawn one by one."""
    seen = []
    monkeypatch.setattr(
        "sdsim.study.search.run_sweep", lambda s: seen.append(s.design) or run_sweep(s)
    )
    pytest.importorskip("pymoo")
    sweep = read_sweep(spec(folder, CROSSED))
    search(sweep, ["end", "peak"], draws=5, population=4, generations=1)
    for design in seen:
        for row in design.values(0, design.count)[:, 1:]:
            assert (row == ROWS).all(axis=1).any()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"fit"', '"fi"', 5, "'design.store': 'fi' is no posterior's store: it has no draws.csv"),
        ("members = 120", "members = 201", 6, "'design.members': 201 members of 200 draws"),
        ("members = 120", "replce = true", 6, "'design.replce': unknown key; did you mean"),
        ('store = "fit"\n', "", 3, "'store' is missing"),
        ("[outcomes]", "[constants]\nRate = 1\n[outcomes]", 3,
         "varies 'Rate', which stands in [constants]; choose one"),
        ("[outcomes]", "[levers]\nLoss = [0, 1]\n[outcomes]", 4,
         "says itself what varies, and 'Loss' is named beside it"),
    ],
)  # fmt: skip
def test_faults_name_the_line(folder: Path, old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(ModelError) as e:
        read_sweep(spec(folder, SPEC.replace(old, new, 1))).task()
    assert str(e.value).startswith(f"spec.toml:{line}: ")
    assert words in str(e.value)


def test_a_parameter_that_the_model_lacks(folder: Path) -> None:
    (folder / "fit" / "draws.csv").write_text("Rat\n1\n")
    with pytest.raises(ModelError, match=r"spec.toml:5: 'design.store': .*'Rat'; .*mean 'Rate'"):
        read_sweep(spec(folder, SPEC.replace("members = 120\n", "")))
