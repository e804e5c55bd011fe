"""Numbers formatted for people: a few significant digits, thousands separators, one style."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Numbers of this size or more, or below the second, are written with a power of ten.
LARGE, SMALL = 1e12, 1e-3
#: Numbers smaller than this share of the largest in their table are written as 0.
NOTHING = 1e-8


@dataclass(frozen=True)
class Style:
    """How the numbers in one table, map or axis are written.

    digits : significant digits.   largest : size of the largest number; numbers below `SMALL` take
        a power of ten only if all of them are.
    """

    digits: int = 4
    largest: float = 0.0

    def __call__(self, value: float) -> str:
        """A number as text: ``1,760``, ``894``, ``0.0123``; ``n/a`` if there is none."""
        size = abs(value)
        if math.isnan(size):
            return "n/a"
        if math.isinf(size):
            return "infinite" if value > 0 else "-infinite"
        if size == 0 or size < NOTHING * self.largest:
            return "0"
        if size >= LARGE or max(size, self.largest) < SMALL:
            head, _, power = f"{value:.{self.digits - 1}e}".partition("e")
            return f"{_bare(head)}e{int(power)}"
        return _bare(f"{value:,.{max(self.digits - 1 - math.floor(math.log10(size)), 0)}f}")

    def signed(self, value: float) -> str:
        """The same, with a plus sign before positive numbers."""
        return f"+{self(value)}" if value > 0 else self(value)


def style_of(values: Iterable[float], digits: int = 4) -> Style:
    """The style for numbers shown together."""
    sizes = [abs(float(v)) for v in values]
    return Style(digits, max((s for s in sizes if math.isfinite(s)), default=0.0))


def shown(value: float, digits: int = 4) -> str:
    """A single number as text."""
    return Style(digits)(float(value))


def listed(items: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    more = len(items) - most
    names = ", ".join(items[:most] if more > 1 else items)
    return f"{names} and {more:,} others" if more > 1 else names


def _bare(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
