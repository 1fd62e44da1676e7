"""The examples of scientists run, and their derivatives are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from examples import heat, heston, hmm, kepler, nbody, spline


def differences(values: Callable[[float], np.ndarray], step: float = 1e-4) -> np.ndarray:
    """The slope at 0 by five points: an error of the fourth order in the step."""
    near, far = values(step) - values(-step), values(2.0 * step) - values(-2.0 * step)
    return (8.0 * near - far) / (12.0 * step)


def drawn(folder: Path, name: str) -> bool:
    return (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_heat_finds_the_materials_within_its_errors(tmp_path: Path) -> None:
    fitted = heat.main(["--results", str(tmp_path)])
    assert drawn(tmp_path, "heat")
    assert np.all(np.abs(fitted.parameters - heat.TRUTH) < 3.0 * fitted.errors)
    start, way = heat.hot_corner(), np.array([0.3, -0.2, 0.5])
    rest = start, heat.DX, heat.DT, 21
    _, slope = heat.exact.jvp((heat.TRUTH, *rest), (way,))
    truth = differences(lambda h: heat.final_temperature(heat.TRUTH + h * way, *rest))
    np.testing.assert_allclose(slope, truth, rtol=1e-8, atol=1e-10)


def test_kepler_weighs_the_planet_within_its_errors(tmp_path: Path) -> None:
    fitted = kepler.main(["--results", str(tmp_path)])
    assert drawn(tmp_path, "kepler")
    assert np.all(np.abs(fitted.orbit - kepler.TRUTH) < 3.0 * fitted.errors)
    assert 0.7 < fitted.chi_squared < 1.3
    way, times = np.array([1.0, 5.0, 0.1, -0.3, 2.0, 1.0]), np.linspace(20.0, 90.0, 9)
    _, slope = kepler.exact.jvp((kepler.TRUTH, times), (way,))
    truth = differences(lambda h: kepler.radial_velocity(kepler.TRUTH + h * way, times))
    np.testing.assert_allclose(slope, truth, rtol=1e-8)


@pytest.mark.parametrize("e", [0.0, 0.3, 0.79, 0.95])
def test_kepler_slopes_are_those_of_the_implicit_function(e: float) -> None:
    for M in np.linspace(0.3, 6.0, 7):
        E, along_M = kepler.exact_anomaly.jvp((M, e), (1.0, 0.0))
        _, along_e = kepler.exact_anomaly.jvp((M, e), (0.0, 1.0))
        pace = 1.0 / (1.0 - e * np.cos(E))
        assert along_M == pytest.approx(pace, rel=1e-10)
        assert along_e == pytest.approx(pace * np.sin(E), rel=1e-10, abs=1e-12)


@pytest.mark.slow
def test_hmm_climbs_to_the_same_optimum_in_fewer_calls(tmp_path: Path) -> None:
    ours, theirs = hmm.main(["--results", str(tmp_path)])
    assert drawn(tmp_path, "hmm")
    assert ours.calls < theirs.calls / 9
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-8)
    np.testing.assert_allclose(np.diag(ours.transitions), hmm.STAY, atol=0.03)
    np.testing.assert_allclose(ours.widths, hmm.WIDTHS, rtol=0.1)


def test_hmm_gradient_is_that_of_the_sum_over_all_paths() -> None:
    """The likelihood of six days as a sum over 64 paths, differentiated by the complex step."""
    returns, _ = hmm.simulated()
    theta = np.random.default_rng(2).standard_normal(8)

    def by_paths(theta: np.ndarray) -> complex:
        odds = np.exp(theta[:4].reshape(2, 2))
        chances = odds / odds.sum(axis=1, keepdims=True)
        z = (returns[:6, None] - theta[4:6]) / np.exp(theta[6:])
        emitted = np.exp(-0.5 * z * z) / (np.exp(theta[6:]) * np.sqrt(2.0 * np.pi))
        total = 0.0
        for path in np.ndindex(*(6 * (2,))):
            chance = 0.5 * emitted[0, path[0]]
            for t in range(1, 6):
                chance = chance * chances[path[t - 1], path[t]] * emitted[t, path[t]]
            total = total + chance
        return np.log(total)

    value, gradient = hmm.exact.value_and_grad(theta, returns[:6], 2)
    assert value == pytest.approx(by_paths(theta), rel=1e-12)
    truth = [by_paths(theta + 1e-30j * way).imag / 1e-30 for way in np.eye(8)]
    np.testing.assert_allclose(gradient, truth, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_spline_with_fitted_knots_leaves_only_the_noise(tmp_path: Path) -> None:
    equal, fitted = spline.main(["--results", str(tmp_path)])
    assert drawn(tmp_path, "spline")
    assert equal.residual > 3.0 * spline.NOISE > 3.0 * fitted.residual
    assert np.all(np.diff(fitted.knots) > 0.0)
    points = spline.measured()[0][::11].copy()
    theta, way = np.random.default_rng(3).uniform(-0.5, 0.5, (2, equal.theta.size))
    _, slope = spline.by_theta.jvp((theta, points), (way,))
    truth = differences(lambda h: spline.curve(theta + h * way, points))
    np.testing.assert_allclose(slope, truth, rtol=1e-8, atol=1e-10)


def test_spline_and_its_slope_are_scipys() -> None:
    knots = np.array([0.0, 0.4, 1.0, 1.3, 2.0])
    heights = np.array([1.0, -0.5, 0.3, 0.8, 0.1])
    points = np.linspace(0.0, 2.0, 31)
    values, slopes = spline.by_points.jvp((points, knots, heights), (np.ones(31),))
    truth = CubicSpline(knots, heights, bc_type="natural")
    np.testing.assert_allclose(values, truth(points), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(slopes, truth(points, 1), rtol=1e-12, atol=1e-12)


@pytest.mark.slow
def test_heston_matches_the_quotes_and_the_deltas_of_the_closed_form(tmp_path: Path) -> None:
    found = heston.main(["--results", str(tmp_path)])
    assert drawn(tmp_path, "heston")
    # 20,000 paths leave a noise of some hundredths in prices, and of some thousandths in deltas.
    np.testing.assert_allclose(found.prices, found.quotes, atol=0.02)
    np.testing.assert_allclose(found.deltas, found.exact_deltas, atol=0.006)
    np.testing.assert_allclose(found.model, heston.TRUTH, rtol=0.05)


def test_heston_derivative_shares_the_draws_of_the_price() -> None:
    # With few paths no kink is near: a payoff that sets in, or a variance that reaches zero.
    rest, way = (heston.STRIKES, heston.RATE, heston.YEARS, 12, 6, 3), np.array([0.05, 0.3, -0.2])
    value, slope = heston.exact.jvp((heston.SPOT, heston.TRUTH, *rest), (2.0, way))
    np.testing.assert_array_equal(value, heston.call_prices(heston.SPOT, heston.TRUTH, *rest))
    truth = differences(
        lambda h: heston.call_prices(heston.SPOT + 2.0 * h, heston.TRUTH + h * way, *rest)
    )
    np.testing.assert_allclose(slope, truth, rtol=1e-8)


def test_nbody_closes_the_figure_of_eight(tmp_path: Path) -> None:
    orbit = nbody.main(["--results", str(tmp_path)])
    assert drawn(tmp_path, "nbody")
    assert orbit.gap < 1e-11
    # The orbit as published; a thousand steps of leapfrog are good to some parts in 1e5.
    np.testing.assert_allclose(orbit.velocity, [0.347111, 0.532727], atol=3e-5)
    assert orbit.period == pytest.approx(6.325914, abs=3e-5)


def test_nbody_jacobian_is_symplectic() -> None:
    """So is leapfrog, exactly, whatever the step; differences could not show it to 1e-11."""
    x, v = nbody.start(nbody.GUESS)
    v += 0.1 * np.arange(6.0).reshape(3, 2)
    flow = nbody.monodromy(x, v, 0.05, 40)
    assert np.abs(flow - np.eye(12)).max() > 1.0
    assert nbody.symplectic_defect(flow) < 1e-11
    way = 0.1 * np.arange(12.0) - 0.5  # short, since the bodies come close to each other
    d_x, d_v = way[:6].reshape(3, 2), way[6:].reshape(3, 2)
    truth = differences(
        lambda h: nbody.state(*nbody.leapfrog(x + h * d_x, v + h * d_v, nbody.MASSES, 0.05, 40)[:2])
    )
    np.testing.assert_allclose(flow @ way, truth, rtol=1e-8)
