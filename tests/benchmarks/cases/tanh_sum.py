"""sum(tanh(x) * w) over 64 x 128: nothing but a transcendental function and a sum."""

import math
from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict


def tanh_sum(x, w):
    return np.sum(np.tanh(x) * w)


def inputs(rows: int, columns: int, dtype: type) -> Arguments:
    """Two standard normal matrices."""
    generator = np.random.default_rng(0)
    x, w = generator.standard_normal((2, rows, columns)).astype(dtype)
    return x.copy(), w.copy()


def hand64(x, w, d_x):
    total = 0.0
    d_total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out = math.tanh(x[i, j])
            total += out * w[i, j]
            d_total += (1.0 - out * out) * d_x[i, j] * w[i, j]
    return total, d_total


ZERO = np.float32(0.0)
ONE = np.float32(1.0)


def hand32(x, w, d_x):
    total = ZERO
    d_total = ZERO
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out = math.tanh(x[i, j])
            total += out * w[i, j]
            d_total += (ONE - out * out) * d_x[i, j] * w[i, j]
    return total, d_total


def _peer(library, x, w):
    return (library.tanh(x) * w).sum()


def _case(name, hand, dtype):
    return Case(
        name=name,
        primal=tanh_sum,
        numpy_primal=tanh_sum,
        argnums=(0,),
        inputs=partial(inputs, 64, 128, dtype),
        small_inputs=partial(inputs, 3, 5, dtype),
        hand_jvp=strict(hand),
        bump=0,
        variants={"fastmath": fast(hand)},
        peers={
            "jax": peers.jax_jvp(lambda *a: _peer(peers.jax_numpy(), *a), (0,)),
            "torch": peers.torch_jvp(lambda *a: _peer(peers.torch(), *a), (0,)),
        },
    )


CASES = [
    _case("tanh sum float64", hand64, np.float64),
    _case("tanh sum float32", hand32, np.float32),
]
