"""States of a computation as plain arrays, for files, and back: nothing is executed or guessed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.inference.differences import Steps
from sdsim.inference.evolution import Evolution
from sdsim.inference.importance import Importance
from sdsim.inference.mixture import Mixture
from sdsim.inference.optimum import Optima, Optimum
from sdsim.inference.proposal import Proposal
from sdsim.inference.tempering import Tempering
from sdsim.inference.warp import Warp

#: What a state may consist of, besides arrays, numbers, words and tuples of these.
KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Evolution, Importance, Mixture, Optima, Optimum, Proposal, Steps, Tempering, Warp
    )
}  # fmt: skip


def to_arrays(state: Any, at: str = "state") -> dict[str, NDArray[Any]]:
    """A state as arrays by path, such as ``state/optima/found/0/x``.

    Raises
    ------
    TypeError : it holds something else.
    """
    if isinstance(state, np.ndarray):
        return {at: state}
    if state is None:
        return {f"{at}:none": np.array(0)}
    if isinstance(state, bool | int | float | str):
        return {f"{at}:{type(state).__name__}": np.array(state)}
    if isinstance(state, np.generic):
        return to_arrays(state.item(), at)
    if isinstance(state, tuple):
        out = {f"{at}:tuple": np.array(len(state))}
        for i, part in enumerate(state):
            out |= to_arrays(part, f"{at}/{i}")
        return out
    kind = type(state).__name__
    if kind not in KINDS:
        raise TypeError(f"{at} is a {kind}")
    out = {f"{at}:{kind}": np.array(0)}
    for field in dataclasses.fields(state):
        out |= to_arrays(getattr(state, field.name), f"{at}/{field.name}")
    return out


def from_arrays(arrays: Mapping[str, NDArray[Any]], at: str = "state") -> Any:
    """The state that `to_arrays` made these of.

    Raises
    ------
    ModelError : a part is missing.
    """
    if at in arrays:
        return np.asarray(arrays[at])
    found = [name for name in arrays if name.startswith(f"{at}:")]
    if len(found) != 1:
        raise ModelError(f"the saved state lacks '{at}'", remedy="begin again")
    name, kind = found[0], found[0].rpartition(":")[2]
    plain = {"bool": bool, "int": int, "float": float, "str": str}
    if kind == "none":
        return None
    if kind in plain:
        return plain[kind](arrays[name].item())
    if kind == "tuple":
        return tuple(from_arrays(arrays, f"{at}/{i}") for i in range(int(arrays[name])))
    if kind not in KINDS:
        raise ModelError(f"the saved state has a '{kind}' at '{at}'", remedy="begin again")
    fields = dataclasses.fields(KINDS[kind])
    return KINDS[kind](**{f.name: from_arrays(arrays, f"{at}/{f.name}") for f in fields})
