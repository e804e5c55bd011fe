"""Parses XMILE's equations (XMILE 1.0, chapter 3.3) into expressions with names as written.

The parser is lark's LALR: built once from the grammar below, exact about positions, and not
recursive, so that long sums are safe.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from lark import Lark, Transformer, v_args
from lark.exceptions import UnexpectedEOF, UnexpectedInput, VisitError

from sdsim.base import limits
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, walk
from sdsim.readers.checks import added

#: A call that stands for an array with computed subscripts; no name in a file is spelled so.
COMPUTED = "#element"

_COMMENT = re.compile(r"\{[^}]*\}")
_WORD = r"(?!(?:if|then|else|or|and|not@MORE@)\b)[^\W\d]"
_PART = r'(?:"(?:\\.|[^"\\])*"|@FIRST@[\w$' + "'’" + r"]*)"
#: Words joined by dots, each quoted or not, or with blanks, as in macros.
_NAME = (
    r"\.?" + _PART.replace("@FIRST@", _WORD.replace("@MORE@", ""))
    + r"(?:\." + _PART.replace("@FIRST@", r"[^\W\d]") + ")*"
    + r"(?:[ ]+" + _WORD.replace("@MORE@", "|mod") + r"[\w$']*)*"
)  # fmt: skip
_GRAMMAR = r"""
start: expr ((","|";") expr)* (","|";")?
?expr: IF expr THEN expr ELSE expr -> choice
     | IF expr THEN expr -> half
     | or_
?or_: and_ | or_ OR and_ -> logical
?and_: equal | and_ AND equal -> logical
?equal: relation | equal (EQ | NE) relation -> binary
?relation: sum | relation (LE | GE | LT | GT) sum -> binary
?sum: product | sum (PLUS | MINUS) product -> binary
?product: unary | product (STAR | SLASH) unary -> binary
        | product MOD unary -> modulo
        | product SAFE unary -> safely
?unary: MINUS unary -> minus
      | PLUS unary -> plus
      | NOT unary -> negation
      | power
      | power NOT -> afterwards
?power: atom | atom POWER exponent -> raised
?exponent: MINUS exponent -> minus
         | PLUS exponent -> plus
         | power
?atom: NUMBER -> number
     | NAME -> name
     | NAME "(" [expr ("," expr)*] ")" -> call
     | NAME "[" sub ("," sub)* "]" -> indexed
     | NAME "[" sub ("," sub)* "]" "(" expr ")" -> looked
     | "(" expr ")"
?sub: STAR -> star
    | AT NUMBER -> position
    | expr ":" expr -> between
    | STAR ":" NAME -> within
    | expr

