"""Units of measure as modellers write them: names with exponents, no conversion factors.

Any text that is not an operator is a name, so ``person``, ``kpeople`` and ``Gt C`` are all units,
and ``kpeople`` is a different unit from ``people``. Two spellings are the same unit if they differ
only in case, in an English plural, or by a synonym. The synonyms include Vensim's defaults; Vensim
itself knows only the plurals that it lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sdsim.base.errors import ModelError

MAX_TEXT = 1000  # characters of one unit

_SYNONYMS = {
    "dollar": "$", "$s": "$", "people": "person",  # Vensim's own, besides plurals
    "yr": "year", "wk": "week", "hr": "hour", "min": "minute", "sec": "second", "percent": "%",
}  # fmt: skip
_NONE = {"", "1", "dmnl", "dimensionless", "unitless", "fraction"}

_NUMBER = r"[-+]?\s*\d{1,4}(?:\.\d{1,4})?"
_TOKEN = re.compile(
    rf"""\s*(?:\^\s*(?:(?P<power>{_NUMBER})|\(\s*(?P<ratio>{_NUMBER}(?:\s*/\s*\d{{1,4}})?)\s*\))
    |(?P<sign>[*/()])
    |(?P<name>[^*/^()\[\]]+))""",
    re.VERBOSE,
)
_NAME = re.compile(r"[^*/^()\[\]]+")
_WORD = re.compile(r"[^\s_-]+")
_BLANK = re.compile(r"[\s_]+")
_SIGNS = str.maketrans({"²": "^2", "³": "^3", "·": "*", "×": "*"})

Power = int | Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of powers of named units; `DIMENSIONLESS` has none.

    powers : (canonical name, exponent) in order of name, no exponent zero. `of` and the operators
        preserve this form.
    """

    powers: tuple[tuple[str, Power], ...] = ()

    @classmethod
    def of(cls, powers: Mapping[str, Power]) -> Unit:
        """The unit with these exponents."""
        plain = {n: p.numerator if p.denominator == 1 else p for n, p in powers.items() if p}
        return cls(tuple(sorted(plain.items())))

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + power
        return Unit.of(powers)

    def __truediv__(self, other: Unit) -> Unit:
        return self * other**-1

    def __pow__(self, exponent: Power) -> Unit:
        return Unit.of({name: power * exponent for name, power in self.powers})

    def __str__(self) -> str:
        return self.text()

    def text(self, name: Callable[[str], str] = str) -> str:
        """The unit as text, such as ``$/(person*year)``; ``name`` turns a canonical name into the
        displayed name.
        """
        above = [_factor(name(n), p) for n, p in self.powers if p > 0]
        below = [_factor(name(n), -p) for n, p in self.powers if p < 0]
        if not above and not below:
            return "Dmnl"
        bottom = f"({'*'.join(below)})" if len(below) > 1 else "".join(below)
        return ("*".join(above) or "1") + (f"/{bottom}" if bottom else "")


def _factor(name: str, power: Power) -> str:
    if power == 1:
        return name
    return f"{name}^{power}" if power.denominator == 1 else f"{name}^({power})"


DIMENSIONLESS = Unit()


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """The unit that ``text`` names: ``people/year``, ``$/(person*year)``, ``m^2``, ``Gt C``.

    An empty text, ``1``, ``Dmnl``, ``Dimensionless``, ``Unitless`` and ``Fraction`` are
    dimensionless; ``percent`` and ``%`` are a unit of their own, a hundred of which make 1. An
    exponent is a number or, in parentheses, a ratio; ``**`` is ``^``.

    Raises
    ------
    ModelError : it cannot be read as a unit.
    """
    if not text.strip():
        return DIMENSIONLESS
    if len(text) > MAX_TEXT:
        raise _unreadable(text, f"longer than {MAX_TEXT} characters")
    outer: list[tuple[Unit, int]] = []
    done, sign, last = DIMENSIONLESS, 1, None  # the group so far, the sign and last factor
    for token in _tokens(text):
        if name := token["name"]:
            if last is not None:
                raise _unreadable(text, f"no operator before '{name.strip()}'")
            last = _named(text, name)
        elif exponent := token["power"] or token["ratio"]:
            if last is None:
                raise _unreadable(text, "nothing before '^'")
            last **= _exponent(text, exponent)
        elif token["sign"] == "(":
            if last is not None:
                raise _unreadable(text, "no operator before '('")
            outer.append((done, sign))
            done, sign = DIMENSIONLESS, 1
        elif last is None:
            raise _unreadable(text, f"nothing before '{token['sign']}'")
        elif token["sign"] == ")":
            if not outer:
                raise _unreadable(text, "')' closes nothing")
            last = done * last**sign
            done, sign = outer.pop()
        else:
            done, sign, last = done * last**sign, 1 if token["sign"] == "*" else -1, None
    if last is None:
        raise _unreadable(text, "it ends with an operator")
    if outer:
        raise _unreadable(text, "'(' is not closed")
    return done * last**sign


def spellings(text: str) -> Iterator[tuple[str, str]]:
    """(canonical name, name as written) for each name in the text of a unit."""
    for found in _NAME.findall(text.translate(_SIGNS)):
        yield canonical(found), " ".join(found.split())


def canonical(name: str) -> str:
    """The form in which all spellings of a unit's name are equal."""
    words = _WORD.sub(lambda match: _singular(match.group()), name.casefold())
    return _BLANK.sub(" ", words).strip()


def _singular(word: str) -> str:
    word = _SYNONYMS.get(word, word)
    for plural, one in (r"(?<=\w\w)ies?$", "y"), (r"(?<=ss|sh|ch|.x)es$", ""), (
        r"(?<=\w\w)(?<![sui])s$", "",
    ):  # fmt: skip
        single = re.sub(plural, one, word)
        if single != word:
            word = single
            break
    word = re.sub(r"people$", "person", word)
    return _SYNONYMS.get(word, word)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    body = text.translate(_SIGNS).replace("**", "^").rstrip()
    at = 0
    while at < len(body):
        token = _TOKEN.match(body, at)
        if token is None:
            raise _unreadable(text, f"stuck at '{body[at : at + 20]}'")
        yield token
        at = token.end()


def _named(text: str, name: str) -> Unit:
    key = canonical(name)
    if key in _NONE:
        return DIMENSIONLESS
    if re.fullmatch(r"[\d.,\s]+", key):
        raise _unreadable(text, f"units have no factor such as {key}")
    return Unit(((key, 1),))


def _exponent(text: str, exponent: str) -> Fraction:
    try:
        return Fraction("".join(exponent.split()))
    except (ValueError, ZeroDivisionError):
        raise _unreadable(text, f"'{exponent}' is not an exponent") from None


def _unreadable(text: str, why: str) -> ModelError:
    return ModelError(
        f"cannot read the unit '{text[:60]}': {why}",
        remedy="write it like person/year, 1/year, $/(person*year) or m^2",
    )
