"""The claims of tier 1: each is decided, base and ablation, and comes out as its file expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import sdsim
from sdsim.claims import Folder, Result, choose, run_claims
from tests.cross_border.conftest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

TIER_1 = [
    "R01", "R02", "R06", "R09", "R12", "R13", "R14", "R16", "R17", "R19", "R20", "R21", "R22",
    "R23", "R24", "R26", "R28", "R29", "R30", "R32", "R34", "R39", "R40", "R41", "R42", "R44",
    "R46", "R47", "R51", "R54", "R58", "S01", "S03", "S05", "S06", "S07", "S11", "S17", "S18",
    "S19", "S23", "S27", "S33", "H01", "H03", "H05", "H06", "H09", "H11", "H12", "H13", "H14",
    "H15", "H16", "H17", "H24", "H25", "H37", "H41", "H42",
]  # fmt: skip
HERE = Folder.of(FOLDER / "cross_border.mdl")
CLAIMS = {c.id: c for c in HERE.claims() if c.tier == 1}


@pytest.fixture(scope="module")
def results(flagship: sdsim.System, preset: sdsim.Preset) -> Mapping[str, Result]:
    """Every claim of tier 1, decided together, so that like runs are made once."""
    found = run_claims(flagship, list(CLAIMS.values()), overrides=preset.overrides)
    return {r.claim.id: r for r in found}


def test_all_come_out_as_expected(results: Mapping[str, Result]) -> None:
    """All in one test, and so in one process: deciding them is the work."""
    assert sorted(results) == sorted(TIER_1)
    wrong = {n: r.reason for n, r in results.items() if r.status != r.claim.expect}
    assert not wrong
    lacking = [n for n, r in results.items() if r.status == "supported"
               and any(a.margin is None for a in r.ablations)]  # fmt: skip
    assert lacking == [], "ablations that cannot be run"


def test_every_claim_of_the_catalogue_is_there() -> None:
    assert len(TIER_1) == 60
    assert sorted(CLAIMS) == sorted(TIER_1)


def test_file_names_are_ids() -> None:
    assert all(c.file == f"{c.id}.toml" for c in CLAIMS.values())


def test_few_are_not_testable() -> None:
    assert sum(c.expect == "not testable" for c in CLAIMS.values()) <= 6


def test_every_claim_says_what_the_data_say() -> None:
    assert all(c.data_note and c.place and c.plot for c in CLAIMS.values() if c.check)


def test_every_supported_mechanism_has_an_ablation() -> None:
    lacking = [c.id for c in CLAIMS.values() if c.kind == "mechanism" and not c.ablations]
    assert lacking == []


def test_every_claim_that_is_not_supported_says_why() -> None:
    assert all(bool(c.why) == (c.expect == "not supported") for c in CLAIMS.values())


def test_conflicts_name_what_the_model_says() -> None:
    """Each has words of its own, and at least one side among the claims or a reason why not."""
    conflicts = HERE.conflicts()
    assert len(conflicts) == 12
    assert all(c.model and (c.claims or c.others) for c in conflicts)


def test_the_toy_stays_finite(flagship: sdsim.System) -> None:
    toy = HERE.null(flagship).toy
    assert toy is not None
    run = sdsim.simulate(toy)
    assert all(np.all(np.isfinite(run[name].values)) for name in map(str, run.dataset.data_vars))


def test_the_toy_has_no_stocks(flagship: sdsim.System) -> None:
    toy = HERE.null(flagship).toy
    assert toy is not None
    assert "INTEG" not in (FOLDER / "null.mdl").read_text(encoding="utf-8")


def test_draws_leave_experiments_alone(flagship: sdsim.System, preset: sdsim.Preset) -> None:
    drawn = choose(flagship, preset.overrides, HERE.choice())
    names = {name for name, _ in drawn.cells}
    assert not {n for n in names if n.endswith((" switch", " policy", " theory"))}
    assert "highest legal openness" not in names
    assert {"highest departure hazard", "network elasticity"} <= names
