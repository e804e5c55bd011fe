"""British and American spellings of a word, reduced to the same key.

The key is a proper spelling in neither country; names with equal keys are taken to be the same
name.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: Pairs of a pattern and its common replacement, applied in this order.
_RULES = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"\bgrey", "gray"),
        (r"\btyre", "tire"),
        (r"\bkerb", "curb"),
        (r"\bcheque", "check"),
        (r"\bsceptic", "skeptic"),
        (r"\bstorey", "story"),
        (r"ough(s|ed|ing)?\b", r"ow\1"),  # plough, plow
        (r"aught(s|ed|ing)?\b", r"aft\1"),  # draught, draft
        (r"ould(s|ed|ing)?\b", r"old\1"),  # mould, mold
        (r"minium", "minum"),  # aluminium, aluminum
        (r"ph", "f"),  # sulphur, sulfur
        (r"mme(s|d)?\b", r"m\1"),  # programme, program
        (r"ogue", "og"),  # catalogue, catalog
        (r"[ao]e", "e"),  # anaemia, anemia; oestrogen, estrogen
        (r"our", "or"),  # behaviour, labour, colour, neighbour
        (r"([bhtv])red\b", r"\1ered"),
        (r"([bhtv])re(s)?\b", r"\1er\2"),  # centre, center; litre, liter; manoeuvre, maneuver
        (r"ge(ing|ment)", r"g\1"),  # ageing, aging; judgement, judgment
        (r"ll", "l"),  # travelled, traveled; fulfil, fulfill; enrolment, enrollment
        (r"[cz](?=[eiy])", "s"),  # licence, defence; organise; analyse; practice
        (r"z", "s"),  # organization
        (r"\bper cent", "persent"),
        (r"tonne", "ton"),
    )
)


@lru_cache(4096)
def neutral(name: str) -> str:
    """A key that is equal for British and American spellings of a name; case does not matter."""
    key = name.casefold()
    for pattern, into in _RULES:
        key = pattern.sub(into, key)
    return key
