"""What only some systems give: each facility is taken away, and what happens then is looked at."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sdsim.backends.llvm import compiler
from sdsim.base import cache, files, host
from sdsim.base.errors import ModelError
from sdsim.readers import worker
from sdsim.run import ensemble

PLATFORMS = {"linux": "linux", "macos": "darwin", "windows": "win32"}


@pytest.fixture(params=PLATFORMS)
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As if on each system."""
    monkeypatch.setattr(sys, "platform", PLATFORMS[request.param])
    return str(request.param)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As if on Windows: its name, and the names that it lacks."""
    monkeypatch.setattr(sys, "platform", "win32")
    for name in ("sysconf", "geteuid", "getuid", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(host, "resource", None)
    return monkeypatch


def test_each_system_has_a_name(system: str) -> None:
    assert host.system() == system
    assert set(host.LIBRARIES) == set(host.HELPERS) == set(PLATFORMS)


# --- limits ------------------------------------------------------------------------------------


def test_limits_are_told_as_they_hold(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    fake = SimpleNamespace(
        RLIMIT_AS=1, RLIMIT_CPU=2, RLIMIT_FSIZE=3,
        setrlimit=lambda what, values: asked.update({what: values}),
    )  # fmt: skip
    monkeypatch.setattr(host, "resource", fake)
    held = host.limit_process(1 << 30, 7)
    assert asked == {1: (1 << 30, 1 << 30), 2: (7, 7), 3: (0, 0)}
    assert held == {"time", "writing"} | ({"memory"} if system != "macos" else set())

    def refuse(what: int, values: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    fake.setrlimit = refuse
    assert host.limit_process(1 << 30, 7) == set()
    monkeypatch.setattr(host, "resource", None)
    assert host.limit_process(1 << 30, 7) == set()
    assert not host.limits_time()


def test_a_child_without_limits_and_forks_reads_all_the_same() -> None:
    program = (
        "import os, runpy, sys; sys.modules['resource'] = None; "
        "[delattr(os, n) for n in ('fork', 'killpg', 'register_at_fork') if hasattr(os, n)]; "
        f"runpy.run_path({worker.__file__!r}, run_name='__main__')"
    )
    texts = json.dumps(["a + 2", "a +"]).encode()
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, check=True,
        input=worker.GO + worker.HEADER.pack(len(texts), 5) + texts,
    )  # fmt: skip
    ready, sum_, bad = map(json.loads, done.stdout.splitlines())
    assert ready == {"ready": worker.PYSD}
    assert sum_[1] is None
    assert sum_[0]
    assert bad[0] is None


def test_without_forks_a_reader_serves_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "FORKS", False)
    assert host.own_group() == {}
    host.after_fork(lambda: pytest.fail("there are no forks"))
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host.kill_group(process)
    assert process.wait() != 0
    assert process.stdin is not None
    process.stdin.close()


@pytest.mark.skipif(not host.FORKS, reason="the system cannot fork")
def test_how_a_fork_ends_is_told() -> None:
    assert host.status_of_fork(lambda: None) == 0
    assert host.status_of_fork(lambda: 1 // 0) != 0  # type: ignore[arg-type, return-value]
    assert host.status_of_fork(lambda: os._exit(3)) == 3 << 8


def test_memory_that_no_one_tells_limits_nothing(windows: pytest.MonkeyPatch) -> None:
    assert host.physical_memory() is None  # no sysconf and no kernel32
    ensemble._room_for(1 << 40, 1 << 20)
    windows.setattr(host, "physical_memory", lambda: 1 << 30)
    with pytest.raises(ModelError, match="too large for this machine's memory"):
        ensemble._room_for(1 << 40, 1)


def test_windows_tells_its_memory(windows: pytest.MonkeyPatch) -> None:
    def tell(at: Any) -> int:
        raw = (ctypes.c_uint32 * 16).from_address(ctypes.addressof(at._obj))
        assert raw[0] == 64, "the structure's size stands in its first word"
        raw[2], raw[3] = 0, 2  # the total of the machine: the second word of 64 bits
        return 1

    kernel32 = SimpleNamespace(GlobalMemoryStatusEx=tell)
    windows.setattr(ctypes, "WinDLL", {"kernel32": kernel32}.__getitem__, raising=False)
    assert host.physical_memory() == 2 << 32
    kernel32.GlobalMemoryStatusEx = lambda at: 0
    assert host.physical_memory() is None


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="the system has no sysconf")
def test_this_system_tells_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    found = host.physical_memory()
    assert found is not None
    assert found > 1 << 28
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 7}.get(name, 11))
    assert host.physical_memory() == 77


# --- files -------------------------------------------------------------------------------------


def test_links_are_refused_with_and_without_the_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"abc")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("no right to make links")
    for name in ("", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
        if name:
            monkeypatch.delattr(os, name, raising=False)
        assert files.read_bytes(real, 10, follow=False) == b"abc"
        assert files.read_bytes(link, 10) == b"abc"
        with pytest.raises(ModelError, match=r"^cannot be read: .*; check the path$"):
            files.read_bytes(link, 10, follow=False)


def test_without_users_the_cache_is_used(windows: pytest.MonkeyPatch, tmp_path: Path) -> None:
    windows.setenv(cache.VARIABLE, str(tmp_path))
    cache.store("room", "name", b"body")
    assert cache.load("room", "name") == b"body"
    assert host.only_mine(tmp_path.stat())


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no such users")
def test_what_others_may_write_is_not_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert host.only_mine(tmp_path.stat())
    tmp_path.chmod(0o722)
    assert not host.only_mine(tmp_path.stat())
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert not host.only_mine(tmp_path.stat())


def _held_open(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """`os.replace` that fails so many times, as Windows does while somebody reads the target."""
    asked, original = [0], os.replace

    def refuse(a: Any, b: Any) -> None:
        asked[0] += 1
        if asked[0] <= times:
            raise PermissionError(errno.EACCES, "Access is denied")
        original(a, b)

    monkeypatch.setattr(os, "replace", refuse)
    return asked


def test_a_file_that_is_read_is_replaced_a_little_later(
    windows: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new", encoding="utf-8")
    old.write_text("old", encoding="utf-8")
    asked = _held_open(windows, 3)
    host.replace(new, old)
    assert old.read_text(encoding="utf-8") == "new"
    assert asked == [4]


def test_a_file_that_stays_open_is_an_error_in_the_end(
    windows: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    windows.setattr(host, "PATIENCE", 0.03)
    windows.setenv(cache.VARIABLE, str(tmp_path))
    asked = _held_open(windows, 1_000_000)
    with pytest.raises(PermissionError):
        host.replace(tmp_path / "a", tmp_path / "b")
    assert asked[0] > 1
    cache.store("room", "name", b"body")  # a cache that cannot keep something does without
    assert cache.load("room", "name") is None
    assert list((tmp_path / "room").iterdir()) == []


def test_elsewhere_it_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    asked = _held_open(monkeypatch, 1_000_000)
    with pytest.raises(PermissionError):
        host.replace(tmp_path / "a", tmp_path / "b")
    assert asked == [1]


def test_windows_opens_no_folder(windows: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    windows.setattr(os, "open", refuse)
    host.sync_folder(tmp_path)


# --- processes and signals ---------------------------------------------------------------------


def test_a_child_stands_apart(system: str) -> None:
    asked = host.apart()
    assert asked == ({"creationflags": 512} if system == "windows" else {"start_new_session": True})


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent by other means there")
def test_being_told_to_end_calls_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    told: list[str] = []
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR1)
    with host.on_termination(lambda: told.append("told")):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGUSR1)
    assert told == ["told", "told"]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR1)) == before


def test_a_thread_takes_no_signal_over() -> None:
    done: list[str] = []

    def work() -> None:
        with host.on_termination(lambda: None):
            done.append("inside")

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["inside"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_sigterm_nothing_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGTERM")
    with host.on_termination(lambda: None):
        pass


def test_a_process_ends_itself_without_sigkill_too() -> None:
    here = str(Path(host.__file__).parents[2])
    program = f"""import sys; sys.path.insert(0, {here!r})
