"""Expressions with names as written become expressions in full names and our vocabulary."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from sdsim import names
from sdsim.errors import ModelError
from sdsim.expr import Binary, Call, Expr, Num, Ref, Unary, fold, rewrite, walk
from sdsim.model import Dimension
from sdsim.read.translate import Spelling
from sdsim.read.xmile.grammar import COMPUTED
from sdsim.read.xmile.scopes import Placed, plain, resolved
from sdsim.read.xmile.words import CONSTANTS, OVER_ARRAYS, REDUCED, over_array, written

#: The most elements among which a place that is worked out may choose.
MAX_CHOICES = 10_000


@dataclass(frozen=True)
class Spot:
    """Where an equation stands.

    prefix : of its module.   own : canonical full name of its variable.
    dims : the variable's dimensions.   subs : for each of them the dimension itself, or the
    element that the equation is for.   local : names of a macro's body, which mean themselves.
    """

    prefix: str = ""
    own: str = ""
    dims: tuple[str, ...] = ()
    subs: tuple[str, ...] = ()
    local: frozenset[str] = frozenset()

    @property
    def bound(self) -> dict[str, str]:
        """What each dimension means in the equation."""
        return dict(reversed([*zip(self.dims, self.subs, strict=True)]))


@dataclass
class Meaning:
    """What names mean in one file.

    found : variables by canonical full name.   arrays : dimensions of those that have some.
    tables : full names of tables; true where the table has no equation, and is called alone.
    macros : canonical names.
    called : tables of variables with an equation of their own that are called elsewhere.
    """

    dims: MutableMapping[str, Dimension]
    found: Mapping[str, Placed]
    arrays: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, bool]
    macros: frozenset[str]
    spelling: Spelling
    called: dict[str, str] = field(default_factory=dict)

    def meant(self, expr: Expr, spot: Spot) -> Expr:
        """An equation as it is meant where it stands.

        Raises
        ------
        ModelError : functions that are not supported or have the wrong number of arguments.
        """
        placed = rewrite(expr, lambda n: self._worked_out(n, spot))
        starred = rewrite(placed, lambda n: self._starred(n, spot))
        return rewrite(starred, lambda n: self._resolved(n, spot))

    def by_element(self, expr: Expr, dims: Sequence[str]) -> bool:
        """Whether each element needs an equation of its own: ``a[Age - 1]`` over Age.

        Also where a dimension stands twice on the left.
        """
        return len({*dims} & {*self.dims}) < sum(d in self.dims for d in dims) or any(
            isinstance(inner, Ref) and names.canonical(plain(inner.name)) in dims
            for node in walk(expr)
            if isinstance(node, Call) and node.name == COMPUTED
            for place in node.args[1:]
            for inner in walk(place)
        )

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
        """A name that no variable has: a constant, a dimension, an element by its full name."""
        if word in CONSTANTS:
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
            name = self._subscript(said, dims[k] if k < len(dims) else "")
            # The second time that a dimension is named, its second place is meant.
            means = [s for d, s in zip(spot.dims, spot.subs, strict=True) if d == name]
            again = sum(1 for s in subs[:k] if names.canonical(plain(s)) == name)
            out.append(means[min(again, len(means) - 1)] if means else name)
        return tuple(out)

    def _subscript(self, said: str, dim: str) -> str:
        """A subscript at the place of ``dim``; ``!`` marks what is run over."""
        if said[0] in "#@":
            return said
        if said == "*":
            return f"{dim}!" if dim else said
        bang = "!" if said.endswith("!") else ""
        head, colon, tail = said.removesuffix("!").partition(":")
        if colon and head == "*":
            return f"{self.spelling.canonical(plain(tail))}!"
        if colon:
            return f"{self._range(dim, self._element(head), self._element(tail))}!"
        return self._element(head) + bang

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
            raise ModelError(f"the range {first}:{last} runs backwards", remedy="turn it round")
        name = f"{whole.name} {whole.labels[a]}:{whole.labels[b]}"
        made = Dimension(name, whole.elements[a : b + 1], whole.labels[a : b + 1])
        return names.canonical(self.dims.setdefault(names.canonical(name), made).name)

    # --- calls --------------------------------------------------------------------------------

    def _call(self, node: Call, spot: Spot) -> Expr:
        if node.name == COMPUTED:
            return self._chosen(node)
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
        if word == "lookup" and len(node.args) == 2 and isinstance(node.args[0], Ref):
            table = node.args[0]
            return self._looked_up(table.name, node.args[1:], table.subs)
        if word in OVER_ARRAYS:
            return self._over_array(word, node.args)
        self.spelling.seen.setdefault(word, plain(node.name))
        return written(word, node.args)

    def _looked_up(self, key: str, args: tuple[Expr, ...], subs: tuple[str, ...]) -> Expr:
        bare = tuple(s.removesuffix("!") for s in subs)
        if key in self.tables and not self.tables[key]:
            made = self.called.setdefault(key, f"{self.found[key].name} table#")
            return Call(names.canonical(made), args, bare)
        return Call(key, args, bare)

    def _worked_out(self, node: Expr, spot: Spot) -> Expr:
        """``a[i]`` where i is a variable: written as a place that is worked out."""
        if isinstance(node, Call) and node.name == COMPUTED and isinstance(node.args[0], Call):
            inner = node.args[0]
            ref, marks = inner.args[0], {"#": iter(node.args[1:]), "@": iter(inner.args[1:])}
            assert isinstance(ref, Ref)
            places = [next(marks[s[0]]) for s in ref.subs if s[0] in marks]
            subs = tuple("#" if s[0] in marks else s for s in ref.subs)
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

    def _chosen(self, node: Call) -> Expr:
        """``a[i]`` with i worked out: the element of that number, 0 where there is none."""
        ref, places = node.args[0], node.args[1:]
        assert isinstance(ref, Ref)
        dims = self.arrays.get(ref.name, ())
        if len(dims) != len(ref.subs):
            name = self.found[ref.name].name if ref.name in self.found else ref.name
            raise ModelError(f"'{name}' has {len(dims)} subscripts, {len(ref.subs)} given")
        open_ = [k for k, s in enumerate(ref.subs) if s[0] in "#@"]
        elements = [self.dims[dims[k]].elements for k in open_]
        if math.prod(map(len, elements)) > MAX_CHOICES:
            raise ModelError(f"a choice among more than {MAX_CHOICES:,} elements")
        known = [_value(p) for p in places]
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

    def _over_array(self, word: str, args: tuple[Expr, ...]) -> Expr:
        if word in REDUCED and len(args) != 1 and word != "mean":
            raise ModelError(f"{word.upper()} takes 1 argument, got {len(args)}")
        if len(args) == 1:
            marked = _marked(args[0])
            if word == "size" and isinstance(args[0], Ref) and args[0].name in self.dims:
                marked = {args[0].name: None}
            count = math.prod(len(self.dims[d].elements) for d in marked if d in self.dims)
            return over_array(word, args[0], count if marked else 0)
        each = tuple(over_array(word, a, 2) if word != "mean" and _marked(a) else a for a in args)
        if word != "mean":
            return written(word, each)
        total = each[0]
        for a in each[1:]:
            total = Binary("+", total, a)
        return Binary("/", total, Num(float(len(each))))

    def _starred(self, node: Expr, spot: Spot) -> Expr:
        """In SUM(a) and MAX(a[Dim]) the array is run over: written a[*] and a[Dim!]."""
        if not isinstance(node, Call):
            return node
        word = names.canonical(plain(node.name))
        if word not in OVER_ARRAYS or (word not in REDUCED and len(node.args) != 1):
            return node
        if word == "mean" and len(node.args) != 1:
            return node

        def star(inner: Expr) -> Expr:
            if not isinstance(inner, Ref):
                return inner
            if inner.subs:
                return Ref(inner.name, tuple(
                    f"{s}!" if names.canonical(s) in self.dims and names.canonical(s)
                    not in spot.dims else s for s in inner.subs
                ))  # fmt: skip
            key = self._key(inner.name, spot)
            dims = self.arrays.get(key or "", ())
            return Ref(inner.name, tuple(f"{d}!" for d in dims))

        return replace(node, args=tuple(rewrite(a, star) for a in node.args))


def _marked(expr: Expr) -> dict[str, None]:
    """The dimensions marked ``!`` that no call inside runs over, in order."""

    def visit(node: Expr, parts: list[dict[str, None]]) -> dict[str, None]:
        if isinstance(node, Call) and node.name in ("sum", "prod", "vmin", "vmax"):
            return {}
        found = {d: None for p in parts for d in p}
        if isinstance(node, Ref | Call):
            found |= {s[:-1]: None for s in node.subs if s.endswith("!")}
        return found

    return fold(expr, visit)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
}


def _value(expr: Expr) -> float | None:
    """The value of arithmetic with numbers; None for anything else."""

    def visit(node: Expr, parts: list[float | None]) -> float | None:
        if isinstance(node, Num):
            return node.value
        if any(p is None for p in parts):
            return None
        if isinstance(node, Unary) and node.op == "-":
            return -(parts[0] or 0.0)
        if isinstance(node, Binary) and node.op in _ARITHMETIC:
            found = _ARITHMETIC[node.op](parts[0] or 0.0, parts[1] or 0.0)
            return found if math.isfinite(found) else None
        if isinstance(node, Call) and node.name == "int":
            return float(math.floor(parts[0] or 0.0))
        return None

    return fold(expr, visit)
