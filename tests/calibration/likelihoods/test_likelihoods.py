"""Error models: scipy's densities, the residuals' identity, J'J, draws, what is impossible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sdsim.base.errors import ModelError
from sdsim.calibration.likelihoods import (
    KINDS,
    Binomial,
    Likelihood,
    LogNormal,
    NegativeBinomial,
    Normal,
    Poisson,
    Student,
    from_data,
    to_data,
)

OBSERVED = np.array([3.0, 0.0, 7.0, 2.0, 11.0])
POSITIVE = np.array([3.0, 0.2, 7.0, 2.5, 11.0])
SHARES = np.array([0.3, 0.0, 1.0, 0.5, 0.25])
TRIALS = np.array([10.0, 20.0, 7.0, 40.0, 16.0])
PREDICTED = np.random.default_rng(1).uniform(0.5, 12, (4, 5))
SPREAD = np.array([0.2, 0.7, 1.5, 4.0])[:, None]
#: Each error model with its data, predictions, free settings, and scipy's density of the same.
CASES: dict[str, tuple[Likelihood, Any, Any, Any, Any]] = {
    "normal": (
        Normal("free"), OBSERVED, PREDICTED, {"free": SPREAD},
        lambda y, p: stats.norm(p, SPREAD).logpdf(y),
    ),
    "log_normal": (
        LogNormal("free"), POSITIVE, PREDICTED, {"free": SPREAD},
        lambda y, p: stats.lognorm(SPREAD, scale=p).logpdf(y),
    ),
    "student": (
        Student("free", freedom="df"), OBSERVED, PREDICTED, {"free": SPREAD, "df": 3 * SPREAD},
        lambda y, p: stats.t(3 * SPREAD, p, SPREAD).logpdf(y),
    ),
    "binomial": (
        Binomial("asked"), SHARES, PREDICTED / 13, {"asked": TRIALS},
        lambda y, p: stats.binom(TRIALS, p).logpmf(np.round(y * TRIALS)),
    ),
    "negative_binomial": (
        NegativeBinomial("free"), OBSERVED, PREDICTED, {"free": SPREAD},
        lambda y, p: stats.nbinom(1 / SPREAD, 1 / (1 + SPREAD * p)).logpmf(y),
    ),
    "poisson": (
        Poisson(), OBSERVED, PREDICTED, {}, lambda y, p: stats.poisson(p).logpmf(y),
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("kind", sorted(KINDS))


def test_every_error_model_is_tested() -> None:
    assert set(CASES) == set(KINDS)
    assert all(CASES[k][0].kind == k for k in KINDS)


@EVERY
def test_densities_are_those_of_scipy(kind: str) -> None:
    errors, observed, predicted, settings, scipy = CASES[kind]
    assert errors.valid(observed).all()
    found = errors.log_density(observed, predicted, settings)
    assert found == pytest.approx(scipy(observed, predicted), rel=1e-11, abs=1e-11)


@EVERY
def test_squares_of_residuals_add_up_to_the_log_density(kind: str) -> None:
    errors, observed, predicted, settings, _ = CASES[kind]
    residuals = errors.residuals(observed, predicted, settings)
    log_density = errors.log_density(observed, predicted, settings)
    constant = (residuals**2).sum(axis=1) + 2 * log_density.sum(axis=1)
    assert constant == pytest.approx(constant[0], abs=1e-10)
    signs = np.sign(observed - predicted)
    assert (np.sign(residuals[:, : len(observed)]) == signs).all()


positive = st.floats(1e-3, 1e3)


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.tuples(st.integers(0, 1000), positive, positive), min_size=2, max_size=6),
    positive, st.floats(0, 0.99), st.lists(st.floats(0.01, 50), min_size=2, max_size=2),
)  # fmt: skip
def test_the_identity_holds_for_any_numbers(
    kind: str, data: list[tuple[int, float, float]], setting: float, rho: float, days: list[float]
) -> None:
    """Two members with other predictions and settings have the same constant."""
    whole, first, second = (np.array(v, dtype=float) for v in zip(*data, strict=True))
    predicted = np.stack([first, second])
    free = {"a": np.array([[setting], [1.3]]), "r": np.array([[rho], [0.2]])}
    gaps = np.resize([np.inf, *days], len(whole))
    made: dict[str, tuple[Likelihood, Any, Any]] = {
        "normal": (Normal("a", "r"), whole, predicted),
        "log_normal": (LogNormal("a", "r"), whole + 1, predicted),
        "student": (Student("a", "a", "r"), whole, predicted),
        "negative_binomial": (NegativeBinomial("a"), whole, predicted),
        "poisson": (Poisson(), whole, predicted),
        "binomial": (Binomial("a"), whole / 1000, predicted / 1001),
    }
    errors, observed, predicted = made[kind]
    free["a"] = free["a"] + 1 if kind == "binomial" else free["a"]
    log_density = errors.log_density(observed, predicted, free, gaps).sum(axis=1)
    residuals = (errors.residuals(observed, predicted, free, gaps) ** 2).sum(axis=1)
    constant = residuals + 2 * log_density
    assert constant[0] == pytest.approx(constant[1], abs=1e-9 * (1 + np.abs(log_density).max()))


@EVERY
def test_residuals_are_smooth_where_data_are_as_predicted(kind: str) -> None:
    """A root of a deviance must not turn at 0: slopes agree on both sides and for small steps."""
    errors, observed, _, settings, _ = CASES[kind]
    inner = np.where(
        (observed > 0) & (observed < (1 if kind == "binomial" else 99)), observed, np.nan
    )
    slopes = [
        errors.residuals(observed, inner[None] * (1 + step), settings)[:1, : len(observed)] / step
        for step in (-1e-3, -1e-5, 1e-5, 1e-3)
    ]
    for slope in slopes:
        assert slope == pytest.approx(slopes[1], rel=2e-2, nan_ok=True)


def j_squared(errors: Likelihood, observed: Any, at: Any, settings_of: Any, point: Any) -> Any:
    """(k, k) J'J by central differences of the residuals in the parameters."""
    k, h = len(point), 1e-5
    steps = np.concatenate([point + h * np.eye(k), point - h * np.eye(k)])
    r = errors.residuals(observed, at(steps), settings_of(steps))
    jacobian = (r[:k] - r[k:]) / (2 * h)
    return jacobian @ jacobian.T


