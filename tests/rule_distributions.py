"""Distributions and hypergeometric functions of `scipy.special` in mpmath (see `rule_special`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

Mp = Callable[..., Any]
HALF = mp.mpf(1) / 2


def ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def gammainc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def gammaincc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def betainc(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def student(df: Any, t: Any) -> Any:
    size = mp.gamma((df + 1) / 2) / mp.gamma(df / 2) / mp.sqrt(mp.pi * df)
    return HALF + t * size * mp.hyp2f1(HALF, (df + 1) / 2, 3 * HALF, -t * t / df)


def fisher(dfn: Any, dfd: Any, x: Any) -> Any:
    return betainc(dfn / 2, dfd / 2, dfn * x / (dfn * x + dfd))


def chi_left(v: Any, x: Any) -> Any:
    return gammaincc(v / 2, x / 2)


def binomial(k: Any, n: Any, p: Any) -> Any:
    k = mp.floor(k)
    return betainc(n - k, k + 1, 1 - p)


def pascal(k: Any, n: Any, p: Any) -> Any:
    return betainc(n, k + 1, p)


def poisson(k: Any, m: Any) -> Any:
    return gammaincc(mp.floor(k) + 1, m)


def moved_chi(x: Any, df: Any, nc: Any) -> Any:
    """A sum over the distributions with two, four, … more degrees of freedom."""
    a, x = df / 2, x / 2
    first = x**a * mp.exp(-x) * mp.rgamma(a + 1)
    return _mixed(nc, lambda j: gammainc(a + j, x), first, lambda j: x / (a + j))


def moved_fisher(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    return _betas(nc, 0, dfn / 2, dfd / 2, dfn * f / (dfd + dfn * f))


def moved_student(df: Any, nc: Any, t: Any) -> Any:
    if t < 0:
        return 1 - moved_student(df, -nc, -t)
    y = t * t / (df + t * t)
    even, odd = (_betas(nc * nc, s, HALF + s, df / 2, y) for s in (0, HALF))
    return ndtr(-nc) + (even + nc / mp.sqrt(2) * odd) / 2


def _betas(nc: Any, more: Any, a: Any, b: Any, y: Any) -> Any:
    first = y**a * (1 - y) ** b / (a * mp.beta(a, b))
    quotient = lambda j: y * (a + b + j - 1) / (a + j)
    return _mixed(nc, lambda j: betainc(a + j, b, y), first, quotient, more)


def _mixed(nc: Any, last: Mp, first: Any, quotient: Mp, more: Any = 0) -> Any:
    """The mean over how often something happens that happens nc / 2 times on average; each term
    is more by a step than the one behind it, and the quotients of the steps are known.
    """
    weights, steps = [mp.exp(-nc / 2) * mp.rgamma(1 + more)], [first]
    while len(weights) < nc / 2 or weights[-1] > mp.mpf(10) ** (-mp.mp.dps - 5):
        j = len(weights)
        weights.append(weights[-1] * nc / (2 * (j + more)))
        steps.append(steps[-1] * quotient(j))
    term = last(len(weights))
    total = mp.mpf(0)
    for weight, step in zip(weights[::-1], steps[::-1], strict=True):
        term += step
        total += weight * term
    return total


def kolmogorov(y: Any) -> Any:
    return 2 * sum((-1) ** (k - 1) * mp.exp(-2 * (k * y) ** 2) for k in range(1, _terms(y)))


def _terms(y: Any) -> int:
    return int(mp.sqrt(mp.mp.dps * 1.2) / y) + 3


def tukey(x: Any, lmbda: Any) -> Any:
    """By bisection and Newton's method, of the quantile that defines it."""
    low, high = mp.mpf(0), mp.mpf(1)
    for _ in range(4 * mp.mp.dps):
        middle = (low + high) / 2
        found = (middle**lmbda - (1 - middle) ** lmbda) / lmbda
        low, high = (middle, high) if found < x else (low, middle)
    return (low + high) / 2


def owens_t(h: Any, a: Any) -> Any:
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def exprel(x: Any) -> Any:
    return (mp.exp(x) - 1) / x


def elliprg(x: Any, y: Any, z: Any) -> Any:
    return (
        z * mp.elliprf(x, y, z)
        - (x - z) * (y - z) * mp.elliprd(x, y, z) / 3
        + mp.sqrt(x) * mp.sqrt(y) / mp.sqrt(z)
    ) / 2


def wright(a: Any, b: Any, x: Any) -> Any:
    total, power, k = mp.mpf(0), mp.mpf(1), 0
    while k < 20 or power > mp.mpf(10) ** (-mp.mp.dps - 5):
        total += power * mp.rgamma(a * k + b)
        k += 1
        power *= x / k
    return total


def besselpoly(a: Any, lmb: Any, nu: Any) -> Any:
    """DLMF 10.22, as a series."""
    return mp.nsum(
        lambda k: (-1) ** int(k) * a ** (nu + 2 * k)
        / (mp.factorial(k) * mp.gamma(k + nu + 1) * (lmb + nu + 1 + 2 * k)), [0, mp.inf]
    )  # fmt: skip


def shifted_jacobi(n: Any, p: Any, q: Any, x: Any) -> Any:
    return mp.jacobi(n, p - q, q - 1, 2 * x - 1) / mp.binomial(2 * n + p - 1, n)


def legendre(m: Any, v: Any, x: Any) -> Any:
    """Of order 1, from the slope of the function of order 0 (DLMF 14.6.1)."""
    assert m == 1
    slope = v * (v + 1) / 2 * mp.hyp2f1(1 - v, v + 2, 2, (1 - x) / 2)
    return -mp.sqrt(1 - x * x) * slope
