"""From a finished sweep to what it says: each design gets its method, and a page can be made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from epidemic import FACTORS, PATH

import sdsim
from sdsim.base.errors import ModelError
from sdsim.cli import main
from sdsim.design import (
    Choice,
    Crossed,
    Design,
    LatinHypercube,
    Morris,
    OneAtATime,
    Policy,
    Saltelli,
    Uncertainty,
)
from sdsim.plots.study import write_study
from sdsim.study.study import Bootstrap, study
from sdsim.sweeps import Outcome, Sweep, run_sweep

DESIGNS: dict[str, Design] = {
    "sobol": Saltelli(FACTORS, 128, second_order=True),
    "morris": Morris(FACTORS, 20),
    "tornado": OneAtATime(FACTORS, 10),
    "pawn": LatinHypercube(FACTORS, 600),
    "ranking": Crossed(
        (Policy("none"), Policy("distance", {"Contact Infectivity": 0.2})),
        LatinHypercube(FACTORS[1:], 50), {"Contact Infectivity": 0.4},
    ),
}  # fmt: skip
SETTINGS = Bootstrap(resamples=50)


def swept(epidemic: sdsim.System, design: Design) -> Sweep:
    outcomes = (
        Outcome("peak", "PEAK(Infectious)", "people", "low"),
        Outcome("large", "PEAK(Infectious) > 200"),
    )
    return Sweep(epidemic, design, outcomes, save=("Infectious",))


@pytest.mark.parametrize("method", DESIGNS)
def test_a_design_gets_its_method_and_a_page(
    epidemic: sdsim.System, tmp_path: Path, method: str
) -> None:
    sweep = swept(epidemic, DESIGNS[method])
    said = study(run_sweep(sweep), sweep.design, SETTINGS)
    assert method in said.results
    data = json.loads(json.dumps(said.to_data(), allow_nan=False))
    assert data["members"] == sweep.design.count
    page = write_study(tmp_path / "page.html", said, "A <title>")
    text = page.read_text(encoding="utf-8")
    assert "A &lt;title&gt;" in text
    assert "onditional on these assumptions: the model&#x27;s equations" in text


def test_indices_over_time_agree_with_those_of_the_same_number(epidemic: sdsim.System) -> None:
    design = Saltelli(FACTORS, 128)
    outcomes = (Outcome("at 20", "AT(Infectious, 20)"),)
    sweep = Sweep(epidemic, design, outcomes, save=("Infectious",), times=(10.0, 20.0))
    said = study(run_sweep(sweep), design, SETTINGS)
    assert said.time == (10, 20)
    along = said.over_time["Infectious"].total.value[:, 1]
    assert along == pytest.approx(said.results["sobol"][""].total.value[:, 0])
    assert sorted(said.results["convergence"], key=int) == ["16", "32", "64", "128"]
    assert any("base points are few" in n for n in said.notes)


def test_conditions_get_boxes_and_missing_members_are_refused(epidemic: sdsim.System) -> None:
    sweep = swept(epidemic, DESIGNS["pawn"])
    found = run_sweep(sweep)
    said = study(found, sweep.design, SETTINGS)
    box = said.results["box"]["large"]
    share = found["outcomes"].sel(outcome="large").mean()
    assert box.density > share
    assert said.results["regional"]["large"].factors[0] == "Contact Infectivity"
    with pytest.raises(ModelError, match="500 of 600 members are finished"):
        study(found.isel(member=slice(500)), sweep.design)


def test_policies_without_a_direction_are_not_ranked(epidemic: sdsim.System) -> None:
    sweep = swept(epidemic, DESIGNS["ranking"])
    said = study(run_sweep(sweep), sweep.design, SETTINGS)
    assert list(said.results["ranking"]) == ["peak"]
    assert said.results["ranking"]["peak"].order()[0] == 1
    assert any("1 of 2 outcomes rank no policies (large)" in n for n in said.notes)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(f'''model = "{PATH}"
[design]
kind = "morris"
trajectories = 10
[uncertainties]
"Duration" = [3, 8]
"Contact Infectivity" = [0.2, 0.6]
[outcomes]
"peak" = {{expression = "PEAK(Infectious)", units = "people"}}
''')
    assert main(["sensitivity", str(spec), "--page", str(tmp_path / "page.html")]) == 0
    out = capsys.readouterr().out
    assert "peak (people): change over a factor's whole range" in out
    assert (tmp_path / "page.html").is_file()
    assert main(["sensitivity", str(spec), "--json", "-o", str(tmp_path / "s"), "--jobs", "0"]) == 0
    assert set(json.loads(capsys.readouterr().out)["results"]) == {"morris"}
    assert main(["sensitivity", str(spec), "-o", str(tmp_path / "s"), "--resume"]) == 0
    assert main(["sensitivity", str(spec), "-o", str(tmp_path / "s")]) == 2
    assert "exists; --resume" in capsys.readouterr().err
    assert main(["sensitivity", str(spec), "--page", "page.pdf"]) == 2


def test_values_of_a_list_keep_their_names(epidemic: sdsim.System) -> None:
    """A lever with values 3 and 7 is given as 3 and 7, whatever its place in the unit cube."""
    factors = (Uncertainty("Duration", Choice((3.0, 7.0))), FACTORS[0])
    design = LatinHypercube(factors, 64)
    found = run_sweep(swept(epidemic, design))
    assert set(np.unique(found["factors"].values[:, 0])) == {3.0, 7.0}
