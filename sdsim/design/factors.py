"""Factors that a design varies: levers, which somebody chooses, and uncertainties."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError, nearest, said
from sdsim.design.distributions import Distribution, Uniform, from_data, to_data
from sdsim.ir.model import Model, label_of, shape_of
from sdsim.ir.provenance import doubt_of
from sdsim.overrides import is_parameter, locate, mapping, number

#: Marks a lever: the documentation of the constant begins with it, or has it in brackets.
LEVER = re.compile(r"\s*lever\b|.*\[lever\]", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Factor:
    """A constant that varies between members.

    name : name of the constant, ``Name`` (all its elements together) or ``Name[a,b]``.
    distribution : what its values can be, such as `Uniform`.
    source : source of its range.   group : a sector, a provenance or any other label.

    Raises
    ------
    ModelError : a name that is empty or no text; something else in place of a distribution; one
        whose range is infinite: designs reach both ends, and tables and axes state them.
    """

    name: str
    distribution: Distribution
    source: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        word = type(self).__name__
        if not isinstance(self.name, str) or not self.name.strip():
            raise ModelError(
                f"{word}: expected the name of a constant, got {said(self.name)}",
                remedy=f'write sdsim.{word}("Duration", sdsim.Uniform(5, 9))',
            )
        d: Any = self.distribution
        if isinstance(d, type) or not all(hasattr(d, k) for k in ("low", "high", "ppf")):
            pair = isinstance(d, list | tuple) and len(d) == 2
            one = f"Uniform({d[0]}, {d[1]})" if pair else "Uniform(5, 9)"
            raise ModelError(
                f"expected a distribution, got {said(d)}", remedy=f"write sdsim.{one}",
                variable=self.name,
            )  # fmt: skip
        if not (math.isfinite(d.low) and math.isfinite(d.high)):
            raise ModelError(
                f"ranges from {d.low:g} to {d.high:g}, and a design needs two ends",
                remedy="write low and high",
                variable=self.name,
            )
        for what in ("source", "group"):
            if not isinstance(text := getattr(self, what), str):
                raise ModelError(
                    f"{what}: expected text, got {said(text)}",
                    remedy="write it in quotes",
                    variable=self.name,
                )

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        kind = "lever" if isinstance(self, Lever) else "uncertainty"
        return {
            "kind": kind, "name": self.name, "source": self.source, "group": self.group,
            **to_data(self.distribution),
        }  # fmt: skip


class Lever(Factor):
    """A factor that somebody can choose.

    Examples
    --------
    >>> sdsim.Lever("Contact Infectivity", sdsim.Uniform(0.1, 0.5), group="distance").name
    'Contact Infectivity'
    """


class Uncertainty(Factor):
    """A factor whose true value is unknown.

    Examples
    --------
    >>> doubt = sdsim.Uncertainty("Duration", sdsim.Triangular(5, 7, 12), source="Smith 2009")
    >>> doubt.distribution.high
    12
    """


def factor_from_data(data: Mapping[str, Any]) -> Factor:
    """The inverse of `Factor.to_data`."""
    rest = dict(data)
    kind, name, source, group = (rest.pop(k) for k in ("kind", "name", "source", "group"))
    made = Lever if kind == "lever" else Uncertainty
    return made(name, from_data(rest), source, group)


@dataclass(frozen=True)
class Setting:
    """Values of some factors, with a name.

    title : the name.   values : for each factor, by name, its value, model units.

    Raises
    ------
    ModelError : a title that is empty or not text; values that are not finite numbers by name.
    """

    title: str
    values: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        word = type(self).__name__
        if not isinstance(self.title, str) or not self.title.strip():
            raise ModelError(
                f"{word}: expected a title, got {said(self.title)}",
                remedy=f'write sdsim.{word}("high", {{"Duration": 9}})',
            )
        for name, value in mapping(self.values, f"{word} '{self.title}'").items():
            number(value, name)


class Policy(Setting):
    """A named setting of levers.

    Examples
    --------
    >>> sdsim.Policy("distance", {"Contact Infectivity": 0.2}).title
    'distance'
    """


class Scenario(Setting):
    """A named setting of uncertainties.

    Examples
    --------
    >>> sdsim.Scenario("mild", {"Duration": 5}).values
    {'Duration': 5}
    """


def uncertainties_of(
    model: Model, *, groups: Sequence[str] = (), leave: Collection[str] = (),
    spread: float | None = None, values: Mapping[tuple[str, int], float] | None = None,
) -> tuple[Uncertainty, ...]:  # fmt: skip
    """The uncertainties declared in a model: every constant with limits at both ends whose
    documentation says ``[assumed``, ``[analogy`` or ``[literature``; one factor per element,
    uniform over its limits.

    groups : groups in the model file; empty for all.   leave : names to leave out; ``*`` matches
        anything.
    spread : limits the range to this share of the value on either side (a zero value gives no
        factor).   values : values of the elements, by canonical name and flat position.

    Raises
    ------
    ModelError : a group or name that the model does not have; nothing is uncertain.
    """
    _there(model, groups, leave)
    if spread is not None and not 0 < spread <= 1:
        raise ModelError(
            f"spread is {spread:g}, expected a share above 0 and up to 1",
            remedy="write one such as 0.2",
        )
    found = []
    for key, v in model.variables.items():
        low, high = v.limits
        source = doubt_of(v.doc)
        if (
            source is None or low is None or high is None or low >= high or v.hidden
            or key in names.CONTROL or not is_parameter(v) or (groups and v.group not in groups)
            or any(_like(key, pattern) for pattern in leave)
        ):  # fmt: skip
            continue
        for cell in range(math.prod(shape_of(model, v))):
            a, b = low, high
            if spread is not None:
                middle = (values or {}).get((key, cell), 0.0)
                size = spread * abs(middle)
                a, b = max(low, middle - size), min(high, middle + size)
            if a < b:
                label = label_of(model, v, cell)
                found.append(Uncertainty(label, Uniform(a, b), source, v.group))
    if not found:
        raise ModelError(
            "the model marks no constant as uncertain",
            remedy="name uncertainties; or give constants limits and [assumed: ...] in their text",
        )
    return tuple(found)


def levers_of(
    model: Model, *, groups: Sequence[str] = (), leave: Collection[str] = ()
) -> tuple[Lever, ...]:
    """The levers declared in a model: every constant with limits at both ends whose documentation
    begins with ``Lever`` or says ``[lever]``; uniform over its limits.

    groups, leave : as in `uncertainties_of`.

    Raises
    ------
    ModelError : a group or name that the model does not have; nothing is a lever.
    """
    _there(model, groups, leave)
    found = []
    for key, v in model.variables.items():
        low, high = v.limits
        if (
            low is None or high is None or low >= high or v.hidden or not LEVER.match(v.doc)
            or not is_parameter(v) or (groups and v.group not in groups)
            or any(_like(key, pattern) for pattern in leave)
        ):  # fmt: skip
            continue
        found.append(Lever(v.name, Uniform(low, high), "the model's range", v.group))
    if not found:
        remedy = "name levers; or give constants limits and a text that begins with Lever:"
        raise ModelError("the model marks no constant as a lever", remedy=remedy)
    return tuple(found)


def _there(model: Model, groups: Sequence[str], leave: Collection[str]) -> None:
    """Refuse groups and names that the model does not have."""
    known = {v.group for v in model.variables.values() if v.group}
    for group in groups:
        if not known:
            raise ModelError(
                f"the model has no groups, so none is called '{group}'",
                remedy="leave 'groups' out",
            )
        if group not in known:
            remedy = nearest(group, known) or f"it has {', '.join(sorted(known))}"
            raise ModelError(f"the model has no group '{group}'", remedy=remedy)
    for pattern in leave:
        if not any(_like(key, pattern) for key in model.variables):
            raise model.unknown(pattern, "constant")


def _like(key: str, pattern: str) -> bool:
    return fnmatchcase(key, names.canonical(pattern))


def fit(factors: Sequence[Factor], model: Model) -> None:
    """Check that each factor is a constant of the model, and that no element belongs to two.

    Raises
    ------
    ModelError : one is not, or one does.
    """
    owner: dict[tuple[str, int], str] = {}
    for f in factors:
        variable, cells = locate(model, f.name)
        key = names.canonical(variable.name)
        if not is_parameter(variable):
            raise ModelError(
                "is not a constant and cannot vary between members",
                variable=f.name,
                remedy="name a constant of the model",
            )
        if key in names.CONTROL:
            raise ModelError(
                "is the same for all members", variable=f.name, remedy="set it in [constants]"
            )
        size = 1
        for n in shape_of(model, variable):
            size *= n
        for c in range(size) if cells is None else cells:
            if (key, c) in owner:
                raise ModelError(
                    f"is varied twice, by '{owner[key, c]}' and '{f.name}'", variable=variable.name,
                    remedy="give each element once",
                )  # fmt: skip
            owner[key, c] = f.name
