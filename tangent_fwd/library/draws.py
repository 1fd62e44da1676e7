"""Random numbers whose distribution moves: drawn from a fixed one, and moved.

What is drawn is what NumPy draws, number by number.
"""

from __future__ import annotations

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


def gamma(shape: Any, scale: Any = 1.0, size: Any = None) -> Any:
    """Gamma distributed numbers; only their scale moves them."""
    if size is None:
        return scale * np.random.standard_gamma(shape)
    return scale * np.random.standard_gamma(shape, size)


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


MOVED: dict[str, Callable[..., Any]] = {
    "numpy.random.normal": normal,
    "numpy.random.uniform": uniform,
    "numpy.random.exponential": exponential,
    "numpy.random.lognormal": lognormal,
    "numpy.random.gamma": gamma,
    "numpy.random.laplace": laplace,
    "numpy.random.logistic": logistic,
    "numpy.random.gumbel": gumbel,
    "numpy.random.rayleigh": rayleigh,
    "numpy.random.weibull": weibull,
    "numpy.random.pareto": pareto,
    "numpy.random.power": power,
}
"""What each function of NumPy is, where numbers that may move are given to it."""
