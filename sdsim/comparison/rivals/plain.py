"""Rivals from plain data, the form in which specs have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sdsim.base.errors import ModelError, nearest, said
from sdsim.comparison.rivals.base import Rival
from sdsim.comparison.rivals.per_group import PerGroup
from sdsim.comparison.rivals.rows import RIVALS


def from_data(data: Mapping[str, Any]) -> Rival:
    """A rival such as ``{"rival": "gravity", "drivers": ["people"], "each": true}``.

    ``each`` fits it to each group by itself; further keys are the rival's settings.

    Raises
    ------
    ModelError : an unknown rival; settings that are unknown or of another kind.
    """
    given = dict(data)
    word, each = given.pop("rival", ""), given.pop("each", False)
    if word not in RIVALS:
        remedy = nearest(str(word), RIVALS) or f"one of {', '.join(RIVALS)}"
        raise ModelError(f"unknown rival '{word}'", remedy=remedy)
    known = {f.name for f in fields(RIVALS[word])}
    for key, value in {**given, "each": each}.items():
        if key not in known | {"each"}:
            has = ", ".join(sorted(known)) or "no settings"
            raise ModelError(
                f"{word} has no '{key}'", remedy=nearest(key, known) or f"it has {has}"
            )
        if key != "drivers" and not isinstance(value, bool):
            what = f"{word}: {key}: expected true or false, got {said(value)}"
            raise ModelError(what, remedy="write true or false")
    if "drivers" in given:
        given["drivers"] = _names(word, given["drivers"])
    rival: Rival = RIVALS[word](**given)
    return PerGroup(rival) if each else rival


def _names(word: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        what = f"{word}: drivers: expected a list of names, got {said(value)}"
        raise ModelError(what, remedy='write ["population", "wage"]')
    return tuple(value)
