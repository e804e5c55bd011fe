"""The table: scores by hand, what is ruled out and how often wrongly, weights of the mixture."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import rival_worlds as worlds
from scipy import stats

from sdsim.base.errors import ModelError
from sdsim.comparison.contestants import Contestant, enter, enter_all
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals import LastGrowth, Mean, Trend
from sdsim.comparison.stacking import stacking
from sdsim.comparison.table import Table, table
from sdsim.inference.paired import difference

RNG = np.random.default_rng(6)


def normal(name: str, observed: Any, centre: Any, sd: float = 1.0, n: int = 400) -> Contestant:
    """A contestant whose predictions are normal."""
    drawn = centre + sd * RNG.normal(size=(n, len(observed)))
    return Contestant(name, stats.norm(centre, sd).logpdf(observed), drawn, None, 2.0, 1.5)


def three(m: int = 30) -> tuple[Any, Table]:
    """One that knows, one that knows less, one that knows nothing."""
    truth = RNG.normal(0, 2, m)
    observed = truth + RNG.normal(0, 1, m)
    found = table(
        observed,
        [
            normal("nothing", observed, np.zeros(m), 1.0),
            normal("knows", observed, truth),
            normal("less", observed, truth + 0.05),
        ],
        scale="level", series=range(m), base="nothing",
    )  # fmt: skip
    return observed, found


def test_scores_and_verdicts() -> None:
    observed, found = three()
    assert {r.name for r in found.rows[:2]} == {"knows", "less"}
    best, second, last = found.rows
    assert last.name == "nothing"
    assert (last.ruled_out, last.surely, second.ruled_out) == (True, True, False)
    assert last.log_density.value == pytest.approx(stats.norm.logpdf(observed).sum())
    assert last.rms_error.value == pytest.approx(np.sqrt((observed**2).mean()), rel=0.1)
    assert last.rms_error.low < last.rms_error.value < last.rms_error.high
    assert best.crps.value < last.crps.value
    assert best.log_density.to_best.total == 0
    assert last.log_density.to_base == replace(best.log_density.to_best)
    assert best.log_density.to_base is not None
    assert best.log_density.to_base.low > 0
    assert best.weight + second.weight > 0.9
    assert best.coverage.holds.all()
    assert not last.coverage.holds.all()
    assert found.sentences[0].startswith(f"{best.name} predicts best: log density ")
    assert found.sentences[1].startswith(f"The data cannot rule out {second.name}: its log density")
    assert found.sentences[2].startswith("The data rule out nothing: its log density is ")
    assert found.row("nothing") is last


def test_differences_are_paired() -> None:
    m = 12
    observed = RNG.normal(size=m)
    one, other = normal("a", observed, np.zeros(m)), normal("b", observed, np.full(m, 0.3))
    found = table(observed, [one, other], scale="level", series=["x"] * 6 + ["y"] * 6)
    worse = found.rows[1]
    best = one if worse.name == "b" else other
    own = other if worse.name == "b" else one
    want = difference(own.log_density, best.log_density, ["x"] * 6 + ["y"] * 6)
    assert worse.log_density.to_best == want
    assert (found.n, found.series) == (m, 2)


def test_equals_are_seldom_ruled_out() -> None:
    """Four contestants with equal, independent errors: the widened interval seldom excludes 0,
    although the best is chosen afterwards."""
    wrong = 0
    for _ in range(100):
        scores = RNG.normal(size=(4, 25))
        drawn = RNG.normal(size=(3, 25))
        found = table(
            np.zeros(25), [Contestant(n, s, drawn) for n, s in zip("abcd", scores, strict=True)],
            scale="level", series=range(25),
        )  # fmt: skip
        wrong += any(r.surely for r in found.rows)
    assert wrong / 100 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 100)


def test_what_is_impossible_is_ruled_out() -> None:
    observed = np.zeros(3)
    fine, broken = normal("fine", observed, observed), normal("broken", observed, observed)
    broken = replace(broken, log_density=np.array([0.0, -np.inf, 0.0]))
    found = table(observed, [broken, fine], scale="level")
    assert found.rows[1].ruled_out
    assert found.sentences[1] == ("The data rule out broken: it holds some of them for impossible.")
    single = table(observed[:1], [normal(n, observed[:1], np.ones(1)) for n in "ab"], scale="level")
    assert single.sentences[1].startswith("The data are too few to judge ")


def test_plain_data() -> None:
    data = json.loads(json.dumps(three()[1].to_data(), allow_nan=False))
    assert data["rows"][0]["log_density"]["to_best"]["total"] == 0
    assert len(data["sentences"]) == 3


def test_rivals_enter() -> None:
    train, test = worlds.world(worlds.trend, 4)
    entered, left_out = enter_all(train, test)
    assert len(entered) == 8
    assert not left_out
    found = table(test.values, entered, series=test.groups, base="mean")
    assert found.row("mean").ruled_out
    assert not found.row("AR(1) around a trend").ruled_out
    new = replace(test.rows(np.arange(4)), groups=("east",) * 4, drivers={})
    entered, left_out = enter_all(replace(train, drivers={}), new)
    assert set(left_out) == {"last_value", "last_growth"}
    assert "no data of group 'east'" in left_out["last_value"]
    assert [c.name for c in entered] == ["mean", "trend", "AR(1)", "AR(1) around a trend"]


def test_a_rival_as_a_contestant_has_its_exact_density() -> None:
    train, test = worlds.world(worlds.trend, 4)
    one = enter(Trend(), train, test)
    assert (
        one.log_density.tolist()
        == Trend().fit(train).predict(test).log_density(test.values).tolist()
    )
    assert one.draws.shape == (2000, len(test))
    both = table(test.values, [one, enter(Mean(), train, test)], series=test.groups)
    assert both.rows[0].rms_error.value < 0.4
    with pytest.raises(ModelError):
        enter(LastGrowth(), train.rows(np.arange(2)), test)


def test_stacking_is_the_best_mixture() -> None:
    """No small move of weight between any two gains; one contestant beyond reach has all."""
    log_density = RNG.normal(size=(4, 40))
    weights = stacking(log_density)

    def total(w: Any) -> float:
        return float(np.log(w @ np.exp(log_density)).sum())

    assert weights.sum() == pytest.approx(1)
    for _ in range(300):
        other = RNG.dirichlet(np.ones(4))
        assert total(weights) > total(other) - 0.04
        assert total(weights) > total(0.99 * weights + 0.01 * other) - 0.04
    sure = stacking(np.array([[0.0, 0.0], [-9.0, -9.0]]))
    assert sure == pytest.approx([1, 0], abs=1e-3)
    split = stacking(np.array([[0.0, -np.inf], [-np.inf, 0.0]]))
    assert split == pytest.approx([0.5, 0.5])


def test_counts_with_zeros_have_a_scale() -> None:
    times = np.arange(20.0)
    counts = np.random.default_rng(0).poisson(3, 24).astype(float)
    train, test = (
        Panel(times, counts[:20], (), {}, "log1p"),
        Panel(20 + times[:4], counts[20:], (), {}, "log1p"),
    )
    entered, left_out = enter_all(train, test)
    assert not left_out
    found = table(test.values, entered, scale="log1p")
    assert np.isfinite([r.crps.value for r in found.rows]).all()


@pytest.mark.parametrize(
    ("scale", "edge", "measured"),
    [("log", 0.0, "log1p"), ("logit", 1.0, "level"), ("log", 1.0, "log"), ("level", 0.0, "level")],
)
def test_draws_at_the_edge_of_a_scale_have_another(scale: str, edge: float, measured: str) -> None:
    """A count of 0 may be drawn where none was observed."""
    observed = np.array([0.4, 0.6])
    one = Contestant("a", np.zeros(2), RNG.uniform(0.1, 0.9, (50, 2)))
    other = replace(one, name="b", draws=np.where(one.draws < 0.3, edge, one.draws))
    found = table(observed, [one, other], scale=scale)
    assert found.scale == measured
    assert np.isfinite([r.crps.value for r in found.rows]).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"contestants": 1}, "1 contestants; give two or more"),
        ({"twice": True}, "two contestants are called 'a'"),
        ({"scale": "levle"}, "unknown scale 'levle'; did you mean 'level'?"),
        ({"base": "c"}, "no contestant 'c'"),
        ({"m": 4}, "a: predictions of shapes (5,) and (9, 5) for 4 data"),
        ({"scale": "log"}, "a: predictions without a place on the scale 'log'; it needs numbers"),
    ],
)  # fmt: skip
def test_refusals(change: dict[str, Any], said: str) -> None:
    made = [Contestant(n, np.zeros(5), -np.ones((9, 5))) for n in "ab"]
    made = made[: change.get("contestants", 2)]
    if change.get("twice"):
        made[1] = made[0]
    with pytest.raises(ModelError) as refused:
        table(
            np.ones(change.get("m", 5)), made, scale=change.get("scale", "level"),
            base=change.get("base", ""),
        )  # fmt: skip
    assert said in str(refused.value)