@pytest.mark.parametrize("kind", ["normal", "log_normal", "student"])
def test_gauss_and_newton_see_a_free_scale(kind: str) -> None:
    """(J'J)^-1 in level and log scale is the inverse of Fisher's information. Without the columns
    that turn, the scale's variance would be twice as large."""
    rng = np.random.default_rng(3)
    n, sd = 4000, 0.3
    noise = rng.standard_t(7, n) if kind == "student" else rng.standard_normal(n)
    observed = 2 + sd * (noise - np.median(noise))
    observed = np.exp(observed) if kind == "log_normal" else observed
    made = {"normal": Normal("s"), "log_normal": LogNormal("s"), "student": Student("s", 7.0)}

    def at(points: Any) -> Any:
        level = np.broadcast_to(points[:, :1], (len(points), n))
        return np.exp(level) if kind == "log_normal" else level

    def settings_of(points: Any) -> Any:
        return {"s": np.exp(points[:, 1:])}

    found = j_squared(made[kind], observed, at, settings_of, np.array([2.0, np.log(sd)]))
    level, scale = (8 / 10, 14 / 10) if kind == "student" else (1.0, 2.0)
    assert found[1, 1] == pytest.approx(n * scale, rel=0.05)
    assert found[0, 0] == pytest.approx(n * level / sd**2, rel=0.2 if kind == "student" else 1e-6)
    assert abs(found[0, 1]) < 0.1 * np.sqrt(found[0, 0] * found[1, 1])


