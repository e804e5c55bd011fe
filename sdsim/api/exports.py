"""Models written as files that other programs run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path as _Path
from typing import Any

from sdsim.api.models import system_of
from sdsim.backends.llvm import available, why_not
from sdsim.base import files
from sdsim.base.errors import ModelError
from sdsim.base.extras import command
from sdsim.exports import contents_of, declarations, module
from sdsim.ir.model import Model
from sdsim.overrides import Overrides
from sdsim.run.methods import Method
from sdsim.run.prepared import prepare
from sdsim.run.system import System

Path = str | PathLike[str]
#: Suffixes of modules, and of their declarations.
SUFFIXES = {".mjs": ".d.mts", ".js": ".d.ts"}


def export(
    model: Path | System | Model,
    output: Path,
    params: Mapping[str, Any] | Overrides | None = None,
    method: Method | None = None,
    save: str | Iterable[str] | None = None,
    *,
    fast: bool = False,
    seed: int = 0,
    data_folder: Path | None = None,
) -> tuple[_Path, _Path]:
    """Write a model as one ES module that runs it in browsers and in Node, without dependencies.

    The module has the engine's own machine code for the model, as WebAssembly, and the names,
    units, ranges and documentation of its variables. Beside it go TypeScript declarations. The
    times of its runs are fixed; each constant that they do not depend on is a lever.

    Parameters
    ----------
    model : the path of a model file, or a model that is loaded.
    output : the file to write, ``.mjs`` or ``.js``.
    params : changes that hold in all runs of the module, as for `simulate`.
    method : `Euler` or `RK4`; None uses the file's method, else Euler.
    save : names of the variables whose series can be read; None for all the modeller wrote.
    fast : round a product and a sum one by one where the native engine rounds them together: in
        EXP, LN, powers and what uses them, results then differ in their last digits.
    seed : of the random functions, unless a run gives its own.
    data_folder : where external data may lie; the model's own folder by default.

    Returns
    -------
    The paths of the module and of its declarations (``.d.mts`` or ``.d.ts``).

    Raises
    ------
    ModelError : the model cannot be used, or there is no compiler.
    UnsupportedError : the run needs an adaptive method, or its end depends on the model.

    Examples
    --------
    >>> module, types = sdsim.export("teacup.mdl", "teacup.mjs")
    >>> module.name, types.name
    ('teacup.mjs', 'teacup.d.mts')
    """
    target = files.writable(_Path(output), tuple(SUFFIXES))
    if not available():
        what = f"a module cannot be made: {why_not()}"
        raise ModelError(what, remedy=command("fast"))
    run = prepare(system_of(model, data_folder), params, method, seed=seed, alone=True)
    contents = contents_of(run, save, exact=not fast)
    return (
        files.write_text(target, module(contents)),
        files.write_text(
            target.with_suffix(SUFFIXES[target.suffix.lower()]), declarations(contents)
        ),
    )
