"""Designs against truth: distributions, layouts, prefixes, round trips, refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.sample import sobol as salib
from scipy.stats import qmc

import sdsim
from sdsim.base.errors import ModelError
from sdsim.base.toml import Section
from sdsim.design import (
    Choice,
    Crossed,
    Design,
    Grid,
    LatinHypercube,
    Lever,
    MonteCarlo,
    Morris,
    OneAtATime,
    Policy,
    Saltelli,
    SobolSequence,
    Table,
    Triangular,
    Uncertainty,
    Uniform,
    design_from_data,
    design_of,
    design_to_data,
    fit,
    uncertainties_of,
)  # fmt: skip
from sdsim.design.table import read_rows
from sdsim.overrides import locate

ROOT = Path(__file__).resolve().parents[2]
FACTORS = (
    Uncertainty("Contact Infectivity", Uniform(0.1, 0.6), "a book", "people"),
    Lever("Duration", Triangular(2, 3, 9), group="people"),
    Uncertainty("Initial Infectious", Choice((1.0, 10.0, 50.0), (1.0, 2.0, 1.0)), group="start"),
)
U = np.linspace(0, 1, 1001)


# --- all designs ------------------------------------------------------------------------------


def designs(size: int) -> list[Design]:
    return [
        MonteCarlo(FACTORS, size, 5),
        LatinHypercube(FACTORS, size, 5),
        SobolSequence(FACTORS, size, 5),
        Saltelli(FACTORS, size, 5),
        Saltelli(FACTORS, size, 5, True, True),
        Morris(FACTORS, size, 5),
        Morris(FACTORS, size, 5, 6, True),
        OneAtATime(FACTORS, size, 5),
        Crossed(
            (Policy("no", {}), Policy("short", {"Duration": 2.0})),
            LatinHypercube(FACTORS[::2], size, 5), {"Duration": 5.0},
        ),
    ]  # fmt: skip


def made(kind: str, **settings: Any) -> Design:
    return design_of(FACTORS, Section({"kind": kind, **settings}))


def known(size: int) -> list[Design]:
    rows = pd.DataFrame({"Duration": np.arange(1.0, size + 1), "Contact Infectivity": 0.3})
    return [*designs(size), Grid(FACTORS, 4), Table.of(rows)]


@pytest.mark.parametrize("which", range(11))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_stretch_is_a_part_of_the_whole(which: int, data: st.DataObject) -> None:
    d = known(16)[which]
    whole = d.values(0, d.count)
    assert whole.shape == (d.count, len(d.factors))
    a = data.draw(st.integers(0, d.count - 1))
    b = data.draw(st.integers(a + 1, d.count))
    assert (d.values(a, b) == whole[a:b]).all()
    assert (d.unit(a, b) == d.unit(0, d.count)[a:b]).all()
    low = np.array([f.distribution.low for f in d.factors])
    high = np.array([f.distribution.high for f in d.factors])
    assert ((whole >= low) & (whole <= high)).all()


@pytest.mark.parametrize("which", [0, *range(2, 8)])
def test_more_members_leave_the_first_ones_as_they_were(which: int) -> None:
    """Of all designs but Latin hypercubes."""
    few, many = designs(8)[which], designs(64)[which]
    assert (few.values(0, few.count) == many.values(0, few.count)).all()


@pytest.mark.parametrize("which", range(11))
def test_a_design_travels_as_json(which: int) -> None:
    d = known(8)[which]
    other = design_from_data(json.loads(json.dumps(design_to_data(d))))
    assert other.factors == d.factors
    assert (other.values(0, d.count) == d.values(0, d.count)).all()
    assert other == d


@pytest.mark.parametrize("which", range(8))
def test_seed_zero_is_a_seed(which: int) -> None:
    again = [made(d.kind, **d.settings() | {"seed": s})
             for d in [designs(16)[which]] for s in (0, 0, 1)]  # fmt: skip
    a, b, c = (d.values(0, d.count) for d in again)
    assert (a == b).all()
    assert (a != c).any()


def test_another_process_draws_the_same() -> None:
    code = (
        "from sdsim.design import *; f = (Uncertainty('Rate', Uniform(0, 1)),);"
        "print([d(f, 3, 7).values(0, 3).ravel().tolist() for d in (MonteCarlo, LatinHypercube)])"
    )
    out = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    f = (Uncertainty("rate ", Uniform(0, 1)),)
    here = [d(f, 3, 7).values(0, 3).ravel().tolist() for d in (MonteCarlo, LatinHypercube)]
    assert out[0].stdout.strip() == out[1].stdout.strip() == str(here)


# --- layouts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [False, True])
def test_saltellis_layout_is_salibs(second: bool) -> None:
    d = Saltelli(tuple(Uncertainty(n, Uniform(0, 1)) for n in "abc"), 8, 3, second)
    base = qmc.Sobol(6, scramble=True, rng=np.random.default_rng(3)).random(8)
    ours = d.unit(0, d.count).reshape(8, d.block, 3)
    assert (ours[:, 0] == base[:, :3]).all()
    assert (ours[:, -1] == base[:, 3:]).all()
    problem = {"num_vars": 3, "names": list("abc"), "bounds": [[0, 1]] * 3}
    theirs = salib.sample(problem, 8, calc_second_order=second, scramble=False, skip_values=0)
    theirs = theirs.reshape(8, d.block, 3)
    # where SALib takes a column from A or from B, so do we
    from_b = np.isclose(theirs, theirs[:, -1:]) & ~np.isclose(theirs[:, -1:], theirs[:, :1])
    pattern = from_b.any(axis=0)
    assert np.array_equal(ours, np.where(pattern, ours[:, -1:], ours[:, :1]))


def test_groups_move_together() -> None:
    d = Saltelli(FACTORS, 4, by_group=True)
    assert d.moved == (("people", (0, 1)), ("start", (2,)))
    block = d.unit(0, d.count).reshape(4, 4, 3)
    assert (block[:, 1, :2] == block[:, 3, :2]).all()
    assert (block[:, 1, 2] == block[:, 0, 2]).all()


@pytest.mark.parametrize(("levels", "by_group"), [(4, False), (6, False), (4, True)])
def test_a_trajectory_moves_one_at_a_time_by_the_right_step(levels: int, by_group: bool) -> None:
    d = Morris(FACTORS, 50, 1, levels, by_group)
    x = d.unit(0, d.count).reshape(50, d.block, 3)
    step = np.diff(x, axis=1)
    right = levels / (2 * (levels - 1))
    assert np.allclose(np.abs(step[np.abs(step) > 1e-12]), right)
    sets = [frozenset(np.flatnonzero(np.abs(s) > 1e-12).tolist()) for t in step for s in t]
    assert set(sets) == {frozenset(at) for _, at in d.moved}
    assert np.allclose(x * (levels - 1), np.rint(x * (levels - 1)))


def test_one_at_a_time_and_grids_by_hand() -> None:
    one = OneAtATime(FACTORS[:2], 1).values(0, 5)
    assert one == pytest.approx(np.array(
        [[0.35, one[0, 1]], [0.1, one[0, 1]], [0.6, one[0, 1]], [0.35, 2], [0.35, 9]]
    ))  # fmt: skip
    grid = Grid((Lever("Duration", Choice((3.0, 7.0))), FACTORS[0]), 3)
    assert grid.values(0, grid.count).tolist() == [
        [3, 0.1], [3, 0.35], [3, 0.6], [7, 0.1], [7, 0.35], [7, 0.6]
    ]  # fmt: skip


def test_every_policy_meets_the_same_draws() -> None:
    draws = LatinHypercube(FACTORS[::2], 4, 1)
    d = Crossed((Policy("a", {}), Policy("b", {"duration": 2.0})), draws, {"Duration": 5.0})
    x = d.values(0, 8).reshape(4, 2, 3)
    assert x[:, :, 0].tolist() == [[5, 2]] * 4
    assert (x[:, 0, 1:] == draws.values(0, 4)).all()
    assert (x[:, 1, 1:] == draws.values(0, 4)).all()


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MonteCarlo((), 5), "nothing varies"),
        (lambda: MonteCarlo(FACTORS, 0), "members from 1, got 0"),
        (lambda: MonteCarlo(FACTORS, 5, -1), "seed must be a whole number from 0, got -1"),
        (lambda: MonteCarlo(FACTORS, 5, True), "seed"),
        (lambda: MonteCarlo((FACTORS[1], Lever("duration ", Uniform(0, 1))), 5), "twice"),
        (lambda: Morris(FACTORS, 3, 0, 5), "even number"),
        (lambda: Grid(FACTORS * 1, 1_000_000), "a grid of"),
        (lambda: Saltelli(FACTORS, 2**31), "a Sobol sequence has"),
        (lambda: Crossed((), MonteCarlo(FACTORS, 2), {}), "no policies"),
        (lambda: Crossed((Policy("a", {"Cap": 1}),), MonteCarlo(FACTORS, 2), {}), "sets 'Cap'"),
        (lambda: Crossed((Policy("a", {"Duration": 1}),), MonteCarlo(FACTORS, 2),
                         {"Duration": 2}), "set by policies and drawn"),
        (lambda: made("latin", members=3), "'kind': no design 'latin'; did you mean 'latin hyper"),
        (lambda: made("sobol", member=3), "'member': unknown key; did you mean 'members'"),
        (lambda: made("sobol"), "'members' is missing"),
        (lambda: made("sobol", members=2.5), "'members': expected a whole number, got 2.5"),
        (lambda: made("table", rows=[[1, 2]]), "'rows': expected rows of 3 numbers"),
        (lambda: made("table", rows=[[1, 2, "x"]]), "'rows': expected rows of 3 numbers"),
        (lambda: made("table", rows=3), "'rows': expected a list of values, got 3"),
        (lambda: made("policies x draws", policies=[["a", {}]], draws={"kind": "sobl"}),
         "'draws.kind': no design 'sobl'; did you mean 'sobol'"),
        (lambda: made("policies x draws", policies=[["a", {}]], draws={
            "kind": "policies x draws", "policies": [["a", {}]],
            "draws": {"kind": "sobol", "members": 8}}), "policies crossed twice"),
        (lambda: Table.of(pd.DataFrame({"a": ["x"]})), "a"),
        (lambda: Table.of(pd.DataFrame({"a": [1.0, np.nan]})), "row 2: expected a finite number"),
        (lambda: Table.of(pd.DataFrame({"a": [True]})), "expected a finite number, got True"),
        (lambda: Table.of(pd.DataFrame({"a": []})), "no rows"),
        (lambda: read_rows("a,b\n1,2,3\n", ","), "rows have more cells than the 2 names"),
        (lambda: read_rows("a,b\n1,2\n1,2,3\n", ","), "not a table: .*line 3"),
        (lambda: Table.of(read_rows("a,b\n1,2\n1\n", ",")), "row 2: expected a finite number"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(make, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        make()


def test_factors_have_to_fit_the_model() -> None:
    model = sdsim.load(ROOT / "models/sir/sir.mdl").model
    fit(FACTORS, model)
    for name, words in (
        ("Durations", "did you mean 'Duration'"),
        ("Infectious", "is not a constant"),
        ("FINAL TIME", "same for all members"),
    ):
        with pytest.raises(ModelError, match=words):
            fit((Uncertainty(name, Uniform(0, 1)),), model)


def test_the_model_says_what_is_uncertain() -> None:
    model = sdsim.load(ROOT / "models/cross_border/cross_border.mdl").model
    found = uncertainties_of(model)
    assert len(found) > 100
    for f in found:
        variable = locate(model, f.name)[0]
        assert (f.distribution.low, f.distribution.high) == variable.limits
        assert f.source.split(":")[0].split(",")[0].split(" ")[0] in (
            "assumed",
            "analogy",
            "literature",
        )
    group = found[0].group
    some = uncertainties_of(model, groups=[group], leave=[found[0].name])
    assert {f.group for f in some} == {group}
    assert found[0].name not in {f.name for f in some}
    with pytest.raises(ModelError, match="no group 'Nothing'"):
        uncertainties_of(model, groups=["Nothing"])
