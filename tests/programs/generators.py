"""Loops over generators."""

import math

import numba
import numpy as np

from tests.programs import support

NEEDS_REWRITING = (
    "generators_inside",
    "generator_of_another_module",
    "generators_given_to_others",
    "generators_under_names",
)


def _steps(x, k, n=4):
    """Every step is smaller than the one before."""
    total = x * 1.0
    for i in range(n):
        if i == 2:
            continue
        total = total * math.sin(k)
        yield total
        k = k * 0.5 + total
    yield k


@numba.njit
def _pairs(x, limit):
    for i in range(x.size):
        for j in range(i):
            if x[i] * x[j] > limit:
                return
            yield i, x[i] * x[j]
            x[j] = x[j] * 1.5


def generator_of_the_module(s, t):
    total = 0.0
    k = s * t
    for v in _steps(s, t):
        if v > 0.9:
            continue
        total += v * k
        k = k * v
    return total * k


def generator_that_is_left(x, s):
    y = x * s
    total = s
    for i, v in _pairs(y, 0.7):
        if i == 3 and v < 0.0:
            break
        total += v * i
    else:
        total = total * 100.0
    return total, y


def generator_left_by_return(x, s):
    for k, (i, v) in enumerate(_pairs(x * s, 10.0), 1):
        if i == 4:
            return v * k
        s = s * v + k
    return s


def generators_inside(x, s, n):
    math = s * 2.0  # not the module

    def scaled(a, power):
        for v in x:
            yield power(v) * a
            if v > 1.0:
                return
        yield a * s

    total = 0.0
    for i in range(n):
        for v in scaled(s * i, lambda b: b * math):
            if v > 0.4:
                break
            total += v
        for v in scaled(power=np.sin, a=math):
            for w in _steps(v, total, n=2):
                total += w * v
                if w > 0.9:
                    break
    return total


def generators_given_to_others(s, t, n):
    grown = [v * t for v in _steps(s, t)]
    first = sum(_steps(t, s)) + sum(v * v for v in _steps(s, t, n - 1))
    large = any(_steps(s, t)) and all(v > -9.0 for v in _steps(t, s))
    return first * grown[0] * grown[3] if large else s


def generators_under_names(s, t, n):
    total, scale = s, t
    steps = _steps(scale * s, t)
    scale = scale * 3.0
    for k, v in enumerate(steps):
        inner = _steps(v, scale, 1)
        for w in _steps(scale, v, 2):
            total += w * scale * k
        if k < 2:
            total += max(inner)
    if total > -100.0:
        total += min(_steps(t, s)) * sorted(_steps(s, t))[1]
    kept, squares = [], []
    for i in range(n):
        kept.append(total * i)
        squares.append(s * kept[i])
    return np.sum(np.array(kept)) * np.max(np.array(squares))


def generator_of_another_module(x, s):
    total = 0.0
    for v in support.halves(s, 3):
        total += v * x[0]
    return total + np.sum(x)


def _without_end(told, s):
    k = 0.0
    while True:
        told[0] += s
        k += s
        yield k


def generators_beside_arrays(x, y, s):
    told = np.zeros(1)
    total = s
    for a, b in zip(y, _steps(s, x[0])):
        if b > 0.4:
            continue
        total = total * 0.5 + a * b
        if total > 100.0:
            break
    for a, b, c in zip(y[:4], _without_end(told, s), x[:3]):
        total = total * 0.5 + a * b * c
    for b, a in zip(_without_end(told, s), [s, x[1]]):
        total = total * 0.5 + a * b
    for _, b in zip(y[:0], _without_end(told, s)):
        total = total * b
    steps = _pairs(x, 1.0)
    for a, (b, c) in zip(y, steps):
        total += a * b * c
    return total * told[0]
