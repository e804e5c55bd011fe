"""Models that are written in one format and another, and their results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from making import mdl

import sdsim

MODELS = {
    "stocks": """
        Stock = INTEG(births - Stock / life time, 100)
        births = Stock * 0.03 * effect(Stock / 200)
        life time = 40
        effect([(0,0)-(2,2)], (0, 1.5), (1, 1), (2.5, -1e-07))
    """,
    "ranges": """
        Region: north, south, "2nd east"
        Warm: south, "2nd east"
        Product: (p1-p3) -> Region
        Part: p1, p2 -> (Region: north, Warm)
        x[Region] = 1, 0.1, -3
        y[Region, Product] = 1, 2, 3; 4, 5, 6; 7, 8, 9.5;
        z[Region, Product, Warm] = x[Region] * y[Region, Product] + x[Warm]
        moved[Product] = x[Region] + Product
        other[Region] :EXCEPT: [Warm] = 7
        other[Warm] = SUM(y[Warm, Product!]) + VMAX(x[Region!])
        count = ELMCOUNT(Region)
    """,
    "shared elements": """
        A: a1, a2, a3
        B <-> A
        Late: a2, a3
        C: c1, c2 -> (A: a1, Late)
        E: e1, e2, e3
        D: a1, a2, a3 -> E
        m[A, B] = 1, 2, 3; 4, 5, 6; 7, 8, 9;
        v[B] = 1, 2, 3
        w[A] = SUM(m[A, B!] * v[B!]) + B
        turned[A, B] = m[B, A] * Time
        most[A, B] :EXCEPT: [a1, a2] = turned[A, B] - v[B]
        most[a1, a2] = 7
        part[A] :EXCEPT: [a1] = v[A] / 2
        moved[E] = v[D] * 2
        cube[C, A, B] = m[A, B] + C
        table[a1]((0, 0), (10, 5))
        table[a2]((0, 0), (10, 6))
        table[a3]((0, 0), (10, 7))
        read[B] = table[B](Time) + m[a3, B]
        stock[A, B] = INTEG(stock[B, A] * 0.1, m[A, B])
    """,
    "functions": """
        a = IF THEN ELSE(Time > 3 :AND: :NOT: (Time > 8 :OR: Time = 5), -2^2, (-2)^2)
        b = SMOOTH3I(a, 2, 1) + DELAY FIXED(a, 2, 0) + DELAY N(a, 3, 1, 4)
        c = STEP(1, 2) + RAMP(0.1, 3, 6) + PULSE TRAIN(1, 1, 3, 9)
        d = SAMPLE IF TRUE(Time > 4, a, 7) + ZIDZ(1, c) + MODULO(Time, 3) + INTEGER(a / 3)
        e = RANDOM UNIFORM(0, 1, 4) + RANDOM NORMAL(-1, 1, 0, 0.3, 5)
        f = WITH LOOKUP(Time, ((0, 0), (3, 2), (9, -2))) + ACTIVE INITIAL(Time, 3)
        g = 1 / 3 - (a - (b - c)) / (d * (e / f)) - 1e-300
        h = DELAY MATERIAL(a, 2 + STEP(1, 4), 0, 3) + DELAY INFORMATION(a, 3 - STEP(1, 4), 1)
        flat((0, 1), (1, 1))
        i = DELAY CONVEYOR(c, 3 + STEP(1, 5), 0.1, flat, 6, 3) + DELAY CONVEYOR(c, 4, 0, flat, 6, 4)
        j = DELAY MATERIAL(a, 2, 0, 5)
    """,
    "names": """
        "100% of {it}" = 1
        "say \\"hi\\" ~ | there" = "100% of {it}" * 2
        driver's $ fee = 3
        "min" = driver's $ fee + "say \\"hi\\" ~ | there"
        人口 = "min"
    """,
    "macros": """
        :MACRO: GAINED(input, rate)
        GAINED = INTEG(input * rate, 1) ~ ~ |
        :END OF MACRO:
        Region: north, south
        x[Region] = 1, 2
        y[Region] = GAINED(x[Region], 0.1) + GAINED(3, 2)
    """,
}


def text_of(name: str) -> str:
    """A Vensim file."""
    if name != "macros":
        return mdl(MODELS[name], step=0.25)
    head, tail = MODELS[name].split(":END OF MACRO:")
    return f"{head}:END OF MACRO:\n{mdl(tail)[7:]}"


def values(path: Path) -> dict[str, np.ndarray]:
    run = sdsim.simulate(sdsim.load(path, cache=False), seed=3)
    return {str(k): v.values for k, v in run.dataset.data_vars.items()}
