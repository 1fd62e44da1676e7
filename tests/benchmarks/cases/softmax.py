"""Softmax regression, 784 pixels to 10 classes, batch of 64, float32, written with arrays."""

import math
from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, strict

ZERO = np.float32(0.0)
LEAST = np.float32(-np.inf)


def softmax_loss(W, b, X, y):
    z = X @ W + b
    z = z - z.max(axis=1, keepdims=True)
    loss = np.log(np.exp(z).sum(axis=1)).sum()
    for i in range(y.size):
        loss -= z[i, y[i]]
    return loss / y.size


def softmax_loss_for_numba(W, b, X, y):
    """Numba has no `max(axis=)`; this is what its users write."""
    z = X @ W + b
    for i in range(y.size):
        z[i] -= z[i].max()
    loss = np.log(np.exp(z).sum(axis=1)).sum()
    for i in range(y.size):
        loss -= z[i, y[i]]
    return loss / y.size


def inputs(batch: int, pixels: int, classes: int) -> Arguments:
    """Weights, biases, images in [0, 1) and labels."""
    generator = np.random.default_rng(0)
    return (
        (0.05 * generator.standard_normal((pixels, classes))).astype(np.float32),
        generator.standard_normal(classes).astype(np.float32),
        generator.random((batch, pixels)).astype(np.float32),
        generator.integers(0, classes, batch),
    )


@strict
def cross_entropy(z, d_z, b, d_b, y):
    """Bias, logsumexp and label in one pass over the rows; `z` and `d_z` are overwritten."""
    count, classes = z.shape
    loss = 0.0
    d_loss = 0.0
    for i in range(count):
        top = LEAST
        for j in range(classes):
            z[i, j] += b[j]
            d_z[i, j] += d_b[j]
            top = max(top, z[i, j])
        total = ZERO
        d_total = ZERO
        for j in range(classes):
            e = math.exp(z[i, j] - top)
            total += e
            d_total += e * d_z[i, j]
        loss += math.log(total) - (z[i, y[i]] - top)
        d_loss += d_total / total - d_z[i, y[i]]
    return loss / count, d_loss / count


@strict
def side_by_side(W, b, X, y, d_W, d_b):
    """One product with [W, d_W]: X is read once."""
    pixels, classes = W.shape
    both = np.empty((pixels, 2 * classes), np.float32)
    for i in range(pixels):
        for j in range(classes):
            both[i, j] = W[i, j]
            both[i, classes + j] = d_W[i, j]
    z = np.empty((X.shape[0], 2 * classes), np.float32)
    np.dot(X, both, z)
    return cross_entropy(z[:, :classes], z[:, classes:], b, d_b, y)


@strict
def two_products(W, b, X, y, d_W, d_b):
    """Two products, each into a fresh array."""
    return cross_entropy(np.dot(X, W), np.dot(X, d_W), b, d_b, y)


def _jax_loss(W, b, X, y):
    jnp = peers.jax_numpy()
    z = X @ W + b
    z = z - z.max(axis=1, keepdims=True)
    loss = jnp.log(jnp.exp(z).sum(axis=1)).sum()
    return (loss - z[jnp.arange(y.size), y].sum()) / y.size


def _torch_loss(W, b, X, y):
    torch = peers.torch()
    return torch.nn.functional.cross_entropy(X @ W + b, y)


CASES = [
    Case(
        name="softmax 784-10",
        primal=softmax_loss,
        numba_primal=softmax_loss_for_numba,
        numpy_primal=softmax_loss,
        argnums=(0, 1),
        inputs=partial(inputs, 64, 784, 10),
        small_inputs=partial(inputs, 5, 12, 4),
        hand_jvp=side_by_side,
        bump=0,
        variants={"two products": two_products},
        peers={
            "jax": peers.jax_jvp(_jax_loss, (0, 1)),
            "torch": peers.torch_jvp(_torch_loss, (0, 1)),
        },
    )
]
