"""Reading and writing through arrays of indices, in the order in which NumPy does it."""

from __future__ import annotations

from typing import Any

import numpy as np


def indices_of(mask: Any, size: Any) -> Any:
    """Where a mask over an axis of a size holds."""
    if mask.size != size:
        raise IndexError("boolean index did not match indexed array")
    return np.flatnonzero(mask)


def check_mask(mask: Any, a: Any) -> Any:
    """Whether a mask over the first two axes of an array fits; one that does not is refused."""
    if mask.shape[0] != a.shape[0] or mask.shape[1] != a.shape[1]:
        raise IndexError("boolean index did not match indexed array")
    return True


def masked(a: Any, mask: Any) -> Any:
    """`a[mask]` for a mask over two axes."""
    check_mask(mask, a)
    rows, columns = np.nonzero(mask)
    return a[rows, columns]


def place_of(index: Any, size: Any) -> Any:
    """An index counted from the front; one outside is refused."""
    place = index + size if index < 0 else index
    if place < 0 or place >= size:
        raise IndexError("index is out of bounds")
    return place


def _same(length: Any, other: Any) -> Any:
    if other != 1 and other != length:
        raise ValueError("shape mismatch: value array could not be broadcast")
    return 0


def store_at(a: Any, index: Any, values: Any) -> None:
    """`a[index] = values`, index after index, so that the last one of equal ones stays.

    `values` is a number, or has all the axes of the target, some perhaps of size 1.
    """
    if index.ndim == 2:
        if np.ndim(values) > 0:
            _same(index.shape[0], values.shape[0])
        for k in range(index.shape[0]):
            if np.ndim(values) == 0:
                store_at(a, index[k], values)
            else:
                store_at(a, index[k], values[k if values.shape[0] > 1 else 0])
        return
    if np.ndim(values) > 0:
        _same(index.size, values.shape[0])
    for k in range(index.size):
        place = place_of(index[k], a.shape[0])
        if np.ndim(values) == 0:
            a[place] = values
        else:
            a[place] = values[k if values.shape[0] > 1 else 0]


def store_at_two(a: Any, first: Any, second: Any, values: Any) -> None:
    """`a[first, second] = values`, for indices of as many axes as each other."""
    length = first.shape[0] if first.shape[0] != 1 else second.shape[0]
    if second.shape[0] != 1 and second.shape[0] != length:
        raise IndexError("shape mismatch: indexing arrays could not be broadcast together")
    if np.ndim(values) > 0:
        _same(length, values.shape[0])
    for k in range(length):
        i = first[k if first.shape[0] > 1 else 0]
        j = second[k if second.shape[0] > 1 else 0]
        if np.ndim(values) == 0:
            _store_two(a, i, j, values)
        else:
            _store_two(a, i, j, values[k if values.shape[0] > 1 else 0])


def _store_two(a: Any, i: Any, j: Any, values: Any) -> None:
    if np.ndim(i) == 0:
        a[place_of(i, a.shape[0]), place_of(j, a.shape[1])] = values
    else:
        length = max(i.size, j.size)
        if min(i.size, j.size) != 1 and i.size != j.size:
            raise IndexError("shape mismatch: indexing arrays could not be broadcast together")
        if np.ndim(values) > 0:
            _same(length, values.shape[0])
        for k in range(length):
            row = place_of(i[k if i.size > 1 else 0], a.shape[0])
            column = place_of(j[k if j.size > 1 else 0], a.shape[1])
            if np.ndim(values) == 0:
                a[row, column] = values
            else:
                a[row, column] = values[k if values.shape[0] > 1 else 0]


def at(a: Any, indices: Any, values: Any, combine: Any) -> None:
    """`combine.at(a, indices, values)`: each index in turn, equal ones again and again."""
    if np.ndim(indices) == 0:
        place = place_of(indices, a.shape[0])
        a[place] = combine(a[place], values)
    elif indices.ndim == 2:
        for k in range(indices.shape[0]):
            if np.ndim(values) == 0 or values.ndim < a.ndim + 1:
                at(a, indices[k], values, combine)
            else:
                at(a, indices[k], values[k if values.shape[0] > 1 else 0], combine)
    else:
        if np.ndim(values) == a.ndim:
            _same(indices.size, values.shape[0])
        for k in range(indices.size):
            place = place_of(indices[k], a.shape[0])
            if np.ndim(values) < a.ndim:
                a[place] = combine(a[place], values)
            else:
                a[place] = combine(a[place], values[k if values.shape[0] > 1 else 0])


