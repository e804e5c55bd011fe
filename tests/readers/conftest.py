"""Small models for the tests of reading, each written by the test that needs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reading_models import CONTROL

from sdsim.ir.model import Model
from sdsim.readers import read


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(text)``: a model file with its control variables, in a folder of its own."""

    def make(text: str, name: str = "model.mdl", control: str = CONTROL) -> Path:
        path = tmp_path / name
        path.write_text(text + control, encoding="utf-8")
        return path

    return make


@pytest.fixture
def reading(write: Callable[..., Path]) -> Callable[..., Model]:
    """``reading(text)``: the model in ``text``, never from the cache."""
    return lambda text, **options: read(write(text, **options), cache=False)
