"""Functions and methods of lists, and of arrays as sequences, as Python defines them."""

from __future__ import annotations

from typing import Any

import numpy as np


def listed(values: Any) -> Any:
    """A list of the elements."""
    return [values[k] for k in range(len(values))]


def first(values: Any) -> Any:
    """The first element, as `next(iter(values))` has it."""
    if len(values) == 0:
        raise StopIteration
    return values[0]


def count(values: Any, x: Any) -> Any:
    """How many elements are equal to x."""
    found = 0
    for k in range(len(values)):
        if values[k] == x:
            found += 1
    return found


def index(values: Any, x: Any) -> Any:
    """The place of the first element that is equal to x."""
    for k in range(len(values)):
        if values[k] == x:
            return k
    raise ValueError("value not in list")


def remove(values: Any, x: Any) -> None:
    """Take the first element out that is equal to x."""
    values.pop(index(values, x))


def sort(values: Any, reverse: Any = False) -> None:
    """Put the elements in order; equal ones stay as they are."""
    size = len(values)
    if size > 0:
        found = np.full(size, values[0])
        for k in range(size):
            found[k] = -values[k] if reverse else values[k]
        order = np.argsort(found, kind="mergesort")
        for k in range(size):
            values[k] = -found[order[k]] if reverse else found[order[k]]


def sorted_(values: Any, reverse: Any = False) -> Any:
    """A list of the elements in order."""
    out = listed(values)
    sort(out, reverse)
    return out


def _within(place: Any, size: Any) -> Any:
    """A place in a list of so many elements, as slices have it."""
    return max(place + size, 0) if place < 0 else min(place, size)


def put(values: Any, start: Any, stop: Any, given: Any) -> None:
    """`values[start:stop] = given`, which is another list."""
    low = _within(start, len(values))
    behind = values[max(low, _within(stop, len(values))) :]
    while len(values) > low:
        values.pop()
    values.extend(given)
    values.extend(behind)


def cut(values: Any, start: Any, stop: Any) -> None:
    """`del values[start:stop]`."""
    low = _within(start, len(values))
    behind = values[max(low, _within(stop, len(values))) :]
    while len(values) > low:
        values.pop()
    values.extend(behind)


def put_by(values: Any, start: Any, stop: Any, step: Any, given: Any) -> None:
    """`values[start:stop:step] = given`, which is as long as that part."""
    size = len(values)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step > 0:
        places = range(_within(start, size), _within(stop, size), step)
    else:
        first = start + size if start < 0 else min(start, size - 1)
        last = stop + size if stop < 0 else min(stop, size - 1)
        places = range(max(first, -1), max(last, -1), step)
    if len(given) != len(places):
        sizes = len(given), len(places)
        raise ValueError(
            f"attempt to assign sequence of size {sizes[0]} to extended slice of size {sizes[1]}"
        )
    for k, place in enumerate(places):
        values[place] = given[k]


def multiply(values: Any, times: Any) -> None:
    """`values *= times`."""
    once = listed(values)
    if times < 1:
        values.clear()
    for _ in range(times - 1):
        values.extend(once)


# --- heaps, as `heapq` keeps them --------------------------------------------------------------


def _up(heap: Any, start: Any, place: Any) -> None:
    """An element past those above it that are larger."""
    item = heap[place]
    while place > start:
        above = (place - 1) // 2
        if not item < heap[above]:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = item


def _down(heap: Any, place: Any) -> None:
    """An element to the bottom by the smaller one of two, and from there up again."""
    start, size = place, len(heap)
    item = heap[place]
    below = 2 * place + 1
    while below < size:
        right = below + 1
        if right < size and not heap[below] < heap[right]:
            below = right
        heap[place] = heap[below]
        place = below
        below = 2 * place + 1
    heap[place] = item
    _up(heap, start, place)


def heapify(x: Any) -> None:
    """Make a heap of a list."""
    for k in range(len(x) // 2 - 1, -1, -1):
        _down(x, k)


def heappush(heap: Any, item: Any) -> None:
    """One element more."""
    heap.append(item)
    _up(heap, 0, len(heap) - 1)


def heappop(heap: Any) -> Any:
    """Take the smallest element out."""
    last = heap.pop()
    if len(heap) == 0:
        return last
    return heapreplace(heap, last)


def heapreplace(heap: Any, item: Any) -> Any:
    """Take the smallest element out, and then put one in."""
    smallest = heap[0]
    heap[0] = item
    _down(heap, 0)
    return smallest


def heappushpop(heap: Any, item: Any) -> Any:
    """Put one element in, and then take the smallest one out."""
    if len(heap) > 0 and heap[0] < item:
        return heapreplace(heap, item)
    return item


def nlargest(n: Any, iterable: Any) -> Any:
    """The n largest elements, from the largest down."""
    return sorted_(iterable, True)[: max(n, 0)]


def nsmallest(n: Any, iterable: Any) -> Any:
    """The n smallest elements, from the smallest up."""
    return sorted_(iterable)[: max(n, 0)]
