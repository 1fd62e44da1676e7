"""A multilayer perceptron, 784-1024-1024-10, batch of 64, float32, written with arrays."""

from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, strict
from tests.benchmarks.cases.softmax import ZERO, cross_entropy


def mlp_loss(W1, b1, W2, b2, W3, b3, X, y):
    h1 = np.maximum(X @ W1 + b1, 0.0)
    h2 = np.maximum(h1 @ W2 + b2, 0.0)
    z = h2 @ W3 + b3
    z = z - z.max(axis=1, keepdims=True)
    loss = np.log(np.exp(z).sum(axis=1)).sum()
    for i in range(y.size):
        loss -= z[i, y[i]]
    return loss / y.size


def mlp_loss_for_numba(W1, b1, W2, b2, W3, b3, X, y):
    """Numba needs the zero in float32 (it has no weak literals) and has no `max(axis=)`."""
    h1 = np.maximum(X @ W1 + b1, ZERO)
    h2 = np.maximum(h1 @ W2 + b2, ZERO)
    z = h2 @ W3 + b3
    for i in range(y.size):
        z[i] -= z[i].max()
    loss = np.log(np.exp(z).sum(axis=1)).sum()
    for i in range(y.size):
        loss -= z[i, y[i]]
    return loss / y.size


def inputs(batch: int, pixels: int, hidden: int, classes: int) -> Arguments:
    """Weights and biases of three layers, images in [0, 1) and labels."""
    generator = np.random.default_rng(0)
    layers = []
    for rows, columns in ((pixels, hidden), (hidden, hidden), (hidden, classes)):
        layers.append(generator.standard_normal((rows, columns)) / np.sqrt(rows))
        layers.append(0.1 * generator.standard_normal(columns))
    return (
        *(layer.astype(np.float32) for layer in layers),
        generator.random((batch, pixels)).astype(np.float32),
        generator.integers(0, classes, batch),
    )


@strict
def bias_and_relu(h, d_h, b, d_b):
    """In place, value and tangent in one pass."""
    for i in range(h.shape[0]):
        for j in range(h.shape[1]):
            a = h[i, j] + b[j]
            d_a = d_h[i, j] + d_b[j]
            keep = a >= ZERO
            h[i, j] = a if keep else ZERO
            d_h[i, j] = d_a if keep else ZERO


@strict
def bias_sum_and_relu(h, d_h, extra, b, d_b):
    """The same where the tangent has a second part, `extra`."""
    for i in range(h.shape[0]):
        for j in range(h.shape[1]):
            a = h[i, j] + b[j]
            d_a = d_h[i, j] + extra[i, j] + d_b[j]
            keep = a >= ZERO
            h[i, j] = a if keep else ZERO
            d_h[i, j] = d_a if keep else ZERO


@strict
def stacked(W1, b1, W2, b2, W3, b3, X, y, d_W1, d_b1, d_W2, d_b2, d_W3, d_b3):
    """Value rows above tangent rows, so that h @ W and d_h @ W are one product."""
    n = X.shape[0]
    s1 = np.empty((2 * n, W1.shape[1]), np.float32)
    h1, d_h1 = s1[:n], s1[n:]
    np.dot(X, W1, h1)
    np.dot(X, d_W1, d_h1)
    bias_and_relu(h1, d_h1, b1, d_b1)
    s2 = np.empty((2 * n, W2.shape[1]), np.float32)
    h2, d_h2 = s2[:n], s2[n:]
    extra = np.empty((n, W2.shape[1]), np.float32)
    np.dot(s1, W2, s2)
    np.dot(h1, d_W2, extra)
    bias_sum_and_relu(h2, d_h2, extra, b2, d_b2)
    z = np.empty((2 * n, W3.shape[1]), np.float32)
    np.dot(s2, W3, z)
    z[n:] += np.dot(h2, d_W3)
    return cross_entropy(z[:n], z[n:], b3, d_b3, y)


@strict
def separate(W1, b1, W2, b2, W3, b3, X, y, d_W1, d_b1, d_W2, d_b2, d_W3, d_b3):
    """One product per term of the product rule."""
    h1 = np.dot(X, W1)
    d_h1 = np.dot(X, d_W1)
    bias_and_relu(h1, d_h1, b1, d_b1)
    h2 = np.dot(h1, W2)
    d_h2 = np.dot(d_h1, W2)
    bias_sum_and_relu(h2, d_h2, np.dot(h1, d_W2), b2, d_b2)
    z = np.dot(h2, W3)
    d_z = np.dot(d_h2, W3)
    d_z += np.dot(h2, d_W3)
    return cross_entropy(z, d_z, b3, d_b3, y)


def _jax_loss(W1, b1, W2, b2, W3, b3, X, y):
    jnp = peers.jax_numpy()
    h = jnp.maximum(X @ W1 + b1, 0.0)
    h = jnp.maximum(h @ W2 + b2, 0.0)
    z = h @ W3 + b3
    z = z - z.max(axis=1, keepdims=True)
    loss = jnp.log(jnp.exp(z).sum(axis=1)).sum()
    return (loss - z[jnp.arange(y.size), y].sum()) / y.size


def _torch_loss(W1, b1, W2, b2, W3, b3, X, y):
    torch = peers.torch()
    h = torch.relu(X @ W1 + b1)
    h = torch.relu(h @ W2 + b2)
    return torch.nn.functional.cross_entropy(h @ W3 + b3, y)


CASES = [
    Case(
        name="mlp 784-1024-1024-10",
        primal=mlp_loss,
        numba_primal=mlp_loss_for_numba,
        numpy_primal=mlp_loss,
        argnums=(0, 1, 2, 3, 4, 5),
        inputs=partial(inputs, 64, 784, 1024, 10),
        small_inputs=partial(inputs, 5, 12, 8, 4),
        hand_jvp=stacked,
        bump=1,
        variants={"separate products": separate},
        peers={
            "jax": peers.jax_jvp(_jax_loss, (0, 1, 2, 3, 4, 5)),
            "torch": peers.torch_jvp(_torch_loss, (0, 1, 2, 3, 4, 5)),
        },
    )
]
