"""Draw a smooth curve through noisy data with a spline that places its own knots.

    python examples/spline.py [--results FOLDER]

A natural cubic spline: one tridiagonal system for its bends, then `np.searchsorted` for the piece
that each point lies on. The heights of its knots enter linearly, but their places do not, so
finding them needs the Jacobian of the whole, solver included; `forward_grad` takes it as it stands.
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

COUNT = 12  # knots, the first and the last of which stay where they are
NOISE = 0.02


# ---- the spline as somebody else wrote it -----------------------------------------------------


@njit
def second_derivatives(knots, heights):
    """The second derivative at each knot, zero at both ends: the Thomas algorithm."""
    n = len(knots)
    h = knots[1:] - knots[:-1]
    upper = np.zeros(n)
    bends = np.zeros(n)
    for i in range(1, n - 1):
        jump = (heights[i + 1] - heights[i]) / h[i] - (heights[i] - heights[i - 1]) / h[i - 1]
        pivot = 2.0 * (h[i - 1] + h[i]) - h[i - 1] * upper[i - 1]
        upper[i] = h[i] / pivot
        bends[i] = (6.0 * jump - h[i - 1] * bends[i - 1]) / pivot
    for i in range(n - 2, 0, -1):
        bends[i] -= upper[i] * bends[i + 1]
    return bends


@njit
def spline(points, knots, heights):
    bends = second_derivatives(knots, heights)
    values = np.empty_like(points)
    for k in range(len(points)):
        x = points[k]
        i = np.searchsorted(knots, x, side="right") - 1
        i = min(max(i, 0), len(knots) - 2)
        h = knots[i + 1] - knots[i]
        a = (knots[i + 1] - x) / h
        b = (x - knots[i]) / h
        values[k] = (
            a * heights[i]
            + b * heights[i + 1]
            + ((a**3 - a) * bends[i] + (b**3 - b) * bends[i + 1]) * h**2 / 6.0
        )
    return values


# ---- its fit ------------------------------------------------------------------------------------


@njit
def curve(theta, points):
    """The spline of the logarithms of gaps between knots, then heights: the order is kept."""
    n = (theta.size + 1) // 2
    knots = np.zeros(n)
    for i in range(n - 1):
        knots[i + 1] = knots[i] + np.exp(theta[i])
    knots /= knots[-1]
    return spline(points, knots, theta[n - 1 :])


by_points = forward_grad(spline)  # the slope of the curve
by_theta = forward_grad(curve)


class Fit(NamedTuple):
    """A spline: its knots, their heights, and the root mean square of what it leaves over."""

    theta: np.ndarray
    knots: np.ndarray
    heights: np.ndarray
    residual: float


def measured():
    """A slow trend with one sharp peak: hard for knots at equal distances."""
    points = np.linspace(0.0, 1.0, 200)
    clean = 0.6 + 0.4 * points + 1.5 * np.exp(-0.5 * ((points - 0.72) / 0.035) ** 2)
    return points, clean + NOISE * np.random.default_rng(0).standard_normal(points.size)


def jacobian(theta, points):
    """Of the values, with respect to the gaps and the heights."""
    ways = np.eye(theta.size)
    return np.stack([by_theta.jvp((theta, points), (way,))[1] for way in ways], axis=1)


def fit_heights(points, data):
    """Knots at equal distances; their heights enter linearly, so the Jacobian is all there is."""
    theta = np.zeros(2 * COUNT - 1)
    matrix = jacobian(theta, points)[:, COUNT - 1 :]
    theta[COUNT - 1 :] = np.linalg.lstsq(matrix, data, rcond=None)[0]
    return found(theta, points, data)


def fit_all(points, data):
    """Gaps and heights together, from knots at equal distances."""
    theta = least_squares(
        lambda theta: curve(theta, points) - data,
        fit_heights(points, data).theta,
        jac=lambda theta: jacobian(theta, points),
    ).x
    return found(theta, points, data)


def found(theta, points, data):
    edges = np.cumsum(np.exp(theta[: COUNT - 1]))
    knots = np.append(0.0, edges / edges[-1])
    residual = float(np.sqrt(np.mean((curve(theta, points) - data) ** 2)))
    return Fit(theta, knots, theta[COUNT - 1 :], residual)


def draw(points, data, fits, path):
    """The data, both splines with their knots, and the slope of the better one."""
    fine = np.linspace(0.0, 1.0, 800)
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(7, 5.5), sharex=True, height_ratios=(2.5, 1)
    )
    top.plot(points, data, ".", color="0.7", markersize=4, label="measured")
    for name, found, colour in zip(("equal distances", "fitted knots"), fits, ("C1", "C0")):
        curve = spline(fine, found.knots, found.heights)
        top.plot(fine, curve, color=colour, label=f"{name}, leaves {found.residual:.3f}")
        top.plot(found.knots, found.heights, "o", color=colour, markersize=4)
    top.legend(fontsize=8)
    ones = np.ones_like(fine)
    _, slope = by_points.jvp((fine, fits[1].knots, fits[1].heights), (ones,))
    bottom.plot(fine, slope)
    bottom.set(ylabel="slope", xlabel="x")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Fit both splines; returns `(knots at equal distances, fitted knots)`."""
    parser = argparse.ArgumentParser(description="Fit a cubic spline and the places of its knots.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    points, data = measured()
    fits = fit_heights(points, data), fit_all(points, data)
    draw(points, data, fits, options.results / "spline.png")
    for name, found in zip(("knots at equal distances", "fitted knots"), fits):
        print(f"{name:<26}leave a residual of {found.residual:.4f}   (noise {NOISE})")
    print("fitted knots at", np.array2string(fits[1].knots, precision=3))
    return fits


if __name__ == "__main__":
    main()
