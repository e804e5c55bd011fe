"""What a row of the function tables is, and what it may ask of the program being built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sdsim.base.errors import ModelError, counted
from sdsim.ir.expr import Expr, Lookup


class Builder(Protocol):
    """A program under construction: values are numbers of operations."""

    def const(self, value: float) -> int:
        """A constant."""

    def op(self, code: str, *args: int, data: float = 0.0) -> int:
        """The value of an operation; equal operations give the same value."""

    def time(self) -> int:
        """The time at which the expression is evaluated."""

    def event(self) -> int:
        """The time that decides what STEP and PULSE see."""

    def dt(self) -> int:
        """TIME STEP."""

    def breaks(self, first: int, period: int = -1, end: int = -1) -> None:
        """Say that the right-hand side may jump or bend at these times."""

    def table(self, points: Lookup, at: int, watched: bool = True) -> int:
        """A table read at a value, in the way that its kind says; a user hears of it where a
        watched one is read beyond its ends."""

    def once(self, key: object, make: Callable[[], Sequence[int]]) -> Sequence[int]:
        """What ``make`` gives, made once for each key: several values that belong together."""

    def inverted(self, cells: Sequence[int], inverse: Sequence[int]) -> None:
        """Say that a square matrix has this inverse, both row by row; a user hears of it where
        rounding leaves little of that."""

    def known(self, value: int) -> float | None:
        """The number that a value is, where it is the same in every run."""

    def draw(self) -> int:
        """A fresh uniform random number in (0, 1), constant over a time step."""


@dataclass(frozen=True)
class Function:
    """A builtin that becomes scalar operations.

    arity : fewest and most arguments.
    units : how dimensions pass through, for `sdsim.unitcheck`: ``none`` (arguments and result
        dimensionless), ``same`` (all alike, result too), ``first`` (result as the first argument),
        ``any`` (no rule), or a word that the unit checker has a rule for.
    source : where the meaning is defined.
    """

    name: str
    arity: tuple[int, int]
    lower: Callable[[Builder, Sequence[int]], int]
    units: str
    source: str


@dataclass(frozen=True)
class Stateful:
    """A builtin that stands for stocks.

    expand : (maker, arguments) -> the expression that takes the call's place. The maker adds
        hidden variables: ``maker.add(expression)`` gives a reference to a new auxiliary,
        ``maker.stock(initial)`` one to a new stock whose flow is set with ``maker.flow``.
    """

    name: str
    arity: tuple[int, int]
    expand: Callable[[Maker, tuple[Expr, ...]], Expr]
    units: str
    source: str


class Maker(Protocol):
    """Adds hidden variables while a stateful call is being written out."""

    def add(self, expr: Expr) -> Expr:
        """A reference to a new auxiliary with this equation."""

    def stock(self, initial: Expr, net: Callable[[Expr], Expr]) -> Expr:
        """A reference to a new stock; ``net(reference)`` is its net flow."""

    def along(self, expr: Expr, what: str) -> tuple[list[Expr], list[Expr]]:
        """A subscripted reference at each element along its last subscript; and, for each, whether
        that is the element it has there, or, for a range, the one that the equation is for."""

    def elements(self, expr: Expr, back: int, what: str) -> tuple[str, ...]:
        """The elements that the subscript of a reference runs along, counted from its end; for an
        element, those of its range."""

    def met(self, name: str, last: str) -> frozenset[float] | None:
        """The numbers that a table of constants has under the element ``last`` of its last
        subscript; None where a run has to tell."""

    def shared(self, expr: Expr) -> Expr:
        """As ``add``, one for all elements along the equation's last subscript."""

    def held(self, initial: Expr, becomes: Callable[[Expr], Expr]) -> Expr:
        """A reference to a value that is held over each time step; ``becomes(reference)`` is what
        it is one step later."""

    def own(self, back: int, what: str) -> list[Expr]:
        """For each element of the equation's subscript, counted from the end: is it for it?"""

    def constant(self, expr: Expr) -> float | None:
        """The value of an expression that is known before the run, None for another."""

    def lookup(self, expr: Expr, what: str) -> None:
        """Refuse by name what is not the name of a lookup."""

    def number(self, expr: Expr, what: str) -> float:
        """The value of an expression that must be known before the run, such as an order."""

    def most(self, expr: Expr, what: str) -> int:
        """The largest whole number that an expression which changes, such as an order, may be."""

    def nonzero(self, expr: Expr, what: str) -> Expr:
        """``expr``, refused by name where it is plainly zero or negative."""


@dataclass(frozen=True)
class Vector:
    """A builtin over the elements of a dimension.

    combine : the argument lists, one for each element -> one expression.
    """

    name: str
    arity: tuple[int, int]
    combine: Callable[[Sequence[tuple[Expr, ...]]], Expr]
    units: str
    source: str


def check_arity(name: str, got: int, arity: tuple[int, int], label: str = "") -> None:
    """
    Raises
    ------
    ModelError : a call with too few or too many arguments.
    """
    low, high = arity
    if low <= got <= high:
        return
    wanted = f"{low} to {high} arguments" if low != high else counted(low, "argument")
    if high >= 1000:
        wanted = f"{low} or more arguments"
    few = "add what is missing" if got < low else "delete those too many"
    raise ModelError(f"{label or name.upper()} takes {wanted}, got {got}", remedy=few)
