"""The child process in which PySD's translator parses expressions; nothing else imports PySD.

Run as a script by `sdsim.readers.child`, it imports nothing of sdsim but this file and
`sdsim.base.host`. A request arrives on stdin: `GO`, a `HEADER` with its length and its time limit
in seconds, and a JSON list of expressions. Stdout gets one JSON line once the process is sealed,
then one per expression, ``[rows, null]`` or ``[null, [fault, near]]``. The rows are those of
`sdsim.ir.expr.to_data`, with names as written.

A model file is data, yet the translator would `eval` parts of it, so four things protect the
machine: its `eval` is replaced by `number`, which accepts only signed numbers; once everything is
loaded, `seal` forbids files, imports, code and processes; the process has hard limits on memory,
time and file size; and it ends with the request. Where the system can fork, the started process
loads the translator once and forks for each request. It never sees a byte of a request itself, so
that no request is affected by an earlier one.
"""

from __future__ import annotations

import gc
import json
import math
import os
import re
import struct
import sys
import types
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

PYSD = "3.14.3"
MEMORY = 1 << 30  # bytes of address space
RECURSION = 40_000  # frames; the nesting that `scan` allows needs a tenth of this

GO = b"!"  # before each request
HEADER = struct.Struct("!QQ")  # bytes of the request, seconds of processor time
END = '{"end": %d}'  # sent by the forking process after each request: how the fork ended
IDLE = 30.0  # seconds that a process waits for its next request

NA = -(2.0**109)  # equals `sdsim.ir.expr.NA`, which this file cannot import

Rows = list[list[Any]]

_SIGNED = r"[+-]?\s*(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
_NUMBER = re.compile(rf"\s*({_SIGNED})\s*")
_SUM = re.compile(rf"\s*{_SIGNED}(?:\s*[+-]\s*{_SIGNED})*\s*")
_PAIR = rf"\(\s*{_SIGNED}\s*,\s*{_SIGNED}\s*\)"
_POINT = re.compile(rf"\s*\(\s*({_SIGNED})\s*,\s*({_SIGNED})\s*\)\s*(?:,|$)")
_LIMITS = re.compile(rf"\s*\[\s*{_PAIR}\s*-\s*{_PAIR}\s*(?:,\s*{_PAIR}\s*)*\]\s*,?\s*")
_SUBSCRIPT = re.compile(r"""\s*("(?:\\"|[^"])*"|[^",]+?)\s*(!?)\s*(?:,|$)""")


class Unreadable(Exception):
    """Raised for a part of an expression that is not valid Vensim; the text says what."""


# --- literals ----------------------------------------------------------------------------------


def number(text: str) -> float:
    """A signed decimal number, always a float: ``007`` is 7.0.

    Raises
    ------
    Unreadable : anything else, and numbers beyond the range of a float.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Unreadable(f"'{text.strip()[:40]}' is not a number")
    value = float("".join(match.group(1).split()))
    if not math.isfinite(value):
        raise Unreadable(f"the number {text.strip()[:20]} is too large")
    return value


def table(text: str) -> tuple[list[float], int]:
    """Numbers separated by ``,`` in rows that end with ``;``, and the number of rows."""
    rows = [[number(cell) for cell in row.split(",")] for row in text.strip().strip(";").split(";")]
    if len({len(row) for row in rows}) > 1:
        raise Unreadable("the rows of the table differ in length")
    return [value for row in rows for value in row], len(rows)


def points(text: str) -> tuple[list[float], list[float]]:
    """The x and y of ``(x,y),(x,y),...`` in the order written."""
    x, y, at = [], [], 0
    text = text.strip()
    while at < len(text):
        match = _POINT.match(text, at)
        if match is None:
            raise Unreadable(f"'{text[at : at + 30]}' is not a point (x,y)")
        x.append(number(match.group(1)))
        y.append(number(match.group(2)))
        at = match.end()
    return x, y


# --- PySD's trees as rows ----------------------------------------------------------------------


def to_rows(tree: Any) -> Rows:
    """Convert PySD's abstract syntax tree to postfix rows."""
    rows: Rows = []
    _emit(tree, rows)
    return rows


