"""The command line within this process: what a shell would see of it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from sdsim.cli.main import main

Done = subprocess.CompletedProcess[str]


def sdsim(*args: object, at: Path | None = None) -> Done:
    """`sdsim ARGS` in the folder ``at``; whatever happens, no traceback, no fault of ours."""
    words = [str(a) for a in args]
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2)]
    out, err = streams
    before = sys.stdin
    with contextlib.ExitStack() as stack:
        if at is not None:
            stack.enter_context(contextlib.chdir(at))
        sys.stdin = stack.enter_context(open(os.devnull, encoding="utf-8"))
        stack.callback(setattr, sys, "stdin", before)
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        status = main(words)
    said = []
    for stream in streams:
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        said.append(stream.buffer.getvalue().decode())
    done = subprocess.CompletedProcess(["sdsim", *words], status, *said)
    assert "Traceback" not in done.stderr + done.stdout
    assert "fault of sdsim itself" not in done.stderr
    return done
