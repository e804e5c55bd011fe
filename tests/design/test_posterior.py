"""Posterior draws as a design: which are taken, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sdsim.base.errors import ModelError
from sdsim.base.toml import Section
from sdsim.design import (
    GIVEN,
    Crossed,
    Empirical,
    MonteCarlo,
    Policy,
    Posterior,
    Uncertainty,
    Uniform,
    design_from_data,
    design_to_data,
)
from sdsim.design.base import drawn

NAMES = ("Contact rate", 'Share["a, b"]', "Delay")
ROWS = np.random.default_rng(1).multivariate_normal(
    [1, 2, 3], [[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]], 400
)


def store(folder: Path, text: str = "") -> Path:
    out = folder / "fit.posterior"
    out.mkdir()
    lines = [
        'Contact rate,"Share[""a, b""]",Delay',
        *(",".join(map(repr, r.tolist())) for r in ROWS),
    ]
    (out / "draws.csv").write_text(text or "\n".join(lines) + "\n")
    return out


def test_all_draws_come_in_their_order(tmp_path: Path) -> None:
    found = Posterior.read(store(tmp_path))
    assert tuple(f.name for f in found.factors) == NAMES
    assert {f.source for f in found.factors} == {"posterior fit.posterior"}
    np.testing.assert_array_equal(found.values(0, 400), ROWS)
    np.testing.assert_array_equal(found.values(7, 9), ROWS[7:9])
    for k, f in enumerate(found.factors):
        assert (f.distribution.low, f.distribution.high) == (ROWS[:, k].min(), ROWS[:, k].max())


def test_fewer_members_are_draws_taken_at_random_without_replacement(tmp_path: Path) -> None:
    path = store(tmp_path)
    found = Posterior.read(path, 300, seed=0).values(0, 300)
    rows = [ROWS.tolist().index(r) for r in found.tolist()]
    assert len(set(rows)) == 300
    assert abs(np.corrcoef(rows, np.arange(300))[0, 1]) < 0.2
    np.testing.assert_array_equal(Posterior.read(path, 30).values(0, 30), found[:30])
    again = Posterior.read(path, 300, seed=1).values(0, 300)
    assert (again != found).any()
    whole = Posterior.read(path, 400).values(0, 400)
    assert sorted(whole.tolist()) == sorted(ROWS.tolist())


def test_more_members_than_draws_are_taken_with_replacement_only(tmp_path: Path) -> None:
    path = store(tmp_path)
    with pytest.raises(ModelError, match="401 members of 400 draws; take fewer, or set replace"):
        Posterior.read(path, 401)
    found = Posterior.read(path, 40_000, replace=True)
    counts = np.unique(found.values(0, 40_000)[:, 0], return_counts=True)[1]
    assert len(counts) == 400
    assert counts.var() == pytest.approx(100, rel=0.3)  # of a binomial distribution


def test_the_dependence_of_parameters_is_kept(tmp_path: Path) -> None:
    found = Posterior.read(store(tmp_path), 200)
    assert np.corrcoef(found.values(0, 200).T)[0, 1] == pytest.approx(0.9, abs=0.05)


def test_quantiles_of_its_points_are_its_values(tmp_path: Path) -> None:
    found = Posterior.read(store(tmp_path), 900, replace=True)
    assert found.unit(0, 900).min() > 0
    assert found.unit(0, 900).max() < 1
    np.testing.assert_array_equal(drawn(found.factors, found.unit(5, 80)), found.values(5, 80))


def test_a_posterior_travels_as_json(tmp_path: Path) -> None:
    found = Posterior.read(store(tmp_path), 50)
    for design in (found, Crossed((Policy("a", {"Cap": 1.0}),), found, {"Cap": 2.0})):
        other = design_from_data(json.loads(json.dumps(design_to_data(design))))
        assert other == design
        np.testing.assert_array_equal(other.values(0, 50), design.values(0, 50))


def test_a_table_of_a_spec(tmp_path: Path) -> None:
    store(tmp_path)
    own = Section({"kind": "posterior", "store": "fit.posterior", "members": 20, "seed": 4})
    assert GIVEN["posterior"](own, tmp_path) == Posterior.read(tmp_path / "fit.posterior", 20, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,x\n", "fit.posterior/draws.csv: 'b': row 1: expected a finite number, got x"),
        ("a,b\n1,\n", "'b': row 1: expected a finite number, got nan"),
        ("a,b\n1,inf\n", "expected a finite number, got inf"),
        ("a,b\n", "the table has no rows"),
        ("Growth rate,growth_rate\n1,2\n", "'growth_rate': varies twice"),
        ("a,b\n1,2,3\n", "rows have more cells than the 2 names"),
    ],
)
def test_draws_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ModelError) as e:
        Posterior.read(store(tmp_path, text))
    assert words in str(e.value)
    assert str(e.value).startswith("fit.posterior/draws.csv")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Posterior.read("nowhere"),
         "'nowhere' is no posterior's store: it has no draws.csv"),
        (lambda: Posterior((Uncertainty("a", Uniform(0, 1)),)), "'a': has no draws"),
        (lambda: Posterior(tuple(Uncertainty("a" * k, Empirical((1,) * k)) for k in (1, 2))),
         "from 1 to 2 draws of a parameter"),
        (lambda: Crossed((Policy("p", {"a": 1}),), Posterior.of(["a"], np.ones((3, 1))), {"a": 1}),
         "'a' is set by policies and drawn"),
    ],
)  # fmt: skip
def test_what_is_no_posterior_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        make()


def test_its_distributions_serve_other_designs() -> None:
    found = Posterior.of(NAMES, ROWS)
    values = MonteCarlo(found.factors, 2000).values(0, 2000)
    assert set(values[:, 0]) <= set(ROWS[:, 0])
    assert values.mean(axis=0) == pytest.approx(ROWS.mean(axis=0), abs=0.1)


def test_a_group_is_named_after_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "fit" / "draws"
    folder.mkdir(parents=True)
    for number, group in enumerate(("north", "south-west")):
        (folder / f"{group}.csv").write_text(f"a\n{number}\n{number + 0.5}\n")
    assert Posterior.read(tmp_path / "fit:north").values(0, 2).tolist() == [[0], [0.5]]
    assert Posterior.read(tmp_path / "fit:south west").values(0, 2).tolist() == [[1], [1.5]]
    with pytest.raises(ModelError, match="'fit' has no group 'nort'; did you mean 'north'"):
        Posterior.read(tmp_path / "fit:nort")
    with pytest.raises(ModelError, match=r'has draws of groups: .*name one, such as "fit:north"'):
        Posterior.read(tmp_path / "fit")
    with pytest.raises(ModelError, match=r"'none' is no posterior's store: it has no draws/x.csv"):
        Posterior.read(tmp_path / "none:x")
