"""A program is plain data: stored and read back, the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sdsim import System, simulate
from sdsim.ir.program import from_bytes, to_bytes

EVERYTHING = """
    d: a, b
    x[d] = INTEG(y[d] - x[d], 1)
    y[d] = SMOOTH3(f(x[d]), 2) + STEP(1, 3) + RANDOM 0 1()
    f((0,0),(1,5),(99,7))
    late = DELAY FIXED(SUM(x[d!]), 3, 0)
    kept = SAMPLE IF TRUE(late > 2, late, 0)
    train = PULSE TRAIN(1, 1, 2, 8)
    hole = IF THEN ELSE(late > 1e9, 1 / 0, -0)
"""


def test_a_program_goes_through_bytes_and_back(system: Callable[..., System]) -> None:
    program = system(EVERYTHING).program
    again = from_bytes(to_bytes(program))
    assert again == program
    assert str(again) == str(program)
    assert again.dynamic == program.dynamic


def test_a_program_from_the_cache_gives_the_same_bits(
    written: Callable[..., object], backend: object
) -> None:
    from sdsim import load

    path = written(EVERYTHING)
    runs = [simulate(load(path, backend=backend, cache=c)) for c in (False, True, True)]  # type: ignore[arg-type]
    for name in runs[0].dataset.data_vars:
        assert len({r[str(name)].values.tobytes() for r in runs}) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"nonsense", b'{"codes": [99]}'])
def test_bytes_that_are_no_program_are_refused(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, json.JSONDecodeError)):
        from_bytes(body)
