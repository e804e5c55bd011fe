"""What differs between operating systems, with a branch for Linux, macOS and Windows.

All other modules use only what Python offers everywhere. Nothing here raises because a system lacks
a facility: each function says what happens then. Nothing else in this package is imported, so
that the child process that reads files can load this file by its path.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

#: Error numbers for a disk that is full; not every system has all of them.
FULL = {
    getattr(errno, name) for name in ("ENOSPC", "EIO", "EDQUOT", "EFBIG") if hasattr(errno, name)
}


def system() -> str:
    """``linux``, ``macos`` or ``windows``; any other system counts as Linux."""
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")


# --- limits of a process -----------------------------------------------------------------------

#: What each limit is for; the names are those of `resource`.
_LIMITS = {"memory": "RLIMIT_AS", "time": "RLIMIT_CPU", "writing": "RLIMIT_FSIZE",
           "core": "RLIMIT_CORE"}  # fmt: skip


def limits_time() -> bool:
    """Whether the system ends a process that exceeds its limit of processor time."""
    return resource is not None


def limit_process(memory: int, seconds: int) -> set[str]:
    """Set hard limits on this process: bytes of address space, processor seconds, no writing.

    Returns
    -------
    The limits now in force, of ``memory``, ``time``, ``writing`` and ``core``. Linux: all. macOS:
    all but ``memory``, which it accepts but does not enforce. Windows: none; only the timeout of
    the parent process remains.
    """
    if resource is None:
        return set()
    wanted = {"memory": memory, "time": seconds, "writing": 0, "core": 0}
    held = set()
    for what, name in _LIMITS.items():
        with suppress(ValueError, OSError, AttributeError):  # already tighter, or unknown here
            resource.setrlimit(getattr(resource, name), (wanted[what], wanted[what]))
            held.add(what)
    return held - ({"memory"} if system() == "macos" else set())


def physical_memory() -> int | None:
    """Bytes of memory in this machine; None if the system does not say."""
    try:
        if system() == "windows":
            return _windows_memory()
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


class _MemoryStatus(ctypes.Structure):
    """The MEMORYSTATUSEX structure of Windows: 64 bytes."""

    _fields_ = (
        ("length", ctypes.c_uint32), ("load", ctypes.c_uint32), ("total", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 6),
    )  # fmt: skip


def _windows_memory() -> int | None:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    library: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    done = library.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total) if done else None


# --- files -------------------------------------------------------------------------------------


def open_to_read(path: str | os.PathLike[str], follow: bool = True) -> int:
    """A file descriptor opened without waiting for a pipe's other end; children do not inherit it.

    follow : whether to follow a symbolic link at the end of the path. Windows cannot refuse a
        link while opening, so there the check comes just before.

    Raises
    ------
    OSError, ValueError : as `os.open`.
    """
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_BINARY", "O_CLOEXEC", "O_NOINHERIT"):
        flags |= getattr(os, name, 0)
    if not follow and hasattr(os, "O_NOFOLLOW"):
        flags |= os.O_NOFOLLOW
    elif not follow and os.path.islink(path):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    return os.open(path, flags)


def only_mine(status: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user and nobody else may write to it.

    Always true on Windows, which has no such permission bits; the user's own folders are closed
    to others there.
    """
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


#: How many seconds to go on trying to replace a file that another process has open (Windows).
PATIENCE = 2.0


