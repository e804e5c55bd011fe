"""Functions of whole arrays, which reduce all elements of an argument to one number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from itertools import product

from sdsim.base.errors import ModelError, counted
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref
from sdsim.ir.model import Dimension
from sdsim.readers.xmile.values import marked_in
from sdsim.readers.xmile.words import REDUCED, over_array, written

#: The most elements that INTERPOLATE handles.
MAX_POINTS = 2_000


def reduced(word: str, args: tuple[Expr, ...], dims: Mapping[str, Dimension]) -> Expr:
    """SUM, MEAN, MIN ... over the elements of a single argument, or of several arguments.

    Raises
    ------
    ModelError : a wrong number of arguments.
    """
    if word == "rank" and len(args) in (2, 3):
        return Call("rank", args)
    if word in REDUCED and len(args) != 1 and word != "mean":
        remedy = "delete the extra ones" if args else "name an array"
        raise ModelError(f"{word.upper()} takes 1 argument, got {len(args)}", remedy=remedy)
    if len(args) == 1:
        marked = marked_in(args[0])
        count = math.prod(len(dims[d].elements) for d in marked if d in dims)
        return over_array(word, args[0], count if marked else 0)
    each = tuple(over_array(word, a, 2) if word != "mean" and marked_in(a) else a for a in args)
    if not args:
        what = f"{word.upper()} takes an array, or 1 or more arguments, got 0"
        raise ModelError(what, remedy="add what is missing")
    if word in ("min", "max"):  # any number of arguments; elsewhere they take two
        return reduce(lambda a, b: Call(word, (a, b)), each)
    if word != "mean":
        return written(word, each)
    total = each[0]
    for a in each[1:]:
        total = Binary("+", total, a)
    return Binary("/", total, Num(float(len(each))))


def interpolated(args: tuple[Expr, ...], dims: Mapping[str, Dimension]) -> Expr:
    """INTERPOLATE(array, place, ...): linear interpolation between the elements around a place.

    The first element of a dimension is at 0, the last at 1; beyond them their values apply
    (Stella's help, Array builtins). Expanded as a sum of the elements, weighted by nearness.

    Raises
    ------
    ModelError : no array, or not a place for each of its dimensions.
    """
    array = args[0] if args else None
    if not isinstance(array, Ref) or not array.subs:
        raise ModelError(
            "INTERPOLATE expects the name of an array first", remedy="give it a variable of its own"
        )
    open_ = [k for k, s in enumerate(array.subs) if s.endswith("!") and s[:-1] in dims]
    if len(open_) != len(args) - 1 or not open_:
        want, got = counted(len(open_), "place"), len(args) - 1
        raise ModelError(
            f"INTERPOLATE over {counted(len(open_), 'dimension')} expects {want}, got {got}",
            remedy="write a number from 0 to 1 for each dimension that is run over",
        )
    ranges = [dims[array.subs[k][:-1]].elements for k in open_]
    if math.prod(map(len, ranges)) > MAX_POINTS:
        raise ModelError(
            f"INTERPOLATE over {math.prod(map(len, ranges)):,} elements, at most {MAX_POINTS:,}",
            remedy="use coarser dimensions, or name some of the elements",
        )
    near = [_nearness(p, len(r)) for p, r in zip(args[1:], ranges, strict=True)]
    out: Expr = Num(0.0)
    for cell in product(*(range(len(r)) for r in ranges)):
        subs = list(array.subs)
        for k, elements, number in zip(open_, ranges, cell, strict=True):
            subs[k] = elements[number]
        term: Expr = Ref(array.name, tuple(subs))
        for weights, number in zip(near, cell, strict=True):
            term = Binary("*", term, weights[number])
        out = term if out == Num(0.0) else Binary("+", out, term)
    return out


def _nearness(place: Expr, count: int) -> list[Expr]:
    """The weight of each element: 1 at its own place, falling to 0 at its neighbours'."""
    inside = Call("min", (Call("max", (place, Num(0.0))), Num(1.0)))
    at = Binary("*", inside, Num(count - 1.0))
    off = [Call("abs", (Binary("-", at, Num(float(k))),)) for k in range(count)]
    return [Call("max", (Binary("-", Num(1.0), o), Num(0.0))) for o in off]