def _emit(tree: Any, rows: Rows) -> None:
    kind = type(tree).__name__
    if isinstance(tree, (float, int)):
        rows.append(["Num", float(tree)])
    elif isinstance(tree, str):
        rows.append(["Text", tree])
    elif isinstance(tree, Literal):
        rows.append(tree.row)
    elif kind == "ReferenceStructure":
        rows.append(["Ref", tree.reference, _subscripts(tree)])
    elif kind == "CallStructure":
        for argument in tree.arguments:
            _emit(argument, rows)
        rows.append(
            ["Call", tree.function.reference, len(tree.arguments), _subscripts(tree.function)]
        )
    elif kind == "ArithmeticStructure" and tree.operators == ["negative"]:
        _emit(tree.arguments[0], rows)
        rows.append(["Unary", "-"])
    elif kind == "LogicStructure" and tree.operators[0].upper() == ":NOT:":
        _emit(tree.arguments[0], rows)
        rows.append(["Unary", "not"])
    elif kind in ("ArithmeticStructure", "LogicStructure"):
        _chain(tree.operators, list(tree.arguments), rows)
    else:
        raise Unreadable(f"{kind} is not known here")


def _chain(operators: list[str], operands: list[Any], rows: Rows) -> None:
    """Equal operators from left to right, ``and`` before ``or``; PySD puts both in one list."""
    words = [op.strip(":").lower() for op in operators]
    if "or" in words and "and" in words:
        pending = False
        _emit(operands[0], rows)
        for word, operand in zip(words, operands[1:], strict=True):
            if word == "or" and pending:
                rows.append(["Binary", "or"])
            _emit(operand, rows)
            if word == "and":
                rows.append(["Binary", "and"])
            pending = pending or word == "or"
        rows.append(["Binary", "or"])
        return
    _emit(operands[0], rows)
    for word, operand in zip(words, operands[1:], strict=True):
        _emit(operand, rows)
        rows.append(["Binary", word])


def _subscripts(reference: Any) -> list[str]:
    return list(reference.subscripts.subscripts) if reference.subscripts else []


class Literal:
    """A node that is already a row."""

    def __init__(self, *row: Any) -> None:
        self.row = list(row)


# --- PySD without its eval ---------------------------------------------------------------------


def load() -> Callable[[str], Rows]:
    """PySD's translator of expressions, with this module's rules where they differ.

    Raises
    ------
    Unreadable : PySD is missing, has another version, or is not structured as expected.
    """
    _without_package_code("pysd")
    vensim_element = import_module("pysd.translators.vensim.vensim_element")
    vensim_utils = import_module("pysd.translators.vensim.vensim_utils")
    users = {name for name, used in _functions(vensim_element) if "eval" in used}
    if users != {
        "LookupsVisitor.visit_regularLookup",
        "EquationVisitor.visit_lookup_with_def",
        "EquationVisitor.visit_array",
        "EquationVisitor.visit_expr",
        "EquationVisitor.visit_string",
        "EquationVisitor.visit_arguments",
    } or any({"eval", "exec"} & used for _, used in _functions(vensim_utils)):
        raise Unreadable("PySD's translator is not built as expected")
    vars(vensim_element)["eval"] = number  # a module global hides the builtin

    grammar = vensim_utils.Grammar.get("components", vensim_element.parsing_ops)
    translator = _translator(vensim_element)

    def read(text: str) -> Rows:
        return to_rows(translator(grammar.parse(text)).translation)

    return read


def _without_package_code(name: str) -> None:
    """Make ``name`` importable without running its `__init__`, which would load all of PySD."""
    spec = util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Unreadable(f"PySD is not installed; it must be version {PYSD}")
    found = metadata.version(name)
    if found != PYSD:
        raise Unreadable(f"PySD is version {found}; it must be {PYSD}")
    shell = types.ModuleType(name)
    shell.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = shell


