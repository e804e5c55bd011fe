"""Subscripts: every way to say which element reads which, with numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sdsim import ModelError, System, simulate
from sdsim.run.result import Run

Make = Callable[..., System]

MODEL = """
    region: north, middle, south
    edge: north, south
    age: young, old
    step: s1, s2, s3, s4
    later: s2, s3, s4
    before: s1, s2, s3 -> later
    place: harbour, hill, plain -> region
    zone: z1, z2 -> (region: edge, middle)

    one[region] = 1, 2, 4
    grid[region, age] = 1, 2; 3, 4; 5, 6;
    single[north] = 10
    single[middle] = 20
    single[south] = 40
    part[edge] = 7
    part[middle] = 9
    table[region] = TABBED ARRAY(3 6 9)

    everywhere = 5
    same[region] = one[region] * 2 + everywhere
    picked = one[middle]
    turned[age, region] = grid[region, age]
    row[region] = grid[region, old]
    fixed[region, age] = grid[middle, age]
    outer[region, age] = one[region] * 10 + age
    of edge[edge] = one[edge] + part[edge]

    all but[region] :EXCEPT: [middle] = one[region] * 100
    all but[middle] = -1
    corner[region, age] :EXCEPT: [north, young], [south, old] = 1
    corner[north, young] = 2
    corner[south, old] = 3

    total = SUM(grid[region!, age!])
    by age[age] = SUM(grid[region!, age])
    by region[region] = SUM(grid[region, age!])
    weighted = SUM(one[region!] * grid[region!, old])
    product = PROD(one[region!])
    edges = SUM(one[edge!])
    least[age] = VMIN(grid[region!, age])
    most[region] = VMAX(grid[region, age!] - one[region])
    share[region] = one[region] / SUM(one[region!])
    count = ELMCOUNT(region) + 10 * ELMCOUNT(age)

    number[region] = region
    where south = south
    is middle[region] = IF THEN ELSE(region = middle, 1, 0)

    mapped[place] = one[region]
    zoned[region] = worth[zone]
    worth[zone] = 3, 8

    chain[s1] = 1
    chain[later] = chain[before] * 3

    stock[region] = INTEG(one[region], single[region])
    aged[young] = INTEG(1 - aged[young] / 2, 0)
    aged[old] = INTEG(aged[young] / 2, 100)
    rise[region]((0,0),(1,1))
    smooth[region] = SMOOTHI(one[region], 2, 0)
"""

#: Values at the start, in the order of the elements.
EXPECTED = {
    "same": [7, 9, 13],
    "picked": 2,
    "turned": [[1, 3, 5], [2, 4, 6]],
    "row": [2, 4, 6],
    "fixed": [[3, 4], [3, 4], [3, 4]],
    "outer": [[11, 12], [21, 22], [41, 42]],
    "of edge": [8, 11],
    "single": [10, 20, 40],
    "part": [7, 9, 7],
    "table": [3, 6, 9],
    "all but": [100, -1, 400],
    "corner": [[2, 1], [1, 1], [1, 3]],
    "total": 21,
    "by age": [9, 12],
    "by region": [3, 7, 11],
    "weighted": 2 + 8 + 24,
    "product": 8,
    "edges": 5,
    "least": [1, 2],
    "most": [1, 2, 2],
    "share": [1 / 7, 2 / 7, 4 / 7],
    "count": 23,
    "number": [1, 2, 3],
    "where south": 3,
    "is middle": [0, 1, 0],
    "mapped": [1, 2, 4],
    "zoned": [3, 8, 3],
    "chain": [1, 3, 9, 27],
    "stock": [10, 20, 40],
    "smooth": [0, 0, 0],
}


@pytest.fixture(scope="module")
def run(system: Make) -> Run:
    return simulate(system(MODEL, stop=4))


@pytest.mark.parametrize("name", EXPECTED)
def test_value(run: Run, name: str) -> None:
    got = run[name].values[0]
    assert got.shape == np.shape(EXPECTED[name])
    assert got.tolist() == EXPECTED[name]


def test_elements_move_on_their_own(run: Run) -> None:
    assert run["stock"].values[-1].tolist() == [14, 28, 56]
    assert run["aged"].values[:3].tolist() == [[0, 100], [1, 100], [1.5, 100.5]]
    assert run["smooth"].values[2].tolist() == [0.75, 1.5, 3.0]


def test_results_carry_the_labels_of_the_file(run: Run) -> None:
    grid = run["grid"]
    assert grid.dims == ("time", "region", "age")
    assert grid.sel(region="south", age="young").values.tolist() == [5] * 5
    assert run["of edge"].dims == ("time", "edge")


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ("y = SUM(x[nowhere!])", "nowhere"),
        ("y = x[c]", "c"),
        ("y = x", "subscript"),
        ("y = x[a, b]", "subscript"),
        ("y[d] = x[e]", "e"),
        ("y[d] = k[d]\nk[a] = 1\nz[d] = k[d]", "k"),
        ("y[d] = 1\ny[a] = 2", "'y[a]' is defined twice"),
        ("y = ELMCOUNT(x)", "ELMCOUNT"),
    ],
)
def test_a_subscript_that_does_not_fit_is_refused_by_name(
    system: Make, equations: str, said: str
) -> None:
    with pytest.raises(ModelError, match=r"model\.mdl:\d+") as e:
        simulate(system(f"d: a, b\ne: p, q\nx[d] = 1, 2\n{equations}"))
    assert said in str(e.value)


def test_an_exception_may_lie_outside(system: Make) -> None:
    run = simulate(system("""
        D: a, b, c
        Sub: b, c
        Other: c, a
        x[Sub] :EXCEPT: [a] = 1
        y[Sub] :EXCEPT: [Other] = 2
        y[c] = 3
    """))  # fmt: skip
    np.testing.assert_array_equal(run["x"][0], [1, 1])
    np.testing.assert_array_equal(run["y"][0], [2, 3])


def test_a_mapped_range_as_a_number(system: Make) -> None:
    run = simulate(system("""
        D: a, b, c
        E: z, y, x -> (D: c, b, a)
        n[D] = E * 10 + D
    """))  # fmt: skip
    np.testing.assert_array_equal(run["n"][0], [31, 22, 13])
