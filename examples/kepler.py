"""Weigh a planet: fit the radial velocities of its star, through a Newton solver.

    python examples/kepler.py [--results FOLDER]

Where a planet stands on its orbit follows from Kepler's equation, E - e sin E = M, which has no
closed solution: an inner loop of Newton steps runs until it has converged.
Its derivative is that of the loop that ran, and has converged with it.
The orbit is fitted with the exact Jacobian, which also gives the error bars.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")  # a picture in a file needs no screen

import matplotlib.pyplot as plt
import numpy as np
from numba import njit
from scipy.optimize import least_squares

from tangent_fwd import forward_grad

NAMES = ("period", "amplitude", "eccentricity", "argument", "passage", "drift")
UNITS = ("days", "m/s", "", "rad", "days", "m/s")
TRUTH = np.array([111.4, 473.0, 0.68, 5.25, 13.0, 4.0])
GUESS = np.array([111.0, 400.0, 0.5, 5.0, 15.0, 0.0])


# ---- the model as somebody else wrote it ------------------------------------------------------


@njit
def eccentric_anomaly(M, e, tolerance=1e-12):
    """Solve Kepler's equation E - e sin E = M by Newton's method."""
    M = M % (2.0 * math.pi)
    E = M if e < 0.8 else math.pi
    step = 1.0
    while abs(step) > tolerance:
        step = (E - e * math.sin(E) - M) / (1.0 - e * math.cos(E))
        E -= step
    return E


@njit
def radial_velocity(orbit, times):
    period, amplitude, e, argument, passage, drift = orbit
    velocity = np.empty_like(times)
    for i, t in enumerate(times):
        E = eccentric_anomaly(2.0 * np.pi * (t - passage) / period, e)
        nu = 2.0 * np.arctan2(
            np.sqrt(1.0 + e) * np.sin(E / 2.0), np.sqrt(1.0 - e) * np.cos(E / 2.0)
        )
        velocity[i] = amplitude * (np.cos(nu + argument) + e * np.cos(argument)) + drift
    return velocity


# ---- its fit ------------------------------------------------------------------------------------

exact = forward_grad(radial_velocity)
exact_anomaly = forward_grad(eccentric_anomaly, argnums=(0, 1))


class Fit(NamedTuple):
    """Where the fit ended, its error bars, and the sum of squares over what noise explains."""

    orbit: np.ndarray
    errors: np.ndarray
    chi_squared: float
    runs: int


def measured(noise):
    """Sixty nights in three years, with Gaussian noise."""
    random = np.random.default_rng(4)
    times = np.sort(random.uniform(0.0, 1000.0, 60))
    return times, radial_velocity(TRUTH, times) + noise * random.standard_normal(times.size)


def fit(times, data, noise):
    """Least squares from `GUESS` with the exact Jacobian."""

    def jacobian(orbit):
        ways = np.eye(orbit.size)
        return np.stack([exact.jvp((orbit, times), (way,))[1] for way in ways], axis=1) / noise

    found = least_squares(
        lambda orbit: (radial_velocity(orbit, times) - data) / noise,
        GUESS,
        jac=jacobian,
        x_scale=[1.0, 100.0, 0.1, 0.1, 1.0, 10.0],
        bounds=([100, 0, 0, 0, 0, -100], [120, 1000, 0.95, 6.3, 60, 100]),
    )
    errors = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    freedom = times.size - found.x.size
    return Fit(found.x, errors, 2.0 * float(found.cost) / freedom, found.nfev)


def draw(times, data, noise, fitted, path):
    """The velocities of all nights, folded into one period."""
    period = fitted.orbit[0]
    phases = np.linspace(0.0, period, 1000)
    figure, panel = plt.subplots(figsize=(7, 4))
    panel.errorbar(times % period, data, noise, fmt=".", label="measured")
    panel.plot(phases, radial_velocity(fitted.orbit, phases), label="fitted")
    panel.set(xlabel="days in the period", ylabel="radial velocity, m/s")
    panel.set_title("an eccentric planet, exact Jacobian through a Newton solver")
    panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Fit the orbit; returns the `Fit`."""
    parser = argparse.ArgumentParser(description="Fit an orbit through Kepler's equation.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    noise = 8.0
    times, data = measured(noise)
    fitted = fit(times, data, noise)
    draw(times, data, noise, fitted, options.results / "kepler.png")
    for name, unit, value, error, truth in zip(NAMES, UNITS, *fitted[:2], TRUTH):
        print(f"{name:<14}{value:>10.4f} ± {error:<8.4f}{unit:<6}(truth {truth})")
    print(f"chi squared per degree of freedom {fitted.chi_squared:.2f}, after {fitted.runs} runs")
    return fitted


if __name__ == "__main__":
    main()
