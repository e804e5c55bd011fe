"""Presets for a model: a skeleton of a new one, and what is wrong with one."""

from __future__ import annotations

from os import PathLike
from pathlib import Path as _Path

from sdsim.api.models import model_of
from sdsim.ir.model import Model
from sdsim.presets import Case, PresetFinding, case_of, skeleton
from sdsim.presets import check_preset as held_against
from sdsim.run.system import System

Path = str | PathLike[str]


def new_preset(
    model: Path | System | Model, title: str = "", *, folder: Path | None = None,
    data_folder: Path | None = None,
) -> str:  # fmt: skip
    """The skeleton of a preset for a new case, as the text of a TOML file.

    What a case must give has ``"?"`` for its value, and is refused by a run until a number stands
    there; what it may give is commented out, with the model's own value. Units, range and meaning
    stand beside each. Which is which, the file ``case.toml`` beside the model decides; without it
    the documentation, the presets beside the model and the equations.

    Parameters
    ----------
    model : the path of a model; or a loaded model, with its ``folder``.
    title : of the case.
    folder : with ``case.toml`` and ``presets``; the model's own by default.
    data_folder : folder of external data; the model's own folder by default.

    Raises
    ------
    ModelError : the model or ``case.toml`` cannot be used.

    Examples
    --------
    >>> text = sdsim.new_preset("sir.mdl", "A village")
    >>> [line[:39] for line in text.splitlines() if "Population" in line]
    ['"Total Population" = {value = "?", sour']
    """
    read = model_of(model, data_folder)
    return skeleton(read, _case(model, read, folder), title)


def check_preset(
    model: Path | System | Model, preset: Path, *, folder: Path | None = None,
    data_folder: Path | None = None,
) -> tuple[PresetFinding, ...]:  # fmt: skip
    """Everything that is wrong with a preset, and what deserves a look.

    What cannot be read or does not fit the model; numbers outside declared ranges; units that
    differ; shares that do not sum to one; series and tables over time that do not reach the ends of
    a run; values that a case must give and that stay at the home case. Nothing is run.

    Parameters
    ----------
    model : the path of a model; or a loaded model, with its ``folder``.
    preset : the path of a preset; ``a.toml+b.toml`` is a.toml with b.toml laid over it.
    folder : with ``case.toml`` and ``presets``; the model's own by default.
    data_folder : folder of external data; the model's own folder by default.

    Returns
    -------
    Findings in the order of the preset's lines, errors first (``finding.error``), then notes; the
    ``str`` of each is one line with place, fault and remedy.

    Raises
    ------
    ModelError : the model, ``case.toml`` or the preset cannot be read at all.

    Examples
    --------
    >>> for finding in sdsim.check_preset("teacup.mdl", "hot.toml"):
    ...     print(finding)
    hot.toml:2: 'Room Temperature': 200 is outside its range 32 to 100; correct it, or the range
    in teacup.mdl:16
    hot.toml:3: 'Characteristic Time': is given in Hours, the model has Minutes; convert it to
    Minutes
    """
    read = model_of(model, data_folder)
    return held_against(read, str(preset), _case(model, read, folder))


def _case(model: Path | System | Model, read: Model, folder: Path | None) -> Case:
    """What the folder says of the model's cases; nothing if there is no folder to look in."""
    if folder is None and not isinstance(model, System | Model):
        folder = _Path(model).resolve().parent
    return case_of(read, None if folder is None else _Path(folder))
