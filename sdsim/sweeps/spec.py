"""Sweep specs: TOML files that hold data, never code. The format is in `README.md` here."""

from __future__ import annotations

from pathlib import Path

from sdsim.base import limits
from sdsim.base.errors import ModelError, said
from sdsim.base.toml import Section, read_toml
from sdsim.design import (
    Factor,
    Lever,
    Uncertainty,
    levers_of,
    uncertainties_of,
)
from sdsim.ir.model import Model
from sdsim.overrides import Overrides, locate
from sdsim.overrides.piecewise import knot, with_path
from sdsim.readers.source import XMILE
from sdsim.run.system import System
from sdsim.sweeps.design_table import default_values, design_in, elements
from sdsim.sweeps.given import (
    cases_in,
    distribution_in,
    method_in,
    model_in,
    overrides_in,
    range_in,
)
from sdsim.sweeps.outcome import BETTER, Outcome
from sdsim.sweeps.sweep import Sweep

KEYS = (
    "title", "model", "preset", "seed", "method", "step", "constants", "design", "levers",
    "uncertainties", "paths", "policies", "cases", "outcomes", "save", "run",
)  # fmt: skip
#: Keys, in tables of names, that are settings unless their value is that of a factor.
_SETTINGS = {
    "levers": ("from_model", "groups", "except"),
    "uncertainties": ("from_model", "groups", "except", "spread"),
}
#: Keys of a factor besides those of its distribution.
_BESIDE = ("source", "group", "times")
#: Suffixes of model files.
MODELS = (".mdl", *XMILE)


def read_sweep(path: str | Path, *, system: System | None = None) -> Sweep:
    """Read a sweep from its spec.

    Parameters
    ----------
    system : replaces the model named in the file.

    Raises
    ------
    ModelError : file, line, key, what was expected, and what to do.

    Examples
    --------
    >>> sweep = sdsim.read_sweep("sir.toml")
    >>> sweep.design.count, [o.name for o in sweep.outcomes]
    (128, ['cases'])
    """
    path = Path(path)
    if path.suffix.lower() in MODELS:
        remedy = f'write a spec that names it: model = "{path.name}", [design], [outcomes]'
        raise ModelError("this is a model, not a spec", remedy=remedy, file=f"{path}")
    top = read_toml(path, limits.TOML_BYTES)
    top.only(*KEYS)
    system = model_in(top, path) if system is None else system
    overrides, title = overrides_in(top, path)
    system, knots = _paths(top, system)
    factors = [*_levers(top, system.model), *knots, *_uncertainties(top, system, overrides)]
    _once(top, system.model)
    save = top.section("save")
    save.only("variables", "times")
    run = top.section("run")
    run.only("chunk", "timeout")
    seed = top.whole("seed", 0, least=0)
    return Sweep(
        system,
        design_in(top, factors, system, overrides, seed, path.parent),
        _outcomes(top),
        overrides,
        method_in(top, system.model),
        save.texts("variables", ()),
        save.numbers("times") if save.has("times") else None,
        seed,
        run.whole("chunk", least=1) if run.has("chunk") else None,
        run.number("timeout", 600),
        {"title": top.words("title", path.stem), "preset": title, "spec": path.name},
        top,
        cases_in(top, path),
    )


def _named(top: Section, title: str) -> list[str]:
    """The keys of a table that are names; a setting's key is one if it has a range or a table."""
    data, settings = top.section(title).data, _SETTINGS.get(title, ())
    return [k for k, value in data.items() if k not in settings or _is_range(value)]


