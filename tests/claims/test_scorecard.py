"""The scorecard's page: every row says all it should, and every link on it leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from own_models import POND

from sdsim.claims import Conflict, Folder, Result, choose, read_claim, run_claims
from sdsim.plots import scorecard as card
from sdsim.run.system import System


@pytest.fixture(scope="module")
def results(pond: System) -> tuple[Result, ...]:
    """The pond's claims with everything there is."""
    folder = Folder.of(POND / "pond.mdl")
    return run_claims(
        pond, folder.claims(), null=folder.null(pond),
        drawn=choose(pond, choice=folder.choice()), draws=20,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(pond: System, results: tuple[Result, ...]) -> str:
    """The parts of the page, one after the other."""
    found = [Conflict("C1", "Which?", ("P1", "P9"), "Others 1999", "Neither.")]
    return "\n".join(
        (
            card.bar(results),
            card.rows(results, pond.model),
            card.unsupported(results),
            card.conflicts(found, results),
            card.equations(pond.model, results),
        )
    )


def row(page: str, name: str) -> str:
    """The HTML of one row."""
    return page.partition(f'<details id="{name}"')[2].partition("</details>")[0]


def test_every_link_leads_somewhere(page: str) -> None:
    """From a row to its equations, from a conflict or a reason to its row."""
    links = re.findall(r'href="#([^"]+)"', page)
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert links
    assert set(links) <= set(ids)


def test_an_equation_is_two_clicks_away(page: str, results: tuple[Result, ...]) -> None:
    """Each variable a claim names is linked in its row, and its equation stands at the link."""
    for r in results:
        for v in r.claim.variables:
            anchor = re.search(rf'href="#([^"]+)">{v}</a>', row(page, r.claim.id))
            assert anchor, (r.claim.id, v)
            assert f'<div id="{anchor[1]}"><p><b>{v}' in page


def test_a_row_says_everything(page: str, results: tuple[Result, ...]) -> None:
    """Claim, seed and place, status, expectation, margin, ablations, label, shares, data."""
    for r in results:
        html, c = row(page, r.claim.id), r.claim
        for text in (c.id, c.claim, f"Seed {c.seed}", r.status, f"expected: {c.expect}", c.data):
            assert text in html, (c.id, text)
        for label in ("margin", "ablations that break it", "null control", "±25 %", "±50 %"):
            assert label in html
        if r.robust:
            assert re.search(r"[\d.]+%<small>[\d.]+% to [\d.]+%</small>", html)
    assert "definitional</span>" in row(page, "P1")
    assert "evidence</span>" in row(page, "P2")
    assert 'data-label="null control">–' in row(page, "P4")


def test_definitional_rows_come_first(results: tuple[Result, ...]) -> None:
    groups = list(card.groups(results))
    assert groups == [g for g in card.GROUPS if g in groups]
    assert next(r.claim.id for rs in card.groups(results).values() for r in rs) == "P1"


def test_plots_have_units(page: str) -> None:
    """On the axis, in the modeller's spelling; two units make two panels."""
    assert '"text":"plant"' in row(page, "P1")


def test_what_a_claim_says_is_shown_as_text(pond: System, claim_file: Callable[..., Path]) -> None:
    """Names, labels and runs that look like HTML."""
    evil = "<img src=x onerror=alert(1)>"
    claim = read_claim(
        claim_file(f"""
    check = "FINAL(Lilies) > 500"
    why = "{evil}"
    plot = ["IN(a, Lilies)"]
    [runs]
    a = {{constants = {{Life = 10}}}}
    [ablations]
    "{evil}" = {{constants = {{Life = 1}}}}
    [report]
    "</script>{evil}" = "FINAL(Lilies)"
    """)
    )
    results = run_claims(pond, [claim])
    html = card.rows(results, pond.model) + card.unsupported(results)
    assert evil not in html
    assert html.count("</script>") == 1
    assert "a: Life = 10" in html
