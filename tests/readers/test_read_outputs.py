"""Macros with further outputs, named in the call behind a colon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from making import mdl

from sdsim import Run, load, simulate
from sdsim.base.errors import ModelError

MACRO = """:MACRO: F(a, b: total, "the diff\\
  erence", level)
F = IF THEN ELSE(a > 0 :OR: b > 0, a * b, :NA:)
 ~~|
total = a + b ~~|
"the diff erence" = a - b ~~|
level = INTEG(total, 1) ~~|
:END OF MACRO:
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], Run]:
    def runs(equations: str) -> Run:
        text = mdl(equations, stop=3)
        path = tmp_path / "m.mdl"
        path.write_text(text.replace("{UTF-8}\n", "{UTF-8}\n" + MACRO))
        return simulate(load(path))

    return runs


def test_further_outputs_are_variables(run: Callable[[str], Run]) -> None:
    found = run("""
        p = 2 * F(5, MAX(Time, 0) : sum of p, "diff, p", p level) + 1
        use = sum of p + "diff, p" + p level
        r = F(1, 2)
    """)
    t = np.arange(4)
    np.testing.assert_array_equal(found["p"], 10 * t + 1)
    np.testing.assert_array_equal(found["sum of p"], 5 + t)
    np.testing.assert_array_equal(found["diff, p"], 5 - t)
    np.testing.assert_array_equal(found["p level"], [1, 6, 12, 19])
    np.testing.assert_array_equal(found["use"], 10 + found["p level"])
    np.testing.assert_array_equal(found["r"], 2.0)


def test_further_outputs_have_the_subscripts_of_the_equation(run: Callable[[str], Run]) -> None:
    found = run("""
        D: x, y
        v[D] = 3, 4
        q[D] = F(v[D] * 2, 1 : qs, qd[D], ql)
        use = ql[y] - qs[x]
    """)
    np.testing.assert_array_equal(found["qs"][0], [7, 9])
    np.testing.assert_array_equal(found["qd"][0], [5, 7])
    np.testing.assert_array_equal(found["ql"][2], [15, 19])
    np.testing.assert_array_equal(found["use"][1], 3.0)


def test_two_calls_keep_their_outputs_apart(run: Callable[[str], Run]) -> None:
    found = run("p = F(1, 2 : s, d, l)\nq = F(3, 4 : s2, d2, l2)")
    assert [float(found[n][0]) for n in ("s", "d", "s2", "d2")] == [3, -1, 7, -1]


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("p = F(1, 2 : s)", "'p': macro 'F' has 3 further outputs, 1 given; give total"),
        ("p = MAX(1, 2 : s)", "'p': a ':' outside a call"),
        ("p = F(1, 2 : s, d, l) + F(1, 2 : s2, d2, l2)", "'p': a ':' outside a call"),
        ("p = 1 : s", "'p': a ':' outside a call"),
        ("p = F(1, 2 : s, d, l)\ns = 4", "defined twice"),
        ("p = F(1, 2 : , d, l)", "further outputs|cannot be read|name"),
    ],
)
def test_what_is_no_call_with_outputs(run: Callable[[str], Run], equation: str, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        run(equation)
    assert "m.mdl" in str(caught.value)
