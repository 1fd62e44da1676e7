"""Functions of NumPy that make arrays from arrays, as NumPy defines them."""

from __future__ import annotations

from typing import Any

import numpy as np


def sort(a: Any) -> Any:
    """The elements in order, along the last axis; tangents move with their elements."""
    if a.ndim == 1:
        return a[np.argsort(a)]
    rows = a.reshape((-1, a.shape[-1]))
    out = np.empty_like(rows)
    for k in range(rows.shape[0]):
        out[k] = rows[k][np.argsort(rows[k])]
    return out.reshape(a.shape)


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


def logspace(start: Any, stop: Any, num: Any = 50) -> Any:
    """Powers of ten, whose exponents are evenly spaced."""
    return 10.0 ** np.linspace(start, stop, num)


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


def delete(arr: Any, obj: Any) -> Any:
    """The elements without the one at a place."""
    flat = arr.ravel()
    place = obj + flat.size if obj < 0 else obj
    if place < 0 or place >= flat.size:
        raise IndexError("obj must be less than the len(arr)")
    return np.concatenate((flat[:place], flat[place + 1 :]))


def insert(arr: Any, obj: Any, values: Any) -> Any:
    """The elements with another one before a place."""
    flat = arr.ravel()
    place = obj + flat.size if obj < 0 else obj
    if place < 0 or place > flat.size:
        raise IndexError("index is out of bounds")
    out = np.empty(flat.size + 1, arr.dtype)
    out[:place] = flat[:place]
    out[place] = values
    out[place + 1 :] = flat[place:]
    return out


def ediff1d(ary: Any) -> Any:
    """What each element is more than the one before."""
    flat = ary.ravel()
    return flat[1:] - flat[:-1]


def unwrap(p: Any) -> Any:
    """Angles without jumps of more than half a turn: whole turns are added from there on."""
    out = p.copy()
    turns = 0.0
    for k in range(1, p.size):
        jump = p[k] - p[k - 1]
        if abs(jump) > np.pi:
            turns -= np.floor(jump / (2.0 * np.pi) + 0.5)
        out[k] = p[k] + 2.0 * np.pi * turns
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


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved on along an axis, the last ones coming first again."""
    if a.ndim == 1 or axis is None:
        return np.roll(a, shift)
    out = np.empty_like(a)
    rows, columns = a.shape
    for i in range(rows):
        for j in range(columns):
            if axis == 0 or axis == -2:
                out[(i + shift) % rows, j] = a[i, j]
            else:
                out[i, (j + shift) % columns] = a[i, j]
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
