"""XMILE's equations (XMILE 1.0, chapter 3.3) as expressions with names as written.

The parser is lark's LALR: made once from the grammar below, exact about places, and without
recursion, so that a long sum is no danger.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from lark import Lark, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, VisitError

from sdsim.errors import ModelError
from sdsim.expr import Binary, Call, Expr, Num, Ref, Unary, walk

MAX_LENGTH = 1_000_000
MAX_DEPTH = 500  # of parentheses

_QUOTED = r'"(?:\\.|[^"\\])*"(?:\."(?:\\.|[^"\\])*")*'
_WORD = r"(?!(?:if|then|else|or|and|not@MORE@)\b)[^\W\d]"
#: Words with dots between them, or with blanks, as macros have them.
_PLAIN = (
    r"\.?" + _WORD.replace("@MORE@", "") + r"(?:[\w$'’]|\.(?=[^\W\d]))*(?:[ ]+"
    + _WORD.replace("@MORE@", "|mod") + r"[\w$']*)*"
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
    | (expr | STAR) ":" expr -> between
    | expr

IF.3: /if\b/i
THEN.3: /then\b/i
ELSE.3: /else\b/i
OR.3: /or\b/i
AND.3: /and\b/i
NOT.3: /not\b/i
MOD.3: /mod\b(?!\s*\()/i
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
NAME: /@QUOTED@|@PLAIN@/i
%ignore /\s+/
%ignore /\{[^}]*\}/
""".replace("@QUOTED@", _QUOTED).replace("@PLAIN@", _PLAIN)


@v_args(inline=True)
class _Tree(Transformer):  # type: ignore[type-arg]
    """What the rules make."""

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
            raise ModelError(f"{token} is too large a number")
        return Num(value)

    def name(self, token: Any) -> Expr:
        return Ref(str(token))

    def call(self, token: Any, *args: Expr | None) -> Expr:
        return Call(str(token), tuple(a for a in args if a is not None))

    def indexed(self, token: Any, *subs: Any) -> Expr:
        return Ref(str(token), tuple(map(_subscript, subs)))

    def looked(self, token: Any, *parts: Any) -> Expr:
        """A table of an array at a place: ``table[north](x)``."""
        return Call(str(token), (parts[-1],), tuple(map(_subscript, parts[:-1])))

    def star(self, _op: Any) -> Any:
        return _Sub("*")

    def position(self, _at: Any, number: Any) -> Any:
        raise ModelError(f"@{number}: positions in subscripts are not supported")

    def between(self, *_: Any) -> Any:
        remedy = "define a dimension of those elements"
        raise ModelError("ranges in subscripts (a:b) are not supported", remedy=remedy)


class _Sub(str):
    """A subscript that is no expression."""


def _subscript(part: Any) -> str:
    if isinstance(part, _Sub):
        return str(part)
    if isinstance(part, Num) and part.value == int(part.value):
        return str(int(part.value))
    if isinstance(part, Ref) and not part.subs:
        return part.name
    raise ModelError(
        "expected the name of an element or dimension as a subscript, got an expression",
        remedy="elements that are computed during the run are not supported",
    )


@cache
def _parser() -> Lark:
    return Lark(
        _GRAMMAR, parser="lalr", lexer="contextual", transformer=_Tree(), maybe_placeholders=False
    )


def parse(text: str) -> tuple[Expr, ...]:
    """The expressions of an equation, separated by commas: one, or the elements of an array.

    Raises
    ------
    ModelError : what was found where, and what could stand there.
    """
    if len(text) > MAX_LENGTH:
        raise ModelError(f"an equation of {len(text):,} characters; the limit is {MAX_LENGTH:,}")
    depth = 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if depth > MAX_DEPTH:
            raise ModelError(f"parentheses nested more than {MAX_DEPTH} deep")
    try:
        found: tuple[Expr, ...] = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedEOF:
        raise ModelError("the equation ends too early", remedy="complete it") from None
    except UnexpectedInput as e:
        at = e.pos_in_stream or 0
        shown = text[at : at + 30].strip()
        if isinstance(e, UnexpectedCharacters) or shown:
            what = f"cannot read the equation at '{shown or text[-30:]}'"
        else:
            what = "the equation ends too early"
        raise ModelError(what) from None
    except VisitError as e:
        if isinstance(e.orig_exc, ModelError):
            raise e.orig_exc from None
        raise
    return found


def names_in(expr: Expr) -> list[str]:
    """The names of variables and functions in an expression, as written."""
    return [n.name for n in walk(expr) if isinstance(n, (Ref, Call))]
