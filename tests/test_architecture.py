"""The house: imports only go down, heavy neighbours have one door, the library knows no subject."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import sdsim

ROOT = Path(sdsim.__file__).parent

#: Rooms from the ground up. A room imports from lower floors alone.
FLOORS = (
    {"base"},
    {"ir", "tables", "analyses", "inference", "examples"},
    {"functions", "backends", "overrides"},
    {"readers", "compile", "unitcheck", "design"},
    {"writers", "outcomes", "run", "documents"},
    {"claims", "presets", "sweeps", "exports"},
    {"calibration"},
    {"comparison"},
    {"study"},
    {"plots"},
    {"api"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

#: Heavy neighbours, and the rooms or files that may import them.
DOORS = {
    "pysd": {"readers"},
    "parsimonious": {"readers"},
    "lark": {"readers"},
    "llvmlite": {"backends/llvm"},
    "plotly": {"plots"},
    "scipy": {
        "run/methods/adaptive.py", "design", "tables/netcdf.py", "analyses", "inference",
        "calibration", "comparison",
    },
    "arviz_stats": {"inference"},
    "emcee": {"inference"},
    "sklearn": {"analyses"},
    "pymoo": {"analyses"},
    "zarr": {"sweeps"},
    "distributed": {"sweeps"},
    "filelock": {"sweeps"},
    "tqdm": {"cli"},
    "shtab": {"cli/main.py"},
    "platformdirs": {"base/cache.py"},
    "simlin": {"tables/results.py"},
}  # fmt: skip


@cache
def files() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """What a file says, parsed once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def module_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(["sdsim", *(parts[:-1] if parts[-1] == "__init__" else parts)])


MODULES = {module_of(p) for p in files()}


def imports(path: Path) -> Iterator[str]:
    """Dotted names, at the top and within functions alike; ``sdsim.x`` where x is a module."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(p) for p in files()} - {"__init__"}
    assert rooms == set(FLOOR)


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_go_down(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    for name in imports(path):
        if name == "sdsim":
            assert room == "cli", "only the top floor uses what the package shows to users"
        elif name.startswith("sdsim."):
            other = name.split(".")[1]
            assert other == room or FLOOR[other] < FLOOR[room], f"{room} imports {other}"


def test_no_module_stands_on_itself() -> None:
    below = {
        module_of(p): {n for n in imports(p) if n in MODULES and n != "sdsim"} - {module_of(p)}
        for p in files()
        if module_of(p) != "sdsim"
    }
    while below:
        free = {m for m, on in below.items() if not on & set(below)}
        assert free, f"a circle among {sorted(below)}"
        below = {m: on for m, on in below.items() if m not in free}


def test_what_another_file_uses_has_a_public_name() -> None:
    for path in files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom):
                private = [a.name for a in node.names if re.match(r"_[^_]", a.name)]
                assert not private, f"{path.relative_to(ROOT)} imports {private}"


def test_heavy_neighbours_have_one_door() -> None:
    for path in files():
        inside = str(path.relative_to(ROOT))
        for name in imports(path):
            allowed = DOORS.get(name.split(".")[0])
            assert allowed is None or any(
                inside.startswith(f"{room}/") or inside == room for room in allowed
            ), f"{inside} imports {name}"


#: What the files of the library may use of `os`: what Linux, macOS and Windows have alike. All
#: else stands in ``base/host.py``, with a branch for each.
EVERYWHERE = {
    "O_WRONLY", "PathLike", "W_OK", "X_OK", "_exit", "access", "chmod", "close", "cpu_count",
    "devnull", "dup", "dup2", "environ", "fdopen", "fspath", "fstat", "fsync", "getpid", "listdir",
    "open", "path", "read", "scandir", "stat_result", "strerror", "unlink", "write",
}  # fmt: skip
#: Modules that a system may lack, or whose meaning depends on it.
ONLY_SOME = {
    "asyncio", "curses", "fcntl", "grp", "mmap", "msvcrt", "multiprocessing", "posix", "pty", "pwd",
    "readline", "resource", "select", "selectors", "signal", "syslog", "termios", "tty", "winreg",
}  # fmt: skip
HOST = "base/host.py"


def needs_a_system(tree: ast.AST) -> Iterator[str]:
    """What a file uses that is not alike on every system."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            given = [a.name for a in node.names]
            yield from ONLY_SOME & {n.split(".")[0] for n in ([module] if module else given)}
            if module == "os":
                yield from set(given) - EVERYWHERE
            if module == "ctypes" and set(given) & {"util", "CDLL", "WinDLL"}:
                yield "ctypes.CDLL"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name, of = node.attr, node.value.id
            if of == "os" and name not in EVERYWHERE:
                yield f"os.{name}"
            if (of, name) in {("sys", "platform"), ("os", "name"), ("platform", "system")}:
                yield f"{of}.{name}"
            if of == "ctypes" and name in {"CDLL", "WinDLL", "PyDLL", "util", "pythonapi"}:
                yield f"ctypes.{name}"
        if isinstance(node, ast.keyword) and node.arg in {"start_new_session", "preexec_fn"}:
            yield node.arg
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            plain = len(node.args) == 1 and not node.keywords
            if node.func.attr == "replace" and plain:
                yield "a file renamed over another"


