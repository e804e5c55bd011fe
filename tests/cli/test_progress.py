"""The sign of life: after its delay, on a terminal only, gone when the work is done."""

from __future__ import annotations

import io
import time

import pytest

from sdsim.cli import progress


class Terminal(io.StringIO):
    """Standard error with, or without, somebody watching."""

    def __init__(self, watched: bool) -> None:
        super().__init__()
        self.watched = watched

    def isatty(self) -> bool:
        return self.watched


def shown(monkeypatch: pytest.MonkeyPatch, watched: bool, seconds: float) -> str:
    terminal = Terminal(watched)
    monkeypatch.setattr(progress, "DELAY", 0.1)
    monkeypatch.setattr("sys.stderr", terminal)
    with progress.busy("running m.mdl"):
        time.sleep(seconds)
    return terminal.getvalue()


def test_long_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "running m.mdl: 00:0" in shown(monkeypatch, True, 0.5)


@pytest.mark.parametrize(("watched", "seconds"), [(True, 0.0), (False, 0.5)])
def test_short_work_and_nobody_watching_are_silent(
    monkeypatch: pytest.MonkeyPatch, watched: bool, seconds: float
) -> None:
    assert shown(monkeypatch, watched, seconds) == ""


def test_the_sign_ends_with_work_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Terminal(True))
    with pytest.raises(ValueError, match="broken"), progress.busy("running"):
        raise ValueError("broken")