@EVERY
def test_columns_grow_only_if_a_setting_is_free(kind: str) -> None:
    errors, observed, predicted, settings, _ = CASES[kind]
    column = {k: np.broadcast_to(v[0], observed.shape) for k, v in settings.items()}
    assert errors.residuals(observed, predicted, column).shape == predicted.shape
    freed = any(v.ndim == 2 for v in settings.values())
    assert (errors.residuals(observed, predicted, settings).shape == predicted.shape) is not freed


@EVERY
def test_draws_have_the_density(kind: str) -> None:
    """Probability integral transforms by scipy; discrete ones by the mean and variance."""
    errors, _, predicted, settings, _ = CASES[kind]
    settings = {k: v[1:2] if v.ndim == 2 else v for k, v in settings.items()}
    rows = np.repeat(predicted[:1], 20_000, axis=0)
    drawn = errors.draw(rows, settings, np.random.default_rng(5))
    p, a = predicted[0], 0.7
    made = {
        "normal": stats.norm(p, a), "log_normal": stats.lognorm(a, scale=p),
        "student": stats.t(3 * a, p, a), "poisson": stats.poisson(p),
        "negative_binomial": stats.nbinom(1 / a, 1 / (1 + a * p)),
        "binomial": stats.binom(TRIALS, p),
    }  # fmt: skip
    frozen: Any = made[kind]
    if kind in ("normal", "log_normal", "student"):
        for j, u in enumerate(frozen.cdf(drawn).T):
            assert stats.kstest(u, "uniform").pvalue > 1e-3, j
        return
    scale = TRIALS if kind == "binomial" else 1.0
    deviation = frozen.std() / np.sqrt(len(rows))
    assert (drawn * scale).mean(axis=0) == pytest.approx(frozen.mean(), abs=4 * deviation.max())
    assert (drawn * scale).var(axis=0) == pytest.approx(frozen.var(), rel=0.1)
    assert (drawn * scale == np.round(drawn * scale)).all()


IMPOSSIBLE = {
    "normal": [np.nan, np.inf], "student": [np.nan, -np.inf], "log_normal": [np.nan, 0.0, -1.0],
    "binomial": [np.nan, -0.1, 1.1], "poisson": [np.nan, -1.0, np.inf],
    "negative_binomial": [np.nan, -1.0, np.inf],
}  # fmt: skip


@EVERY
@pytest.mark.filterwarnings("error")
def test_what_is_impossible_has_no_density(kind: str) -> None:
    errors, observed, predicted, settings, _ = CASES[kind]
    for value in IMPOSSIBLE[kind]:
        wrong = predicted.copy()
        wrong[1, 2] = value
        log_density = errors.log_density(observed, wrong, settings)
        residuals = errors.residuals(observed, wrong, settings)
        drawn = errors.draw(wrong, settings, np.random.default_rng(0))
        assert log_density[1, 2] == -np.inf
        assert np.isnan(residuals[1, 2])
        assert not np.isfinite(drawn[1, 2])
        kept = np.ones(predicted.shape, dtype=bool)
        kept[1, 2] = False
        assert np.isfinite(log_density[kept]).all()
        assert np.isfinite(drawn[kept]).all()
        assert np.isfinite(residuals[[0, 2, 3]]).all()


