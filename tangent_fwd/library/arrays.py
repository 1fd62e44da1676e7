"""Functions of NumPy that make arrays from arrays, as NumPy defines them."""

from __future__ import annotations

from typing import Any

import numpy as np


def interp(x: Any, xp: Any, fp: Any) -> Any:
    """The value at x of the line through the points (xp, fp), of which xp grows; beyond the ends,
    that at the end.
    """
    if np.ndim(x) == 0:
        return _interpolated(x, xp, fp)
    places = x.ravel()
    out = np.empty(places.size)
    for k in range(places.size):
        out[k] = _interpolated(places[k], xp, fp)
    return out.reshape(x.shape)


def _interpolated(x: Any, xp: Any, fp: Any) -> Any:
    last = xp.size - 1
    if last < 0:
        raise ValueError("array of sample points is empty")
    if last != fp.size - 1:
        raise ValueError("fp and xp are not of the same size.")
    if x > xp[last]:
        return fp[last]
    if x < xp[0]:
        return fp[0]
    k = min(np.searchsorted(xp, x, side="right") - 1, last - 1)
    if k < 0:
        return fp[0]
    slope = (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k])
    return slope * (x - xp[k]) + fp[k]


def linspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True) -> Any:
    """Evenly spaced numbers, of which the last one may be left out."""
    if endpoint:
        return np.linspace(start, stop, num)
    return start + np.arange(num) * ((stop - start) / num)


def arange(start: Any, stop: Any, step: Any) -> Any:
    """Evenly spaced numbers, of which there are as many as come before the stop."""
    size = max(int(np.ceil((stop - start) / step)), 0)
    return start + np.arange(size) * step


def kaiser(M: Any, beta: Any) -> Any:
    """The Kaiser window."""
    if M == 1:
        return np.ones(1)
    middle = 0.5 * (M - 1)
    apart = (np.arange(M) - middle) / middle
    return np.i0(beta * np.sqrt(1.0 - apart * apart)) / np.i0(beta)


def logspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, base: Any = 10.0) -> Any:
    """Powers of a base, whose exponents are evenly spaced."""
    return base ** linspace(start, stop, num, endpoint)


def geomspace(start: Any, stop: Any, num: Any = 50) -> Any:
    """Numbers of which each is the same multiple of the one before."""
    if start == 0.0 or stop == 0.0:
        raise ValueError("Geometric sequence cannot include zero")
    out = start * (stop / start) ** np.linspace(0.0, 1.0, num)
    if num > 0:
        out[0] = start
    if num > 1:
        out[num - 1] = stop
    return out


def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    """Powers of the elements, a row for each; the highest power comes first."""
    columns = x.size if N is None else N
    out = np.empty((x.size, columns))
    for i in range(x.size):
        power = 1.0
        for j in range(columns):
            out[i, j if increasing else columns - 1 - j] = power
            power *= x[i]
    return out


def diagflat(v: Any) -> Any:
    """A matrix with the elements on its diagonal."""
    return np.diag(v.ravel())


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """The elements of both, one after the other."""
    if axis is not None:
        return np.concatenate((arr, values), axis=axis)
    if np.ndim(values) > 0:
        return np.concatenate((arr.ravel(), values.ravel()))
    out = np.empty(arr.size + 1, arr.dtype)
    out[: arr.size] = arr.ravel()
    out[arr.size] = values
    return out


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """What each element is more than the one before, between further numbers."""
    flat = ary.ravel()
    apart = flat[1:] - flat[:-1]
    if to_begin is not None:
        apart = np.concatenate((np.ravel(np.asarray(to_begin)), apart))
    if to_end is not None:
        apart = np.concatenate((apart, np.ravel(np.asarray(to_end))))
    return apart


def diff(a: Any, n: Any = 1, axis: Any = -1) -> Any:
    """What each element along an axis is more than the one before, n times over."""
    if a.ndim == 1:
        return np.diff(a, n)
    moved = np.swapaxes(a, 0, axis).copy()
    for _ in range(n):
        moved = moved[1:] - moved[:-1]
    return np.swapaxes(moved, 0, axis)


def gradient(f: Any, h: Any = 1.0, axis: Any = None) -> Any:
    """The slopes: central differences inside, one-sided ones at the ends.

    `h` is the distance of neighbours, or where they all are. Without an axis, one array for each.
    """
    if f.ndim == 1:
        return _slopes(f, h)
    if axis is not None:
        return np.swapaxes(_slopes(np.swapaxes(f, 0, axis), h), 0, axis)
    return _slopes(f, h), np.swapaxes(_slopes(np.swapaxes(f, 0, 1), h), 0, 1)


