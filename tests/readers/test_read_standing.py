"""The process that reads expressions: kept between requests, which never meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdsim.base import host, limits
from sdsim.base.errors import ModelError
from sdsim.ir.model import Model
from sdsim.readers import child, standing, worker

ROOT = str(Path(__file__).parents[2])
forks = pytest.mark.skipif(not host.FORKS, reason="a process serves one request here")

#: In place of the translator: what an expression can do to the process that reads it.
READS = f"""
import os, resource, sys, time
sys.path.insert(0, {ROOT!r})
from sdsim.readers import worker
seen = []
def loop():
    while True: pass
ACTS = {{
    "seen": lambda: [list(seen), os.getpid()],
    "limits": lambda: [resource.getrlimit(r)[0] for r in
                       (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)],
    "open": lambda: open({__file__!r}),
    "fork": os.fork,
    "next": lambda: os.read(0, 1),
    "loop": loop,
    "exit": lambda: os._exit(0),
    "fill": lambda: [bytearray(1 << 28) for _ in range(8)],
}}
def read(text):
    seen.append(text)
    try:
        return ACTS[text]()
    except (PermissionError, OSError) as error:
        return type(error).__name__
worker.load = lambda: read
worker.main()
"""


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """(text of a script): it is what is started from now on."""
    standing.close()

    def become(text: str) -> None:
        script = tmp_path / "script.py"
        script.write_text(text)
        monkeypatch.setattr(worker, "__file__", str(script))

    yield become
    standing.close()


def waiting() -> standing.Reader:
    assert len(standing._idle) == 1
    return standing._idle[0]


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be noticed does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def gone(pid: int) -> bool:
    """Whether it ends by itself."""
    for _ in range(600):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@forks
def test_a_process_is_started_once(process: Callable[[str], None]) -> None:
    assert child.parse(["a + 1"]) == [[["Ref", "a", []], ["Num", 1.0], ["Binary", "+"]]]
    first = waiting()
    for k in range(3):
        assert child.parse([f"{k} * 2", "b"])[1] == [["Ref", "b", []]]
        assert waiting() is first


@forks
def test_no_request_meets_what_another_left(process: Callable[[str], None]) -> None:
    process(READS)
    one, two = child.parse(["seen", "seen"]), child.parse(["seen"])
    warm = one[0][0][:-1]
    assert "seen" not in warm
    assert one[1][0] == [*warm, "seen", "seen"]
    assert two[0][0] == [*warm, "seen"]
    assert one[0][1] == one[1][1] != two[0][1]


@forks
def test_every_request_is_sealed_and_has_limits_of_its_own(
    process: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    process(READS)
    for seconds in (3.0, 5.0, 4.0):
        monkeypatch.setattr(limits, "READ_SECONDS", seconds)
        monkeypatch.setattr(limits, "READ_SECONDS_EACH", 0.0)
        found = child.parse(["limits", "open", "fork", "next"])
        assert found[0] == [worker.MEMORY, int(seconds) + 1, 0]
        assert found[1:] == ["PermissionError", "PermissionError", "OSError"]


@forks
@pytest.mark.parametrize("ending", ["loop", "exit"])
def test_whoever_ends_its_process_gets_the_blame_and_a_new_one_follows(
    ending: str, process: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    process(READS)
    monkeypatch.setattr(limits, "READ_SECONDS", 0.5)
    monkeypatch.setattr(child, "PATIENCE", 1000)
    child.parse(["seen"])
    before = waiting()
    found = child.parse(["seen", ending, "seen"])
    assert isinstance(found[0], list)
    why = child.Fault("the equation needs too much memory or time")
    assert found[1:] == [why, why]
    assert isinstance(child.parse(["seen"])[0], list)
    if ending == "loop":
        assert waiting() is not before


@forks
def test_memory_is_limited_for_each_request(process: Callable[[str], None]) -> None:
    process(READS)
    assert child.parse(["fill", "seen"])[0] == child.Fault("it needs too much memory")
    assert isinstance(child.parse(["seen"])[0], list)


def test_one_that_cannot_start_says_so(process: Callable[[str], None]) -> None:
    process("""print('{"fatal": "PySD is not installed"}')""")
    with pytest.raises(ModelError) as error:
        child.parse(["a"])
    assert str(error.value) == (
        "the reader of Vensim files cannot start: PySD is not installed; "
        f"install pysd=={worker.PYSD}"
    )


PARTIAL = r'{"ready": "x"}\n[[["Ref", "Time", []]], null]\n[[["Ref", "Ti'


class Clock:
    """Goes off as soon as ``sign`` is there, however long that takes."""

    sign: Path
    set_to: list[float]

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self.set_to.append(seconds)
        self.act, self.over = act, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def start(self) -> None:
        self.thread.start()

    def run(self) -> None:
        while not self.over.wait(0.01):
            if self.sign.exists():
                self.act()
                return

    def cancel(self) -> None:
        self.over.set()
        self.thread.join()


@pytest.mark.parametrize(
    ("ending", "what"),
    [("os._exit(1)", "needs too much memory or time"),
     ("open('{sign}', 'w').close(); time.sleep(600)", "took longer than 60 s to read")],
)  # fmt: skip
def test_the_expression_at_which_it_ended_is_named(
    ending: str, what: str, reading: Callable[..., Model], process: Callable[[str], None],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ending = ending.replace("{sign}", str(tmp_path / "sign"))
    process(f"import os, sys, time\nprint('{PARTIAL}', end='', flush=True)\n{ending}")
    Clock.sign, Clock.set_to = tmp_path / "sign", []
    monkeypatch.setattr(standing, "Timer", Clock)
    monkeypatch.setattr(limits, "READ_SECONDS", 6.0)
    monkeypatch.setattr(limits, "READ_SECONDS_EACH", 0.0)
    monkeypatch.setattr(child, "PATIENCE", 10)
    with pytest.raises(ModelError) as error:
        reading("a = Time ~ ~ |\nb = Time ~ ~ |\nc = Time ~ ~ |")
    assert str(error.value).startswith(f"model.mdl:2: 'b': the equation {what}; ")
    assert Clock.set_to == [60.0]
    assert standing._idle == []


def test_without_a_fork_a_process_serves_one_request(
    process: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "FORKS", False)
    process(READS.replace("worker.main()", "del os.fork\nworker.main()"))
    for _ in range(2):
        [(seen, _pid)] = child.parse(["seen"])
        assert seen[-1] == "seen"
        assert seen.count("seen") == 1
        assert standing._idle == []
    assert child.parse(["open", "next"]) == ["PermissionError", "OSError"]


@forks
def test_one_that_went_away_while_it_waited_is_replaced(process: Callable[[str], None]) -> None:
    child.parse(["a"])
    before = waiting()
    os.kill(before._process.pid, signal.SIGKILL)
    assert child.parse(["a"]) == [[["Ref", "a", []]]]
    assert waiting() is not before


@forks
@proc
def test_one_that_waits_too_long_goes_away(process: Callable[[str], None]) -> None:
    process(READS.replace("worker.main()", "worker.IDLE = 0.01\nworker.main()"))
    child.parse(["seen"])
    assert gone(waiting()._process.pid)
    assert isinstance(child.parse(["seen"])[0], list)


@forks
def test_a_fork_has_readers_of_its_own(process: Callable[[str], None]) -> None:
    child.parse(["a"])
    before, pid = waiting(), os.fork()
    if not pid:
        fine = not standing._idle and child.parse(["b"]) == [[["Ref", "b", []]]]
        standing.close()
        os._exit(0 if fine else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert waiting() is before
    assert child.parse(["a"]) == [[["Ref", "a", []]]]


ENDS = f"""
import os, signal, sys
sys.path.insert(0, {ROOT!r})
from sdsim.readers import child, standing
child.parse(["a"])
print(standing._idle[0]._process.pid, flush=True)
"""


@forks
@proc
@pytest.mark.parametrize("ending", ["", "os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)"])
def test_it_goes_with_the_one_who_started_it(ending: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS + ending], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert gone(int(done.stdout))


@forks
@proc
def test_interrupted_it_ends_at_once(tmp_path: Path) -> None:
    """Ctrl-C reaches the one who asks; whoever reads ends with it."""
    wait = '"loop": lambda: time.sleep(600)'
    (tmp_path / "script.py").write_text(READS.replace('"loop": loop', wait))
    program = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # some shells have it ignored
sys.path.insert(0, {ROOT!r})
from sdsim.readers import child, standing, worker
worker.__file__ = {str(tmp_path / "script.py")!r}
taken = standing.take
def take():
    reader = taken()
    print(reader._process.pid, flush=True)
    return reader
standing.take = take
try:
    child.parse(["loop"])
except KeyboardInterrupt:
    print("interrupted")
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        pid = int(out.readline())
        process.send_signal(signal.SIGINT)
        assert out.read() == "interrupted\n"
    assert process.wait() == 0
    assert gone(pid)
