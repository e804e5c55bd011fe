"""Normalisation of names; nothing else in the package normalises them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SPACE = re.compile(r"(?:\\[nrt]|[\s_\u00a0])+")

TIME = "time"
INITIAL_TIME = "initial time"
FINAL_TIME = "final time"
TIME_STEP = "time step"
SAVEPER = "saveper"
CONTROL = (INITIAL_TIME, FINAL_TIME, TIME_STEP, SAVEPER)

#: Marks the names of parts that the library adds to a model. No file can contain such a name:
#: readers refuse names with this invisible character (U+2060).
PART = "\N{MIDDLE DOT}\N{WORD JOINER}"


def part(name: str, what: str) -> str:
    """The name of a part that the library adds to a variable, such as a hidden stock."""
    return f"{name} {PART} {what}"


def display(name: str) -> str:
    """The name as a person writes it: no quotes, escapes resolved, single blanks."""
    name = name.strip()
    if not name.isascii():  # an accented letter may be one code point or two
        name = unicodedata.normalize("NFC", name)
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"')
    return _SPACE.sub(" ", name.replace("_", " ")).strip()


@lru_cache(1 << 16)
def canonical(name: str) -> str:
    """The form in which all spellings of one name are equal.

    Case and runs of blanks and underscores do not matter; quotes are not part of the name.
    """
    return display(name).casefold()


def spoken(label: str) -> str:
    """The label of the variable that a part added by the library belongs to."""
    if label[:1] == "#":
        return label
    return re.sub(rf" {PART} [\d.]+|(?<=.)>[^>\[\]]+#", "", label).replace(PART, "·")


def element_label(name: str, elements: tuple[str, ...]) -> str:
    """The label of one element of a subscripted variable: ``Name[a,b]``."""
    return f"{name}[{','.join(elements)}]" if elements else name
