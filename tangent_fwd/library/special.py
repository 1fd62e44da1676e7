"""Functions of `scipy.special` that reduce or combine others, as SciPy defines them."""

from __future__ import annotations

from typing import Any

import numpy as np


class _Special:
    """A function of SciPy's by name: whoever calls what is defined here has imported SciPy."""

    __module__ = "scipy.special"

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError  # the text below is compiled and never run


binom, gamma = _Special("binom"), _Special("gamma")


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: Any = False) -> Any:
    """The logarithm of the sum of exponentials, each times its `b`, without overflow."""
    if axis is None:
        top = np.max(a)
        top = top if np.isfinite(top) else 0.0
        if b is None:
            return np.log(np.sum(np.exp(a - top))) + top
        return np.log(np.sum(b * np.exp(a - top))) + top
    high = np.max(a, axis=axis, keepdims=True)
    high = np.where(np.isfinite(high), high, 0.0)
    powers = np.exp(a - high)
    if b is not None:
        powers = b * powers
    total = np.sum(powers, axis=axis, keepdims=keepdims)
    return np.log(total) + np.max(high, axis=axis, keepdims=keepdims)


def softmax(x: Any, axis: Any = None) -> Any:
    """Exponentials over their sum."""
    if axis is None:
        powers = np.exp(x - np.max(x))
        return powers / np.sum(powers)
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of the softmax, which holds where that underflows."""
    if axis is None:
        below = x - np.max(x)
        return below - np.log(np.sum(np.exp(below)))
    below = x - np.max(x, axis=axis, keepdims=True)
    return below - np.log(np.sum(np.exp(below), axis=axis, keepdims=True))


def comb(N: Any, k: Any) -> Any:
    """In how many ways k things can be chosen out of N; 0 where that makes no sense."""
    return np.where((k <= N) & (N >= 0) & (k >= 0), binom(N, k), 0.0)


def factorial(n: Any) -> Any:
    """The product of the whole numbers up to n; 0 where n is negative."""
    return np.where(n < 0, 0.0, gamma(n + 1.0))
