"""Where the models of these tests are, and how a claim's file begins."""

from __future__ import annotations

from pathlib import Path

POND = Path(__file__).resolve().parents[1] / "models" / "claims" / "pond"

HEAD = """
id = "{id}"
claim = "Something."
seed = "own"
tier = 1
kind = "behaviour"
expect = "{expect}"
data = "does not touch"
"""
