"""Find which declared loops are closed in a run: those in which every link responds.

A loop can exist in the equations and still be open in a run, for example when a weight of zero
replaces a decision with history. Holding a link of an open loop removes no feedback; it cuts a
mechanism, which is the job of ablations. So the null control holds only closed loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.claims.claim_runs import Worlds
from sdsim.claims.claims import Changes
from sdsim.claims.links import Link, link_of
from sdsim.claims.loops import NOISE, Loop, probe
from sdsim.ir.expr import Call, Expr, Ref
from sdsim.ir.model import Equation, Model, Variable
from sdsim.outcomes.meaning import Cell
from sdsim.overrides import Overrides
from sdsim.run.methods import Method
from sdsim.run.system import System

#: Runs made at once.
CHUNK = 64


def closed_in(
    system: System, loops: Sequence[Loop], runs: Mapping[str, Changes],
    overrides: Overrides | None = None, method: Method | None = None,
    own: Iterable[Link] = (), seed: int = 0,
) -> dict[str, frozenset[str]]:  # fmt: skip
    """The loops, by name, that are closed in each run.

    A loop with a link that is missing from the equations is closed in no run.

    own : the links that the runs themselves may hold.
    """
    model = system.model
    chains = {loop.name: _links(model, loop) for loop in loops}
    numbers: dict[Link, int] = {}
    for chain in chains.values():
        for link in chain or ():
            numbers.setdefault(link, len(numbers))
    added: dict[str, Variable] = {}
    for link, number in numbers.items():
        added |= probe(model, link, number)
        for what in ("response", "level"):
            added[f"{what} in all of link {number}"] = _in_all(model, link, what, number)
    if not added:
        return dict.fromkeys(runs, frozenset())
    probed = System(model.replacing(added), system.backend, system.cached)
    worlds = Worlds(probed, overrides, method, own, seed=seed)
    cells: list[Cell] = [(n, 0) for n in added if " in all of link " in n]
    for changes in runs.values():
        worlds.need(changes, cells)
    out: dict[str, frozenset[str]] = {}
    keys = list(runs)
    for start in range(0, len(keys), CHUNK):
        some = {k: runs[k] for k in keys[start : start + CHUNK]}
        for key, batch in worlds.each(some, dict.fromkeys(some, cells)).items():
            alive = set()
            for link, number in numbers.items():
                response, level = (
                    np.nanmax(np.abs(batch.values[f"{what} in all of link {number}", 0]), initial=0)
                    for what in ("response", "level")
                )
                if response > NOISE * level:
                    alive.add(link)
            held = {link_of(text, model) for text in some[key].hold}
            out[key] = frozenset(
                name
                for name, chain in chains.items()
                if chain and all(x in alive and x not in held for x in chain)
            )
    return out


def _links(model: Model, loop: Loop) -> list[Link] | None:
    try:
        return [link_of(text, model) for text in loop.links]
    except ModelError:
        return None


def _in_all(model: Model, link: Link, what: str, number: int) -> Variable:
    """The size of a link's response, or of its effect, summed over the elements it refers to."""
    dims = model.variables[link.effect.name].dims
    subs = tuple(f"{sub}!" if sub in model.dimensions else sub for sub in link.effect.subs or dims)
    size: Expr = Call("abs", (Ref(f"{what} of link {number}", subs),))
    if any(s.endswith("!") for s in subs):
        size = Call("sum", (size,))
    return Variable(f"{what} in all of link {number}", (Equation(size),), hidden=True)
