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


def newton(
    curves: Any, gram: Any, turned: Any, weights: Any, spare: Any, floor: Any, longest: Any
) -> Any:
    """Solve |curves| · w = weights in place; all other arrays are overwritten.

    `curves` is symmetric, and of `gram`, the products of the vectors that it belongs to, only the
    lower half is read. Absolute values are taken along the principal axes of the space that these
    vectors span, in units of length, and none is less than `floor`. The sum of the vectors, each
    times its weight, is no longer than `longest`. A vector that depends on those before it gets the
    weight 0.
    """
    n = weights.size
    for j in range(n):
        whole = gram[j, j]
        for i in range(j):
            gram[j, j] -= gram[j, i] ** 2
        kept = gram[j, j] > 1e-12 * whole
        gram[j, j] = 1.0 / np.sqrt(gram[j, j]) if kept else 0.0
        for r in range(j + 1, n):
            for i in range(j):
                gram[r, j] -= gram[r, i] * gram[j, i]
            gram[r, j] *= gram[j, j]
    for j in range(n):
        for i in range(j):
            weights[j] -= gram[j, i] * weights[i]
            for r in range(n):
                curves[j, r] -= gram[j, i] * curves[i, r]
        weights[j] *= gram[j, j]
        for r in range(n):
            curves[j, r] *= gram[j, j]
    for j in range(n):
        for r in range(n):
            for i in range(j):
                curves[r, j] -= gram[j, i] * curves[r, i]
            curves[r, j] *= gram[j, j]
    principal(curves, turned)
    length = 0.0
    for j in range(n):
        spare[j] = 0.0
        for i in range(n):
            spare[j] += turned[i, j] * weights[i]
        spare[j] /= max(abs(curves[j, j]), floor)
        length += spare[j] ** 2
    share = min(longest / np.sqrt(length), 1.0) if length > 0.0 else 1.0
    for j in range(n - 1, -1, -1):
        weights[j] = 0.0
        for i in range(n):
            weights[j] += turned[j, i] * spare[i] * share
        for r in range(j + 1, n):
            weights[j] -= gram[r, j] * weights[r]
        weights[j] *= gram[j, j]


def principal(a: Any, turned: Any) -> Any:
    """Turn a symmetric matrix to its principal axes, in place, by Jacobi's rotations.

    The diagonal of `a` holds the eigenvalues then, and the columns of `turned` the axes.
    """
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            turned[i, j] = 1.0 if i == j else 0.0
    for _ in range(30):
        rest, whole = 0.0, 0.0
        for p in range(n):
            whole += a[p, p] ** 2
            for q in range(p):
                rest += a[p, q] ** 2
        if not rest > 1e-30 * whole:
            return
        for p in range(n):
            for q in range(p + 1, n):
                if a[p, q] != 0.0:
                    half = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
                    t = 1.0 / (abs(half) + np.sqrt(half * half + 1.0))
                    t = t if half >= 0.0 else -t
                    c = 1.0 / np.sqrt(t * t + 1.0)
                    s = t * c
                    for i in range(n):
                        a[i, p], a[i, q] = c * a[i, p] - s * a[i, q], s * a[i, p] + c * a[i, q]
                    for i in range(n):
                        a[p, i], a[q, i] = c * a[p, i] - s * a[q, i], s * a[p, i] + c * a[q, i]
                        turned[i, p], turned[i, q] = (
                            c * turned[i, p] - s * turned[i, q],
                            s * turned[i, p] + c * turned[i, q],
                        )
