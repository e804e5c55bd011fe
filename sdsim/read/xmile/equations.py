"""Expressions with names as written become expressions in full names and our vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sdsim import names
from sdsim.errors import ModelError
from sdsim.expr import Binary, Call, Expr, Num, Ref, rewrite, walk
from sdsim.model import Dimension
from sdsim.read.translate import Spelling
from sdsim.read.xmile.scopes import Placed, plain, resolved
from sdsim.read.xmile.words import ARRAYS, CONSTANTS, written

_REDUCED = ("sum", "prod", "mean", "size", "stddev")


@dataclass
class Meaning:
    """What names mean in one file.

    found : variables by canonical full name.   arrays : dimensions of those that have some.
    tables : full names of tables.   macros : canonical names.
    called : tables of variables with an equation of their own that are called elsewhere.
    """

    dims: Mapping[str, Dimension]
    found: Mapping[str, Placed]
    arrays: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, bool]
    macros: frozenset[str]
    spelling: Spelling
    called: dict[str, str] = field(default_factory=dict)

    def meant(
        self, expr: Expr, prefix: str, own: str, subs: Sequence[str], local: frozenset[str]
    ) -> Expr:
        """An equation of the variable ``own`` (canonical full name) with ``subs`` on its left.

        local : names of a macro's body, which mean themselves.

        Raises
        ------
        ModelError : functions that are not supported or have the wrong number of arguments.
        """
        return rewrite(
            rewrite(expr, lambda n: self._starred(n, prefix, subs, local)),
            lambda n: self._resolved(n, prefix, own, subs, local),
        )

    # --- names --------------------------------------------------------------------------------

    def _key(self, name: str, prefix: str, local: frozenset[str]) -> str | None:
        key = names.canonical(plain(name))
        self.spelling.seen.setdefault(key, plain(name))
        if key in local:
            return key
        return resolved(name, prefix, self.found)

    def _resolved(
        self, node: Expr, prefix: str, own: str, subs: Sequence[str], local: frozenset[str]
    ) -> Expr:
        if isinstance(node, Ref):
            return self._reference(node, prefix, own, subs, local)
        if isinstance(node, Call):
            return self._call(node, prefix, local)
        return node

    def _reference(
        self, node: Ref, prefix: str, own: str, subs: Sequence[str], local: frozenset[str]
    ) -> Expr:
        word = names.canonical(plain(node.name))
        if word in names.CONTROL or (word == names.TIME and not node.subs):
            return Ref(word)
        key = self._key(node.name, prefix, local)
        if key is None:
            if word == "self":
                key = own
            elif word in CONSTANTS and not node.subs:
                return written(word, ())
            else:
                return Ref(word, tuple(map(self._subscript, node.subs)))
        dims = self.arrays.get(key, ())
        if not node.subs and dims and key not in local:
            return Ref(key, tuple(d if d in subs else f"{d}!" for d in dims))
        return Ref(key, tuple(
            f"{dims[k]}!" if s == "*" and k < len(dims) else self._subscript(s)
            for k, s in enumerate(node.subs)
        ))  # fmt: skip

    def _subscript(self, name: str) -> str:
        """``Dim.element`` means the element."""
        bang = "!" if name.endswith("!") else ""
        text = plain(name.removesuffix("!"))
        head, dot, tail = text.partition(".")
        if dot and names.canonical(head) in self.dims:
            text = tail
        return self.spelling.canonical(text) + bang

    # --- calls --------------------------------------------------------------------------------

    def _call(self, node: Call, prefix: str, local: frozenset[str]) -> Expr:
        word = names.canonical(plain(node.name))
        if word in self.macros:
            return replace(node, name=word)
        key = self._key(node.name, prefix, local)
        if key is not None and (key in self.tables or key in local):
            return self._looked_up(key, node.args, tuple(map(self._subscript, node.subs)))
        if word == "lookup" and len(node.args) == 2 and isinstance(node.args[0], Ref):
            table = node.args[0]
            return self._looked_up(table.name, node.args[1:], table.subs)
        if word in ARRAYS and (word in _REDUCED or len(node.args) == 1):
            return self._over_array(word, node.args)
        self.spelling.seen.setdefault(word, plain(node.name))
        return written(word, node.args)

    def _looked_up(self, key: str, args: tuple[Expr, ...], subs: tuple[str, ...]) -> Expr:
        bare = tuple(s.removesuffix("!") for s in subs)
        if key in self.tables and not self.tables[key]:
            made = self.called.setdefault(key, f"{self.found[key].name} table#")
            return Call(names.canonical(made), args, bare)
        return Call(key, args, bare)

    def _over_array(self, word: str, args: tuple[Expr, ...]) -> Expr:
        if len(args) != 1:
            raise ModelError(f"{word.upper()} takes 1 argument, got {len(args)}")
        marked = dict.fromkeys(
            s[:-1] for n in _references(args[0]) for s in n.subs if s.endswith("!")
        )
        if word == "size" and isinstance(args[0], Ref) and args[0].name in self.dims:
            marked = {args[0].name: None}
        count = 1
        for d in marked:
            count *= len(self.dims[d].elements) if d in self.dims else 1
        if word == "size":
            return Num(float(count))
        if not marked:
            return args[0]
        if word == "mean":
            return Binary("/", Call("sum", args), Num(float(count)))
        if word == "stddev":
            raise ModelError("STDDEV is not supported in this version")
        return Call(ARRAYS[word], args)

    def _starred(self, node: Expr, prefix: str, subs: Sequence[str], local: frozenset[str]) -> Expr:
        """In SUM(a) and MAX(a[Dim]) the array is run over: written a[*] and a[Dim!]."""
        if not isinstance(node, Call):
            return node
        word = names.canonical(plain(node.name))
        if word not in ARRAYS or (word not in _REDUCED and len(node.args) != 1):
            return node

        def star(inner: Expr) -> Expr:
            if not isinstance(inner, Ref):
                return inner
            if inner.subs:
                return Ref(inner.name, tuple(
                    f"{s}!" if names.canonical(s) in self.dims and names.canonical(s) not in subs
                    else s for s in inner.subs
                ))  # fmt: skip
            key = self._key(inner.name, prefix, local)
            dims = self.arrays.get(key or "", ())
            return Ref(inner.name, tuple(f"{d}!" for d in dims))

        return replace(node, args=tuple(rewrite(a, star) for a in node.args))


def _references(expr: Expr) -> list[Ref]:
    return [n for n in walk(expr) if isinstance(n, Ref)]
