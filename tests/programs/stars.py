"""Stars in tuples, calls and parameters, and loops over tuples of several kinds."""

import numpy as np

NEEDS_REWRITING = (
    "starred_names",
    "starred_calls",
    "starred_indices",
    "keywords_only",
    "loops_over_several_kinds",
)


def starred_names(x, pair, s):
    first, *rest = (s, x[0], x[1] * s)
    *front, last = (*rest, first, *rest)
    a, *arrays = pair
    (low, *others), k = (x[2], s), len(front)
    return first * rest[0] * last * front[1] * k + np.sum(a * arrays[0]) * s + low * others[0]


def _scaled(a, b, c=2.0):
    return a * b + c * a


def _product(s, *factors):
    total = s
    for factor in factors:
        total = total * factor
    return total + len(factors)


def _pair_of(x):
    return x[0] * x[1], x[2]


def starred_calls(x, s):
    def inner(*values):
        return values[0] * values[1] * s

    total = inner(x[0], s) + _product(s) + _product(s, x[0]) + _product(*(x[0], x[1]), s, x[2])
    t = (x[3], s)
    total += _scaled(*t) + _scaled(*t, x[1]) + _scaled(s, *(x[2], s))
    for i in range(3):
        total += _scaled(*_pair_of(x * s)) * i
    return total


def starred_indices(X, s):
    n, *rest = X.shape
    y = np.zeros((*X.shape, 2))
    for i in range(n):
        place = (i, rest[0] - 1)
        y[(*place, 1)] = X[i, 0] * s * X[place]
    return np.sum(y)


def _power(x, *, k=2.0, n=3):
    return x**n * k


def keywords_only(x, s):
    return _power(x[0]) + _power(s, k=x[1]) + _power(x[1], n=2, k=s)


def loops_over_several_kinds(layers, s):
    *hidden, last = layers
    total = np.sum(last) * s
    for W in hidden:
        total += np.sum(W)
    for k, W in enumerate(layers):
        total += np.sum(W * s) * k
    for a, W in zip((s, 2.0 * s, 1.0, s), layers):
        total *= np.sum(W) + a
    return total
