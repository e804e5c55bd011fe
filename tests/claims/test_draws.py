"""Which constants are drawn; shares that can be made again, whatever the threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_models import POND

from sdsim.backends import Llvm
from sdsim.backends.llvm import available
from sdsim.base.errors import ModelError
from sdsim.claims import Choice, Folder, Result, Share, choose, read_choice, read_claim, run_claims
from sdsim.claims import verdicts as verdicts_room
from sdsim.claims.report import claim_lines
from sdsim.overrides import Overrides
from sdsim.run.system import System, load


def test_the_choice(pond: System) -> None:
    """Doubted constants with limits; data and definitions never, switches as the folder says."""
    assert choose(pond).names == ("Growth rate", "Pond", "Life", "Rot switch")
    assert choose(pond, choice=Folder(POND).choice()).names == ("Growth rate", "Pond", "Life")
    assert choose(pond, choice=Choice(fixed=("p*", "life"))).names == ("Growth rate", "Rot switch")
    assert "Start" in choose(pond, choice=Choice(drawn=("Start",))).names
    wide = choose(pond, choice=Choice(limits={"Life": (19.0, 21.0)}))
    assert (wide.low[2], wide.high[2]) == (19.0, 21.0)
    assert choose(pond, Overrides({"Life": 30.0})).values[2] == 30.0
    for wrong in (Choice(fixed=("Lif",)), Choice(limits={"Lif": (0, 1)}), Choice(drawn=("Room",))):
        with pytest.raises(ModelError, match="is not a constant"):
            choose(pond, choice=wrong)
    with pytest.raises(ModelError, match="no group 'Policy'"):
        choose(pond, choice=Choice(fixed_groups=("Policy",)))


def test_factors(pond: System) -> None:
    """Independent, uniform, clipped; a member's draw depends on its number alone."""
    drawn = choose(pond, choice=Choice(fixed=("* switch",), limits={"Life": (18.0, 21.0)}))
    many = drawn.draws(4000, 0.5).values / np.array(drawn.values)[:, None]
    assert np.abs(many[0].mean() - 1) < 0.02
    assert np.abs(many[0].std() - 1 / np.sqrt(12)) < 0.01
    assert 0.5 <= many[0].min() < 0.51
    assert abs(np.corrcoef(many[0], many[1])[0, 1]) < 0.05
    assert (many[2].min(), many[2].max()) == (0.9, 1.05)
    part = drawn.draws(7, 0.5, first=100).values / np.array(drawn.values)[:, None]
    np.testing.assert_array_equal(part, many[:, 100:107])
    narrow = drawn.draws(4000, 0.25).values[0] / drawn.values[0]
    np.testing.assert_allclose(narrow - 1, (many[0] - 1) / 2, atol=1e-12)
    assert (drawn.draws(5, 0.5, seed=1).values[0] != drawn.draws(5, 0.5).values[0]).all()


def test_wilson() -> None:
    """Against the values in Newcombe 1998, table I."""
    low, high = Share(81, 263).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = Share(0, 20).interval
    assert (round(low, 4), round(high, 4)) == (0.0, 0.1611)
    low, high = Share(1, 29).interval
    assert (round(low, 4), round(high, 4)) == (0.0061, 0.1718)


CHECK = """
check = "FINAL(Lilies) > 900"
[runs]
fixed = {constants = {"Growth rate" = 0.5, Pond = 1000, Life = 20, "Rot switch" = 1}}
half = {scale = {Pond = 0.5}}
[report]
fixed = "IN(fixed, FINAL(Lilies))"
ratio = "PEAK(IN(half, Room)) / PEAK(Room)"
more = "FINAL(Lilies) > IN(half, FINAL(Lilies))"
"""


def shares(system: System, path: Path, draws: int = 60, **settings: object) -> Result:
    """The claim in ``path`` under draws."""
    drawn = choose(system, choice=Folder(POND).choice())
    return run_claims(system, [read_claim(path)], drawn=drawn, draws=draws, **settings)[0]  # type: ignore[arg-type]


def test_shares(pond: System, claim_file: Callable[..., Path]) -> None:
    """The share is that of single runs with the drawn constants; what a run sets is not drawn,
    what it scales is."""
    result = shares(pond, claim_file(CHECK), draws=30)
    drawn = choose(pond, choice=Folder(POND).choice())
    for robust in result.robust:
        values = drawn.draws(30, robust.spread).values
        holding = 0
        for column in values.T:
            changes = dict(zip(drawn.names, column, strict=True))
            one = read_claim(claim_file(CHECK))
            holding += run_claims(pond, [one], overrides=Overrides(changes))[0].margin > 0  # type: ignore[operator]
        assert (robust.share.holding, robust.share.of) == (holding, 30)
        assert 0 < holding < 30
        low, middle, high = robust.reported["fixed"]  # type: ignore[misc]
        assert low == middle == high
        assert robust.reported["more"] == Share(30, 30)


