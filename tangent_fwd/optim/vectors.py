"""Arithmetic on flat arrays, and a small system of equations; its text is copied into the step."""

from __future__ import annotations

from typing import Any

import numpy as np


def dot(a: Any, b: Any) -> Any:
    """The sum of products of two flat arrays, in double precision."""
    total = 0.0
    for i in range(a.size):
        total += np.float64(a[i]) * np.float64(b[i])
    return total


def scale(a: Any, factor: Any) -> Any:
    """Multiply a flat array by a number, in place."""
    for i in range(a.size):
        a[i] *= factor


def take_out(a: Any, share: Any, b: Any) -> Any:
    """Subtract a share of one flat array from another, in place."""
    for i in range(a.size):
        a[i] -= share * b[i]


def thin(a: Any, p: Any) -> Any:
    """Turn uniform numbers in [0, 1) into signs of size 1/√p, and 0 with probability 1 − p."""
    size = 1.0 / np.sqrt(p)
    for i in range(a.size):
        a[i] = 0.0 if a[i] >= p else size if a[i] < 0.5 * p else -size


def solve(gram: Any, weights: Any) -> Any:
    """Solve gram · w = weights in place by Cholesky's method; only the lower half is read.

    A row that depends on those before it gets the weight 0.
    """
    n = weights.size
    for j in range(n):
        whole = gram[j, j]
        for i in range(j):
            gram[j, j] -= gram[j, i] ** 2
        kept = gram[j, j] > 1e-12 * whole
        gram[j, j] = np.sqrt(gram[j, j]) if kept else 0.0
        for r in range(j + 1, n):
            for i in range(j):
                gram[r, j] -= gram[r, i] * gram[j, i]
            gram[r, j] = gram[r, j] / gram[j, j] if kept else 0.0
        for i in range(j):
            weights[j] -= gram[j, i] * weights[i]
        weights[j] = weights[j] / gram[j, j] if kept else 0.0
    for j in range(n - 1, -1, -1):
        for r in range(j + 1, n):
            weights[j] -= gram[r, j] * weights[r]
        weights[j] = weights[j] / gram[j, j] if gram[j, j] > 0.0 else 0.0


def dot_outer(u: Any, v: Any, a: Any, b: Any) -> Any:
    """The scalar product of the matrices `u vᵀ` and `a bᵀ`, over stacks of them."""
    total = 0.0
    for k in range(u.shape[0]):
        total += dot(u[k], a[k]) * dot(v[k], b[k])
    return total


def along(x: Any, u: Any, v: Any) -> Any:
    """The scalar product of a flat array with the matrices `u vᵀ`."""
    total = 0.0
    size = v.shape[1]
    for k in range(u.shape[0]):
        for i in range(u.shape[1]):
            first = (k * u.shape[1] + i) * size
            total += u[k, i] * dot(x[first : first + size], v[k])
    return total
