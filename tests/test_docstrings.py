"""What docstrings, comments and pages speak of is there."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sdsim

ROOT = Path(sdsim.__file__).parent
FILES = sorted(p for p in ROOT.rglob("*.py") if p.name != "__main__.py")
#: ``sdsim.room.module.name`` in code marks.
_DOTTED = re.compile(r"`(sdsim(?:\.\w+)+)(?:\(\))?`")
#: A single name in single marks: `Name`, `Class.method`, `module.name`.
_SINGLE = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.\w+)*)(?:\(\))?`(?!`)")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def found(dotted: str) -> bool:
    """Whether a dotted name leads to a module, or to something in one."""
    parts = dotted.split(".")
    for n in range(len(parts), 0, -1) if all(parts) else ():
        try:
            at: object = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for name in parts[n:]:
            fields = getattr(at, "__dataclass_fields__", {})
            if name in fields or name in getattr(at, "__annotations__", {}):
                return True
            if not hasattr(at, name):
                return False
            at = getattr(at, name)
        return True
    return False


def docstrings(path: Path) -> Iterator[tuple[int, str, ast.AST]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (
            text := ast.get_docstring(node)
        ):
            yield getattr(node, "lineno", 1), text, node


def elsewhere() -> set[str]:
    """Functions and classes of any file, and ``Class.name`` of what classes have."""
    out: set[str] = set()
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                out.add(node.name)
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef):
                        out.add(f"{node.name}.{part.name}")
                    elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        out.add(f"{node.name}.{part.target.id}")
    return out


def test_dotted_names_lead_somewhere() -> None:
    wrong = []
    pages = [*FILES, *ROOT.rglob("*.md"), ROOT.parent / "README.md"]
    for path in pages:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            wrong += [
                f"{path.relative_to(ROOT.parent)}:{number}: {name}"
                for name in _DOTTED.findall(line) if not found(name)
            ]  # fmt: skip
    assert wrong == []


def test_names_in_docstrings_are_known_where_they_stand() -> None:
    """A name in single marks is one of the module, an argument, public, or defined elsewhere in the
    package: a function, a class or what a class has, a module beside."""
    wrong = []
    public = {*dir(sdsim), *dir(builtins), *elsewhere()}
    for path in FILES:
        module = importlib.import_module(module_of(path))
        known = public | set(dir(module))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.arg):
                known.add(node.arg)
            elif isinstance(node, ast.Attribute):
                known.add(node.attr)
            elif isinstance(node, ast.Name):
                known.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                known.add(node.name)
        for value in list(vars(module).values()):
            if inspect.isclass(value):
                known |= {*dir(value), *getattr(value, "__dataclass_fields__", {})}
        own = {*dir(module)}
        for number, text, _ in docstrings(path):
            for name in _SINGLE.findall(text):
                if name.startswith("sdsim."):
                    continue
                first, _, rest = name.partition(".")
                beside = f"{module.__name__.rpartition('.')[0]}.{name}"
                if (
                    first in ("README", "xarray", "scipy")
                    or found(beside)
                    or found(f"sdsim.{name}")
                    or found(name)
                ):
                    continue
                if name not in known and (
                    first not in own or (rest and first not in public and rest not in known)
                ):
                    wrong.append(f"{path.relative_to(ROOT.parent)}:{number}: {name}")
    assert wrong == []


@pytest.mark.parametrize("name", ["sdsim.backends.llvm.Llvm", "sdsim.ir.program.Program.gaps"])
def test_the_search_finds_what_is_there(name: str) -> None:
    assert found(name)
    assert not found(f"{name}.nothing")
    assert not found(name.replace("sdsim.", "sdsim.no"))
