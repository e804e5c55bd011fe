"""Labelled arrays, put in the order of the variable they are meant for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr

from sdsim.base import names
from sdsim.base.errors import ModelError, suggested
from sdsim.ir.model import Model, Variable
from sdsim.overrides.places import is_parameter


def plain(
    model: Model, variable: Variable, cells: Sequence[int] | None, value: Any, name: str
) -> Any:
    """A labelled array as a plain one in the shape of the variable; other values unchanged.

    A pandas Series over time also stays as it is.
    """
    if isinstance(value, pd.DataFrame):
        raise ModelError(
            "expected a number, an array or a Series, got a DataFrame",
            remedy="give an array, or an xarray.DataArray with the names of its dimensions",
            variable=name,
        )
    if isinstance(value, xr.DataArray):
        if cells is None:
            return _aligned(model, variable, value, name)
        return value.item() if value.size == 1 else value.to_numpy()
    if not isinstance(value, pd.Series) or cells is not None or not variable.dims:
        return value
    labels = [names.canonical(str(v)) for v in value.index]
    known = [set(model.dimensions[d].elements) for d in variable.dims]
    numeric = pd.api.types.is_numeric_dtype(value.index)
    if len(known) == 1 and (not numeric or set(labels) <= known[0]):
        at = {variable.dims[0]: ("_", list(map(str, value.index)))}
        array = xr.DataArray(value.to_numpy(), dims="_", coords=at).swap_dims(
            {"_": variable.dims[0]}
        )
        return _aligned(model, variable, array, name)
    meant = names.canonical(str(value.index.name)) == names.TIME
    if is_parameter(variable) and not meant:
        over = ", ".join(model.dimensions[d].name for d in variable.dims)
        raise ModelError(
            "a Series whose index is read as time, for a constant over " + over,
            remedy=f"index it by the elements of {over}, or call the index 'time' for a series"
            if len(known) == 1 else "give an array, or call the index 'time' for a series",
            variable=name,
        )  # fmt: skip
    return value


def _aligned(model: Model, variable: Variable, array: xr.DataArray, name: str) -> Any:
    """The values of ``array`` in the variable's own order of dimensions and elements."""
    if not array.ndim:
        return array.item()
    wanted: list[str] = []  # named as in results: a repeated range gets a mark
    for d in variable.dims:
        label = names.canonical(model.dimensions[d].name)
        wanted.append(f"{label}'" if label in wanted else label)
    by_name = {names.canonical(str(d)): d for d in array.dims}
    if sorted(by_name) != sorted(wanted) or len(by_name) != array.ndim:
        expected = ", ".join(model.dimensions[d].name for d in variable.dims) or "none"
        got = ", ".join(map(str, array.dims))
        remedy = "a time series is given as Points or as a pandas Series"
        raise ModelError(
            f"expected dimensions {expected}, got {got}",
            remedy=remedy if names.TIME in by_name else f"rename them to {expected}",
            variable=name,
        )
    for dim, key in zip(variable.dims, wanted, strict=True):
        axis, own = by_name[key], model.dimensions[dim]
        if axis not in array.coords:
            continue
        place: dict[str, int] = {}
        for i, label in enumerate(array[axis].values.tolist()):
            element = names.canonical(str(label))
            if element not in own.elements:
                raise ModelError(
                    f"'{label}' is not an element of '{own.name}'",
                    remedy=suggested(str(label), own.labels),
                    variable=name,
                )
            if element in place:
                raise ModelError(
                    f"'{label}' comes twice along '{own.name}'",
                    variable=name,
                    remedy="give each label once",
                )
            place[element] = i
        lacking = [s for e, s in zip(own.elements, own.labels, strict=True) if e not in place]
        if lacking:
            raise ModelError(
                f"has no value for '{lacking[0]}' of '{own.name}'",
                remedy=f"give all of them, or single ones as {variable.name}[{lacking[0]}]",
                variable=name,
            )
        array = array.isel({axis: [place[e] for e in own.elements]})
    return array.transpose(*(by_name[k] for k in wanted)).to_numpy()