import signal
from sdsim.base import host
del signal.SIGKILL
host.signal_self("SIGKILL")
print("alive")"""
    if not hasattr(signal, "SIGKILL"):
        program = program.replace("del signal.SIGKILL", "")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (9, b"")


# --- machine code ------------------------------------------------------------------------------


def test_this_system_has_all_that_machine_code_may_call() -> None:
    for name in compiler.outside(host.system()).values():
        assert host.address_of(name), name
    assert host.address_of("no_such_function_anywhere") is None
    sine = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(host.address_of("sin") or 0)
    assert sine(1.0) == float(np.sin(1.0))


def test_windows_libraries_are_asked_in_their_order(windows: pytest.MonkeyPatch) -> None:
    asked = []
    real = ctypes.CDLL(None).memcpy if sys.platform != "win32" else None

    def library(name: str | None) -> Any:
        asked.append(name)
        if name == "msvcrt":
            raise OSError("not found")
        return SimpleNamespace(memcpy=real) if name == "ntdll" else SimpleNamespace()

    windows.setattr(ctypes, "CDLL", library)
    host._libraries.cache_clear()
    try:
        assert host.address_of("memcpy") == ctypes.cast(real, ctypes.c_void_p).value
        assert host.address_of("fma") is None
        assert asked == ["ucrtbase", "ntdll", "msvcrt"]
        assert host.address_of("_fltused")
    finally:
        host._libraries.cache_clear()


def test_a_library_without_a_function_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_libraries", lambda name: ())
    compiler._addresses.cache_clear()
    try:
        with pytest.raises(ModelError, match=r"C library has no 'sin'; use the back end 'numpy'$"):
            compiler._addresses()
    finally:
        compiler._addresses.cache_clear()


def test_programs_of_an_environment_have_their_places(system: str) -> None:
    found = host.in_environment(Path("x"), "python")
    assert found == Path("x/Scripts/python.exe" if system == "windows" else "x/bin/python")
