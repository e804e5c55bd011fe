"""System-dynamics models, from their files to results that can be trusted.

A model is a file: Vensim's ``.mdl``, or XMILE (``.xmile``, ``.stmx``) as Stella writes it.
Nothing in it is executed. What you do with one:

    model = sdsim.load("teacup.mdl")              # read it, ready to run
    run = sdsim.simulate(model, {"Room Temperature": 60})
    run["Teacup Temperature"]                     # its values over time
    run.plot()                                    # a figure
    run.save("run.csv")

Look at a model:
    `load` and `read` a file; `info` lists what is in it; `System.variables` is a table of its
    variables; `units` checks the units of every equation; `check` decides the claims beside it and
    the reality checks in it; `document` writes its documentation, `convert` the model itself in
    another format, `export` a module that runs it in a browser.

Run it:
    `simulate` once; `simulate_many` times with constants from a table, all series kept. `Euler`,
    `RK4` and `Adaptive` are the methods of integration. What a run changes is a mapping from names
    to numbers, or `Overrides`; a table is `Points`; `read_preset` reads both from a file, of which
    `new_preset` writes a skeleton and `check_preset` says what is wrong; `read_cases` reads many
    from a template and a table.
    `compare` holds a result against another, `plot` draws one, or the members of many.

Find out what follows from what nobody knows:
    `sweep` runs a model as a design says and keeps a few outcomes of each run, `sensitivity` says
    what they depend on, `search` looks for policies that nothing beats. What varies is a `Lever` or
    an `Uncertainty` with a distribution (`Uniform`, `Normal`, `Choice` ...); how it varies is a
    design (`LatinHypercube`, `Saltelli`, `Morris`, `OneAtATime`, `Crossed` ...); a `Policy` is a
    named setting. `read_sweep` reads all of it from a file, `read_store` the results that a sweep
    wrote.

Let data decide:
    `calibrate` fits a model's free parameters to data and finds how sure the fit is. A
    `Calibration` has a model, a `Parameter` with a prior for each free number, and `Data` bound to
    expressions, each with one of the error models in `likelihoods`; `read_calibration` reads one
    from a file, `read_fit` what was found. `Posterior` makes its draws a design for sweeps.

What cannot be used is refused with a `ModelError` (a `ValueError`): one line that names the place,
what is wrong and what to do. What is allowed but deserves a look is a `ModelWarning`.

Names of variables may be written in any case, with blanks or underscores; an element is
``"Stock[north]"``. Every function has an example in its help. The same verbs are commands of the
shell: ``sdsim run teacup.mdl``; ``sdsim --help`` lists them.
"""

from __future__ import annotations

from sdsim.base.starting import interrupted

try:
    import sys
    from importlib import import_module
    from importlib.util import find_spec
    from pathlib import Path
    from typing import TYPE_CHECKING

    from sdsim.base.identity import warn_of_others
    from sdsim.base.version import __version__ as __version__

    warn_of_others(Path(__file__).parent, sys.path)
except KeyboardInterrupt:
    interrupted()

