"""Functions of numbers, and of each element, as Python and NumPy define them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def fsum(values: Any) -> Any:
    """The sum, with what each addition rounds away added in the end (Neumaier 1974)."""
    total, lost = 0.0, 0.0
    for k in range(values.size):
        new = total + values[k]
        if abs(total) >= abs(values[k]):
            lost += (total - new) + values[k]
        else:
            lost += (values[k] - new) + total
        total = new
    return total + lost


def dist(p: Any, q: Any) -> Any:
    """The distance of two points."""
    if p.size != q.size:
        raise ValueError("both points must have the same number of dimensions")
    apart = p - q
    return np.sqrt(np.sum(apart * apart))


def cbrt(x: Any) -> Any:
    """The third root."""
    return np.cbrt(x)


def fmod(x: Any, y: Any) -> Any:
    """What is left of x when it is divided by y, with the sign of x."""
    return np.fmod(x, y)


def remainder(x: Any, y: Any) -> Any:
    """X less the multiple of y that is nearest, an even one where two are."""
    size = abs(y)
    rest = np.fmod(x, 2.0 * size)
    if rest > 1.5 * size:
        return rest - 2.0 * size
    if rest > 0.5 * size and rest < 1.5 * size:
        return rest - size
    if rest < -1.5 * size:
        return rest + 2.0 * size
    if rest < -0.5 * size and rest > -1.5 * size:
        return rest + size
    if rest == 1.5 * size:
        return rest - 2.0 * size
    if rest == -1.5 * size:
        return rest + 2.0 * size
    return rest


def modf(x: Any) -> Any:
    """The part behind the point, and the one before it."""
    whole = np.trunc(x)
    return np.where(np.isinf(x), 0.0, x - whole), whole


def divmod_(x: Any, y: Any) -> Any:
    """The whole quotient, and what is left."""
    return np.floor_divide(x, y), np.remainder(x, y)


def isclose(a: Any, b: Any, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """Whether two numbers are close to each other."""
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    apart = abs(b - a)
    return apart <= abs(rel_tol * b) or apart <= abs(rel_tol * a) or apart <= abs_tol


def is_integer(x: Any) -> Any:
    """Whether a number is whole."""
    return np.isfinite(x) and np.floor(x) == x


def ulp(x: Any) -> Any:
    """The value of the least significant bit."""
    return np.spacing(abs(x))


def comb(n: Any, k: Any) -> Any:
    """The number of ways to choose k of n."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative")
    found = 1
    for j in range(min(k, max(n - k, -1))):
        found = found * (n - j) // (j + 1)
    return found if k <= n else 0


def perm(n: Any, k: Any) -> Any:
    """The number of ways to choose k of n in order."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative")
    found = 1
    for j in range(k):
        found *= n - j
    return found if k <= n else 0


def factorial(n: Any) -> Any:
    """The product of the numbers from 1 to n, which fits 64 bits up to 20."""
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    if n > 20:
        raise OverflowError("factorial: the result has more than 64 bits")
    found = 1
    for j in range(2, n + 1):
        found *= j
    return found


def isqrt(n: Any) -> Any:
    """The whole part of the square root of an integer."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(math.sqrt(n))
    while root * root > n:
        root -= 1
    while (root + 1) * (root + 1) <= n:
        root += 1
    return root


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below 0, 1 above it, and x2 at it."""
    step = np.where(x1 < 0.0, 0.0, np.where(x1 > 0.0, 1.0, x2))
    return np.where(np.isnan(x1), x1, step)


def smallest(values: Any) -> Any:
    """The first of the smallest elements, as the builtin finds it."""
    if values.size == 0:
        raise ValueError("min() arg is an empty sequence")
    found = values[0]
    for k in range(1, values.size):
        if values[k] < found:
            found = values[k]
    return found


def largest(values: Any) -> Any:
    """The first of the largest elements, as the builtin finds it."""
    if values.size == 0:
        raise ValueError("max() arg is an empty sequence")
    found = values[0]
    for k in range(1, values.size):
        if values[k] > found:
            found = values[k]
    return found
