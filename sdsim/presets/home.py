"""What a preset leaves at the values of the home case, and which of its values have no source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from sdsim.base import names
from sdsim.base.errors import counted, some
from sdsim.ir.model import label_of, shape_of
from sdsim.presets.case import Value
from sdsim.presets.findings import PresetFinding
from sdsim.presets.given import Given


def left_at_home(given: Given) -> Iterator[PresetFinding]:
    """What a case must give and this one does not, by group; what else it leaves; what is shared
    and given all the same."""
    case = given.case
    home = f" ({case.home})" if case.home else ""
    asked = [v for v in case.values if v.rank == "must"]
    for declared in (True, False):
        mine = [v for v in asked if v.declared == declared]
        for group, members in groupby(mine, key=lambda v: v.variable.group):
            if left := [n for v in members for n in _left(given, v)]:
                what = f"{group}: " if group else ""
                what += f"left at the home case{home}: {some(left, 12)}"
                remedy = "a case must give it; check a scenario laid over its case: a.toml+b.toml"
                yield PresetFinding(
                    "home", declared, None, None, tuple(left), what,
                    remedy if declared else "give it if this case differs",
                )  # fmt: skip
    free = [
        v.variable.name for v in case.values
        if v.rank == "may" and v.key not in given.elements and v.key not in names.CONTROL
    ]  # fmt: skip
    if free:
        what = f"{counted(len(free), 'value')} that a case may give, left at the home case{home}"
        what += f": {some(free, 4)}"
        yield PresetFinding("home", False, None, None, tuple(free), what, "")
    for v in case.values:
        if v.rank == "shared" and v.declared and v.key in given.elements:
            name = given.name_of(v.key)
            what, remedy = "is the same in every case, says case.toml", "leave it out, or say why"
            yield given.fault("shared", name, what, remedy, False)


def _left(given: Given, value: Value) -> Sequence[str]:
    """The elements of a value that are not given; the whole variable if none is."""
    size = math.prod(shape_of(given.model, value.variable))
    missing = sorted(set(range(size)) - given.elements.get(value.key, frozenset()))
    if len(missing) == size:
        return [value.variable.name]
    return [label_of(given.model, value.variable, cell) for cell in missing]


def without_source(given: Given) -> Iterator[PresetFinding]:
    """A note on values that do not say where they come from."""
    bare = [n for n in given.preset.overrides.names if not given.preset.sources.get(n)]
    if bare:
        what = f"{counted(len(bare), 'value')} without a source: {some(bare)}"
        yield PresetFinding("source", False, None, None, tuple(bare), what, "say where it is from")
