"""What passes, but not in silence: runs cut short, and values outside declared ranges."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import sdsim as command

import sdsim
from sdsim import ModelError, ModelWarning, System
from sdsim.backends import Numpy
from sdsim.run.ensemble import simulated_many
from sdsim.run.ranges import left
from sdsim.run.simulate import simulated

LOOK = "look for a division by zero, a logarithm or root of a negative number, or growth without"
#: y stops the run when x reaches 3; k is within 0 to 5, z at most 12.
TEXT = """{UTF-8}
k = 1 ~ 1 [0,5] ~ |
r[d] = 1, 2 ~ 1 [0,5] ~ |
d: a, b ~~|
x = INTEG(k, 0) ~ 1 ~ |
y = 1/(3 - x) ~ 1 ~ |
z = 2 * x ~ 1 [?,12] ~ |
w = 1 + 1e-16 * z ~ 1 [0,1] ~ |
INITIAL TIME = 0 ~~|
FINAL TIME = 10 ~~|
TIME STEP = 1 ~~|
SAVEPER = 1 ~~|
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "m.mdl").write_text(TEXT)
    return tmp_path / "m.mdl"


@pytest.fixture
def model(path: Path) -> System:
    return sdsim.load(path, backend=Numpy())


def told(call: Callable[..., Any], *args: Any, **settings: Any) -> list[str]:
    """The texts of the warnings that a call gives, each at a line of this file."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call(*args, **settings)
    assert {w.filename for w in found} <= {__file__}
    assert all(w.category is ModelWarning for w in found)
    return [str(w.message) for w in found]


def wide(system: System) -> sdsim.Model:
    """The model with a range for w that its value of 1 is not in."""
    found = system.model
    return found.replacing({"w": replace(found.variables["w"], limits=(3.0, None))})


# --- runs cut short -------------------------------------------------------------------------------


def test_a_run_cut_short_says_so(model: System) -> None:
    (said,) = told(sdsim.simulate, model, save="y")
    assert said.startswith("m.mdl: 'y' is not finite at time 3; the run stopped there, what came")
    assert LOOK in said
    assert said == sdsim.simulate(model, save="y").message
    assert told(sdsim.simulate, model, {"k": 2}, save="y") == []


def test_an_ensemble_says_how_many_were_cut_short_and_why(model: System) -> None:
    (said,) = told(sdsim.simulate_many, model, {"k": [1, 2, 3, 0.5, 0, 1.5]}, save="y")
    assert said == (
        "m.mdl: 4 of 6 members stopped early and are NaN from then on (member 0: 'y' is not finite "
        "at time 3, member 2: 'y' is not finite at time 1, member 3: 'y' is not finite at time 6, "
        f"...); 'stopped' and 'cause' of the result list all of them: {LOOK} bound"
    )
    own = told(sdsim.simulate_many, model, {"k": [2, 1]}, save="y", numbers=[7, 40])
    assert "1 of 2 members" in own[0]
    assert "(member 40: 'y'" in own[0]
    assert told(sdsim.simulate_many, model, {"k": [2, 4]}, save="y") == []


def test_callers_within_the_library_report_it_themselves(model: System) -> None:
    assert told(simulated, model, save="y") == []
    assert told(simulated_many, model, {"k": [1.0]}, save="y") == []


def test_the_command_says_it_once(path: Path) -> None:
    said = command("run", path, "-r", "y").stderr
    assert said.count("is not finite at time 3") == 1


# --- values outside their ranges ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "low", "high", "said"),
    [
        ((0, 5), 0, 5, ""), ((0, 5), -1, 2, "outside its range 0 to 5"),
        ((0, 5), 1, 6, "outside its range 0 to 5"), ((None, 5), -9, 5, ""),
        ((None, 5), 1, 6, "outside its range, 5 or less"), ((0, None), 0, 9, ""),
        ((0, None), -1, 6, "outside its range, 0 or more"), ((None, None), -9, 9, ""),
        ((5, 0), -9, 9, ""), ((0, 5), float("nan"), float("nan"), ""),
    ],
)  # fmt: skip
def test_a_range(ends: Any, low: float, high: float, said: str) -> None:
    assert left(ends, low, high) == said


def test_a_constant_set_outside_its_range(model: System) -> None:
    run = told(sdsim.simulate, model, {"k": 7, "r": [1, 9], "z": 2}, save="k")
    assert run == [
        "m.mdl: 'k' is set to 7, outside its range 0 to 5",
        "m.mdl: 'r' is set to values from 1 to 9, outside its range 0 to 5",
    ]
    assert told(sdsim.simulate, model, {"r[b]": -1}, save="k") == [
        "m.mdl: 'r[b]' is set to -1, outside its range 0 to 5"
    ]
    assert told(sdsim.simulate, model, {"k": 5, "r": 0}, save="k") == []


def test_a_preset_is_named_with_its_line(path: Path, model: System) -> None:
    preset = path.with_name("p.toml")
    preset.write_text("[constants]\n\nk = 9\n")
    given = sdsim.read_preset(preset).overrides
    assert told(sdsim.simulate, model, given, save="k") == [
        "p.toml:3: 'k' is set to 9, outside its range 0 to 5"
    ]


def test_a_variable_that_leaves_its_range(model: System) -> None:
    """Once, and not for what rounding did."""
    assert told(sdsim.simulate, model, {"k": 2}, save=["z", "w"]) == [
        "m.mdl: 'z' takes values from 0 to 40, outside its range, 12 or less"
    ]
    assert told(sdsim.simulate, model, {"k": 2}, save="x") == []
    both = told(sdsim.simulate, model, {"k": 2, "w": 3}, save=["z", "w"])
    assert both[0] == "m.mdl: 'w' is set to 3, outside its range 0 to 1"
    assert len(both) == 2
    assert told(sdsim.simulate, System(wide(model)), {"k": 2}, save=["z", "w"]) == [
        "m.mdl: 'z' takes values from 0 to 40, outside its range, 12 or less (and 1 more)"
    ]
    (more,) = told(sdsim.simulate_many, model, {"k": [2, 4]}, save=["z", "k"])
    assert more == "m.mdl: 'z' takes values from 0 to 80, outside its range, 12 or less"


def test_members_outside_a_range(model: System) -> None:
    assert told(sdsim.simulate_many, model, {"k": [7, 2, -1], "r[a]": [2] * 3}, save="k") == [
        "m.mdl: 'k' varies from -1 to 7, outside its range 0 to 5"
    ]
    assert told(sdsim.simulate_many, model, {"k": [2]}, {"r": 8}, save="k") == [
        "m.mdl: 'r' is set to 8, outside its range 0 to 5"
    ]


def test_a_factor_that_leaves_a_range(model: System) -> None:
    factors = (
        sdsim.Uncertainty("k", sdsim.Uniform(-1, 3)),
        sdsim.Uncertainty("r[a]", sdsim.Uniform(0, 5)),
        sdsim.Uncertainty("r[b]", sdsim.Choice((1.0, 8.0))),
    )
    said = told(sdsim.sweep, model, sdsim.LatinHypercube(factors, 4), "FINAL(x)", params={"z": 13})
    assert said == [
        "m.mdl: 'z' is set to 13, outside its range, 12 or less",
        "m.mdl: 'k' varies from -1 to 3, outside its range 0 to 5",
        "m.mdl: 'r[b]' varies from 1 to 8, outside its range 0 to 5",
    ]
    table = pd.DataFrame({"k": [1.0, 2.0]})
    assert told(sdsim.sweep, model, table, "FINAL(x)") == []


def test_the_commands_note_it_once(path: Path) -> None:
    said = command("run", path, "--set", "k=9", "--check-dt").stderr.splitlines()
    assert said[:2] == [
        "note: m.mdl: 'k' is set to 9, outside its range 0 to 5",
        "note: m.mdl: 'z' takes values from 0 to 180, outside its range, 12 or less",
    ]
    spec = path.with_name("s.toml")
    spec.write_text(
        'model = "m.mdl"\n[design]\nkind = "monte carlo"\nmembers = 8\n'
        '[uncertainties]\nk = [1.5, 33]\n[outcomes]\nEnd = "final(x)"\n'
    )
    said = command("sweep", spec, "-o", path.with_name("store"), "--jobs", "0").stderr.splitlines()
    assert said == ["note: s.toml:6: 'k' varies from 1.5 to 33, outside its range 0 to 5"]


def test_a_range_of_xmile_is_that_of_inputs(tmp_path: Path) -> None:
    """There a range is for what is put in; what comes out has a scale."""
    path = tmp_path / "m.xmile"
    path.write_text(
        '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" version="1.0">'
        "<header><name>m</name><vendor>v</vendor><product>p</product></header>"
        "<sim_specs><start>0</start><stop>3</stop><dt>1</dt></sim_specs><model><variables>"
        '<aux name="k"><eqn>1</eqn><range min="0" max="5"/></aux>'
        '<aux name="y"><eqn>k * 9</eqn><range min="0" max="5"/></aux>'
        "</variables></model></xmile>"
    )
    model = sdsim.load(path)
    assert told(sdsim.simulate, model) == []
    assert told(sdsim.simulate, model, {"k": 9}) == [
        "m.xmile: 'k' is set to 9, outside its range 0 to 5"
    ]


# --- nobody ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draws", "settings", "name"),
    [({"k": []}, {}, "'k'"), ({"k": [], "r[a]": []}, {}, "'k', 'r[a]'"),
     (pd.DataFrame({"k": []}), {}, "'k'"), ({}, {"numbers": []}, "numbers")],
)  # fmt: skip
def test_an_ensemble_without_members_is_refused(
    model: System, draws: Any, settings: dict[str, Any], name: str
) -> None:
    with pytest.raises(ModelError) as caught:
        sdsim.simulate_many(model, draws, **settings)
    assert str(caught.value) == (
        f"no members: {name} has no values; give a value for each member, such as [1, 2, 3]"
    )
