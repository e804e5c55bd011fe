"""Expands macros: each call becomes hidden variables, one for each variable of the body.

A call of ``SMOOTHED(input, delay)`` in an equation over ``[region]`` gives the body's variables
the subscript ``region``, so that a macro with a stock has one for each element. Names in a body
are its inputs, its own variables, or those of the model, which a trailing ``$`` selects. Units in
a body refer to its inputs, not to those of a call, so hidden variables have none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.functions import VECTOR
from sdsim.ir.expr import Call, Expr, Num, Ref, fold, rewrite
from sdsim.ir.model import Dimension
from sdsim.readers.scan import Entry, Macro, items, mask

#: Calls that reduce over a ``!`` inside them.
_OVER = frozenset(VECTOR)


@dataclass(frozen=True)
class Body:
    """A macro with the expressions of its entries.

    refused : why it cannot be called; empty if it can.
    """

    macro: Macro
    exprs: tuple[Expr, ...]
    refused: str = ""

    @property
    def key(self) -> str:
        """The canonical name."""
        return names.canonical(self.macro.name)


@dataclass
class Inliner:
    """Expands the calls of some macros; `entries` and `exprs` collect the hidden variables."""

    bodies: Mapping[str, Body]
    dims: Mapping[str, Dimension]
    file: str
    entries: list[Entry] = field(default_factory=list)
    exprs: list[Expr] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def inline(self, entry: Entry, expr: Expr, within: tuple[str, ...] = ()) -> Expr:
        """``expr`` of ``entry`` with its macro calls replaced by references.

        Raises
        ------
        ModelError : a macro that calls itself, or is called with the wrong number of arguments.
        """
        if not self.bodies:
            return expr

        def change(node: Expr) -> Expr:
            if isinstance(node, Call) and node.name in self.bodies:
                return self.call(entry, node, within)
            return node

        return rewrite(expr, change)

    def further(
        self, entry: Entry, macro: Macro, own: Mapping[str, tuple[str, tuple[str, ...]]]
    ) -> None:
        """The variables that receive a macro's further outputs in a call."""
        if entry.called != names.canonical(macro.name):
            return
        if len(entry.outputs) != len(macro.outputs):
            what = f"macro '{names.display(macro.name)}' has {len(macro.outputs)} further outputs"
            what += f", {len(entry.outputs)} given"
            raise self.error(entry, what, f"give {', '.join(macro.outputs)}")
        for given, inner in zip(entry.outputs, macro.outputs, strict=True):
            key = names.canonical(inner)
            if key not in own:
                what = f"macro '{names.display(macro.name)}' has no equation for '{inner}'"
                raise self.error(entry, what, f"add '{inner} = ...' to it")
            name, _, subs = given.partition("[")
            written = tuple(items(subs.rstrip().removesuffix("]"))) if subs else entry.subs
            made = replace(
                entry, name=name.strip(), subs=written, kind="equation", text="(output)",
                units="", doc=f"{inner} of the macro call in {entry.label}.",
                limits=(None, None), outputs=(), called="",
            )  # fmt: skip
            out, carried = own[key]
            self.entries.append(made)
            self.exprs.append(Ref(names.canonical(out), carried))

    def error(self, entry: Entry, what: str, remedy: str) -> ModelError:
        return ModelError(
            what, remedy=remedy, file=self.file, line=entry.line, variable=entry.label
        )

    def call(self, entry: Entry, node: Call, within: tuple[str, ...]) -> Expr:
        body = self.bodies[node.name]
        macro, label = body.macro, names.display(body.macro.name)
        if body.refused:
            raise UnsupportedError(
                f"macro '{label}' has {body.refused}: not supported in this version",
                remedy="take them out to run it along the model's time, or write the macro out",
                file=self.file, line=entry.line, variable=entry.label,
            )  # fmt: skip
        if len(within) >= limits.MACRO_DEPTH and node.name not in within:
            what = f"macros nested more than {limits.MACRO_DEPTH} deep, at '{label}'"
            raise self.error(entry, what, "call fewer within each other")
        if node.name in within:
            raise self.error(entry, f"macro '{label}' calls itself", "write it without recursion")
        if len(node.args) != len(macro.inputs):
            what = f"macro '{label}' takes {len(macro.inputs)} arguments, got {len(node.args)}"
            raise self.error(entry, what, f"give {', '.join(macro.inputs)}")
        if len(self.entries) + len(macro.entries) > limits.EQUATIONS:
            raise self.error(
                entry,
                f"macros make over {limits.EQUATIONS:,} variables",
                f"use fewer, {limits.TRUSTED}",
            )
        self.counts[node.name] = self.counts.get(node.name, 0) + 1
        prefix = f"#{label} {self.counts[node.name]}>"

        summed = sorted(set().union(*map(_summed, node.args)))
        ranges = [k for k in map(names.canonical, entry.subs) if k in self.dims]
        over = tuple(dict.fromkeys((*ranges, *summed)))
        whole = len(over) == len(entry.subs)
        excepts = entry.excepts if whole else ()

        inputs: dict[str, Expr] = {}
        for name, argument in zip(macro.inputs, node.args, strict=True):
            argument = _unsummed(argument, summed)
            if not isinstance(argument, (Num, Ref)):
                hidden = replace(
                    entry, name=f"{prefix}{names.display(name)}#", kind="equation", text="(input)",
                    subs=over, excepts=excepts, units="", doc="", limits=(None, None), hidden=True,
                )  # fmt: skip
                self.entries.append(hidden)
                self.exprs.append(argument)
                argument = Ref(hidden.key, over)
            inputs[names.canonical(name)] = argument

        own = {e.key: (f"{prefix}{e.label}#", () if e.kind == "lookup" else over)
               for e in macro.entries}  # fmt: skip
        if node.name not in own:
            what = f"macro '{label}' has no equation for its own name"
            raise self.error(entry, what, f"add '{label} = ...' to it")
        for inner, expr in zip(macro.entries, body.exprs, strict=True):
            name, carried = own[inner.key]
            hidden = replace(
                inner, name=name, subs=(*carried, *inner.subs),
                excepts=excepts if carried and not inner.subs else (), group=entry.group,
                units="", hidden=True,
            )  # fmt: skip
            resolved = rewrite(expr, lambda n: _resolve(n, inputs, own, self.bodies))
            at = len(self.exprs)
            self.entries.append(hidden)
            self.exprs.append(resolved)
            self.exprs[at] = self.inline(hidden, resolved, (*within, node.name))
        if macro.outputs:
            self.further(entry, macro, own)
        out, carried = own[node.name]
        subs = tuple(f"{d}!" if d in summed else d for d in carried)
        return Ref(names.canonical(out), subs)


