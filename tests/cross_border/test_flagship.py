"""What the cross-border model must hold: people, ranges, units, data, sources, resolution."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim.unitcheck import check

FOLDER = Path(__file__).resolve().parents[2] / "models" / "cross_border"
PEOPLE = (
    "Origin population", "Adults at origin", "Returnees", "Migrants", "Arrived as children",
    "Second generation",
)  # fmt: skip
IN = ("Births at origin", "Births at destination")
OUT = (
    "Origin deaths", "Adult deaths", "Returnee deaths", "Migrant deaths", "Child migrant deaths",
    "Second generation deaths",
)  # fmt: skip
LEVERS = (
    "Border enforcement", "Interior enforcement", "Legal openness", "Naturalisation bar",
    "Dual citizenship home rule", "Dual citizenship host rule", "Outreach", "Call cost",
    "Travel cost", "Guest programme", "Regularisation rate", "Remittance tax",
)  # fmt: skip
SHARES = (
    "Share calling weekly", "Share calling monthly", "Share remitting", "Share travelling",
    "Share with all three", "Share with none on the weekly definition",
    "Share with none on the monthly definition", "Tie intensity", "Kin at home share",
    "Naturalised share of eligible", "Disconnected share", "Mean competence", "Mean distance",
    "Smuggling capacity", "State outreach", "Crossing success", "Coverage",
)  # fmt: skip


def total(run: sdsim.Run, name: str) -> np.ndarray:
    """(n_saved,) a variable summed over its subscripts."""
    array = run[name]
    return array.values.reshape(array.shape[0], -1).sum(axis=1)


@pytest.mark.parametrize("method", [sdsim.Euler(), sdsim.RK4()], ids=str)
def test_people_are_conserved(
    flagship: sdsim.System, preset: sdsim.Preset, method: sdsim.Euler | sdsim.RK4
) -> None:
    """Every stock of people, summed, changes by births and deaths and by nothing else."""
    changes = preset.overrides | sdsim.Overrides({"SAVEPER": 0.125})
    run = sdsim.simulate(flagship, changes, method, [*PEOPLE, *IN, *OUT, "Boundary balance"])
    people = sum(total(run, n) for n in PEOPLE)
    if isinstance(method, sdsim.Euler):
        net = sum(total(run, n) for n in IN) - sum(total(run, n) for n in OUT)
        moved = np.concatenate([[0.0], np.cumsum(0.125 * net[:-1])])
    else:
        moved = total(run, "Boundary balance")
    assert np.abs(people - people[0] - moved).max() <= 1e-9 * people.max()


def test_no_lever_pushes_a_state_out_of_its_range(
    flagship: sdsim.System, preset: sdsim.Preset
) -> None:
    """Every lever at either end, from three years on; and all levers at once."""
    worlds: list[dict[str, float]] = [{}]
    for lever in LEVERS:
        for end in (-1.0, 1.0):
            worlds += [{lever: end, "from": year} for year in (1942.0, 1975.0, 2000.0)]
    rng = np.random.default_rng(0)
    for _ in range(40):
        worlds.append({**{lever: rng.choice([-1.0, 1.0]) for lever in LEVERS}, "from": 1942.0})
    draws = {f"{lever} policy": np.array([w.get(lever, 0.0) for w in worlds]) for lever in LEVERS}
    draws["Policy start year"] = np.array([w.get("from", 1942.0) for w in worlds])
    people = (*PEOPLE, "Tagged migrants")
    for method in (sdsim.Euler(), sdsim.RK4()):
        out = sdsim.simulate_many(
            flagship, draws, preset.overrides, method, save=[*people, *SHARES, "Attribute mean"]
        )
        assert np.isnan(out["stopped"].values).all()
        for name in people:
            assert out[name].values.min() >= -1e-9, name
        for name in SHARES:
            values = out[name].values
            assert values.min() >= -1e-9, name
            assert values.max() <= 1 + 1e-9, name


def test_it_runs_on_to_2040(flagship: sdsim.System, preset: sdsim.Preset) -> None:
    """Scenarios end in 2040; tables hold their last value."""
    changes = preset.overrides | sdsim.Overrides({"FINAL TIME": 2040.0})
    run = sdsim.simulate(flagship, changes)
    assert run.status == "ok"
    assert run.time[-1] == 2040.0


def test_the_preset_says_what_the_model_says(
    flagship: sdsim.System, preset: sdsim.Preset, history: sdsim.Run
) -> None:
    """The model's own defaults are this corridor; every entry of the preset has a source."""
    alone = sdsim.simulate(flagship, {"SAVEPER": 0.125})
    np.testing.assert_allclose(
        alone["Migrant stock"].values, history["Migrant stock"].values, rtol=1e-9
    )
    entries = [
        *preset.overrides.constants, *preset.overrides.lookups, *preset.overrides.series,
        *preset.overrides.initial,
    ]  # fmt: skip
    assert entries
    assert all(preset.sources.get(e) for e in entries)


