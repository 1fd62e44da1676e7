"""Find a periodic orbit of three bodies, with the exact Jacobian of a leapfrog integrator.

    python examples/nbody.py [--results FOLDER]

Three equal masses can chase one another along a figure of eight (Moore 1993; Chenciner and
Montgomery 2000). From a rough guess of the first velocity and of the period, least squares closes
the orbit; the Jacobian runs through a thousand steps of an ordinary integrator.
The same Jacobian shows that the integrator is symplectic, to the last digits, and how an orbit
depends on where it began.
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

STEPS = 1000
GUESS = np.array([0.35, 0.53, 6.35])  # velocity of the outer bodies, and the period
MASSES = np.ones(3)


# ---- the integrator as somebody else wrote it -------------------------------------------------


@njit
def accelerations(positions, masses):
    result = np.zeros_like(positions)
    bodies = len(masses)
    for i in range(bodies):
        for j in range(i + 1, bodies):
            dx = positions[j, 0] - positions[i, 0]
            dy = positions[j, 1] - positions[i, 1]
            pull = (dx * dx + dy * dy) ** -1.5
            result[i, 0] += masses[j] * pull * dx
            result[i, 1] += masses[j] * pull * dy
            result[j, 0] -= masses[i] * pull * dx
            result[j, 1] -= masses[i] * pull * dy
    return result


@njit
def leapfrog(positions, velocities, masses, dt, steps):
    x = positions.copy()
    v = velocities.copy()
    a = accelerations(x, masses)
    path = np.empty((steps, len(masses), 2))
    for step in range(steps):
        for i in range(len(masses)):
            for k in range(2):
                v[i, k] += 0.5 * dt * a[i, k]
                x[i, k] += dt * v[i, k]
                path[step, i, k] = x[i, k]
        a = accelerations(x, masses)
        for i in range(len(masses)):
            for k in range(2):
                v[i, k] += 0.5 * dt * a[i, k]
    return x, v, path


# ---- its orbit ----------------------------------------------------------------------------------

exact = forward_grad(leapfrog, argnums=(0, 1, 3))  # positions, velocities and the step


def start(guess):
    """Two bodies at the ends and one between them, which moves twice as fast the other way."""
    positions = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    return positions, np.outer([1.0, 1.0, -2.0], guess[:2])


def state(x, v):
    return np.concatenate((x.ravel(), v.ravel()))


def gap(guess):
    """How far the bodies are, in place and velocity, from where they began a period before."""
    positions, velocities = start(guess)
    x, v, _ = leapfrog(positions, velocities, MASSES, guess[2] / STEPS, STEPS)
    return state(x, v) - state(positions, velocities)


def gap_jacobian(guess):
    columns = []
    positions, velocities = start(guess)
    arguments = (positions, velocities, MASSES, guess[2] / STEPS, STEPS)
    for way in np.eye(3):
        d_x, d_v = np.zeros_like(positions), start(way)[1]
        _, (last_x, last_v, _) = exact.jvp(arguments, (d_x, d_v, way[2] / STEPS))
        columns.append(state(last_x, last_v) - state(d_x, d_v))
    return np.stack(columns, axis=1)


class Orbit(NamedTuple):
    """A closed orbit: its velocity and period, what is left of the gap, and all places on it."""

    velocity: np.ndarray
    period: float
    gap: float
    runs: int
    path: np.ndarray
    flow: np.ndarray


def close():
    """Least squares from `GUESS`."""
    found = least_squares(gap, GUESS, jac=gap_jacobian, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    velocity, period = found.x[:2], float(found.x[2])
    x, v = start(found.x)
    path = leapfrog(x, v, MASSES, period / STEPS, STEPS)[2]
    flow = monodromy(x, v, period / STEPS, STEPS)
    return Orbit(velocity, period, float(np.abs(found.fun).max()), found.nfev, path, flow)


def monodromy(x, v, dt, steps):
    """The derivative of the last state with respect to the first, (12, 12)."""
    columns = []
    for way in np.eye(2 * x.size):
        d_x, d_v = way[: x.size].reshape(x.shape), way[x.size :].reshape(x.shape)
        _, (last_x, last_v, _) = exact.jvp((x, v, MASSES, dt, steps), (d_x, d_v, 0.0))
        columns.append(state(last_x, last_v))
    return np.stack(columns, axis=1)


def symplectic_defect(flow):
    """The largest entry of JᵀΩJ - Ω: zero for the flow of a Hamiltonian, and for leapfrog."""
    half = len(flow) // 2
    omega = np.kron(np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(half))
    return float(np.abs(flow.T @ omega @ flow - omega).max())


def draw(orbit, path):
    """The paths from the guess, and on the closed orbit."""
    x, v = start(GUESS)
    rough = leapfrog(x, v, MASSES, 2 * GUESS[2] / STEPS, STEPS)[2]
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.4), sharex=True, sharey=True)
    for panel, places, title in zip(panels, (rough, orbit.path), ("the guess", "the closed orbit")):
        for body in range(3):
            panel.plot(*places[:, body].T, linewidth=1, color=f"C{body}")
            panel.plot(*places[-1, body], "o", color=f"C{body}")
        panel.set(title=title, aspect="equal")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Close the orbit; returns it."""
    parser = argparse.ArgumentParser(description="Find a periodic orbit of three bodies.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    orbit = close()
    draw(orbit, options.results / "nbody.png")
    print(f"velocity ({orbit.velocity[0]:.6f}, {orbit.velocity[1]:.6f}), period {orbit.period:.6f}")
    print(f"closes to {orbit.gap:.1e} after {orbit.runs} runs of {STEPS} steps")
    sizes = np.sort(np.abs(np.linalg.eigvals(orbit.flow)))[::-1]
    print(f"a disturbance grows at most {sizes[0]:.3f} fold in a period")
    print(f"symplectic to {symplectic_defect(orbit.flow):.1e}")
    return orbit


if __name__ == "__main__":
    main()
