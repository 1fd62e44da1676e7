"""Functions of NumPy that put the same numbers elsewhere: parts, copies, borders, orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from tangent_fwd.library.indexing import place_of


def part(a: Any, k: Any, sections: Any, axis: Any, even: Any) -> Any:
    """The k-th of so many parts along an axis, a view; the first ones are one longer if they must
    be, and may be if they need not be `even`.
    """
    size = a.shape[axis]
    if even and size % sections != 0:
        raise ValueError("array split does not result in an equal division")
    rest = size % sections
    low = k * (size // sections) + min(k, rest)
    high = (k + 1) * (size // sections) + min(k + 1, rest)
    if axis == 0:
        return a[low:high]
    if axis == 1:
        return a[:, low:high]
    if axis == 2:
        return a[:, :, low:high]
    if axis == -1:
        return a[..., low:high]
    if axis == -2:
        return a[..., low:high, :]
    raise ValueError("this axis is not supported")


def column_part(a: Any, k: Any, sections: Any) -> Any:
    """The k-th of equal parts along the columns, or along a vector."""
    if a.ndim == 1:
        return part_first(a, k, sections)
    return part_second(a, k, sections)


def part_first(a: Any, k: Any, sections: Any) -> Any:
    """A part along the first axis."""
    if a.shape[0] % sections != 0:
        raise ValueError("array split does not result in an equal division")
    width = a.shape[0] // sections
    return a[k * width : (k + 1) * width]


def part_second(a: Any, k: Any, sections: Any) -> Any:
    """A part along the second axis."""
    if a.shape[1] % sections != 0:
        raise ValueError("array split does not result in an equal division")
    width = a.shape[1] // sections
    return a[:, k * width : (k + 1) * width]


def squeeze(a: Any, axis: Any) -> Any:
    """The array without an axis of size 1."""
    if a.shape[axis] != 1:
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    if axis == 0:
        return a[0]
    if axis == 1:
        return a[:, 0]
    if axis == 2:
        return a[:, :, 0]
    if axis == -1:
        return a[..., 0]
    if axis == -2:
        return a[..., 0, :]
    raise ValueError("this axis is not supported")


def matrix_transpose(x: Any) -> Any:
    """The last two axes in each other's place."""
    return np.swapaxes(x, -1, -2)


def diagonal(a: Any, offset: Any = 0) -> Any:
    """The elements of a matrix whose column is so much more than their row."""
    rows = min(a.shape[0], a.shape[1] - offset) if offset >= 0 else min(
        a.shape[0] + offset, a.shape[1])  # fmt: skip
    places = np.arange(max(rows, 0))
    if offset >= 0:
        return a[places, places + offset]
    return a[places - offset, places]


# --- along an axis -----------------------------------------------------------------------------


def taken(a: Any, places: Any, axis: Any) -> Any:
    """The elements at places along an axis."""
    if axis == 0:
        return a[places]
    if axis == 1:
        return a[:, places]
    if axis == 2:
        return a[:, :, places]
    if axis == -1:
        return a[..., places]
    if axis == -2:
        return a[..., places, :]
    raise ValueError("this axis is not supported")


def take(a: Any, indices: Any, axis: Any = None) -> Any:
    """The elements at indices along an axis, or of all of them row by row."""
    if axis is None:
        if np.ndim(indices) == 0:
            return a.ravel()[place_of(indices, a.size)]
        return a.ravel()[indices]
    if np.ndim(indices) == 0:
        return taken(a, place_of(indices, a.shape[axis]), axis).copy()
    return taken(a, indices, axis)


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element so many times, along an axis."""
    return taken(a, np.repeat(np.arange(a.shape[axis]), repeats), axis)


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved on along an axis, the last ones coming first again."""
    if axis is None:
        return np.roll(a, shift)
    return taken(a, np.roll(np.arange(a.shape[axis]), shift), axis)


