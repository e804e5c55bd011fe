"""What stands around the variables: dimensions, times, the way to integrate."""

from __future__ import annotations

from collections.abc import Iterator

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.expr import Expr, Num
from sdsim.ir.model import Dimension
from sdsim.readers.scan import Entry
from sdsim.readers.worker import Unreadable
from sdsim.readers.worker import number as plain_number
from sdsim.readers.xmile.document import Element

#: RK2 falls back to RK4 (XMILE 1.0, 3.4.1).
_METHODS = {"": "", "euler": "", "rk4": "rk4", "rungekutta4": "rk4", "runge-kutta 4": "rk4",
            "rk2": "rk4", "rungekutta2": "rk4", "runge-kutta 2": "rk4"}  # fmt: skip

_EXAMPLE = '<dim name="Region"><elem name="north"/><elem name="south"/></dim>'


def dimensions(root: Element, file: str) -> dict[str, Dimension]:
    """The file's dimensions by canonical name; elements are counted from 1 where not named.

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


def control(root: Element, file: str) -> Iterator[tuple[Entry, Expr]]:
    """The control variables.

    Raises
    ------
    ModelError : no sim_specs, or times that are no numbers.
    """
    specs = root.first("sim_specs")
    if specs is None:
        raise ModelError(
            "there is no <sim_specs>", remedy="say start, stop and dt", file=file, line=root.line
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
    """How the model says it is to be integrated: ``rk4``, or empty for Euler.

    Raises
    ------
    ModelError : a method that is not supported.
    """
    specs = root.first("sim_specs")
    said = specs.get("method").strip().lower() if specs else ""
    for word in (w.strip() for w in said.split(",")):
        if word in _METHODS:
            return _METHODS[word]
    raise ModelError(
        f"integration method '{said}' is not supported", file=file,
        line=specs.line if specs else 0, remedy="Euler or RK4",
    )  # fmt: skip
