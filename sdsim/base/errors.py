"""The library's errors and warnings: one line that names place, fault and remedy."""

from __future__ import annotations

import datetime
import difflib
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from sdsim.base.spelling import neutral

T = TypeVar("T")
R = TypeVar("R")


class ModelError(ValueError):
    """A model, preset, override or result that cannot be used as it is.

    The text is one line, ``place: what: remedy``; the parts are also available as attributes.
    It is a `ValueError`, so code that does not know sdsim can still catch it.

    Parameters
    ----------
    what : what is wrong, expected against got.
    remedy : the next step for the reader.
    file, line : where the fault is; either may be unknown.
    variable : the display name of the variable concerned.

    Examples
    --------
    >>> model = sdsim.load("teacup.mdl")
    >>> try:
    ...     sdsim.simulate(model, {"Room Temprature": 20})
    ... except sdsim.ModelError as error:
    ...     print(error.remedy)
    did you mean 'Room Temperature'?
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str = "",
        file: str | None = None,
        line: int | None = None,
        variable: str | None = None,
    ) -> None:
        # A name of thousands of characters must not push the message itself out of the line.
        variable = one_line(variable, 120) if variable else None
        self.what, self.remedy = what, remedy
        self.file, self.line, self.variable = file, line, variable
        super().__init__(self._text())

    def _text(self) -> str:
        place = self.file or ""
        if self.line:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        parts = [p for p in (place, f"'{self.variable}'" if self.variable else "", self.what) if p]
        text = ": ".join(parts)
        if self.remedy:
            text = f"{text.rstrip('.')}; {self.remedy}"
        return one_line(text)

    def at(
        self, *, file: str | None = None, line: int | None = None, variable: str | None = None
    ) -> ModelError:
        """The same error, with any unknown parts of its place filled in."""
        return type(self)(
            self.what,
            remedy=self.remedy,
            file=self.file or file,
            line=self.line or line,
            variable=self.variable or variable,
        )

    def instead(self, file: str | None, line: int | None = None) -> ModelError:
        """The same error, reported at another place."""
        return type(self)(
            self.what, remedy=self.remedy, file=file, line=line, variable=self.variable
        )


class UnsupportedError(ModelError):
    """A construct in the model that this version cannot run; the message names it.

    Examples
    --------
    >>> try:
    ...     sdsim.simulate_many(sdsim.load("teacup.mdl"), {}, method=sdsim.Adaptive())
    ... except sdsim.UnsupportedError as error:
    ...     print(error)
    an ensemble runs on a grid; use Euler or RK4
    """


class ModelWarning(UserWarning):
    """Something in the model that is allowed but deserves a look.

    Examples
    --------
    Turn warnings into errors, so that a script stops at the first one:

    >>> import warnings
    >>> warnings.simplefilter("error", sdsim.ModelWarning)
    """


def together(faults: Sequence[ModelError]) -> ModelError:
    """Several errors as one: the first, which has the others as notes (PEP 678)."""
    for other in faults[1:]:
        faults[0].add_note(str(other))
    return faults[0]


def each(read: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What ``read`` makes of every item.

    Raises
    ------
    ModelError : the faults of all items that cannot be read; see `together`.
    """
    out, faults = [], []
    for item in items:
        try:
            out.append(read(item))
        except ModelError as e:
            faults.append(e)
    if faults:
        raise together(faults)
    return out


def warn(text: str) -> None:
    """Give a `ModelWarning`, at the line that called the library."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("sdsim."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, ModelWarning, stacklevel=level)


def one_line(text: str, limit: int = 600) -> str:
    """``text`` without line breaks or control characters, at most ``limit`` characters.

    A longer text is cut in the middle, since the fault and the remedy are at the two ends.
    """
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(flat) <= limit:
        return flat
    tail = min(200, limit // 2)
    return f"{flat[: limit - 1 - tail]}…{flat[-tail:]}"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """A remedy that suggests the known name closest to ``name``, or the empty string.

    British and American spellings of the same words count as equal.

    cutoff : the similarity required, from 0 to 1.
    """
    by_folded = {k.casefold(): k for k in known}
    wanted = neutral(name)
    for folded, k in by_folded.items():
        if neutral(folded) == wanted:
            return f"did you mean '{k}'?"
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=cutoff)
    return f"did you mean '{by_folded[close[0]]}'?" if close else ""


def suggested(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the closest known name, or else the first few known names."""
    listed = list(known)
    return nearest(name, listed) or (f"one of {some(listed)}" if listed else "there is none")


def said(value: object) -> str:
    """A value as its author would describe it: ``true``, ``the date 1979-05-27``, ``a list``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | bytes):
        return one_line(repr(value), 80)
    if isinstance(value, int) and value.bit_length() > 64:
        return f"a number of some {int(value.bit_length() * math.log10(2)) + 1} digits"
    if isinstance(value, int | float | complex):
        return f"{value}"
    if isinstance(value, datetime.date | datetime.time):
        kind = "time" if isinstance(value, datetime.time) else "date"
        return f"the {kind} {value.isoformat()}"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple | set):
        return "a list"
    word = type(value).__name__
    return f"{'an' if word[:1] in 'AEIOUaeio' else 'a'} {word}"


def some(words: Iterable[str], most: int = 8) -> str:
    """The first few items of a list: ``a, b, c, ...``."""
    listed = list(words)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")


def counted(number: int, thing: str) -> str:
    """A number with its noun: ``1 subscript``, ``2 subscripts``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
