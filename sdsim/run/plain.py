"""A prepared run as plain data, so that any process can make it again and gets the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sdsim.backends import backend_named
from sdsim.ir.model import from_json, to_json
from sdsim.overrides import Overrides
from sdsim.run.cases import cases_from_data, cases_to_data
from sdsim.run.horizon import Horizon
from sdsim.run.methods import method_named
from sdsim.run.prepared import Prepared
from sdsim.run.system import System


def to_data(run: Prepared) -> dict[str, Any]:
    """As plain data, for JSON; its changes are in the model and the parameters already."""
    h = run.horizon
    return {
        "model": to_json(run.system.model),
        "backend": run.system.backend.name,
        "vector": run.vector.tolist(),
        "horizon": [h.start, h.stop, h.step, h.saveper],
        "only": h.only and list(h.only),
        "method": [run.method.name, run.method.settings_given()],
        "seed": run.seed,
        "cases": run.cases and cases_to_data(run.cases),
    }


def from_data(data: Mapping[str, Any], threads: int | None = None) -> Prepared:
    """The inverse of `to_data`.

    threads : number of threads that a kernel may use.
    """
    backend = backend_named(data["backend"], threads)
    horizon = Horizon(*data["horizon"])
    only = data["only"] and tuple(data["only"])
    return Prepared(
        System(from_json(data["model"]), backend, cached=True), Overrides(),
        np.array(data["vector"], dtype=np.float64), replace(horizon, only=only),
        method_named(*data["method"]), data["seed"],
        data["cases"] and cases_from_data(data["cases"]),
    )  # fmt: skip