if TYPE_CHECKING:
    from sdsim.api.calibrations import calibrate as calibrate
    from sdsim.api.checks import Checks as Checks
    from sdsim.api.checks import check as check
    from sdsim.api.documents import document as document
    from sdsim.api.exports import export as export
    from sdsim.api.figures import plot as plot
    from sdsim.api.models import Info as Info
    from sdsim.api.models import convert as convert
    from sdsim.api.models import info as info
    from sdsim.api.models import units as units
    from sdsim.api.presets import check_preset as check_preset
    from sdsim.api.presets import new_preset as new_preset
    from sdsim.api.results import Comparison as Comparison
    from sdsim.api.results import compare as compare
    from sdsim.api.sweeps import sensitivity as sensitivity
    from sdsim.api.sweeps import sweep as sweep
    from sdsim.base.errors import ModelError as ModelError
    from sdsim.base.errors import ModelWarning as ModelWarning
    from sdsim.base.errors import UnsupportedError as UnsupportedError
    from sdsim.calibration import likelihoods as likelihoods
    from sdsim.calibration.calibration import Calibration as Calibration
    from sdsim.calibration.calibration import HoldOut as HoldOut
    from sdsim.calibration.data import Data as Data
    from sdsim.calibration.fitted import Fitted as Fitted
    from sdsim.calibration.fitted import read_fit as read_fit
    from sdsim.calibration.parameter import Parameter as Parameter
    from sdsim.calibration.spec import read_calibration as read_calibration
    from sdsim.design.crossed import Crossed as Crossed
    from sdsim.design.distributions import Beta as Beta
    from sdsim.design.distributions import Choice as Choice
    from sdsim.design.distributions import Empirical as Empirical
    from sdsim.design.distributions import Exponential as Exponential
    from sdsim.design.distributions import Gamma as Gamma
    from sdsim.design.distributions import HalfNormal as HalfNormal
    from sdsim.design.distributions import Integer as Integer
    from sdsim.design.distributions import LogNormal as LogNormal
    from sdsim.design.distributions import LogUniform as LogUniform
    from sdsim.design.distributions import Normal as Normal
    from sdsim.design.distributions import Pert as Pert
    from sdsim.design.distributions import StudentT as StudentT
    from sdsim.design.distributions import Triangular as Triangular
    from sdsim.design.distributions import Uniform as Uniform
    from sdsim.design.distributions import Weibull as Weibull
    from sdsim.design.factors import Lever as Lever
    from sdsim.design.factors import Policy as Policy
    from sdsim.design.factors import Scenario as Scenario
    from sdsim.design.factors import Uncertainty as Uncertainty
    from sdsim.design.latin import LatinHypercube as LatinHypercube
    from sdsim.design.levels import Grid as Grid
    from sdsim.design.levels import OneAtATime as OneAtATime
    from sdsim.design.montecarlo import MonteCarlo as MonteCarlo
    from sdsim.design.morris import Morris as Morris
    from sdsim.design.posterior import Posterior as Posterior
    from sdsim.design.sobol import Saltelli as Saltelli
    from sdsim.design.sobol import SobolSequence as SobolSequence
    from sdsim.design.table import Table as Table
    from sdsim.ir.model import Model as Model
    from sdsim.overrides.cases import read_cases as read_cases
    from sdsim.overrides.changes import Overrides as Overrides
    from sdsim.overrides.preset import Preset as Preset
    from sdsim.overrides.preset import read_preset as read_preset
    from sdsim.overrides.values import Points as Points
    from sdsim.presets.findings import PresetFinding as PresetFinding
    from sdsim.readers import read as read
    from sdsim.run.ensemble import simulate_many as simulate_many
    from sdsim.run.methods import RK4 as RK4
    from sdsim.run.methods import Adaptive as Adaptive
    from sdsim.run.methods import Euler as Euler
    from sdsim.run.result import Run as Run
    from sdsim.run.simulate import simulate as simulate
    from sdsim.run.system import System as System
    from sdsim.run.system import load as load
    from sdsim.study.search import search as search
    from sdsim.study.study import Study as Study
    from sdsim.sweeps.outcome import Outcome as Outcome
    from sdsim.sweeps.results import read_store as read_store
    from sdsim.sweeps.spec import read_sweep as read_sweep
    from sdsim.sweeps.sweep import Sweep as Sweep
    from sdsim.tables.compare import Column as Column
    from sdsim.unitcheck.findings import Finding as Finding

#: Where each public name stands. It is imported when it is first used: the package itself is light.
_NAMES = {
    "api.calibrations": "calibrate",
    "api.checks": "Checks check",
    "api.documents": "document",
    "api.exports": "export",
    "api.figures": "plot",
    "api.models": "Info convert info units",
    "api.presets": "check_preset new_preset",
    "api.results": "Comparison compare",
    "api.sweeps": "sensitivity sweep",
    "base.errors": "ModelError ModelWarning UnsupportedError",
    "calibration": "likelihoods",
    "calibration.calibration": "Calibration HoldOut",
    "calibration.data": "Data",
    "calibration.fitted": "Fitted read_fit",
    "calibration.parameter": "Parameter",
    "calibration.spec": "read_calibration",
    "design.crossed": "Crossed",
    "design.distributions": "Beta Choice Empirical Exponential Gamma HalfNormal Integer LogNormal "
    "LogUniform Normal Pert StudentT Triangular Uniform Weibull",
    "design.factors": "Lever Policy Scenario Uncertainty",
    "design.latin": "LatinHypercube",
    "design.levels": "Grid OneAtATime",
    "design.montecarlo": "MonteCarlo",
    "design.morris": "Morris",
    "design.posterior": "Posterior",
    "design.sobol": "Saltelli SobolSequence",
    "design.table": "Table",
    "ir.model": "Model",
    "overrides.cases": "read_cases",
    "overrides.changes": "Overrides",
    "overrides.preset": "Preset read_preset",
    "overrides.values": "Points",
    "presets.findings": "PresetFinding",
    "readers": "read",
    "run.ensemble": "simulate_many",
    "run.methods": "Adaptive Euler RK4",
    "run.result": "Run",
    "run.simulate": "simulate",
    "run.system": "System load",
    "study.search": "search",
    "study.study": "Study",
    "sweeps.outcome": "Outcome",
    "sweeps.results": "read_store",
    "sweeps.spec": "read_sweep",
    "sweeps.sweep": "Sweep",
    "tables.compare": "Column",
    "unitcheck.findings": "Finding",
}
_PLACES = {name: f"sdsim.{room}" for room, found in _NAMES.items() for name in found.split()}

__all__ = list(_PLACES)
__all__ += ["__version__"]


def __getattr__(name: str) -> object:
    if name in _PLACES:
        value: object = getattr(import_module(_PLACES[name]), name)
    elif not name.startswith("_") and find_spec(f"sdsim.{name}"):  # a room
        value = import_module(f"sdsim.{name}")
    else:
        from sdsim.base.errors import nearest

        remedy = nearest(name, _PLACES, 0.7)
        what = f"module 'sdsim' has no attribute '{name}'" + (remedy and f"; {remedy}")
        raise AttributeError(what, name=name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*(n for n in globals() if n[:2] == "__"), *__all__})
