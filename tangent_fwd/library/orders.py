"""Functions of NumPy that put elements in order, and what follows from their order."""

from __future__ import annotations

from typing import Any

import numpy as np


def sort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    """The elements in order along an axis; tangents move with their elements."""
    if axis is None:
        return sort(a.ravel())
    if a.ndim == 1:
        return a[np.argsort(a)]
    if axis != -1:
        return np.swapaxes(sort(np.swapaxes(a, axis, -1)), axis, -1)
    rows = a.copy().reshape((-1, a.shape[-1]))
    out = np.empty_like(rows)
    for k in range(rows.shape[0]):
        out[k] = rows[k][np.argsort(rows[k])]
    return out.reshape(a.shape)


def argsort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    """The places of the elements in order, along an axis."""
    if axis is None:
        return argsort(a.ravel(), -1, kind)
    if a.ndim == 1:
        if kind is None or kind == "quicksort":
            return np.argsort(a)
        return np.argsort(a, kind="mergesort")
    if axis != -1:
        return np.swapaxes(argsort(np.swapaxes(a, axis, -1), -1, kind), axis, -1)
    rows = a.copy().reshape((-1, a.shape[-1]))
    out = np.empty(rows.shape, np.int64)
    for k in range(rows.shape[0]):
        out[k] = argsort(rows[k], -1, kind)
    return out.reshape(a.shape)


def argsort_rows(a: Any) -> Any:
    """The places of the elements in order along the last axis."""
    rows = a.copy().reshape((-1, a.shape[-1]))
    out = np.empty(rows.shape, np.int64)
    for k in range(rows.shape[0]):
        out[k] = np.argsort(rows[k])
    return out.reshape(a.shape)


def partition(a: Any, kth: Any, axis: Any = -1) -> Any:
    """The k-th smallest in its place, smaller ones before it and larger ones behind."""
    if axis is None:
        return partition(a.ravel(), kth)
    if a.ndim == 1:
        return a[np.argpartition(a, kth)]
    if axis != -1:
        return np.swapaxes(partition(np.swapaxes(a, axis, -1), kth), axis, -1)
    rows = a.copy().reshape((-1, a.shape[-1]))
    out = np.empty_like(rows)
    for k in range(rows.shape[0]):
        out[k] = rows[k][np.argpartition(rows[k], kth)]
    return out.reshape(a.shape)


def running_max(a: Any, axis: Any = 0) -> Any:
    """The largest so far."""
    if a.ndim > 1 and axis != 0:
        return np.swapaxes(running_max(np.swapaxes(a, 0, axis)), 0, axis)
    out = a.copy()
    for k in range(1, out.shape[0]):
        out[k] = np.maximum(out[k - 1], out[k])
    return out


def running_min(a: Any, axis: Any = 0) -> Any:
    """The smallest so far."""
    if a.ndim > 1 and axis != 0:
        return np.swapaxes(running_min(np.swapaxes(a, 0, axis)), 0, axis)
    out = a.copy()
    for k in range(1, out.shape[0]):
        out[k] = np.minimum(out[k - 1], out[k])
    return out


def unique(ar: Any) -> Any:
    """The elements in order, equal ones once."""
    ordered = sort(ar.ravel())
    keep = np.ones(ordered.size, np.bool_)
    for k in range(1, ordered.size):
        keep[k] = ordered[k] != ordered[k - 1]
    return ordered[np.flatnonzero(keep)]


def union1d(ar1: Any, ar2: Any) -> Any:
    """The elements of either, in order, equal ones once."""
    return unique(np.concatenate((ar1.ravel(), ar2.ravel())))


def _within(one: Any, other: Any) -> Any:
    found = np.zeros(one.size, np.bool_)
    for k in range(one.size):
        place = np.searchsorted(other, one[k])
        if place < other.size:
            found[k] = other[place] == one[k]
    return found


def intersect1d(ar1: Any, ar2: Any) -> Any:
    """The elements of both, in order."""
    one, other = unique(ar1), unique(ar2)
    return one[np.flatnonzero(_within(one, other))]


def setdiff1d(ar1: Any, ar2: Any) -> Any:
    """The elements of the first that the second lacks, in order."""
    one, other = unique(ar1), unique(ar2)
    return one[np.flatnonzero(~_within(one, other))]


def setxor1d(ar1: Any, ar2: Any) -> Any:
    """The elements of one of both only, in order."""
    one, other = unique(ar1), unique(ar2)
    only = one[np.flatnonzero(~_within(one, other))]
    return sort(np.concatenate((only, other[np.flatnonzero(~_within(other, one))])))


def trim_zeros(filt: Any, trim: Any = "fb") -> Any:
    """The elements without zeros at the ends."""
    first, last = 0, filt.size
    if trim != "b":
        while first < last and filt[first] == 0.0:
            first += 1
    if trim != "f":
        while last > first and filt[last - 1] == 0.0:
            last -= 1
    return filt[first:last]
