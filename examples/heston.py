"""Calibrate a stochastic-volatility simulation to option prices, with exact sensitivities.

    python examples/heston.py [--results FOLDER]

Heston's model: the variance of a share price is itself random. Calls are priced by Monte Carlo,
`np.random.seed` and all; with the seed fixed the price is a smooth function of the parameters
almost everywhere, and its exact derivative uses the very draws that the price uses. Finite
differences would pay one more simulation for every parameter and add an error of their own.
The prices to match come from Heston's closed formula, so they owe nothing to the simulation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")  # a picture in a file needs no screen

import matplotlib.pyplot as plt
import numpy as np
from numba import njit
from scipy.integrate import quad
from scipy.optimize import least_squares

from tangent_fwd import forward_grad

NAMES = ("variance", "vol of vol", "correlation")
TRUTH = np.array([0.06, 0.5, -0.7])
GUESS = np.array([0.10, 0.3, -0.3])
SPEED = 2.0  # of the return to the mean variance, which is also the first
SPOT, RATE, YEARS = 100.0, 0.02, 1.0
STRIKES = np.array([70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0])
PATHS, STEPS, SEED = 10_000, 50, 7


# ---- the simulation as somebody else wrote it -------------------------------------------------


@njit
def call_prices(spot, model, strikes, rate, years, paths, steps, seed):
    """Prices of calls, by the full-truncation scheme of Lord, Koekkoek and van Dijk."""
    np.random.seed(seed)
    mean, vol_of_vol, correlation = model
    dt = years / steps
    prices = np.zeros(len(strikes))
    for _ in range(paths):
        log_price = np.log(spot)
        variance = mean
        for _ in range(steps):
            z = np.random.normal()
            w = correlation * z + np.sqrt(1.0 - correlation**2) * np.random.normal()
            positive = max(variance, 0.0)
            spread = np.sqrt(positive * dt)
            log_price += (rate - 0.5 * positive) * dt + spread * z
            variance += SPEED * (mean - positive) * dt + vol_of_vol * spread * w
        last = np.exp(log_price)
        for k in range(len(strikes)):
            prices[k] += max(last - strikes[k], 0.0)
    return np.exp(-rate * years) * prices / paths


# ---- its calibration ----------------------------------------------------------------------------

exact = forward_grad(call_prices, argnums=(0, 1))
SIMULATION = STRIKES, RATE, YEARS, PATHS, STEPS, SEED


class Calibration(NamedTuple):
    """Where it ended, the prices there, those to match, and the number of simulations."""

    model: np.ndarray
    prices: np.ndarray
    quotes: np.ndarray
    deltas: np.ndarray
    exact_deltas: np.ndarray
    runs: int


def closed_form(model, strike):
    """Heston's price of a call, and its delta, by integrals of the characteristic function."""
    mean, vol_of_vol, correlation = model

    def characteristic(u):
        b = SPEED - correlation * vol_of_vol * 1j * u
        d = np.sqrt(b**2 + vol_of_vol**2 * (1j * u + u**2))
        g = (b - d) / (b + d)
        decay = np.exp(-d * YEARS)
        level = SPEED * mean * ((b - d) * YEARS - 2 * np.log((1 - g * decay) / (1 - g)))
        slope = mean * (b - d) * (1 - decay) / (1 - g * decay)
        drift = 1j * u * (np.log(SPOT) + RATE * YEARS)
        return np.exp(drift + (level + slope) / vol_of_vol**2)

    forward = characteristic(-1j)

    def chance(shift, scale):
        def integrand(u):
            wave = np.exp(-1j * u * np.log(strike)) * characteristic(u - shift * 1j)
            return (wave / (1j * u * scale)).real

        return 0.5 + quad(integrand, 1e-8, 100.0, limit=200)[0] / np.pi

    delta = chance(1, forward)
    return SPOT * delta - strike * np.exp(-RATE * YEARS) * chance(0, 1.0), delta


def calibrate(quotes):
    """Least squares from `GUESS` with the exact Jacobian, under the same draws throughout."""

    def jacobian(model):
        ways = np.eye(model.size)
        slopes = [exact.jvp((SPOT, model, *SIMULATION), (0.0, way))[1] for way in ways]
        return np.stack(slopes, axis=1)

    return least_squares(
        lambda model: call_prices(SPOT, model, *SIMULATION) - quotes,
        GUESS,
        jac=jacobian,
        bounds=([0.001, 0.05, -0.99], [0.5, 1.5, 0.99]),
        x_scale=[0.02, 0.2, 0.3],
        xtol=1e-4,  # the draws leave an error of a few parts in a hundred anyway
    )


def draw(found, path):
    """Prices and deltas against the strike."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    before = call_prices(SPOT, GUESS, *SIMULATION)
    left.axhline(0.0, color="0.7", linewidth=1)
    left.plot(STRIKES, before - found.quotes, "--", color="0.5", label="the guess")
    left.plot(STRIKES, found.prices - found.quotes, label="calibrated")
    left.set(xlabel="strike", ylabel="price, less the quoted one")
    right.plot(STRIKES, found.exact_deltas, "o", label="closed form")
    right.plot(STRIKES, found.deltas, label="derivative of the simulation")
    right.set(xlabel="strike", ylabel="delta")
    for panel in (left, right):
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Calibrate; returns the `Calibration`."""
    parser = argparse.ArgumentParser(description="Calibrate Heston's model by its simulation.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    quotes, exact_deltas = np.array([closed_form(TRUTH, strike) for strike in STRIKES]).T
    fit = calibrate(quotes)
    prices, deltas = exact.jvp((SPOT, fit.x, *SIMULATION), (1.0, 0.0 * fit.x))
    found = Calibration(fit.x, prices, quotes, deltas, exact_deltas, fit.nfev)
    draw(found, options.results / "heston.png")
    for name, value, truth in zip(NAMES, found.model, TRUTH):
        print(f"{name:<18}{value:>8.4f}   (truth {truth})")
    print(f"\n{'strike':>8}{'quoted':>10}{'simulated':>11}{'delta':>9}{'closed form':>13}")
    for row in zip(STRIKES, quotes, prices, deltas, exact_deltas):
        print("{:>8.0f}{:>10.4f}{:>11.4f}{:>9.4f}{:>13.4f}".format(*row))
    print(f"after {found.runs} simulations of {PATHS} paths")
    return found


if __name__ == "__main__":
    main()