def test_every_equation_balances(flagship: sdsim.System) -> None:
    """No finding of the unit checker."""
    assert [str(f) for f in check(flagship.model)] == []


def test_every_variable_says_what_it_is_and_where_it_comes_from(flagship: sdsim.System) -> None:
    """Units, one sentence, one source tag; every parameter that can be doubted has a range."""
    tag = re.compile(r"\[(data|literature|analogy|assumed|definition)[^\]]*\]")
    for key, v in flagship.model.variables.items():
        assert v.units, v.name
        assert len(tag.findall(v.doc)) == 1, v.name
        doubted = re.search(r"\[(literature|analogy|assumed)", v.doc)
        if flagship.kinds[key] == "constant" and doubted and not v.dims:
            assert None not in v.limits, v.name
            value = v.equations[0].expr
            assert v.limits[0] <= getattr(value, "value", v.limits[0]) <= v.limits[1], v.name


def test_dual_citizenship_does_something(flagship: sdsim.System, preset: sdsim.Preset) -> None:
    """Without it fewer naturalise, fewer may leave and come back, and leverage is smaller."""
    without = sdsim.simulate(
        flagship,
        preset.overrides
        | sdsim.Overrides({"Dual citizenship home rule policy": -1, "Policy start year": 1990}),
    )
    with_it = sdsim.simulate(flagship, preset.overrides)
    last = {
        n: float(without[n][-1] / with_it[n][-1])
        for n in ("Leverage", "Naturalised share of eligible", "Tie intensity")
    }
    assert last["Leverage"] < 0.95
    assert last["Naturalised share of eligible"] < 0.95
    assert last["Tie intensity"] < 1


def refined(text: str) -> str:
    """The model with the class of 10 to 15 years cut in two: ranges and class constants only."""
    text = text.replace("D10 to 15, D15 to 20", "D10 to 12, D12 to 15, D15 to 20")
    text = text.replace("D10 to 15,D15 to 20", "D10 to 12,D12 to 15,D15 to 20")
    text = text.replace("0,1,3,6,10,15,20,25,30", "0,1,3,6,10,12,15,20,25,30")
    text = text.replace("1,2,3,4,5,5,5,5,15", "1,2,3,4,2,3,5,5,5,15")
    return text.replace("1,1,1,1,1,1,1,1,0", "1,1,1,1,1,1,1,1,1,0")


def test_refining_the_stay_means_editing_ranges(tmp_path: Path, flagship: sdsim.System) -> None:
    """No equation changes; stocks hardly do, and the survey's profile agrees."""
    text = (FOLDER / "cross_border.mdl").read_text(encoding="utf-8")
    path = tmp_path / "refined.mdl"
    path.write_text(refined(text), encoding="utf-8")
    fine = sdsim.load(path, backend=None, cache=False)
    assert len(fine.model.dimensions["duration"].elements) == 10
    saved = ["Migrant stock", "Irregular stock", "Share calling weekly", "Share travelling"]
    a, b = (sdsim.simulate(s, save=saved) for s in (flagship, fine))
    for name in saved[:2]:
        np.testing.assert_allclose(a[name].values, b[name].values, rtol=0.02)
    for name in saved[2:]:
        np.testing.assert_allclose(a[name].values, b[name].values, atol=0.02)
