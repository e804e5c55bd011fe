"""The elements of XMILE and where they may occur; unknown ones are ignored, with a note.

Sources: XMILE 1.0, chapters 2 to 6, and elements that Stella's files have without a prefix.
Vendors' elements (in another namespace, or with a prefix) are ignored without a note.
"""

from __future__ import annotations

from collections.abc import Iterator

from sdsim.base.errors import ModelError, nearest
from sdsim.readers.xmile.document import Element

#: The namespace of XMILE 1.0, and those in use before it was settled.
NAMESPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
_NAMESPACES = (NAMESPACE, "http://www.systemdynamics.org/xmile")
#: The most unknown elements that are named.
MOST = 10


def _tags(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VARIABLE = _tags(
    "eqn mathml init_eqn units doc dimensions element event_poster format range scale gf display "
    "non_negative"
)
_KINDS = {
    "stock": _VARIABLE | _tags("inflow outflow conveyor queue oven"),
    "flow": _VARIABLE | _tags("leak leak_integers multiplier overflow"),
    "aux": _VARIABLE,
    "gf": _tags("xscale yscale xpts ypts doc units display format range scale"),
    "module": _tags("connect doc units display"),
    "group": _tags("var doc display"),
}
_VARIABLES = frozenset(_KINDS)
_INSIDE = {
    "xmile": _tags(
        "header sim_specs model_units dimensions behavior style data model macro includes prefs "
        "default_format equation_prefs"
    ),
    "sim_specs": _tags("start stop dt run"),
    "behavior": _tags("stock flow aux non_negative"),
    "model": _VARIABLES
    | _tags("sim_specs behavior variables views view display interface dimensions doc"),
    "macro": _tags("eqn parm format doc sim_specs variables views"),
    "variables": _VARIABLES,
    "conveyor": _tags("len capacity in_limit sample arrest"),
    "element": _VARIABLE,
    "dimensions": _tags("dim"),
    "dim": _tags("elem doc"),
    **_KINDS,
}
#: Elements that are searched; the contents of others, such as views, are not equations.
_LOOKED = {tag: frozenset(_INSIDE) & inside for tag, inside in _INSIDE.items()}
_LOOKED["behavior"] = frozenset()


def unread_parts(root: Element, file: str) -> Iterator[str]:
    """Notes on a missing namespace and on each kind of unknown element.

    Raises
    ------
    ModelError : the root is not <xmile>, or is in another namespace.
    """
    if root.tag != "xmile":
        raise ModelError(
            f"expected <xmile>, got <{root.tag}>", file=file, line=root.line,
            remedy="is this an XMILE file?",
        )  # fmt: skip
    if root.space is None:
        yield f'line {root.line}: <xmile> has no namespace; read as if xmlns="{NAMESPACE}"'
    elif root.space.rstrip("/").lower() not in map(str.lower, _NAMESPACES):
        raise ModelError(
            f"<xmile> of the namespace '{root.space[:120]}'", file=file, line=root.line,
            remedy=f'expected xmlns="{NAMESPACE}"',
        )  # fmt: skip
    told: set[tuple[str, str]] = set()
    waiting = [root]
    while waiting:
        here = waiting.pop()
        inside = _INSIDE[here.tag]
        for child in (c for c in here.children if c.own):
            if child.tag in inside:
                if child.tag in _LOOKED[here.tag]:
                    waiting.append(child)
            elif (here.tag, child.tag) not in told and len(told) < MOST:
                told.add((here.tag, child.tag))
                close = nearest(child.tag, inside, 0.75).replace("'", "", 1)
                close = close.replace("did you mean ", "; did you mean <").replace("'?", ">?")
                yield (
                    f"line {child.line}: <{child.tag}> in <{here.tag}> is not known and not read"
                    f"{close}"
                )