def _slopes(f: Any, h: Any) -> Any:
    last = f.shape[0] - 1
    if last < 1:
        raise ValueError("Shape of array too small to calculate a numerical gradient")
    out = f * 1.0
    if np.ndim(h) == 0:
        out[1:-1] = (f[2:] - f[:-2]) / (2.0 * h)
        out[0] = (f[1] - f[0]) / h
        out[last] = (f[last] - f[last - 1]) / h
        return out
    if h.size != last + 1:
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    for k in range(1, last):
        before, behind = h[k] - h[k - 1], h[k + 1] - h[k]
        out[k] = (
            f[k - 1] * (-behind / (before * (before + behind)))
            + f[k] * ((behind - before) / (before * behind))
            + f[k + 1] * (before / (behind * (before + behind)))
        )
    out[0] = (f[1] - f[0]) / (h[1] - h[0])
    out[last] = (f[last] - f[last - 1]) / (h[last] - h[last - 1])
    return out


def bincount(x: Any, weights: Any, minlength: Any = 0) -> Any:
    """The sum of the weights of each integer."""
    if x.size != weights.size:
        raise ValueError("The weights and list don't have the same length.")
    top = -1
    for k in range(x.size):
        if x[k] < 0:
            raise ValueError("'list' argument must have no negative elements")
        top = max(top, x[k])
    out = np.zeros(max(top + 1, minlength))
    for k in range(x.size):
        out[x[k]] += weights[k]
    return out


def histogram(a: Any, bins: Any = 10, range: Any = None) -> Any:
    """How many elements lie between the edges, and the edges, evenly spaced."""
    flat = a.ravel()
    low, high = _ends(flat, range)
    edges = np.linspace(low, high, bins + 1)
    return _counts(flat, edges, bins), edges


def _ends(flat: Any, range: Any) -> Any:
    if range is None:
        low, high = np.min(flat), np.max(flat)
    else:
        low, high = range[0], range[1]
    if low == high:
        return low - 0.5, high + 0.5
    return low + 0.0, high + 0.0


def _counts(flat: Any, edges: Any, bins: Any) -> Any:
    counts = np.zeros(bins, np.int64)
    for k in range(flat.size):
        place = np.searchsorted(edges, flat[k], side="right") - 1
        if flat[k] == edges[bins]:
            place = bins - 1
        if 0 <= place < bins:
            counts[place] += 1
    return counts


def unwrap(angles: Any) -> Any:
    """Angles without jumps of more than half a turn: whole turns are added from there on."""
    if angles.ndim > 1:
        rows = angles.reshape((-1, angles.shape[-1]))
        whole = np.empty_like(rows)
        for j in range(rows.shape[0]):
            whole[j] = unwrap(rows[j])
        return whole.reshape(angles.shape)
    out = angles.copy()
    turns = 0.0
    for k in range(1, angles.size):
        jump = angles[k] - angles[k - 1]
        if abs(jump) > np.pi:
            turns -= np.floor(jump / (2.0 * np.pi) + 0.5)
        out[k] = angles[k] + 2.0 * np.pi * turns
    return out


def resize(a: Any, new_shape: Any) -> Any:
    """The elements again and again, until the new shape is full."""
    flat = a.ravel()
    out = np.empty(new_shape, a.dtype)
    into = out.reshape(-1)
    for k in range(into.size):
        into[k] = flat[k % flat.size]
    return out


def take_along_axis(arr: Any, indices: Any, axis: Any) -> Any:
    """The elements at the indices along an axis; the other axis is broadcast."""
    if arr.ndim == 1:
        return arr[indices]
    down = axis == 0 or axis == -2
    other = 1 if down else 0
    if indices.shape[other] != arr.shape[other] and indices.shape[other] != 1:
        raise ValueError("take_along_axis: `indices` must fit `arr` along the other axis")
    rows = indices.shape[0] if down else arr.shape[0]
    columns = arr.shape[1] if down else indices.shape[1]
    out = np.empty((rows, columns), arr.dtype)
    for i in range(rows):
        for j in range(columns):
            if down:
                out[i, j] = arr[indices[i, j if indices.shape[1] > 1 else 0], j]
            else:
                out[i, j] = arr[i, indices[i if indices.shape[0] > 1 else 0, j]]
    return out


def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """Sums of products of one vector with the other turned round and moved along it."""
    whole = np.convolve(a, v)
    if mode == "full":
        return whole
    shorter, longer = min(a.size, v.size), max(a.size, v.size)
    if mode == "same":
        first = (shorter - 1) // 2
        return whole[first : first + longer]
    return whole[shorter - 1 : longer]


def unstack(x: Any, axis: Any = 0) -> Any:
    """The parts along an axis, in a list."""
    rows = np.moveaxis(x, axis, 0)
    return [rows[k] for k in range(rows.shape[0])]


def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether two arrays of as many axes fit each other and hold the same."""
    for k in range(a1.ndim):
        if a1.shape[k] != a2.shape[k] and a1.shape[k] != 1 and a2.shape[k] != 1:
            return False
    return bool(np.all(a1 == a2))


def asarray_chkfinite(a: Any) -> Any:
    """The array itself, all of whose elements must be finite."""
    if not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    return a
