"""Many groups are one batch of one program, with the bits of each group alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decays import decay
from making import mdl

import sdsim
from sdsim.calibration import likelihoods
from sdsim.calibration.calibration import Calibration, HoldOut
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.prediction import Predictor
from sdsim.calibration.runs import Runs

SIR = """Susceptible= INTEG (-Infection, Population-1)
Infectious= INTEG (Infection-Recovery, 1)
Infection= Contacts*Season(Time)*Susceptible*Infectious/Population
Recovery= Infectious/Duration
Population= 1000
Contacts= 0.6
Duration= 5
Season( (0,1),(20,1) )
"""
TIMES = np.array([2.0, 5.5, 9.0])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> sdsim.System:
    path = tmp_path_factory.mktemp("sir") / "sir.mdl"
    path.write_text(mdl(SIR, step=0.25, stop=20), encoding="utf-8")
    return sdsim.load(path)


def changes(k: int) -> sdsim.Overrides:
    """Population and season of the kth group."""
    return sdsim.Overrides(
        {"Population": 800.0 + k}, lookups={"Season": sdsim.Points((0, 20), (1, 0.5 + 0.002 * k))}
    )


def grouped(system: sdsim.System, groups: dict[str, sdsim.Overrides], **more: Any) -> Calibration:
    """Cases seen at three times, later in every other group."""
    names = tuple(g for g in groups for _ in TIMES)
    late = np.concatenate([TIMES + 5 * (k % 2) for k in range(len(groups))])
    errors = likelihoods.Normal(sd=1)
    data = [Data("ill", "Infectious", np.ones(len(names)), late, errors, group=names)]
    free = [Parameter("Contacts", sdsim.Uniform(0, 2), per="group"),
            Parameter("Duration", sdsim.Uniform(1, 9))]  # fmt: skip
    return Calibration(system, free, data, groups, **more)


def values(count: int, groups: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    duration = np.repeat(rng.uniform(2, 8, (count, 1)), groups, axis=1)
    return {"Contacts": rng.uniform(0.3, 1, (count, groups)), "Duration": duration}


def test_hundreds_of_groups_are_one_program(
    system: sdsim.System, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    backend = type(system.backend)
    compiling = backend.compile

    def compile(self: Any, program: Any, wanted: Any) -> Any:
        compiled.append(program)
        return compiling(self, program, wanted)

    monkeypatch.setattr(backend, "compile", compile)
    sizes = {}
    for count in (3, 300):
        compiled.clear()
        runs = Predictor(grouped(system, {f"g{k}": changes(k) for k in range(count)})).runs
        found = runs.predict(values(4, count))
        assert found.fits.all()
        assert found.values.shape == (4, 3 * count)
        assert len(runs.batches) == 1
        sizes[count] = len(compiled)
        program = runs.batches[0].run.system.program
    assert sizes[300] <= sizes[3] <= 2
    assert program.given == 1


def test_every_group_has_the_bits_it_has_alone(system: sdsim.System) -> None:
    groups = {f"g{k}": changes(k) for k in range(7)}
    asked = values(5, 7)
    runs = Predictor(grouped(system, groups)).runs
    both = runs.predict(asked).values
    again = Runs.from_json(runs.to_json(), threads=1).predict(asked).values
    assert again.tobytes() == both.tobytes()
    for k, (name, own) in enumerate(groups.items()):
        many = sdsim.simulate_many(
            system, {key: v[:, k] for key, v in asked.items()}, own, save="Infectious"
        )
        late = TIMES + 5 * (k % 2)
        single = many["Infectious"].sel(time=late).transpose("member", "time").to_numpy()
        assert both[:, 3 * k : 3 * k + 3].tobytes() == single.tobytes(), name


def test_groups_that_cannot_share_a_program_or_times_run_apart(system: sdsim.System) -> None:
    groups = {
        "short": sdsim.Overrides({"FINAL TIME": 15}), "long": sdsim.Overrides(),
        "other": sdsim.Overrides({"Population": 500}),
    }  # fmt: skip
    runs = Predictor(grouped(system, groups)).runs
    assert [batch.groups for batch in runs.batches] == [(0,), (1,), (2,)]
    assert runs.predict(values(2, 3)).fits.all()


def test_a_run_that_breaks_after_the_last_row_of_its_group_is_good(tmp_path: Path) -> None:
    path = tmp_path / "break.mdl"
    path.write_text(
        mdl("Level= INTEG (1/(Limit-Time), 0)\nLimit= 3\nUnused= 1\n", step=0.5, stop=9),
        encoding="utf-8",
    )
    data = [Data("x", "Level", [1, 1], [2, 8], likelihoods.Normal(sd=1), group=("a", "b"))]
    free = [Parameter("Limit", sdsim.Uniform(1, 20), per="group")]
    both = Calibration(sdsim.load(path), free, data, {"a": sdsim.Overrides({"Unused": 2}),
                                                     "b": sdsim.Overrides()})  # fmt: skip
    found = Predictor(both).runs.predict({"Limit": np.array([[5.0, 20.0], [20.0, 5.0]])})
    assert found.fits.tolist() == [True, False]


def test_groups_held_out_are_run_only_to_be_predicted(system: sdsim.System) -> None:
    groups = {f"g{k}": changes(k) for k in range(3)}
    held = grouped(system, groups, hold_out=HoldOut(groups=("g1",)))
    assert Predictor(held).runs.batches[0].groups == (0, 2)
    assert Predictor(held, fitted=False).runs.batches[0].groups == (0, 1, 2)


def test_many_groups_are_integrated_inside(tmp_path: Path) -> None:
    """Starts of 24 draining stocks, seen without bias: a shared rate, starts about a centre."""
    count, rng = 24, np.random.default_rng(3)
    names = tuple(f"g{k}" for k in range(count) for _ in range(3))
    starts = np.repeat(10 * np.exp(0.3 * rng.standard_normal(count)), 3)
    times = np.tile([0.0, 1.0, 3.0], count)
    seen = starts * np.exp(-0.4 * times) * np.exp(0.1 * rng.standard_normal(3 * count))
    data = [Data("level", "Level", seen, times, likelihoods.LogNormal(sd=0.1), group=names)]
    free = [
        Parameter("Rate", sdsim.LogUniform(0.05, 2)),
        Parameter("Start", sdsim.LogNormal(10, 0.5), per="group", pooled=sdsim.HalfNormal(0.5)),
    ]
    groups = {f"g{k}": sdsim.Overrides() for k in range(count)}
    fit = sdsim.calibrate(
        Calibration(decay(tmp_path, 0.25), free, data, groups, method=sdsim.RK4())
    )
    assert fit.converged, fit.verdict
    assert max(fit.summary["group_k_hat"].values()) < 0.7
    table = fit.parameters
    assert table.loc["Rate", "5 %"] < 0.4 < table.loc["Rate", "95 %"]
    drawn = np.stack([fit.draws[g]["Start"] for g in groups], axis=1)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    inside = ((low < starts[::3]) & (starts[::3] < high)).sum()
    assert abs(inside - 0.9 * count) <= 4
