"""Dimensional analysis: do both sides of every equation have the same unit?"""

from __future__ import annotations

from sdsim.unitcheck.findings import Finding, check
from sdsim.unitcheck.unit import DIMENSIONLESS, Unit, parse_unit

__all__ = ["DIMENSIONLESS", "Finding", "Unit", "check", "parse_unit"]