def _functions(module: types.ModuleType) -> Iterator[tuple[str, set[str]]]:
    """Each function and method of the module, with the global names that it uses."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        members = vars(value).values() if isinstance(value, type) else [value]
        for member in members:
            function = getattr(member, "__func__", member)
            if isinstance(function, types.FunctionType):
                yield function.__qualname__, _names(function.__code__)


def _names(code: types.CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _translator(base: Any) -> Any:
    """PySD's visitor, changed where it evaluates text, loses information or differs from Vensim.

    Vensim's ``^`` is right-associative and binds tighter than a leading minus, also for numbers:
    ``4^3^2`` is 4^9 and ``-2^2`` is -4.
    """
    new = base.structures

    class Translator(base.EquationVisitor):  # type: ignore[misc]
        unwrapped_exceptions = (Unreadable,)

        def visit_call(self, n: Any, vc: list[str]) -> str:
            call = new["call"](self.elements[vc[0]], self.elements[vc[4]])
            return str(self.add_element(call))

        def visit_reference(self, n: Any, vc: list[str]) -> str:
            reference = new["reference"](vc[0], self.subs)
            self.subs: Any = None
            return str(self.add_element(reference))

        def visit_subscript_list(self, n: Any, vc: list[str]) -> str:
            inside = n.text.strip()[1:-1]
            parts = _SUBSCRIPT.findall(inside)
            self.subs = new["subscripts_ref"]([name + mark for name, mark in parts])
            return ""

        def visit_neg_expr(self, n: Any, vc: list[str]) -> str:
            if vc[0].strip() == "-":
                self.negatives.add(vc[2])
            return vc[2]

        def visit_exp_expr(self, n: Any, vc: list[str]) -> str:
            value: Any = None
            for key in reversed("".join(vc).strip().split("^")):
                under = self.elements[key]
                value = under if value is None else new["arithmetic"](["^"], (under, value))
                if key in self.negatives:
                    minus = new["arithmetic"](["negative"], (value,))
                    value = -value if isinstance(value, float) else minus
            return str(self.add_element(value))

        def visit_expr(self, n: Any, vc: list[str]) -> str:
            if vc[0] in self.elements:
                return vc[0]
            value = number(vc[0])
            key = str(self.add_element(abs(value)))
            if vc[0].lstrip().startswith("-"):
                self.negatives.add(key)
            return key

        def visit_nan(self, n: Any, vc: list[str]) -> str:
            return str(self.add_element(NA))

        def visit_string(self, n: Any, vc: list[str]) -> str:
            return str(self.add_element(n.text[1:-1]))

        def visit_arguments(self, n: Any, vc: list[str]) -> str:
            if any(not part.endswith(",") for part in vc[:-1]):
                raise Unreadable("a comma is missing between two arguments")
            if vc and vc[-1].endswith(","):
                raise Unreadable("an argument is missing after the last comma")
            return str(self.add_element(tuple(self.elements[part.rstrip(",")] for part in vc)))

        def visit_array(self, n: Any, vc: list[str]) -> str:
            text = n.text
            if "," in text or ";" in text:
                values, count = table(text)
                return str(
                    self.add_element(Literal("Array", values, [count, len(values) // count]))
                )
            if _SUM.fullmatch(text) is None:
                raise Unreadable("an operator is missing between two numbers")
            terms = re.findall(_SIGNED, text)
            values = [number(term) for term in terms]
            if len(values) == 1:
                return str(self.add_element(values[0]))
            ops = ["-" if term.startswith("-") else "+" for term in terms[1:]]
            parts = (values[0], *map(abs, values[1:]))
            return str(self.add_element(new["arithmetic"](ops, parts)))

        def visit_array_tabbed(self, n: Any, vc: list[str]) -> str:
            values = [number(term) for term in re.findall(_SIGNED, n.text)]
            return str(self.add_element(Literal("Array", values, [len(values)])))

        def visit_tabbed_array_call(self, n: Any, vc: list[str]) -> str:
            return vc[4]

        def visit_limits(self, n: Any, vc: list[str]) -> str:
            if _LIMITS.fullmatch(n.text) is None:
                raise Unreadable(f"'{n.text.strip()[:40]}' is not [(x,y)-(x,y)]")
            return ""

        def visit_lookup_with_def(self, n: Any, vc: list[str]) -> str:
            x, y = points(vc[11])
            arguments = (self.elements[vc[4]], Literal("Lookup", x, y, "interpolate"))
            return str(
                self.add_element(new["call"](new["reference"]("with lookup", None), arguments))
            )

    return Translator


# --- the process -------------------------------------------------------------------------------

_FORBIDDEN = (
    "open", "exec", "compile", "import", "os.", "subprocess.", "socket.", "shutil.", "ctypes.",
    "marshal.", "pickle.", "tempfile.", "urllib.", "http.", "ftplib.", "smtplib.", "sqlite3.",
    "webbrowser.", "pty.", "syslog.", "winreg.", "mmap.", "fcntl.", "glob.", "pathlib.",
)  # fmt: skip


@cache
def host() -> Any:
    """`sdsim.base.host`, loaded by path so that the rest of the package is not imported."""
    place = Path(__file__).parents[1] / "base" / "host.py"
    spec = util.spec_from_file_location("host", place)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def limit(seconds: int) -> None:
    """Set hard limits on the process, where the system has them."""
    sys.setrecursionlimit(RECURSION)
    host().limit_process(MEMORY, seconds)


def seal() -> None:
    """Forbid files, imports, code and processes from now on; this cannot be undone."""

    def guard(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(event)

    sys.addaudithook(guard)


def answer(read: Callable[[str], Rows], text: str) -> list[Any]:
    """``[rows, None]``, or ``[None, [what is wrong, the text where]]``."""
    try:
        return [read(text), None]
    except Unreadable as error:
        return [None, [str(error), ""]]
    except MemoryError:
        return [None, ["it needs too much memory", ""]]
    except RecursionError:
        return [None, ["it is nested too deeply", ""]]
    except Exception as error:
        at = getattr(error, "pos", None)
        return [None, ["", text[at:] if isinstance(at, int) else ""]]


def serve(read: Callable[[str], Rows]) -> None:
    """Read and answer one request, sealed and within its limits."""
    length, seconds = HEADER.unpack(_exactly(HEADER.size))
    limit(seconds)
    texts = json.loads(_exactly(length))
    os.close(0)
    seal()
    out = sys.stdout
    out.write(json.dumps({"ready": PYSD}) + "\n")
    out.flush()
    for text in texts:
        out.write(json.dumps(answer(read, text)) + "\n")
        out.flush()


def _exactly(count: int) -> bytes:
    """Read exactly so many bytes of stdin; the rest belong to another process."""
    parts = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def serve_in_forks(read: Callable[[str], Rows]) -> None:
    """Serve requests, each in its own process, until one fails or none comes."""
    host().ignore_interrupts()  # the parent process decides when to stop
    gc.freeze()
    while host().input_within(IDLE) and os.read(0, len(GO)):
        status = host().status_of_fork(lambda: serve(read))
        os.write(1, f"\n{END % status}\n".encode())
        if status:
            return


def main() -> None:
    """Load the translator and serve requests; without fork, only one."""
    host()
    try:
        read = load()
        for warm in ("a[b!]*f(1,'c')+WITH LOOKUP(d,([(0,0)-(1,1)],(0,1),(1,2)))", "1,2;3,4;", "(?"):
            answer(read, warm)
    except Unreadable as error:
        json.dump({"fatal": str(error)}, sys.stdout)
        return
    if host().FORKS:
        serve_in_forks(read)
    elif os.read(0, len(GO)):
        serve(read)


if __name__ == "__main__":
    sys.path[:] = [p for p in sys.path if p and Path(p) != Path(__file__).parent]
    main()
