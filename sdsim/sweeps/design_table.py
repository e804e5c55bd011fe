"""The design that a sweep's spec describes, with the policies it is crossed with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.base.toml import Section
from sdsim.design import (
    GIVEN,
    Choice,
    Crossed,
    Design,
    Factor,
    Grid,
    Lever,
    Policy,
    Table,
    design_of,
)
from sdsim.design.vensim import KIND as VENSIM
from sdsim.ir.model import Model, shape_of
from sdsim.overrides import Overrides, locate, parameter_vector
from sdsim.run.system import System

#: Designs without randomness of their own.
UNSEEDED = (Grid.kind, Table.kind, VENSIM)


def design_in(
    top: Section, factors: Sequence[Factor], system: System, overrides: Overrides, seed: int,
    folder: Path,
) -> Design:  # fmt: skip
    """The design under ``[design]``, with any policies it is crossed with.

    Parameters
    ----------
    factors : the levers and uncertainties in the spec.   overrides : on every member.
    seed : of a design that does not say its own.   folder : where paths start.

    Raises
    ------
    ModelError : file, line, key, what was expected, and what to do.
    """
    if not top.has("design"):
        raise top.fault("'design' is missing", remedy="[design] kind = ..., members = ...")
    section = top.section("design")
    kind = section.words("kind")
    if kind != Crossed.kind:
        if top.section("policies").data:
            remedy = f'[design] kind = "{Crossed.kind}"'
            raise top.fault(f"a {kind} design has no policies", "policies", remedy)
        return _draws(top, section, factors, system.model, seed, folder)
    section.only("kind", "draws")
    policies = _policies(top) or _combined(factors)
    base = _base(top, system, overrides, policies)
    set_by = {names.canonical(k) for k in base}
    rest = [f for f in factors if names.canonical(f.name) not in set_by]
    draws = _draws(top, section.section("draws"), rest, system.model, seed, folder)
    with section.placing():
        return Crossed(policies, draws, base)


def _draws(
    top: Section, section: Section, factors: Sequence[Factor], model: Model, seed: int, folder: Path
) -> Design:
    """A design of the factors, or one that a file gives together with its own."""
    kind = section.words("kind")
    own = section if kind in UNSEEDED else section.filled(seed=seed)
    if kind not in GIVEN or section.has("rows"):
        return design_of(tuple(factors), own)
    design = GIVEN[kind](own, folder)
    if factors:
        what = f"this design says itself what varies, and '{factors[0].name}' is named beside it"
        raise section.fault(what, "kind", "leave it out")
    fixed = set(elements(model, top.section("constants").data))
    for f in design.factors:
        with section.placing("store" if section.has("store") else "file"):
            locate(model, f.name)
        if fixed.intersection(elements(model, [f.name])):
            raise section.fault(
                f"varies '{f.name}', which stands in [constants]", remedy="choose one"
            )
    return design


def _policies(top: Section) -> tuple[Policy, ...]:
    section = top.section("policies")
    remedy = 'write {"Lever" = 2.5}, the values that this policy sets'
    own = [section.section(title, remedy) for title in section.data]
    return tuple(Policy(s.keys[-1], {k: s.number(k) for k in s.data}) for s in own)


def _combined(levers: Sequence[Factor]) -> tuple[Policy, ...]:
    """Policies: every combination of the values of levers that are given as lists."""
    listed = [
        (f.name, f.distribution.values)
        for f in levers
        if isinstance(f, Lever) and isinstance(f.distribution, Choice)
    ]
    names_of = [name for name, _ in listed]
    rows = product(*(values for _, values in listed)) if listed else ()
    return tuple(
        Policy(
            ", ".join(f"{n} {v:g}" for n, v in zip(names_of, row, strict=True)),
            dict(zip(names_of, row, strict=True)),
        )
        for row in rows
    )


def _base(
    top: Section, system: System, overrides: Overrides, policies: Sequence[Policy]
) -> dict[str, float]:
    """The default of each lever that a policy sets: the preset's or the model's value."""
    own = default_values(system, overrides)
    out: dict[str, float] = {}
    for policy in policies:
        for name in policy.values:
            try:
                variable, cells = locate(system.model, name)
            except ModelError as e:
                raise top.section("policies").section(policy.title).placed(e, name) from None
            where = (names.canonical(variable.name), cells[0] if cells else 0)
            if where not in own:
                section = top.section("policies").section(policy.title)
                raise section.fault(
                    "is not a constant and cannot be a lever", name, "name a constant"
                )
            out[name] = own[where]
    return out


def elements(model: Model, wanted: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The elements that names refer to; unknown names are reported elsewhere."""
    for name in wanted:
        with suppress(ModelError):
            variable, cells = locate(model, name)
            size = math.prod(shape_of(model, variable))
            key = names.canonical(variable.name)
            yield from ((key, c) for c in (range(size) if cells is None else cells))


def default_values(system: System, overrides: Overrides) -> dict[tuple[str, int], float]:
    """The value of every constant when nothing varies."""
    ready, parameters = system.overridden(overrides)
    vector = parameter_vector(ready.program, parameters)
    return dict(zip(ready.program.param_cells, vector.tolist(), strict=True))
