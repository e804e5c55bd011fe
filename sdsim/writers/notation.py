"""Prints expression trees as text that a dialect's reader parses back to the same tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sdsim.base.errors import UnsupportedError
from sdsim.ir.expr import (
    Array,
    Binary,
    Call,
    Expr,
    Given,
    Lookup,
    Num,
    Ref,
    Text,
    Unary,
    fold,
    rewrite,
)

#: Binding strength of a piece of text; an atom never needs parentheses.
ATOM = 9
MINUS = 7
_POWER = 8

#: A piece of text and its binding strength.
Piece = tuple[str, int]


@dataclass(frozen=True)
class Dialect:
    """The differences between notations.

    levels : how tightly each binary operator holds, and ``not``.
    words : operators that are written otherwise than in `sdsim.ir.expr`.
    number, ref, table : a leaf as text.
    call : a call, given its arguments as text.
    """

    levels: Mapping[str, int]
    words: Mapping[str, str]
    number: Callable[[float], str]
    ref: Callable[[Ref], str]
    table: Callable[[Lookup], str]
    call: Callable[[Call, list[str]], str]


def number(value: float) -> str:
    """The shortest text that reads as exactly this number."""
    return repr(float(value)).removesuffix(".0")


def plain(root: Expr) -> Expr:
    """``root`` with minus signs drawn into numbers: the tree that its text reads as."""

    def change(node: Expr) -> Expr:
        if isinstance(node, Unary) and node.op == "-" and isinstance(node.x, Num):
            return Num(-node.x.value)
        return node

    return rewrite(root, change)


def printed(root: Expr, dialect: Dialect) -> str:
    """The text of ``root``, parentheses only where the tree would change or a reader stumble.

    Raises
    ------
    UnsupportedError : a table in the middle of an expression.
    """
    levels, words = dialect.levels, dialect.words

    def held(piece: Piece, least: int) -> str:
        return piece[0] if piece[1] >= least else f"({piece[0]})"

    def visit(node: Expr, parts: list[Piece]) -> Piece:
        match node:
            case Num(v):
                text = dialect.number(v)
                return text, MINUS if text.startswith("-") else ATOM
            case Text(v):
                if "'" in v or "\n" in v:
                    raise UnsupportedError(f"a text with a quotation mark in it, {v!r}")
                return f"'{v}'", ATOM
            case Ref():
                return dialect.ref(node), ATOM
            case Unary("-", _):
                # Never two signs in a row.
                return f"-{held(parts[0], _POWER)}", MINUS
            case Unary():
                level = levels["not"]
                return f"{words['not']} {held(parts[0], level + 1)}", level
            case Binary("^", _, _):
                # From the right, and before a minus that stands on its left.
                return f"{held(parts[0], ATOM)}^{held(parts[1], _POWER)}", _POWER
            case Binary(op, _, _):
                level = levels[op]
                compared = op in ("=", "<>", "<", "<=", ">", ">=")
                left = held(parts[0], level + 1 if compared else level)
                right = parts[1] if parts[1][1] != MINUS else (f"({parts[1][0]})", ATOM)
                return f"{left} {words.get(op, op)} {held(right, level + 1)}", level
            case Call():
                return dialect.call(node, [text for text, _ in parts]), ATOM
            case Lookup():
                return dialect.table(node), ATOM
            case Array() | Given():
                raise UnsupportedError("a table in the middle of an equation cannot be written")

    return fold(root, visit)[0]