IF.3: /if\b/i
THEN.3: /then\b/i
ELSE.3: /else\b/i
OR.3: /or\b/i
AND.3: /and\b/i
NOT.3: /not\b/i
MOD.3: /mod\b/i
NE: "<>"
LE: "<="
GE: ">="
EQ: "="
LT: "<"
GT: ">"
PLUS: "+"
MINUS: "-"
STAR: "*"
SAFE.2: "//"
SLASH: "/"
POWER: "^"
AT: "@"
NUMBER: /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/
NAME: /@NAME@/i
%ignore /\s+/
%ignore /\{[^}]*\}/
""".replace("@NAME@", _NAME)


@v_args(inline=True)
class _Tree(Transformer):  # type: ignore[type-arg]
    """Builds the tree from the rules of the grammar."""

    def start(self, *parts: Expr) -> tuple[Expr, ...]:
        return parts

    def choice(self, _i: Any, test: Expr, _t: Any, yes: Expr, _e: Any, no: Expr) -> Expr:
        return Call("if then else", (test, yes, no))

    def half(self, _i: Any, test: Expr, _t: Any, yes: Expr) -> Expr:
        return Call("if then else", (test, yes, Num(0.0)))

    def logical(self, a: Expr, op: Any, b: Expr) -> Expr:
        return Binary(str(op).lower(), a, b)

    def binary(self, a: Expr, op: Any, b: Expr) -> Expr:
        return Binary(str(op), a, b)

    def raised(self, a: Expr, _op: Any, b: Expr) -> Expr:
        return Binary("^", a, b)

    def modulo(self, a: Expr, _op: Any, b: Expr) -> Expr:
        return Call("mod", (a, b))

    def safely(self, a: Expr, _op: Any, b: Expr) -> Expr:
        return Call("safediv", (a, b))

    def minus(self, _op: Any, x: Expr) -> Expr:
        return Unary("-", x)

    def plus(self, _op: Any, x: Expr) -> Expr:
        return x

    def negation(self, _op: Any, x: Expr) -> Expr:
        return Unary("not", x)

    def afterwards(self, x: Expr, _op: Any) -> Expr:
        """``x NOT``, as Stella's converter writes Vensim's ``:NOT: x``."""
        return Unary("not", x)

    def number(self, token: Any) -> Expr:
        value = float(token)
        if not math.isfinite(value):
            what = f"the number {one_line(str(token), 20)} is too large"
            raise ModelError(what, remedy="write one up to 1.8e308")
        return Num(value)

    def name(self, token: Any) -> Expr:
        return Ref(str(token))

    def call(self, token: Any, *args: Expr | None) -> Expr:
        return Call(str(token), tuple(a for a in args if a is not None))

    def indexed(self, token: Any, *subs: Any) -> Expr:
        """``a[north]``, or with computed subscripts (`COMPUTED`)."""
        written = [_subscript(s) for s in subs]
        places = [s for s, w in zip(subs, written, strict=True) if w is None]
        ref = Ref(str(token), tuple("#" if w is None else w for w in written))
        return Call(COMPUTED, (ref, *places)) if places else ref

    def looked(self, token: Any, *parts: Any) -> Expr:
        """A call of a table in an array: ``table[north](x)``."""
        subs = tuple(map(_subscript, parts[:-1]))
        if None in subs:
            raise ModelError(
                "the element of a table must be a name or number, got an expression",
                remedy="choose between tables with IF",
            )
        return Call(str(token), (parts[-1],), tuple(s for s in subs if s is not None))

    def star(self, _op: Any) -> Any:
        return _Sub("*")

    def within(self, _op: Any, name: Any) -> Any:
        return _Sub(f"*:{name}")

    def position(self, _at: Any, number: Any) -> Any:
        return _Sub(f"@{number}")

    def between(self, first: Any, last: Any) -> Any:
        ends = (_subscript(first), _subscript(last))
        if None in ends:
            what = "the ends of a range of elements must be names or numbers, got an expression"
            raise ModelError(what, remedy="write 1:3 or north:south")
        return _Sub(f"{ends[0]}:{ends[1]}")


class _Sub(str):
    """A subscript that is not an expression."""


def _subscript(part: Any) -> str | None:
    """A subscript as written; None for a computed one."""
    if isinstance(part, _Sub):
        return str(part)
    if isinstance(part, Num) and part.value == int(part.value):
        return str(int(part.value))
    if isinstance(part, Ref) and not part.subs:
        return part.name
    return None


@cache
def _parser() -> Lark:
    return Lark(
        _GRAMMAR, parser="lalr", lexer="contextual", transformer=_Tree(), maybe_placeholders=False
    )


def bare(text: str) -> str:
    """An equation without its comments, trimmed."""
    return _COMMENT.sub(" ", text).strip()


def parse_equations(text: str, line: int = 0) -> tuple[Expr, ...]:
    """The expressions of an equation, separated by commas: one, or the elements of an array.

    line : where the text starts, for messages.

    Raises
    ------
    ModelError : what was found, where, and what was expected.
    """
    if len(text) > limits.EQUATION:
        raise ModelError(
            f"an equation of {len(text):,} characters; the limit is {limits.EQUATION:,}",
            remedy="split it into several variables",
        )
    depth = 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if depth > limits.NESTING:
            what = f"parentheses nested more than {limits.NESTING} deep"
            raise ModelError(what, remedy="split it into several variables")
    try:
        found: tuple[Expr, ...] = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as e:
        at = e.pos_in_stream
        ended = (
            isinstance(e, UnexpectedEOF) or getattr(getattr(e, "token", 0), "type", "") == "$END"
        )
        if ended or at is None or not text[at:].strip():
            after = one_line(text.strip()[-30:])
            what = f"the equation ends too early, after '{after}'" if after else "has no equation"
            raise ModelError(what, remedy="complete it") from None
        before = text[:at]
        column = at - before.rfind("\n")
        where = f"'{one_line(text[at:], 30)}' (column {column})"
        remedy = "check operators, commas and parentheses"
        raise ModelError(f"cannot read the equation at {where}", remedy=remedy).at(
            line=line + before.count("\n") if line else 0
        ) from None
    except VisitError as e:
        if isinstance(e.orig_exc, ModelError):
            raise e.orig_exc from None
        raise
    for node in (n for root in found for n in walk(root)):
        if isinstance(node, Ref | Call) and (fault := added(node.name)):
            remedy = "name what the file itself defines"
            raise ModelError(fault, remedy=remedy, variable=node.name)
    return found
