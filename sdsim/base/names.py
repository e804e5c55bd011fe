"""The only place where a name is normalised."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"(?:\\[nrt]|[\s_\u00a0])+")

TIME = "time"
INITIAL_TIME = "initial time"
FINAL_TIME = "final time"
TIME_STEP = "time step"
SAVEPER = "saveper"
CONTROL = (INITIAL_TIME, FINAL_TIME, TIME_STEP, SAVEPER)

#: Stands in the name of every part that the library adds to a model. No file can spell it: readers
#: refuse names with the invisible character (U+2060) in it.
PART = "\N{MIDDLE DOT}\N{WORD JOINER}"


def part(name: str, what: str) -> str:
    """The name of a part that the library adds to a variable."""
    return f"{name} {PART} {what}"


def display(name: str) -> str:
    """The name as a person writes it: quotes removed, escapes resolved, runs of blanks single."""
    name = name.strip()
    if not name.isascii():  # letters with accents come in one piece or in two
        name = unicodedata.normalize("NFC", name)
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"')
    return _SPACE.sub(" ", name.replace("_", " ")).strip()


def canonical(name: str) -> str:
    """The form in which two spellings of one name are equal.

    Case, and any run of blanks and underscores, do not count; quotes are no part of the name.
    """
    return display(name).casefold()


def spoken(label: str) -> str:
    """The label of a part that the library added becomes that of the variable it belongs to."""
    if label[:1] == "#":
        return label
    return re.sub(rf" {PART} [\d.]+|(?<=.)>[^>\[\]]+#", "", label).replace(PART, "·")


def element_label(name: str, elements: tuple[str, ...]) -> str:
    """``Name[a,b]``: how one element of a subscripted variable is written."""
    return f"{name}[{','.join(elements)}]" if elements else name
