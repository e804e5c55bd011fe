"""A short run of each target of `fuzzing`; `make fuzz` is the long one."""

from __future__ import annotations

from typing import Any

import fuzzing
import pytest
from hypothesis import HealthCheck, Phase, given, settings

SHORT = settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


@pytest.mark.parametrize("name", fuzzing.TARGETS)
def test_a_short_run(name: str) -> None:
    action, strategy, _ = fuzzing.TARGETS[name]

    def one(data: Any) -> None:
        action(data)

    # Machine code is made for each, or a child for each.
    few = {"differential": 5, "grown": 8, "formats": 5}.get(name, 25)
    settings(SHORT, max_examples=few)(given(strategy)(one))()


@pytest.mark.parametrize("name", fuzzing.TARGETS)
def test_what_is_not_damaged_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The good files are good: else every damaged one would be refused for their faults."""

    def refused(error: Exception) -> None:
        raise error

    monkeypatch.setattr(fuzzing, "_refused_well", refused)
    good = {
        "vensim": fuzzing.VENSIM.encode(), "xmile": fuzzing.XMILE.encode(),
        "preset": fuzzing.PRESET.encode(), "spec": fuzzing.SPEC.encode(),
        "differential": ("Time * k", "a1 - s", "SIN(a2) + STEP(1, 3)", "2"),
        "grown": fuzzing.XMILE,
        "formats": ("IF THEN ELSE(s > 3, PULSE(2, 2), -.5)", "a1 - MAX(s, k)", "SIN(a2)", "2"),
    }  # fmt: skip
    fuzzing.TARGETS[name][0](good[name])


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from sdsim.backends import Numpy

    begun = Numpy.compile

    def off(self: Numpy, program: Any, wanted: Any) -> Any:
        return begun(self, program, list(wanted)[::-1])

    monkeypatch.setattr(Numpy, "compile", off)
    with pytest.raises(AssertionError):
        fuzzing.differential(("Time", "2", "s", "1"))
