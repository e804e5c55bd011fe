"""How units pass through operators and builtins, in the notation of Vensim's manual.

``x, time, x -> x`` reads: the first and third arguments have the same unit, the second has the unit
of Time, and the result has the unit of the first. ``1`` is dimensionless, ``?`` is anything, and
``...`` repeats for every further argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache

from sdsim.functions import FUNCTIONS, KEPT, STATEFUL, TABLES, VECTOR
from sdsim.functions.tables import COMPUTED
from sdsim.unitcheck.unit import DIMENSIONLESS, Unit, parse_unit


class Open(Enum):
    """A marker used where there is no unit.

    ``NUMBER`` is a number written in an equation: it is dimensionless in a product, and fits
    whatever it is added to, compared with or set equal to. ``ANY`` is unknown. ``FAULT`` was
    reported as wrong already; nothing computed from it is reported again.
    """

    NUMBER = "number"
    ANY = "any"
    FAULT = "fault"


Dim = Unit | Open

#: The rule for each word in the ``units`` column of `sdsim.functions`, and for a few more words.
RULES: dict[str, str] = {
    "none": "1... -> 1",
    "same": "x... -> x",
    "first": "x, ?... -> x",
    "any": "?... -> ?",
    "sqrt": "x -> x^(1/2)",
    "power": "1, 1 -> 1",  # if the exponent is not a plain number
    "ratio": "x, y, x/y -> x/y",
    "choice": "1, x, x -> x",
    "step": "x, time -> x",
    "ramp": "x/time, time, time -> x",
    "time inputs": "time... -> 1",
    "smooth": "x, time, x, 1 -> x",
    "delay": "x, time, x, 1 -> x",
    "material delay": "x, time, x, x -> x",
    "conveyor": "x, time, 1/time, 1, x*time, time -> x",
    "trend": "x, time, 1/time -> 1/time",
    "forecast": "x, time, time, 1/time -> x",
    "random": "x... -> x",  # its seed is handled in `outcome`
    "stock": "x/time, x -> x",
    "product": "x, y -> x*y",
    "comparison": "x, x -> 1",
    "count": "?... -> 1",
}

_OPERATORS = {"+": "same", "-": "same", "*": "product", "/": "ratio", "^": "power",
              "and": "none", "or": "none", "not": "none"}  # fmt: skip

#: Builtins without a row in the function tables.
_FORMS = {
    "integ": "stock",
    "initial": "first",
    "active initial": "same",
    "sample if true": "choice",
    "game": "first",
    "with lookup": "any",
    "elmcount": "count",
} | dict.fromkeys(COMPUTED, "first")


def operator_rule(op: str) -> str:
    """The word in `RULES` for an operator."""
    return _OPERATORS.get(op, "comparison")


def builtin_rule(name: str) -> str | None:
    """The word in `RULES` for a builtin, by canonical name; None if there is no such builtin."""
    row = FUNCTIONS.get(name) or STATEFUL.get(name) or VECTOR.get(name) or TABLES.get(name)
    kept = KEPT.get(name)
    return row.units if row else kept.units if kept else _FORMS.get(name)


_ALIKE = parse_unit("x")


@dataclass(frozen=True)
class Inferred:
    """The result of applying a rule to its arguments.

    faults : (position of an argument from 0, the unit it should have had).
    """

    result: Dim
    faults: tuple[tuple[int, Unit], ...] = ()


@lru_cache(maxsize=16384)
def outcome(word: str, args: tuple[Dim, ...], time: Dim, x: Unit | None = None) -> Inferred:
    """Apply the rule ``word`` to the units of the arguments.

    time : the unit of Time.   x : the unit of ``x`` in the rule, if it is known in advance.
    """
    if Open.FAULT in args:
        return Inferred(Open.FAULT)
    if word == "random" and len(args) % 2:  # RANDOM UNIFORM takes 2, the others 4, plus a seed
        args = args[:-1]
    slots, result = _signature(word, len(args))
    known: dict[str, Dim] = {"time": time}
    if x is not None:
        known["x"] = x
    faults: list[tuple[int, Unit]] = []
    for place, (slot, arg) in enumerate(zip(slots, args, strict=True)):
        if slot is None:
            continue
        if not isinstance(arg, Unit):
            for symbol, _ in slot.powers:
                if known.get(symbol, Open.NUMBER) is Open.NUMBER:
                    known[symbol] = arg
            continue
        free = [(s, p) for s, p in slot.powers if not isinstance(known.get(s), Unit)]
        rest = DIMENSIONLESS
        for symbol, power in slot.powers:
            value = known.get(symbol)
            rest = rest * value**power if isinstance(value, Unit) else rest
        if not free and rest != arg:
            if slot == _ALIKE and any(slots[i] == slot for i, _ in faults):
                continue  # one different argument among several is one fault
            faults.append((place, rest))
        elif len(free) == 1 and free[0][0] != "time":
            symbol, power = free[0]
            known[symbol] = (arg / rest) ** (1 / Fraction(power))
        elif free:
            known.update((symbol, Open.ANY) for symbol, _ in free)
    return Inferred(Open.FAULT if faults else _product(result, known), tuple(faults))


def _product(slot: Unit | None, known: dict[str, Dim]) -> Dim:
    """The unit of a result; a result made only of plain numbers is a plain number."""
    if slot is None:
        return Open.ANY
    values = [(known.get(symbol, Open.NUMBER), power) for symbol, power in slot.powers]
    if any(value is Open.ANY for value, _ in values):
        return Open.ANY
    if values and all(value is Open.NUMBER for value, _ in values):
        return Open.NUMBER
    out = DIMENSIONLESS
    for value, power in values:
        out = out * value**power if isinstance(value, Unit) else out
    return out


@lru_cache(maxsize=1024)
def _signature(word: str, count: int) -> tuple[tuple[Unit | None, ...], Unit | None]:
    """(the units of ``count`` arguments, the unit of the result); None means anything."""
    left, right = RULES[word].split("->")
    words = [w.strip() for w in left.split(",")]
    last = words[-1]
    if last.endswith("..."):
        words = [*words[:-1], *[last.removesuffix("...")] * count]
    words = (words + ["?"] * count)[:count]

    def unit(text: str) -> Unit | None:
        return None if text.strip() == "?" else parse_unit(text)

    return tuple(map(unit, words)), unit(right)
