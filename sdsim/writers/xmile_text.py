"""XMILE's notation: names, numbers, calls (XMILE 1.0, chapter 3)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from sdsim.base import names
from sdsim.base.errors import UnsupportedError
from sdsim.functions import NAMES
from sdsim.ir.expr import Call, Expr, Lookup, Ref
from sdsim.ir.model import Model
from sdsim.writers.notation import Dialect, number, printed

_BARE = re.compile(r"[^\W\d_]\w*(?: \w+)*")
_WORDS = {"and": "AND", "or": "OR", "not": "NOT"}
_LEVELS = {"or": 1, "and": 2, "=": 3, "<>": 3, "<": 4, "<=": 4, ">": 4, ">=": 4,
           "+": 5, "-": 5, "*": 6, "/": 6, "not": 7}  # fmt: skip
_RESERVED = frozenset(("and", "or", "not", "mod", "if", "then", "else", "time", "dt", "starttime",
                       "stoptime", "pi", "inf", "nan", "self", "init", "sum", "mean", "size",
                       "vensim", "std", "isee"))  # fmt: skip

Spell = Callable[[list[str]], str | None]


def _as(word: str) -> Spell:
    return lambda a: f"{word}({', '.join(a)})"


def _with_order(word: str) -> Spell:
    """(input, time, order, initial value): Vensim has the initial value before the order."""
    return lambda a: f"{word}({', '.join((a[0], a[1], a[3], a[2]))})"


def _uniform(a: list[str]) -> str | None:
    return f"RANDOM({a[0]}, {a[1]})" if len(a) == 3 and a[2] == "0" else None


def _normal(a: list[str]) -> str | None:
    if len(a) < 5 or a[4] != "0":
        return None
    ends = "" if (a[0], a[1]) == ("-1e+30", "1e+30") else f", 0, {a[0]}, {a[1]}"
    return f"NORMAL({a[2]}, {a[3]}{ends})"


def _exponential(a: list[str]) -> str | None:
    plain = len(a) == 5 and a[:3] == ["0", "1e+30", "0"] and a[4] == "0"
    return f"EXPRND({a[3]})" if plain else None


#: Calls by our name as XMILE has them; a row may not fit, and then the name is Vensim's.
CALLS: dict[str, Spell] = {
    **{n: _as(n.upper()) for n in (
        "abs", "exp", "ln", "sqrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh",
        "cosh", "tanh", "int", "log10", "min", "max", "step", "ramp", "trend", "sum",
        "prod", "stddev", "rank", "lognormal", "logistic", "weibull", "pareto", "triangular",
        "geometric", "montecarlo", "poisson", "gammaln", "factorial", "combinations",
        "permutations", "normalcdf", "invnorm", "gamma", "beta", "negbinomial", "history",
        "derivn", "lookupinv", "lookuparea",
    )},
    "if then else": lambda a: f"(IF {a[0]} THEN {a[1]} ELSE {a[2]})",
    "pi": lambda a: "PI", "nan": lambda a: "NAN",
    "stella npv": _as("NPV"), "initial": _as("INIT"), "vmin": _as("MIN"), "vmax": _as("MAX"),
    "smooth": _as("SMTH1"), "smoothi": _as("SMTH1"),
    "smooth3": _as("SMTH3"), "smooth3i": _as("SMTH3"), "smooth n": _with_order("SMTHN"),
    "delay1": _as("DELAY1"), "delay1i": _as("DELAY1"),
    "delay3": _as("DELAY3"), "delay3i": _as("DELAY3"), "delay n": _with_order("DELAYN"),
    "delay fixed": _as("DELAY"), "forecast": _as("FORCST"),
    "random uniform": _uniform, "random normal": _normal, "random exponential": _exponential,
}  # fmt: skip


class Spelling:
    """How the canonical names of a model are written; `foreign` collects Vensim's functions."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.shown = {k: v.name for k, v in model.variables.items()}
        self.ranges: dict[str, str] = {}
        for d in model.dimensions.values():
            self.ranges |= dict(zip(d.elements, d.labels, strict=True))
        self.ranges |= {k: d.name for k, d in model.dimensions.items()}
        self.foreign: dict[str, None] = {}

    def name(self, key: str) -> str:
        """A variable in an equation."""
        if key == names.TIME and key not in self.shown:
            return "TIME"
        if key == names.TIME_STEP and "dt" not in self.shown:
            return "DT"
        return identifier(self.shown.get(key) or self.ranges.get(key, key))

    def subscript(self, key: str) -> str:
        """A dimension or element; a range to reduce over gets a star."""
        bare = key.removesuffix("!")
        said = self.ranges.get(bare, bare)
        text = said if said.isdecimal() and said == str(int(said)) else identifier(said)
        return f"*:{text}" if key.endswith("!") else text

    def subscripts(self, key: str, subs: Iterable[str]) -> str:
        """``[a, b]``, or nothing; a whole dimension that is run over is ``*``."""
        owner = self.model.variables.get(key)
        dims = owner.dims if owner else ()
        parts = [
            "*" if k < len(dims) and s == f"{dims[k]}!" else self.subscript(s)
            for k, s in enumerate(subs)
        ]
        return f"[{', '.join(parts)}]" if parts else ""

    def expression(self, root: Expr) -> str:
        """An equation.

        Raises
        ------
        UnsupportedError : texts, and tables in the middle of it.
        """

        def table(_: Lookup) -> str:
            raise UnsupportedError("a table in the middle of an equation")

        def reference(node: Ref) -> str:
            return self.name(node.name) + self.subscripts(node.name, node.subs)

        dialect = Dialect(_LEVELS, _WORDS, _number, reference, table, self._call)
        text = printed(root, dialect)
        # A choice that is the whole equation needs no parentheses.
        whole = isinstance(root, Call) and root.name == "if then else"
        return text[1:-1] if whole else text

    def _call(self, node: Call, parts: list[str]) -> str:
        if node.name in self.model.variables:
            head = self.name(node.name) + self.subscripts(node.name, node.subs)
            return f"{head}({', '.join(parts)})"
        if any(p.startswith("'") for p in parts):
            raise UnsupportedError(f"{node.name.upper()} takes a text, which XMILE lacks")
        row = CALLS.get(node.name)
        said = row(parts) if row else None
        if said is None:
            self.foreign[node.name.upper()] = None
            said = f"vensim.{node.name.upper().replace(' ', '_')}({', '.join(parts)})"
        return said


def _number(value: float) -> str:
    if math.isinf(value):
        return "-INF" if value < 0 else "INF"
    return number(value)


def identifier(name: str) -> str:
    """A name as equations have it: blanks as underscores, in quotes where it needs them."""
    key = names.canonical(name)
    plain = _BARE.fullmatch(name) and key not in NAMES and key not in _RESERVED
    if plain and key not in CALLS and not set(key.split()) & {"and", "or", "not", "mod", "if",
                                                             "then", "else"}:  # fmt: skip
        return name.replace(" ", "_")
    return '"' + name.replace('"', '\\"') + '"'


def attribute(name: str) -> str:
    """A name as attributes have it."""
    return identifier(name) if '"' in name else name
