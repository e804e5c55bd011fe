"""Scenarios: what is set is set, draws are paired, and company changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from epidemic import PATH

import sdsim
from sdsim.claims.draws import Choice, choose
from sdsim.study.scenarios import run_scenarios

SYSTEM = sdsim.load(PATH)
AS_IS = sdsim.Overrides()
CHOSEN = choose(SYSTEM, AS_IS, Choice(drawn=("Contact Infectivity", "Duration")))
SETTINGS = {"as it is": {}, "shorter": {"Duration": 6.0}, "mixed": {"Initial Infectious": 20.0}}


def scenarios(settings: dict[str, dict[str, float]] = SETTINGS, seed: int = 0):
    return run_scenarios(SYSTEM, settings, AS_IS, CHOSEN, 5, 0.2, save=["Infectious"], seed=seed)


def test_a_scenario_is_the_run_with_its_constants() -> None:
    found = scenarios()
    for label, constants in SETTINGS.items():
        alone = sdsim.simulate(SYSTEM, constants)["Infectious"].values
        np.testing.assert_array_equal(found.series(label, "Infectious"), alone)
        np.testing.assert_array_equal(found.final(label, "Infectious")[0], alone[-1])


def test_draws_are_paired_and_do_not_touch_what_is_set() -> None:
    drawn = CHOSEN.draws(5, 0.2, seed=0).values
    found = scenarios()
    for k in range(5):
        given = dict(zip(CHOSEN.names, drawn[:, k], strict=True))
        for label, constants in (("mixed", SETTINGS["mixed"]),):
            own = {**given, **constants}
            own.pop("Duration")  # set by one scenario, so drawn in none
            alone = sdsim.simulate(SYSTEM, own)["Infectious"].values
            np.testing.assert_array_equal(found.drawn(label, "Infectious")[:, k], alone)


def test_a_scenario_says_the_same_in_other_company() -> None:
    company = scenarios()
    fewer = scenarios({k: SETTINGS[k] for k in ("mixed", "shorter")})
    np.testing.assert_array_equal(
        company.drawn("shorter", "Infectious"), fewer.drawn("shorter", "Infectious")
    )
    low, high = company.band("shorter", "Infectious")
    assert (low <= high).all()
    assert (low < high).any()
    other = scenarios(seed=1)
    assert (other.drawn("shorter", "Infectious") != company.drawn("shorter", "Infectious")).any()


def test_what_is_no_constant_or_no_scenario_is_refused() -> None:
    with pytest.raises(sdsim.ModelError, match="is not a constant"):
        scenarios({"x": {"Infectious": 3.0}})
    with pytest.raises(sdsim.ModelError, match="no scenario 'shortr'; did you mean 'shorter'"):
        scenarios().series("shortr", "Infectious")