def at_two(a: Any, first: Any, second: Any, values: Any, combine: Any) -> None:
    """`combine.at(a, (first, second), values)` for vectors of indices."""
    if first.size != second.size:
        raise IndexError("shape mismatch: indexing arrays could not be broadcast together")
    if np.ndim(values) > 0:
        _same(first.size, values.shape[0])
    for k in range(first.size):
        i, j = place_of(first[k], a.shape[0]), place_of(second[k], a.shape[1])
        if np.ndim(values) == 0:
            a[i, j] = combine(a[i, j], values)
        else:
            a[i, j] = combine(a[i, j], values[k if values.shape[0] > 1 else 0])


def reduceat(a: Any, indices: Any, combine: Any) -> Any:
    """`combine` of the elements from each index up to the next one; of that element alone where
    the next index is not beyond.
    """
    out = np.empty(indices.size, a.dtype)
    for k in range(indices.size):
        first = indices[k]
        if first < 0 or first >= a.size:
            raise IndexError("index out-of-bounds in reduceat")
        last = indices[k + 1] if k + 1 < indices.size else a.size
        out[k] = a[first]
        for j in range(first + 1, last):
            out[k] = combine(out[k], a[j])
    return out


def put(a: Any, ind: Any, v: Any) -> None:
    """Values at places of the array taken row by row, over again where there are too few."""
    if np.ndim(ind) == 0:
        store_in_order(a, place_of(ind, a.size), v)
    else:
        places = ind.ravel()
        if np.ndim(v) == 0:
            for k in range(places.size):
                store_in_order(a, place_of(places[k], a.size), v)
        else:
            values = v.ravel()
            for k in range(places.size):
                store_in_order(a, place_of(places[k], a.size), values[k % values.size])


def store_in_order(a: Any, k: Any, value: Any) -> None:
    """A value into the k-th element, row by row, however the array lies in memory."""
    if a.ndim == 1:
        a[k] = value
    elif a.ndim == 2:
        a[k // a.shape[1], k % a.shape[1]] = value
    else:
        row = k // a.shape[2]
        a[row // a.shape[1], row % a.shape[1], k % a.shape[2]] = value


def place(arr: Any, mask: Any, vals: Any) -> None:
    """Values where the mask holds, one after the other, over again where there are too few."""
    chosen = mask.ravel()
    if arr.size != chosen.size:
        raise ValueError("place: mask and data must be the same size")
    used = 0
    for k in range(arr.size):
        if chosen[k]:
            if np.ndim(vals) == 0:
                store_in_order(arr, k, vals)
            else:
                if vals.size == 0:
                    raise ValueError("Cannot insert from an empty array!")
                store_in_order(arr, k, vals.ravel()[used % vals.size])
            used += 1


def putmask(a: Any, mask: Any, values: Any) -> None:
    """Values where the mask holds, each at the place that it has itself."""
    chosen = mask.ravel()
    if a.size != chosen.size:
        raise ValueError("putmask: mask and data must be the same size")
    for k in range(a.size):
        if chosen[k]:
            if np.ndim(values) == 0:
                store_in_order(a, k, values)
            else:
                store_in_order(a, k, values.ravel()[k % values.size])


def copyto(dst: Any, src: Any) -> None:
    """`dst[...] = src`."""
    dst[...] = src


def fill_diagonal(a: Any, val: Any) -> None:
    """Values on the diagonal of a matrix, over again where there are too few."""
    for k in range(min(a.shape[0], a.shape[1])):
        if np.ndim(val) == 0:
            a[k, k] = val
        else:
            a[k, k] = val[k % val.size]


def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """Values at the indices along an axis, for indices of as many rows or columns."""
    if arr.ndim == 1:
        store_at(arr, indices, values)
        return
    down = axis == 0 or axis == -2
    other = 1 if down else 0
    if indices.shape[other] != arr.shape[other]:
        raise ValueError("put_along_axis: `indices` must be as long as `arr` along the other axis")
    for i in range(indices.shape[0]):
        for j in range(indices.shape[1]):
            if np.ndim(values) == 0:
                value = values
            else:
                value = values[i if values.shape[0] > 1 else 0, j if values.shape[1] > 1 else 0]
            if down:
                arr[place_of(indices[i, j], arr.shape[0]), j] = value
            else:
                arr[i, place_of(indices[i, j], arr.shape[1])] = value


def choose_among(a: Any, count: Any) -> Any:
    """The indices of a choice among so many, all of which must be one."""
    if np.any(a < 0) or np.any(a >= count):
        raise ValueError("invalid entry in choice array")
    return a
