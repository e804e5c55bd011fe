"""Models with known solutions, and claims written on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_models import HEAD, POND

from sdsim.backends import Numpy
from sdsim.claims import Result, read_claim, run_claims
from sdsim.run.system import System, load

#: x = 2 t; hump = t (10 - t); y = 100 * 0.9^t by Euler; rows over elements.
LINES = """
    d: a, b, c
    few: a, b
    x = INTEG(rate, 0)
    rate = 2
    slope factor = rate * 3
    hump = Time * (10 - Time)
    y = INTEG(-y / 10, 100)
    v[a] = 1 + 0 * Time
    v[b] = 3 + 0 * Time
    v[c] = 2 + 0 * Time
    w[d] = 10, 20, 40
    lower = -x
    zero = 0 * Time
    broken = IF THEN ELSE(Time > hole, 1 / zero, 1)
    hole = 1000
    unused = 7
"""


@pytest.fixture(scope="session")
def pond() -> System:
    """Lilies in a pond, on the default back end."""
    return load(POND / "pond.mdl")


@pytest.fixture(scope="session")
def lines(written: Callable[..., Path]) -> System:
    """Variables whose values are known by heart."""
    return load(written(LINES), backend=Numpy())


@pytest.fixture
def claim_file(tmp_path: Path) -> Callable[..., Path]:
    """(the rest of a claim's file, name, expectation) -> its path."""

    def write(rest: str, name: str = "c", expect: str = "supported") -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(HEAD.format(id=name, expect=expect) + rest, encoding="utf-8")
        return path

    return write


@pytest.fixture
def decide(lines: System, claim_file: Callable[..., Path]) -> Callable[..., Result]:
    """(check, the rest of the file, other settings) -> what becomes of it."""

    def run(check: str, rest: str = "", system: System | None = None, **settings: Any) -> Result:
        claim = read_claim(claim_file(f"check = {check!r}\n{rest}"))
        return run_claims(system or lines, [claim], **settings)[0]

    return run