def replace(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Rename a file over another atomically: readers see either the old file or the new one.

    Windows refuses while another process has ``target`` open; it is retried for `PATIENCE` seconds.

    Raises
    ------
    OSError : as `os.replace`.
    """
    last = time.monotonic() + (PATIENCE if system() == "windows" else 0.0)
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if time.monotonic() >= last:
                raise
            time.sleep(0.01)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Flush the names in a folder to disk; does nothing on Windows, which cannot open folders."""
    if system() == "windows":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- processes and signals ---------------------------------------------------------------------


def apart() -> dict[str, Any]:
    """Arguments of `subprocess.Popen` for a child that Ctrl-C in the terminal does not reach."""
    if system() == "windows":
        return {"creationflags": 0x0000_0200}  # CREATE_NEW_PROCESS_GROUP
    return {"start_new_session": True}


#: Whether a process can fork; if not, a child serves one request and ends.
FORKS = hasattr(os, "fork")


def status_of_fork(work: Callable[[], None]) -> int:
    """Run ``work`` in a fork: 0 if it returned, else the status with which the fork ended."""
    child = os.fork()
    if not child:
        with suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1]


def input_within(seconds: float) -> bool:
    """Whether standard input has data, or ends, within this many seconds."""
    return bool(select.select([0], [], [], seconds)[0])


def own_group() -> dict[str, Any]:
    """Arguments of `subprocess.Popen` for a child that is ended together with its own forks."""
    return {"process_group": 0} if FORKS else {}


def kill_group(process: subprocess.Popen[Any]) -> None:
    """End a child started with `own_group`, and everything it forked, at once.

    Raises
    ------
    OSError : it has already ended.
    """
    if FORKS:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def after_fork(act: Callable[[], None]) -> None:
    """Call ``act`` in every fork of this process from now on."""
    if FORKS:
        os.register_at_fork(after_in_child=act)


def ignore_interrupts() -> None:
    """Ignore Ctrl-C from now on; another process handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def on_termination(act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` when this process is asked to end: SIGTERM, on Windows also Ctrl-Break.

    Only the main thread can handle signals; in any other thread this does nothing.
    """

    def told(number: int, frame: FrameType | None) -> None:
        act()

    before: dict[int, Any] = {}
    try:
        for name in ("SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                with suppress(ValueError, OSError):
                    before[getattr(signal, name)] = signal.signal(getattr(signal, name), told)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def signal_self(name: str) -> None:
    """Send this process SIGKILL, SIGTERM or SIGINT; with no SIGKILL it exits at once, status 9."""
    if name == "SIGKILL" and not hasattr(signal, name):
        os._exit(9)
    signal.raise_signal(getattr(signal, name))


# --- functions that machine code may call --------------------------------------------------------

#: Libraries that hold the C functions, in the order searched. An empty name means the libraries
#: that this process has already loaded.
LIBRARIES = {
    "linux": ("m", ""),
    "macos": ("m", ""),
    "windows": ("ucrtbase", "ntdll", "msvcrt"),
}

#: Functions the compiler calls besides those named in the code. All systems: copy and fill memory.
#: macOS: fill memory with zeros. Windows: ``__chkstk`` touches each page of a large frame, and
#: ``_fltused`` is a marker without code.
HELPERS = {
    "linux": ("memcpy", "memset"),
    "macos": ("memcpy", "memset", "bzero", "__bzero"),
    "windows": ("memcpy", "memset", "__chkstk", "_fltused"),
}

_MARK = ctypes.c_int(1)


@cache
def _libraries(name: str) -> tuple[Any, ...]:
    found = []
    for library in LIBRARIES[name]:
        with suppress(OSError, TypeError):
            if library and name != "windows":
                found.append(ctypes.CDLL(ctypes.util.find_library(library)))
            else:
                found.append(ctypes.CDLL(library or None))
    return tuple(found)


def address_of(name: str) -> int | None:
    """The address of a C function; None if no library of this system has it."""
    if name == "_fltused":
        return ctypes.addressof(_MARK)
    for library in _libraries(system()):
        with suppress(AttributeError):
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    return None


# --- Python's own places -------------------------------------------------------------------------


def in_environment(folder: Path, program: str) -> Path:
    """The path of a program in a virtual environment: ``bin/NAME``, or ``Scripts\\NAME.exe``."""
    if system() == "windows":
        return folder / "Scripts" / f"{program}.exe"
    return folder / "bin" / program
