"""Provenance: the tags in the documentation of constants."""

from __future__ import annotations

import pytest

from sdsim.ir.model import Variable
from sdsim.ir.provenance import counted_by_provenance, definition_of, doubt_of, provenance_of


@pytest.mark.parametrize(
    ("doc", "kind", "doubt"),
    [
        ("People. [data: census 1990]", "data", None),
        ("Rate. [assumed]", "assumed", "assumed"),
        ("Rate. [literature: Clark 1990] [assumed: range]", "literature", "literature: Clark 1990"),
        ("Rate. [data: x] [assumed: range]", "data", "assumed: range"),
        ("A share [0, 1] of all.", None, None),
        ("[assumedly]", None, None),
    ],
)
def test_tags(doc: str, kind: str | None, doubt: str | None) -> None:
    assert (provenance_of(doc), doubt_of(doc)) == (kind, doubt)


def test_definitions_and_counts() -> None:
    assert definition_of("People alive. [data: census 1990]") == "People alive."
    docs = ("a [data: x]", "b [data]", "c [assumed]", "d")
    counted = counted_by_provenance(Variable(d[0], (), doc=d) for d in docs)
    assert counted == {"data": 2, "literature": 0, "analogy": 0, "assumed": 1}
