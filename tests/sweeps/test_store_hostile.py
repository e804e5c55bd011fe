"""A store is data: none that could run something is read."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from zarr.codecs import GzipCodec

from sdsim.base.errors import ModelError
from sdsim.sweeps import store


class Evil:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.canary),)


def test_the_format_that_knows_pickles_is_not_read(tmp_path: Path) -> None:
    root, canary = tmp_path / "store", tmp_path / "canary"
    array = root / "outcomes"
    array.mkdir(parents=True)
    (root / ".zgroup").write_text('{"zarr_format": 2}')
    said = {"zarr_format": 2, "shape": [1, 1], "chunks": [1, 1], "dtype": "<f8", "order": "C",
            "compressor": None, "fill_value": 0, "filters": [{"id": "pickle"}]}  # fmt: skip
    (array / ".zarray").write_text(json.dumps(said))
    (array / "0.0").write_bytes(pickle.dumps(Evil(canary)))
    with pytest.raises(ModelError, match="no store of a sweep"):
        store.opened(root)
    assert not canary.exists()


def test_an_array_with_other_codecs_is_not_read(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "store")
    group.create_array("outcomes", data=np.ones((2, 2)), compressors=GzipCodec())
    with pytest.raises(ModelError, match="'outcomes' is not written by a sweep; run it again"):
        store.read(store.opened(tmp_path / "store")["outcomes"])
