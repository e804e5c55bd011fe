"""The rows of the function tables, and the interfaces for writing them into a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sdsim.base.errors import ModelError, counted
from sdsim.ir.expr import Expr, Lookup


class Builder(Protocol):
    """A program under construction; a value is the number of an operation."""

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
        """Declare that the right-hand side may jump or bend at these times."""

    def table(self, points: Lookup, at: int, watched: bool = True) -> int:
        """The value of a table at ``at``, according to the table's kind; reading a watched table
        beyond its ends gives a warning."""

    def once(self, key: object, make: Callable[[], Sequence[int]]) -> Sequence[int]:
        """The result of ``make``, called only once per key: several values that belong together."""

    def inverted(self, cells: Sequence[int], inverse: Sequence[int]) -> None:
        """Declare the inverse of a square matrix, both row by row; the user is warned if rounding
        spoils it."""

    def known(self, value: int) -> float | None:
        """The number a value is in every run; None if it varies."""

    def draw(self) -> int:
        """A new uniform random number in (0, 1), constant over a time step."""


@dataclass(frozen=True)
class Function:
    """A builtin that becomes scalar operations.

    arity : fewest and most arguments.
    units : how units of measure pass through, for `sdsim.unitcheck`: ``none`` (arguments and result
        dimensionless), ``same`` (all alike, including the result), ``first`` (result as the first
        argument), ``any`` (no rule), or another word known to the unit checker.
    source : where the meaning is defined.
    """

    name: str
    arity: tuple[int, int]
    lower: Callable[[Builder, Sequence[int]], int]
    units: str
    source: str


@dataclass(frozen=True)
class Stateful:
    """A builtin that becomes stocks and auxiliaries.

    expand : (maker, arguments) -> the expression that replaces the call. The maker adds
        hidden variables: ``maker.add(expression)`` gives a reference to a new auxiliary,
        ``maker.stock(initial, net)`` one to a new stock with the net flow ``net(reference)``.
    """

    name: str
    arity: tuple[int, int]
    expand: Callable[[Maker, tuple[Expr, ...]], Expr]
    units: str
    source: str


class Maker(Protocol):
    """Adds hidden variables while a stateful call is being expanded."""

    def add(self, expr: Expr) -> Expr:
        """A reference to a new auxiliary with this equation."""

    def stock(self, initial: Expr, net: Callable[[Expr], Expr]) -> Expr:
        """A reference to a new stock; ``net(reference)`` is its net flow."""

    def along(self, expr: Expr, what: str) -> tuple[list[Expr], list[Expr]]:
        """References to ``expr`` at each element along its last subscript; and for each whether it
        is the element written there or, for a range, the element of the equation."""

    def elements(self, expr: Expr, back: int, what: str) -> tuple[str, ...]:
        """The elements along a subscript of a reference, counted from its end; for a single
        element, those of its range."""

    def met(self, name: str, last: str) -> frozenset[float] | None:
        """The numbers in a table of constants at the element ``last`` of its last subscript; None
        if they are known only during the run."""

    def shared(self, expr: Expr) -> Expr:
        """As ``add``, but one variable for all elements along the equation's last subscript."""

    def held(self, initial: Expr, becomes: Callable[[Expr], Expr]) -> Expr:
        """A reference to a value held over each time step; ``becomes(reference)`` is its value one
        step later."""

    def own(self, back: int, what: str) -> list[Expr]:
        """For each element of a subscript of the equation, counted from the end: is it this one?"""

    def constant(self, expr: Expr) -> float | None:
        """The value of an expression known before the run, otherwise None."""

    def lookup(self, expr: Expr, what: str) -> None:
        """Refuse an argument that is not the name of a lookup; the error names it."""

    def number(self, expr: Expr, what: str) -> float:
        """The value of an expression that must be known before the run, such as an order."""

    def most(self, expr: Expr, what: str) -> int:
        """The largest whole number that a changing expression, such as an order, may reach."""

    def nonzero(self, expr: Expr, what: str) -> Expr:
        """``expr``; refused by name if it is plainly zero or negative."""


@dataclass(frozen=True)
class Vector:
    """A builtin over the elements of a dimension.

    combine : the argument lists, one per element -> one expression.
    """

    name: str
    arity: tuple[int, int]
    combine: Callable[[Sequence[tuple[Expr, ...]]], Expr]
    units: str
    source: str


def check_arity(name: str, got: int, arity: tuple[int, int], label: str = "") -> None:
    """Refuse a call with the wrong number of arguments.

    Raises
    ------
    ModelError : too few or too many arguments.
    """
    low, high = arity
    if low <= got <= high:
        return
    wanted = f"{low} to {high} arguments" if low != high else counted(low, "argument")
    if high >= 1000:
        wanted = f"{low} or more arguments"
    few = "add what is missing" if got < low else "delete the extra ones"
    raise ModelError(f"{label or name.upper()} takes {wanted}, got {got}", remedy=few)
