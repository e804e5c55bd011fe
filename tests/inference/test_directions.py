"""Informed directions: against exact normal posteriors."""

from __future__ import annotations

import numpy as np
import pytest

from sdsim.inference.directions import directions


def test_gains_are_those_of_the_exact_posterior() -> None:
    """Directions narrow as the posterior does, and do not depend on units."""
    rng = np.random.default_rng(0)
    jacobian, spread = rng.normal(size=(9, 4)), np.array([0.1, 1.0, 3.0, 0.01])
    found = directions(jacobian, spread)
    posterior = np.linalg.inv(jacobian.T @ jacobian + np.diag(spread**-2.0))
    scaled = posterior / np.outer(spread, spread)
    own = found.loading @ scaled @ found.loading.T
    np.testing.assert_allclose(own, np.diag(found.narrowed**2), atol=1e-10)
    assert (np.diff(found.gain) <= 0).all()
    # the trace of one minus the posterior's share of the prior
    assert found.informed == pytest.approx(4 - np.trace(scaled))
    again = directions(jacobian / 1000, spread * 1000)
    np.testing.assert_allclose(again.gain, found.gain)


def test_fewer_data_than_parameters_leave_directions_to_the_prior() -> None:
    found = directions(np.array([[5.0, 5.0, 0.0]]), np.ones(3))
    np.testing.assert_allclose(found.gain, [50, 0, 0], atol=1e-12)
    np.testing.assert_allclose(abs(found.loading[0]), [0.5**0.5, 0.5**0.5, 0], atol=1e-12)
    assert found.narrowed[1:].tolist() == [1, 1]
