"""Small models for tests: as Vensim text, and as nodes without a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sdsim.base import names
from sdsim.ir.expr import Call, Expr, Num, Ref
from sdsim.ir.model import Dimension, Equation, Model, Variable

MODELS = Path(__file__).parent / "models"


def mdl(
    equations: str,
    start: float = 0,
    stop: float = 10,
    step: float = 1,
    saveper: float | None = None,
) -> str:
    """A Vensim file from equations, one a line, with the control variables put behind them."""
    lines = [line.strip() for line in equations.splitlines() if line.strip()]
    lines += [
        f"INITIAL TIME = {start!r}",
        f"FINAL TIME = {stop!r}",
        f"TIME STEP = {step!r}",
        f"SAVEPER = {'TIME STEP' if saveper is None else repr(saveper)}",
    ]
    return "{UTF-8}\n" + "".join(f"{line}\n\t~\t\n\t~\t\n\t|\n\n" for line in lines)


def model_of(
    equations: Mapping[str, Expr | float],
    *,
    start: float = 0.0,
    stop: float = 10.0,
    step: float = 1.0,
    dims: Mapping[str, tuple[str, ...]] | None = None,
    subscripted: Mapping[str, tuple[str, ...]] | None = None,
) -> Model:
    """A model from nodes, without a file; names are shown as given.

    subscripted : the dimensions of variables that have any.
    """
    control = {
        names.INITIAL_TIME: start,
        names.FINAL_TIME: stop,
        names.TIME_STEP: step,
        names.SAVEPER: step,
    }
    variables = {}
    for key, expr in {**equations, **control}.items():
        on = (subscripted or {}).get(key, ())
        node = Num(float(expr)) if isinstance(expr, int | float) else expr
        variables[names.canonical(key)] = Variable(key, (Equation(node, on),), dims=on)
    dimensions = {k: Dimension(k, tuple(v), tuple(v)) for k, v in (dims or {}).items()}
    return Model("made", variables, dimensions)


def stock(flow: Expr, initial: float | Expr) -> Call:
    """``INTEG(flow, initial)``."""
    return Call("integ", (flow, Num(initial) if isinstance(initial, int | float) else initial))


def ref(name: str, *subs: str) -> Ref:
    """A reference."""
    return Ref(name, subs)


#: Equations of y over x = Time, and the first time at which y has no finite value.
FAULTS = {
    "LN(3 - x)": 3,
    "LOG(2 - x, 10)": 2,
    "SQRT(4.5 - x)": 5,
    "1 / (x - 2)": 2,
    "0 / (x - 2)": 2,
    "(2.5 - x) ^ (1/3)": 3,
    "(-8) ^ (x / 3)": 1,
    "EXP(x * 200)": 4,
    "0 * EXP(x * 200)": 4,
    "EXP(x * 200) - EXP(x * 200)": 4,
    "1e300 * 10 ^ (x * 3)": 3,
    "ARCSIN(x / 3)": 4,
    "MODULO(x, 5 - x) + MODULO(1, 3 - x)": 3,
    "x ^ 1000": 3,
}
