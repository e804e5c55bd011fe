"""Functions on models: what is in one, whether its units balance, and conversion."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Ref
from sdsim.ir.model import Model, constant_value
from sdsim.readers import read
from sdsim.run.system import System, load
from sdsim.unitcheck import Finding
from sdsim.unitcheck import check as check_units
from sdsim.writers.convert import convert as convert_file

Path = str | PathLike[str]
#: The kinds of variable, in the order in which they are listed.
KINDS = ("stock", "flow", "auxiliary", "constant", "lookup", "data")


def system_of(model: Path | System | Model, data_folder: Path | None = None) -> System:
    """``model`` ready to run; read first if it is a path."""
    if isinstance(model, System):
        return model
    return System(model) if isinstance(model, Model) else load(model, data_folder=data_folder)


def model_of(model: Path | System | Model, data_folder: Path | None = None) -> Model:
    """``model`` as it was read."""
    if isinstance(model, System):
        return model.model
    return model if isinstance(model, Model) else read(model, data_folder=data_folder)


@dataclass(frozen=True)
class Info:
    """The contents of a model; ``print`` shows them as `sdsim info` does.

    size : number of variables of each kind; ``elements`` and ``states`` over all variables, and
        ``operations`` per time step.
    time : INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER, in the model's time unit.
    subscripts : the elements of each subscript range.
    variables : name, kind, units, subscripts, group, documentation, limits and line of each.
    notes : remarks from reading the file.
    method : the integration method that the file asks for, ``euler`` or ``rk4``.

    Examples
    --------
    >>> found = sdsim.info("sir.mdl")
    >>> found.size["stock"], found.size["constant"]
    (3, 4)
    """

    name: str
    file: str
    hash: str
    size: dict[str, int]
    time: dict[str, float]
    subscripts: dict[str, list[str]]
    variables: list[dict[str, Any]] = field(repr=False)
    notes: list[str] = field(default_factory=list)
    method: str = "euler"

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def __str__(self) -> str:
        size = self.size
        found = ", ".join(f"{size[k]} {k if size[k] == 1 else plural(k)}" for k in KINDS if size[k])
        lines = [
            f"{self.name}: {self.file}", found,
            f"{size['elements']} elements, {size['operations']} operations a step",
            "time: " + ", ".join(f"{k} {v}" for k, v in self.time.items()),
            f"method: {self.method}",
            *(f"subscript {k}: {', '.join(v)}" for k, v in self.subscripts.items()),
        ]  # fmt: skip
        for kind in KINDS:
            rows = [v for v in self.variables if v["kind"] == kind]
            lines += ["", plural(kind)] if rows else []
            for v in rows:
                dims = f"[{','.join(v['subscripts'])}]" if v["subscripts"] else ""
                lines.append(f"  {v['name']}{dims}  ({v['units'] or 'no units'})")
        return "\n".join([*lines, *(f"note: {n}" for n in self.notes)])


def plural(kind: str) -> str:
    """The plural of a kind of variable."""
    return {"auxiliary": "auxiliaries", "data": "data series"}.get(kind, f"{kind}s")


def info(model: Path | System | Model, *, data_folder: Path | None = None) -> Info:
    """Show what is in a model: its variables by kind, subscripts, times and size.

    Parameters
    ----------
    model : the path of a model file, or a model that is loaded.
    data_folder : where external data may lie; the model's own folder by default.

    Raises
    ------
    ModelError : the file cannot be used.

    Examples
    --------
    >>> print(sdsim.info("teacup.mdl"))
    teacup: teacup.mdl
    1 stock, 1 flow, 2 constants
    8 elements, 4 operations a step
    time: INITIAL TIME 0.0, FINAL TIME 30.0, TIME STEP 0.125, SAVEPER 0.125
    method: euler
    <BLANKLINE>
    stocks
      Teacup Temperature  (Degrees Fahrenheit)
    <BLANKLINE>
    flows
      Heat Loss to Room  (Degrees Fahrenheit/Minute)
    <BLANKLINE>
    constants
      Room Temperature  (Degrees Fahrenheit)
      Characteristic Time  (Minutes)
    """
    system = system_of(model, data_folder)
    found, kinds = system.model, system.kinds
    shown = {k: v for k, v in found.variables.items() if not v.hidden and k not in names.CONTROL}
    program = system.program
    return Info(
        found.name, found.file, found.hash,
        {
            **{kind: sum(kinds[k] == kind for k in shown) for kind in KINDS},
            "elements": len(program.outputs),
            "states": len(program.states),
            "operations": sum(program.dynamic),
        },
        {k.upper(): v for k in names.CONTROL if (v := _time(system, k)) is not None},
        {d.name: list(d.labels) for d in found.dimensions.values()},
        [
            {
                "name": v.name, "kind": kinds[k], "units": v.units,
                "subscripts": [found.dimensions[d].name for d in v.dims],
                "group": v.group, "documentation": v.doc, "limits": list(v.limits), "line": v.line,
            }
            for k, v in shown.items()
        ],
        list(found.notes),
        found.method or "euler",
    )  # fmt: skip


def _time(system: System, key: str) -> float | None:
    """A control variable: its number, or what its equation makes of numbers; None beyond that."""
    place = system.program.param_places.get((key, 0))
    if place is not None:
        return system.program.defaults[place]
    return constant_value(system.model, Ref(key)) if key in system.model.variables else None


def units(model: Path | System | Model, *, data_folder: Path | None = None) -> tuple[Finding, ...]:
    """Check the units of every equation; an empty result means that all balance.

    Parameters
    ----------
    model : the path of a model file, or a model that is loaded.
    data_folder : where external data may lie; the model's own folder by default.

    Returns
    -------
    A finding for each equation whose sides differ and each variable without units; its ``str`` is
    one line with the place, the fault and the remedy.

    Raises
    ------
    ModelError : the file cannot be read.

    Examples
    --------
    >>> sdsim.units("teacup.mdl")
    ()
    """
    return check_units(model_of(model, data_folder))


def convert(
    model: Path,
    path: Path,
    *,
    force: bool = False,
    sketch_only: bool = False,
    data_folder: Path | None = None,
) -> tuple[str, ...]:
    """Write a model file in another format: Vensim's ``.mdl``, or XMILE's ``.xmile`` or ``.stmx``.

    The new file is read back before it is put in place; it must have the same equations.

    Parameters
    ----------
    model : the path of a model file.
    path : the file to write; its suffix gives the format.
    force : whether an existing file may be replaced.
    sketch_only : whether a Vensim file keeps everything but its sketch byte for byte.
    data_folder : folder of external data; the model's own folder by default.

    Returns
    -------
    What is written differently from the original, one line each.

    Raises
    ------
    ModelError : the model cannot be read or cannot be written in that format; the file exists.

    Examples
    --------
    >>> sdsim.convert("teacup.mdl", "teacup.xmile")
    ()
    >>> sdsim.compare("teacup.xmile", "teacup.mdl", rtol=0, atol=0).passed
    True
    """
    if not isinstance(model, str | PathLike):
        what = f"expected the path of a model file, got {type(model).__name__}"
        raise ModelError(what, remedy='write sdsim.convert("model.mdl", "model.xmile")')
    return convert_file(model, path, force=force, sketch_only=sketch_only, data_folder=data_folder)
