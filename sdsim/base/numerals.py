"""Numbers as people read them: a few significant digits, thousands apart, one style a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: From here on, and below there, numbers are written with a power of ten.
LARGE, SMALL = 1e12, 1e-3
#: A number that is so small a share of the largest of its table is written as 0.
NOTHING = 1e-8


@dataclass(frozen=True)
class Style:
    """How the numbers of one table, map or axis are written.

    digits : significant ones.   largest : size of the largest number; those below `SMALL` take a
        power of ten only where all do.
    """

    digits: int = 4
    largest: float = 0.0

    def __call__(self, value: float) -> str:
        """``1,760``, ``894``, ``0.0123``; ``n/a`` where there is none."""
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
        """The same with a plus before what is above 0."""
        return f"+{self(value)}" if value > 0 else self(value)


def style_of(values: Iterable[float], digits: int = 4) -> Style:
    """The style of numbers that stand together."""
    sizes = [abs(float(v)) for v in values]
    return Style(digits, max((s for s in sizes if math.isfinite(s)), default=0.0))


def shown(value: float, digits: int = 4) -> str:
    """A number that stands alone."""
    return Style(digits)(float(value))


def listed(items: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    more = len(items) - most
    names = ", ".join(items[:most] if more > 1 else items)
    return f"{names} and {more:,} others" if more > 1 else names


def _bare(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
