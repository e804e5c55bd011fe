"""What the specs of sweeps and of calibrations share: model, presets, method, distributions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from sdsim.base.errors import ModelError, said
from sdsim.base.toml import Section
from sdsim.design.distributions import Distribution, from_data
from sdsim.ir.model import Model
from sdsim.overrides import Overrides
from sdsim.overrides.cases import read_cases
from sdsim.overrides.layers import read_layers
from sdsim.run.methods import Method, batch_names, method_named
from sdsim.run.system import System, load


def model_in(top: Section, path: Path) -> System:
    """The model that a spec names, loaded.

    path : of the spec.

    Raises
    ------
    ModelError : no such file, or a model that cannot be used; the spec's line is named.
    """
    name = top.words("model")
    file = path.parent / name
    if not file.is_file():
        raise top.fault(f"no file '{name}'", "model", "a path from the spec's own folder")
    with top.placing("model"):
        return load(file)


def overrides_in(top: Section, path: Path) -> tuple[Overrides, str]:
    """What is the same in all runs, and the preset's title."""
    out, title = Overrides(), ""
    files = top.texts("preset", ())
    if len(files) > 1:
        remedy = f'to lay one over the other, write preset = "{"+".join(files)}"'
        raise top.fault(f"expected one case, got {len(files)}", "preset", remedy)
    for file in files:
        with top.placing("preset"):
            preset = read_layers(file, path.parent)
        out, title = preset.overrides, preset.title
    return out | _constants(top), title


def _constants(top: Section) -> Overrides:
    """The constants in a spec."""
    constants = top.section("constants")
    return Overrides({k: constants.number(k) for k in constants.data})


def cases_in(top: Section, path: Path) -> dict[str, Overrides]:
    """The cases that a spec lists, by name: presets, or a template with its case table. The
    spec's own constants hold in all of them.

    path : of the spec.

    Raises
    ------
    ModelError : two presets of one name, both kinds or neither, or a file that cannot be used.
    """
    if not top.has("cases"):
        return {}
    own = top.section("cases")
    own.only("presets", "template")
    if own.has("presets") == own.has("template"):
        remedy = 'write presets = ["a.toml", "b.toml"], or template = "cases.toml"'
        raise own.fault("expected presets or a template, one of them", remedy=remedy)
    if own.has("template"):
        with own.placing("template"):
            found = read_cases(path.parent / own.words("template"))
        return {name: preset.overrides | _constants(top) for name, preset in found.items()}
    out: dict[str, Overrides] = {}
    for file in own.texts("presets"):
        name = Path(file).stem
        if name in out:
            raise own.fault(f"two presets are called '{name}'", "presets", "rename one")
        with own.placing("presets"):
            out[name] = read_layers(file, path.parent).overrides | _constants(top)
    return out


def method_in(top: Section, model: Model) -> Method:
    """The method that a spec chooses, otherwise the model's own, otherwise Euler."""
    kind = top.choice("method", batch_names(), model.method or "euler")
    try:
        return method_named(kind, {"dt": top.number("step")} if top.has("step") else {})
    except ModelError as e:
        raise top.placed(e, "step") from None


def range_in(section: Section, key: str, what: str, remedy: str) -> Section:
    """The table of a distribution under a key; ``[low, high]`` stands for a uniform one.

    what, remedy : what is expected there, in words, and what to write.
    """
    value = section.data[key]
    if isinstance(value, list):
        if len(value) != 2:
            raise section.fault("expected [low, high] or a table", key, "write two numbers")
        low, high = section.numbers(key)
        value = {"low": low, "high": high}
    elif not isinstance(value, dict):
        raise section.fault(f"expected {what}, got {said(value)}", key, remedy)
    return replace(section, data={**section.data, key: value}).section(key)


def distribution_in(
    own: Section, ends: tuple[float | None, float | None], leave: Collection[str] = ()
) -> Distribution:
    """The distribution in a table.

    ends : stand in for ``low`` and ``high`` where the table lacks them, if known.
    leave : keys that are no settings of the distribution.
    """
    data = {k: v for k, v in own.data.items() if k not in leave}
    if "values" not in data:
        for key, end in zip(("low", "high"), ends, strict=True):
            if key not in data and end is not None:
                data[key] = end
    with own.placing():
        return from_data(data)
