"""What an assessment of a model counts, after SDM-Doc.

Martinez-Moyano, I. J. (2012). Documentation for model transparency. System Dynamics Review 28 (2),
199-208. https://doi.org/10.1002/sdr.1471
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sdsim.base import names
from sdsim.documents.book import Book, Entry
from sdsim.functions import MEMORY
from sdsim.ir.expr import Binary, Call, Expr, Lookup, Num, Ref, Unary, children, walk
from sdsim.ir.model import Model
from sdsim.unitcheck import check

#: The most causes that an equation has by Richardson's rule of thumb.
SIMPLE = 3
CHOICES, BOUNDS = {"if then else"}, {"min", "max"}
SUDDEN = {"step", "pulse", "pulse train", "ramp"}


@dataclass(frozen=True)
class Count:
    """How many variables have something, and which.

    what : in words.   why : what it is good to know for, or how it is counted.
    found : canonical names, in the order of the file.
    """

    what: str
    found: tuple[str, ...]
    why: str = ""

    def __len__(self) -> int:
        return len(self.found)


def counts_of(book: Book) -> dict[str, list[Count]]:
    """The counts by heading: what may be missing, what deserves a look, how it is formulated."""
    faults: dict[str, set[str]] = {}
    for f in check(book.model):
        faults.setdefault(f.kind, set()).add(names.canonical(f.variable))
    balance = faults.get("unbalanced", set())
    lacking = faults.get("no units", set())
    unread = faults.get("unreadable", set())

    def which(what: str, test: Callable[[Entry], object], why: str = "") -> Count:
        return Count(what, tuple(e.key for e in book.own if test(e)), why)

    parameter = ("constant", "lookup", "data")
    return {
        "What may be missing": [
            which("variables without documentation", lambda e: not e.variable.doc.strip()),
            which("variables without units", lambda e: e.key in lacking),
            which("variables whose units cannot be read", lambda e: e.key in unread),
            which("constants without a source", lambda e: e.kind == "constant" and not e.source,
                  "the text says none of [data], [literature], [analogy], [assumed]"),
            which("constants without a range", lambda e: e.kind == "constant" and not e.limits),
            which("data variables without data",
                  lambda e: e.kind == "data" and not e.variable.equations),
        ],
        "What deserves a look": [
            which("dimensionally inconsistent equations", lambda e: e.key in balance,
                  "the two sides differ in units; sdsim units says how"),
            which("parameters that no equation reads",
                  lambda e: e.kind in parameter and not e.used_by),
            which("other variables that no equation reads",
                  lambda e: e.kind not in parameter and not e.used_by,
                  "outputs, or left over"),
            which("equations with embedded constants", lambda e: any(_numbers(e)),
                  "numbers other than 0 and 1 beside variables; they have no name, unit or source"),
            which(f"equations with more than {SIMPLE} causes",
                  lambda e: e.kind not in parameter and len(e.uses) > SIMPLE,
                  "Richardson's rule of thumb"),
            which("stocks whose net flow is more than a sum of flows", _complex),
            which("tables that rise and fall", lambda e: any(map(_bent, _tables(e)))),
            which("tables that do not level off at an end", lambda e: any(map(_sloped, _tables(e))),
                  "beyond the ends most tables hold their last value"),
        ],
        "How it is formulated": [
            which("equations with IF THEN ELSE", lambda e: _calls(e, CHOICES)),
            which("equations with MIN or MAX", lambda e: _calls(e, BOUNDS)),
            which("equations with STEP, PULSE or RAMP", lambda e: _calls(e, SUDDEN)),
            which("equations with a memory", lambda e: _calls(e, MEMORY),
                  "delays, smooths, trends and the like, which keep something of the past"),
            which("equations with random numbers",
                  lambda e: any(c.startswith("random") for c in _called(e))),
            which("equations with a table",
                  lambda e: e.kind != "lookup" and (any(_tables(e)) or _looks_up(e, book.model)),
                  "its own or a lookup variable"),
            which("variables with subscripts", lambda e: e.over),
        ],
    }  # fmt: skip


# --- what an equation has -------------------------------------------------------------------------


def _nodes(entry: Entry) -> Iterator[Expr]:
    for equation in entry.variable.equations:
        yield from walk(equation.expr)


def _called(entry: Entry) -> Iterator[str]:
    return (n.name for n in _nodes(entry) if isinstance(n, Call))


def _calls(entry: Entry, wanted: Collection[str]) -> bool:
    return any(name in wanted for name in _called(entry))


def _tables(entry: Entry) -> Iterator[Lookup]:
    return (n for n in _nodes(entry) if isinstance(n, Lookup) and entry.kind != "data")


def _looks_up(entry: Entry, model: Model) -> bool:
    """Whether its equations name a lookup variable."""
    named = (model.variables.get(n.name) for n in _nodes(entry) if isinstance(n, Call | Ref))
    return any(v is not None and v.role == "lookup" for v in named)


def _numbers(entry: Entry) -> Iterator[float]:
    """The numbers written in its equations; a constant is one itself."""
    if entry.kind not in ("constant", "lookup", "data"):
        yield from (n.value for n in _nodes(entry) if isinstance(n, Num) and n.value not in (0, 1))


def _bent(table: Lookup) -> bool:
    rises = [b - a for a, b in zip(table.y, table.y[1:], strict=False)]
    return any(r > 0 for r in rises) and any(r < 0 for r in rises)


def _sloped(table: Lookup) -> bool:
    return len(table.y) > 1 and (table.y[0] != table.y[1] or table.y[-1] != table.y[-2])


def _complex(entry: Entry) -> bool:
    nets = [
        e.expr.args[0]
        for e in entry.variable.equations
        if isinstance(e.expr, Call) and e.expr.name == "integ"
    ]
    return any(not _plain(n) for net in nets for n in _terms(net))


def _terms(net: Expr) -> Iterator[Expr]:
    stack = [net]
    while stack:
        node = stack.pop()
        if (isinstance(node, Binary) and node.op in "+-") or isinstance(node, Unary):
            stack.extend(children(node))
        else:
            yield node


def _plain(term: Expr) -> bool:
    return isinstance(term, Ref) or (isinstance(term, Num) and term.value == 0)
