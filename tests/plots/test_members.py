"""Fans and distributions over members: what a band holds, what has no value, what is named."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from commands import sdsim as command
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import sdsim
from sdsim.plots.members import (
    SHARES,
    Numbers,
    bars,
    chosen,
    members_figure,
    members_sections,
    middle_and_bands,
    spread,
)

MODEL = """{UTF-8}
Region: north, south ~ ~ |
Level[Region] = INTEG(Rate * Level[Region], Start[Region]) ~ thing ~ <script>alert(1)</script> |
Start[Region] = 1, 2 ~ thing ~ |
Rate = 0.1 ~ 1/Year ~ |
Root = SQRT(Rate - 0.05 * Time) ~ thing ~ |
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 4 ~ Year ~ |
TIME STEP = 1 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
"""
MEMBERS = 40


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> sdsim.System:
    path = tmp_path_factory.mktemp("members") / "m.mdl"
    path.write_text(MODEL)
    return sdsim.load(path)


def swept(system: sdsim.System, store: Path | None = None) -> xr.Dataset:
    factors = (sdsim.Uncertainty("Rate", sdsim.Uniform(0.01, 0.3), "a <b>guess</b>"),)
    outcomes = {"end": "FINAL(Level[north])", "above": "FINAL(Level[south]) > 3"}
    design = sdsim.LatinHypercube(factors, MEMBERS)
    return sdsim.sweep(system, design, outcomes, save=["Level", "Root"], store=store, jobs=0)


# --- bands ----------------------------------------------------------------------------------------

TABLES = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=2, max_dims=2, max_side=60),
    elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
)  # fmt: skip


@given(TABLES)
def test_a_band_holds_at_least_its_share(values: np.ndarray) -> None:
    median, bands = middle_and_bands(values)
    for k, column in enumerate(values.T):
        there = column[np.isfinite(column)]
        assert np.isnan(median[k]) == (not there.size)
        if there.size:
            assert median[k] == pytest.approx(np.median(there), abs=1e-6)
        for share in SHARES:
            low, high = bands[share][0][k], bands[share][1][k]
            assert np.isfinite(low) == np.isfinite(high) == (there.size >= 2 / (1 - share) - 1e-9)
            if np.isfinite(low):
                assert ((there >= low) & (there <= high)).mean() >= share


@pytest.mark.parametrize("count", [20, 21, 40, 500])
def test_a_band_holds_little_more_than_its_share(count: int) -> None:
    values = np.random.default_rng(0).normal(size=(count, 1))
    for share, (low, high) in middle_and_bands(values)[1].items():
        held = ((values >= low) & (values <= high)).mean()
        assert share <= held <= share + 2 / count


def test_lines_are_spread_from_the_first_member_to_the_last() -> None:
    assert spread(101, 3) == [0, 50, 100]
    assert spread(2, 10) == [0, 1]
    assert spread(5, 0) == []


def test_bars_hold_every_member_that_has_a_value() -> None:
    values = np.append(np.random.default_rng(1).normal(size=400), np.nan)
    (bar,) = bars(Numbers("x", "", "", values))
    assert np.sum(bar.height) == pytest.approx(100)
    assert bar.low[0] == np.nanmin(values)
    assert bar.high[-1] == np.nanmax(values)
    (yes,) = bars(Numbers("x", "", "", np.repeat([0.0, 1.0], [30, 10])))
    assert list(yes.height) == [75, 25]
    (one,) = bars(Numbers("x", "", "", np.full(5, 3.0)))
    assert list(one.height) == [100]
    assert bars(Numbers("x", "", "", np.full(5, np.nan))) == []


# --- figures --------------------------------------------------------------------------------------


def test_each_element_and_outcome_has_axes_of_its_own(system: sdsim.System) -> None:
    found = swept(system)
    names = [d.name for d in chosen(found)[0]]
    assert names == ["Level[north]", "Level[south]", "Root", "end", "above"]
    titles = [a.text for a in members_figure(found, None, 0).layout.annotations]
    assert titles == names


@pytest.mark.parametrize("name", ["level", "LEVEL[North]", "Level[ south ]", "END"])
def test_names_are_found_however_they_are_spelled(system: sdsim.System, name: str) -> None:
    drawn, _ = chosen(swept(system), [name])
    assert len(drawn) == (2 if name == "level" else 1)


def test_a_figure_draws_the_members_themselves(system: sdsim.System) -> None:
    found = swept(system)
    figure = sdsim.plot(found, "Level[south]", lines=3)
    lines = {t.name: t for t in figure.data if str(t.name).startswith("member")}
    assert {*lines} == {"member 0", "member 20", "member 39"}
    values = found["Level"].isel({"element of Level": 1}).sel(member=20).values
    assert list(lines["member 20"].y) == pytest.approx(list(values))
    median = next(t for t in figure.data if t.name == "median")
    every = found["Level"].isel({"element of Level": 1}).median("member").values
    assert list(median.y) == pytest.approx(list(every))


def test_an_ensemble_in_memory_is_drawn_as_well(system: sdsim.System) -> None:
    many = sdsim.simulate_many(system, {"Rate": np.linspace(0.01, 0.3, 25)}, save=["Level"])
    figure = sdsim.plot(many, lines=0)
    assert [t.name for t in figure.data if t.name == "median"] == ["median"] * 2
    assert [a.text for a in figure.layout.annotations] == ["Level[north]", "Level[south]"]


# --- pages ----------------------------------------------------------------------------------------


def test_a_page_says_what_it_is_conditional_on_and_what_is_missing(
    system: sdsim.System, tmp_path: Path
) -> None:
    store, page = tmp_path / "m.store", tmp_path / "m.html"
    found = swept(system, store)
    assert command("plot", store).stdout.strip() == str(page)
    text = page.read_text(encoding="utf-8")
    assert 'src="http' not in text
    words = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert f"{MEMBERS} members. Conditional on the model" in words
    assert "the design (latin hypercube)" in words
    assert "<td>Rate</td><td>0.01</td><td>0.3</td><td>a &lt;b&gt;guess&lt;/b&gt;</td>" in words
    lacks = int(np.isnan(found["Root"]).any("time").sum())
    assert lacks > 0
    assert f"{lacks} of {MEMBERS} members have no value at some time" in words
    assert f"{lacks} of {MEMBERS} members did not run to the end" in words
    assert f"Every one of the {MEMBERS} members has a value" in words
    assert "<script>alert" not in text


def test_members_without_a_value_are_counted_at_some_time_and_at_the_last() -> None:
    values = np.ones((10, 3))
    values[:2, 1] = values[:1, 2] = np.nan
    made = xr.Dataset({"x": (("member", "time"), values)}, {"member": range(10), "time": range(3)})
    note = members_sections(made, None, 0)[1][0].note
    assert "2 of 10 members have no value at some time" in note
    assert "At the last time 1 have none" in note


def test_what_cannot_be_drawn_is_refused(system: sdsim.System, tmp_path: Path) -> None:
    found = swept(system)
    with pytest.raises(sdsim.ModelError, match=r"has no 'Levle'.*Level"):
        sdsim.plot(found, "Levle")
    with pytest.raises(sdsim.ModelError, match="from 0, got -1"):
        sdsim.plot(found, lines=-1)
    with pytest.raises(sdsim.ModelError, match="neither outcomes nor series"):
        sdsim.plot(found[["status", "factors"]])
    (tmp_path / "s.toml").touch()
    assert "sdsim sweep" in command("plot", tmp_path / "s.toml").stderr
    (tmp_path / "empty").mkdir()
    done = command("plot", tmp_path / "empty")
    assert done.returncode == 2
    assert "no manifest" in done.stderr
    assert not [*tmp_path.glob("*.html")]


def test_a_series_called_like_what_a_sweep_says_keeps_its_values(tmp_path: Path) -> None:
    path = tmp_path / "named.mdl"
    path.write_text(MODEL.replace("Rate", "low").replace("Root", "status"))
    factors = (sdsim.Uncertainty("low", sdsim.Uniform(0.1, 0.3)),)
    found = sdsim.sweep(path, sdsim.LatinHypercube(factors, 8), "FINAL(status)", save=["low"])
    assert found["low (variable)"].shape == (8, 5)
    assert found["low"].values.tolist() == [0.1]
