"""Fit an ordinary differential equation with the exact Jacobian of its numba integrator.

    python examples/lotka_volterra.py [--results FOLDER]

The integrator was written without derivatives in mind: a loop of Runge-Kutta steps that fills an
array. `forward_grad` takes it as it stands.
The same fit with SciPy's finite differences runs beside it; both find the same optimum.
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
from scipy.optimize import least_squares

from tangent_fwd import forward_grad

NAMES = (
    "prey growth",
    "predation",
    "predator death",
    "conversion",
    "first prey",
    "first predators",
)
TRUTH = np.array([1.1, 0.4, 0.4, 0.1, 10.0, 5.0])
GUESS = np.array([0.9, 0.3, 0.5, 0.15, 8.0, 6.0])
STEP, STRIDE, COUNT = 0.01, 25, 80  # a sample at every 25th step: 20 units of time in all


# ---- the integrator as somebody else wrote it -------------------------------------------------


@njit
def growth(prey, predators, parameters):
    eaten = prey * predators
    return (
        parameters[0] * prey - parameters[1] * eaten,
        parameters[3] * eaten - parameters[2] * predators,
    )


@njit
def populations(parameters, step, stride, count):
    samples = np.empty((count, 2))
    prey, predators = parameters[4], parameters[5]
    for sample in range(count):
        for _ in range(stride):
            a1, b1 = growth(prey, predators, parameters)
            a2, b2 = growth(prey + step / 2 * a1, predators + step / 2 * b1, parameters)
            a3, b3 = growth(prey + step / 2 * a2, predators + step / 2 * b2, parameters)
            a4, b4 = growth(prey + step * a3, predators + step * b3, parameters)
            prey += step / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            predators += step / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
        samples[sample, 0] = prey
        samples[sample, 1] = predators
    return samples


# ---- its fit ------------------------------------------------------------------------------------

exact = forward_grad(populations)


class Fit(NamedTuple):
    """One fit: where it ended, and how often the integrator and its derivative ran."""

    parameters: np.ndarray
    cost: float
    evaluations: int
    passes: int


def measured(noise=0.1):
    """Samples of the true populations with Gaussian noise."""
    clean = populations(TRUTH, STEP, STRIDE, COUNT)
    return clean + noise * np.random.default_rng(0).standard_normal(clean.shape)


def fit(data, with_exact_jacobian):
    """Least squares from `GUESS`, with our Jacobian or with SciPy's finite differences."""
    evaluations = passes = 0

    def residuals(parameters):
        nonlocal evaluations
        evaluations += 1
        return (populations(parameters, STEP, STRIDE, COUNT) - data).ravel()

    def jacobian(parameters):
        nonlocal passes
        columns = []
        for direction in np.eye(parameters.size):
            _, column = exact.jvp((parameters, STEP, STRIDE, COUNT), (direction,))
            columns.append(column.ravel())
            passes += 1
        return np.stack(columns, axis=1)

    found = least_squares(
        residuals, GUESS, jac=jacobian if with_exact_jacobian else "2-point", x_scale=TRUTH
    )
    return Fit(found.x, float(found.cost), evaluations, passes)


def draw(data, fitted, path):
    """The samples and the fitted populations."""
    times = STEP * STRIDE * np.arange(1, COUNT + 1)
    curves = populations(fitted.parameters, STEP, STRIDE, COUNT)
    figure, panel = plt.subplots(figsize=(7, 4))
    for column, name in enumerate(("prey", "predators")):
        panel.plot(times, data[:, column], ".", color=f"C{column}", label=f"{name}, measured")
        panel.plot(times, curves[:, column], color=f"C{column}", label=f"{name}, fitted")
    panel.set(xlabel="time", ylabel="population", title="Lotka-Volterra, exact Jacobian")
    panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run both fits; returns `(with the exact Jacobian, with finite differences)`."""
    parser = argparse.ArgumentParser(description="Fit Lotka-Volterra with an exact Jacobian.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    data = measured()
    fits = fit(data, True), fit(data, False)
    draw(data, fits[0], options.results / "lotka_volterra.png")
    print(f"{'':<24}{'exact Jacobian':>16}{'differences':>16}{'truth':>8}")
    for name, ours, theirs, truth in zip(NAMES, fits[0].parameters, fits[1].parameters, TRUTH):
        print(f"{name:<24}{ours:>16.9f}{theirs:>16.9f}{truth:>8.2f}")
    print(f"{'sum of squares / 2':<24}{fits[0].cost:>16.9f}{fits[1].cost:>16.9f}")
    print(f"{'integrator runs':<24}{fits[0].evaluations:>16}{fits[1].evaluations:>16}")
    print(f"{'derivative passes':<24}{fits[0].passes:>16}{fits[1].passes:>16}")
    return fits


if __name__ == "__main__":
    main()