def test_what_only_some_systems_have_stands_in_one_place() -> None:
    found = {
        str(path.relative_to(ROOT).as_posix()): uses
        for path in files()
        if (uses := sorted(set(needs_a_system(tree_of(path)))))
    }
    assert set(found) == {HOST}, found
    assert {"resource", "signal", "os.sysconf", "os.geteuid", "ctypes.CDLL"} <= set(found[HOST])


@pytest.mark.parametrize(
    "text",
    [
        "import resource", "from signal import SIGTERM", "import os\nos.sysconf('x')",
        "from os import fork", "import sys\nsys.platform", "import ctypes\nctypes.CDLL(None)",
        "from pathlib import Path\nPath('a').replace('b')", "f(start_new_session=True)",
        "import os\nos.replace(a, b)",
    ],
)  # fmt: skip
def test_what_only_some_systems_have_is_seen(text: str) -> None:
    assert list(needs_a_system(ast.parse(text)))


def test_text_is_opened_with_its_encoding() -> None:
    """What a system takes for granted differs: UTF-8 here, a code page on Windows."""
    for path in files():
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [a.value for a in node.args if isinstance(a, ast.Constant)]
            binary = any(isinstance(a, str) and "b" in a and len(a) < 4 for a in given)
            keywords = {k.arg for k in node.keywords}
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            if name in {"read_text", "write_text", "fdopen"} and not binary:
                own = getattr(getattr(node.func, "value", None), "id", "") == "files"
                assert own or "encoding" in keywords, place
            if name in {"run", "Popen"} and "text" in keywords:
                assert "encoding" in keywords, place


def test_there_is_one_call_of_solve_ivp() -> None:
    calls = [
        str(path.relative_to(ROOT))
        for path in files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "solve_ivp"
    ]
    assert calls == ["run/methods/adaptive.py"]


def test_nothing_is_executed_or_unpickled() -> None:
    for path in files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call):
                assert getattr(node.func, "id", "") not in {"eval", "exec"}, path
        assert not {"pickle", "marshal", "shelve", "dill"} & {
            n.split(".")[0] for n in imports(path)
        }


SUBJECT = re.compile(
    r"migra|mexic|remitt|diaspora|refugee|census|naturali[sz]|corridor|homeland|border|visa\b", re.I
)
#: Other meanings: a line around a box on a page, and the name of the distribution.
OTHER = re.compile(
    r"border(-\w+)*\s*[:=]|border-box|borderwidth|bordercolor|crossborder-sdsim", re.I
)


def test_the_library_knows_no_subject() -> None:
    for path in [*files(), *ROOT.rglob("*.css"), *ROOT.rglob("*.js")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found = SUBJECT.search(OTHER.sub("", line))
            assert not found, f"{path.name}:{number}: {line.strip()}"


def test_a_run_needs_neither_plotly_nor_the_translator() -> None:
    """Imported by `sdsim` itself, they would cost every start a second."""
    code = "import sdsim, sys; print(sorted({'pysd', 'plotly', 'llvmlite'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


TESTS = Path(__file__).parent
#: What reads a clock, also in programs that a test writes for a child.
CLOCKS = re.compile(
    r"\b(perf_counter|process_time|thread_time|monotonic|clock_gettime|timeit|default_timer)(_ns)?\b"
    r"|\btime\.time(_ns)?\b|\bfrom time import (?!sleep\b)|\bru_[us]time\b|\bos\.times\b"
)
#: One file tells how work grows, as a ratio; a command looks for faults for as long as it is told.
READERS = ("counting.py", "fuzzing.py", Path(__file__).name)


def own_tests() -> list[Path]:
    found = TESTS.rglob("*.py")
    return sorted(p for p in found if "benchmarks" not in p.relative_to(TESTS).parts)


def test_no_test_reads_a_clock() -> None:
    """Seconds depend on the machine: tests count, or take ratios; speeds stand in `make bench`."""
    for path in own_tests():
        if path.name not in READERS:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                assert not CLOCKS.search(line), f"{path.name}:{number}: {line.strip()}"


def test_guards_against_hanging_are_generous() -> None:
    """A busy machine takes many times what an idle one does."""
    for path in own_tests():
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            guards = [k.value for k in node.keywords if k.arg == "timeout"]
            guards += node.args if getattr(node.func, "id", "") == "within" else []
            for guard in guards:
                if isinstance(guard, ast.Constant) and isinstance(guard.value, int | float):
                    where = f"{path.name}:{guard.lineno}"
                    assert guard.value >= 120, f"{where}: a guard of {guard.value} s"


@pytest.mark.parametrize(
    "line",
    ["assert time.perf_counter() - began < 3", "start = time.time()", "from time import monotonic",
     "used.ru_utime + used.ru_stime", "timeit.timeit(run)", "began = time.process_time_ns()"],
)  # fmt: skip
def test_a_clock_is_noticed(line: str) -> None:
    assert CLOCKS.search(line)
    assert not CLOCKS.search("time.sleep(0.1); from time import sleep; run.time[0]; time_step")
