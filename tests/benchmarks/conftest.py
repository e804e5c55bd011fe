"""The end of a benchmark: every bar with its figure, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
from datetime import date

import pytest
from bench_timing import BARS, told

#: Set to 1, a bar that is missed makes the exit status 1; else it is only told.
STRICT = "SDSIM_BENCH_STRICT"


def processor() -> str:
    """What the system calls its processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            named = [x.partition(":")[2].strip() for x in lines if x.startswith("model name")]
    except OSError:
        named = []
    return named[0] if named else platform.processor() or platform.machine()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not BARS:
        return
    told(f"{date.today()}, {processor()}, {os.cpu_count()} cores: figure, bar")
    width = max(len(b.name) for b in BARS)
    for b in BARS:
        sign = ">=" if b.at_least else "<="
        why = f"  ({b.why})" if b.why and not b.met else ""
        told(f"{b.name:{width}}  {b.figure:10,.2f}x  {sign} {b.bar:g}x  {b.verdict}{why}")
    missed = sum(not b.met for b in BARS)
    told(f"{len(BARS) - missed} of {len(BARS)} bars met")
    if missed and os.environ.get(STRICT, "") not in ("", "0"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