@pytest.mark.parametrize("kind", [k for k in sorted(KINDS) if k != "poisson"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.filterwarnings("error")
def test_settings_out_of_range_have_no_density(kind: str, value: float) -> None:
    errors, observed, predicted, settings, _ = CASES[kind]
    wrong = {k: np.resize(np.array(v, dtype=float), (4, 1)) for k, v in settings.items()}
    wrong = {k: np.where(np.arange(4)[:, None] == 2, value, np.abs(v)) for k, v in wrong.items()}
    assert (errors.log_density(observed, predicted, wrong)[2] == -np.inf).all()
    assert np.isnan(errors.residuals(observed, predicted, wrong)[2]).any()
    assert np.isnan(errors.draw(predicted, wrong, np.random.default_rng(0))[2]).all()
    assert np.isfinite(errors.log_density(observed, predicted, wrong)[[0, 1, 3]]).all()


def test_a_count_of_nothing_may_be_predicted_if_nothing_is_found() -> None:
    for errors in (Poisson(), NegativeBinomial(0.5), Binomial(9.0)):
        found = errors.log_density(np.array([0.0, 1.0]), np.zeros((1, 2)), {})
        assert found.tolist() == [[0.0, -np.inf]]
    assert Binomial(9.0).log_density(np.array([1.0]), np.ones((1, 1)), {}).tolist() == [[0.0]]


def test_small_dispersions_lead_to_poisson() -> None:
    counts, mean = np.array([0.0, 3.0, 250.0, 40_000.0]), np.array([[2.0, 2.5, 240.0, 40_100.0]])
    near = NegativeBinomial(1e-12)
    assert near.log_density(counts, mean, {}) == pytest.approx(
        Poisson().log_density(counts, mean, {}), abs=1e-5
    )
    assert near.residuals(counts, mean, {}) == pytest.approx(
        Poisson().residuals(counts, mean, {}), abs=1e-5
    )


def test_a_share_of_an_effective_sample_that_is_not_whole() -> None:
    """Gamma functions: at whole numbers the binomial, and in between never above 1."""
    share = np.array([0.37])
    for trials in (1.0, 2.5, 33.3, 1000.7):
        perfect = Binomial(trials).log_density(share, share[None], {})
        assert perfect.item() < 0


@EVERY
def test_data_that_fit(kind: str) -> None:
    values = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, np.nan, np.inf])
    fits = {
        "normal": values[:6], "student": values[:6], "log_normal": values[2:6],
        "binomial": values[1:4], "poisson": values[[1, 3, 5]],
        "negative_binomial": values[[1, 3, 5]],
    }  # fmt: skip
    errors = CASES[kind][0]
    assert values[errors.valid(values)].tolist() == fits[kind].tolist()
    assert errors.takes


@EVERY
def test_plain_data_and_back(kind: str) -> None:
    errors = CASES[kind][0]
    assert from_data(to_data(errors)) == errors
    assert hash(errors) == hash(from_data(to_data(errors)))


def test_a_column_may_be_given_as_numbers() -> None:
    wide = Normal([0.1, 0.2, 0.4], autocorrelation="r")  # type: ignore[arg-type]
    assert wide.sd == (0.1, 0.2, 0.4)
    assert wide.named == ("r",)
    assert Student("a", "a").named == ("a",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"errors": "norml", "sd": 1}, "unknown error model 'norml'; did you mean 'normal'?"),
        ({"errors": "normal"}, "normal needs sd; write a number, or the name of a free"),
        ({"errors": "normal", "sd": 1, "autocorelation": 0.1}, "did you mean 'autocorrelation'?"),
        ({"errors": "poisson", "sd": 1}, "poisson has no 'sd'; it has no settings"),
        ({"errors": "normal", "sd": 0}, "normal: sd must be above 0, got 0"),
        ({"errors": "normal", "sd": True}, "sd: expected a number or a name, got true"),
        ({"errors": "normal", "sd": [1, -1]}, "normal: sd must be above 0, got -1"),
        ({"errors": "student", "scale": 1, "autocorrelation": 1}, "at least 0 and below 1, got 1"),
        ({"errors": "binomial", "trials": 0.5}, "binomial: trials must be at least 1, got 0.5"),
    ],
)
def test_refusals(data: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        from_data(data)
    assert said in str(refused.value)


def test_a_setting_that_is_not_given() -> None:
    with pytest.raises(
        ModelError, match="sd is 'noise', which is not given; did you mean 'noises'"
    ):
        Normal("noise").log_density(OBSERVED, PREDICTED, {"noises": SPREAD})
