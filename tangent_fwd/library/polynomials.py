"""Polynomials: as NumPy writes them, highest power first, and as `numpy.polynomial` does, lowest
first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tangent_fwd.library.orders import trim_zeros


def polyval(p: Any, x: Any) -> Any:
    """The value at x, by Horner's rule."""
    if p.size == 0:
        return x * 0.0
    value = p[0] + x * 0
    for k in range(1, p.size):
        value = value * x + p[k]
    return value


def polyval_up(x: Any, c: Any) -> Any:
    """The value at x of the polynomial whose lowest power comes first."""
    value = c[c.size - 1] + x * 0
    for k in range(2, c.size + 1):
        value = c[c.size - k] + value * x
    return value


def polyder(p: Any, m: Any = 1) -> Any:
    """The m-th derivative."""
    found = p.copy()
    for _ in range(m):
        found = found[:-1] * np.arange(found.size - 1, 0, -1)
    return found


def polyint(p: Any, m: Any = 1, k: Any = 0.0) -> Any:
    """The m-th integral, whose constants are all k."""
    found = p * 1.0
    for _ in range(m):
        whole = np.full(found.size + 1, k, found.dtype)
        whole[:-1] = found / np.arange(found.size, 0, -1)
        found = whole
    return found


def polyint_up(c: Any, m: Any = 1) -> Any:
    """The m-th integral, lowest power first."""
    found = c * 1.0
    for _ in range(m):
        whole = np.zeros(found.size + 1, found.dtype)
        whole[1:] = found / np.arange(1, found.size + 1)
        found = whole
    return found


def polyfit(x: Any, y: Any, deg: Any) -> Any:
    """The polynomial of this degree that fits best, by least squares."""
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.size == 0:
        raise TypeError("expected non-empty vector for x")
    places = x + 0.0
    powers = np.vander(places, deg + 1)
    scale = np.sqrt(np.sum(powers * powers, axis=0))
    small = x.size * np.finfo(places.dtype).eps
    found = np.linalg.lstsq(powers / scale, y.astype(np.float64), small)[0]
    return (found.T / scale).T


def roots(p: Any) -> Any:
    """The roots, which must all be real: the eigenvalues of the companion matrix."""
    places = np.flatnonzero(p)
    if places.size == 0:
        return np.zeros(0, p.dtype)
    first, last = places[0], places[-1]
    size = last - first
    found = np.zeros(size + p.size - 1 - last, p.dtype)
    if size > 0:
        companion = np.zeros((size, size), p.dtype)
        companion[0] = -p[first + 1 : last + 1] / p[first]
        for k in range(1, size):
            companion[k, k - 1] = 1.0
        values = np.linalg.eigvals(companion)
        if np.any(np.imag(values) != 0.0):  # which numba says itself
            raise ValueError("eigvals() argument must not cause a domain change.")
        found[:size] = np.real(values)
    return found


def polyadd(a1: Any, a2: Any) -> Any:
    """The sum of two polynomials."""
    if a1.size >= a2.size:
        out = a1 + np.zeros(a1.size, a2.dtype)
        out[a1.size - a2.size :] += a2
        return out
    wide = a2 + np.zeros(a2.size, a1.dtype)
    wide[a2.size - a1.size :] += a1
    return wide


def polysub(a1: Any, a2: Any) -> Any:
    """The difference of two polynomials."""
    return polyadd(a1, -a2)


def _leading(a: Any) -> Any:
    found = trim_zeros(a, "f")
    return found if found.size > 0 else np.zeros(1, a.dtype)


def polymul(a1: Any, a2: Any) -> Any:
    """The product of two polynomials."""
    return np.convolve(_leading(a1), _leading(a2))


def trimseq(c: Any) -> Any:
    """The coefficients without highest powers that are 0, but at least one."""
    found = trim_zeros(c, "b")
    return found if found.size > 0 else c[:1] * 0


def polyadd_up(c1: Any, c2: Any) -> Any:
    """The sum, lowest power first, without highest powers that are 0."""
    if c1.size >= c2.size:
        out = c1 + np.zeros(c1.size, c2.dtype)
        out[: c2.size] += c2
        return trimseq(out)
    wide = c2 + np.zeros(c2.size, c1.dtype)
    wide[: c1.size] += c1
    return trimseq(wide)


def polysub_up(c1: Any, c2: Any) -> Any:
    """The difference, lowest power first, without highest powers that are 0."""
    return polyadd_up(c1, -c2)


def polymul_up(c1: Any, c2: Any) -> Any:
    """The product, lowest power first, without highest powers that are 0."""
    return trimseq(np.convolve(trimseq(c1), trimseq(c2)))


def polydiv_up(c1: Any, c2: Any) -> Any:
    """The quotient and what is left, lowest power first."""
    one, other = trimseq(c1), trimseq(c2)
    last = other[other.size - 1]
    if last == 0.0:
        raise ZeroDivisionError("polynomial division by zero")
    if one.size < other.size:
        return one[:1] * 0, one
    rest = one / last
    scaled = other / last
    for k in range(one.size - other.size, -1, -1):
        top = rest[k + other.size - 1]
        for j in range(other.size - 1):
            rest[k + j] -= scaled[j] * top
    return rest[other.size - 1 :].copy(), trimseq(_remainder(rest, other.size, last))


def _remainder(rest: Any, size: Any, last: Any) -> Any:
    if size == 1:
        return rest[:1] * 0
    return rest[: size - 1] * last