_KEYWORD = re.compile(r":\s*(?:AND|OR|NOT|NA)\s*:", re.IGNORECASE)


def without_outputs(entry: Entry, macros: Sequence[Macro], file: str) -> Entry:
    """The entry with the output names after the ``:`` of a macro call removed from its text.

    Raises
    ------
    ModelError : two such calls in one equation.
    """
    keys = {names.canonical(m.name) for m in macros if m.outputs}
    if not keys or ":" not in entry.text:
        return entry
    text = entry.text
    hidden = _KEYWORD.sub(lambda m: "\0" * len(m.group()), mask(text))
    colon = hidden.find(":")
    if colon < 0:
        return entry
    depth, begin = 0, colon
    while begin >= 0 and depth >= 0:
        begin -= 1
        depth += {")": 1, "(": -1}.get(hidden[begin], 0) if begin >= 0 else 0
    end = hidden.find(")", colon)
    called = re.search(r"(?:^|[-+*/^(,<>=])([^-+*/^(,<>=]*)$", hidden[: max(begin, 0)])
    name = text[called.start(1) : begin] if called else ""
    key = names.canonical(name.strip())
    if key not in keys or end < 0 or hidden.find(":", colon + 1) >= 0:
        raise ModelError(
            "a ':' outside a call of a macro with further outputs",
            remedy="write MACRO(inputs : outputs), once in an equation",
            file=file, line=entry.line, variable=entry.label,
        )  # fmt: skip
    outputs = tuple(items(text[colon + 1 : end]))
    return replace(entry, text=text[:colon] + text[end:], outputs=outputs, called=key)


def _resolve(
    node: Expr,
    inputs: Mapping[str, Expr],
    own: Mapping[str, tuple[str, tuple[str, ...]]],
    bodies: Mapping[str, Body],
) -> Expr:
    """The outside name for a name in a macro's body."""
    if not isinstance(node, (Ref, Call)):
        return node
    given = inputs.get(node.name)
    if given is not None:
        if isinstance(node, Ref):
            return Ref(given.name, given.subs + node.subs) if isinstance(given, Ref) else given
        if isinstance(given, Ref):
            return Call(given.name, node.args, given.subs + node.subs)
    if node.name in own:
        name, carried = own[node.name]
        key, subs = names.canonical(name), carried + node.subs
        if isinstance(node, Ref):
            return Ref(key, subs)
        return node if node.name in bodies else Call(key, node.args, subs)
    if isinstance(node, Ref) and node.name.endswith("$"):
        return Ref(names.canonical(node.name[:-1]), node.subs)
    return node


def _summed(root: Expr) -> frozenset[str]:
    """The dimensions marked ``!`` that no call inside ``root`` reduces over."""

    def visit(node: Expr, parts: list[frozenset[str]]) -> frozenset[str]:
        found = frozenset().union(*parts) if parts else frozenset()
        if isinstance(node, Call) and node.name in _OVER:
            return frozenset()
        if isinstance(node, (Ref, Call)):
            found |= {s[:-1] for s in node.subs if s.endswith("!")}
        return found

    return fold(root, visit)


def _unsummed(root: Expr, dims: Sequence[str]) -> Expr:
    """``root`` without the ``!`` of these dimensions."""
    if not dims:
        return root

    def change(node: Expr) -> Expr:
        if isinstance(node, (Ref, Call)):
            subs = tuple(s[:-1] if s.endswith("!") and s[:-1] in dims else s for s in node.subs)
            return replace(node, subs=subs)
        return node

    return rewrite(root, change)
