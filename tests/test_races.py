"""Many processes that load, compile and run one model at once, with one cache, empty at first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fuzzing import XMILE


def test_eight_at_once_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "m.xmile").write_text(XMILE)
    cache = tmp_path / "cache"
    command = [sys.executable, "-m", "sdsim", "run", "m.xmile"]
    environment = {**os.environ, "SDSIM_CACHE_DIR": str(cache)}
    environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    running = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
        for _ in range(8)
    ]  # fmt: skip
    said = [(*p.communicate(timeout=300), p.returncode) for p in running]
    assert {status for _, _, status in said} == {0}
    assert len({out for out, _, _ in said}) == 1
    assert {err for _, err, _ in said} == {b""}
    assert [p.name for p in cache.rglob(".*")] == [], "no temporary file is left behind"
    rooms = {p.name: sorted(p.iterdir()) for p in cache.iterdir()}
    assert len(rooms["models"]) == len(rooms["programs"]) == 1
    for entries in rooms.values():
        for entry in entries:  # what was tampered with is not used, and is mended
            body = bytearray(entry.read_bytes())
            body[-1] ^= 1
            entry.write_bytes(bytes(body))
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert again.stdout == said[0][0]