def _is_range(value: object) -> bool:
    """Whether a value can describe a lever or an uncertainty."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(v, int | float) for v in value)
    return isinstance(value, dict)


def _setting(top: Section, title: str, key: str) -> bool:
    """Whether a table has a setting of that name."""
    return top.section(title).has(key) and key not in _named(top, title)


def _once(top: Section, model: Model) -> None:
    """Refuse a name that is both fixed and varied, or varied twice."""
    taken: dict[tuple[str, int], str] = {}
    for title in ("constants", "levers", "uncertainties", "paths"):
        section = top.section(title)
        for name in _named(top, title):
            for cell in set(elements(model, [name])):
                if cell in taken:
                    raise section.fault(f"is also in [{taken[cell]}]", name, "leave one out")
            taken |= dict.fromkeys(elements(model, [name]), title)


def _factor(
    kind: type[Lever] | type[Uncertainty], section: Section, model: Model, key: str
) -> Factor:
    """One lever or uncertainty: ``[low, high]``, or a table with a distribution."""
    try:
        variable = locate(model, key)[0]
    except ModelError as e:
        raise section.placed(e, key) from None
    remedy = "write [low, high] or {low = ..., high = ...}"
    own = range_in(section, key, "a range or a table", remedy)
    distribution = distribution_in(own, variable.limits, _BESIDE)
    source, group = own.words("source", ""), own.words("group", variable.group)
    with own.placing():
        return kind(key, distribution, source, group)


def _levers(top: Section, model: Model) -> list[Factor]:
    section = top.section("levers")
    named = _named(top, "levers")
    out: list[Factor] = []
    if _setting(top, "levers", "from_model") and section.flag("from_model"):
        groups, leave = _choice(top, "levers")
        try:
            found = levers_of(model, groups=groups, leave=leave)
        except ModelError as e:
            raise section.placed(e) from None
        taken = set(elements(model, (*named, *_named(top, "constants"))))
        out += [f for f in found if not taken.intersection(elements(model, [f.name]))]
    return out + [_factor(Lever, section, model, key) for key in named]


def _choice(top: Section, title: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the model's own variables to vary: groups, and names to leave out."""
    section = top.section(title)
    groups, leave = (
        section.texts(key) if _setting(top, title, key) else () for key in ("groups", "except")
    )
    return groups, leave


def _paths(top: Section, system: System) -> tuple[System, list[Factor]]:
    """The model with its paths added, and the knots of the paths as levers."""
    section = top.section("paths")
    model = system.model
    out: list[Factor] = []
    for key in section.data:
        own = section.section(key, "write {times = [2000, 2020], low = 0, high = 5}")
        times = own.numbers("times")
        try:
            variable = model.find(key)
            model = with_path(model, key, times)
        except ModelError as e:
            raise section.placed(e, key) from None
        distribution = distribution_in(own, variable.limits, _BESIDE)
        group = own.words("group", f"path of {variable.name}")
        source = own.words("source", "")
        with own.placing():
            out += [Lever(knot(variable.name, t), distribution, source, group) for t in times]
    return (System(model, system.backend, system.cached) if out else system), out


def _uncertainties(top: Section, system: System, overrides: Overrides) -> list[Factor]:
    section = top.section("uncertainties")
    out: list[Factor] = []
    named = _named(top, "uncertainties")
    if _setting(top, "uncertainties", "from_model") and section.flag("from_model"):
        spread = "spread" if _setting(top, "uncertainties", "spread") else None
        groups, leave = _choice(top, "uncertainties")
        try:
            found = uncertainties_of(
                system.model, groups=groups, leave=leave,
                spread=section.number(spread) if spread else None,
                values=default_values(system, overrides),
            )  # fmt: skip
        except ModelError as e:
            raise section.placed(e) from None
        elsewhere = (*_named(top, "levers"), *_named(top, "constants"))
        taken = set(elements(system.model, (*named, *elsewhere)))
        out += [f for f in found if not taken.intersection(elements(system.model, [f.name]))]
    return out + [_factor(Uncertainty, section, system.model, k) for k in named]


def _outcomes(top: Section) -> tuple[Outcome, ...]:
    section, out = top.section("outcomes"), []
    for name, value in section.data.items():
        if isinstance(value, str):
            with section.placing(name):
                out.append(Outcome(name, value))
            continue
        if not isinstance(value, dict):
            what = f"expected an expression or a table, got {said(value)}"
            raise section.fault(what, name, 'write "final(x)" or so')
        own = section.section(name)
        own.only("expression", "units", "better")
        better = own.choice("better", BETTER, "")
        with section.placing(name):
            out.append(Outcome(name, own.words("expression"), own.words("units", ""), better))
    return tuple(out)
