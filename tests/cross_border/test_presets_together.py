"""The presets of the model as cases of one batch."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdsim
from sdsim.backends import Numpy
from sdsim.run.driver import march
from sdsim.run.prepared import prepare
from sdsim.run.prepared_cases import prepare_cases

FOLDER = Path(sdsim.__file__).parents[1] / "models" / "cross_border"
#: To 1945, which is enough to read every table.
ENDS = (None, 1945.0, None, None)


@pytest.fixture(scope="module")
def model() -> sdsim.System:
    return sdsim.load(FOLDER / "cross_border.mdl", backend=Numpy())


def test_each_preset_gives_all_variables_the_values_it_gives_alone(model: sdsim.System) -> None:
    files = sorted((FOLDER / "presets").glob("*.toml"))
    presets = {f.stem: sdsim.read_preset(f) for f in files}
    run = prepare_cases(model, presets, control=ENDS)
    shown = model.chosen(None)
    assert run.cases is not None
    both = march(run, run.members((), (), *run.cases.crossed(1)), run.wanted(shown))
    for name in ("us_mexico", "endogenous"):
        alone = prepare(model, presets[name].overrides, control=ENDS)
        mine = march(alone, alone.member(), alone.wanted(shown))
        case = list(presets).index(name)
        assert both.values[..., case].tobytes() == mine.values[..., 0].tobytes(), name
