"""The numbers in the model's README are the model's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

import sdsim
from tests.cross_border.conftest import FOLDER

TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")
#: Ablations of the tagged cohort: the words of the table and the switches that are put to zero.
NO_FADING = ("Kin move switch", "Distance switch", "Tie wear switch", "Disconnection switch")
CUTS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    **{f"without {w}": (f"{w[0].upper()}{w[1:]} switch",) for w in (
        "pay growth", "competence", "savings", "papers", "amnesty", "voice", "kin move",
        "on location", "distance", "tie wear", "disconnection", "place premium", "network",
        "caging", "outreach",
    )},
    "no attenuation": NO_FADING,
    "the same, and no rise of costs on location": (*NO_FADING, "On location switch"),
    "no growth of capacity": (
        "Competence switch", "Pay growth switch", "Savings switch", "Papers switch",
    ),
}  # fmt: skip
BY_STAY = {
    "call weekly": "Share calling weekly", "call monthly": "Share calling monthly",
    "sent money in the past year": "Share remitting",
    "went home in the past two years": "Share travelling",
    "none (weekly calls)": "Share with none on the weekly definition",
    "all three": "Share with all three",
}  # fmt: skip


def table(first: str) -> list[list[str]]:
    """The rows under the table whose head begins with these words, cell by cell."""
    start = TEXT.index(f"\n| {first}") + 1
    rows = TEXT[start : TEXT.index("\n\n", start)].splitlines()
    return [[c.strip() for c in row.strip("|").split("|")] for row in rows[2:]]


def number(text: str) -> float:
    """``+1,234 %`` as 1234."""
    return float(re.sub(r"[,%+ ]", "", text))


def says(text: str, value: float) -> bool:
    """Whether a number, as written, is the value, rounded."""
    decimals = len(text.partition(".")[2])
    return abs(number(text) - value) <= 0.5001 * 10.0**-decimals


@pytest.fixture(scope="module")
def at(history: sdsim.Run) -> Callable[[str, float], float]:
    """A variable of the corridor as it was, at a time."""
    return lambda name, year: float(history[name].sel(time=year))


@pytest.fixture(scope="module")
def cohorts(
    flagship: sdsim.System, preset: sdsim.Preset
) -> Callable[..., Mapping[str, np.ndarray]]:
    """(members) -> each outcome of the tagged cohort, (member, year) from 1942 on."""
    names = ("Tagged engagement", "Tagged travel", "Tagged remittance")

    def run(members: Sequence[Mapping[str, float]]) -> Mapping[str, np.ndarray]:
        keys = {k for m in members for k in m}
        draws = {k: np.array([m.get(k, 1.0) for m in members]) for k in keys}
        long = preset.overrides | sdsim.Overrides({"FINAL TIME": 2040.0})
        out = sdsim.simulate_many(flagship, draws, long, save=list(names))
        return {n: out[n].transpose("member", "time").values for n in names}

    return run


def test_the_fit(at: Callable[[str, float], float]) -> None:
    for name, year, model, figure, *_ in table("what | year | model"):
        value = at(name, float(year))
        assert says(model, value), (name, year, model, value)
        assert number(figure) > 0


def test_the_default_path_of_levers(at: Callable[[str, float], float]) -> None:
    for name, _, _, path in table("lever | unit"):
        variable = re.sub(r" \(.*", "", name)
        if "acts on" in name:
            variable = re.search(r"acts on `(.+)`", name)[1]  # type: ignore[index]
        found = re.findall(r"([\d.]+) in (\d{4})", path)
        assert found, name
        for said, year in found:
            assert at(variable, float(year)) == pytest.approx(float(said), rel=0.005, abs=0.005)


def test_states_that_choose(flagship: sdsim.System, at: Callable[[str, float], float]) -> None:
    preset = sdsim.read_preset(FOLDER / "presets" / "endogenous.toml")
    run = sdsim.simulate(flagship, preset.overrides)
    head = TEXT[TEXT.index("\n| | 1970") :].splitlines()[1]
    years = [float(y) for y in re.findall(r"\d{4}", head)]
    for name, *cells in table("| 1970"):
        for year, cell in zip(years, cells, strict=True):
            chosen, replayed = re.fullmatch(r"(\S+) \((\S+)\)", cell).groups()  # type: ignore[union-attr]
            assert says(chosen, float(run[name].sel(time=year))), (name, year)
            assert says(replayed, at(name, year)), (name, year)


def test_the_survey_by_stay(history: sdsim.Run) -> None:
    for what, *cells in table("years of stay"):
        values = history[f"{BY_STAY[what]} by stay"].sel(time=2006).values
        assert all(says(c, v) for c, v in zip(cells, values, strict=True)), what


def test_cohorts(cohorts: Callable[..., Mapping[str, np.ndarray]]) -> None:
    rows = table("arrivals of")
    out = cohorts([{"Tag start year": float(r[0])} for r in rows])
    for i, (year, first, peak, *later, v1, vpeak, v40) in enumerate(rows):
        start = int(year) - 1942
        engaged, visits = (out[n][i, start:] for n in ("Tagged engagement", "Tagged travel"))
        assert says(first, engaged[1])
        top = 1 + int(np.argmax(engaged[1:41]))
        said = re.fullmatch(r"([\d.]+) \((\d+)\), ([+-]\d+) %", peak)
        assert said, year
        assert says(said[1], engaged[top]), year
        assert int(said[2]) == top, year
        assert says(said[3], 100 * (engaged[top] / engaged[1] - 1)), year
        for text, k in zip(later, (10, 20, 40), strict=True):
            assert says(text, engaged[k]), (year, k)
        top = 1 + int(np.argmax(visits[1:41]))
        said = re.fullmatch(r"([\d.]+) \((\d+)\)", vpeak)
        assert said, year
        assert says(said[1], visits[top]), year
        assert int(said[2]) == top, year
        assert says(v1, visits[1])
        assert says(v40, visits[40]), year


def test_ablations_of_a_cohort(cohorts: Callable[..., Mapping[str, np.ndarray]]) -> None:
    rows = table("cut |")
    names = [r[0].partition(":")[0] for r in rows]
    out = cohorts([{**dict.fromkeys(CUTS[n], 0.0), "Tag start year": 1975.0} for n in names])
    for i, (_, first, peak, *later, money, visits) in enumerate(rows):
        engaged, went, sent = (
            out[n][i, 33:] for n in ("Tagged engagement", "Tagged travel", "Tagged remittance")
        )
        assert says(first, engaged[1]), names[i]
        top = 1 + int(np.argmax(engaged[1:41]))
        said = re.fullmatch(r"([\d.]+) \((\d+)\)", peak)
        assert said, names[i]
        assert says(said[1], engaged[top]), names[i]
        assert int(said[2]) == top, names[i]
        for text, k in zip(later, (10, 20, 40), strict=True):
            assert says(text, engaged[k]), (names[i], k)
        for cell, values in ((money, sent), (visits, went)):
            for text, k in zip(cell.split(" / "), (1, 20, 40), strict=True):
                assert says(text, values[k]), (names[i], cell, k)


def test_sizes(flagship: sdsim.System) -> None:
    kinds = flagship.kinds
    sizes = {k: int(np.prod(flagship.ordered.shapes[k] or (1,))) for k in kinds}
    stocks = [k for k, kind in kinds.items() if kind == "stock"]
    said = re.search(
        r"(\d+) variables, (\d+) kinds of stock with (\d+) stocks in all, (\d+) scalar equations "
        r"\((\d+) time tables apart\)", TEXT,
    )  # fmt: skip
    assert said
    tables = [k for k, kind in kinds.items() if kind == "lookup"]
    scalars = sum(
        n for k, n in sizes.items() if k not in tables and k not in sdsim.base.names.CONTROL
    )
    assert [int(g) for g in said.groups()] == [
        len(flagship.model.variables), len(stocks), sum(sizes[k] for k in stocks), scalars,
        len(tables),
    ]  # fmt: skip


def test_where_the_numbers_come_from(flagship: sdsim.System) -> None:
    """Parameters and tables, but the ends of levers, by the tag of their source."""
    said = re.search(r"(\d+) on data, (\d+) on literature, (\d+) by analogy, (\d+) assumed", TEXT)
    assert said
    ends = re.compile(r"(highest|lowest) (?P<lever>.+)")
    docs = [
        flagship.model.variables[k].doc
        for k, kind in flagship.kinds.items()
        if kind in ("constant", "lookup")
        and not ((end := ends.match(k)) and f"{end['lever']} policy" in flagship.kinds)
    ]
    tags = ("data", "literature", "analogy", "assumed")
    assert [int(g) for g in said.groups()] == [
        sum(bool(re.search(rf"\[{t}", d)) for d in docs) for t in tags
    ]


def test_every_rival_switch_is_named(flagship: sdsim.System) -> None:
    section = TEXT.partition("## Rival theories")[2].partition("\n## ")[0]
    rivals = [
        v.name for k, v in flagship.model.variables.items()
        if v.group == "Rival theories" and v.name.endswith((" switch", " theory"))
        and flagship.kinds[k] == "constant"
    ]  # fmt: skip
    assert len(rivals) == 6
    assert [n for n in rivals if f"`{n}`" not in section] == []
