"""Experimental designs: factors, their distributions, and the points to run.

A new distribution is a file in `sdsim.design.distributions`; a new design is a file here that
registers itself in `sdsim.design.base.DESIGNS`, and an import below.
"""

from collections.abc import Mapping
from typing import Any

from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Design, design_of
from sdsim.design.crossed import Crossed
from sdsim.design.distributions import (
    Beta,
    Choice,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    HalfNormal,
    Integer,
    LogNormal,
    LogUniform,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
    Weibull,
)
from sdsim.design.factors import (
    Factor,
    Lever,
    Policy,
    Scenario,
    Uncertainty,
    factor_from_data,
    fit,
    levers_of,
    uncertainties_of,
)
from sdsim.design.given import GIVEN
from sdsim.design.latin import LatinHypercube
from sdsim.design.levels import Grid, OneAtATime
from sdsim.design.montecarlo import MonteCarlo
from sdsim.design.morris import Morris
from sdsim.design.posterior import Posterior
from sdsim.design.sobol import Saltelli, SobolSequence
from sdsim.design.table import Table


def design_to_data(design: Design) -> dict[str, Any]:
    """As plain data."""
    factors = [f.to_data() for f in design.factors]
    return {"kind": design.kind, "factors": factors, "settings": design.settings()}


def design_from_data(data: Mapping[str, Any]) -> Design:
    """The inverse of `design_to_data`."""
    factors = tuple(factor_from_data(f) for f in data["factors"])
    return design_of(factors, Section({"kind": data["kind"], **data["settings"]}))


__all__ = [
    "DESIGNS", "GIVEN", "Beta", "Choice", "Crossed", "Design", "Distribution", "Empirical",
    "Exponential", "Factor", "Gamma", "Grid", "HalfNormal", "Integer", "LatinHypercube", "Lever",
    "LogNormal", "LogUniform", "MonteCarlo", "Morris", "Normal", "OneAtATime", "Pert", "Policy",
    "Posterior", "Saltelli", "Scenario", "SobolSequence", "StudentT", "Table", "Triangular",
    "Uncertainty", "Uniform", "Weibull", "design_from_data", "design_of", "design_to_data",
    "factor_from_data", "fit", "levers_of", "uncertainties_of",
]  # fmt: skip
