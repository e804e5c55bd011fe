"""What does one pass of the cross-border model say about Mexico and the United States, 1942-2020?

Runs the model on its US-Mexico preset and writes `figures/cross_border.html`: ties by years since
arrival against the 2006 survey, stocks by status against census and Pew, what control does, what
each lever moves, and what becomes of one cohort.

Finding: the survey's profile and the stocks come out of one set of equations; control shrinks the
irregular stock and cuts off visits and return; the receiving state's levers move outcomes several
times as much as the sending state's; and the engagement of a cohort falls from arrival: visits rise
and fall as the theory says, remittances only fall, so the hump is not supported here. Every sentence
with a number on the page is written from the run. Parameters are set by hand and roughly fitted, so
agreement with the dots describes and does not test.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import sdsim
from sdsim.claims import Folder, choose
from sdsim.ir.provenance import counted_by_provenance, definition_of
from sdsim.plots import (
    Band,
    Dots,
    Frames,
    Line,
    Mark,
    Move,
    Panel,
    Section,
    lever_figure,
    line_figure,
    panels,
    share_figure,
    table_html,
    write_index,
    write_page,
)
from sdsim.study.scenarios import Scenarios, run_scenarios
from sdsim.tables.observations import Observation, read_observations

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "models" / "cross_border"
PAGE = ROOT / "figures" / "cross_border.html"

STATUSES = ("Irregular", "Temporary", "Permanent resident", "Citizen", "Dual citizen")
CONTROL_FROM = 1986  # the year in which the two enforcement settings part from history
LEVERS_FROM = 1995  # the year in which each lever is moved, alone
DRAWS, SPREAD, SEED = 40, 0.25, 0
COHORTS = (1975, 1985, 1995)

LEVERS = {
    "Border enforcement": "receiving state",
    "Interior enforcement": "receiving state",
    "Legal openness": "receiving state",
    "Regularisation rate": "receiving state",
    "Guest programme": "receiving state",
    "Naturalisation bar": "receiving state",
    "Dual citizenship host rule": "receiving state",
    "Remittance tax": "receiving state",
    "Dual citizenship home rule": "sending state",
    "Outreach": "sending state",
    "Call cost": "technology",
    "Travel cost": "technology",
}
OUTCOMES = {
    "Migrant stock": "people",
    "Irregular stock": "people",
    "Remittances per migrant": "ties",
    "Tie intensity": "ties",
    "Naturalised share of eligible": "citizenship",
    "Leverage": "sending state",
}
ABLATIONS = {
    "no learning": "Competence switch",
    "no pay growth": "Pay growth switch",
    "no debt or savings": "Savings switch",
    "no papers": "Papers switch",
    "family stays where it was": "Kin move switch",
    "no growing apart": "Distance switch",
    "ties do not wear": "Tie wear switch",
    "nobody disconnects": "Disconnection switch",
    "no rise of costs on location": "On location switch",
    "no premium from location": "Place premium switch",
}
CONDITION = (
    "Conditional on these assumptions: the equations, the preset, and parameters set by hand and "
    "roughly fitted to the figures shown."
)


def main() -> None:
    """Run everything and write the page."""
    began = time.perf_counter()
    system = sdsim.load(FOLDER / "cross_border.mdl")
    preset = sdsim.read_preset(FOLDER / "presets" / "us_mexico.toml")
    base = sdsim.simulate(system, preset.overrides, sdsim.Adaptive())
    if base.message:
        sys.exit(base.message)
    targets = read_observations(FOLDER / "data" / "targets.csv")
    chosen = choose(system, preset.overrides, Folder.of(FOLDER / "cross_border.mdl").choice())
    worlds = run_scenarios(
        system, settings(), preset.overrides, chosen, DRAWS, SPREAD,
        method=sdsim.RK4(), save=SAVED, seed=SEED,
    )  # fmt: skip
    sections = [
        ties_by_stay(base, targets, worlds),
        stocks(base, targets, worlds),
        control(base, worlds),
        levers(system, worlds),
        cohort(base, worlds),
        foundations(system),
    ]
    write_page(
        PAGE,
        "Ties across a border: Mexico and the United States, 1942–2020",
        sections,
        lead=LEAD,
        footer=footer(system, base, preset),
    )
    write_index(PAGE.parent)
    print(f"{time.perf_counter() - began:.1f} s; the page is {PAGE.relative_to(ROOT)}")


LEAD = """
People move because location decides income, and with the help of those who went before. Families
end up stretched across a border. Then two things happen to the same migrants at the same time: the
capacity to keep up ties grows, and the motive wears out. This page shows what a system-dynamics
model of that account, set inside an account of states that open, close and grant rights, gives for
one corridor, beside the data in hand. These are scenarios, never forecasts.
"""


SAVED = [
    *OUTCOMES, "Census count", "Irregular return rate", "Kin at home share by status",
    "Visiting by status", "Tagged engagement", "Tagged capacity", "Tagged motive",
    "Tagged travel", "Tagged remittance", "Share calling weekly by stay",
    "Share remitting by stay", "Share travelling by stay",
]  # fmt: skip


def settings() -> dict[str, dict[str, float]]:
    """The scenarios of the page, and what each sets."""
    out: dict[str, dict[str, float]] = {"history": {}}
    for end, value in (("low", -1.0), ("high", 1.0)):
        start = {"Policy start year": CONTROL_FROM}
        out[f"control {end}"] = {"Border enforcement policy": value} | start
        for lever in LEVERS:
            out[f"{lever} {end}"] = {f"{lever} policy": value, "Policy start year": LEVERS_FROM}
    out |= {label: {switch: 0.0} for label, switch in ABLATIONS.items()}
    return out | {f"cohort {year}": {"Tag start year": year} for year in COHORTS}


def fitted(targets: Sequence[Observation], variable: str) -> list[Observation]:
    """The targets of a variable that were read in a source, not recalled, and mean the same."""
    shown = [t for t in targets if t.variable == variable and t.use != "show only"]
    return [t for t in shown if t.confidence != "MEMORY"]


def dots(rows: Sequence[Observation], name: str, colour: int, **extra: bool) -> Dots:
    """Observations as dots, with their sources on hover."""
    sources = "; ".join(dict.fromkeys(r.source for r in rows))
    unit = rows[0].unit if rows else ""
    return Dots(
        name, [r.year for r in rows], [r.value for r in rows], unit, sources, colour, **extra
    )


def described(run: sdsim.Run, name: str) -> tuple[str, str]:
    """The unit and the definition of a variable, as its model gives them."""
    attributes = run[name].attrs
    return attributes["units"], definition_of(attributes["description"])


def at_year(run: sdsim.Run, name: str, year: float) -> float:
    """The value of a scalar variable in a year."""
    return float(np.interp(year, run.time, run[name].values))


# --- 1: ties by years since arrival -----------------------------------------------------------

ACTIVITIES = {
    "call weekly": "Share calling weekly",
    "call monthly": "Share calling monthly",
    "remit in a year": "Share remitting",
    "travel in two years": "Share travelling",
    "no tie (monthly calls count)": "Share with none on the monthly definition",
}


def ties_by_stay(base: sdsim.Run, targets: Sequence[Observation], worlds: Scenarios) -> Section:
    """Shares calling, remitting, travelling and disconnected against years since arrival."""
    stay = base["Stay at middle"].values[0]
    years = [1990, 1995, 2000, 2006, 2010, 2015, 2020]

    def curves(year: int) -> list[Mark]:
        at = int(np.argmin(np.abs(base.time - year)))
        marks: list[Mark] = []
        for k, (label, name) in enumerate(ACTIVITIES.items()):
            unit, words = described(base, f"{name} by stay")
            values = base[f"{name} by stay"].values[at]
            marks.append(Line(label, stay, values, unit, words, k, x_unit="years"))
        return marks

    observed: list[Mark] = []
    for k, (label, name) in enumerate(ACTIVITIES.items()):
        rows = fitted(targets, f"{name} by stay")
        if rows:
            ends = [(r.number("stay_from", 0), r.number("stay_to", 40)) for r in rows]
            observed.append(
                Dots(
                    f"{label}, 2006 survey", [sum(e) / 2 for e in ends], [r.value for r in rows],
                    "", "; ".join(f"{r.more['note']} ({r.source})" for r in rows[:1]), k,
                )
            )  # fmt: skip
    figure = line_figure(
        observed, "Years since arrival", "Share of migrants surveyed", percent=True, y_range=(0, 1),
        x_range=(0, 41), frames=Frames("Year of the survey", [str(y) for y in years], [curves(y) for y in years], years.index(2006)),
    )  # fmt: skip
    table = [["Whole survey, 2006", "model", "survey", "difference, points"]]
    worst = 0.0
    for name in (
        *ACTIVITIES.values(),
        "Share with none on the weekly definition",
        "Share with all three",
    ):
        for r in fitted(targets, name):
            model, seen = at_year(base, name, 2006), r.value
            worst = max(worst, abs(model - seen))
            table.append(
                [
                    f"{name[0]}{name[1:].lower()} ({r.source.split(',')[0]})",
                    f"{model:.0%}",
                    f"{seen:.0%}",
                    f"{round(100 * (model - seen)) + 0:+d}",
                ]
            )
    trips = base["Share travelling by stay"].values[int(np.argmin(np.abs(base.time - 2006)))]
    peak = stay[int(np.argmax(trips))]
    calls = base["Share calling weekly by stay"].values[int(np.argmin(np.abs(base.time - 2006)))]
    return Section(
        "1. Ties by years since arrival",
        figure,
        f"In the simulated survey of 2006 weekly calling falls from {calls[0]:.0%} of the newest to "
        f"{calls[-1]:.0%} of those longest there, and recent travel is most common at about "
        f"{peak:.0f} years of stay. The largest gap to the survey's totals is {100 * worst:.0f} points. "
        "Move the slider to see the same cross-section in other years: a cross-section mixes cohorts, "
        "selection and return, so it is no picture of a life.",
        "Dots: shares of the newest, of all with ten years and more (drawn at 25) and, among these, of those with thirty and more (at 35). The survey "
        "covers Latin American migrants; Mexicans differ. Each activity is counted as the survey counts "
        "it: calls at least weekly or monthly, money in the past year, a visit in the past two. The "
        f"survey took part in setting the parameters: agreement describes, it does not test. {CONDITION}",
        table,
    )


# --- 2: stocks --------------------------------------------------------------------------------


def stocks(base: sdsim.Run, targets: Sequence[Observation], worlds: Scenarios) -> Section:
    """Migrants by status against census and Pew."""
    unit, words = described(base, "Migrant stock")
    drawn = worlds.drawn("history", "Migrant stock")
    low, high = np.nanquantile(drawn, [0.1, 0.9], axis=1)
    marks: list[Mark] = [
        Band("All migrants, 10th to 90th percentile of draws", worlds.time, low, high, unit, "", 6),
        Line("All migrants", base.time, base["Migrant stock"].values, unit, words, 6, width=3),
        Line(
            "Census count",
            base.time,
            base["Census count"].values,
            unit,
            described(base, "Census count")[1],
            6,
            2,
        ),
    ]
    by_status = base["Stock by status"]
    for k, status in enumerate(STATUSES):
        values = by_status.sel({by_status.dims[1]: status}).values
        marks.append(
            Line(status, base.time, values, unit, f"Migrants whose status is: {status.lower()}.", k)
        )
    marks += [
        dots(fitted(targets, "Census count"), "Census, unadjusted", 6, open=True),
        dots(fitted(targets, "Migrant stock"), "Pew, adjusted for undercount", 6),
        dots(fitted(targets, "Irregular stock"), "Irregular, Pew and others", 0),
    ]
    events = {1964: "bracero ends", 1986: "amnesty", 1994: "border build-up", 2007: "recession"}
    figure = line_figure(
        marks, "Year", "Thousand people", x_range=(1942, 2020.5), y_range=(0, 22000), events=events, height=560
    )  # fmt: skip
    table = [
        [
            "Year",
            "series",
            "model, thousand",
            "observed, thousand",
            "difference",
            "draws, 10th to 90th percentile",
        ]
    ]
    for name in ("Census count", "Migrant stock", "Irregular stock"):
        spread = worlds.drawn("history", name)
        for r in fitted(targets, name):
            year, seen = r.year, r.value
            model = at_year(base, name, year)
            at = int(np.argmin(np.abs(worlds.time - year)))
            a, b = np.nanquantile(spread[at], [0.1, 0.9])
            table.append(
                [
                    f"{year:.0f}",
                    r.more["series"],
                    f"{model:,.0f}",
                    f"{seen:,.0f}",
                    f"{model / seen - 1:+.0%}",
                    f"{a:,.0f} to {b:,.0f}",
                ]
            )
    return Section(
        "2. Stock by status, 1942–2020",
        figure,
        "The census did not find everybody; Pew's series is adjusted for those it missed. The two are "
        "never spliced: the model counts people, and a coverage equation says how many of them a census "
        "would find. The grey band shows how much of the path is the parameters' doing.",
        f"Band: 10th to 90th percentile of {DRAWS} draws with {worlds.uncertain} assumed or borrowed "
        f"parameters each moved by up to {SPREAD:.0%}, independently and uniformly. The figures in the "
        f"table took part in setting the parameters. {CONDITION}",
        table,
    )


# --- 3: control -------------------------------------------------------------------------------


def control(base: sdsim.Run, worlds: Scenarios) -> Section:
    """What guarding the border does to stock, return, family location and travel."""
    settings = {
        "as in history": ("history", 6),
        "lowest enforcement": ("control low", 0),
        "highest enforcement": ("control high", 1),
    }

    def panel(title: str, name: str, y: str, **at: str) -> Panel:
        unit, words = described(base, name)
        marks: list[Mark] = []
        for label, (world, colour) in settings.items():
            marks.append(
                Line(label, worlds.time, worlds.series(world, name, **at), unit, words, colour)
            )
        return Panel(title, marks, "", y)

    irregular, legal = {"status": "Irregular"}, {"status": "Permanent resident"}
    items = [
        panel("Irregular migrants", "Irregular stock", "thousand people"),
        panel("Their return", "Irregular return rate", "share a year"),
        panel("Irregular: core family at home", "Kin at home share by status", "share", **irregular),
        panel("Permanent residents: core family at home", "Kin at home share by status", "share", **legal),
        panel("Irregular: visited in two years", "Visiting by status", "share", **irregular),
        panel("Permanent residents: visited in two years", "Visiting by status", "share", **legal),
    ]  # fmt: skip
    final = {k: worlds.final(w, "Irregular stock") for k, (w, _) in settings.items()}
    low, high = final["lowest enforcement"], final["highest enforcement"]
    a, b = np.nanquantile(high[1:] / low[1:] - 1, [0.1, 0.9])
    back = [worlds.series(f"control {e}", "Irregular return rate")[-1] for e in ("low", "high")]

    def moved(name: str, status: str) -> str:
        low, high = (
            worlds.series(f"control {e}", name, status=status)[-1] for e in ("low", "high")
        )
        return f"{low:.0%} to {high:.0%}"

    return Section(
        "3. What control does",
        panels(items),
        f"Guarding the border at its highest feasible level from {CONTROL_FROM} on, rather than at its "
        f"lowest, changes the irregular stock of 2020 by {high[0] / low[0] - 1:+.0%} "
        f"({a:+.0%} to {b:+.0%} in the draws). Fewer get in, and those inside stay: {back[1]:.1%} of "
        f"them return in a year against {back[0]:.1%}. From lowest to highest enforcement, the share "
        "that visited home in two years goes from "
        f"{moved('Visiting by status', 'Irregular')} among the irregular and from "
        f"{moved('Visiting by status', 'Permanent resident')} among permanent residents; the share of "
        f"the core family still at home, from {moved('Kin at home share by status', 'Irregular')} and "
        f"from {moved('Kin at home share by status', 'Permanent resident')}.",
        f"Border enforcement is guards relative to 2011. Interval: 10th to 90th percentile of {DRAWS} paired draws. {CONDITION}",
    )


# --- 4: levers --------------------------------------------------------------------------------


def levers(system: sdsim.System, worlds: Scenarios) -> Section:
    """Change in outcomes at either end of each lever."""
    found: dict[str, list[Move]] = {}
    for outcome in OUTCOMES:
        base = worlds.final("history", outcome)
        moves = []
        for lever, state in LEVERS.items():
            low, high = (
                100 * (worlds.final(f"{lever} {e}", outcome) / base - 1) for e in ("low", "high")
            )
            ends = _range_of(system, lever)
            interval = (*np.nanquantile(low[1:], [0.1, 0.9]), *np.nanquantile(high[1:], [0.1, 0.9]))
            moves.append(Move(lever, low[0], high[0], ends[0], ends[1], ends[2], state, interval))
        found[outcome] = moves
    reach = {
        state: np.mean(
            [
                max(abs(m.low), abs(m.high))
                for moves in found.values()
                for m in moves
                if m.group == state
            ]
        )
        for state in ("receiving state", "sending state")
    }
    strongest = max((max(abs(m.low), abs(m.high)), m.lever) for m in found["Migrant stock"])[1]
    return Section(
        "4. Who holds the cards",
        lever_figure(found, "change in 2020 from history, %"),
        f"Each lever is moved alone, from {LEVERS_FROM} on, to the lowest and to the highest end of its "
        f"feasible range. The stock answers most to {strongest.lower()}. Over these six outcomes the "
        f"receiving state's levers move an outcome by {reach['receiving state']:.0f} per cent on average, "
        f"the sending state's by {reach['sending state']:.0f}.",
        "Levers of the receiving state come first, then those of the sending state, then prices. Ranges are "
        f"feasible, not equally likely. Whiskers: 10th to 90th percentile of {DRAWS} paired draws of "
        f"{worlds.uncertain} parameters (±{SPREAD:.0%}). {CONDITION}",
    )


def _range_of(system: sdsim.System, lever: str) -> tuple[str, str, str]:
    """The low and the high setting of a lever as text, and its definition."""
    if f"lowest {lever}".lower() not in system.model.variables:
        return (
            "its lowest",
            "its highest",
            "Outreach of the home state: stopped, or at its highest goal.",
        )
    variable = system.model.find(lever)
    low, high = (
        system.model.find(f"{end} {lever}").equations[0].expr.value for end in ("Lowest", "Highest")
    )
    return f"{low:g} {variable.units}", f"{high:g} {variable.units}", definition_of(variable.doc)


# --- 5: a cohort ------------------------------------------------------------------------------


def humps(values: np.ndarray) -> bool:
    """Whether a curve rises by more than 5 per cent of its start and later falls by as much of its peak."""
    top = int(np.nanargmax(values))
    return bool(values[top] > 1.05 * values[0] and values[-1] < 0.95 * values[top])


def cohort(base: sdsim.Run, worlds: Scenarios) -> Section:
    """Capacity, motive and engagement of one cohort over its stay, and what each mechanism does."""
    start = float(base["Tag start year"].values[0]) + float(base["Tag window"].values[0])
    years = worlds.time - start
    keep = years >= 0

    def curve(world: str, name: str) -> np.ndarray:
        values = worlds.series(world, name)[keep]
        return values / values[0]

    parts: list[Mark] = []
    for k, (label, name) in enumerate(
        {
            "capacity": "Tagged capacity",
            "motive": "Tagged motive",
            "engagement": "Tagged engagement",
        }.items()
    ):
        words = described(base, name)[1]
        drawn = worlds.drawn("history", name)[keep]
        low, high = np.nanquantile(drawn / drawn[0], [0.1, 0.9], axis=1)
        parts.append(Band(f"{label}, draws", years[keep], low, high, "", "", k))
        parts.append(
            Line(
                label, years[keep], curve("history", name), "times its value at the start", words, k
            )
        )
    money: list[Mark] = []
    for k, (label, name) in enumerate(
        {"visits": "Tagged travel", "real remittances": "Tagged remittance"}.items()
    ):
        words = described(base, name)[1]
        money.append(
            Line(
                label,
                years[keep],
                curve("history", name),
                "times its value at the start",
                words,
                k + 3,
            )
        )
    figure = panels(
        [
            Panel(
                "Capacity, motive, engagement",
                parts,
                "Years since arrival",
                "relative to the start",
            ),
            Panel(
                "What the engagement is made of",
                money,
                "Years since arrival",
                "relative to the start",
            ),
        ],
        height=400,
    )
    shown = worlds.series("history", "Tagged engagement")[keep]
    drawn = worlds.drawn("history", "Tagged engagement")[keep]
    rising = float(np.mean([humps(v) for v in drawn.T]))
    table = [
        ["Mechanism removed", "engagement peaks after", "peak over start", "at 20 years over start"]
    ]
    for label in ("history", *ABLATIONS):
        values = worlds.series(label, "Tagged engagement")[keep]
        peak, then = int(np.nanargmax(values)), float(np.interp(20, years[keep], values))
        table.append(
            [
                "none" if label == "history" else label,
                f"{years[keep][peak]:.0f} years",
                f"{values[peak] / values[0]:.2f}",
                f"{then / values[0]:.2f}",
            ]
        )
    several = [
        [
            "Arrivals of",
            "engagement: peak over start",
            "at",
            "draws with a hump",
            "visits: peak over start",
            "at",
            "draws with a hump",
        ]
    ]
    for year in COHORTS:
        row = [str(year)]
        for name in ("Tagged engagement", "Tagged travel"):
            since = worlds.time - (year + float(base["Tag window"].values[0]))
            values = worlds.series(f"cohort {year}", name)[since >= 0]
            every = worlds.drawn(f"cohort {year}", name)[since >= 0]
            top = int(np.nanargmax(values))
            hump = float(np.mean([humps(v) for v in every.T]))
            row += [
                f"{values[top] / values[0]:.2f}",
                f"{since[since >= 0][top]:.0f} years",
                f"{hump:.0%}",
            ]
        several.append(row)
    peak = int(np.argmax(shown))
    verdict = (
        f"rises to {shown[peak] / shown[0]:.2f} times its start after {years[keep][peak]:.0f} years and then falls"
        if 0 < peak < len(shown) - 2
        else (
            "falls from the start: no hump"
            if peak == 0
            else "rises to the end: no fall within the horizon"
        )
    )
    return Section(
        "5. One cohort: capacity grows, motive fades",
        figure,
        f"Those who arrived from {float(base['Tag start year'].values[0]):.0f} to {start:.0f} are "
        "followed through every status and family location, until they return or die. Their engagement, "
        "what reaches home in money and visits a head (in real dollars, the disconnected counted as "
        f"none), {verdict}. In {rising:.0%} of the draws there is a hump: a rise of more than 5 per cent over the start, then a "
        "fall of as much. Visits do hump, and the cohort matters (first table). The second table removes one "
        "mechanism at a time: a claim that a mechanism makes the curve turn stands only where its row differs.",
        f"Those who stay are not those who came: return and death select. Bands: 10th to 90th percentile of {DRAWS} draws. {CONDITION}",
        table,
        body=table_html(several),
    )


# --- 6: what it rests on ----------------------------------------------------------------------


def foundations(system: sdsim.System) -> Section:
    """How many parameters rest on data, literature, analogy and assumption."""
    kinds = counted_by_provenance(
        v
        for key, v in system.model.variables.items()
        if system.kinds[key] in ("constant", "lookup", "data")
        and not (v.group == "Policy" and system.kinds[key] == "constant")
    )
    total = sum(kinds.values())
    figure = share_figure(kinds, "Parameters and tables of the model")
    return Section(
        "6. What it rests on",
        figure,
        f"Of {total} parameters and tables, {kinds['data']} rest on data, {kinds['literature']} on a "
        f"published figure, {kinds['analogy']} on analogy and {kinds['assumed']} on assumption. A result "
        "that moves when an assumed parameter moves is a statement about the assumption.",
        "Counted from the source tag that every constant and lookup of the model carries; a subscripted "
        "constant counts once. Definitions, switches and the ends of policy ranges are left out.",
    )


def footer(system: sdsim.System, base: sdsim.Run, preset: sdsim.Preset) -> str:
    """How the page was made, and how far the answer depends on the method."""
    gaps = []
    tagged_until = float(base["Tag start year"].values[0]) + float(base["Tag window"].values[0])
    for method in (sdsim.RK4(), sdsim.Euler()):
        other = sdsim.simulate(system, preset.overrides, method)
        worst, where = 0.0, ""
        for name in SAVED:
            since = tagged_until if name.startswith("Tagged") else base.time[0]
            a, b = (r[name].sel(time=slice(since, None)).values for r in (base, other))
            scale = float(np.nanmax(np.abs(a))) or 1.0
            gap = float(np.nanmax(np.abs(a - b))) / scale
            if gap > worst:
                worst, where = gap, str(name)
        step = base.dataset.attrs["time_step"]
        gaps.append(
            f"{type(method).__name__} at the model's step of {step:g} year by at most {100 * worst:.2g} per cent of a variable's largest value ('{where}')"
        )
    attributes = base.dataset.attrs
    return (
        f"Single runs: {attributes['method']}. Over the variables shown they differ from {gaps[0]} and "
        f"from {gaps[1]}. Ensembles: RK4. "
        f"Model {attributes['model_hash'][:12]}, preset '{preset.title}', sdsim {attributes['sdsim_version']}, "
        f"{attributes['backend']} back end, seed {SEED}.\n\n"
        "Two societies, one model: R. Waldinger's account of cross-border ties inside J. F. Hollifield's account "
        "of states that manage migration, in our own words and equations; errors are ours."
    )


if __name__ == "__main__":
    main()
