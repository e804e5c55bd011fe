"""The model's file carries a sketch, a view for each sector, that shows what the equations say."""

from __future__ import annotations

import re
from pathlib import Path

import sdsim
from sdsim.base import names
from sdsim.writers import redrawn

MODEL = Path(__file__).resolve().parents[2] / "models" / "cross_border" / "cross_border.mdl"


def test_a_view_for_each_sector_and_every_variable_once(flagship: sdsim.System) -> None:
    _, *views = MODEL.read_text(encoding="utf-8").split("\\\\\\---///")
    sectors = dict.fromkeys(
        v.group for k, v in flagship.model.variables.items() if k not in names.CONTROL
    )
    assert [v.splitlines()[2] for v in views] == [f"*{s}" for s in sectors]
    drawn = [re.match(r"10,\d+,([^,]+),-?\d+,-?\d+,\d+,\d+,\d+,3,", line)
             for v in views for line in v.splitlines()]  # fmt: skip
    assert sorted(names.canonical(m[1]) for m in drawn if m) == sorted(
        set(flagship.model.variables) - set(names.CONTROL)
    )


def test_the_sketch_is_that_of_these_equations(flagship: sdsim.System) -> None:
    data = MODEL.read_bytes()
    assert redrawn(data, flagship.model).text.encode() == data, (
        "the equations have changed: sdsim convert --sketch-only --force "
        "models/cross_border/cross_border.mdl models/cross_border/cross_border.mdl"
    )
