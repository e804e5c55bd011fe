"""Policies crossed with draws: every policy is run on the same draws of the uncertainties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sdsim.base import names
from sdsim.base.errors import ModelError, said
from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Design, Floats, check_design, design_of
from sdsim.design.distributions import Choice
from sdsim.design.factors import Factor, Lever, Policy
from sdsim.overrides import mapping, number


@dataclass(frozen=True)
class Crossed:
    """A design of policies times draws: for each member of ``draws``, a block with one member per
    policy, in order. The first blocks are therefore a smaller design of the same kind.

    base : value of each lever, by name, in policies that do not set it; in a spec it defaults to
        the model's own value.

    Raises
    ------
    ModelError : an argument of the wrong kind; no policies, or two of one name; a lever without a
        value in ``base``, or one that is also drawn.

    Examples
    --------
    >>> policies = (
    ...     sdsim.Policy("as it is"),
    ...     sdsim.Policy("distance", {"Contact Infectivity": 0.2}),
    ... )
    >>> draws = sdsim.LatinHypercube((sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),), 32)
    >>> sdsim.Crossed(policies, draws, {"Contact Infectivity": 0.5}).count
    64
    """

    kind: ClassVar[str] = "policies x draws"
    policies: tuple[Policy, ...]
    draws: Design
    base: Mapping[str, float]

    def __post_init__(self) -> None:
        self._expect_kinds()
        if isinstance(self.draws, Crossed):
            raise ModelError("policies crossed twice", remedy="name all of them in one design")
        if not self.policies:
            raise ModelError("no policies", remedy='[policies."name"] "Lever" = value')
        titles = [p.title for p in self.policies]
        if len(set(titles)) < len(titles):
            raise ModelError("two policies have the same name", remedy="rename one")
        known = {names.canonical(k) for k in self.base}
        for p in self.policies:
            for name in p.values:
                if names.canonical(name) not in known:
                    raise ModelError(
                        f"policy '{p.title}' sets '{name}', which has no value elsewhere",
                        remedy="give its base value",
                    )
        moved = {names.canonical(f.name) for f in self.draws.factors}
        both = sorted(k for k in self.base if names.canonical(k) in moved)
        if both:
            raise ModelError(f"'{both[0]}' is set by policies and drawn", remedy="choose one")

    def _expect_kinds(self) -> None:
        """Refuse arguments of the wrong kind."""
        listed = isinstance(self.policies, list | tuple)
        wrong = [p for p in self.policies if not isinstance(p, Policy)] if listed else []
        if wrong or not listed:
            got = f"{said(wrong[0])} in it" if wrong else said(self.policies)
            raise ModelError(
                f"expected a tuple of policies, got {got}",
                remedy='write (sdsim.Policy("high", {"Lever": 2.5}),)',
            )
        check_design(self.draws, "draws: expected")
        for name, value in mapping(self.base, "base").items():
            number(value, name)

    @cached_property
    def _settings(self) -> Floats:
        """(n_policy, n_lever)."""
        rows = []
        for p in self.policies:
            own = {names.canonical(k): v for k, v in p.values.items()}
            rows.append([own.get(names.canonical(k), v) for k, v in self.base.items()])
        return np.array(rows, dtype=np.float64).reshape(len(self.policies), len(self.base))

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The levers, then the drawn factors."""
        columns = self._settings.T
        levers = [
            Lever(name, Choice(tuple(sorted(set(column.tolist())))))
            for name, column in zip(self.base, columns, strict=True)
        ]
        return (*levers, *self.draws.factors)

    @property
    def count(self) -> int:
        """How many members."""
        return len(self.policies) * self.draws.count

    @property
    def block(self) -> int:
        """The number of members per draw."""
        return len(self.policies)

    @property
    def alike(self) -> int:
        """See `sdsim.design.base.Design`."""
        return self.block * self.draws.alike

    def unit(self, first: int, stop: int) -> Floats:
        """Points of the drawn factors; each lever as its position among its values."""
        levers, low, high = self._parts(first, stop)
        drawn = np.repeat(self.draws.unit(low, high), self.block, axis=0)
        out = np.empty((stop - first, len(self.factors)))
        for k, f in enumerate(self.factors[: levers.shape[1]]):
            assert isinstance(f.distribution, Choice)
            known = np.asarray(f.distribution.values)
            out[:, k] = (np.searchsorted(known, levers[:, k]) + 0.5) / len(known)
        at = first - low * self.block
        out[:, levers.shape[1] :] = drawn[at : at + stop - first]
        return out

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        levers, low, high = self._parts(first, stop)
        drawn = np.repeat(self.draws.values(low, high), self.block, axis=0)
        at = first - low * self.block
        return np.concatenate([levers, drawn[at : at + stop - first]], axis=1)

    def _parts(self, first: int, stop: int) -> tuple[Floats, int, int]:
        which = np.arange(first, stop) % self.block
        return self._settings[which], first // self.block, -(-stop // self.block)

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {
            "policies": [[p.title, dict(p.values)] for p in self.policies],
            "base": dict(self.base),
            "draws": {"kind": self.draws.kind, **self.draws.settings()},
        }


def _made(factors: tuple[Factor, ...], s: Section) -> Crossed:
    s.only("policies", "base", "draws")
    policies = tuple(Policy(title, values) for title, values in s.items("policies"))
    base = dict(s.section("base").data)
    set_by = {names.canonical(k) for k in base}
    moved = tuple(f for f in factors if names.canonical(f.name) not in set_by)
    return Crossed(policies, design_of(moved, s.section("draws")), base)


DESIGNS[Crossed.kind] = _made
