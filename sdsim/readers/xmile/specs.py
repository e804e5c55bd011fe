"""The parts of a file besides its variables: dimensions, times, integration method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, UnsupportedError, one_line
from sdsim.ir.expr import Expr, Num
from sdsim.ir.model import Dimension
from sdsim.readers.scan import Entry
from sdsim.readers.worker import Unreadable
from sdsim.readers.worker import number as plain_number
from sdsim.readers.xmile.document import Element
from sdsim.readers.xmile.scopes import Scope, root_model

#: RK2 falls back to RK4 (XMILE 1.0, 3.4.1).
_METHODS = {"": "", "euler": "", "rk4": "rk4", "rungekutta4": "rk4", "runge-kutta 4": "rk4",
            "rk2": "rk4", "rungekutta2": "rk4", "runge-kutta 2": "rk4"}  # fmt: skip

_EXAMPLE = '<dim name="Region"><elem name="north"/><elem name="south"/></dim>'


def dimensions(root: Element, file: str) -> dict[str, Dimension]:
    """The file's dimensions by canonical name; unnamed elements are numbered from 1.

    Raises
    ------
    ModelError : a dimension without a name or elements, defined twice, or too large.
    """
    out: dict[str, Dimension] = {}
    for part in (root, *root.all("model")):
        for block in part.all("dimensions"):
            for dim in block.all("dim"):
                made = _dimension(dim, file)
                key = names.canonical(made.name)
                if key in out and out[key] != made:
                    raise ModelError(
                        f"dimension '{made.name}' is defined twice", file=file, line=dim.line,
                        remedy="delete one, or rename it",
                    )  # fmt: skip
                out[key] = made
    return out


def _dimension(dim: Element, file: str) -> Dimension:
    name = names.display(dim.get("name"))
    labels = [names.display(e.get("name")) for e in dim.all("elem")]
    size = dim.get("size").strip()
    if not labels and size:
        if not size.isdecimal() or not 1 <= int(size[:9]) <= limits.RANGE:
            raise ModelError(
                f"dimension '{name}': expected a size from 1 to {limits.RANGE:,}, got "
                f"'{size[:40]}'",
                file=file, line=dim.line, remedy='write size="3", or name the elements',
            )  # fmt: skip
        labels = [str(k + 1) for k in range(int(size))]
    elements = tuple(map(names.canonical, labels))
    twice = next((s for k, s in enumerate(labels) if elements[k] in elements[:k]), None)
    what = ""
    if not name or not labels or not all(labels):
        what = f"dimension '{name}' needs a name and elements with names"
    elif twice is not None:
        what = f"dimension '{name}' has the element '{one_line(twice, 80)}' twice"
    if what:
        remedy = "delete one" if twice is not None and name else _EXAMPLE
        raise ModelError(what, file=file, line=dim.line, remedy=remedy)
    return Dimension(name, elements, tuple(labels))


def specs_of(root: Element) -> Element | None:
    """The file's <sim_specs>: at the top, within the root model, or both (XMILE 1.0, 2.3).

    The root model's settings take precedence over those at the top.
    """
    top, model = root.first("sim_specs"), root_model(root)
    own = model.first("sim_specs") if model else None
    if top is None or own is None:
        return own or top
    rest = [c for c in top.children if not own.said(c.tag)]
    said = {**top.attributes, **{k: v for k, v in own.attributes.items() if v.strip()}}
    return replace(own, attributes=said, children=[*own.children, *rest])


def one_clock(root: Element, scopes: Iterable[Scope], file: str) -> None:
    """Refuse a module whose model has its own times, step or method.

    XMILE 1.0, 2.3: specifications recur in each model to override those of the file. It does not
    say what a module with another step reads in between, so sdsim does not guess.

    Raises
    ------
    UnsupportedError : they differ from the file's; the model and the difference are named.
    """
    whole = specs_of(root)
    for scope in scopes:
        own = scope.model.first("sim_specs")
        if own is None or whole is None or not scope.prefix:
            continue
        other = _differing(own, whole, ("start", "stop", "dt"), {})
        if other:
            name = names.display(scope.model.get("name"))
            raise UnsupportedError(
                f"<sim_specs> of its own in model '{one_line(name, 80)}' ({', '.join(other)}) are "
                "not supported in this version",
                remedy="give the whole file those, or take them out: its numbers will be others",
                file=file, line=own.line,
            )  # fmt: skip


def apart(macro: Element, root: Element) -> str:
    """Why a macro does not run along with the model that calls it; empty if it does.

    XMILE 1.0, 4.8: with <sim_specs>, a macro is a separate simulation at each call, by default with
    Euler's method and a step of 1.
    """
    own, whole = macro.first("sim_specs"), specs_of(root)
    if own is None:
        return ""
    said = [f"{tag} {one_line(own.said(tag), 40)}" for tag in ("start", "stop") if own.said(tag)]
    if whole is not None:
        said += _differing(own, whole, ("dt",), {"dt": 1.0, "method": ""})
    return ", ".join(said)


def _differing(
    own: Element, whole: Element, tags: Sequence[str], default: Mapping[str, float | str]
) -> list[str]:
    """How ``own`` differs from ``whole``; ``default`` supplies what ``own`` leaves out."""
    out = []
    for tag in tags:
        mine, theirs = _value(own, tag, default.get(tag)), _value(whole, tag, 1.0)
        if mine is not None and mine != theirs:
            shown = own.said(tag) or f"{default[tag]:g}"
            around = f" where the file has {whole.said(tag) or 1}" if whole.said(tag) else ""
            out.append(f"{tag} {one_line(shown, 40)}{around}")
    said = own.get("method") or default.get("method")
    if said is not None and _method(str(said)) != _method(whole.get("method")):
        out.append(f"method {one_line(str(said), 40) or 'Euler'}")
    units = own.get("time_units").strip()
    if units and names.canonical(units) != names.canonical(whole.get("time_units")):
        out.append(f"time_units {one_line(units, 40)}")
    return out


def _value(specs: Element, tag: str, default: float | str | None) -> float | str | None:
    """A time as a number, or as text if it is not a number."""
    found, said = specs.first(tag), specs.said(tag)
    if found is None or not said:
        return default
    try:
        value = plain_number(said)
    except Unreadable:
        return said
    turned = tag == "dt" and found.get("reciprocal").strip().lower() == "true"
    return 1.0 / value if turned and value else value


def _method(said: str) -> str | None:
    words = (w.strip() for w in said.strip().lower().split(","))
    return next((_METHODS[w] for w in words if w in _METHODS), None)


def control(root: Element, file: str) -> Iterator[tuple[Entry, Expr]]:
    """The control variables.

    Raises
    ------
    ModelError : no sim_specs, or times that are not numbers.
    """
    specs = specs_of(root)
    if specs is None:
        raise ModelError(
            "there is no <sim_specs>", remedy="give start, stop and dt", file=file, line=root.line
        )
    units = specs.get("time_units")

    def number(tag: str, default: float | None) -> tuple[float, int]:
        found = specs.first(tag)
        said = specs.said(tag)
        if found is None or not said:
            if default is None:
                what = f"<sim_specs> has no <{tag}>"
                remedy = f"write <{tag}>0</{tag}> or so"
                raise ModelError(what, remedy=remedy, file=file, line=specs.line)
            return default, specs.line
        try:
            value = plain_number(said)
        except Unreadable:
            raise ModelError(
                f"<{tag}>: expected a number, got '{said[:40]}'", file=file, line=found.line,
                remedy="write one such as 0.25",
            ) from None  # fmt: skip
        if tag == "dt" and found.get("reciprocal").strip().lower() == "true":
            if not value:
                what = "<dt>: one part in 0"
                remedy = 'write <dt reciprocal="true">4</dt> for a quarter'
                raise ModelError(what, remedy=remedy, file=file, line=found.line)
            value = 1.0 / value
        return value, found.line

    start, stop, step = number("start", None), number("stop", None), number("dt", 1.0)
    save = step
    for key, said in specs.attributes.items():
        if key.rpartition(":")[2] == "save_interval" and said.strip():
            try:
                save = float(said), specs.line
            except ValueError:
                raise ModelError(
                    f"save_interval: expected a number, got '{said[:40]}'",
                    file=file, line=specs.line, remedy="write one such as 1",
                ) from None  # fmt: skip
    for name, (value, line) in zip(names.CONTROL, (start, stop, step, save), strict=True):
        yield Entry(name.upper(), "equation", repr(value), units=units, line=line), Num(value)


def integration(root: Element, file: str) -> str:
    """The integration method in the file: ``rk4``, or empty for Euler.

    Raises
    ------
    ModelError : a method that is not supported.
    """
    specs = specs_of(root)
    said = specs.get("method").strip().lower() if specs else ""
    method = _method(said)
    if method is not None:
        return method
    raise ModelError(
        f"integration method '{said}' is not supported", file=file,
        line=specs.line if specs else 0, remedy="Euler or RK4",
    )  # fmt: skip
