"""What can be wrong with entries before their equations are read, each said by name and line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sdsim import names
from sdsim.errors import ModelError
from sdsim.read.scan import Entry, mask

MAX_NAME = 500  # characters
MAX_EXPRESSION = 100_000  # characters of one equation
MAX_NESTING = 100  # parentheses within parentheses

_INCOMPLETE = re.compile(r"\bA\s+FUNCTION\s+OF\s*\(|\?\?\?", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}


def check(entries: Sequence[Entry], file: str) -> None:
    """Refuse what no model may have.

    Raises
    ------
    ModelError : a name too long, reserved, or used twice; an equation that is missing,
        incomplete, too long, nested too deeply, or unbalanced; a control variable missing.
    """
    for entry in entries:
        _check_entry(entry, file)
    _check_names(entries, file)
    present = {entry.key for entry in entries}
    for control in names.CONTROL:
        if control not in present:
            value = "TIME STEP" if control == names.SAVEPER else "..."
            raise ModelError(
                f"{control.upper()} missing",
                remedy=f"add '{control.upper()} = {value} ~ ~ |'",
                file=file,
            )


def check_macro_body(entries: Sequence[Entry], file: str) -> None:
    """The same for the entries of a macro, which has no control variables."""
    for entry in entries:
        _check_entry(entry, file)
    _check_names(entries, file)


def _check_entry(entry: Entry, file: str) -> None:
    def error(what: str, remedy: str) -> ModelError:
        return ModelError(
            what, remedy=remedy, file=file, line=entry.line, variable=entry.label[:80]
        )

    for name in (entry.name, *entry.subs):
        if len(name) > MAX_NAME:
            what = f"name too long: {len(name)} characters, at most {MAX_NAME}"
            raise error(what, "give it a shorter name")
    if not entry.key:
        raise error("an empty name", "give it a name")
    if entry.key == names.TIME:
        raise error("Time is reserved: every model has it", "give it another name")
    if not entry.text and entry.kind != "data":
        raise error("no equation", "write one after the sign")
    if len(entry.text) > MAX_EXPRESSION:
        what = f"equation too long: {len(entry.text)} characters, at most {MAX_EXPRESSION}"
        raise error(what, "split it into several variables")
    hidden = mask(entry.text)
    if _INCOMPLETE.search(hidden):
        raise error("incomplete equation", "write what it depends on")
    open_: list[str] = []
    for sign in re.findall(r"[()\[\]]", hidden):
        if sign in "([":
            open_.append(sign)
            if len(open_) > MAX_NESTING:
                what = f"nesting depth over {MAX_NESTING} parentheses"
                raise error(what, "split it into several variables")
        elif not open_ or open_.pop() != _CLOSING[sign]:
            raise error(f"unbalanced parenthesis: '{sign}' closes nothing", "delete it or add one")
    if open_:
        raise error(f"unbalanced parenthesis: '{open_[-1]}' is not closed", "close it")


def _check_names(entries: Sequence[Entry], file: str) -> None:
    """A name stands for one thing; a subscripted one may have an equation for each element."""
    first: dict[str, Entry] = {}
    left: set[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = set()
    for entry in entries:
        other = first.setdefault(entry.key, entry)
        subs = tuple(map(names.canonical, entry.subs))
        excepts = tuple(tuple(map(names.canonical, group)) for group in entry.excepts)
        if other is not entry:
            known = {"file": file, "line": entry.line, "variable": entry.label[:80]}
            ranges = sum(e.kind in ("range", "copy") for e in (entry, other))
            if ranges == 1:
                raise ModelError(
                    f"both a variable and a subscript range (line {other.line})",
                    remedy="rename one",
                    **known,  # type: ignore[arg-type]
                )
            if ranges == 0 and not (entry.subs and other.subs):
                same = entry.label == other.label
                what = f"defined twice, first in line {other.line}" if same else (
                    f"the same name as '{other.label}' in line {other.line}: case, blanks and "
                    "underscores do not count"
                )  # fmt: skip
                raise ModelError(
                    what, remedy="delete one" if same else "rename one", **known  # type: ignore[arg-type]
                )
            if ranges == 0 and len(entry.subs) != len(other.subs):
                raise ModelError(
                    f"{len(entry.subs)} subscripts, but {len(other.subs)} in line {other.line}",
                    remedy="give every equation the same number",
                    **known,  # type: ignore[arg-type]
                )
            if ranges == 0 and (entry.key, subs, excepts) in left:
                raise ModelError(
                    f"[{', '.join(entry.subs)}] is defined twice",
                    remedy="delete one",
                    **known,  # type: ignore[arg-type]
                )
        left.add((entry.key, subs, excepts))
