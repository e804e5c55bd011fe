"""The model against data, within the bounds that it claims; and in 1,000 worlds drawn at random."""

from __future__ import annotations

import numpy as np
import pytest

import sdsim
from sdsim.design import LatinHypercube, levers_of, uncertainties_of

PEOPLE = (
    "Origin population", "Adults at origin", "Returnees", "Migrants", "Arrived as children",
    "Second generation", "Migrant stock", "Irregular stock",
)  # fmt: skip
SHARES = (
    "Share calling weekly", "Share calling monthly", "Share remitting", "Share travelling",
    "Share with all three", "Share with none on the weekly definition",
    "Share with none on the monthly definition", "Tie intensity", "Kin at home share",
    "Naturalised share of eligible", "Disconnected share", "Mean competence", "Mean distance",
    "Smuggling capacity", "State outreach", "Crossing success", "Coverage",
)  # fmt: skip


def rows(targets: list[dict[str, str]], variable: str, series: str) -> list[tuple[float, float]]:
    """(year, value) of the observations that were read in their source."""
    return [
        (float(r["year"]), float(r["value"])) for r in targets
        if r["variable"] == variable and r["series"].startswith(series)
        and r["confidence"] == "CONFIDENT"
    ]  # fmt: skip


def off(history: sdsim.Run, variable: str, year: float, value: float) -> float:
    """The model's relative error."""
    return float(history[variable].sel(time=year)) / value - 1


def test_the_census_within_15_per_cent(history: sdsim.Run, targets: list[dict[str, str]]) -> None:
    seen = rows(targets, "Census count", "census")
    assert [y for y, _ in seen] == [1960, 1970, 1980, 1990, 2000]
    for year, value in seen:
        assert abs(off(history, "Census count", year, value)) <= 0.15, year


@pytest.mark.parametrize(
    ("stock", "series", "years", "within"),
    [
        ("Migrant stock", "Pew, adjusted", {2007, 2012, 2014, 2017}, 0.15),
        ("Irregular stock", "Pew", {1990, 2000, 2007, 2014, 2017}, 0.30),
    ],
)
def test_the_stocks_within_what_is_claimed(
    history: sdsim.Run, targets: list[dict[str, str]],
    stock: str, series: str, years: set[float], within: float,
) -> None:  # fmt: skip
    seen = [p for p in rows(targets, stock, series) if p[0] >= min(years)]
    assert years <= {y for y, _ in seen}
    for year, value in seen:
        assert abs(off(history, stock, year, value)) <= within, year


def test_the_survey_of_2006_within_10_points(
    history: sdsim.Run, targets: list[dict[str, str]]
) -> None:
    """Calling, remitting, travelling, all three, none on each definition, as it was asked."""
    seen = [r for r in targets if r["series"] == "2006 survey" and not r["stay_from"]]
    assert len({r["variable"] for r in seen}) >= 7
    for r in seen:
        model = float(history[r["variable"]].sel(time=2006))
        assert abs(model - float(r["value"])) <= 0.10, r["variable"]


def test_a_thousand_worlds_stay_in_range(flagship: sdsim.System, preset: sdsim.Preset) -> None:
    """All assumed or borrowed constants over their whole ranges, and all levers, at once."""
    factors = (*uncertainties_of(flagship.model), *levers_of(flagship.model))
    assert len(factors) > 400
    values = LatinHypercube(factors, 1000, 0).values(0, 1000)
    draws = {f.name: values[:, k] for k, f in enumerate(factors)}
    out = sdsim.simulate_many(
        flagship, draws, preset.overrides, save=[*PEOPLE, *SHARES, "Boundary balance"]
    )
    assert np.isnan(out["stopped"].values).all()
    for name in PEOPLE:
        assert out[name].values.min() >= -1e-9, name
    for name in SHARES:
        assert out[name].values.min() >= -1e-9, name
        assert out[name].values.max() <= 1 + 1e-9, name
    kept = ("member", "time")
    people = sum(out[n].sum([d for d in out[n].dims if d not in kept]) for n in PEOPLE[:6])
    moved = out["Boundary balance"]
    error = (people - people.isel(time=0)) - (moved - moved.isel(time=0))
    assert float(np.abs(error).max()) <= 1e-9 * float(people.max())
