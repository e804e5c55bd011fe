"""Second opinions on Vensim's notation: pysimlin and PySD run what sdsim runs, builtin by builtin.

Where all three agree, they do so with an exact answer. Where one deviates, it is said who is right
and why; a tool that changes its mind fails the test, and its row wants another look. Vensim's
Reference Manual is the authority, its own stored outputs decide where it is silent.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pysd
import pytest
import simlin
from making import mdl
from numpy.typing import NDArray

import sdsim

STOP = 10
TIME = np.arange(STOP + 1.0)

Values = NDArray[np.float64]
Exact = Callable[[Values], Values]


class Case(NamedTuple):
    """Equations of ``x``, what it is exactly at each time, and who does not say so, and why."""

    text: str
    exact: Exact
    against: tuple[str, ...] = ()
    why: str = ""


def _where(*pairs: tuple[float, float], start: float = 0.0) -> Exact:
    """Constant from each time on."""

    def values(t: Values) -> Values:
        out = np.full(t.shape, float(start))
        for at, value in pairs:
            out[t >= at] = value
        return out

    return values


def _stages(n: int, delay: float, inflow: Exact, begun: float) -> Exact:
    """A chain of ``n`` stocks under Euler with a step of 1."""

    def values(t: Values) -> Values:
        each, given = delay / n, inflow(t)
        held = np.full(n, begun * each)
        out = []
        for k in range(len(t)):
            flows = held / each
            out.append(flows[-1])
            held = held + np.concatenate(([given[k]], flows[:-1])) - flows
        return np.array(out)

    return values


SHARED: dict[str, Case] = {
    "smoothed": Case("SMOOTH(Time, 2)", lambda t: t - 2 + 2 * 0.5**t),
    "a step": Case("STEP(2, 3)", _where((3, 2))),
    "a ramp": Case("RAMP(2, 3, 6)", lambda t: 2 * np.clip(t - 3, 0, 3)),
    "a pulse": Case("PULSE(3, 2)", _where((3, 1), (5, 0))),
    "delayed thrice": Case("DELAY3(STEP(10, 2), 3)", _stages(3, 3, _where((2, 10)), 0)),
    "delayed": Case("DELAY1I(5, 2, 1)", _stages(1, 2, lambda t: 0 * t + 5, 1)),
    "smoothed thrice": Case("SMOOTH3I(STEP(10, 1), 3, 4)", _stages(3, 3, _where((1, 10)), 4)),
    "rounded down": Case("QUANTUM(Time, 4)", lambda t: 4 * np.floor(t / 4)),
    "ratio": Case("ZIDZ(1, Time) + XIDZ(1, Time, 7)", lambda t: np.r_[7, 2 / t[1:]]),
    "unary minus": Case("-2 ^ 2 + Time", lambda t: t - 4),
    "powers": Case("2 ^ 3 ^ 2 + Time", lambda t: t + 512),
    "and before or": Case(
        "IF THEN ELSE(Time > 2 :AND: Time < 5 :OR: Time = 8, 1, 0)",
        _where((3, 1), (5, 0), (8, 1), (9, 0)),
    ),
    "at the start": Case("INITIAL(Time + 3) + Time", lambda t: t + 3),
    "logarithm": Case("LOG(Time + 1, 2)", lambda t: np.log2(t + 1)),
    "arctangent": Case("ARCTAN(Time)", np.arctan),
    "beyond a table": Case("table(Time)", lambda t: 10 * np.clip(t, 1, 4)),
    "vectors": Case("SUM(v[d!]) * Time + VMIN(v[d!])", lambda t: 6 * t + 1),
    "order from 0": Case("order[a]", lambda t: 0 * t + 1),
    "rank from 1": Case("rank[a]", lambda t: 0 * t + 3),
    "held": Case("SAMPLE IF TRUE(MODULO(Time, 3) = 0, Time, -1)", lambda t: 3 * np.floor(t / 3)),
}  # fmt: skip
BESIDE = (
    "table((1,10),(4,40))", "d: a,b,c", "v[d] = 3,1,2", "order[d] = VECTOR SORT ORDER(v[d], 1)",
    "rank[d] = VECTOR RANK(v[d], 1)",
)  # fmt: skip

DISPUTED: dict[str, Case] = {
    "a fixed delay": Case(
        "x = DELAY FIXED(Time, 2, -1)", lambda t: np.where(t < 2, -1, t - 2), ("pysimlin",),
        "it delays by stages; the manual: exactly the input, later",
    ),
    "a train's last pulse": Case(
        "x = PULSE TRAIN(1, 1, 4, 9)", lambda t: np.isin(t, (1, 5, 9)).astype(float), ("PySD",),
        "it leaves the end out; in Vensim's own output a pulse that begins at the end is there",
    ),
    "remainders of negatives": Case(
        "x = MODULO(-Time, 3)", lambda t: np.fmod(-t, 3), ("pysimlin",),
        "the sign is the dividend's, as in C; it takes the divisor's",
    ),
    "remainders by negatives": Case(
        "x = MODULO(Time, -3)", lambda t: np.fmod(t, -3), ("PySD",), "it gives 0",
    ),
    "whole parts of negatives": Case(
        "x = INTEGER(Time / 2 - 2)", lambda t: np.trunc(t / 2 - 2), ("pysimlin",),
        "towards zero; it takes the floor",
    ),
    "not before a comparison": Case(
        "x = IF THEN ELSE(:NOT: Time > 3, 1, 2)", _where((4, 2), start=1), ("pysimlin",),
        "a comparison binds more tightly than :NOT:; it negates the time first",
    ),
    "a missing value": Case(
        "x = IF THEN ELSE(Time > 3, :NA:, 1)", _where((4, -(2.0**109)), start=1), ("PySD",),
        ":NA: is the number -2^109, which can be compared with; it gives NaN",
    ),
    "extrapolation": Case(
        "t((1,10),(4,40))\nx = LOOKUP EXTRAPOLATE(t, Time)", lambda t: 10 * t,
        ("pysimlin", "PySD"), "one holds the ends, the other fails",
    ),
    "a ladder of priorities": Case(
        "d: a,b,c\nr[d] = 3,1,2\np[d] = 3,2,1\ns[d] = ALLOCATE BY PRIORITY(r[d], p[d], 3, 1, 3)\n"
        "x = s[a]", lambda t: 0 * t + 3, ("pysimlin",),
        "curves of width 1 about 3 and 2 do not overlap, so that the first takes all",
    ),
    "delays of any order": Case(
        "x = DELAY N(STEP(10, 2), 3, 0, 2)", _stages(2, 3, _where((2, 10)), 0), ("pysimlin",),
        "not there",
    ),
    "present value": Case(
        "x = NPV(1, 0.1, 0, 1)", lambda t: np.cumsum(1.1**-t), ("PySD",), "not there",
    ),
    "places by offset": Case(
        "d: a,b,c\nv[d] = 3,1,2\nx = VECTOR ELM MAP(v[a], MODULO(Time, 3))",
        lambda t: np.array([3.0, 1.0, 2.0])[(t % 3).astype(int)], ("pysimlin", "PySD"), "not there",
    ),
}  # fmt: skip
TOOLS = ("pysimlin", "PySD")


def told(tool: str, path: Path, names: list[str]) -> pd.DataFrame:
    """What a tool says, a column for each name."""
    if tool == "pysimlin":
        out = simlin.load(str(path)).run(analyze_loops=False).results
        return out.set_axis([str(c).replace("_", " ").lower() for c in out.columns], axis=1)[names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pysd.read_vensim(str(path)).run(return_columns=names)[names]


def agrees(a: Values, b: Values) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-9))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [f"{name} = {case.text}" for name, case in SHARED.items()]
    path = tmp_path_factory.mktemp("shared") / "shared.mdl"
    path.write_text(mdl("\n".join((*BESIDE, *lines)), stop=STOP))
    return path


@pytest.mark.parametrize("name", SHARED)
def test_the_answer_is_exact(shared: Path, name: str) -> None:
    found = sdsim.simulate(sdsim.load(shared))[name].values
    np.testing.assert_allclose(found, SHARED[name].exact(TIME), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_others_say_the_same(shared: Path, tool: str) -> None:
    theirs = told(tool, shared, list(SHARED))
    deviate = [n for n in SHARED if not agrees(theirs[n].to_numpy(float), SHARED[n].exact(TIME))]
    assert not deviate


@pytest.mark.parametrize("name", DISPUTED)
def test_who_is_right_where_they_disagree(tmp_path: Path, name: str) -> None:
    case = DISPUTED[name]
    path = tmp_path / "disputed.mdl"
    path.write_text(mdl(case.text, stop=STOP))
    exact = case.exact(TIME)
    np.testing.assert_allclose(
        sdsim.simulate(sdsim.load(path))["x"].values, exact, rtol=1e-12, atol=1e-12
    )
    against = []
    for tool in TOOLS:
        try:
            theirs = told(tool, path, ["x"])["x"].to_numpy(float)
        except Exception:  # a refusal, in whichever way
            against.append(tool)
        else:
            against += [] if agrees(theirs, exact) else [tool]
    assert tuple(against) == case.against, case.why