def test_shares_do_not_depend_on_threads_or_batches(
    claim_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor on which other claims are decided with them."""
    path = claim_file(CHECK)
    first = shares(load(POND / "pond.mdl"), path)
    monkeypatch.setattr(verdicts_room, "CHUNK", 7)
    assert shares(load(POND / "pond.mdl"), path).robust == first.robust
    if available():
        assert shares(load(POND / "pond.mdl", backend=Llvm(threads=1)), path).robust == first.robust
    assert shares(load(POND / "pond.mdl"), path, seed=1).robust != first.robust


def test_a_draw_that_fails_does_not_hold(
    system: Callable[..., System], claim_file: Callable[..., Path]
) -> None:
    """It stays among the draws that are counted."""
    made = system("x = INTEG(1 / MAX(0, level - 1), 0)\nlevel = 1")
    drawn = choose(made, choice=Choice(drawn=("level",), limits={"level": (0.0, 5.0)}))
    claim = read_claim(claim_file('check = "FINAL(x) > 0.1"'))
    result = run_claims(made, [claim], drawn=drawn, draws=80)[0]
    assert result.status == "ERROR"
    for robust in result.robust:
        assert robust.share.of == 80
        assert robust.share.holding + robust.share.failed == 80
        assert 20 < robust.share.failed < 60


@pytest.fixture
def posterior(tmp_path: Path) -> Path:
    """40 draws of two constants that move together."""
    store = tmp_path / "fit"
    store.mkdir()
    rows = [f"{0.3 + 0.01 * k},{700 + 20 * k}" for k in range(40)]
    (store / "draws.csv").write_text("\n".join(["Growth rate,Pond", *rows]))
    return store


def test_draws_of_a_posterior(
    pond: System, claim_file: Callable[..., Path], posterior: Path
) -> None:
    """Whole draws, each once; the share is that of single runs with them."""
    drawn = choose(pond, choice=Choice(posterior=posterior))
    assert drawn.names == ("Growth rate", "Pond")
    assert drawn.values == (0.5, 1000.0)
    values = drawn.draws(40, None).values
    np.testing.assert_allclose((values[0] - 0.3) / 0.01, (values[1] - 700) / 20)
    assert len(set(values[0])) == 40
    np.testing.assert_array_equal(drawn.draws(7, None, first=3).values, values[:, 3:10])
    assert (drawn.draws(40, None, seed=1).values != values).any()
    claim = read_claim(claim_file('check = "FINAL(Lilies) > 900"'))
    result = run_claims(pond, [claim], drawn=drawn, draws=1000)[0]
    (robust,) = result.robust
    alone = [
        run_claims(pond, [claim], overrides=Overrides(dict(zip(drawn.names, v, strict=True))))[0]
        for v in values.T.tolist()
    ]
    assert robust.share == Share(sum(r.margin > 0 for r in alone), 40)  # type: ignore[misc, operator]
    assert 0 < robust.share.holding < 40
    assert result.share(None) == robust.share
    assert result.share(0.25) is None
    assert result.to_data()["share_posterior"] == robust.share.share
    table = claim_lines([result], 2)
    assert "posterior" in table[0]
    assert "±25 %" not in table[0]


def test_a_folder_names_its_posterior(pond: System, posterior: Path, tmp_path: Path) -> None:
    path = tmp_path / "draws.toml"
    path.write_text('posterior = "fit"\n')
    assert choose(pond, choice=read_choice(path)) == choose(
        pond, choice=Choice(posterior=posterior)
    )
    path.write_text('\nposterior = "fit"\nfixed = ["Life"]\n')
    with pytest.raises(ModelError, match=r"draws.toml:3: 'fixed': the posterior says"):
        read_choice(path)
    path.write_text('\nposterior = "gone"\n')
    with pytest.raises(ModelError, match=r"draws.toml:2: 'posterior': 'gone' is no posterior's"):
        choose(pond, choice=read_choice(path))
    (posterior / "draws.csv").write_text("Lilies\n1\n")
    path.write_text('posterior = "fit"\n')
    with pytest.raises(ModelError, match=r"draws.toml:1: 'posterior': .*Lilies.*is not a constant"):
        choose(pond, choice=read_choice(path))
