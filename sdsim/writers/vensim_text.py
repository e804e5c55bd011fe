"""Vensim's notation: names, numbers, expressions, long lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.functions import NAMES
from sdsim.ir.expr import NA, Call, Expr, Lookup, Ref
from sdsim.ir.model import Model
from sdsim.writers.notation import Dialect, number, printed

WIDTH = 80

_BARE = re.compile(r"[^\W\d_](?:[\w$' ]*[\w'])?")
_WHOLE = re.compile(r'"(?:\\"|[^"])*"|(?<=\()\'[^\']*\'|(?<=, )\'[^\']*\'')
_LEVELS = {"or": 1, "and": 2, "not": 3, "=": 4, "<>": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
           "+": 5, "-": 5, "*": 6, "/": 6}  # fmt: skip
_WORDS = {"and": ":AND:", "or": ":OR:", "not": ":NOT:"}


def quoted(name: str) -> str:
    """A name as Vensim wants it: in quotes where it is more than letters, digits and blanks.

    Raises
    ------
    ModelError : a name that cannot be written so that it reads as itself.
    """
    if _BARE.fullmatch(name) and names.canonical(name) not in NAMES:
        return name
    text = '"' + name.replace('"', '\\"') + '"'
    if names.display(text) != name or name.endswith("\\") or '\\"' in name:
        raise ModelError("a name that Vensim does not allow", variable=name, remedy="rename it")
    return text


class Names:
    """How the canonical names of a model are written."""

    def __init__(self, model: Model) -> None:
        shown: dict[str, str] = {}
        for d in model.dimensions.values():
            shown |= dict(zip(d.elements, d.labels, strict=True))
        shown |= {k: d.name for k, d in model.dimensions.items()}
        self.subscripts = {k: quoted(n) for k, n in shown.items()}
        self.variables = {k: quoted(v.name) for k, v in model.variables.items()}

    def of(self, key: str) -> str:
        """A variable, or a dimension or element that is used as a number."""
        if key == names.TIME:
            return "Time"
        return self.variables.get(key) or self.subscript(key)

    def subscript(self, key: str) -> str:
        """A dimension or element; its ``!`` stays."""
        bare = key.removesuffix("!")
        return (self.subscripts.get(bare) or quoted(bare)) + key[len(bare) :]

    def list(self, subs: Iterable[str]) -> str:
        """``[a, b]``, or nothing."""
        inside = ", ".join(map(self.subscript, subs))
        return f"[{inside}]" if inside else ""


def _number(value: float) -> str:
    if value == NA:
        return ":NA:"
    if math.isinf(value):
        return f"({'-' if value < 0 else ''}1e+308 * 10)"
    return number(value)


def points(table: Lookup) -> str:
    """``(x,y), (x,y), ...``"""
    pairs = zip(table.x, table.y, strict=True)
    return ", ".join(f"({number(x)},{number(y)})" for x, y in pairs)


def expression(root: Expr, shown: Names) -> str:
    """An expression in Vensim's vocabulary.

    Raises
    ------
    ModelError : a name or a table that cannot be written.
    """

    def ref(node: Ref) -> str:
        return shown.of(node.name) + shown.list(node.subs)

    def call(node: Call, parts: list[str]) -> str:
        head = shown.variables.get(node.name, node.name.upper()) + shown.list(node.subs)
        return f"{head}({', '.join(parts)})"

    dialect = Dialect(_LEVELS, _WORDS, _number, ref, lambda t: f"({points(t)})", call)
    return printed(root, dialect)


def folded(text: str, indent: str) -> str:
    """``text`` in lines that Vensim joins again, broken at blanks outside quotes."""
    kept = [m.span() for m in _WHOLE.finditer(text)]
    lines, start, last, inside = [], 0, -1, 0
    for at, sign in enumerate(text):
        while inside < len(kept) and kept[inside][1] <= at:
            inside += 1
        if sign != " " or (inside < len(kept) and kept[inside][0] <= at):
            continue
        if at - start > WIDTH and last > start:
            lines.append(text[start:last])
            start = last + 1
        last = at
    if len(text) - start > WIDTH and last > start:
        lines.append(text[start:last])
        start = last + 1
    return f" \\\n{indent}".join([*lines, text[start:]])
