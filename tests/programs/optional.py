"""Values that may be None, handed on to helpers and given back by them."""

from typing import NamedTuple

import numpy as np
from numba import njit


class Pair(NamedTuple):
    a: float
    b: float


@njit
def _scaled(x, y):
    if y is None:
        return x * 2.0
    return x * y


@njit
def _product(x, y):
    if y is None:
        return None
    return x * y


@njit
def _doubled(x, n):
    if n % 2:
        return None
    return x * 2.0


@njit
def _filled(out, y):
    if y is None:
        out[:] += 1.0
    else:
        out[:] *= y


@njit
def _half(x, t):
    if t > 0.0:
        return x * 0.5
    return None


@njit
def _count(x):
    if x > 0.5:
        return int(x * 3.0)
    return None


@njit
def _is_large(x):
    if x > 0.3:
        return x > 1.0
    return None


@njit
def _power(x, n, large):
    if large is None:
        return x * x if n is None else x**n
    return x if large else 3.0 * x


@njit
def _pair(x, t):
    if t > 0.0:
        return Pair(x, x * x)
    return None


@njit
def _of_pair(p, x):
    if p is None:
        return x
    return p.a * p.b * x


@njit
def _again(n, x, y):
    if n == 0:
        return x if y is None else y * x
    return _again(n - 1, x * 1.1, _half(x, n - 1.5))


@njit
def _total(x, y):
    return np.sum(x * y)


def arrays_or_none_for_helpers(x, n):
    out = x * x
    for k in range(n - 1):
        _filled(out, _doubled(x, k))
    y = _product(x, _product(x, _doubled(x, n)))
    z = _product(x, _doubled(out, n + 1))
    if y is None or z is not None:
        return x[0]
    return np.sum(y * out) * _total(x, _doubled(out, n))


def numbers_or_none_for_helpers(x, n):
    def own(a, b=None):
        return a * a if b is None else a * b

    total = own(x[0]) + own(x[1], _half(x[0], x[1]))
    for k in range(n):
        total += _power(x[k], _count(x[k]), _is_large(x[k + 1]))
    m, y = _count(x[2]), None
    if m is not None:
        total += x[1] ** m
    for k in range(n):
        y = _scaled(x[k], y) if k % 2 else _product(x[k], y)
        total += 0.0 if y is None else y
    return total * _again(n, x[3], None)


def named_tuples_that_may_be_none(x, n):
    total, before, best = 0.0, None, None
    for k in range(x.size):
        pair = _pair(x[k], x[k] + 0.5)
        total += _of_pair(before, x[k])
        before = pair
        if pair is None:
            continue
        if best is None or pair.b > best.b:
            best = Pair(x[k] * n, pair.b)
    return total * best.a + best.b
