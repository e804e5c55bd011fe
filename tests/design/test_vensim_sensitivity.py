"""Vensim's sensitivity files, and the distributions that came with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sdsim import load
from sdsim.base.errors import ModelError
from sdsim.design import (
    Beta,
    Choice,
    Exponential,
    Gamma,
    Grid,
    LatinHypercube,
    MonteCarlo,
    Table,
    Weibull,
    design_from_data,
    design_to_data,
    levers_of,
)
from sdsim.design.vensim import read_vensim
from sdsim.sweeps import read_sweep, run_sweep

U = np.linspace(0.001, 0.999, 999)


@pytest.mark.parametrize(
    ("made", "true"),
    [
        (Exponential(0.5, 9, 0.2, 2), stats.expon(0.2, 2)),
        (Gamma(0.1, 5, 0.1, 2, 3), stats.gamma(3, 0.1, 2 / 3)),
        (Weibull(1, 4, 0, 2, 1.5), stats.weibull_min(1.5, 0, 2)),
        (Beta(-1, 1, -1, 3, 2, 5), stats.beta(2, 5, -1, 3)),
    ],
)
def test_cut_distributions_are_scipys_between_their_ends(made, true) -> None:
    a, b = true.cdf(made.low), true.cdf(made.high)
    np.testing.assert_allclose(made.ppf(U), true.ppf(a + U * (b - a)), rtol=1e-9)
    np.testing.assert_allclose(made.ppf(np.array([0.0, 1.0])), [made.low, made.high], rtol=1e-12)


def written(folder: Path, text: str) -> Path:
    path = folder / "doubts.vsc"
    path.write_text(text)
    return path


def test_a_file_is_a_design(tmp_path: Path) -> None:
    text = (
        "250,M,1234,,0\n\nPRICE OF STEEL=RANDOM TRIANGULAR(.5,1.5,.5,1,1.5)\n"
        'BUILDING TIME = RANDOM_UNIFORM(11,15)\n"a=b"[x,y]=random normal(0,2,1,.5);\n'
    )
    found = read_vensim(written(tmp_path, text))
    assert isinstance(found, MonteCarlo)
    assert (found.count, found.seed) == (250, 1234)
    assert [f.name for f in found.factors] == ["PRICE OF STEEL", "BUILDING TIME", '"a=b"[x,y]']
    values = found.values(0, 250)
    assert values[:, 1].min() >= 11
    assert values[:, 1].max() <= 15
    assert design_from_data(design_to_data(found)) == found


def test_its_methods(tmp_path: Path) -> None:
    line = "\nA=VECTOR(1,2,0.25)\nB=RANDOM EXPONENTIAL(0,9,0,1)"
    assert isinstance(read_vensim(written(tmp_path, "40,L,7" + line)), LatinHypercube)
    grid = read_vensim(written(tmp_path, "3,G,7" + line))
    assert isinstance(grid, Grid)
    assert grid.count == 15
    assert grid.factors[0].distribution == Choice((1, 1.25, 1.5, 1.75, 2))
    assert read_vensim(written(tmp_path, ",," + line)).count == 200


def test_a_sample_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.tab").write_text("price\ttime\n1.5\t2\n\t3\n2.5\t\n")
    found = read_vensim(written(tmp_path, ",F,,mine.tab,0"))
    assert isinstance(found, Table)
    np.testing.assert_array_equal(found.rows, [[1.5, 2], [1.5, 3], [2.5, 3]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "doubts.vsc: is empty"),
        ("10,U,1\nA=VECTOR(1,2,1)", "doubts.vsc:1: method U"),
        ("10,Q,1\nA=VECTOR(1,2,1)", "expected method M, L, G or F"),
        ("many,M,1\nA=VECTOR(1,2,1)", "expected simulations,method,seed"),
        ("10,M,1\n\nA=RANDOM POISSON(0,9,3,0,1,0)", "doubts.vsc:3: distribution RANDOM POISSON"),
        ("10,M,1\nA=RANDOM UNIFORM(1)", "takes 2 numbers, got 1"),
        ("10,M,1\nA=RANDOM UNIFORM(1,b)", "expected numbers"),
        ("10,M,1\nA=RANDOM UNIFORM(3,1)", "low 3 is above high 1"),
        ("10,M,1\nA=VECTOR(1,2,0)", "no steps of 0"),
        ("10,M,1\nA is 3", "expected NAME=DISTRIBUTION"),
        ("10,M,1", "no constants"),
        (",F,,../secret.tab", "expected a file beside this one"),
        (",F,,none.tab", "no file 'none.tab'"),
        ("10,M,0\nA=VECTOR(1,2,1)", "seed 0"),
    ],
)
def test_faults_name_the_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ModelError) as fault:
        read_vensim(written(tmp_path, text))
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


def cup(folder: Path, more: str = "") -> Path:
    path = folder / "cup.mdl"
    path.write_text(
        "{UTF-8}\nCup=INTEG(-Loss*Cup,100)~C~|\n"
        "Loss=0.1~1/Minute [0.05,0.2]~Lever: how open the lid is.~|\n"
        + more
        + "INITIAL TIME=0~~|\nFINAL TIME=10~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
    )
    return path


def test_a_sweep_takes_such_a_file(tmp_path: Path) -> None:
    cup(tmp_path)
    written(tmp_path, "3,G,1\nLoss=VECTOR(0,0.2,0.1)\n")
    spec = tmp_path / "cup.toml"
    spec.write_text(
        'model = "cup.mdl"\n[design]\nkind = "vensim"\nfile = "doubts.vsc"\n'
        '[outcomes]\nend = "FINAL(Cup)"\n'
    )
    end = run_sweep(read_sweep(spec)).outcomes.sel(outcome="end").values
    np.testing.assert_allclose(end, 100 * (1 - np.array([0, 0.1, 0.2])) ** 10)


def test_a_model_says_what_its_levers_are(tmp_path: Path) -> None:
    model = load(cup(tmp_path, "Other=1~1/Minute [0,1]~Assumed.~|\n")).model
    (lever,) = levers_of(model)
    assert (lever.name, lever.distribution.low, lever.distribution.high) == ("Loss", 0.05, 0.2)
    with pytest.raises(ModelError, match="marks no constant as a lever"):
        levers_of(model, leave=["Lo*"])
    spec = tmp_path / "cup.toml"
    spec.write_text(
        'model = "cup.mdl"\n[levers]\nfrom_model = true\n[design]\nkind = "grid"\npoints = 4\n'
        '[outcomes]\nend = "FINAL(Cup)"\n'
    )
    assert read_sweep(spec).design.factors == (lever,)
