"""The docstrings of this project as the renderer expects them.

They name things in one line, ``name : meaning``; the numpy style wants the meaning on a line below,
and takes what stands behind the colon for a type.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_SECTION = re.compile(r"^(Parameters|Raises|Returns|Attributes)\n-{3,}$", re.M)
_ITEM = re.compile(r"^(?P<name>[*\w][\w, *]*?) : (?P<text>.*)$")
_NEXT = re.compile(r"\.\s{2,}(?=\w[\w, ]* : )")


def reformatted(text: str) -> str:
    """``text`` with a line for each name and its meaning below; plain lists outside of sections."""
    out, inside = [], False
    lines = _NEXT.sub(".\n", text).splitlines()
    for k, line in enumerate(lines):
        if k + 1 < len(lines) and _SECTION.match(f"{line}\n{lines[k + 1]}"):
            inside = True
        item = _ITEM.match(line)
        if item and inside:
            out += [item["name"], f"    {item['text']}"]
        elif item:
            out += ["", f"- **{item['name']}**: {item['text']}"]
        else:
            out.append(line)
    return "\n".join(out)


class OneLine(griffe.Extension):
    """Reformats every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = reformatted(obj.docstring.value)
