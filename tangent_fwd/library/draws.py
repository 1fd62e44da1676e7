"""Random numbers whose distribution moves: drawn from a fixed one, and moved.

What is drawn is what NumPy draws, number by number.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np


def _normal(size: Any) -> Any:
    if size is None:
        return np.random.standard_normal()
    return np.random.standard_normal(size)


def _uniform(size: Any) -> Any:
    if size is None:
        return np.random.random()
    return np.random.random(size)


def _exponential(size: Any) -> Any:
    if size is None:
        return np.random.standard_exponential()
    return np.random.standard_exponential(size)


def normal(loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Normally distributed numbers."""
    return loc + scale * _normal(size)


def uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    """Evenly distributed numbers."""
    return low + (high - low) * _uniform(size)


def exponential(scale: Any = 1.0, size: Any = None) -> Any:
    """Exponentially distributed numbers."""
    return scale * _exponential(size)


def lognormal(mean: Any = 0.0, sigma: Any = 1.0, size: Any = None) -> Any:
    """Numbers whose logarithm is normally distributed."""
    return np.exp(mean + sigma * _normal(size))


def laplace(loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Numbers whose distance from the middle is exponentially distributed."""
    even = _uniform(size)
    apart = np.where(even >= 0.5, -np.log(2.0 - even - even), np.log(even + even))
    return loc + scale * apart


def logistic(loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Numbers of the logistic distribution."""
    even = _uniform(size)
    return loc + scale * np.log(even / (1.0 - even))


def gumbel(loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
    """Numbers of the distribution of the largest of many."""
    return loc - scale * np.log(-np.log(1.0 - _uniform(size)))


def rayleigh(scale: Any = 1.0, size: Any = None) -> Any:
    """Lengths of vectors of two normally distributed numbers."""
    return scale * np.sqrt(-2.0 * np.log1p(-_uniform(size)))


def weibull(a: Any, size: Any = None) -> Any:
    """Roots of exponentially distributed numbers."""
    return _exponential(size) ** (1.0 / a)


def pareto(a: Any, size: Any = None) -> Any:
    """Numbers of the second kind of Pareto distribution."""
    return np.exp(_exponential(size) / a) - 1.0


def power(a: Any, size: Any = None) -> Any:
    """Numbers below 1 whose distribution is a power."""
    return (1.0 - np.exp(-_exponential(size))) ** (1.0 / a)


def triangular(left: Any, mode: Any, right: Any, size: Any = None) -> Any:
    """Numbers whose density rises up to the mode and falls from there."""
    even, base = _uniform(size), right - left
    below = left + np.sqrt(even * ((mode - left) * base))
    above = right - np.sqrt((1.0 - even) * ((right - mode) * base))
    return np.where(even <= (mode - left) / base, below, above)


# --- the shape moves: single draws have rules (`rules/draws.py`), or are made of some that have --


def fisher(dfnum: Any, dfden: Any) -> Any:
    """The quotient of two mean squares."""
    above = np.random.chisquare(dfnum) * dfden
    return above / (np.random.chisquare(dfden) * dfnum)


def student(df: Any) -> Any:
    """A normally distributed number over the root of a mean square."""
    drawn = np.random.standard_normal()
    return np.sqrt(df / 2.0) * drawn / np.sqrt(np.random.standard_gamma(df / 2.0))


def dirichlet(alpha: Any, size: Any = None) -> Any:
    """Shares that gamma distributed numbers have of their sum."""
    for k in range(len(alpha)):
        if alpha[k] <= 0.0:
            raise ValueError("dirichlet: alpha must be > 0.0")
    if size is None:
        return _shares(alpha, 1)[0]
    places = np.empty(size)
    return _shares(alpha, places.size).reshape(places.shape + (len(alpha),))


def _shares(alpha: Any, count: Any) -> Any:
    rows = np.empty((count, len(alpha)))
    for i in range(count):
        total = 0.0
        for k in range(len(alpha)):
            rows[i, k] = np.random.gamma(alpha[k], 1.0)
            total += rows[i, k]
        for k in range(len(alpha)):
            rows[i, k] /= total
    return rows


def _each(draw: Any) -> Callable[..., Any]:
    """A function that draws many numbers, where `draw` draws one."""

    def draws(a: Any, size: Any) -> Any:
        found = np.empty(size)
        flat = found.reshape(-1)
        for k in range(flat.size):
            flat[k] = draw(a)
        return found

    return draws


def _each_of_two(draw: Any) -> Callable[..., Any]:
    """The same where a distribution has two parameters."""

    def draws(a: Any, b: Any, size: Any) -> Any:
        found = np.empty(size)
        flat = found.reshape(-1)
        for k in range(flat.size):
            flat[k] = draw(a, b)
        return found

    return draws


# --- Python's own ------------------------------------------------------------------------------


def even_between(a: Any, b: Any) -> Any:
    """`random.uniform`."""
    return a + (b - a) * random.random()


def triangle(low: Any = 0.0, high: Any = 1.0, mode: Any = None) -> Any:
    """`random.triangular`."""
    even = random.random()
    middle = 0.5 if mode is None else (mode - low) / (high - low)
    if even > middle:
        return high + (low - high) * np.sqrt((1.0 - even) * (1.0 - middle))
    return low + (high - low) * np.sqrt(even * middle)


def gauss(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
    """`random.gauss`."""
    return mu + random.gauss(0.0, 1.0) * sigma


def normalvariate(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
    """`random.normalvariate`."""
    return mu + random.normalvariate(0.0, 1.0) * sigma


def lognormvariate(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
    """`random.lognormvariate`."""
    return np.exp(mu + random.normalvariate(0.0, 1.0) * sigma)


def expovariate(lambd: Any = 1.0) -> Any:
    """`random.expovariate`."""
    return random.expovariate(1.0) / lambd


def paretovariate(alpha: Any) -> Any:
    """`random.paretovariate`."""
    return (1.0 - random.random()) ** (-1.0 / alpha)


def weibullvariate(alpha: Any, beta: Any) -> Any:
    """`random.weibullvariate`."""
    return alpha * (-math.log(1.0 - random.random())) ** (1.0 / beta)


# --- the same numbers in another order ---------------------------------------------------------


def permuted(x: Any) -> Any:
    """The rows in another order."""
    return x[np.random.permutation(x.shape[0])]


def shuffle(x: Any) -> None:
    """The rows put into another order."""
    x[...] = x[np.random.permutation(x.shape[0])]


def shuffled(x: Any) -> None:
    """`random.shuffle`, exchange by exchange."""
    for k in range(len(x) - 1, 0, -1):
        other = random.randrange(k + 1)
        x[k], x[other] = x[other], x[k]


def chosen(a: Any, size: Any = None, replace: Any = True) -> Any:
    """Some of the elements."""
    if size is None:
        return a[np.random.choice(a.size)]
    return a[np.random.choice(a.size, size, replace)]


MOVED: dict[str, Callable[..., Any]] = {
    "numpy.random.normal": normal,
    "numpy.random.uniform": uniform,
    "numpy.random.exponential": exponential,
    "numpy.random.lognormal": lognormal,
    "numpy.random.f": fisher,
    "numpy.random.standard_t": student,
    "numpy.random.dirichlet": dirichlet,
    "numpy.random.laplace": laplace,
    "numpy.random.logistic": logistic,
    "numpy.random.gumbel": gumbel,
    "numpy.random.rayleigh": rayleigh,
    "numpy.random.weibull": weibull,
    "numpy.random.pareto": pareto,
    "numpy.random.power": power,
    "numpy.random.triangular": triangular,
    "random.uniform": even_between,
    "random.triangular": triangle,
    "random.gauss": gauss,
    "random.normalvariate": normalvariate,
    "random.lognormvariate": lognormvariate,
    "random.expovariate": expovariate,
    "random.paretovariate": paretovariate,
    "random.weibullvariate": weibullvariate,
}
"""What each function is, where numbers that may move are given to it."""

REPEATED: dict[str, Callable[..., Any]] = {
    "numpy.random.standard_gamma": _each(np.random.standard_gamma),
    "numpy.random.chisquare": _each(np.random.chisquare),
    "numpy.random.standard_t": _each(np.random.standard_t),
    "numpy.random.gamma": _each_of_two(np.random.gamma),
    "numpy.random.noncentral_chisquare": _each_of_two(np.random.noncentral_chisquare),
    "numpy.random.wald": _each_of_two(np.random.wald),
    "numpy.random.vonmises": _each_of_two(np.random.vonmises),
    "numpy.random.f": _each_of_two(np.random.f),
    "numpy.random.beta": _each_of_two(np.random.beta),
}
"""Many numbers, where one has a rule or is made of others that are drawn in between."""

ORDERED: dict[str, Callable[..., Any]] = {
    "numpy.random.permutation": permuted,
    "numpy.random.choice": chosen,
}
"""The same where an array is given that may be one of them."""
