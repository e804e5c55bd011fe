"""Dimensional analysis: do both sides of every equation have the same unit?"""

from __future__ import annotations

from sdsim.units.findings import Finding, check
from sdsim.units.unit import DIMENSIONLESS, Unit, parse

__all__ = ["DIMENSIONLESS", "Finding", "Unit", "check", "parse"]
