"""The driver: blocks change no bit, steps may be picked, and there is no other way to run."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sdsim
from sdsim import Adaptive, Euler, System
from sdsim.run.driver import at_once, march, march_in_blocks
from sdsim.run.methods import Marched
from sdsim.run.prepared import Prepared, prepare

ROOT = Path(sdsim.__file__).parent
MODEL = """
    x = INTEG(rate * x + noise, 1)
    rate = 0.5
    noise = RANDOM UNIFORM(0, 0.1, 0)
    y = LN(until - x)
    until = 100
"""


@pytest.fixture(scope="module")
def run(system: Any) -> Prepared:
    made: System = system(MODEL, stop=6, step=0.25, saveper=0.5)
    return prepare(made, seed=3)


def batch(run: Prepared, count: int) -> Any:
    rows = run.rows(["rate", "until"])
    values = [np.linspace(0.1, 0.4, count), np.linspace(2, 200, count)]
    return run.members(rows, values, np.arange(count, dtype=np.int64))


def same(a: Marched, b: Marched) -> None:
    assert a.time.tolist() == b.time.tolist()
    np.testing.assert_array_equal(a.stopped, b.stopped)
    assert a.kept.tolist() == b.kept.tolist()
    for m, kept in enumerate(a.kept):
        assert a.values[:kept, :, m].tobytes() == b.values[:kept, :, m].tobytes()


@settings(max_examples=30)
@given(count=st.integers(1, 40), room=st.integers(1, 2000))
def test_blocks_change_no_bit_and_keep_no_more_than_they_may(
    run: Prepared, count: int, room: int
) -> None:
    wanted, members = run.wanted(["x", "y"]), batch(run, count)
    whole = march(run, members, wanted)
    seen = []
    for some, marched in march_in_blocks(run, members, wanted, room):
        own = Marched(
            whole.values[..., some], whole.time, whole.stopped[some], whole.kept[some]
        )  # fmt: skip
        same(marched, own)
        assert marched.values.size <= max(room, len(whole.time) * len(wanted))
        seen += list(range(count))[some]
    assert seen == list(range(count))
    assert at_once(run, len(wanted), room) >= 1


@settings(max_examples=30)
@given(steps=st.sets(st.integers(0, 24), min_size=1))
def test_picked_steps_are_those_of_the_whole_run(run: Prepared, steps: set[int]) -> None:
    wanted, members = run.wanted(["x"]), batch(run, 3)
    picked = sorted(steps)
    whole = march(run, members, wanted, saved=range(25))
    marched = march(run, members, wanted, saved=picked)
    assert marched.time.tolist() == [0.25 * k for k in picked]
    assert marched.values.tobytes() == whole.values[picked].tobytes()


def test_where_members_stopped(run: Prepared) -> None:
    marched = march(run, batch(run, 5), run.wanted(["y"]))
    assert marched.failed.tolist() == [0]
    for m in marched.failed:
        assert np.isfinite(marched.values[: marched.kept[m], 0, m]).all()
        assert marched.time[marched.kept[m] - 1] < marched.stopped[m]
    assert (marched.kept[1:] == len(marched.time)).all()


def test_a_run_without_a_grid_says_the_same(system: Any) -> None:
    made = system("x = INTEG(1, 0)\ny = LN(3.25 - x)", stop=6, step=0.25)
    adaptive, euler = (
        march(r, r.member(), r.wanted(["x"]))
        for r in (prepare(made, method=m) for m in (Adaptive(), Euler()))
    )
    assert adaptive.time.tolist() == euler.time.tolist()
    assert adaptive.values == pytest.approx(euler.values)
    assert adaptive.failed.size == 0
    run = prepare(made, method=Adaptive())
    stopped = march(run, run.member(), run.wanted(["y"]))
    assert stopped.stopped[0] == pytest.approx(3.25)
    assert stopped.kept.tolist() == [13]
    assert stopped.stop is not None
    picked = march(run, run.member(), run.wanted(["x"]), saved=[2, 5])
    assert picked.time.tolist() == [0.5, 1.25]
    assert picked.values[:, 0, 0] == pytest.approx([0.5, 1.25])


@cache
def calls() -> list[tuple[Path, ast.Call]]:
    """Every call in the library, and the file in which it stands."""
    return [
        (path, node)
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def calls_of(name: str) -> list[str]:
    return [
        str(path.relative_to(ROOT))
        for path, node in calls()
        if isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def test_there_is_one_way_to_run() -> None:
    """Outside the back ends one place calls a kernel's march, and one a method's integrate."""
    marches = [p for p in calls_of("march") if not p.startswith("backends/")]
    assert marches == ["run/methods/fixed_step.py"]
    assert calls_of("integrate") == ["run/driver.py"]


def test_nothing_asks_which_method_it_is() -> None:
    known = {"Euler", "RK4", "Adaptive"}
    for path, node in calls():
        if getattr(node.func, "id", "") == "isinstance":
            asked = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
            assert not asked & known, f"{path}:{node.lineno}"
