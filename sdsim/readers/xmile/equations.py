"""Translates expressions as written into full names and the functions of sdsim."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from sdsim.base import names
from sdsim.base.errors import ModelError, counted
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, rewrite, walk
from sdsim.ir.model import Dimension
from sdsim.readers.translate import Spelling
from sdsim.readers.xmile.arrays import interpolated, reduced
from sdsim.readers.xmile.grammar import COMPUTED
from sdsim.readers.xmile.scopes import Placed, plain, resolved
from sdsim.readers.xmile.values import value_of
from sdsim.readers.xmile.words import (
    CONSTANTS,
    DT,
    OF_TABLES,
    OVER_ARRAYS,
    REDUCED,
    REFUSED,
    written,
)

#: The most elements that a computed subscript may choose from: in one equation, in all.
MAX_CHOICES, MAX_ALL_CHOICES = 50_000, 1_000_000


@dataclass(frozen=True)
class Spot:
    """The place of an equation.

    prefix : of its module.   own : canonical full name of its variable.
    dims : the variable's dimensions.   subs : for each of them the dimension itself, or the
        element that the equation is for.   local : names of a macro's body, which stay unchanged.
    """

    prefix: str = ""
    own: str = ""
    dims: tuple[str, ...] = ()
    subs: tuple[str, ...] = ()
    local: frozenset[str] = frozenset()

    @property
    def bound(self) -> dict[str, str]:
        """The meaning of each dimension in the equation."""
        return dict(reversed([*zip(self.dims, self.subs, strict=True)]))


@dataclass
class Meaning:
    """The meaning of names in one file.

    found : variables by canonical full name.   arrays : dimensions of those that have some.
    tables : full names of tables; true if the table has no equation and is only called.
    macros : canonical names.
    called : tables, called elsewhere, of variables that have their own equation.
    stella : whether Stella wrote the file; its help differs from XMILE in some functions.
    """

    dims: MutableMapping[str, Dimension]
    found: Mapping[str, Placed]
    arrays: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, bool]
    macros: frozenset[str]
    spelling: Spelling
    called: dict[str, str] = field(default_factory=dict)
    choices: int = 0
    notes: list[str] = field(default_factory=list)
    stella: bool = False

    def meant(self, expr: Expr, spot: Spot) -> Expr:
        """An equation with its names resolved at its place.

        Raises
        ------
        ModelError : functions that are not supported or have the wrong number of arguments.
        """
        placed = rewrite(expr, lambda n: self._worked_out(n, spot))
        starred = rewrite(placed, lambda n: self._starred(n, spot))
        return rewrite(starred, lambda n: self._resolved(n, spot))

    def by_element(self, expr: Expr, dims: Sequence[str]) -> bool:
        """Whether each element needs its own equation: ``a[Age - 1]`` over Age.

        Also if a dimension is used as a number inside a reduction over it (``SUM(a[*] * Age)``), or
        appears twice on the left-hand side.
        """
        if len({*dims} & {*self.dims}) < sum(d in self.dims for d in dims):
            return True
        for node in walk(expr):
            if not isinstance(node, Call):
                continue
            inside = node.args[1:] if node.name == COMPUTED else ()
            if names.canonical(plain(node.name)) in OVER_ARRAYS:
                inside = node.args
            for inner in (n for part in inside for n in walk(part) if isinstance(n, Ref)):
                if not inner.subs and names.canonical(plain(inner.name)) in dims:
                    return True
        return False

    # --- names --------------------------------------------------------------------------------

    def _key(self, name: str, spot: Spot) -> str | None:
        key = names.canonical(plain(name))
        self.spelling.seen.setdefault(key, plain(name))
        if key in spot.local:
            return key
        return resolved(name, spot.prefix, self.found)

    def _resolved(self, node: Expr, spot: Spot) -> Expr:
        if isinstance(node, Ref):
            return self._reference(node, spot)
        if isinstance(node, Call):
            return self._call(node, spot)
        return node

    def _reference(self, node: Ref, spot: Spot) -> Expr:
        word = names.canonical(plain(node.name))
        if word in names.CONTROL or (word == names.TIME and not node.subs):
            return Ref(word)
        key = self._key(node.name, spot)
        if key is None:
            turned = self._key(node.name.rstrip()[:-1], spot) if word.endswith("'") else None
            if turned is not None and not node.subs:
                return Ref(turned, tuple(reversed(spot.subs)))
            if word == "self":
                key = spot.own
            elif not node.subs:
                return self._word(node.name, word, spot)
            else:
                return Ref(word, self._subscripts(node.subs, (), spot))
        dims = self.arrays.get(key, ())
        if not node.subs and dims and key not in spot.local:
            if dims == spot.dims:
                return Ref(key, spot.subs)
            return Ref(key, tuple(spot.bound.get(d, f"{d}!") for d in dims))
        return Ref(key, self._subscripts(node.subs, dims, spot))

    def _word(self, said: str, word: str, spot: Spot) -> Expr:
        """A name that is not a variable: a constant, a dimension, an element by its full name."""
        if word in CONSTANTS or word in REFUSED:
            return written(word, ())
        element = spot.bound.get(word, word)
        if element != word:
            return Num(self.dims[word].elements.index(element) + 1.0)
        head, dot, tail = plain(said).partition(".")
        dim = self.dims.get(names.canonical(head)) if dot else None
        if dim and names.canonical(tail) in dim.elements:
            return Num(dim.elements.index(names.canonical(tail)) + 1.0)
        return Ref(word)

    def _subscripts(self, subs: Sequence[str], dims: Sequence[str], spot: Spot) -> tuple[str, ...]:
        out: list[str] = []
        for k, said in enumerate(subs):
            if said[0] == "@" and len(said) > 1:
                out.append(self._position(said, spot))
                continue
            name = self._subscript(said, dims[k] if k < len(dims) else "")
            # The second mention of a dimension refers to its second position.
            means = [s for d, s in zip(spot.dims, spot.subs, strict=True) if d == name]
            again = sum(1 for s in subs[:k] if names.canonical(plain(s)) == name)
            out.append(means[min(again, len(means) - 1)] if means else name)
        return tuple(out)

    @staticmethod
    def _position(said: str, spot: Spot) -> str:
        """``@2``: the second dimension of the equation's own variable."""
        if not said[1:].isdecimal() or not 1 <= int(said[1:4]) <= len(spot.subs):
            raise ModelError(
                f"{said} in an equation over {counted(len(spot.subs), 'dimension')}",
                remedy="name one that it has",
            )
        return spot.subs[int(said[1:4]) - 1]

    def _subscript(self, said: str, dim: str) -> str:
        """A subscript in the position of ``dim``; ``!`` marks a range to reduce over."""
        if said in ("#", "@"):
            return said
        if said == "*":
            return f"{dim}!" if dim else said
        bang = "!" if said.endswith("!") else ""
        head, colon, tail = said.removesuffix("!").partition(":")
        if colon and head == "*":
            return f"{self.spelling.canonical(plain(tail))}!"
        if colon:
            return f"{self._range(dim, self._element(head), self._element(tail))}!"
        return self._numbered(self._element(head), dim) + bang

    def _numbered(self, said: str, dim: str) -> str:
        """``a[2]`` is the second element if none is called 2, as with a computed subscript."""
        elements = self.dims[dim].elements if dim in self.dims else ()
        if said.isdecimal() and said not in elements and 1 <= int(said[:9]) <= len(elements):
            return elements[int(said[:9]) - 1]
        return said

    def _element(self, said: str) -> str:
        """``Dim.element`` means the element."""
        text = plain(said)
        head, dot, tail = text.partition(".")
        if dot and names.canonical(head) in self.dims:
            text = tail
        return self.spelling.canonical(text)

    def _range(self, dim: str, first: str, last: str) -> str:
        """A dimension of the elements from ``first`` to ``last`` of another."""
        whole = self.dims.get(dim)
        if whole is None or not {first, last} <= set(whole.elements):
            raise ModelError(
                f"the range {first}:{last} needs two elements of one dimension",
                remedy=f"as '{whole.name}' has them" if whole else "",
            )
        a, b = whole.elements.index(first), whole.elements.index(last)
        if b < a:
            raise ModelError(f"the range {first}:{last} runs backwards", remedy="swap its ends")
        name = f"{whole.name} {whole.labels[a]}:{whole.labels[b]}"
        made = Dimension(name, whole.elements[a : b + 1], whole.labels[a : b + 1])
        return names.canonical(self.dims.setdefault(names.canonical(name), made).name)

    # --- calls --------------------------------------------------------------------------------

    def _call(self, node: Call, spot: Spot) -> Expr:
        if node.name == COMPUTED:
            return self._chosen(node, spot)
        word = names.canonical(plain(node.name))
        if word in self.macros:
            return replace(node, name=word)
        key = self._key(node.name, spot)
        if key is not None and (key in self.tables or key in spot.local):
            dims = self.arrays.get(key, ())
            subs = self._subscripts(node.subs, dims, spot)
            if not subs and key not in spot.local:
                subs = tuple(spot.bound.get(d, d) for d in dims)
            return self._looked_up(key, node.args, subs)
        if key is not None and key in self.arrays and len(node.args) == 1 and not node.subs:
            return self._flat(key, node.args[0], spot)
        if word == "lookup" and len(node.args) == 2 and isinstance(node.args[0], Ref):
            table = node.args[0]
            return self._looked_up(table.name, node.args[1:], table.subs)
        if word in OF_TABLES and node.args and isinstance(node.args[0], Ref):
            made, subs = self._table(node.args[0].name, node.args[0].subs)
            return Call(word, (Ref(made, subs), *node.args[1:]))
        if word == "interpolate":
            return interpolated(node.args, self.dims)
        if word in OVER_ARRAYS:
            return reduced(word, node.args, self.dims)
        name = self.found[spot.own].name if spot.own in self.found else spot.own
        if word == "endval":
            self.notes.append(f"'{name}': ENDVAL is its initial value: each run is a first one")
        self.spelling.seen.setdefault(word, plain(node.name))
        if self.stella and word == "pulse" and len(node.args) == 2:
            said = "PULSE without an interval goes on at every step, as in Stella"
            self.notes.append(f"'{name}': {said}; PULSE(..., 0) is a single one")
            return written(word, (*node.args, DT))
        return written(word, node.args)

    def _looked_up(self, key: str, args: tuple[Expr, ...], subs: tuple[str, ...]) -> Expr:
        made, subs = self._table(key, subs)
        return Call(made, args, subs)

    def _table(self, key: str, subs: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """The name of a table, which may accompany an equation, and its subscripts."""
        bare = tuple(s.removesuffix("!") for s in subs)
        if key in self.tables and not self.tables[key]:
            made = self.called.setdefault(key, f"{self.found[key].name}>table#")
            return names.canonical(made), bare
        return key, bare

    def _worked_out(self, node: Expr, spot: Spot) -> Expr:
        """``a[i]`` with a variable i, as a computed subscript."""
        if isinstance(node, Call) and node.name == COMPUTED and isinstance(node.args[0], Call):
            inner = node.args[0]
            ref, marks = inner.args[0], {"#": iter(node.args[1:]), "@": iter(inner.args[1:])}
            assert isinstance(ref, Ref)
            places = [next(marks[s]) for s in ref.subs if s in marks]
            subs = tuple("#" if s in marks else s for s in ref.subs)
            return Call(COMPUTED, (Ref(ref.name, subs), *places))
        if not isinstance(node, Ref) or not node.subs:
            return node
        dims = self.arrays.get(self._key(node.name, spot) or "", ())
        found = [
            k for k, (said, dim) in enumerate(zip(node.subs, dims, strict=False))
            if self._is_variable(said, dim, spot)
        ]  # fmt: skip
        if not found:
            return node
        subs = tuple("@" if k in found else s for k, s in enumerate(node.subs))
        return Call(COMPUTED, (Ref(node.name, subs), *(Ref(node.subs[k]) for k in found)))

    def _is_variable(self, said: str, dim: str, spot: Spot) -> bool:
        if said[0] in "#*@" or ":" in said or dim not in self.dims:
            return False
        element = self._element(said)
        if element in self.dims or element in self.dims[dim].elements:
            return False
        return element == names.TIME or self._key(said, spot) is not None

    def _chosen(self, node: Call, spot: Spot) -> Expr:
        """``a[i]`` with a computed i: the element with that number, 0 if there is none."""
        ref, places = node.args[0], node.args[1:]
        assert isinstance(ref, Ref)
        dims = self.arrays.get(ref.name, ())
        if len(dims) != len(ref.subs):
            name = self.found[ref.name].name if ref.name in self.found else ref.name
            what = f"'{name}' has {counted(len(dims), 'subscript')}, got {len(ref.subs)}"
            raise ModelError(what, remedy=f"write {name}[{', '.join(dims)}]" if dims else name)
        open_ = [k for k, s in enumerate(ref.subs) if s in ("#", "@")]
        elements = [self.dims[dims[k]].elements for k in open_]
        known = [value_of(p) for p in places]
        if None not in known:
            return self._picked(ref, open_, elements, [v for v in known if v is not None])
        over = math.prod(len(self.dims[s].elements) for s in spot.subs if s in self.dims)
        count = math.prod(map(len, elements)) * over
        self.choices += count
        if count > MAX_CHOICES or self.choices > MAX_ALL_CHOICES:
            raise ModelError(
                f"places that are worked out: {count:,} elements to choose from, the limit is "
                f"{MAX_CHOICES:,} in one equation and {MAX_ALL_CHOICES:,} in all",
                remedy="use coarser dimensions, or name the elements",
            )
        out: Expr = Num(0.0)
        for cell in reversed([*product(*elements)]):
            test: Expr | None = None
            for of, element, place, value in zip(elements, cell, places, known, strict=True):
                number = of.index(element) + 1.0
                if value is None:
                    here = Binary("=", Call("int", (place,)), Num(number))
                    test = here if test is None else Binary("and", test, here)
                elif math.floor(value) != number:
                    break
            else:
                subs = list(ref.subs)
                for k, element in zip(open_, cell, strict=True):
                    subs[k] = element
                one = Ref(ref.name, tuple(subs))
                out = one if test is None else Call("if then else", (test, one, out))
        return out

    @staticmethod
    def _picked(
        ref: Ref, places: Sequence[int], elements: Sequence[Sequence[str]], values: Sequence[float]
    ) -> Expr:
        """The element at subscripts that are known numbers."""
        subs = list(ref.subs)
        for k, of, value in zip(places, elements, values, strict=True):
            number = math.floor(value)
            if not 1 <= number <= len(of):
                return Num(0.0)
            subs[k] = of[number - 1]
        return Ref(ref.name, tuple(subs))

    def _flat(self, key: str, place: Expr, spot: Spot) -> Expr:
        """``A(10)``: the tenth element in row-major order (XMILE 1.0, 3.3.2)."""
        dims = self.arrays[key]
        rest: Expr = Binary("-", place, Num(1.0))
        places: list[Expr] = []
        for k in reversed(range(len(dims))):
            size = Num(float(len(self.dims[dims[k]].elements)))
            whole: Expr = Call("int", (Binary("/", rest, size),))
            own = Binary("-", rest, Binary("*", size, whole)) if k else rest
            places.insert(0, Binary("+", own, Num(1.0)))
            rest = whole
        return self._chosen(Call(COMPUTED, (Ref(key, ("#",) * len(dims)), *places)), spot)

    def _starred(self, node: Expr, spot: Spot) -> Expr:
        """The argument of SUM(a) or MAX(a[Dim]) with its reduction made explicit: a[*], a[Dim!]."""
        if not isinstance(node, Call):
            return node
        word = names.canonical(plain(node.name))
        array, rest = node.args, node.args[:0]
        if word == "interpolate":
            array, rest = node.args[:1], node.args[1:]
        elif word not in OVER_ARRAYS or (word not in REDUCED and len(node.args) != 1):
            return node
        if word == "mean" and len(node.args) != 1:
            return node
        said = node.args[0] if word == "size" and len(node.args) == 1 else None
        if isinstance(said, Ref) and not said.subs and self._key(said.name, spot) is None:
            dim = self.dims.get(names.canonical(plain(said.name)))
            if dim:  # the whole dimension, even if its name means the equation's own element
                return Num(float(len(dim.elements)))

        def star(inner: Expr) -> Expr:
            if not isinstance(inner, Ref):
                return inner
            if inner.subs:
                return Ref(inner.name, tuple(
                    f"{s}!" if names.canonical(s) in self.dims and names.canonical(s)
                    not in spot.dims else s for s in inner.subs
                ))  # fmt: skip
            key = self._key(inner.name, spot)
            if key is None and names.canonical(plain(inner.name)) == "self":
                key = spot.own
            dims = self.arrays.get(key or "", ())
            return Ref(inner.name, tuple(f"{d}!" for d in dims))

        return replace(node, args=(*(rewrite(a, star) for a in array), *rest))
