"""The provenance of a constant, from a tag in its documentation such as ``[data: survey]``.

``[data ...]`` was measured, ``[literature ...]`` is a published figure, ``[analogy ...]`` is
borrowed from another case, ``[assumed ...]`` has no source; everything but ``data`` is in doubt.
``[definition]`` is none of these: the value is so by convention.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from sdsim.ir.model import Variable

KINDS = ("data", "literature", "analogy", "assumed")
_TAG = re.compile(rf"\[({'|'.join(KINDS)})\b[^\]]*\]?")
_ANY = re.compile(r"\s*\[[^\]]*\]")


def provenance_of(doc: str) -> str | None:
    """The kind of the first tag in a documentation text, one of `KINDS`; None without a tag."""
    found = _TAG.search(doc)
    return found[1] if found else None


def doubt_of(doc: str) -> str | None:
    """The first tag that marks the value as not measured, without its brackets."""
    return next((m[0].strip("[]") for m in _TAG.finditer(doc) if m[1] != "data"), None)


def is_definition(doc: str) -> bool:
    """Whether a documentation text has the tag ``[definition]``: so by convention, not measured."""
    return "[definition" in doc and provenance_of(doc) is None


def definition_of(doc: str) -> str:
    """A documentation text without its tags."""
    return _ANY.sub("", doc)


def counted_by_provenance(variables: Iterable[Variable]) -> dict[str, int]:
    """How many variables have each kind of provenance; those without a tag are not counted."""
    kinds = Counter(p for v in variables if (p := provenance_of(v.doc)))
    return {k: kinds[k] for k in KINDS}
