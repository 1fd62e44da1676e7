"""The same potential on an (n, 3) array of positions, the layout that SIMD likes least."""

import math
from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict
from tests.benchmarks.cases.nbody_columns import by_rows, peer_potential


def potential(position, mass, softening):
    energy = 0.0
    for i in range(mass.size):
        for j in range(i + 1, mass.size):
            dx = position[i, 0] - position[j, 0]
            dy = position[i, 1] - position[j, 1]
            dz = position[i, 2] - position[j, 2]
            r2 = dx * dx + dy * dy + dz * dz + softening
            inv_r = 1.0 / math.sqrt(r2)
            energy -= mass[i] * mass[j] * inv_r
    return energy


def inputs(n: int) -> Arguments:
    """Positions drawn from the normal distribution, masses from [0, 1), a small softening."""
    generator = np.random.default_rng(0)
    return generator.standard_normal((n, 3)), generator.random(n), 1e-3


def hand(position, mass, softening, d_position):
    """No division beside the primal's: d(1/r) = -(1/r)**3 * (dx*d_dx + ...)."""
    energy = 0.0
    d_energy = 0.0
    for i in range(mass.size):
        for j in range(i + 1, mass.size):
            dx = position[i, 0] - position[j, 0]
            dy = position[i, 1] - position[j, 1]
            dz = position[i, 2] - position[j, 2]
            d_dx = d_position[i, 0] - d_position[j, 0]
            d_dy = d_position[i, 1] - d_position[j, 1]
            d_dz = d_position[i, 2] - d_position[j, 2]
            r2 = dx * dx + dy * dy + dz * dz + softening
            inv_r = 1.0 / math.sqrt(r2)
            pair = mass[i] * mass[j] * inv_r
            d_energy += pair * (inv_r * inv_r) * (dx * d_dx + dy * d_dy + dz * d_dz)
            energy -= pair
    return energy, d_energy


def columns(position, mass, softening, d_position):
    """Copy the columns out once, then go by rows of pairs."""
    return by_rows(
        position[:, 0].copy(),
        position[:, 1].copy(),
        position[:, 2].copy(),
        mass,
        softening,
        d_position[:, 0].copy(),
        d_position[:, 1].copy(),
        d_position[:, 2].copy(),
    )


def _peer(library, position, mass, softening):
    return peer_potential(library, position[:, 0], position[:, 1], position[:, 2], mass, softening)


ENZYME = """
template<std::size_t N>
void program(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N, 3>& p,
             const enzyme::tensor<double, N>& mass, const enzyme::tensor<double, 1>& softening) {
  double energy = 0.0;
  for (std::size_t i = 0; i < N; i++)
    for (std::size_t j = i + 1; j < N; j++) {
      double dx = p[i][0] - p[j][0], dy = p[i][1] - p[j][1], dz = p[i][2] - p[j][2];
      double r2 = dx * dx + dy * dy + dz * dz + softening[0];
      energy -= mass[i] * mass[j] / __builtin_sqrt(r2);
    }
  out[0] = energy;
}
"""

CASES = [
    Case(
        name="n-body 1k (n, 3)",
        primal=potential,
        argnums=(0,),
        inputs=partial(inputs, 1_000),
        small_inputs=partial(inputs, 40),
        hand_jvp=strict(hand),
        tuned_jvp=strict(columns),
        bump=0,
        scalar=True,
        variants={"fastmath": fast(hand)},
        peers={
            "jax": peers.jax_jvp(lambda *a: _peer(peers.jax_numpy(), *a), (0,)),
            "torch": peers.torch_jvp(lambda *a: _peer(peers.torch(), *a), (0,)),
            "enzyme": peers.enzyme_jvp(ENZYME, (0,)),
        },
    )
]
