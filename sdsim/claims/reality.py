"""Decides Vensim's reality checks: if this happens, then that must happen.

Sources: Vensim's manual, User Guide, Reality Check (constraints, test inputs, active and passive
testing), and Reference, Reality Check Functions. Test inputs, and ``variable = expression`` in a
condition, are put into the model; any other part of a condition is only looked for, unless forced.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError, ModelWarning, UnsupportedError, counted, nearest
from sdsim.claims.claims import MAX_LENGTH
from sdsim.claims.conditions import COMPARED, CROSSING, ONCE, Judge
from sdsim.claims.inputs import Input, moved, put_in
from sdsim.ir.expr import Binary, Call, Expr, Ref, Unary, rewrite, to_text, walk
from sdsim.ir.model import Equation, Model, Reality, Variable
from sdsim.outcomes.formula import parse_each
from sdsim.overrides import Overrides
from sdsim.readers.scan import mask
from sdsim.run.methods import Method
from sdsim.run.simulate import simulated
from sdsim.run.system import System

MAX_CASES = 1000  # runs and checks of one model; each element of a subscripted check counts
MAX_WAYS = 16  # ways to make one condition true
HOLDS, FAILS, NOT_REACHED, UNSUPPORTED = "holds", "fails", "not reached", "not supported"

_WORD = re.compile(r":\s*([A-Za-z][A-Za-z ]*?)\s*:")
_KNOWN = ("AND", "OR", "NOT", "NA")
#: What stands for a word between a comparison's sign and its right side.
MARKS = {"CROSSING": CROSSING, "AT LEAST ONCE": ONCE}


@dataclass(frozen=True)
class Verdict:
    """The verdict on a reality check (or one of its elements, or one way of making it true).

    status : ``holds``, ``fails``, ``not reached`` (its condition never held) or ``not supported``.
    inputs : the inputs put into the model.
    time, part, left, right : for a failure, the first saved time, the comparison, its two sides.
    reason : why it is not supported, or how the run ended.
    """

    name: str
    status: str
    line: int
    inputs: tuple[str, ...] = ()
    time: float | None = None
    part: str = ""
    left: float | None = None
    right: float | None = None
    reason: str = ""

    def to_data(self) -> dict[str, Any]:
        """As plain data, with the same keys as claims."""
        data = asdict(self)
        return {"id": data.pop("name"), "kind": "reality check", **data}


@dataclass(frozen=True)
class _Case:
    """One check in one run."""

    label: str
    line: int
    inputs: tuple[Input, ...]
    conditions: tuple[Expr, ...]
    implied: Expr


def run_realities(
    system: System,
    overrides: Overrides | None = None,
    method: Method | None = None,
    *,
    chosen: Sequence[Reality] | None = None,
    force: bool = False,
    seed: int = 0,
) -> tuple[Verdict, ...]:
    """Decide the reality checks of a model, in file order.

    Parameters
    ----------
    overrides : put on every run, such as a preset.
    chosen : decide only these constraints.
    force : also make inequalities in conditions true, as Vensim's active testing does: where one
        does not hold, its left side takes the value of its right side.

    Raises
    ------
    ModelError : the model itself, or the overrides, cannot be run.
    """
    model = system.model
    wanted = constraints(model) if chosen is None else chosen
    reader = _Reader(model, wanted, force)
    found: list[Verdict | _Case] = []
    for check in wanted:
        try:
            for made in reader.cases(check):
                if len(found) >= MAX_CASES:
                    raise UnsupportedError(f"more than {MAX_CASES:,} reality checks")
                found.append(made)
        except ModelError as error:
            found.append(_refused(names.display(check.name), check.line, error))
    groups: dict[tuple[Input, ...], list[int]] = {}
    for i, case in enumerate(found):
        if isinstance(case, _Case):
            groups.setdefault(case.inputs, []).append(i)
    run = _Runs(system, overrides or Overrides(), method, seed)
    _ = system.overridden(run.overrides)[0].program  # faults here are not the checks' fault
    out: dict[int, Verdict] = {i: v for i, v in enumerate(found) if isinstance(v, Verdict)}
    for places in groups.values():
        cases = [c for c in (found[i] for i in places) if isinstance(c, _Case)]
        out.update(zip(places, run.decided(cases), strict=True))
    return tuple(out[i] for i in range(len(found)))


def constraints(model: Model) -> tuple[Reality, ...]:
    """The reality checks that are constraints, without the test inputs that serve them."""
    return tuple(r for r in model.reality if r.implies is not None)


def _refused(label: str, line: int, error: ModelError) -> Verdict:
    where = f"'{error.variable}': " if error.variable and names.PART not in error.variable else ""
    said = f"{where}{error.what}" + (f"; {error.remedy}" if error.remedy else "")
    return Verdict(label, UNSUPPORTED, line, reason=said)


# --- texts to cases ---------------------------------------------------------------------------


class _Reader:
    """Turns the checks of one model into cases; one child process reads all texts."""

    def __init__(self, model: Model, wanted: Sequence[Reality], force: bool) -> None:
        self.model, self.force = model, force
        self.inputs = {names.canonical(r.name): r for r in model.reality if r.implies is None}
        dims = model.dimensions.values()
        self.spelled = {e: s for d in dims for e, s in zip(d.elements, d.labels, strict=True)}
        self.faults: dict[tuple[str, str], ModelError] = {}
        texts: dict[tuple[str, str], str] = {}
        for r in dict.fromkeys((*wanted, *self.inputs.values())):
            for key, text in (("condition", r.condition), ("implies", r.implies)):
                if text is None:
                    continue
                try:
                    texts[self._place(r, key)] = _marked(text, key)
                except ModelError as error:
                    self.faults[self._place(r, key)] = error
        self.trees = parse_each(texts)

    def _place(self, r: Reality, key: str) -> tuple[str, str]:
        return f"{r.line} {r.name} {','.join(r.subs)}", key

    def tree(self, r: Reality, key: str) -> Expr:
        """The parsed text, with every name looked up."""
        place = self._place(r, key)
        found = self.faults.get(place) or self.trees[place]
        if isinstance(found, ModelError):
            raise type(found)(found.what, remedy=found.remedy)
        for node in walk(found):
            self._known(node)
        return found

    def _known(self, node: Expr) -> None:
        model = self.model
        if not isinstance(node, Ref) or node.name in MARKS.values():
            return
        if node.name not in (*model.variables, *self.inputs, names.TIME):
            known = [v.name for v in model.variables.values() if not v.hidden]
            known += [names.display(r.name) for r in self.inputs.values()]
            what = f"no variable or test input called '{node.name}'"
            raise ModelError(what, remedy=nearest(node.name, known))

    def cases(self, check: Reality) -> Iterator[_Case]:
        """One check for each element on its left side and each way to make its condition true."""
        condition, implied = self.tree(check, "condition"), self.tree(check, "implies")
        if any(isinstance(n, Ref) and n.name in self.inputs for n in walk(implied)):
            raise UnsupportedError("a test input after :IMPLIES:", remedy="it is a condition")
        for picked in self._elements(check):
            label = names.display(check.name)
            if picked:
                spelled = tuple(self.spelled.get(e, e) for e in picked.values())
                label = names.element_label(label, spelled)
            implied_here = _at(implied, picked)
            for way in self._ways(_at(condition, picked)):
                inputs = tuple(p for p in way if isinstance(p, Input))
                places = [(i.target, i.subs) for i in inputs]
                if len(set(places)) < len(places):
                    twice = next(p for p in places if places.count(p) > 1)
                    raise UnsupportedError(f"sets '{self.model.display(twice[0])}' twice")
                looked_for = tuple(p for p in way if not isinstance(p, Input))
                yield _Case(label, check.line, inputs, looked_for, implied_here)

    def _elements(self, check: Reality) -> Iterator[dict[str, str]]:
        ranges = []
        for sub in map(names.canonical, check.subs):
            if sub not in self.model.dimensions and sub not in self.spelled:
                raise ModelError(f"'{sub}' is neither a subscript range nor an element")
            inside = self.model.dimensions.get(sub)
            ranges.append([(sub, e) for e in (inside.elements if inside else (sub,))])
        for picked in itertools.product(*ranges):
            yield dict(picked)

    def _ways(self, node: Expr) -> list[list[Expr | Input]]:
        """For each way to make a condition true: what to put in and what to look for."""
        if isinstance(node, Binary) and node.op == "and":
            both = itertools.product(self._ways(node.left), self._ways(node.right))
            return _few([[*a, *b] for a, b in itertools.islice(both, MAX_WAYS + 1)])
        if isinstance(node, Binary) and node.op == "or" and self._puts_in(node):
            return _few([*self._ways(node.left), *self._ways(node.right)])
        if isinstance(node, Unary) and node.op == "not" and self._puts_in(node):
            raise UnsupportedError(":NOT: before a test input")
        found = self._input(node)
        return [[found]] if found else [[node]]

    def _puts_in(self, node: Expr) -> bool:
        return any(self._input(n) is not None for n in walk(node))

    def _input(self, node: Expr) -> Input | None:
        """A part of a condition as an input; None if it is only looked for."""
        if isinstance(node, Ref) and node.name in self.inputs:
            return self._named(node)
        ops = ("=", *COMPARED[1:]) if self.force else ("=",)
        if not isinstance(node, Binary) or node.op not in ops or not isinstance(node.left, Ref):
            return None
        if node.left.name not in self.model.variables:
            return None
        return Input(node.left.name, node.left.subs, node.op, node.right)

    def _named(self, ref: Ref) -> Input:
        """A test input by name, for the elements that the name selects."""
        given = self.inputs[ref.name]
        subs = tuple(map(names.canonical, given.subs))
        if len(ref.subs) != len(subs):
            wanted = counted(len(subs), "subscript")
            raise ModelError(f"test input '{names.display(given.name)}' has {wanted}")
        for mine, picked in zip(subs, ref.subs, strict=True):
            inside = self.model.dimensions.get(mine)
            if picked != mine and (inside is None or picked not in inside.elements):
                raise ModelError(f"'{picked}' is not an element of '{mine}'")
        tree = _at(self.tree(given, "condition"), dict(zip(subs, ref.subs, strict=True)))
        if not isinstance(tree, Binary) or tree.op != "=" or not isinstance(tree.left, Ref):
            what = f"test input '{names.display(given.name)}' is not 'variable = expression'"
            raise UnsupportedError(what)
        if tree.left.name not in self.model.variables:
            raise UnsupportedError(f"a test input for '{tree.left.name}'")
        return Input(tree.left.name, tree.left.subs, "=", tree.right)


def _few(ways: list[list[Expr | Input]]) -> list[list[Expr | Input]]:
    if len(ways) > MAX_WAYS:
        raise UnsupportedError(f"more than {MAX_WAYS} ways to make its condition true")
    return ways


def _marked(text: str, key: str) -> str:
    """The text with keywords of reality checks rewritten as terms of a sum, which can be parsed."""
    if len(text) > MAX_LENGTH:
        raise UnsupportedError(f"longer than {MAX_LENGTH} characters")
    if not text:
        raise ModelError(f"nothing stands {'after :IMPLIES:' if key == 'implies' else 'there'}")
    for found in reversed(list(_WORD.finditer(mask(text)))):
        word = " ".join(found[1].upper().split())
        if word in MARKS and key == "implies" and text[found.end() :].strip():
            text = f'{text[: found.start()]} "{MARKS[word]}" + {text[found.end() :]}'
        elif word not in _KNOWN:
            raise UnsupportedError(f"the word :{word}: here")
    return text


def _at(tree: Expr, picked: Mapping[str, str]) -> Expr:
    """The tree with its subscript ranges replaced by single elements."""

    def change(node: Expr) -> Expr:
        if isinstance(node, Ref | Call) and node.subs:
            return replace(node, subs=tuple(picked.get(s, s) for s in node.subs))
        return node

    return rewrite(tree, change) if picked else tree


# --- cases to verdicts ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Runs:
    """Runs the model with the inputs of cases and decides the cases."""

    system: System
    overrides: Overrides
    method: Method | None
    seed: int

    def decided(self, cases: Sequence[_Case]) -> list[Verdict]:
        """Verdicts on cases that share their inputs; one run serves all of them if possible."""
        try:
            return self._run(cases)
        except ModelError as error:
            if len(cases) > 1:
                return [v for c in cases for v in self.decided([c])]
            return [_refused(cases[0].label, cases[0].line, error)]

    def _run(self, cases: Sequence[_Case]) -> list[Verdict]:
        inputs = cases[0].inputs
        model = put_in(self.system.model, inputs)
        judges = [Judge(model, names.part("reality check", str(n))) for n in range(len(cases))]
        for judge, case in zip(judges, cases, strict=True):
            for node in (*case.conditions, case.implied):
                judge.take(node, case.line)
        sides: dict[str, Variable] = {}
        for judge, case in zip(judges, cases, strict=True):
            for name, expr in judge.sides.items():
                equation = (Equation(expr, (), (), case.line),)
                sides[names.canonical(name)] = Variable(name, equation, hidden=True)
        system = System(model.replacing(sides), self.system.backend)
        changed = moved(self.overrides, inputs, self.system.model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelWarning)
            run = simulated(system, changed, self.method, [v.name for v in sides.values()],
                           seed=self.seed)  # fmt: skip
        shown = tuple(self._shown(i) for i in inputs)
        out = []
        for judge, case in zip(judges, cases, strict=True):
            judge.values = {n: run[n].values for n in judge.sides}
            found = self._verdict(case, judge, run.time, run.message)
            out.append(replace(found, inputs=shown))
        return out

    def _shown(self, i: Input) -> str:
        return self._text(Binary(i.op, Ref(i.target, i.subs), i.expr))

    def _text(self, node: Expr) -> str:
        known = self.system.model.variables
        shown = {mark: f":{word}:" for word, mark in MARKS.items()}
        functions = {n.name: n.name.upper() for n in walk(node) if isinstance(n, Call)}
        spelled = {
            **functions,
            **shown,
            **{k: v.name for k, v in known.items()},
            names.TIME: "Time",
        }
        text = to_text(node, lambda name: spelled.get(name, name))
        return re.sub(rf"({'|'.join(shown.values())}) \+", r"\1", text)

    def _verdict(self, case: _Case, judge: Judge, time: Any, stopped: str) -> Verdict:
        reached = judge.all_true(case.conditions, len(time))
        broken = reached & ~judge.truth(case.implied, reached)
        plain = Verdict(case.label, HOLDS, case.line)
        if broken.any():
            at = int(broken.argmax())
            leaf = judge.culprit(case.implied, reached, at)
            left, right = judge.both(leaf, at)
            return replace(
                plain, status=FAILS, time=float(time[at]), part=self._text(leaf), left=left,
                right=right,
            )  # fmt: skip
        if stopped:
            return replace(plain, status=FAILS, reason=stopped)
        return plain if reached.any() else replace(plain, status=NOT_REACHED)
