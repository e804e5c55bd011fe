"""The corpus of broken and hostile input, through the command line; see tests/corpus/README.md."""

from __future__ import annotations

import csv
import importlib
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from wording import well_said

from sdsim.cli.main import main
from sdsim.readers import worker

CORPUS = Path(__file__).with_name("corpus")
SECRET = "time,value\n0,31415\n4,27182\n"

with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as stream:
    CASES = list(csv.DictReader(stream))

#: Events that a run has no business with; see "Audit events table" of Python's documentation.
FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "socket.connect",
    "socket.bind", "socket.getaddrinfo", "urllib.", "pickle.find_class",
    "os.chmod", "os.link", "os.symlink", "shutil.", "pty.", "ftplib.", "webbrowser.",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """What the process does while it is on: an audit hook, which cannot be taken away again."""

    def __init__(self) -> None:
        self.on, self.written, self.bad = False, [], []
        sys.addaudithook(self)

    written: list[str]
    bad: list[str]

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING:
            self.written.append(str(args[0]))
        elif event in ("os.rename", "os.mkdir", "os.remove"):
            self.written.append(str(args[1 if event == "os.rename" else 0]))
        elif event == "subprocess.Popen" and str(Path(worker.__file__).resolve()) in args[1]:
            return
        elif event.startswith((*FORBIDDEN, "subprocess.Popen")):
            self.bad.append(f"{event} {args!r}"[:200])

    def start(self) -> None:
        self.on, self.written, self.bad = True, [], []

    def stop(self) -> None:
        self.on = False


WATCH = Watch()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the corpus, with what a repository cannot hold."""
    top = tmp_path_factory.mktemp("corpus")
    # What neighbours do once, when they are loaded (Dask pickles to itself), is not watched.
    importlib.import_module("dask")
    main(["run", str(CORPUS / "encoding" / "crlf.mdl"), "-o", str(top / "first.csv")])
    (top / "secret.csv").write_text(SECRET)
    copy = Path(shutil.copytree(CORPUS, top / "models"))
    for folder in (copy / "data", copy / "params"):
        (folder / "link_out.csv").symlink_to("../../secret.csv")
        os.mkfifo(folder / "pipe.csv")
    (copy / "data" / "link_in.csv").symlink_to("good.csv")
    (copy / "data" / "link_loop.csv").symlink_to("link_loop.csv")
    (copy / "data" / "linked").symlink_to("..")
    return copy


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files_in(folder: Path) -> dict[str, int]:
    return {str(p): p.lstat().st_mtime_ns for p in folder.rglob("*") if not p.is_dir()}


def watched(args: list[str], allowed: tuple[Path, ...]) -> int:
    """The exit status; nothing forbidden was done, and nothing else opened for writing."""
    WATCH.start()
    try:
        status = main(args)
    finally:
        WATCH.stop()
    assert WATCH.bad == []
    fine = (os.devnull, *map(str, allowed))
    # A path that is a number is a handle: the pipe of the child.
    strange = [w for w in WATCH.written if not w.startswith(fine) and not w.isdecimal()]
    assert strange == []
    return status


@pytest.fixture
def one_call(
    corpus: Path, cache: Path, tmp_path: Path,
    within: Callable[[float], AbstractContextManager[None]],
) -> Iterator[None]:  # fmt: skip
    before = files_in(corpus.parent)
    with within(300):
        yield
    assert files_in(corpus.parent) == before


@pytest.mark.usefixtures("one_call")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['file']} {c['command']}".strip())
def test_the_corpus(
    case: dict[str, str], corpus: Path, cache: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = corpus / case["file"]
    monkeypatch.chdir(file.parent)
    monkeypatch.delenv("SDSIM_DEBUG", raising=False)
    args = shlex.split((case["command"] or "run {file}").replace("{file}", shlex.quote(file.name)))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # of what is imported only now
    out = tmp_path / "out.csv"
    if args[0] == "run" and "-o" not in args:
        args += ["-o", str(out)]
    named = Path(args[args.index("-o") + 1]).absolute() if "-o" in args else out
    status = watched(args, (cache, out, named.with_name(".partial-")))
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "fault of sdsim" not in said
    assert "31415" not in said, "what lies outside is not even quoted"
    assert "\x1b" not in said
    assert case["says"] in said
    assert (status, case["outcome"]) in (
        (0, "ok"), (0, "note"), (2, "refused"), (0, "any"), (2, "any")
    )  # fmt: skip
    if case["outcome"] == "ok":
        assert said == ""
    if case["outcome"] == "note":
        assert said != ""
    if status == 2:  # what reading noticed stands in lines of its own before
        said = "".join(x for x in said.splitlines(True) if not x.startswith("note: "))
        well_said(said.removesuffix("\n"))
        assert case["command"] or said.startswith(file.name), "no word on where"


def test_every_file_of_the_corpus_has_a_row() -> None:
    used = {c["file"] for c in CASES} | {"README.md", "manifest.csv"}
    text = "\n".join(c["command"] for c in CASES) + "".join(
        p.read_text(encoding="latin-1") for p in CORPUS.rglob("*.mdl")
    ) + "".join(p.read_text(encoding="latin-1") for p in CORPUS.rglob("*.toml"))  # fmt: skip
    for path in CORPUS.rglob("*"):
        name = path.relative_to(CORPUS).as_posix()
        assert path.is_dir() or name in used or path.name in text, f"{name} is not used"
