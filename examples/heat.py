"""Find what a plate is made of from its temperatures, with a finite-difference stencil.

    python examples/heat.py [--results FOLDER]

A square plate of two halves is hot in one corner and cools at its edges. Two buffers take turns
(`old, new = new, old`), as in every stencil code. From noisy temperatures at the end we fit the
diffusivity of each half and the loss of heat through the surface, with the exact Jacobian; one
column of it is the picture of where a thermometer would tell most.
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

NAMES = ("diffusivity, left", "diffusivity, right", "loss of heat")
TRUTH = np.array([1.0, 0.3, 0.5])
GUESS = np.array([0.5, 0.5, 0.0])
SIZE, STEPS = 48, 800
DX = 1.0 / (SIZE - 1)
DT = 0.2 * DX**2  # stable up to a diffusivity of 1.25


# ---- the simulation as somebody else wrote it -------------------------------------------------


@njit
def step(new, old, diffusivity, loss, dx, dt):
    rows, columns = old.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            # The flux through each face, with the mean diffusivity of its two sides.
            here = diffusivity[i, j]
            flux = (
                (here + diffusivity[i + 1, j]) * (old[i + 1, j] - old[i, j])
                + (here + diffusivity[i - 1, j]) * (old[i - 1, j] - old[i, j])
                + (here + diffusivity[i, j + 1]) * (old[i, j + 1] - old[i, j])
                + (here + diffusivity[i, j - 1]) * (old[i, j - 1] - old[i, j])
            )
            new[i, j] = old[i, j] + dt * (0.5 * flux / dx**2 - loss * old[i, j])


@njit
def final_temperature(parameters, start, dx, dt, steps):
    left, right, loss = parameters
    diffusivity = np.empty(start.shape)
    half = start.shape[1] // 2
    diffusivity[:, :half] = left
    diffusivity[:, half:] = right
    old = start.copy()
    new = start.copy()
    for _ in range(steps):
        step(new, old, diffusivity, loss, dx, dt)
        old, new = new, old
    return old


# ---- its fit ------------------------------------------------------------------------------------

exact = forward_grad(final_temperature)


class Fit(NamedTuple):
    """Where the fit ended, and the sensitivity of every temperature to every parameter there."""

    parameters: np.ndarray
    errors: np.ndarray
    runs: int
    sensitivity: np.ndarray


def hot_corner():
    """A warm plate with a hot spot near one corner, zero at its edges."""
    y, x = np.meshgrid(np.linspace(0, 1, SIZE), np.linspace(0, 1, SIZE), indexing="ij")
    start = 0.3 + np.exp(-20.0 * ((x - 0.35) ** 2 + (y - 0.4) ** 2))
    start[[0, -1], :] = 0.0
    start[:, [0, -1]] = 0.0
    return start


def columns_at(parameters, start):
    """The derivative of every final temperature with respect to every parameter."""
    arguments = (parameters, start, DX, DT, STEPS)
    slopes = [exact.jvp(arguments, (way,))[1] for way in np.eye(parameters.size)]
    return np.stack(slopes, axis=-1)


def fit(data, start, noise):
    """Least squares from `GUESS`; the errors are those of the linearised problem."""
    found = least_squares(
        lambda p: (final_temperature(p, start, DX, DT, STEPS) - data).ravel() / noise,
        GUESS,
        jac=lambda p: columns_at(p, start).reshape(-1, p.size) / noise,
        bounds=([0.01, 0.01, 0.0], [1.2, 1.2, 10.0]),
    )
    errors = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    return Fit(found.x, errors, found.nfev, columns_at(found.x, start))


def draw(data, fitted, path):
    """The measured temperatures, and the sensitivities."""
    figure, panels = plt.subplots(1, 4, figsize=(14, 3.4))
    panels[0].set_title("measured temperature", fontsize=9)
    image = panels[0].imshow(data, origin="lower", cmap="inferno")
    figure.colorbar(image, ax=panels[0], shrink=0.8)
    for k, name in enumerate(NAMES):
        slopes = fitted.sensitivity[..., k]
        most = np.max(np.abs(slopes))
        image = panels[k + 1].imshow(slopes, origin="lower", cmap="RdBu_r", vmin=-most, vmax=most)
        panels[k + 1].set_title(f"its change with the {name}", fontsize=9)
        figure.colorbar(image, ax=panels[k + 1], shrink=0.8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Fit the plate; returns the `Fit`."""
    parser = argparse.ArgumentParser(description="Fit the materials of a plate that cools.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    start, noise = hot_corner(), 0.002
    data = final_temperature(TRUTH, start, DX, DT, STEPS)
    data += noise * np.random.default_rng(0).standard_normal(data.shape)
    fitted = fit(data, start, noise)
    draw(data, fitted, options.results / "heat.png")
    for name, value, error, truth in zip(NAMES, fitted.parameters, fitted.errors, TRUTH):
        print(f"{name:<20}{value:>9.4f} ± {error:.4f}   (truth {truth})")
    print(f"after {fitted.runs} runs of the simulation")
    return fitted


if __name__ == "__main__":
    main()
