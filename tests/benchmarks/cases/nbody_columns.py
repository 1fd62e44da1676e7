"""Gravitational potential of n bodies, one array per coordinate: n (n - 1) / 2 pairs."""

import math
from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict


def potential(x, y, z, mass, softening):
    energy = 0.0
    for i in range(x.size):
        for j in range(i + 1, x.size):
            dx = x[i] - x[j]
            dy = y[i] - y[j]
            dz = z[i] - z[j]
            r2 = dx * dx + dy * dy + dz * dz + softening
            inv_r = 1.0 / math.sqrt(r2)
            energy -= mass[i] * mass[j] * inv_r
    return energy


def inputs(n: int) -> Arguments:
    """Coordinates drawn from the normal distribution, masses from [0, 1), a small softening."""
    generator = np.random.default_rng(0)
    x, y, z = generator.standard_normal((3, n))
    return x.copy(), y.copy(), z.copy(), generator.random(n), 1e-3


def hand(x, y, z, mass, softening, d_x, d_y, d_z):
    """No division beside the primal's: d(1/r) = -(1/r)**3 * (dx*d_dx + ...)."""
    energy = 0.0
    d_energy = 0.0
    for i in range(x.size):
        for j in range(i + 1, x.size):
            dx = x[i] - x[j]
            dy = y[i] - y[j]
            dz = z[i] - z[j]
            r2 = dx * dx + dy * dy + dz * dz + softening
            inv_r = 1.0 / math.sqrt(r2)
            pair = mass[i] * mass[j] * inv_r
            along = dx * (d_x[i] - d_x[j]) + dy * (d_y[i] - d_y[j]) + dz * (d_z[i] - d_z[j])
            d_energy += pair * (inv_r * inv_r) * along
            energy -= pair
    return energy, d_energy


def by_statement(x, y, z, mass, softening, d_x, d_y, d_z):
    """Each operation followed by its tangent: a second division per pair."""
    energy = 0.0
    d_energy = 0.0
    for i in range(x.size):
        for j in range(i + 1, x.size):
            dx = x[i] - x[j]
            d_dx = d_x[i] - d_x[j]
            dy = y[i] - y[j]
            d_dy = d_y[i] - d_y[j]
            dz = z[i] - z[j]
            d_dz = d_z[i] - d_z[j]
            r2 = dx * dx + dy * dy + dz * dz + softening
            d_r2 = 2.0 * dx * d_dx + 2.0 * dy * d_dy + 2.0 * dz * d_dz
            r = math.sqrt(r2)
            d_r = d_r2 / (2.0 * r)
            inv_r = 1.0 / r
            d_inv_r = -inv_r * inv_r * d_r
            d_energy -= mass[i] * mass[j] * d_inv_r
            energy -= mass[i] * mass[j] * inv_r
    return energy, d_energy


def unsigned(x, y, z, mass, softening, d_x, d_y, d_z):
    """Unsigned indices (no wrap-around test) and additions only: the form that can use SIMD."""
    lost = 0.0
    d_energy = 0.0
    n = np.uint64(x.size)
    for i in range(n):
        for j in range(i + np.uint64(1), n):
            dx = x[i] - x[j]
            dy = y[i] - y[j]
            dz = z[i] - z[j]
            r2 = dx * dx + dy * dy + dz * dz + softening
            inv_r = 1.0 / math.sqrt(r2)
            pair = mass[i] * mass[j] * inv_r
            along = dx * (d_x[i] - d_x[j]) + dy * (d_y[i] - d_y[j]) + dz * (d_z[i] - d_z[j])
            d_energy += pair * (inv_r * inv_r) * along
            lost += pair
    return -lost, d_energy


@strict
def add_row(i, x, y, z, mass, softening, d_x, d_y, d_z, row, d_row, energy, d_energy):
    """Pairs of body i with the later ones into two buffers (SIMD), then both sums in order."""
    xi, yi, zi, mi = x[i], y[i], z[i], mass[i]
    d_xi, d_yi, d_zi = d_x[i], d_y[i], d_z[i]
    for j in range(np.uint64(i + 1), np.uint64(x.size)):
        dx = xi - x[j]
        dy = yi - y[j]
        dz = zi - z[j]
        r2 = dx * dx + dy * dy + dz * dz + softening
        inv_r = 1.0 / math.sqrt(r2)
        pair = mi * mass[j] * inv_r
        row[j] = pair
        along = dx * (d_xi - d_x[j]) + dy * (d_yi - d_y[j]) + dz * (d_zi - d_z[j])
        d_row[j] = pair * (inv_r * inv_r) * along
    for j in range(np.uint64(i + 1), np.uint64(x.size)):
        energy -= row[j]
        d_energy += d_row[j]
    return energy, d_energy


@strict
def by_rows(x, y, z, mass, softening, d_x, d_y, d_z):
    """A buffer of one row of pairs separates the arithmetic from the strict sums."""
    row = np.empty(x.size)
    d_row = np.empty(x.size)
    energy = 0.0
    d_energy = 0.0
    for i in range(x.size):
        energy, d_energy = add_row(
            i, x, y, z, mass, softening, d_x, d_y, d_z, row, d_row, energy, d_energy
        )
    return energy, d_energy


def peer_potential(library, x, y, z, mass, softening):
    """All pairs at once, each counted twice, as array programs have it."""
    dx = x[:, None] - x[None, :]
    dy = y[:, None] - y[None, :]
    dz = z[:, None] - z[None, :]
    pairs = mass[:, None] * mass[None, :] / library.sqrt(dx**2 + dy**2 + dz**2 + softening)
    return -0.5 * (pairs.sum() - pairs.diagonal().sum())


ENZYME = """
template<std::size_t N>
void program(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N>& x,
             const enzyme::tensor<double, N>& y, const enzyme::tensor<double, N>& z,
             const enzyme::tensor<double, N>& mass, const enzyme::tensor<double, 1>& softening) {
  double energy = 0.0;
  for (std::size_t i = 0; i < N; i++)
    for (std::size_t j = i + 1; j < N; j++) {
      double dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
      double r2 = dx * dx + dy * dy + dz * dz + softening[0];
      energy -= mass[i] * mass[j] / __builtin_sqrt(r2);
    }
  out[0] = energy;
}
"""

CASES = [
    Case(
        name="n-body 1k (x, y, z)",
        primal=potential,
        argnums=(0, 1, 2),
        inputs=partial(inputs, 1_000),
        small_inputs=partial(inputs, 40),
        hand_jvp=strict(hand),
        tuned_jvp=by_rows,
        bump=0,
        scalar=True,
        variants={
            "by statement": strict(by_statement),
            "unsigned": strict(unsigned),
            "fastmath": fast(hand),
            "unsigned, fastmath": fast(unsigned),
        },
        peers={
            "jax": peers.jax_jvp(lambda *a: peer_potential(peers.jax_numpy(), *a), (0, 1, 2)),
            "torch": peers.torch_jvp(lambda *a: peer_potential(peers.torch(), *a), (0, 1, 2)),
            "enzyme": peers.enzyme_jvp(ENZYME, (0, 1, 2)),
        },
    )
]
