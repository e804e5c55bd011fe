"""Modules: flattens the models of a file, with full names and connected inputs.

A variable ``size`` of a module ``hares`` becomes ``hares.size``. In a module, a name means the
module's own variable; with dots, one in a module inside it or in the models around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from sdsim.base import limits, names
from sdsim.base.errors import ModelError
from sdsim.readers.checks import RESERVED, unusable
from sdsim.readers.scan import BIDI
from sdsim.readers.xmile.document import Element

_PARTS = re.compile(r'"(?:\\.|[^"\\])*"|\.|[^."]+|"')
KINDS = ("stock", "flow", "aux", "gf")


@dataclass(frozen=True)
class Scope:
    """A model in its module: ``prefix`` is "" at the top and ``hares.`` in a module."""

    prefix: str
    model: Element
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Placed:
    """A variable's element, its full name, and the scope of its equation's names.

    given : the full name of the variable that it is an input for; otherwise "".
    """

    name: str
    element: Element
    scope: Scope
    given: str = ""


def plain(name: str) -> str:
    """A name as a person writes it; each part of a path may be quoted."""
    if '"' not in name:
        return names.display(name)
    return "".join(names.display(part) if part != "." else part for part in _PARTS.findall(name))


def root_model(root: Element) -> Element | None:
    """The model that contains the modules: the one without a name, or the first."""
    models = list(root.all("model"))
    return next((m for m in models if not m.get("name")), models[0] if models else None)


def scopes(root: Element, file: str) -> tuple[list[Placed], dict[str, Placed]]:
    """All variables in file order, and by canonical full name.

    Raises
    ------
    ModelError : no model; a module without a model, inside itself, or that cannot be connected;
        a name that is defined twice.
    """
    models, top = list(root.all("model")), root_model(root)
    if top is None:
        raise ModelError(
            "there is no <model>", file=file, line=root.line,
            remedy="save the model again; it stands in <model><variables>",
        )  # fmt: skip
    by_name = {names.canonical(m.get("name")): m for m in models if m.get("name")}
    met: list[Scope] = []
    placed = list(_laid(Scope("", top, _groups(top)), by_name, file, (), count(1), met))
    found: dict[str, Placed] = {}
    for p in placed:
        key = names.canonical(p.name)
        if fault := unusable(p.name) or (RESERVED if key == names.TIME else ""):
            raise ModelError(
                fault, remedy="give it another name", file=file, line=p.element.line,
                variable=BIDI.sub("", p.name),
            )  # fmt: skip
        if key in found:
            raise ModelError(
                f"defined twice, first in line {found[key].element.line}", variable=p.name,
                file=file, line=p.element.line, remedy="remove one of them",
            )  # fmt: skip
        found[key] = p
    return _connected(placed, met, found, file), found


def _groups(model: Element) -> dict[str, str]:
    out: dict[str, str] = {}
    for part in (*model.all("variables"), *model.all("views")):
        for view in (part, *part.all("view")):
            for group in view.all("group"):
                out |= {names.canonical(v.text): plain(group.get("name")) for v in group.all("var")}
    return out


def parts(model: Element) -> Iterator[Element]:
    """The elements of a model's variables; Stella 10 put them directly in <model>."""
    for block in (model, *model.all("variables")):
        yield from (e for e in block.children if e.own and e.tag in (*KINDS, "module"))


def _laid(
    scope: Scope, models: Mapping[str, Element], file: str, within: Sequence[str],
    counter: Iterator[int], met: list[Scope],
) -> Iterator[Placed]:  # fmt: skip
    met.append(scope)
    for element in parts(scope.model):
        if next(counter) > limits.EQUATIONS:
            raise ModelError(
                f"more than {limits.EQUATIONS:,} variables and modules", file=file,
                line=element.line, remedy=f"use fewer, {limits.TRUSTED}",
            )  # fmt: skip
        name = plain(element.get("name"))
        if not name:
            what = f"<{element.tag}> without a name"
            raise ModelError(what, remedy='write name="..."', file=file, line=element.line)
        if element.tag == "module":
            inner = _inside(element, models, file, within)
            below = Scope(f"{scope.prefix}{name}.", inner, _groups(inner))
            yield from _laid(below, models, file, (*within, names.canonical(name)), counter, met)
        else:
            yield Placed(scope.prefix + name, element, scope)


def _inside(
    module: Element, models: Mapping[str, Element], file: str, within: Sequence[str]
) -> Element:
    said = module.get("resource") or module.get("name")
    key = names.canonical(said.removeprefix("#"))
    label = plain(module.get("name"))
    if key not in models:
        raise ModelError(
            f"module '{plain(said)}' has no <model> of that name", variable=label,
            remedy="models in other files are not supported: save them in one file",
            file=file, line=module.line,
        )  # fmt: skip
    if key in within or len(within) >= limits.MACRO_DEPTH:
        raise ModelError(
            "a module within itself",
            remedy="take it out",
            file=file,
            line=module.line,
            variable=label,
        )
    return models[key]


def _connected(
    placed: Sequence[Placed], met: Sequence[Scope], found: Mapping[str, Placed], file: str
) -> list[Placed]:
    """The same, with inputs connected to their sources."""
    given: dict[str, str] = {}
    for scope in met:
        for module in (e for e in parts(scope.model) if e.tag == "module"):
            inside = f"{scope.prefix}{plain(module.get('name'))}."
            for connect in module.all("connect"):
                to, start = connect.get("to"), connect.get("from")
                end = resolved(to, inside, found) or resolved(to, scope.prefix, found)
                source = resolved(start, scope.prefix, found)
                if end is None or source is None:
                    raise ModelError(
                        f"<connect> names '{to if end is None else start}', which is not there",
                        file=file, line=connect.line, variable=plain(module.get("name")),
                        remedy="connect inputs that the module's model has",
                    )  # fmt: skip
                if end != source:
                    given[end] = source
    return [
        Placed(p.name, p.element, p.scope, given.get(names.canonical(p.name), "")) for p in placed
    ]


def resolved(name: str, prefix: str, found: Mapping[str, object]) -> str | None:
    """The canonical full name of a name within ``prefix``; None if it is unknown."""
    text = plain(name)
    if text.startswith("."):
        key = names.canonical(text[1:])
        return key if key in found else None
    while True:
        key = names.canonical(prefix + text)
        if key in found:
            return key
        if not prefix or "." not in text:
            return None
        # A path is also looked up in the enclosing models; a plain name only in its own.
        prefix = prefix[:-1].rpartition(".")[0]
        prefix = f"{prefix}." if prefix else ""
