"""Writes a model as Vensim text: subscript ranges, the equations by group, and a sketch.

What a model no longer has once it is read (macros, names of data files, comments on groups) is
written in an equivalent way: the parts of a macro as variables of their own, data as tables.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.base.numerals import listed
from sdsim.ir.expr import Array, Lookup
from sdsim.ir.model import Dimension, Equation, Model, Reality, Variable
from sdsim.writers.layout import MAX_DRAWN, views
from sdsim.writers.notation import number
from sdsim.writers.ranges import ranged
from sdsim.writers.sketch import sketch
from sdsim.writers.spelled import spelled
from sdsim.writers.unit_names import used, without_minus
from sdsim.writers.vensim_text import Names, expression, folded, points, quoted
from sdsim.writers.vensim_words import in_vensim
from sdsim.writers.written import Written, flattened

_STARS = "*" * 56
_SKETCH = re.compile(r"^(\s*)(?=\\{2,}---///)", re.MULTILINE)
_IN = "\t\t"
#: The settings behind the sketch: their mark, RK4 with TIME STEP; see `sdsim.readers.settings`.
_SETTINGS, _RK4 = ":L\x7f<%^E!@\n", "15:0,0,0,5,0,0\n"


def write_vensim(model: Model) -> Written:
    """Write a Vensim file with a sketch.

    Raises
    ------
    ModelError : what Vensim cannot say, with file, line and variable.
    """
    said, notes = in_vensim(spelled(without_minus(model)))
    writer = _Writer(ranged(said), list(flattened(model)))
    text = writer.text()
    return Written(text, writer.flat(), tuple(dict.fromkeys((*notes, *writer.notes))))


@dataclass
class _Writer:
    model: Model
    notes: list[str] = field(default_factory=list)
    marked: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = Names(self.model)

    def text(self) -> str:
        """The whole file."""
        blocks = [self.range(d) for d in self.model.dimensions.values()]
        for group, variables, checks in self.groups():
            if group:
                blocks.append(f"{_STARS}\n\t.{group}\n{_STARS}~\n{_IN}\n\t|\n")
            for variable in variables:
                blocks.extend(self.entries(variable))
            blocks.extend(map(self.check, checks))
        settings = (_RK4 if self.model.method == "rk4" else "") + self.equivalents()
        drawn = views(self.model)
        if self.marked:
            what = "~ became -, | became / and *** became ** in what is said about"
            self.notes.append(f"{what} {listed(list(self.marked))}")
        if len(self.model.variables) > MAX_DRAWN:
            self.notes.append(f"no sketch: more than {MAX_DRAWN:,} variables are not drawn")
        return (
            "{UTF-8}\n"
            + "\n".join(blocks)
            + "\n"
            + sketch(drawn, self.names.of)
            + (_SETTINGS + settings if settings else "")
        )

    def equivalents(self) -> str:
        """A line for each group of names that mean one unit."""
        said = used(self.model)
        if lost := [name for name, _ in said.meant]:
            self.notes.append(
                f"units defined by others, which Vensim lacks, stand for themselves: {listed(lost)}"
            )
        clean = ([n for n in group if not set(n) & set(",\n\r")] for group in said.alike)
        return "".join(f"22:{','.join(group)}\n" for group in clean if len(group) > 1)

    def flat(self) -> Model:
        """The model with its equations and the order of its reality checks as they are written."""
        made = {
            key: replace(v, equations=tuple(itertools.chain(*map(self.parts, v.equations))))
            for key, v in self.model.variables.items()
        }
        checks = tuple(itertools.chain(*(c for _, _, c in self.groups())))
        return replace(self.model, variables=made, reality=checks)

    def groups(self) -> list[tuple[str, list[Variable], list[Reality]]]:
        """Groups in the order of the file with variables and reality checks, before them what
        belongs to none."""
        found: dict[str, tuple[list[Variable], list[Reality]]] = {"": ([], [])}
        for variable in self.model.variables.values():
            group = self.prose(variable.group, variable.name, " ")
            found.setdefault(group, ([], []))[0].append(variable)
        for check in self.model.reality:
            found.setdefault(self.prose(check.group, check.name, " "), ([], []))[1].append(check)
        return [(group, *both) for group, both in found.items()]

    def prose(self, text: str, whose: str, line_end: str = f"\n{_IN}") -> str:
        """Free text without the marks that would end it."""
        clean = text.replace("~", "-").replace("|", "/")
        clean = re.sub(r"\*{3,}", "**", _SKETCH.sub(r"\1.", clean))
        if clean != text:
            self.marked[whose] = None
        return line_end.join(folded(line, _IN) for line in clean.split("\n"))

    # --- subscript ranges ---------------------------------------------------------------------

    def range(self, dim: Dimension) -> str:
        """``Name: a, b -> Other``; ``Name <-> Other`` where another before has its elements."""
        for other in self.model.dimensions.values():
            if other is dim:
                break
            if other.labels == dim.labels and not dim.maps:
                return f"{quoted(dim.name)} <-> {quoted(other.name)}\n\t~\n\t~\t\n\t|\n"
        text = ", ".join(map(self.names.subscript, dim.elements))
        maps = ", ".join(self.mapping(dim, other) for other in dim.maps)
        body = folded(f"{text} -> {maps}" if maps else text, _IN)
        return f"{quoted(dim.name)}:\n\t{body}\n\t~\n\t~\t\n\t|\n"

    def mapping(self, dim: Dimension, other: str) -> str:
        """A mapping by position if that is enough, else element by element."""
        target, images = self.model.dimensions[other], dim.maps[other]
        if images == tuple((e,) for e in target.elements):
            return self.names.subscript(other)
        parts = [self.image(dim, other, image) for image in images]
        return f"({self.names.subscript(other)}: {', '.join(parts)})"

    def image(self, dim: Dimension, other: str, image: tuple[str, ...]) -> str:
        if len(image) == 1:
            return self.names.subscript(image[0])
        for key, d in self.model.dimensions.items():
            if d.elements == image:
                return self.names.subscript(key)
        what = f"maps an element to {len(image)} of '{other}' that no range holds"
        raise ModelError(what, file=self.model.file, variable=dim.name, remedy="define one")

    def check(self, said: Reality) -> str:
        """A reality check, which is kept in Vensim's own notation."""
        head = said.name + (f"[{', '.join(said.subs)}]" if said.subs else "")
        if said.implies is None:
            text = f"{head} :TEST INPUT: {said.condition}"
        else:
            text = f"{head} :THE CONDITION: {said.condition} :IMPLIES: {said.implies}"
        return f"{folded(text, _IN)}\n\t~\n\t~\t{self.prose(said.doc, said.name)}\n\t|\n"

    # --- variables ----------------------------------------------------------------------------

    def entries(self, variable: Variable) -> Iterator[str]:
        """A block for each equation; the first says units and comment."""
        about = self.about(variable)
        if not variable.equations:
            yield f"{self.left(variable, variable.dims)}\n{about}"
        for equation in itertools.chain(*map(self.parts, variable.equations)):
            try:
                yield f"{self.equation(variable, equation)}\n{about}"
            except ModelError as error:
                raise error.at(
                    file=self.model.file, line=equation.line, variable=variable.name
                ) from None
            about = "\t~~|\n"

    def about(self, variable: Variable) -> str:
        units = self.prose(variable.units, variable.name, " ")
        if variable.limits != (None, None):
            low, high = ("?" if v is None else number(v) for v in variable.limits)
            units = f"{units} [{low},{high}]".strip()
        return f"\t~\t{units}\n\t~\t{self.prose(variable.doc, variable.name)}\n\t|\n"

    def left(
        self, variable: Variable, subs: Sequence[str], excepts: Sequence[Sequence[str]] = ()
    ) -> str:
        head = self.names.variables[names.canonical(variable.name)] + self.names.list(subs)
        out = ", ".join(map(self.names.list, excepts))
        return f"{head} :EXCEPT: {out}" if out else head

    def parts(self, equation: Equation) -> Iterator[Equation]:
        """A table of three or more dimensions as several flat ones."""
        table = equation.expr
        wide = [i for i, s in enumerate(equation.subs) if s in self.model.dimensions]
        if not isinstance(table, Array) or len(wide) < 3:
            yield equation
            return
        size, outer = math.prod(table.shape[-2:]), wide[:-2]
        choices = [self.model.dimensions[equation.subs[i]].elements for i in outer]
        for k, chosen in enumerate(itertools.product(*choices)):
            subs = list(equation.subs)
            for i, element in zip(outer, chosen, strict=True):
                subs[i] = element
            values = table.values[k * size : (k + 1) * size]
            yield replace(equation, expr=Array(values, table.shape[-2:]), subs=tuple(subs))

    def equation(self, variable: Variable, equation: Equation) -> str:
        left, expr = self.left(variable, equation.subs, equation.excepts), equation.expr
        if isinstance(expr, Lookup):
            return f"{left}(\n{_IN}{folded(points(expr), _IN)})"
        text = _numbers(expr) if isinstance(expr, Array) else expression(expr, self.names)
        return f"{left}=\n\t{folded(text, _IN)}"


def _numbers(table: Array) -> str:
    """``1, 2, 3``, or rows that end with a semicolon."""
    texts, n = list(map(number, table.values)), table.shape[-1]
    if len(table.shape) < 2:
        return ", ".join(texts)
    return " ".join(", ".join(texts[i : i + n]) + ";" for i in range(0, len(texts), n))
