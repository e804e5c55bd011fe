"""What the tests of reading share."""

from __future__ import annotations

from pathlib import Path

MODELS = Path(__file__).parents[1] / "models" / "readers"

CONTROL = """
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 10 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
SAVEPER = TIME STEP ~ Month ~ |
"""