def flip(m: Any, axis: Any = None) -> Any:
    """The elements along an axis from the last one to the first."""
    if axis == 0:
        return m[::-1]
    if axis == 1:
        return m[:, ::-1]
    if axis == 2:
        return m[:, :, ::-1]
    if axis == -1:
        return m[..., ::-1]
    if axis == -2:
        return m[..., ::-1, :]
    if axis is None:
        return np.flip(m)
    raise ValueError("this axis is not supported")


def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """The elements where a condition holds."""
    if condition.size > (a.size if axis is None else a.shape[axis]):
        raise IndexError("compress: the condition is longer than the array")
    if axis is None:
        return a.ravel()[np.flatnonzero(condition)]
    return taken(a, np.flatnonzero(condition), axis)


def extract(condition: Any, arr: Any) -> Any:
    """The elements where a condition holds, row by row."""
    return arr.ravel()[np.flatnonzero(condition.ravel())]


def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """The elements without those at a place, or at places, along an axis."""
    size = arr.size if axis is None else arr.shape[axis]
    keep = np.ones(size, np.bool_)
    if np.ndim(obj) == 0:
        keep[place_of(obj, size)] = False
    else:
        for k in range(obj.size):
            keep[place_of(obj[k], size)] = False
    if axis is None:
        return arr.ravel()[np.flatnonzero(keep)]
    return taken(arr, np.flatnonzero(keep), axis)


def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """The elements with others before a place, or before places."""
    if axis is not None:
        return _inserted_rows(arr, obj, values, axis)
    flat = arr.ravel()
    if np.ndim(obj) == 0:
        return _inserted(flat, np.full(1 if np.ndim(values) == 0 else np.size(values), obj), values)
    return _inserted(flat, obj, values)


def _inserted(flat: Any, places: Any, values: Any) -> Any:
    if np.ndim(values) > 0:
        if values.size != places.size and values.size != 1:
            raise ValueError("shape mismatch: value array could not be broadcast")
    fronts = np.empty(places.size, np.int64)
    for k in range(places.size):
        front = places[k] + flat.size if places[k] < 0 else places[k]
        if front < 0 or front > flat.size:
            raise IndexError("index is out of bounds")
        fronts[k] = front
    order = np.argsort(fronts, kind="mergesort")
    out = np.empty(flat.size + places.size, flat.dtype)
    used = 0
    for k in range(flat.size + 1):
        while used < places.size and fronts[order[min(used, places.size - 1)]] == k:
            if np.ndim(values) == 0:
                out[k + used] = values
            else:
                out[k + used] = values.ravel()[order[used] if values.size > 1 else 0]
            used += 1
        if k < flat.size:
            out[k + used] = flat[k]
    return out


def _inserted_rows(arr: Any, obj: Any, values: Any, axis: Any) -> Any:
    moved = np.swapaxes(arr, 0, axis)
    size = moved.shape[0]
    front = obj + size if obj < 0 else obj
    if front < 0 or front > size:
        raise IndexError("index is out of bounds")
    out = moved[np.minimum(np.arange(size + 1), max(size - 1, 0))]
    out[:front] = moved[:front]
    out[front + 1 :] = moved[front:]
    out[front] = values
    return np.swapaxes(out, 0, axis)


# --- borders and copies ------------------------------------------------------------------------


def pad(a: Any, before: Any, behind: Any, mode: Any, value: Any) -> Any:
    """The array with a border of so many elements on both sides of each axis."""
    if a.ndim == 1:
        return pad_axis(a, before, behind, mode, value, 0)
    if a.ndim == 2:
        rows = pad_axis(a, before, behind, mode, value, 0)
        return pad_axis(rows, before, behind, mode, value, 1)
    rows = pad_axis(a, before, behind, mode, value, 0)
    columns = pad_axis(rows, before, behind, mode, value, 1)
    return pad_axis(columns, before, behind, mode, value, 2)


