"""Reductions of NumPy, as NumPy defines them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tangent_fwd.library.rearranged import squeeze


def _count(a: Any, kept: Any) -> Any:
    """How many elements each number of a reduction with all its axes is made of."""
    return a.size // max(np.size(kept), 1)


def var(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The mean square distance from the mean; n − ddof in place of n."""
    mean = np.mean(a, axis=axis, keepdims=True)
    apart = a - mean
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / (_count(a, mean) - ddof)


def std(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The square root of the variance; its tangent is 0 where nothing moves, even at 0."""
    return np.sqrt(var(a, axis, ddof, keepdims))


def ptp(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest less the smallest."""
    if axis is None and not keepdims:
        return np.max(a) - np.min(a)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def average(a: Any, axis: Any = None, weights: Any = None, keepdims: Any = False) -> Any:
    """The mean, or that of the elements each times its weight over the sum of the weights."""
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if weights.ndim == a.ndim:
        whole = np.sum(weights, axis=axis, keepdims=keepdims)
        return np.sum(a * weights, axis=axis, keepdims=keepdims) / whole
    return np.sum(np.swapaxes(a, axis, -1) * weights, axis=-1) / np.sum(weights)


def median(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The middle of the elements in order, or the mean of the two in the middle."""
    return _by_row(a, 0.5, axis, keepdims, "median")


def quantile(a: Any, q: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The elements below which a share q lies, on the line between neighbours."""
    _check_shares(q)
    if np.ndim(q) == 0:
        return _by_row(a, q, axis, keepdims, "quantile")
    return _by_shares(a, q, axis, "quantile")


def percentile(a: Any, q: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The quantile of q per cent."""
    return quantile(a, q / 100.0, axis, keepdims)


def nanmedian(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The median of what is not NaN."""
    return _by_row(a, 0.5, axis, keepdims, "nan")


def nanquantile(a: Any, q: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The quantile of what is not NaN."""
    _check_shares(q)
    if np.ndim(q) == 0:
        return _by_row(a, q, axis, keepdims, "nan")
    return _by_shares(a, q, axis, "nan")


def nanpercentile(a: Any, q: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The percentile of what is not NaN."""
    return nanquantile(a, q / 100.0, axis, keepdims)


def _check_shares(q: Any) -> None:
    if np.any(np.asarray(q) < 0.0) or np.any(np.asarray(q) > 1.0):
        raise ValueError("Quantiles must be in the range [0, 1]")


def _by_row(a: Any, share: Any, axis: Any, keepdims: Any, mode: Any) -> Any:
    """The element at a share of the way, of all elements or of those along an axis."""
    if axis is None:
        found = _one(a.ravel(), share, mode)
        if not keepdims:
            return found
        whole = np.mean(a, keepdims=True)
        whole[...] = found
        return whole
    if a.ndim == 1:
        alone = _one(a, share, mode)
        if not keepdims:
            return alone
        return np.full(1, alone)
    moved = np.swapaxes(a, axis, -1).copy()
    out = np.mean(moved, axis=-1, keepdims=True)  # for its shape and dtype
    rows, found = moved.reshape((-1, moved.shape[-1])), out.reshape(-1)
    for k in range(found.size):
        found[k] = _one(rows[k], share, mode)
    if keepdims:
        return np.swapaxes(out, axis, -1)
    return squeeze(np.swapaxes(out, axis, -1), axis)


def _by_shares(a: Any, shares: Any, axis: Any, mode: Any) -> Any:
    """The elements at several shares of the way, which the first axis counts."""
    if axis is None or a.ndim == 1:
        flat = a.ravel() * 1.0
        out = np.empty(shares.size, flat.dtype)
        for k in range(shares.size):
            out[k] = _one(flat, shares[k], mode)
        return out
    out = shares[:, None] * _by_row(a, 0.5, axis, False, mode)[None]  # for its shape
    for k in range(shares.size):
        out[k] = _by_row(a, shares[k], axis, False, mode)
    return out


def _one(flat: Any, share: Any, mode: Any) -> Any:
    """The element at a share of the way, on the line between its neighbours."""
    if mode == "nan":
        there = flat[np.flatnonzero(~np.isnan(flat))]
        if there.size == 0:
            return np.sum(flat) * np.nan
        return _between(there[np.argsort(there)], share * (there.size - 1))
    if flat.size == 0:
        if mode == "quantile":
            raise ValueError("quantile of nothing")
        return np.sum(flat) * np.nan
    return _between(flat[np.argsort(flat)], share * (flat.size - 1))


def _between(ordered: Any, position: Any) -> Any:
    """What stands at a position that need not be whole, on the line between its neighbours."""
    last = ordered.size - 1
    if np.isnan(ordered[last]):
        return ordered[last]
    below = min(int(np.floor(position)), last)
    above = min(below + 1, last)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def nansum(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The sum of what is not NaN."""
    return np.sum(np.where(np.isnan(a), 0.0, a), axis=axis, keepdims=keepdims)


def nanprod(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The product of what is not NaN."""
    return np.prod(np.where(np.isnan(a), 1.0, a), axis=axis, keepdims=keepdims)


def nanmean(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The mean of what is not NaN."""
    count = np.sum((~np.isnan(a)).astype(a.dtype), axis=axis, keepdims=keepdims)
    return nansum(a, axis, keepdims) / count


def nanvar(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The variance of what is not NaN."""
    count = np.sum((~np.isnan(a)).astype(a.dtype), axis=axis, keepdims=keepdims)
    apart = np.where(np.isnan(a), 0.0, a - nanmean(a, axis, True))
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / (count - ddof)


def nanstd(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The standard deviation of what is not NaN."""
    return np.sqrt(nanvar(a, axis, ddof, keepdims))


def nanmax(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest of what is not NaN; NaN where nothing else is."""
    found = np.max(np.where(np.isnan(a), -np.inf, a), axis=axis, keepdims=keepdims)
    count = np.sum((~np.isnan(a)).astype(a.dtype), axis=axis, keepdims=keepdims)
    return np.where(count == 0, np.nan, found)


def nanmin(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The smallest of what is not NaN; NaN where nothing else is."""
    found = np.min(np.where(np.isnan(a), np.inf, a), axis=axis, keepdims=keepdims)
    count = np.sum((~np.isnan(a)).astype(a.dtype), axis=axis, keepdims=keepdims)
    return np.where(count == 0, np.nan, found)


def any_(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Whether one of the elements is not 0."""
    return np.sum(a != 0, axis=axis, keepdims=keepdims) > 0


def all_(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Whether none of the elements is 0."""
    return np.sum(a == 0, axis=axis, keepdims=keepdims) == 0


def count_nonzero(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """How many of the elements are not 0."""
    return np.sum(a != 0, axis=axis, keepdims=keepdims)


def nanargmax(a: Any, axis: Any = None) -> Any:
    """The place of the largest element that is not NaN, along an axis."""
    return np.argmax(np.where(np.isnan(a), -np.inf, a), axis=axis)


def nanargmin(a: Any, axis: Any = None) -> Any:
    """The place of the smallest element that is not NaN, along an axis."""
    return np.argmin(np.where(np.isnan(a), np.inf, a), axis=axis)


def cumsum(a: Any, axis: Any = None) -> Any:
    """The sums of the first elements along an axis."""
    if axis is None or a.ndim == 1:
        return np.cumsum(a)
    moved = np.swapaxes(a, 0, axis).copy()
    for k in range(1, moved.shape[0]):
        moved[k] += moved[k - 1]
    return np.swapaxes(moved, 0, axis)


def cumprod(a: Any, axis: Any = None) -> Any:
    """The products of the first elements along an axis, or row by row."""
    if axis is None or a.ndim == 1:
        out = a.ravel().copy()
        for k in range(1, out.size):
            out[k] *= out[k - 1]
        return out
    moved = np.swapaxes(a, 0, axis).copy()
    for k in range(1, moved.shape[0]):
        moved[k] *= moved[k - 1]
    return np.swapaxes(moved, 0, axis)


def nancumsum(a: Any, axis: Any = None) -> Any:
    """The sums of the first elements, NaN taken as 0."""
    return cumsum(np.where(np.isnan(a), 0.0, a), axis)


def nancumprod(a: Any, axis: Any = None) -> Any:
    """The products of the first elements, NaN taken as 1."""
    return cumprod(np.where(np.isnan(a), 1.0, a), axis)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    """The integral along an axis by the trapezoidal rule."""
    if axis != -1 and y.ndim > 1:
        if x is None:
            return trapezoid(np.swapaxes(y, axis, -1), None, dx)
        if x.ndim == 1:
            return trapezoid(np.swapaxes(y, axis, -1), x)
        return trapezoid(np.swapaxes(y, axis, -1), np.swapaxes(x, axis, -1))
    if y.ndim == 1:
        if x is None:
            return 0.5 * dx * np.sum(y[1:] + y[:-1])
        return 0.5 * np.sum((x[1:] - x[:-1]) * (y[1:] + y[:-1]))
    if x is None:
        return 0.5 * dx * np.sum(y[..., 1:] + y[..., :-1], axis=-1)
    return 0.5 * np.sum((x[..., 1:] - x[..., :-1]) * (y[..., 1:] + y[..., :-1]), axis=-1)


def vector_norm(x: Any, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Any:
    """The length of the elements along an axis, or of all of them."""
    if axis is None:
        return norm(x.ravel(), ord)
    return norm(x, ord, axis, keepdims)


def matrix_norm(x: Any, ord: Any = "fro") -> Any:
    """The norm of a matrix."""
    return norm(x, ord)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """The length of a vector, or of a matrix taken as one; with `ord` the norm of that order, and
    with an axis that of the vectors along it.

    At zero the tangent of the length is 0.
    """
    if x.ndim == 2 and ord is not None and (isinstance(axis, tuple) or (axis is None and keepdims)):
        raise ValueError("norm: an order of a matrix goes with neither `axis` nor `keepdims`")
    if x.ndim == 2 and axis is None and (ord == 2 or ord == -2):
        values = np.linalg.svd(x, False)[1]
        return values[0] if ord == 2 else values[values.size - 1]
    if np.iscomplexobj(x):
        return _norm_of_complex(x, ord, axis, keepdims)
    if axis is not None or keepdims:
        return _norm_along(x, ord, axis, keepdims)
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
        if ord == 0:
            return 1.0 * np.count_nonzero(x)
        return np.sum(np.abs(x) ** ord) ** (1.0 / ord)
    if ord == np.inf:
        return np.max(np.sum(np.abs(x), axis=1))
    if ord == -np.inf:
        return np.min(np.sum(np.abs(x), axis=1))
    if ord == 1:
        return np.max(np.sum(np.abs(x), axis=0))
    if ord == -1:
        return np.min(np.sum(np.abs(x), axis=0))
    raise ValueError("norm: of a matrix only the orders 1, -1, 2, -2, inf, -inf, 'fro' are there")


def _norm_of_complex(x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    """The norm of the sizes of the numbers, by their squares where those are smooth at 0."""
    if ord is None or ord == "fro" or ord == 2:
        squares = np.real(x) * np.real(x) + np.imag(x) * np.imag(x)
        if axis is None and not keepdims:
            return np.sqrt(np.sum(squares))
        return np.sqrt(np.sum(squares, axis=axis, keepdims=keepdims))
    return norm(np.abs(x), ord, axis, keepdims)


def _norm_along(x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    if ord is None or ord == 2:
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


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
