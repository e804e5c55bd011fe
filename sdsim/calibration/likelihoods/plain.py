"""Error models as plain data, the form in which specs and manifests have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from sdsim.base.errors import ModelError, nearest
from sdsim.calibration.likelihoods.base import Likelihood
from sdsim.calibration.likelihoods.rows import KINDS


def to_data(likelihood: Likelihood) -> dict[str, Any]:
    """As plain data, such as ``{"errors": "normal", "sd": 2.0, "autocorrelation": 0.0}``."""
    given = asdict(likelihood)
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}
    return {"errors": likelihood.kind, **plain}


def from_data(data: Mapping[str, Any]) -> Likelihood:
    """The inverse of `to_data`.

    Raises
    ------
    ModelError : an unknown error model; settings that are missing, unknown or out of range.
    """
    given = dict(data)
    word = given.pop("errors", "")
    if word not in KINDS:
        remedy = nearest(str(word), KINDS) or f"one of {', '.join(KINDS)}"
        raise ModelError(f"unknown error model '{word}'", remedy=remedy)
    kind = KINDS[word]
    known = [f.name for f in fields(kind)]
    for name in given:
        if name not in known:
            remedy = nearest(name, known) or f"it has {', '.join(known) or 'no settings'}"
            raise ModelError(f"{word} has no '{name}'", remedy=remedy)
    for field in fields(kind):
        if field.name not in given and field.default is MISSING:
            remedy = "write a number, or the name of a free parameter or a column"
            raise ModelError(f"{word} needs {field.name}", remedy=remedy)
    made: Likelihood = kind(**given)
    return made
