"""The documentation: it builds without a warning, and what it shows runs as it says."""

from __future__ import annotations

import logging
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

import sdsim
from sdsim.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*(DOCS / "pages").rglob("*.md"), ROOT / "README.md"])
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.py"))
#: A fenced block.
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```", re.M | re.S)
#: How a page names the file that a block is: "As `peaks.toml`", "as `claims/E1.toml`".
FILE = re.compile(r"[Aa]s `([\w/]+\.(?:toml|csv))`")


@pytest.fixture
def beside_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small models, as a reader of the pages has them."""
    for name in ("teacup", "sir"):
        shutil.copy(ROOT / "models" / name / f"{name}.mdl", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_runs(
    page: Path, beside_models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = page.read_text(encoding="utf-8")
    if page.name == "README.md":
        shutil.copytree(ROOT / "models", beside_models / "models")
    shared: dict[str, Any] = {"__name__": name_of(page)}
    for block in BLOCK.finditer(text):
        kind, body = block["kind"], block["body"]
        if kind in ("toml", "csv"):
            write_named(beside_models, text[: block.start()], body)
        elif kind == "console":
            for line in body.splitlines():
                if line.startswith("$ sdsim "):
                    status = main(shlex.split(line.removeprefix("$ sdsim ")))
                    assert status == 0, f"{line}\n{capfd.readouterr().err}"
        elif kind == "python":
            exec(compile(body, name_of(page), "exec"), shared)


def write_named(folder: Path, before: str, body: str) -> None:
    """Put a block of TOML or CSV into the file that the page calls it, if it does."""
    if named := FILE.findall(before[-300:]):
        target = folder / named[-1]
        target.parent.mkdir(exist_ok=True)
        target.write_text(body, encoding="utf-8")


def test_the_reference_has_every_public_name() -> None:
    page = (DOCS / "pages/reference/api.md").read_text(encoding="utf-8")
    written = re.findall(r"^::: sdsim\.([\w.]+)$", page, re.M)
    assert len(written) == len({*written})
    names = {name.rpartition(".")[2] for name in written}
    assert names - {"path"} == {*sdsim.__all__} - {"__version__"}


@pytest.mark.parametrize("script", NOTEBOOKS, ids=name_of)
@pytest.mark.usefixtures("beside_models")
def test_a_notebook_runs(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = script.read_text(encoding="utf-8")
    exec(compile(text, str(script), "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_the_site_builds_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = load_config(str(DOCS / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True)
    with caplog.at_level(logging.WARNING, logger="mkdocs"):
        build(config)
    assert not [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "https://fonts" not in index, "nothing is fetched from elsewhere"
    builtins = (tmp_path / "site" / "reference" / "builtins.html").read_text(encoding="utf-8")
    assert "SMOOTH3I" in builtins
    run = (tmp_path / "site" / "howto" / "run.html").read_text(encoding="utf-8")
    assert "--check-dt" in run
