"""The interface of a design: its factors, its number of members, and the values of any of them.

No design stores its members: member k's values are computed from k on request. They do not depend
on the number of members, except in a Latin hypercube.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, nearest, said
from sdsim.base.toml import Section
from sdsim.design.factors import Factor

Floats = NDArray[np.float64]
MAX_FACTORS = 10_000


class Design(Protocol):
    """See the module.

    kind : its keyword in specs and results.
    """

    kind: ClassVar[str]

    @property
    def alike(self) -> int:
        """The number of consecutive members that share random numbers in the model's random
        functions, because they are compared with each other."""

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors that vary."""

    @property
    def count(self) -> int:
        """The number of members."""

    def unit(self, first: int, stop: int) -> Floats:
        """(stop - first, n_factor) in [0, 1], before the distributions are applied."""

    def values(self, first: int, stop: int) -> Floats:
        """(stop - first, n_factor) values of members ``first`` to ``stop - 1``, model units."""

    def settings(self) -> dict[str, Any]:
        """The settings besides the factors, as plain data."""


@dataclass(frozen=True)
class Sample(ABC):
    """A design whose members are points of the cube of their own; a subclass gives `unit`.

    factors : what varies.   count : how many members.   seed : from 0.
    """

    kind: ClassVar[str]
    alike: ClassVar[int] = 1
    factors: tuple[Factor, ...]
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        check_factors(self.factors, self.count, self.seed)

    @abstractmethod
    def unit(self, first: int, stop: int) -> Floats:
        """See `Design`."""

    def values(self, first: int, stop: int) -> Floats:
        """See `Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `Design`."""
        return {"members": self.count, "seed": self.seed}

    @classmethod
    def made(cls, factors: tuple[Factor, ...], s: Section) -> Self:
        """From the table of a spec."""
        s.only("members", "seed")
        return cls(factors, s.whole("members", least=1), s.whole("seed", 0, least=0))


#: Designs by kind, made from factors and settings. Each design's file registers itself.
DESIGNS: dict[str, Callable[[tuple[Factor, ...], Section], Design]] = {}


def design_of(factors: tuple[Factor, ...], settings: Section) -> Design:
    """A design from its table: its ``kind``, and the settings that this kind has.

    Raises
    ------
    ModelError : an unknown kind; settings that are missing, unknown or invalid.
    """
    kind = settings.words("kind")
    if kind not in DESIGNS:
        remedy = nearest(kind, DESIGNS) or f"one of {', '.join(sorted(DESIGNS))}"
        raise settings.fault(f"no design '{kind}'", "kind", remedy)
    with settings.placing():
        return DESIGNS[kind](factors, settings.without("kind"))


def check_factors(factors: tuple[Factor, ...], count: int, seed: object = 0) -> None:
    """Refuse what no design allows.

    Raises
    ------
    ModelError : something else than factors, no factors or members, a repeated name, a seed that is
        not a whole number from 0.
    """
    listed = isinstance(factors, list | tuple)
    wrong = [f for f in factors if not isinstance(f, Factor)] if listed else [factors]
    if wrong:
        raise ModelError(
            f"expected a tuple of levers and uncertainties, got {said(wrong[0])}"
            + (" in it" if listed else ""),
            remedy='write (sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),)',
        )
    if not factors:
        raise ModelError("nothing varies", remedy="name levers or uncertainties")
    if len(factors) > MAX_FACTORS:
        raise ModelError(
            f"{len(factors):,} factors, at most {MAX_FACTORS:,}", remedy="leave some out"
        )
    seen: set[str] = set()
    for f in factors:
        key = names.canonical(f.name)
        if key in seen:
            raise ModelError("varies twice", variable=f.name, remedy="give it once")
        seen.add(key)
    check_members(count, seed)


def check_members(count: int, seed: object = 0) -> None:
    """Refuse a number of members that is not a whole one from 1, a seed that is not from 0.

    Raises
    ------
    ModelError : one of them.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ModelError(
            f"expected a whole number of members from 1, got {said(count)}",
            remedy="write one such as 100",
        )
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ModelError(
            f"the seed must be a whole number from 0, got {said(seed)}",
            remedy="write one such as 0",
        )


def check_design(design: object, expected: str) -> None:
    """Refuse what is not a design; ``expected`` begins the message.

    Raises
    ------
    ModelError : it is something else.
    """
    if isinstance(design, type) or not hasattr(design, "unit"):
        raise ModelError(
            f"{expected} a design, got {said(design)}",
            remedy="write sdsim.LatinHypercube(factors, 200) or another",
        )


def drawn(factors: tuple[Factor, ...], unit: Floats) -> Floats:
    """Values in model units from the unit cube."""
    out = np.empty(unit.shape)
    for k, f in enumerate(factors):
        out[:, k] = f.distribution.ppf(unit[:, k])
    return out
