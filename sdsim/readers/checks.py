"""Checks entries before their equations are read; each fault is reported by name and line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.readers.scan import BIDI, Entry, Macro, Scan, mask

_INCOMPLETE = re.compile(r"\bA\s+FUNCTION\s+OF\s*\(|\?\?\?", re.IGNORECASE)
RESERVED = "Time is reserved: every model has it"
_ADDED = re.compile(r">[^>]+#$")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CLOSING = {")": "(", "]": "["}


def check(found: Scan, file: str) -> None:
    """Refuse entries that no model may have.

    Raises
    ------
    ModelError : a name too long, reserved, or used twice; an equation that is missing,
        incomplete, too long, nested too deeply, or unbalanced; a control variable missing.
    UnsupportedError : a macro with subscript ranges of its own.
    """
    for entry in found.entries:
        _check_entry(entry, file)
    _check_names(found.entries, file)
    macros: dict[str, Macro] = {}
    for macro in found.macros:
        _check_macro(macro, macros, file)
    present = {entry.key for entry in found.entries}
    for control in names.CONTROL:
        if control not in present:
            value = "TIME STEP" if control == names.SAVEPER else "..."
            raise ModelError(
                f"{control.upper()} missing",
                remedy=f"add '{control.upper()} = {value} ~ ~ |'",
                file=file,
            )


def _check_macro(macro: Macro, seen: dict[str, Macro], file: str) -> None:
    label = names.display(macro.name)[:80]
    first = seen.setdefault(names.canonical(macro.name), macro)
    if first is not macro:
        what = f"macro defined twice, first in line {first.line}"
        raise ModelError(what, remedy="delete one", file=file, line=macro.line, variable=label)
    if any(e.kind in ("range", "copy") for e in macro.entries):
        raise UnsupportedError(
            "a macro with subscript ranges is not supported in this version",
            remedy="define them outside it",
            file=file,
            line=macro.line,
            variable=label,
        )
    for entry in macro.entries:
        _check_entry(entry, file)
    _check_names(macro.entries, file)


def unusable(name: str) -> str:
    """Why no variable can have this name; empty if it is allowed."""
    if len(name) > limits.NAME:
        return f"name too long: {len(name)} characters, at most {limits.NAME}"
    if control := _CONTROL.search(name):
        return f"a control character (U+{ord(control.group()):04X}) in a name"
    if bidi := BIDI.search(name):
        return f"a character that reverses the direction of text (U+{ord(bidi.group()):04X})"
    return added(name)


def added(name: str) -> str:
    """Why a file may not use a name that is reserved for sdsim's own parts; empty if it may.

    Such names belong to the parts of SMOOTH and the like (`sdsim.base.names.PART`) and to expanded
    macros, limited flows and conveyors (``#macro 1>name#``, ``flow>wanted#``).
    """
    shown = names.display(name)
    if names.PART in shown:
        return "the name of a part that is added to a model: the character U+2060 behind a dot"
    return "the name of a part that is added to a model: >...#" if _ADDED.search(shown) else ""


def _check_entry(entry: Entry, file: str) -> None:
    def error(what: str, remedy: str) -> ModelError:
        return ModelError(
            what, remedy=remedy, file=file, line=entry.line, variable=entry.label[:80]
        )

    for name in (entry.name, *entry.subs):
        if fault := unusable(name):
            raise error(fault, "give it a shorter name")
    if not entry.key:
        raise error("an empty name", "give it a name")
    if entry.key == names.TIME:
        raise error(RESERVED, "give it another name")
    if not entry.text and entry.kind != "data":
        raise error("no equation", "write one after the sign")
    if len(entry.text) > limits.EQUATION:
        what = f"equation too long: {len(entry.text)} characters, at most {limits.EQUATION}"
        raise error(what, "split it into several variables")
    hidden = mask(entry.text)
    if _INCOMPLETE.search(hidden):
        raise error("incomplete equation", "write what it depends on")
    open_: list[str] = []
    for sign in re.findall(r"[()\[\]]", hidden):
        if sign in "([":
            open_.append(sign)
            if len(open_) > limits.NESTING:
                what = f"nesting depth over {limits.NESTING} parentheses"
                raise error(what, "split it into several variables")
        elif not open_ or open_.pop() != _CLOSING[sign]:
            raise error(f"unbalanced parenthesis: '{sign}' closes nothing", "delete it or add one")
    if open_:
        raise error(f"unbalanced parenthesis: '{open_[-1]}' is not closed", "close it")


def _check_names(entries: Sequence[Entry], file: str) -> None:
    """Check that each name is defined once; a subscripted one may have an equation per element."""
    first: dict[str, Entry] = {}
    left: set[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = set()
    for entry in entries:
        subs = tuple(map(names.canonical, entry.subs))
        excepts = tuple(tuple(map(names.canonical, group)) for group in entry.excepts)
        other = first.setdefault(entry.key, entry)
        if other is not entry:
            what, remedy = _clash(entry, other, (entry.key, subs, excepts) in left)
            if what:
                raise ModelError(
                    what, remedy=remedy, file=file, line=entry.line, variable=entry.label[:80]
                )
        left.add((entry.key, subs, excepts))


def _clash(entry: Entry, other: Entry, repeated: bool) -> tuple[str, str]:
    """What is wrong with two entries of one name, and the remedy; or two empty strings."""
    ranges = [e.kind in ("range", "copy") for e in (entry, other)]
    if all(ranges):
        return "", ""  # `dimensions` reports it
    if any(ranges):
        return f"both a variable and a subscript range (line {other.line})", "rename one"
    if not (entry.subs and other.subs):
        if entry.label == other.label:
            return f"defined twice, first in line {other.line}", "delete one"
        what = f"names collide: '{other.label}' in line {other.line}"
        return what, "rename one; case, blanks and underscores do not count"
    if len(entry.subs) != len(other.subs):
        what = f"{len(entry.subs)} subscripts, but {len(other.subs)} in line {other.line}"
        return what, "give every equation the same number"
    return (f"[{', '.join(entry.subs)}] is defined twice", "delete one") if repeated else ("", "")
