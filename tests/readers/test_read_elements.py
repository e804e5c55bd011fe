"""Elements of Vensim's arrays that no equation is for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import mdl

import sdsim

RANGES = "Fleet: coast, shelf, deep\nGear: net, line\n"


def load(folder: Path, equations: str) -> sdsim.System:
    path = folder / "m.mdl"
    path.write_text(mdl(RANGES + equations, stop=1), encoding="utf-8")
    return sdsim.load(path)


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ("catch[Fleet] = 1", ""),
        ("catch[coast] = 1\ncatch[shelf] = 2\ncatch[deep] = 3", ""),
        ("catch[coast] = 1\ncatch[deep] = 3", "catch[shelf] has no equation and no value"),
        ("catch[Fleet,Gear] :EXCEPT: [coast,net] = 1", "catch[coast,net] has no equation and no"),
        ("catch[Fleet] :EXCEPT: [coast] = 1\ncatch[coast] = 2", ""),
        ("curve[coast]((0,0),(1,1))\ncurve[deep]((0,0),(1,1))", "curve[shelf] has no equation"),
    ],
)
def test_what_lacks_an_equation_is_named(tmp_path: Path, equations: str, said: str) -> None:
    notes = load(tmp_path, equations).model.notes
    assert len(notes) == bool(said)
    assert all(said in n for n in notes)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1))
def test_the_named_elements_are_those_without_values(
    tmp_path: Path, there: set[tuple[int, int]]
) -> None:
    """The note and the columns of NaN are the same elements, whatever was written."""
    fleet, gear = ("coast", "shelf", "deep"), ("net", "line")
    lines = [f"catch[{fleet[i]},{gear[j]}] = {i + 10 * j}" for i, j in sorted(there)]
    if {i for i, _ in there} != {0, 1, 2} or {j for _, j in there} != {0, 1}:
        return  # a narrower variable
    system = load(tmp_path, "\n".join(lines))
    values = sdsim.simulate(system)["catch"].values[0]
    without = [f"catch[{fleet[i]},{gear[j]}]" for i, j in np.argwhere(np.isnan(values))]
    assert len(without) == 6 - len(there)
    said = "".join(system.model.notes)
    assert all(name in said for name in without[:5])
    assert bool(said) == bool(without)
