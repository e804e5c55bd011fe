"""Pages made from the code when the documentation is built, so that they cannot grow stale.

Builtins from the function tables, limits from `sdsim.base.limits`, options from the parsers of the
command line, notebooks from scripts in percent form, and files that live elsewhere in the
repository (the changelog, the formats of specs and claims).
"""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

HERE = Path(__file__).parent
ROOT = HERE.parent
#: Pages that are files of the repository: page, file.
ELSEWHERE = {
    "reference/sweep_spec.md": "sdsim/sweeps/README.md",
    "reference/calibration_spec.md": "sdsim/calibration/README.md",
    "reference/claims.md": "sdsim/claims/README.md",
    "reference/changes.md": "CHANGELOG.md",
}
#: Where links within those files lead in the documentation.
LINKS = {"../claims/README.md": "claims.md", "../sweeps/README.md": "sweep_spec.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    made = {
        "reference/builtins.md": builtins(),
        "reference/limits.md": limits(),
        "reference/cli.md": command_line(),
    }
    for page, source in ELSEWHERE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        for link, target in LINKS.items():
            text = text.replace(f"({link}", f"({target}")
        made[page] = text
    for script in sorted((HERE / "notebooks").glob("*.py")):
        made[f"notebooks/{script.stem}.md"] = notebook(script.read_text(encoding="utf-8"))
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the options of a command where a page asks for them: ``{{ options run }}``."""
    return re.sub(r"\{\{ options (\w+) \}\}", lambda m: options(m[1]), markdown)


# --- the command line -------------------------------------------------------------------------


def command_line() -> str:
    """Every command with its options."""
    from sdsim.cli.main import COMMANDS

    parts = ["# Command line\n\n`sdsim COMMAND --help` prints the same.\n"]
    for name in COMMANDS:
        parts.append(f"## sdsim {name}\n\n{options(name)}\n")
    return "\n".join(parts)


def options(name: str) -> str:
    """What a command says of itself, and a table of its options."""
    module = importlib.import_module(f"sdsim.cli.{name}_command")
    parser = argparse.ArgumentParser(prog=f"sdsim {name}", add_help=False)
    module.arguments(parser)
    return f"{module.HELP}\n\n" + "\n".join(_arguments(parser)) + "\n"


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """A table of a parser's options; after it, for each way to use it, a title and its table."""
    rows = ["| argument | meaning |", "|---|---|"]
    ways: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            ways += action.choices.items()
            continue
        if isinstance(action, argparse._HelpAction):
            continue
        words = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        if action.option_strings and action.nargs != 0:
            value = action.metavar or "{" + ",".join(map(str, action.choices or ("VALUE",))) + "}"
            words = f"{words} {value if isinstance(value, str) else ' '.join(value)}"
        said = (action.help or "").replace("%%", "%").replace("|", "\\|")
        rows.append(f"| `{words.replace('|', '/')}` | {said} |")
    yield from rows if len(rows) > 2 else ()
    for name, way in ways:
        yield f"\n**{parser.prog} {name}**: {way.description}\n"
        yield from _arguments(way)


# --- the engine -------------------------------------------------------------------------------


def builtins() -> str:
    """A table of the builtins by room."""
    from sdsim import functions

    parts = [
        "# Builtins\n\nEvery function that runs; each is a row in a file of `sdsim/functions`. "
        "Names are those of Vensim; XMILE's own words are mapped to them on reading "
        "(`sdsim/readers/xmile/words.py`).\n"
    ]
    tables = {
        "Functions of numbers": functions.FUNCTIONS,
        "With a memory: delays, smooths, samples, conveyors": functions.STATEFUL,
        "Over the elements of a range": functions.VECTOR,
        "Of lookups and data": functions.TABLES,
    }
    for title, rows in tables.items():
        parts.append(f"## {title}\n\n| name | arguments | source |\n|---|---|---|")
        for name, row in sorted(rows.items()):
            least, most = row.arity
            many = str(least) if least == most else f"{least} to {most}"
            many = f"{least} or more" if most >= 1000 else many
            parts.append(f"| `{name.upper()}` | {many} | {getattr(row, 'source', '')} |")
        parts.append("")
    refused = "\n".join(
        f"| `{name.upper()}` | {remedy} |" for name, remedy in sorted(functions.REFUSED.items())
    )
    parts.append(f"## Refused by name\n\n| name | instead |\n|---|---|\n{refused}\n")
    return "\n".join(parts)


def limits() -> str:
    """The limits on files, from their file."""
    text = (ROOT / "sdsim/base/limits.py").read_text(encoding="utf-8")
    return (
        "# Limits\n\n"
        "A model file is data, and it may ask only so much of the machine. `SDSIM_LARGE=1` in the "
        "environment multiplies the limits marked * by 20, for a file that you trust.\n\n"
        + "\n".join(_limits(text))
        + "\n"
    )


def _limits(text: str) -> Iterator[str]:
    title, rows = "", []
    for line in [*text.splitlines(), "# --- end ---"]:
        if head := re.match(r"# --- (.+?) -+$", line):
            if rows:
                yield f"## {title[:1].upper()}{title[1:]}\n\n| limit | value | of |\n|---|---|---|"
                yield from rows
                yield ""
            title, rows = head[1], []
        elif title and (row := re.match(r"([A-Z_]+) = (.+?)(?:  # (.+))?$", line)):
            value = row[2].replace("_TIMES", "").strip(" *").replace("_", ",")
            star = "*" if "_TIMES" in row[2] else ""
            name = row[1].lower().replace("_", " ")
            rows.append(f"| {name} | {value}{star} | {row[3] or ''} |")


# --- notebooks --------------------------------------------------------------------------------


def notebook(script: str) -> str:
    """A script in percent form as a page: text cells as they are, code cells as blocks."""
    cells = re.split(r"^# %%(.*)$", script, flags=re.M)
    out = []
    for kind, body in zip(cells[1::2], cells[2::2], strict=True):
        body = body.strip("\n")
        if "[markdown]" in kind:
            out.append(re.sub(r"^# ?", "", body, flags=re.M))
        elif body:
            out.append(f"```python\n{body}\n```")
    return "\n\n".join(out) + "\n"
