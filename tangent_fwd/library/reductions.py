"""Reductions of NumPy, as NumPy defines them."""

from __future__ import annotations

from typing import Any

import numpy as np


def var(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The mean square distance from the mean; n − ddof in place of n."""
    if axis is None:
        apart = a - np.mean(a)
        return np.sum(apart * apart) / (a.size - ddof)
    apart = a - np.mean(a, axis=axis, keepdims=True)
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / (a.shape[axis] - ddof)


def std(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The square root of the variance; its tangent is 0 where nothing moves, even at 0."""
    if axis is None:
        apart = a - np.mean(a)
        return np.sqrt(np.sum(apart * apart) / (a.size - ddof))
    apart = a - np.mean(a, axis=axis, keepdims=True)
    total = np.sum(apart * apart, axis=axis, keepdims=keepdims)
    return np.sqrt(total / (a.shape[axis] - ddof))


def ptp(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest less the smallest."""
    if axis is None:
        return np.max(a) - np.min(a)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def average(a: Any, weights: Any = None) -> Any:
    """The mean, or that of the elements each times its weight over the sum of the weights."""
    if weights is None:
        return np.mean(a)
    return np.sum(a * weights) / np.sum(weights)


def _between(ordered: Any, position: Any) -> Any:
    """What stands at a position that need not be whole, on the line between its neighbours."""
    last = ordered.size - 1
    if np.isnan(ordered[last]):
        return ordered[last]
    below = min(int(np.floor(position)), last)
    above = min(below + 1, last)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def median(a: Any) -> Any:
    """The middle of the elements in order, or the mean of the two in the middle."""
    if a.size == 0:
        return np.nan
    flat = a.ravel()
    return _between(flat[np.argsort(flat)], 0.5 * (a.size - 1))


def quantile(a: Any, q: Any) -> Any:
    """The elements below which a share q lies, on the line between neighbours."""
    if a.size == 0:
        raise ValueError("quantile of nothing")
    if np.any(np.asarray(q) < 0.0) or np.any(np.asarray(q) > 1.0):
        raise ValueError("Quantiles must be in the range [0, 1]")
    flat = a.ravel()
    ordered = flat[np.argsort(flat)]
    if np.ndim(q) == 0:
        return _between(ordered, q * (a.size - 1))
    shares = q.ravel()
    out = np.empty(shares.size)
    for k in range(shares.size):
        out[k] = _between(ordered, shares[k] * (a.size - 1))
    return out


def percentile(a: Any, q: Any) -> Any:
    """The quantile of q per cent."""
    return quantile(a, q / 100.0)


def nansum(a: Any) -> Any:
    """The sum of what is not NaN."""
    return np.sum(np.where(np.isnan(a), 0.0, a))


def nanprod(a: Any) -> Any:
    """The product of what is not NaN."""
    return np.prod(np.where(np.isnan(a), 1.0, a))


def nanmean(a: Any) -> Any:
    """The mean of what is not NaN."""
    return np.sum(np.where(np.isnan(a), 0.0, a)) / np.sum(~np.isnan(a))


def nanvar(a: Any, ddof: Any = 0) -> Any:
    """The variance of what is not NaN."""
    count = np.sum(~np.isnan(a))
    mean = np.sum(np.where(np.isnan(a), 0.0, a)) / count
    apart = np.where(np.isnan(a), 0.0, a - mean)
    return np.sum(apart * apart) / (count - ddof)


def nanstd(a: Any, ddof: Any = 0) -> Any:
    """The standard deviation of what is not NaN."""
    return np.sqrt(nanvar(a, ddof))


def nanmax(a: Any) -> Any:
    """The largest of what is not NaN; NaN where nothing else is."""
    if np.all(np.isnan(a)):
        return np.max(a)
    return np.max(np.where(np.isnan(a), -np.inf, a))


def nanmin(a: Any) -> Any:
    """The smallest of what is not NaN; NaN where nothing else is."""
    if np.all(np.isnan(a)):
        return np.min(a)
    return np.min(np.where(np.isnan(a), np.inf, a))


def cumprod(a: Any) -> Any:
    """The products of the first elements, row by row."""
    out = a.ravel().copy()
    for k in range(1, out.size):
        out[k] *= out[k - 1]
    return out


def nancumsum(a: Any) -> Any:
    """The sums of the first elements, NaN taken as 0."""
    return np.cumsum(np.where(np.isnan(a), 0.0, a))


def nancumprod(a: Any) -> Any:
    """The products of the first elements, NaN taken as 1."""
    return cumprod(np.where(np.isnan(a), 1.0, a))


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0) -> Any:
    """The integral along the last axis by the trapezoidal rule."""
    if y.ndim == 1:
        if x is None:
            return 0.5 * dx * np.sum(y[1:] + y[:-1])
        return 0.5 * np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]))
    if x is None:
        return 0.5 * dx * np.sum(y[..., 1:] + y[..., :-1], axis=-1)
    return 0.5 * np.sum((x[..., 1:] - x[..., :-1]) * (y[..., 1:] + y[..., :-1]), axis=-1)


def norm(x: Any, ord: Any = None) -> Any:
    """The length of a vector, or of a matrix taken as one; with `ord` the norm of that order.

    At zero the tangent of the length is 0.
    """
    if ord is None or ord == "fro":
        return np.sqrt(np.sum(x * x))
    if x.ndim == 1:
        if ord == np.inf:
            return np.max(np.abs(x))
        if ord == -np.inf:
            return np.min(np.abs(x))
        if ord == 1:
            return np.sum(np.abs(x))
        if ord == 2:
            return np.sqrt(np.sum(x * x))
        return np.sum(np.abs(x) ** ord) ** (1.0 / ord)
    if ord == np.inf:
        return np.max(np.sum(np.abs(x), axis=1))
    if ord == -np.inf:
        return np.min(np.sum(np.abs(x), axis=1))
    if ord == 1:
        return np.max(np.sum(np.abs(x), axis=0))
    if ord == -1:
        return np.min(np.sum(np.abs(x), axis=0))
    raise ValueError("norm: of a matrix only the orders 1, -1, inf, -inf and 'fro' are supported")


def cov(m: Any, y: Any = None, rowvar: Any = True, bias: Any = False) -> Any:
    """The covariances of the rows, or of the columns; of a vector and another one."""
    if m.ndim == 1:
        if y is None:
            raise ValueError("cov: one vector has a variance; see np.var")
        rows = np.stack((m, y))
    elif rowvar:
        rows = m
    else:
        rows = m.T
    apart = rows - np.mean(rows, axis=1, keepdims=True)
    count = apart.shape[1] if bias else apart.shape[1] - 1
    return apart @ apart.T / count


def corrcoef(x: Any, y: Any = None, rowvar: Any = True) -> Any:
    """The covariances, each over the product of both standard deviations."""
    found = cov(x, y, rowvar)
    scale = np.sqrt(np.diag(found))
    return found / np.outer(scale, scale)
