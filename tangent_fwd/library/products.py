"""Products of NumPy beyond those of two matrices."""

from __future__ import annotations

from typing import Any

import numpy as np


def stacked(a: Any, b: Any) -> Any:
    """`a @ b` for stacks of matrices, which are broadcast against each other."""
    if b.ndim == 1:
        return np.sum(a * b, axis=-1)
    if a.ndim == 1:
        return np.sum(a[:, None] * b, axis=-2)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError("matmul: mismatch in the core dimension")
    if b.ndim == 2:
        flat = a.reshape((-1, a.shape[-1])) @ b
        return flat.reshape(a.shape[:-1] + (b.shape[1],))
    if a.ndim == 2:
        return _each_right(a, b)
    if a.ndim == 3 and b.ndim == 3:
        return _each(a, b)
    return np.sum(a[..., None] * b[..., None, :, :], axis=-2)


def _each_right(a: Any, b: Any) -> Any:
    stack = b.reshape((-1, b.shape[-2], b.shape[-1]))
    out = np.empty((stack.shape[0], a.shape[0], b.shape[-1]), a.dtype)
    for k in range(stack.shape[0]):
        out[k] = a @ stack[k]
    return out.reshape(b.shape[:-2] + (a.shape[0], b.shape[-1]))


def _each(a: Any, b: Any) -> Any:
    length = a.shape[0] if a.shape[0] != 1 else b.shape[0]
    if b.shape[0] != 1 and b.shape[0] != length:
        raise ValueError("matmul: the stacks could not be broadcast together")
    out = np.empty((length, a.shape[1], b.shape[2]), a.dtype)
    for k in range(length):
        out[k] = a[k if a.shape[0] > 1 else 0] @ b[k if b.shape[0] > 1 else 0]
    return out


def same_length(one: Any, other: Any) -> Any:
    """Whether two axes that are summed over together are as long as each other."""
    if one != other:
        raise ValueError("shape-mismatch for sum")
    return True


def matvec(x1: Any, x2: Any) -> Any:
    """Each matrix times each vector."""
    if x2.ndim == 1:
        return x1 @ x2
    return np.sum(x1 * x2[..., None, :], axis=-1)


def vecmat(x1: Any, x2: Any) -> Any:
    """Each vector times each matrix."""
    if x1.ndim == 1:
        return x1 @ x2
    return np.sum(x1[..., :, None] * x2, axis=-2)