def pad_axis(a: Any, before: Any, behind: Any, mode: Any, value: Any, axis: Any) -> Any:
    """The array with a border of so many elements on both sides of one axis."""
    if before < 0 or behind < 0:
        raise ValueError("index can't contain negative values")
    size = a.shape[axis]
    if mode != "constant":
        return taken(a, _border(size, before, behind, mode), axis)
    if a.ndim == 1:
        out = np.full(size + before + behind, value, a.dtype)
        out[before : before + size] = a
        return out
    if a.ndim == 2 and axis == 0:
        wide = np.full((size + before + behind, a.shape[1]), value, a.dtype)
        wide[before : before + size] = a
        return wide
    if a.ndim == 2:
        long = np.full((a.shape[0], size + before + behind), value, a.dtype)
        long[:, before : before + size] = a
        return long
    return _padded_three(a, before, behind, value, axis)


def _padded_three(a: Any, before: Any, behind: Any, value: Any, axis: Any) -> Any:
    moved = np.swapaxes(a, 0, axis)
    size = moved.shape[0]
    out = np.full((size + before + behind, moved.shape[1], moved.shape[2]), value, a.dtype)
    out[before : before + size] = moved
    return np.swapaxes(out, 0, axis)


def _border(size: Any, before: Any, behind: Any, mode: Any) -> Any:
    """From where each element of a padded axis comes."""
    if size == 0 and before + behind > 0:
        raise ValueError("can't extend empty axis using modes other than 'constant' or 'empty'")
    places = np.empty(size + before + behind, np.int64)
    for k in range(places.size):
        at = k - before
        if mode == "edge":
            places[k] = min(max(at, 0), size - 1)
        elif mode == "wrap":
            places[k] = at % size
        elif mode == "symmetric":
            turn = at % (2 * size)
            places[k] = turn if turn < size else 2 * size - 1 - turn
        else:
            turn = at % max(2 * size - 2, 1)
            places[k] = turn if turn < size else 2 * size - 2 - turn
    return places


def tile(A: Any, reps: Any) -> Any:
    """The array so many times, one beside the other."""
    if np.ndim(A) == 0:
        return np.full(reps, A)
    return taken(A, np.arange(A.shape[-1] * max(reps, 0)) % max(A.shape[-1], 1), -1)


def tile_rows(A: Any, rows: Any, columns: Any) -> Any:
    """The array so many times below and so many times beside each other."""
    if np.ndim(A) == 0:
        return np.full((rows, columns), A)
    if A.ndim == 1:
        return tile_rows(A.reshape((1, -1)), rows, columns)
    wide = tile(A, columns)
    return taken(wide, np.arange(A.shape[-2] * max(rows, 0)) % max(A.shape[-2], 1), -2)


def flat_beside(a: Any, b: Any) -> Any:
    """The elements of an array, which must have the shape of the one beside it."""
    for k in range(max(a.ndim, b.ndim)):
        if a.ndim != b.ndim or a.shape[k] != b.shape[k]:
            raise ValueError("np.nditer over arrays of different shapes is not supported")
    return b.ravel()


def outer_of(combine: Any, a: Any, b: Any) -> Any:
    """`combine` of every element of one with every element of the other."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return combine(a, b)
    if b.ndim == 1:
        return combine(a[..., None], b)
    if b.ndim == 2:
        return combine(a[..., None, None], b)
    return combine(a[..., None, None, None], b)


def along_axis(function: Any, axis: Any, a: Any) -> Any:
    """`function` of each vector along an axis, which gives a number."""
    if a.ndim == 1:
        return function(a)
    rows = np.swapaxes(a, axis, -1)
    if rows.size == 0:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    if a.ndim == 2:
        out = np.full(rows.shape[0], function(rows[0]))
        for k in range(1, rows.shape[0]):
            out[k] = function(rows[k])
        return out
    wide = np.full(rows.shape[:2], function(rows[0, 0]))
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            wide[i, j] = function(rows[i, j])
    return wide


def diagonals(a: Any) -> Any:
    """The elements whose last two indices are the same."""
    if a.shape[-1] != a.shape[-2]:
        raise ValueError("dimensions in operand for collapsing index don't match")
    places = np.arange(a.shape[-1])
    return a[..., places, places]
