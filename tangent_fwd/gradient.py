"""Exact gradients in forward mode: as many directions per pass as there are lanes.

Each pass seeds every lane with one unit direction.
The seeds are kept between calls and only single entries are set and cleared, so a pass costs
what the derivative costs; the last, partial pass leaves its spare lanes at zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numba.core import types

from tangent_fwd.boundary import Array, Branch, Tree, leaves, values
from tangent_fwd.specialise import Specialisation

# Buffers larger than this (bytes, all lanes together) are not kept between calls.
_KEEP = 1 << 22


def lanes_for(size: int) -> int:
    """How many directions one pass carries for a gradient of `size` entries; 0 for none."""
    return next((lanes for lanes in (0, 1, 2, 4) if size <= lanes), 8)


def entries(trees: Sequence[Tree], arguments: Sequence[Any]) -> int:
    """How many floats the active `arguments`, described by `trees`, hold."""
    return sum(
        int(np.size(value))
        for tree, argument in zip(trees, arguments)
        for leaf, value in zip(leaves(tree), values(tree, argument))
        if leaf.floating
    )


class Gradients:
    """Value and gradient for one signature and any sizes.

    Args:
        name: the function's name, for messages.
        compile: gives the compiled derivative for a number of lanes, 0 for the primal alone.
        trees: descriptions of all arguments.
        active: positions of the active ones.
    """

    def __init__(
        self,
        name: str,
        compile: Callable[[int], Specialisation],
        trees: Sequence[Tree],
        active: Sequence[int],
    ) -> None:
        self._name = name
        self._compile = compile
        self._trees = trees
        self._active = active
        self._made: dict[int, Gradient] = {}

    def __call__(self, *primals: Any) -> tuple[Any, Any]:
        """`(value, gradient)`."""
        trees = [self._trees[i] for i in self._active]
        for leaf in (leaf for tree in trees for leaf in leaves(tree) if leaf.is_complex):
            raise TypeError(
                f"value_and_grad: `{leaf.path}` is complex, and has a slope along 1 and one along "
                "1j; ask for those with jvp"
            )
        lanes = lanes_for(entries(trees, [primals[i] for i in self._active]))
        made = self._made.get(lanes)
        if made is None:
            compiled = self._compile(lanes)
            value = compiled.result[0] if lanes and compiled.result else compiled.result
            if value is not None and not isinstance(value, types.Float):
                sometimes = isinstance(value, types.Optional)
                told = f"{value.type} on one path and None on another" if sometimes else value
                raise TypeError(
                    f"value_and_grad needs a function that returns one float; "
                    f"`{self._name}` returns {told}"
                )
            writes = compiled.program.mutated
            made = Gradient(compiled.entry, lanes, self._trees, self._active, writes)
            self._made[lanes] = made
        return made(*primals)


class Gradient:
    """Value and gradient for one signature and one number of lanes.

    Args:
        entry: the compiled derivative: primals, then for each active argument its lanes.
        lanes: how many directions `entry` takes; 0 where the active arguments are empty.
        trees: descriptions of all arguments.
        active: positions of the active ones.
        writes: positions of those that the function writes to.
    """

    def __init__(
        self,
        entry: Callable[..., Any],
        lanes: int,
        trees: Sequence[Tree],
        active: Sequence[int],
        writes: Sequence[int],
    ) -> None:
        self._entry = entry
        self._lanes = lanes
        self._active = tuple(active)
        self._trees = [trees[i] for i in active]
        self._writes = frozenset(writes)
        # A list is a pool: pop and append are atomic, so threads never share a set of seeds.
        self._pool: list[tuple[tuple[Any, ...], _Seeds]] = []

    def __call__(self, *primals: Any) -> tuple[Any, Any]:
        """`(value, gradient)`; the gradient has the structure of the active argument."""
        arguments = [primals[i] for i in self._active]
        shapes = tuple(
            np.shape(value)
            for tree, argument in zip(self._trees, arguments)
            for leaf, value in zip(leaves(tree), values(tree, argument))
            if leaf.floating
        )
        result, flats = _empty(self._trees, shapes)
        if self._lanes:
            seeds = self._take(shapes)
            value = self._run(primals, seeds, flats)
            if seeds.size <= _KEEP:
                self._pool.append((shapes, seeds))
        else:
            value = self._entry(*primals)
        found = [
            _shaped(tree, iter(arrays), argument)
            for tree, arrays, argument in zip(self._trees, result, arguments)
        ]
        return value, found[0] if len(found) == 1 else tuple(found)

    def _take(self, shapes: tuple[Any, ...]) -> _Seeds:
        try:
            known, seeds = self._pool.pop()
        except IndexError:
            return _Seeds(self._trees, shapes, self._lanes)
        return seeds if known == shapes else _Seeds(self._trees, shapes, self._lanes)

    def _run(self, primals: tuple[Any, ...], seeds: _Seeds, flats: list[Array]) -> Any:
        entry, lanes, given = self._entry, self._lanes, seeds.arguments
        left = sum(flat.size for flat in flats)
        for chunk in _passes([flat.size for flat in flats], lanes):
            left -= len(chunk)
            for lane, (leaf, offset) in enumerate(chunk):
                seeds.flats[lane][leaf][offset] = 1.0
            # Only the last pass may leave its mark on what the caller passed in.
            mine = self._copies(primals) if left and self._writes else primals
            try:
                value, tangents = entry(*mine, *given)
            finally:
                if self._writes:
                    seeds.clear()
                else:
                    for lane, (leaf, offset) in enumerate(chunk):
                        seeds.flats[lane][leaf][offset] = 0.0
            if lanes == 1:
                tangents = (tangents,)
            for (leaf, offset), tangent in zip(chunk, tangents):
                flats[leaf][offset] = tangent
        return value

    def _copies(self, primals: tuple[Any, ...]) -> list[Any]:
        return [_copy(p) if i in self._writes else p for i, p in enumerate(primals)]


class _Seeds:
    """One zero direction for each lane, in the structure and layout of the active arguments."""

    def __init__(self, trees: Sequence[Tree], shapes: Sequence[Any], lanes: int) -> None:
        made = [_empty(trees, shapes) for _ in range(lanes)]
        self.flats = [flats for _, flats in made]
        self.size = sum(flat.nbytes for flats in self.flats for flat in flats)
        self.arguments = [
            _seed(tree, iter(made[lane][0][position]))
            for position, tree in enumerate(trees)
            for lane in range(lanes)
        ]

    def clear(self) -> None:
        for flats in self.flats:
            for flat in flats:
                flat[:] = 0.0


def _empty(trees: Sequence[Tree], shapes: Sequence[Any]) -> tuple[list[list[Array]], list[Array]]:
    """Zero arrays for each float of each argument, and flat views of them all in one row.

    An array is laid out like its argument, so that one offset means the same entry in both.
    """
    shape = iter(shapes)
    built: list[list[Array]] = []
    flats: list[Array] = []
    for tree in trees:
        arrays = []
        for leaf in leaves(tree):
            if leaf.floating:
                order: Any = "F" if leaf.layout == "F" else "C"
                array = np.zeros(next(shape), leaf.dtype, order)
                arrays.append(array)
                flats.append(array.reshape(-1, order=order))
        built.append(arrays)
    return built, flats


def _shaped(tree: Tree, arrays: Iterator[Array], argument: Any) -> Any:
    """The arrays in the structure of `tree`; a float for a float, None where nothing is carried."""
    if isinstance(tree, Branch):
        parts = [_shaped(c, arrays, v) for c, v in zip(tree.children, argument)]
        return tuple(parts) if tree.cls is tuple else tree.cls(*parts)
    if not tree.floating:
        return None
    array = next(arrays)
    if tree.is_array:
        return array
    return float(array) if type(argument) is float else array[()]


def _seed(tree: Tree, arrays: Iterator[Array]) -> Any:
    """Like `_shaped`, for compiled code: a scalar stays a 0-d array, whose entry can be set."""
    if isinstance(tree, Branch):
        parts = [_seed(child, arrays) for child in tree.children]
        return tuple(parts) if tree.cls is tuple else tree.cls(*parts)
    return next(arrays) if tree.floating else 0


def _passes(sizes: Sequence[int], lanes: int) -> Iterator[list[tuple[int, int]]]:
    """Every entry as (leaf, offset), `lanes` at a time, across the borders of the leaves."""
    chunk: list[tuple[int, int]] = []
    for leaf, size in enumerate(sizes):
        for offset in range(size):
            chunk.append((leaf, offset))
            if len(chunk) == lanes:
                yield chunk
                chunk = []
    if chunk:
        yield chunk


def _copy(value: Any) -> Any:
    if isinstance(value, tuple):
        parts = map(_copy, value)
        return tuple(parts) if type(value) is tuple else type(value)(*parts)
    return value.copy(order="K") if isinstance(value, np.ndarray) else value
